"""``auth login`` and ``logout``: a first credential, from a browser or from a person, and its removal."""

from __future__ import annotations

import os
import secrets as chance
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, TypeVar

from msgspec import Struct, field

from threadsync.errors import ProjectError, ProviderError, Unanswered, UsageError
from threadsync.execution.apilog import ApiLog, Renewal
from threadsync.execution.credentials import named, of_role, remove, resolve, scrubbed, store
from threadsync.execution.drivers import run
from threadsync.execution.logged import Errand, Scribe
from threadsync.execution.session_files import forget
from threadsync.execution.transport import Transport
from threadsync.execution.wire import Endpoint
from threadsync.flows.core import attempt
from threadsync.flows.effects import Flow, NoResponse, Request, Response
from threadsync.model.facts import Account
from threadsync.model.ids import MAIN, MediaDigest, Role
from threadsync.model.secret import SecretText
from threadsync.model.target import Target
from threadsync.operations.auth import impatient
from threadsync.operations.caches import CACHE_DIRECTORY, SESSIONS_DIRECTORY, ignored
from threadsync.operations.connections import Secrets, log_database
from threadsync.operations.credentials import Stored, note, place_of, target_of
from threadsync.operations.rights import needed_scopes, scopes_in_order
from threadsync.operations.shell import new_run
from threadsync.operations.workspace import Workspace, context_of
from threadsync.planning.readiness import is_account
from threadsync.providers.authorizing import CODE, Authorization, Authorizing
from threadsync.providers.base import CredentialRole, Examined, Provider

STATE_BYTES: Final = 32
"""How much chance is in what proves that an answer belongs to our question."""

T = TypeVar("T")


# A credential that a person has already.


def role_of(workspace: Workspace, target: str, role: Role) -> CredentialRole:
    """Return what the network of *target* says of its credential of *role*.

    Raises:
        UsageError: there is no such target.
    """
    known = workspace.providers[target_of(workspace, target).name].about.roles
    return next((each for each in known if each.role == role), CredentialRole(role, ""))


def auth_store(workspace: Workspace, target: str, role: Role, value: str) -> Stored:
    """Store *value* where the project says that the credential is.

    Where the network opens sessions with it, that is tried first, and whose account it opens is said.

    Raises:
        UsageError: it is empty, has several lines, or the target declares no place for it.
        ProjectError: the place refuses it, or is the environment.
        ProviderError: it opens no account; nothing was stored.
    """
    found, form = place_of(workspace, target, role)
    secret = value.strip()
    if not secret or not secret.isprintable():
        name = role_of(workspace, target, role).name
        raise UsageError(
            f"that is no {name}: it is empty, or has a line break or another control character in it.",
            remedy=f"Give the {name} alone, on one line. Nothing was stored.",
        )
    is_tried = role == MAIN and not form.startswith("env:")  # nothing can be stored there, as is said below
    lines = _opens(workspace, found, SecretText(secret)) if is_tried else []
    root = workspace.project.root
    store(form, SecretText(secret), target=found.name, role=role, project_root=root)
    note(workspace, found.name, role, None)
    lines.append(f"Stored in {form}: {named(found.name, role)}.")
    if len(lines) == 1:
        lines.append(f"See whose account it opens: threadsync auth status {found.name}")
    return Stored(tuple(lines))


def _opens(workspace: Workspace, target: Target, secret: SecretText) -> list[str]:
    """Say whose account a credential opens that sessions are asked for with; nothing where there are none."""
    provider = impatient(workspace).providers[target.name]
    if provider.sessions is None:
        return []
    try:
        session = _run(workspace, target, provider.sessions.open(), {MAIN: secret})
        account, examined = _run(
            workspace, target, _looked_at(provider), {MAIN: secret, **session.secrets}, session.base_url
        )
    except (ProviderError, UsageError) as error:
        raise ProviderError(
            f"{error.problem.removesuffix('.')}; nothing was stored", where=error.where, remedy=error.remedy
        ) from error
    lines = [f"It opens @{account.handle} (id {account.account_id})."] if account is not None else []
    return [*lines, f"Warning: {examined.danger}. {examined.remedy}"] if examined.danger else lines


def auth_logout(workspace: Workspace, target: str, role: Role) -> Stored:
    """Take the credential away from where the project says it is; the network is not told.

    Raises:
        UsageError: the target declares no place for it.
        ProjectError: the place refuses, or is the environment.
    """
    found, form = place_of(workspace, target, role)
    was_there = remove(form, target=found.name, role=role, project_root=workspace.project.root)
    note(workspace, found.name, role, None)
    if role == MAIN:
        forget(workspace.project.root / SESSIONS_DIRECTORY, found.name)
    if not was_there:
        return Stored((f"Nothing was stored in {form}.",))
    known = role_of(workspace, target, role)
    until = " until it expires" if known.renewable else ""
    return Stored(
        (
            f"Removed from {form}: {named(found.name, role)}.",
            f"It goes on working{until}. To end it now: {known.ending or 'take it back on the network.'}",
        )
    )


