"""``auth refresh``: a new credential for the one there is, put where it belongs; none is ever lost."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from threadsync.errors import ProjectError, StateLocked, UsageError
from threadsync.execution.apilog import Renewal
from threadsync.execution.credentials import named, of_role, resolve, store
from threadsync.execution.handing import hand_over, words_of
from threadsync.model.ids import Role
from threadsync.model.secret import SecretText
from threadsync.model.target import Target
from threadsync.operations.auth import impatient
from threadsync.operations.caches import CACHE_DIRECTORY, ignored
from threadsync.operations.credentials import Stored, note, place_of, read_credential
from threadsync.operations.reading import read_with
from threadsync.operations.workspace import Workspace
from threadsync.providers.authorizing import Renewed
from threadsync.statefile.disk import LocalDisk
from threadsync.statefile.lock import Lock
from threadsync.statefile.machine import LocalMachine

RENEWING_SECONDS: Final = 60.0
"""How long another process that renews the same credential is waited for."""
_MARK_CHARACTERS: Final = 12


def auth_refresh(
    workspace: Workspace, target: str, role: Role, *, show: bool = False, write_back: str = ""
) -> Stored:
    """Get a new credential for the one that there is, and store it before it is used.

    One process at a time does so; who comes second uses what the first one stored. A credential of the
    environment cannot be stored: it is renewed only for who asked to see it (*show*), or named the command
    that takes it on its standard input (*write_back*). What that command does not take is kept, and offered
    to it again the next time.

    Raises:
        UsageError: it cannot be renewed, or only the environment could keep it.
        ProjectError: it is not there, its place refuses the new one (the old one still works), or the
            command fails (the message says where the new one is).
        ApiError, Unanswered: the network gave none.
    """
    found, form = place_of(workspace, target, role)
    provider = workspace.providers[found.name]
    if not any(each.role == role and each.renewable for each in provider.about.roles):
        raise UsageError(
            f"a {role!r} credential of {found.provider} cannot be renewed.",
            remedy=f"To change it, store another one: threadsync auth login {found.name}{of_role(role)}",
        )
    if form.startswith("env:") and not show and not write_back:
        raise UsageError(
            f"{named(found.name, role)} is {form}, where threadsync cannot store a new one.",
            remedy="Name the command that puts it where it is set, with --write-back (it gets the token on "
            "its "
            "standard input), or print it with --show. Nothing was renewed.",
        )
    if write_back:
        words_of(write_back)  # one that cannot be read is said before anything is renewed
    before = read_credential(workspace, found, role)
    with _alone(workspace, found, role, form):
        if read_credential(workspace, found, role) != before:
            return Stored((f"Another process has just renewed {named(found.name, role)}.",))
        placing = _Placing(workspace, found, role, before, write_back)
        left = placing.kept.read(before) if write_back else None
        if left is not None:
            return placing.again(left)
        patient = impatient(workspace)
        (renewed,) = read_with(patient, [(found.name, patient.providers[found.name].renew(role))])
        return placing.place(renewed)


class _Placing:
    """Puts a new credential everywhere that it belongs; the command comes last, since it may fail."""

    def __init__(
        self, workspace: Workspace, target: Target, role: Role, before: SecretText, write_back: str
    ) -> None:
        self._workspace = workspace
        self._target = target
        self._role = role
        self._before = before
        self._write_back = write_back
        self._form = target.credentials[role]
        self._name = named(target.name, role)
        self.kept = _Kept(workspace.project.root, target, role)

    @property
    def _is_ours(self) -> bool:
        return not self._form.startswith("env:")

    def place(self, renewed: Renewed) -> Stored:
        """Store a new credential, where it can be, and give it to the command."""
        if self._is_ours:
            root = self._workspace.project.root
            store(self._form, renewed.secret, target=self._target.name, role=self._role, project_root=root)
        renewal = Renewal(self._workspace.clock.now(), renewed.expires_at)
        if self._is_ours or not self._write_back:
            self._note(renewal)
        if self._write_back:
            # Whoever runs this the next time finds it by the credential that is in place then.
            finder = renewed.secret if self._is_ours else self._before
            self._hand_over(renewed.secret, finder, renewed.expires_at)
            self._note(renewal)
        places = [f"stored in {self._form}"] if self._is_ours else []
        places += ["written back"] if self._write_back else []
        until = f" It lives until {renewed.expires_at:%Y-%m-%d}." if renewed.expires_at is not None else ""
        where = " and ".join(places) or "stored nowhere"
        return Stored((f"Renewed, and {where}: {self._name}.{until}",), renewed.secret)

    def again(self, left: SecretText) -> Stored:
        """Give the command what it did not take the last time; it is as good as a new one."""
        at = self.kept.at(self._before)
        self._hand_over(left, self._before, None)
        if not self._is_ours:
            self._note(Renewal(at, None))
        return Stored((f"Written back what was renewed on {at:%Y-%m-%d}: {self._name}.",), left)

    def _note(self, renewal: Renewal) -> None:
        note(self._workspace, self._target.name, self._role, renewal)

    def _hand_over(self, secret: SecretText, finder: SecretText, expires_at: datetime | None) -> None:
        """Give *secret* to the command; until it has taken it, it is kept under the mark of *finder*."""
        path = self.kept.write(finder, secret)
        try:
            hand_over(self._write_back, secret, before=self._before)
        except ProjectError as error:
            until = f", and lives until {expires_at:%Y-%m-%d}" if expires_at is not None else ""
            raise ProjectError(
                f"{self._name} was renewed, and not written back: {error.problem}",
                remedy=f"The new one is not lost: it is in {path}, for this user's eyes alone{until}. Mend "
                "the command and run the same again: it is given this very token. If this disk is gone by "
                "then, it renews again: the old token goes on working until it expires.",
            ) from error
        self.kept.drop()


class _Kept:
    """A renewed credential that a command is still to take, found by the one that is in place now."""

    def __init__(self, root: Path, target: Target, role: Role) -> None:
        self._target = target
        self._role = role
        self._root = root

    @property
    def _names(self) -> str:
        return f"renewed-{self._target.name.replace('/', '-')}-{self._role}-"

    def _form(self, finder: SecretText) -> str:
        mark = hashlib.sha256(finder.reveal().encode()).hexdigest()[:_MARK_CHARACTERS]
        return f"file:{CACHE_DIRECTORY}/{self._names}{mark}"

    def _path(self, finder: SecretText) -> Path:
        return self._root / self._form(finder).removeprefix("file:")

    def read(self, finder: SecretText) -> SecretText | None:
        """Return what is kept, if anything."""
        if not self._path(finder).exists():
            return None
        return resolve(
            self._form(finder), target=self._target.name, role=self._role, project_root=self._root, environ={}
        )

    def at(self, finder: SecretText) -> datetime:
        """Return when it was renewed."""
        return datetime.fromtimestamp(self._path(finder).stat().st_mtime, UTC)

    def write(self, finder: SecretText, secret: SecretText) -> Path:
        """Keep *secret*, for this user's eyes alone; what is kept already stays as old as it is."""
        path = self._path(finder)
        if self.read(finder) != secret:
            ignored(path.parent)
            store(
                self._form(finder), secret, target=self._target.name, role=self._role, project_root=self._root
            )
        return path

    def drop(self) -> None:
        """Keep nothing any longer: the newest one is where it belongs."""
        for path in (self._root / CACHE_DIRECTORY).glob(f"{self._names}{'?' * _MARK_CHARACTERS}"):
            path.unlink()  # not those of threads/main-main, whose names begin alike


@contextmanager
def _alone(workspace: Workspace, target: Target, role: Role, form: str) -> Iterator[None]:
    """Let no other process renew the same credential meanwhile."""
    root = workspace.project.root
    if form.startswith("file:"):
        path = Path(os.path.realpath(root / form.removeprefix("file:")))
        path = path.with_name(f"{path.name}.lock")
    else:
        ignored(root / CACHE_DIRECTORY)
        path = root / CACHE_DIRECTORY / f"renew-{target.name.replace('/', '-')}-{role}.lock"
    holder = workspace.surroundings.holder("auth refresh", workspace.clock.now())
    lock = Lock(
        path, LocalDisk(workspace.clock.sleep), workspace.clock, LocalMachine(), workspace.surroundings.new_id
    )
    try:
        lease = lock.acquire(holder, RENEWING_SECONDS)
    except StateLocked as error:
        raise ProjectError(
            f"another process has been renewing {named(target.name, role)} for {RENEWING_SECONDS:.0f} s.",
            remedy=f"If you know that it has ended, remove {path}, then run this command again.",
        ) from error
    try:
        yield
    finally:
        lease.release()
