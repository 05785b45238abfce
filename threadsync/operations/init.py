"""``init``: a project that validates, to start from."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from threadsync.config import load_project
from threadsync.content.project import PROJECT_FILE
from threadsync.content.schemas import schema_text
from threadsync.content.times import TimeProblem, zone_named
from threadsync.errors import ProjectError, ProviderNotFound, ThreadsyncError, UsageError
from threadsync.execution.clock import Clock, SystemClock
from threadsync.model.diagnostic import Diagnostic
from threadsync.model.ids import MAIN, NetworkName, TargetName
from threadsync.operations.auth import impatient
from threadsync.operations.caches import CACHE_DIRECTORY
from threadsync.operations.new import draft_text, scalar, suggested_time, write_new
from threadsync.operations.plan import plan
from threadsync.operations.provenance import Surroundings
from threadsync.operations.reading import read_with
from threadsync.operations.slug import slug
from threadsync.operations.workspace import Workspace, open_project
from threadsync.planning.readiness import is_account
from threadsync.providers.base import Provider, ProviderContext
from threadsync.providers.loading import DEFAULT, PROVIDERS, load_provider

EXAMPLE = "first-post"
EXAMPLE_TEXT = "Hello! This is the first post of this project."
LOCAL_TIME = Path("/etc/localtime")
"""A link into the zone database, on Linux and macOS."""


class WishedAccount(Struct, frozen=True):
    """One account; empty means: not known."""

    target: str = f"{DEFAULT}/main"
    account: str = ""
    credential: str = ""
    """Where its secret is; empty means: where its network's usually is."""


class Wishes(WishedAccount, frozen=True):
    """What a new project is to be like, for one account and *more*; empty means: not known, or not wanted."""

    more: tuple[WishedAccount, ...] = ()
    zone: str = "UTC"
    media_url: str = ""
    """The public address where the posts folder's media will be."""
    base_url: str = ""


class LookedUp(Struct, frozen=True):
    """Whose account a credential opened, or why that could not be told."""

    wished: WishedAccount
    account: str = ""
    """The handle that it opened."""
    is_other: bool = False
    """Whether that is another account than the one that was wished for."""
    problem: str = ""


class Started(Struct, frozen=True):
    """A project that was made: its files, what is left to do, and the accounts, where they were looked up."""

    root: Path
    files: tuple[str, ...]
    findings: tuple[Diagnostic, ...]
    accounts: tuple[LookedUp, ...] = ()


def guessed_zone(environ: Mapping[str, str], local_time: Path = LOCAL_TIME) -> str:
    """Return the IANA name of this machine's zone, as far as it can be told; else ``UTC``."""
    linked = str(local_time.resolve()).partition("zoneinfo/")[2]
    for name in (environ.get("TZ", "").removeprefix(":"), linked):
        try:
            if name:
                zone_named(name)
                return name.removeprefix("Etc/") if name == "Etc/UTC" else name
        except TimeProblem:
            continue  # a zone without a name: a rule, or a file of its own
    return "UTC"


