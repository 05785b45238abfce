"""Secrets, from where the project says they are, wrapped so that they show nowhere (law 12).

A project names each credential by role and form (``env:NAME``, ``file:PATH``, ``keyring:NAME``); the
value is read when a request needs it, and only the transport unwraps it. What was read can be put
anywhere but into the environment, which belongs to whoever starts the program.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from threadsync.errors import ProjectError
from threadsync.model.ids import MAIN, Role, TargetName
from threadsync.model.secret import HIDDEN, SecretText

SERVICE = "threadsync"
"""The name that our secrets have in a keyring."""

_UNESCAPED = re.compile("[A-Za-z0-9]+")


class Keyring(Protocol):
    """Where a machine keeps secrets for its user."""

    def get(self, name: str) -> str | None:
        """Return the secret *name*, None where there is none.

        Raises:
            ProjectError: the keyring cannot be used.
        """
        ...

    def set(self, name: str, value: str) -> None:
        """Keep *value* as *name*.

        Raises:
            ProjectError: the keyring cannot be used.
        """
        ...

    def delete(self, name: str) -> bool:
        """Remove the secret *name*; False where there is none.

        Raises:
            ProjectError: the keyring cannot be used.
        """
        ...


def system_keyring(where: str) -> Keyring:
    """Return the keyring of this machine, for the credential that messages call *where*.

    Raises:
        ProjectError: the package that speaks to it is not installed.
    """
    try:
        from threadsync.execution.keyring import SystemKeyring
    except ModuleNotFoundError as error:
        raise ProjectError(
            f"{where} is in the keyring, and the package that reads it is not installed",
            remedy="Run: pip install 'threadsync[keyring]' (or use env:NAME or file:PATH).",
        ) from error
    return SystemKeyring(where)


def named(target: TargetName, role: Role) -> str:
    """Return what messages call a credential."""
    return f"the {role!r} credential of {target}"


def of_role(role: Role) -> str:
    """Return the option that names *role* on a command line; empty for the main one."""
    return "" if role == MAIN else f" --role {role}"


def resolve(
    form: str,
    *,
    target: TargetName,
    role: Role,
    project_root: Path,
    environ: Mapping[str, str],
    keyring: Keyring | None = None,
) -> SecretText:
    """Read the credential that *form* names; a path is relative to *project_root*.

    Without *keyring* it is the one of this machine, opened when a form names it.

    Raises:
        ProjectError: it is not there, cannot be used, or *form* is none that we know.
    """
    where, name = named(target, role), form.partition(":")[2]
    if form.startswith("env:"):
        value = environ.get(name, "")
        if not value:
            raise ProjectError(
                f"{where} is {form}, and the environment has no {name}",
                remedy=f"Set it, for example: export {name}=… (in CI: a secret of the repository).",
            )
    elif form.startswith("file:"):
        value = _read(where, form, project_root / name)
    elif form.startswith("keyring:"):
        value = (keyring or system_keyring(where)).get(name) or ""
        if not value:
            raise ProjectError(
                f"{where} is {form}, and the keyring has no {name} of {SERVICE}",
                remedy=f"Put it there: threadsync auth login {target}{of_role(role)}.",
            )
    else:
        # The form is not shown: who mistakes this key for the place of the token has put the token here.
        raise ProjectError(
            f"{where} does not say where the secret is",
            remedy="Write env:NAME or file:PATH, never the secret itself.",
        )
    if any(not character.isprintable() for character in value):
        raise ProjectError(
            f"{where} ({form}) holds a line break or another control character",
            remedy="Store the secret alone, on one line.",
        )
    return SecretText(value)


def _read(where: str, form: str, path: Path) -> str:
    try:
        value = path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise ProjectError(
            f"{where} is {form}, and the file cannot be read: {error.strerror}",
            remedy=f"Put the secret into {path}, readable for this user.",
        ) from error
    except UnicodeDecodeError:
        # Not chained: the error holds the bytes of the file.
        raise ProjectError(
            f"{where} is {form}, and the file is not text",
            remedy="Store the secret alone, as text on one line.",
        ) from None
    if not value:
        raise ProjectError(f"{where} is {form}, and the file is empty", remedy=f"Put the secret into {path}.")
    return value


def store(
    form: str,
    secret: SecretText,
    *,
    target: TargetName,
    role: Role,
    project_root: Path,
    keyring: Keyring | None = None,
) -> None:
    """Put *secret* where *form* says; it is there in one step, or what was there still is.

    Raises:
        ProjectError: the place refused it, or is the environment.
    """
    where, name = named(target, role), form.partition(":")[2]
    if form.startswith("keyring:"):
        (keyring or system_keyring(where)).set(name, secret.reveal())
    elif form.startswith("file:"):
        path = Path(os.path.realpath(project_root / name))
        try:
            write_private(path, secret.reveal() + "\n")
        except OSError as error:
            raise ProjectError(
                f"{where} is {form}, and the file cannot be written: {error.strerror}",
                remedy=f"Make {path} writable for this user. What was there before still is.",
            ) from error
    else:
        raise _not_ours(where, form)


def remove(
    form: str, *, target: TargetName, role: Role, project_root: Path, keyring: Keyring | None = None
) -> bool:
    """Take a secret away from where *form* says; False where there is none.

    Raises:
        ProjectError: the place refused, or is the environment.
    """
    where, name = named(target, role), form.partition(":")[2]
    if form.startswith("keyring:"):
        return (keyring or system_keyring(where)).delete(name)
    if form.startswith("file:"):
        path = Path(os.path.realpath(project_root / name))  # where store() put it, behind a link
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise ProjectError(
                f"{where} is {form}, and the file cannot be removed: {error.strerror}",
                remedy=f"Remove {path} yourself.",
            ) from error
        return True
    raise _not_ours(where, form)


def _not_ours(where: str, form: str) -> ProjectError:
    return ProjectError(
        f"{where} is {form}, and what the environment holds is set where threadsync is started",
        remedy="Change it there (in CI: a secret of the repository), or name a file: or keyring: instead.",
    )


def write_private(path: Path, text: str) -> None:
    """Replace *path*, synced, by a file that only this user can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # its mode is 600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(path)
    except OSError:
        with suppress(OSError):
            Path(draft).unlink()
        raise


def scrubbed(text: str, secrets: Iterable[SecretText]) -> str:
    """Return *text* without any of *secrets*, also where they are escaped for an address or in JSON."""
    for secret in secrets:
        value = secret.reveal()
        core = max(_UNESCAPED.findall(value), key=len, default="")
        if value and core in text:  # nobody escapes letters and digits: most texts end here
            text = re.sub("".join(map(_written, value)), HIDDEN, text)
    return text


def _written(character: str) -> str:
    """Return a pattern of all ways in which one character of a secret may be written."""
    percent = "".join(f"%{byte:02x}" for byte in character.encode())
    others = {"+"} if character == " " else {json.dumps(character)[1:-1]}
    plain = "|".join(re.escape(each) for each in sorted({character} | others, key=len, reverse=True))
    return f"(?:{plain}|(?i:{percent}))"
