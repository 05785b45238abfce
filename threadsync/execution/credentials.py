"""Secrets, from where the project says they are, wrapped so that they show nowhere (law 12).

A project names each credential by role and form (``env:NAME``, ``file:PATH``); the value is read
when a request needs it, and only the transport unwraps it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus

from threadsync.errors import ProjectError
from threadsync.model.ids import Role, TargetName

HIDDEN = "[secret]"
"""What stands in a text where a secret was."""


class SecretText:
    """A secret that has no text, representation or pickle; ``reveal`` is the one way to its value."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself."""
        return self._value

    def __repr__(self) -> str:
        return HIDDEN

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretText) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str:
        raise TypeError("a secret is never pickled or copied: hand on the SecretText itself")


def resolve(
    form: str, *, target: TargetName, role: Role, project_root: Path, environ: Mapping[str, str]
) -> SecretText:
    """Read the credential that *form* names; a path is relative to *project_root*.

    Raises:
        ProjectError: it is not there, cannot be used, or *form* is none that we know.
    """
    where, name = f"the {role!r} credential of {target}", form.partition(":")[2]
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
        raise ProjectError(
            f"{where} is {form}, and this version cannot read the keyring yet"
            " (it will need: pip install 'threadsync[keyring]')",
            remedy="Use env:NAME or file:PATH for now.",
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


def scrubbed(text: str, secrets: Iterable[SecretText]) -> str:
    """Return *text* with every one of *secrets* taken out, also where it is percent-encoded."""
    for secret in secrets:
        value = secret.reveal()
        for form in sorted({value, quote(value), quote(value, safe=""), quote_plus(value)}, key=len)[::-1]:
            text = text.replace(form, HIDDEN) if form else text
    return text
