"""``doctor``: goes through a set-up check by check, and says what to do about what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import assert_never

from threadsync.content.project import StateBucket
from threadsync.errors import DatabaseError, ProjectError, StateError, ThreadsyncError
from threadsync.execution import commands
from threadsync.execution.apilog import LOG
from threadsync.execution.hosting_command import missing_program
from threadsync.execution.seams import NoJournal, Unwatched
from threadsync.execution.spending import LEDGER
from threadsync.model.facts import MediaProblem
from threadsync.model.ids import MAIN, MediaDigest, TargetName
from threadsync.model.state import State
from threadsync.model.target import CommandTold, TargetTold
from threadsync.operations import checkup
from threadsync.operations.auth import SOON, CredentialStanding, auth_status
from threadsync.operations.checkup import Check, Verdict, ok, problem, warning
from threadsync.operations.checkup_disk import check_disk
from threadsync.operations.connections import Secrets, log_database
from threadsync.operations.plan import SKEW_SECONDS_MAX
from threadsync.operations.shell import media_files, opened
from threadsync.operations.status import status
from threadsync.operations.workspace import Declared, Workspace, bucket_of
from threadsync.providers.base import Scope
from threadsync.statefile.remote import Deadline

MEDIA_MAX = 20
"""How many media files are fetched back at most."""


def doctor(
    open_workspace: Callable[[], Workspace], *, encoding: str, offline: bool = False
) -> tuple[Check, ...]:
    """Go through all checks of the project that *open_workspace* opens; *encoding* is the terminal's.

    With *offline* nothing is asked of a network. It changes nothing, except for a file in the folder of
    the state and one in each bucket of media that are gone at once, one in the bucket of the state that
    stays (``CONDITIONS``), and the API log.
    """
    return tuple(_checks(open_workspace, encoding=encoding, offline=offline))


def _checks(open_workspace: Callable[[], Workspace], *, encoding: str, offline: bool) -> Iterator[Check]:
    yield checkup.check_python()
    yield checkup.check_terminal(encoding)
    try:
        workspace = open_workspace()
    except ProjectError as error:
        yield checkup.unreadable_project(error)
        return
    yield ok("project", f"{workspace.project.root} ({workspace.project.id})")
    yield from checkup.check_extras(workspace)
    yield from checkup.check_schemas(workspace)
    yield checkup.check_zone(workspace)
    yield from checkup.check_sandboxes(workspace)
    yield from checkup.check_git(workspace)
    yield from check_disk(workspace)
    yield from checkup.check_private(workspace)
    yield from checkup.check_media_roots(workspace)
    if offline and not isinstance(workspace.project.state, Path):
        yield Check("state", Verdict.SKIPPED, f"{workspace.project.state_name} is not on this machine")
        prior, is_known = None, False
    else:
        try:
            snapshot = workspace.store.read()
            yield from checkup.check_state(workspace, snapshot)
            yield from check_bucket(workspace)
            prior, is_known = snapshot.state, True
        except (StateError, ProjectError) as error:
            yield checkup.unreadable_state(error)
            prior, is_known = None, False
    declared = workspace.declared(prior, workspace.clock.now())
    yield checkup.check_files(declared)
    if is_known:
        yield from checkup.check_overdue(workspace, status(workspace).rows)
    yield from _network(workspace, declared, prior, offline=offline)


def _network(
    workspace: Workspace, declared: Declared, prior: State | None, *, offline: bool
) -> Iterator[Check]:
    try:
        rows = auth_status(workspace, offline=offline)
    except ThreadsyncError as error:
        yield problem("network", error.problem, error.remedy)
        return
    for row in rows:
        yield from check_credential(workspace, row)
    yield from check_clock(rows)
    yield from check_commands(workspace)
    yield from check_notify(workspace)
    if not offline:
        yield from check_database(workspace)
        yield from check_hosts(workspace, declared)
        yield from check_media(workspace, declared, prior)


def check_bucket(workspace: Workspace) -> Iterator[Check]:
    """The bucket of the state takes writes, and refuses those whose condition does not hold."""
    at = workspace.project.state
    if not isinstance(at, StateBucket):
        return
    remote = bucket_of(workspace.project, at, workspace.clock, workspace.surroundings.new_id)
    try:
        remote.prove(Deadline(workspace.clock))
        yield ok("bucket", f"{remote.where} takes writes, and keeps conditions")
    except StateError as error:
        yield problem("bucket", f"{remote.where}: {error.problem}", error.remedy)


def check_credential(workspace: Workspace, row: CredentialStanding) -> Iterator[Check]:
    """A credential is there, opens the account that was meant, has the rights it needs, and lives on."""
    name = f"credential {row.target}"
    if row.problem:
        yield problem(name, row.problem, row.remedy)
        return
    target = workspace.project.targets[row.target]
    if row.account is None:
        how = "is there; the network was not asked" if not row.asked else "works"
        yield ok(name, f"{row.form} {how}")
    elif target.account is None:
        yield warning(
            name,
            f"{row.form} opens @{row.account.handle}, and the project does not say whose it should be",
            f"Write account: {row.account.handle} under {row.target} in threadsync.yaml.",
        )
    else:
        yield ok(name, f"{row.form} opens @{row.account.handle}, as declared")
    if row.examined is not None and row.examined.danger:
        yield warning(name, row.examined.danger, row.examined.remedy)
    if row.asked:
        yield from _life(workspace, row, name)
        yield from _scopes(workspace, row, name)


def _life(workspace: Workspace, row: CredentialStanding, name: str) -> Iterator[Check]:
    left = row.left(workspace.clock.now())
    renew = f"Run: threadsync auth refresh {row.target}"
    if left is None:
        endless = row.examined is not None and row.examined.endless
        yield ok(name, "it does not expire" if endless else "until when it lives is unknown")
    elif left <= timedelta(0):
        yield problem(
            name, f"it expired on {row.expires_at:%Y-%m-%d}", f"Run: threadsync auth login {row.target}"
        )
    elif left < SOON:
        yield warning(name, f"it expires on {row.expires_at:%Y-%m-%d}, in {left.days} days", renew)
    else:
        yield ok(name, f"it lives until {row.expires_at:%Y-%m-%d}, for {left.days} days")


def _scopes(workspace: Workspace, row: CredentialStanding, name: str) -> Iterator[Check]:
    known = workspace.providers[row.target].about.scopes
    held = row.examined.scopes if row.examined is not None else None
    if not known or row.role != MAIN:
        return
    if held is None:
        why = row.examined.unknown if row.examined is not None else ""
        yield Check(
            name, Verdict.SKIPPED, f"its scopes are unknown: {why}" if why else "its scopes are unknown"
        )
        return
    required = [scope for scope in row.missing if scope.required]
    again = f"Log in again, which asks for what the project needs: threadsync auth login {row.target}"
    if required:
        yield problem(name, f"it lacks {_said(required)}", again)
    elif row.missing:
        yield warning(name, f"it lacks {_said(row.missing)}", again)
    else:
        yield ok(name, "it has every scope that this project needs")


def _said(scopes: Sequence[Scope]) -> str:
    return ", ".join(f"{scope.name} ({scope.meaning})" for scope in scopes)


def check_clock(rows: tuple[CredentialStanding, ...]) -> Iterator[Check]:
    """What is due is decided by this machine's clock."""
    seen = [row.account.server_ahead_seconds for row in rows if row.account is not None]
    ahead = [seconds for seconds in seen if seconds is not None]
    if not ahead:
        return
    most = max(ahead, key=abs)
    if abs(most) > SKEW_SECONDS_MAX:
        how = "behind" if most > 0 else "ahead of"
        yield problem(
            "clock",
            f"this machine's clock is {abs(most) / 60:.0f} minutes {how} the network's",
            "Set the clock; what is due is decided by it.",
        )
    else:
        yield ok("clock", f"within {max(1, round(abs(most)))} s of the network's")