def init(
    folder: Path,
    wishes: Wishes,
    *,
    clock: Clock = SystemClock(),  # noqa: B008  (it has no state)
    new_id: Callable[[], str] | None = None,
    check: bool = False,
) -> Started:
    """Make a project in *folder*; nothing that is there is overwritten.

    With *check* the account is looked up with the credential, and written down; that changes nothing there.

    Raises:
        UsageError: there is a project already, or a wish cannot be granted.
        ProjectError: what was wished for makes no valid project, or the folder cannot be written.
    """
    if (folder / PROJECT_FILE).exists():
        raise UsageError(
            f"{folder / PROJECT_FILE} is there already.",
            remedy="Edit it (threadsync schema project explains its keys), or name another folder.",
        )
    identity = f"{slug(folder.resolve().name) or 'project'}-{(new_id or Surroundings().new_id)()[:4]}"
    text = project_text(identity, wishes)
    _refuse_inside_posts(folder)
    fault = fault_of(wishes)
    if fault is not None:
        raise UsageError(f"that makes no project: {fault[0]} Nothing was written.", remedy=fault[1])
    wanted = _files(wishes, clock.now())
    files = [name for name, content in wanted.items() if write_new(folder / name, content)]
    files += _ignored(folder, wishes)
    if not write_new(folder / PROJECT_FILE, text):
        raise UsageError(f"{folder / PROJECT_FILE} was made by somebody else just now.")
    files.append(PROJECT_FILE)
    found = tuple(_looked_up(folder, each) for each in _accounts(wishes)) if check else ()
    if any(each.account and not each.wished.account for each in found):
        first, *rest = [replace(each.wished, account=each.wished.account or each.account) for each in found]
        known = replace(wishes, account=first.account, more=tuple(rest))
        (folder / PROJECT_FILE).write_text(project_text(identity, known), encoding="utf-8")
    workspace = open_project(folder, exact=True, clock=clock)
    return Started(folder, tuple(sorted(files)), plan(workspace).findings, found)


def _accounts(wishes: Wishes) -> tuple[WishedAccount, ...]:
    return (WishedAccount(wishes.target, wishes.account, wishes.credential), *wishes.more)


def usual_place(target: str) -> str:
    """Return where the secret of *target* is, if nobody says otherwise: ``env:THREADS_TOKEN``."""
    provider = _provider_of(target)
    name = next((each.name for each in provider.about.roles if each.role == MAIN), "") if provider else ""
    variable = f"{target.partition('/')[0]} {name or 'token'}"
    return f"env:{re.sub(r'[^A-Z0-9]', '_', variable.upper())}"


def fetches_media(target: str) -> bool:
    """Whether the network of *target* fetches pictures itself, so that they need a public address."""
    provider = _provider_of(target)
    return provider is not None and provider.capabilities.fetches_media


def _provider_of(target: str) -> Provider | None:
    try:
        return load_provider(NetworkName(target.partition("/")[0]), ProviderContext(TargetName(target)))
    except ProviderNotFound:
        return None  # that is said of the wish as a whole


def fault_of(wishes: Wishes) -> tuple[str, str] | None:
    """Return what is wrong with *wishes* and what to do about it; None where they make a valid project."""
    for each in _accounts(wishes):
        if each.account.split() not in ([], [each.account]):
            return f'"{each.account}" is no handle.', "Write it as the network shows it, like your.handle."
    names = [each.target for each in _accounts(wishes)]
    if len(set(names)) < len(names):
        return (
            "two accounts have one name.",
            f"Give each a name of its own, like {DEFAULT}/main and {DEFAULT}/brand.",
        )
    with tempfile.TemporaryDirectory(prefix="threadsync-init-") as aside:
        (Path(aside) / PROJECT_FILE).write_text(project_text("project", wishes), encoding="utf-8")
        try:
            load_project(Path(aside), exact=True, providers=PROVIDERS)
        except ProjectError as error:
            first = error.findings[0] if error.findings else error
            return first.problem, first.remedy or ""
    return None


def _refuse_inside_posts(folder: Path) -> None:
    """Raise UsageError where another project would read what is written into *folder* as its posts."""
    root = folder.resolve()
    above = next((each for each in root.parents if (each / PROJECT_FILE).is_file()), None)
    if above is None:
        return
    try:
        posts = load_project(above, exact=True, providers=PROVIDERS).posts
    except ProjectError:
        return  # it reads no posts as it is; whoever mends it will see
    if root.is_relative_to(posts):
        raise UsageError(
            f"{folder} is in the posts folder of the project in {above}, which would read it as posts.",
            remedy="Name a folder outside of it.",
        )


def _files(wishes: Wishes, now: datetime) -> dict[str, str]:
    """Return what a project has beside its own file; what is there already stays."""
    suggested = suggested_time(now, wishes.zone)
    targets = [each.target for each in _accounts(wishes)]
    example = draft_text(EXAMPLE, EXAMPLE_TEXT, targets, suggested, yaml=False)
    return {
        f"posts/{EXAMPLE}.md": example,
        "schema/project.schema.json": schema_text("project"),
        "schema/post.schema.json": schema_text("post"),
    }


