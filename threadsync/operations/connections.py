"""What a run is connected to: the real networks, unless somebody brings others (a simulated world)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from threadsync.content.project import PROJECT_FILE, Project, StateBucket
from threadsync.errors import ProjectError, UsageError
from threadsync.execution.clock import Clock
from threadsync.execution.credentials import SERVICE, resolve, scrubbed
from threadsync.execution.logged import Errand, LoggedPerformer
from threadsync.execution.seams import Performer
from threadsync.flows.bounds import Bounds
from threadsync.flows.effects import Hosted, NoResponse, Request, Response
from threadsync.model.capabilities import PictureLimits
from threadsync.model.facts import MediaProblem, Quota
from threadsync.model.ids import MAIN, MediaDigest, Role, TargetName
from threadsync.model.post import Card
from threadsync.model.secret import SecretText
from threadsync.model.target import MediaHost, Target
from threadsync.model.urls import is_loopback
from threadsync.operations.caches import CACHE_DIRECTORY, SESSIONS_DIRECTORY, ignored, log_path
from threadsync.providers.accounts import Session, Sessions
from threadsync.providers.base import Provider

if TYPE_CHECKING:
    from threadsync.execution.database import Database
    from threadsync.execution.sessions import SessionKeeper
    from threadsync.execution.spending import SpendingLedger
    from threadsync.execution.transport import Transport
    from threadsync.execution.wire import Endpoint


class Connections(Struct, frozen=True):
    """Who performs requests, and where media are to be had."""

    performer: Performer
    url_of: Callable[[TargetName, MediaDigest], Hosted]
    check: Callable[[TargetName, MediaDigest], MediaProblem | None]
    """Returns why a target's network would not get a file as it is on disk; None where it would."""
    try_host: Callable[[str], MediaProblem | str | None] = lambda _: None
    """Tries a media host out: returns what is wrong, or what it does; None where nothing is sent there."""
    spent: Callable[[TargetName], Mapping[str, Quota]] = lambda _: {}
    """What the ledger knows of a target's allowances, once its account is open."""
    card: Callable[[TargetName, str, PictureLimits], Card] = lambda _target, url, _limits: Card(url, url)
    """Reads the link card of an address, with a picture within limits."""


Files: TypeAlias = Mapping[MediaDigest, Path]
Connect: TypeAlias = Callable[
    [Project, Mapping[TargetName, Provider], Files, Clock, Errand], AbstractContextManager[Connections]
]


@contextmanager
def connect(
    project: Project,
    providers: Mapping[TargetName, Provider],
    files: Files,
    clock: Clock,
    errand: Errand,
) -> Iterator[Connections]:
    """Connect to the networks that the project names; every request is written into the API log."""
    from threadsync.execution.apilog import ApiLog
    from threadsync.execution.cards import Cards
    from threadsync.execution.hosting import Means, MediaHosts
    from threadsync.execution.performer import PooledPerformer
    from threadsync.execution.spending import SpendingLedger
    from threadsync.execution.transport import Transport

    secrets = Secrets(project.root)
    with ExitStack() as stack:
        transport = stack.enter_context(Transport(clock))
        means = Means(
            transport.fetch, transport.exchange, secrets.of_host, secrets.scrub, clock, errand.allow_commands
        )
        hosts = stack.enter_context(
            MediaHosts(
                targets=project.targets,
                hosts=project.media_hosts,
                files=files,
                project_root=project.root,
                means=means,
            )
        )
        database = stack.enter_context(closing(log_database(project, secrets)))
        lines = _Lines(
            providers,
            _endpoints(project, providers, files, secrets),
            _keepers(project, providers, clock, secrets),
            transport,
            SpendingLedger(database, clock, errand.tell),
        )
        performer = stack.enter_context(PooledPerformer(lines.perform))
        ignored(project.root / CACHE_DIRECTORY)
        logged = LoggedPerformer(
            performer,
            ApiLog(database, clock, errand.tell),
            errand,
            clock,
            scrub=secrets.scrub,
            classify=lambda target, response: providers[target].classify(response),
        )
        stack.callback(logged.close)
        cards = Cards(transport.fetch, project.root)

        def card(target: TargetName, url: str, limits: PictureLimits) -> Card:
            return cards.read(url, limits, at_home=is_loopback(lines.endpoints[target].base_url))

        yield Connections(logged, hosts.url_of, hosts.check, hosts.try_out, lines.spent, card)


class _Lines(Struct, frozen=True):
    """How each target is asked: where, with which session, and what of it is counted as spent."""

    providers: Mapping[TargetName, Provider]
    endpoints: Mapping[TargetName, Endpoint]
    keepers: Mapping[TargetName, SessionKeeper]
    """Of the targets whose accounts are opened for a while."""
    transport: Transport
    ledger: SpendingLedger

    def perform(self, target: TargetName, request: Request) -> Response | NoResponse:
        """Send *request*, with a session where the network has them, and count what it spends."""
        from threadsync.execution.sessions import opened

        spending = self.providers[target].spending

        def send(request: Request, session: Session | None) -> Response | NoResponse:
            endpoint = opened(self.endpoints[target], session)
            if spending is None or session is None:
                return self.transport.perform(endpoint, request)
            with self.ledger.counted(spending, session.account_id, request) as told:
                answer = self.transport.perform(endpoint, request)
                told(answer)
                return answer

        keeper = self.keepers.get(target)
        return send(request, None) if keeper is None else keeper.perform(request, send)

    def spent(self, target: TargetName) -> Mapping[str, Quota]:
        """Return what the ledger knows of the allowances of *target*; nothing before its account is open."""
        spending, keeper = self.providers[target].spending, self.keepers.get(target)
        account = "" if keeper is None else keeper.account_id
        return {} if spending is None or not account else self.ledger.quotas(spending, account)