def check_database(workspace: Workspace) -> Iterator[Check]:
    """The database of the API log and the ledger takes their tables."""
    project = workspace.project
    if project.database is None:
        return
    try:
        with closing(log_database(project, Secrets(project.root))) as database:
            for part in (LOG, LEDGER):
                with database.using(part, writes=True):
                    pass  # its tables are there now
            yield ok("database", f"{database.name} keeps the API log and the ledger")
    except (ProjectError, DatabaseError) as error:
        yield problem("database", error.problem, error.remedy)


def check_commands(workspace: Workspace) -> Iterator[Check]:
    """A command that uploads media is there; it is not run."""
    for name, host in sorted(workspace.project.media_hosts.items()):
        if host.kind == "command":
            missing = missing_program(host, workspace.project.root)
            if missing is not None:
                yield problem(f"media host {name}", missing.problem, missing.remedy)
            else:
                said = f"{host.settings['command']} can be run; apply does, with --allow-commands"
                yield ok(f"media host {name}", said)


def check_notify(workspace: Workspace) -> Iterator[Check]:
    """A command that is told of troubles is there (it is not run); a target does not tell of itself alone."""
    told = workspace.project.notify
    for notifier in told:
        match notifier:
            case CommandTold(command=command):
                missing = commands.missing_program(command, "notify:", workspace.project.root)
                if missing is not None:
                    yield problem("notify", missing.problem, missing.remedy)
                else:
                    yield ok("notify", f"{command} can be run; apply does, with --allow-commands")
            case TargetTold(target=target) if len(set(told)) == 1:
                alone = f"of a trouble of {target} itself nobody is told"
                yield warning("notify", alone, "Name a command under notify: too, or a second target.")
            case TargetTold(target=target):
                yield ok("notify", f"{target} is told by posts of apply")
            case _:
                assert_never(notifier)


