"""The project file, ``threadsync.yaml``, to a checked ``Project``; every fault is told at once.

Secrets never stand in it: a credential is named by where it is (``env:``, ``file:``, ``keyring:``), and
what has another form is refused without being shown.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from threadsync.content import explain, yaml12
from threadsync.content.escape import is_name, printable, shown
from threadsync.content.foreign import foreign_networks, without
from threadsync.content.guards import (
    NO_SHELL,
    accounts_twice,
    misfits,
    notifiers_said,
    notifiers_wrong,
    safety_said,
    unreadable,
)
from threadsync.content.project import PROJECT_FILE, Project, StateBranch, StateBucket
from threadsync.content.reading import read
from threadsync.content.rules import RULES, finding
from threadsync.content.state_place import holds_secret, place_of
from threadsync.content.times import TimeProblem, moment, zone_named
from threadsync.errors import ProjectError
from threadsync.flows.bounds import SAFETY_BOUNDS, Bounds
from threadsync.model.diagnostic import Diagnostic, Location, by_place
from threadsync.model.ids import MAIN, Json, NetworkName, Role, TargetName, network_of
from threadsync.model.target import MEDIA_HOST_KINDS, MediaHost, Policies, Safety, Target
from threadsync.model.urls import is_loopback, origin_of

_COMMON = frozenset(
    {"provider", "account", "credential", "credentials", "base_url", "since", "media_host", "bounds"}
)
"""Keys of a target that every provider has; the others are its settings."""

_REMEDIES = {
    "file/empty": "Write version:, id: and targets: into it (threadsync schema project explains every key).",
    "file/not-a-file": f"Rename it, and put a file called {PROJECT_FILE} there.",
}
"""What to do where the remedy for a post would not fit the project file."""


def load_project(start: Path, *, exact: bool = False, providers: Collection[str] | None = None) -> Project:
    """Return the project at or above the folder *start*; with *exact*, the one in that folder only.

    *providers* are the names there are; None leaves them unchecked, for who only reads the file.

    Raises:
        ProjectError: there is none, or its file has faults; all of them are in ``findings``.
    """
    root = _root(start, exact=exact)
    # What is wrong with a file is told with its words; who sends a pull request may not read others.
    if not Path(os.path.realpath(root / PROJECT_FILE)).is_relative_to(root):
        problem = "this is a link that leaves the project."
        raise _refused(root, [finding("file/outside-project", Location(PROJECT_FILE), problem)])
    text = read(str(root / PROJECT_FILE), PROJECT_FILE)
    if isinstance(text, Diagnostic):
        raise _refused(root, [replace(text, remedy=_REMEDIES.get(text.rule, text.remedy))])
    document = yaml12.parse(text, PROJECT_FILE)
    if document.findings:
        raise _refused(root, [_without_source(each, text) for each in document.findings])
    faults = _misfits(document.value, document)
    if faults:
        raise _refused(root, faults)
    project, faults = _read(root, document, providers)
    if faults:
        raise _refused(root, faults)
    return project


def project_said(values: Mapping[str, Json], root: Path) -> Project | list[Diagnostic]:
    """Return the project that *values* say, as a project file at *root* would, or everything wrong with them.

    For a program that has no such file; the places of findings mean nothing then.
    """
    document = yaml12.Document(values)
    faults = _misfits(values, document)
    if faults:
        return faults
    project, faults = _read(root, document, None)
    return faults or project


def _misfits(value: Json, document: yaml12.Document) -> list[Diagnostic]:
    """Find what the schema refuses; defaults and targets may have blocks for networks that it knows not."""
    targets = _mapping(_mapping(value).get("targets"))
    foreign = foreign_networks(targets)
    if foreign:
        value = dict(_mapping(value))
        value["targets"] = {
            name: without(each, foreign & {network_of(TargetName(str(name)))})
            for name, each in targets.items()
        }
        if value.get("defaults"):
            defaults = without(value.pop("defaults"), foreign)
            value |= {"defaults": defaults} if defaults != {} else {}
    return explain.check(value, "project", document, PROJECT_FILE)


def _read(
    root: Path, document: yaml12.Document, providers: Collection[str] | None
) -> tuple[Project, list[Diagnostic]]:
    """Return the project of a *document* that its schema accepts, which means something without faults."""
    assert isinstance(document.value, Mapping), "the schema accepts mappings alone"
    reader = _Reader(root, document, document.value, providers)
    return reader.project(), reader.findings


def _root(start: Path, *, exact: bool) -> Path:
    folder = Path(os.path.realpath(start))
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise ProjectError(
            f"{printable(str(folder))} {what}.",
            remedy=f"Name the folder that holds {PROJECT_FILE} with --project DIR.",
        )
    for candidate in (folder,) if exact else (folder, *folder.parents):
        if os.path.lexists(candidate / PROJECT_FILE):
            return candidate
    where = f"{printable(str(folder))} has no {PROJECT_FILE}"
    raise ProjectError(
        f"{where}." if exact else f"{where}, nor has a folder above it.",
        remedy="Make a project there with threadsync init, or name the folder of one with --project DIR.",
    )


def _refused(root: Path, findings: Sequence[Diagnostic]) -> ProjectError:
    count = "a fault" if len(findings) == 1 else f"{len(findings)} faults"
    return ProjectError(
        f"the project file {printable(str(root / PROJECT_FILE))} has {count}.",
        sorted(findings, key=by_place),
        remedy="Correct what is listed; nothing was done.",
    )


def _without_source(diagnostic: Diagnostic, text: str) -> Diagnostic:
    """Take the source line out of a finding that stands where a secret may."""
    lines = text.split("\n")
    number = diagnostic.location.line - 1
    indent = len(lines[number]) + 1 if number < len(lines) else 0
    for line in reversed(lines[: number + 1]):
        width = len(line) - len(line.lstrip())
        if width < indent and line.strip():
            if "credential" in line or line.startswith("database"):
                rule = RULES[diagnostic.rule]
                return Diagnostic(diagnostic.location, rule.id, rule.meaning, rule.remedy)
            indent = width
    return diagnostic


class _Reader(Struct):
    """One project file whose keys and types are right; what is left is whether they make sense."""

    root: Path
    document: yaml12.Document
    values: Mapping[str, Json]
    providers: Collection[str] | None
    findings: list[Diagnostic] = field(default_factory=list)

    def project(self) -> Project:
        """Return the project; it means something only if there are no findings."""
        zone = _text(self.values.get("zone"))
        if zone is not None:
            try:
                zone_named(zone)
            except TimeProblem as error:
                self._find(error.rule, ("zone",), f'"{shown(zone)}" {error.problem}.', error.remedy)
                zone = None
        hosts = dict(self._media_hosts())
        targets = {target.name: target for target in self._targets(zone, hosts)}
        for name, problem in accounts_twice(targets):
            self._find("project/account-twice", ("targets", name, "account"), problem)
        defaults = dict(_mapping(self.values.get("defaults")))
        required = defaults.pop("publish", None) == "required"
        policies = {key: str(value) for key, value in _mapping(self.values.get("policies")).items()}
        notify = notifiers_said(self.values.get("notify"))
        for problem, remedy in notifiers_wrong(notify, targets):
            self._find("project/notify", ("notify",), problem, remedy)
        return Project(
            self.root,
            str(self.values["id"]),
            self._inside("posts", "posts"),
            self._state(),
            zone,
            targets,
            hosts,
            defaults,
            {key: self._at(("defaults", key), key=True) for key in defaults},
            Policies(**policies),
            self._safety(),
            required,
            Location(PROJECT_FILE),
            _text(self.values.get("database")),
            notify,
        )

    def _at(self, path: yaml12.Path, *, key: bool = False) -> Location:
        place = self.document.key_place(path) if key else self.document.place(path)
        return Location(PROJECT_FILE, *place)

    def _find(self, rule: str, path: yaml12.Path, problem: str, remedy: str | None = None) -> None:
        self.findings.append(finding(rule, self._at(path), problem, remedy))

    def _inside(self, key: str, default: str) -> Path:
        """Return a path of the project file, absolute; one that leaves the project is a fault."""
        named = _text(self.values.get(key)) or default
        return self._path_inside(named, (key,))

    def _state(self) -> Path | StateBranch | StateBucket:
        named = self.values.get("state")
        if not isinstance(named, Mapping):
            return self._inside("state", "state/threadsync.json")
        place, found = place_of(named)
        for rule, key, problem, remedy in found:
            self._find(rule, ("state", key) if key else ("state",), problem, remedy)
        if isinstance(place, StateBucket) and "endpoint" in place.settings:
            self._check_address(place.settings["endpoint"], ("state", "endpoint"), "the endpoint of")
        return place

    def _check_remote(self, remote: str, *path: str) -> None:
        """Find an address of a repository that holds a secret."""
        if holds_secret(remote):
            problem = f"the remote of {path[-1]}: holds a password or a token."
            remedy = "Take it out, and let git keep it (a credential helper, a deploy key)."
            self._find("schema/secret", (*path, "remote"), problem, remedy)

    def _path_inside(self, named: str, path: yaml12.Path) -> Path:
        whole = self.root / named
        real = os.path.realpath(whole)
        if Path(named).is_absolute() or not is_name(named) or not Path(real).is_relative_to(self.root):
            self._find("project/outside", path, f"{shown(named)} does not lie in the project.")
        return whole

    def _media_hosts(self) -> Iterator[tuple[str, MediaHost]]:
        for name, value in _mapping(self.values.get("media_hosts")).items():
            keys, path = _mapping(value), ("media_hosts", name)
            kind, at = str(keys["kind"]), self._at(path, key=True)
            texts = {key: inner for key, inner in keys.items() if key != "kind" and isinstance(inner, str)}
            credentials = {Role(role): str(form) for role, form in _mapping(keys.get("credentials")).items()}
            whole = MediaHost(name, kind, location=at, settings=texts, credentials=credentials)
            self._check_media_host(whole)
            url, root = texts.pop("url", ""), texts.pop("root", "")
            if root:
                self._path_inside(root, (*path, "root"))
            yield name, MediaHost(name, kind, url, root, at, texts, credentials)

    def _check_media_host(self, host: MediaHost) -> None:
        """Find what an entry of media_hosts lacks, has too much, or cannot mean."""
        kind, path = MEDIA_HOST_KINDS[host.kind], ("media_hosts", host.name)
        has = set(host.settings)
        if host.kind == "s3" and "endpoint" in has:
            # Where a store that is not Amazon's own shows its files to everybody, only its owner knows.
            kind = replace(kind, required=(*kind.required, "url"))
        said = f"the media host {shown(host.name)} of kind {host.kind}"
        for problem in misfits(said, kind, has, set(host.credentials)):
            self._find(
                "project/media-host", path, problem, "See docs/media-hosts.md for what its kind needs."
            )
        if "endpoint" in has:
            self._check_address(host.settings["endpoint"], (*path, "endpoint"), "the endpoint of")
        if "command" in has:
            self._check_command(host.settings["command"], shown(host.name), *path, "command")

    def _check_command(self, command: str, owner: str, *path: str) -> None:
        """Find a command that no shell would understand either."""
        if why := unreadable(command):
            self._find("project/media-host", path, f"the command of {owner} {why}.", NO_SHELL)

    def _targets(self, zone: str | None, hosts: Mapping[str, MediaHost]) -> Iterator[Target]:
        for each, value in _mapping(self.values.get("targets")).items():
            name, keys, path = TargetName(each), _mapping(value), ("targets", each)
            base_url = self._address(keys, path)
            media_host = _text(keys.get("media_host"))
            if media_host is not None and media_host not in hosts:
                self._find(
                    "project/media-host",
                    (*path, "media_host"),
                    f"there is no media host {shown(media_host)}.",
                    explain.suggestion(media_host, hosts) or None,
                )
            self._check_reach(base_url, hosts.get(media_host or ""), (*path, "media_host"))
            yield Target(
                name,
                self._provider(name, keys, path),
                _text(keys.get("account")),
                self._credentials(keys, path),
                base_url,
                self._since(keys, zone, path),
                media_host,
                self._bounds(keys, base_url, path),
                _settings(name, keys),
                self._at(path, key=True),
            )

    def _check_reach(self, base_url: str | None, host: MediaHost | None, path: yaml12.Path) -> None:
        """Find a real network that is to fetch media from this machine."""
        if host is None or host.kind != "loopback" or (base_url is not None and is_loopback(base_url)):
            return
        problem = f"{shown(host.name)} serves media to this machine alone, and {path[1]} is not on it."
        remedy = "Name a media host that everybody can fetch from; see docs/media-hosts.md."
        self._find("project/media-host", path, problem, remedy)

    def _provider(self, name: TargetName, keys: Mapping[str, Json], path: yaml12.Path) -> NetworkName:
        """Return the provider that a target names, or else the one it is called after."""
        named = _text(keys.get("provider"))
        provider = named or network_of(name)
        if self.providers is not None and provider not in self.providers:
            at = self._at((*path, "provider")) if named else self._at(path, key=True)
            known = f"This threadsync has: {', '.join(sorted(self.providers))}."
            remedy = " ".join(filter(None, (explain.suggestion(provider, self.providers), known)))
            problem = f"there is no provider {shown(provider)}."
            self.findings.append(Diagnostic(at, "project/unknown-provider", problem, remedy))
        return NetworkName(provider)

    def _address(self, keys: Mapping[str, Json], path: yaml12.Path) -> str | None:
        for key in ("base_url", "video_url"):
            url = _text(keys.get(key))
            if url is not None:
                self._check_address(url, (*path, key), f"the {key} of")
        return _text(keys.get("base_url"))

    def _check_address(self, url: str, path: yaml12.Path, what: str) -> None:
        """Find an address that credentials would travel to unencrypted, or that is none."""
        try:
            if origin_of(url)[0] != "https" and not is_loopback(url):
                self._find("project/plain-http", path, f"{what} {path[-2]} is not https.")
        except ValueError as error:
            problem = f"{what} {path[-2]} is no address: {shown(str(error))}."
            self._find("schema/form", path, problem, "Write one like http://127.0.0.1:8471")

    def _credentials(self, keys: Mapping[str, Json], path: yaml12.Path) -> dict[Role, str]:
        found = {Role(role): str(where) for role, where in _mapping(keys.get("credentials")).items()}
        single = _text(keys.get("credential"))
        if single is None:
            return found
        if MAIN in found:
            problem = f"{path[-1]} names its main credential twice: credential: and credentials: {{main: …}}."
            self._find("project/credential-twice", (*path, "credential"), problem)
        return {MAIN: single, **found}

    def _since(self, keys: Mapping[str, Json], zone: str | None, path: yaml12.Path) -> datetime | None:
        since = _text(keys.get("since"))
        if since is None:
            return None
        try:
            return moment(since, zone)
        except TimeProblem as error:
            self._find(error.rule, (*path, "since"), f'"{shown(since)}" {error.problem}.', error.remedy)
            return None

    def _bounds(self, keys: Mapping[str, Json], base_url: str | None, path: yaml12.Path) -> dict[str, float]:
        found = {
            key: value
            for key, value in _mapping(keys.get("bounds")).items()
            if isinstance(value, int | float)
        }
        if base_url is None or not is_loopback(base_url):
            for name in SAFETY_BOUNDS:
                default = getattr(Bounds(), name)
                if found.get(name, default) < default:
                    problem = f"{name} is {found[name]:g}, below its default of {default:g}."
                    self._find("project/safety-bound", (*path, "bounds", name), problem)
        return found

    def _safety(self) -> Safety:
        said = _mapping(self.values.get("safety"))
        try:
            safety = safety_said(said)
        except TimeProblem as error:
            problem = f'"{shown(str(said["outage_after"]))}" {error.problem}.'
            self._find(error.rule, ("safety", "outage_after"), problem, error.remedy)
            return Safety()
        self._check_remote(safety.apply_from.remote if safety.apply_from else "", "safety", "apply_from")
        return safety


def _settings(name: TargetName, keys: Mapping[str, Json]) -> dict[str, Json]:
    """Return what the provider of a target needs besides: keys of the schema, or a block of its network's."""
    network = network_of(name)
    known = {key: inner for key, inner in keys.items() if key not in _COMMON and key != network}
    return {**known, **_mapping(keys.get(network))}


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}