def _endpoints(
    project: Project, providers: Mapping[TargetName, Provider], files: Files, secrets: Secrets
) -> Mapping[TargetName, Endpoint]:
    from threadsync.execution.wire import Endpoint

    return {
        name: Endpoint(
            target.base_url or providers[name].default_base_url,
            partial(secrets.credential, target),
            files.__getitem__,
            Bounds().overridden(target.bounds).request_seconds,
            providers[name].hosts,
        )
        for name, target in project.targets.items()
    }


def _keepers(
    project: Project, providers: Mapping[TargetName, Provider], clock: Clock, secrets: Secrets
) -> Mapping[TargetName, SessionKeeper]:
    return {
        name: _keeper(project, target, opening, clock, secrets)
        for name, target in project.targets.items()
        if (opening := providers[name].sessions) is not None
    }


def log_database(project: Project, secrets: Secrets) -> Database:
    """Return where the API log and the ledger of *project* are; the caller closes it.

    Raises:
        ProjectError: the project names one whose address is not there, or cannot be used.
    """
    from threadsync.execution.database import Database

    if project.database is None:
        return Database(log_path(project.root))
    try:
        return Database(secrets.of_database(project.database).reveal())
    except UsageError as error:
        raise ProjectError(
            f"database: {project.database} in {PROJECT_FILE}: {error.problem}", remedy=error.remedy
        ) from error


def _keeper(
    project: Project, target: Target, opening: Sessions, clock: Clock, secrets: Secrets
) -> SessionKeeper:
    from threadsync.execution.drivers import run
    from threadsync.execution.session_files import SessionFile
    from threadsync.execution.sessions import Kept, SessionKeeper

    folder = project.root / SESSIONS_DIRECTORY
    store = SessionFile(folder, target.name, clock, partial(secrets.credential, target, MAIN))
    kept = Kept(opening, store, clock, secrets.remember)
    return SessionKeeper(kept, lambda flow, perform: run(flow, perform, clock))


class Secrets:
    """The credentials of a project at *root*, read when they are needed; it remembers them to hide them."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._seen: list[SecretText] = []
        self._of_keyring: dict[str, SecretText] = {}

    def credential(self, target: Target, role: Role) -> SecretText:
        """Read the credential of *role*; called by the workers, several at once.

        Raises:
            ProjectError: it is not declared, or not there.
        """
        form = target.credentials.get(role)
        if form is None:
            raise ProjectError(
                f"{target.name} has no credential for the role {role}.",
                remedy=f"Write credential: env:NAME (or file:PATH) under {target.name} in threadsync.yaml.",
            )
        return self._read(form, target.name, role)

    def of_host(self, host: MediaHost, role: Role) -> SecretText:
        """Read the credential of *role* of a media host.

        Raises:
            ProjectError: it is not there.
        """
        return self._of_no_target(host.credentials[role], TargetName(f"media_hosts.{host.name}"), role)

    def of_state(self, bucket: StateBucket, role: Role) -> SecretText:
        """Read the credential of *role* of the bucket that the state lives in.

        Raises:
            ProjectError: it is not there.
        """
        return self._of_no_target(bucket.credentials[role], TargetName("state"), role)

    def of_database(self, form: str) -> SecretText:
        """Read the address of the project's database, which holds its password.

        Raises:
            ProjectError: it is not there.
        """
        return self._of_no_target(form, TargetName("database"), Role("address"))

    def _of_no_target(self, form: str, owner: TargetName, role: Role) -> SecretText:
        try:
            return self._read(form, owner, role)
        except ProjectError as error:
            where, _, name = form.partition(":")
            # Only a target's credential is put there by ``auth login``.
            remedy = f"Put it there: keyring set {SERVICE} {name}." if where == "keyring" else error.remedy
            raise ProjectError(error.problem, remedy=remedy) from error

    def _read(self, form: str, owner: TargetName, role: Role) -> SecretText:
        if form in self._of_keyring:
            return self._of_keyring[form]
        secret = resolve(form, target=owner, role=role, project_root=self._root, environ=os.environ)
        self.remember(secret)
        if form.startswith("keyring:"):
            self._of_keyring[form] = secret  # it may ask the person, or take longer than the request
        return secret

    def remember(self, secret: SecretText) -> None:
        """Take notice of a secret that is to be hidden, wherever it came from."""
        if secret not in self._seen:
            self._seen.append(secret)

    def scrub(self, text: str) -> str:
        """Return *text* without any secret that was read."""
        return scrubbed(text, self._seen)