def _ignored(folder: Path, wishes: Wishes) -> list[str]:
    """Let git ignore what must not be committed, beside what it ignores already."""
    path = folder / ".gitignore"
    wanted = [f"{CACHE_DIRECTORY}/"]
    for each in _accounts(wishes):
        name = each.credential.removeprefix("file:")
        if name != each.credential and not Path(name).is_absolute():
            wanted.append(name)
    try:
        there = path.read_text(encoding="utf-8") if path.exists() else ""
        missing = [line for line in wanted if line not in there.splitlines()]
        if missing:
            gap = "\n" if there and not there.endswith("\n") else ""
            with path.open("a", encoding="utf-8", newline="\n") as file:  # what is there keeps its line ends
                file.write(gap + "".join(f"{line}\n" for line in missing))
    except (OSError, UnicodeDecodeError) as error:
        remedy = f"Add these lines to it: {' '.join(wanted)}"
        raise ProjectError(f"{path} cannot be written: {error}.", remedy=remedy) from error
    return [".gitignore"] if missing else []


def _looked_up(folder: Path, wished: WishedAccount) -> LookedUp:
    """Ask whose account the credential opens."""
    workspace: Workspace = replace(impatient(open_project(folder, exact=True)), command="init")
    target = TargetName(wished.target)
    try:
        (account,) = read_with(workspace, [(target, workspace.providers[target].identify())])
    except ThreadsyncError as error:
        return LookedUp(wished, problem=f"{error.problem.removesuffix('.')}.")
    is_other = bool(wished.account) and not is_account(wished.account, account.account_id, account.handle)
    return LookedUp(wished, account.handle, is_other)


def project_text(identity: str, wishes: Wishes) -> str:
    """Return the project file."""
    lines = [
        "# yaml-language-server: $schema=schema/project.schema.json",
        "# threadsync plan shows what apply would do. Every key is explained by: threadsync schema project",
        "version: 1",
        "",
        "# The project's own name. It tells our posts from everybody else's, so it never changes.",
        f"id: {scalar(identity)}",
        "",
        "# Where the posts are, and the file that remembers what was published. Commit both.",
        "posts: posts",
        "state: state/threadsync.json",
        "",
        "# What a time like `publish: 2026-12-03 08:30` means.",
        f"zone: {scalar(wishes.zone)}",
        "",
        "targets:",
        "  # NETWORK/NAME; a post names those that it goes to. One target is one account.",
    ]
    for each in _accounts(wishes):
        lines += _target_lines(each, wishes)
    if wishes.media_url:
        lines += [
            "",
            "# The network fetches pictures itself: this is where the posts folder is on the web.",
            "media_hosts:",
            "  site:",
            "    kind: url_prefix",
            f"    url: {scalar(wishes.media_url)}",
            "    root: posts",
        ]
    lines += [
        "",
        "# Nothing goes out at once by mistake: every post says when.",
        "defaults:",
        "  publish: required",
    ]
    return "\n".join([*lines, ""])


def _target_lines(wished: WishedAccount, wishes: Wishes) -> Iterator[str]:
    yield f"  {scalar(wished.target)}:"
    yield (
        f"    account: {scalar(wished.account)}"
        if wished.account
        else "    # account: your.handle     # write it down: then a token of another account is refused"
    )
    yield "    # Where its secret is, never the secret: env:NAME, file:PATH or keyring:NAME."
    yield f"    credential: {scalar(wished.credential or usual_place(wished.target))}"
    if wishes.base_url:
        yield "    # Only for a sandbox. Without it, this is the real network."
        yield f"    base_url: {scalar(wishes.base_url)}"
    if wishes.media_url and fetches_media(wished.target):
        yield "    media_host: site"