def check_hosts(workspace: Workspace, declared: Declared) -> Iterator[Check]:
    """A bucket takes files, and shows them to everybody."""
    hosts = sorted(workspace.project.media_hosts)
    if not any(workspace.project.media_hosts[name].kind in {"s3", "azure"} for name in hosts):
        return
    with opened(workspace, media_files(workspace, declared), NoJournal(), Unwatched()) as shell:
        for name in hosts:
            match shell.connections.try_host(name):
                case MediaProblem() as found:
                    yield problem(f"media host {name}", found.problem, found.remedy)
                case str() as said:
                    yield ok(f"media host {name}", said)
                case None:
                    pass


def check_media(workspace: Workspace, declared: Declared, prior: State | None) -> Iterator[Check]:
    """What is still to be published is served where the network will fetch it from, as it is on disk.

    What a command uploads is not asked about: ``doctor`` runs none.
    """
    live = prior.bindings if prior is not None else {}
    wanted: dict[tuple[TargetName, MediaDigest], str] = {}
    for address, each in declared.desired.publications.items():
        hosted = workspace.providers[address.target].capabilities.fetches_media
        host = workspace.project.media_hosts.get(workspace.project.targets[address.target].media_host or "")
        if address not in live and hosted and host is not None and host.kind != "command":
            for segment in each.publication.segments:
                wanted |= {(address.target, item.digest): item.path for item in segment.media}
    if not wanted:
        return
    chosen: Mapping[tuple[TargetName, MediaDigest], str] = dict(sorted(wanted.items())[:MEDIA_MAX])
    bad = 0
    with opened(workspace, media_files(workspace, declared), NoJournal(), Unwatched()) as shell:
        for (target, digest), path in chosen.items():
            why = shell.connections.check(target, digest)
            if why is not None:
                bad += 1
                yield problem(f"media {target}", f"{path}: {why.problem}", why.remedy)
    if not bad:
        of = f" (of {len(wanted)})" if len(wanted) > len(chosen) else ""
        kinds = {host.kind for host in workspace.project.media_hosts.values()}
        later = ", or will be when they are due" if kinds & {"s3", "azure"} else ""
        yield ok("media", f"{len(chosen)} files{of} are served as they are on disk{later}")