# One that a person lets an app have, in a browser.


class Login(Struct, frozen=True):
    """An authorization that has begun; *authorization* says where the person goes, and where to."""

    target: Target
    form: str
    """Where the credential will be stored; empty where it is only told to who asked."""
    authorization: Authorization
    scopes: tuple[str, ...]
    """The rights that are asked for."""
    stuck: str
    """What to look at where the browser shows an error."""
    app: Mapping[Role, SecretText] = field(default_factory=dict)
    """The secrets of the app."""


def authorizing_of(workspace: Workspace, target: str) -> Authorizing | None:
    """Return how the network of *target* gives a credential in a browser; None where one is pasted.

    Raises:
        UsageError: there is no such target.
    """
    return workspace.providers[target_of(workspace, target).name].authorizing


def begin_login(
    workspace: Workspace,
    target: str,
    *,
    scopes: Sequence[str] = (),
    stores: bool,
    environ: Mapping[str, str] = os.environ,
) -> Login:
    """Begin an authorization for what this project needs, and *scopes* besides; nothing is sent yet.

    What the app is known by comes from the target's settings and credentials, or else from *environ*. Unless
    it *stores* the credential, the target need not say where that is.

    Raises:
        UsageError: the network knows no such way, something of the app is missing, or the place is none
            that a credential can be stored in.
        ProjectError: a secret of the app is declared, and not there.
    """
    found = target_of(workspace, target)
    provider = workspace.providers[found.name]
    authorizing = provider.authorizing
    if authorizing is None:
        raise UsageError(
            f"{found.provider} gives no credential in a browser.",
            remedy=f"Make one there, and store it: threadsync auth login {found.name} --token",
        )
    form = place_of(workspace, target, MAIN)[1] if stores else ""
    if form.startswith("env:"):
        raise UsageError(
            f"{named(found.name, MAIN)} is {form}, where threadsync cannot store it.",
            remedy="With --print it is printed once instead, for the secret of a CI; or name a file: or "
            "keyring: "
            f"under {found.name} in threadsync.yaml.",
        )
    app = _settings(found, authorizing, environ)
    secrets = _secrets(workspace, found, provider, environ)
    needed = [scope.name for scope in needed_scopes(workspace)[found.name]]
    wanted = scopes_in_order(provider, [*needed, *scopes])
    authorization = authorizing.begin(app, wanted, chance.token_urlsafe(STATE_BYTES))
    return Login(found, form, authorization, wanted, authorizing.stuck, secrets)


def _settings(target: Target, authorizing: Authorizing, environ: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in authorizing.settings:
        value = str(target.settings.get(each.key) or environ.get(each.variable, "")).strip()
        if not value:
            raise UsageError(
                f"{each.meaning} is not known: {target.name} has no {each.key}, and the environment no "
                f"{each.variable}.",
                remedy=f"Write {each.key}: under {target.name} in threadsync.yaml (it is no secret), or set "
                f"{each.variable}. If you have a token already: threadsync auth login {target.name} --token",
            )
        found[each.key] = value
    return found


def _secrets(
    workspace: Workspace, target: Target, provider: Provider, environ: Mapping[str, str]
) -> dict[Role, SecretText]:
    """Return the secrets of the app: those that the project declares, or else those of the environment."""
    found: dict[Role, SecretText] = {}
    for each in provider.about.roles:
        if not each.of_app:
            continue
        form = target.credentials.get(each.role)
        if form is None and not environ.get(each.variable):
            raise UsageError(
                f"{each.meaning.partition(';')[0]} is not known: {target.name} declares no credential for "
                "the "
                f"role {each.role}, and the environment has no {each.variable}.",
                remedy=f"Set {each.variable}, or write credentials: {{{each.role}: keyring:NAME}} (or env:, "
                f"file:) under {target.name} in threadsync.yaml, and store it: threadsync auth login "
                f"{target.name}{of_role(each.role)}",
            )
        found[each.role] = resolve(
            form or f"env:{each.variable}",
            target=target.name,
            role=each.role,
            project_root=workspace.project.root,
            environ=environ,
        )
    return found


def finish_login(workspace: Workspace, login: Login, answer: str) -> Stored:
    """Get a credential for *answer*, look whose it is, and store it, unless it is only to be told.

    *answer* is the address that the browser was sent to, or what it shows instead. The code in it is sent
    once: where the answer to that is lost, the login is over.

    Raises:
        AuthorizationDenied, AuthorizationMismatch, UsageError: see ``Authorization.code``.
        ApiError, ProviderError: there is no credential; the message says what to do.
        ProjectError: it opens another account than the project declares, or its place refuses it.
    """
    code = login.authorization.code(answer)
    target, roles = login.target, dict(login.app)
    try:
        first = _run(workspace, target, login.authorization.exchange(), {**roles, CODE: code})
        renewed = _run(workspace, target, login.authorization.lengthen(), {**roles, MAIN: first.secret})
    except Unanswered as error:
        raise ProviderError(
            f"{error.problem}; nothing was stored",
            where=error.where,
            remedy="The code of this login may be used up, and is not sent again. "
            f"Log in again: threadsync auth login {target.name}",
        ) from error
    provider = impatient(workspace).providers[target.name]
    account, examined = _run(workspace, target, _looked_at(provider), {MAIN: renewed.secret})
    lines = [*_whose(workspace, login, account), *_granted(login, examined)]
    until = f" It lives until {renewed.expires_at:%Y-%m-%d}." if renewed.expires_at is not None else ""
    if login.form:
        root = workspace.project.root
        store(login.form, renewed.secret, target=target.name, role=MAIN, project_root=root)
        note(workspace, target.name, MAIN, Renewal(workspace.clock.now(), renewed.expires_at))
        lines.append(f"Stored in {login.form}: {named(target.name, MAIN)}.{until}")
    else:
        lines.append(f"This token of {target.name} is stored nowhere, and is not shown again.{until}")
    return Stored(tuple(lines), renewed.secret)


def _looked_at(provider: Provider) -> Flow[tuple[Account | None, Examined]]:
    account = yield from attempt(provider.identify())
    return account if isinstance(account, Account) else None, (yield from provider.examine(MAIN))


def _whose(workspace: Workspace, login: Login, account: Account | None) -> list[str]:
    """Say whose account the new credential opens; another than the declared one's is not stored."""
    name = login.target.name
    if account is None:
        return [f"Whose account it opens could not be read: threadsync auth status {name}"]
    declared = login.target.account
    if declared and not is_account(declared, account.account_id, account.handle):
        raise ProjectError(
            f"the browser is logged in as @{account.handle}, and {name} is {declared}; nothing was stored",
            remedy=f"Log out of @{account.handle} in the browser, log in there as {declared}, and run this "
            "again; "
            "or correct account: in threadsync.yaml.",
        )
    undeclared = "" if declared else f" Write account: {account.handle} under {name} in threadsync.yaml."
    return [f"Logged in as @{account.handle} (id {account.account_id}).{undeclared}"]


def _granted(login: Login, examined: Examined) -> list[str]:
    if examined.scopes is None:
        return []
    missing = [scope for scope in login.scopes if scope not in examined.scopes]
    if not missing:
        return []
    return [f"Not granted, although asked for: {', '.join(missing)}. Log in again, and allow them."]


def _run(
    workspace: Workspace,
    target: Target,
    flow: Flow[T],
    secrets: Mapping[Role, SecretText],
    base_url: str = "",
) -> T:
    """Run *flow* with *secrets* that stand in no project yet; what it sends is in the API log.

    With *base_url* the account lives there, and not where the target says.
    """

    def unknown(media: MediaDigest) -> Path:
        raise AssertionError(f"an authorization sends no file ({media})")

    provider = workspace.providers[target.name]
    home = base_url or target.base_url or provider.default_base_url
    bounds = context_of(target, workspace.project.id).bounds
    endpoint = Endpoint(home, secrets.__getitem__, unknown, bounds.request_seconds, provider.hosts)
    ignored(workspace.project.root / CACHE_DIRECTORY)
    project = workspace.project
    database = log_database(project, Secrets(project.root))
    log = ApiLog(database, workspace.clock, workspace.tell)
    scribe = Scribe(
        Errand(workspace.command, new_run(workspace)),
        workspace.clock,
        scrub=lambda text: scrubbed(text, secrets.values()),
        classify=lambda _, response: provider.classify(response),
    )
    with closing(database), closing(log), Transport(workspace.clock) as transport:

        def perform(request: Request) -> Response | NoResponse:
            underway = scribe.began(target.name, request)
            outcome = transport.perform(endpoint, request)
            log.add(scribe.ended(underway, outcome))
            return outcome

        return run(flow, perform, workspace.clock)
