"""The keyring of this machine, through the ``keyring`` package (extra ``[keyring]``)."""

from __future__ import annotations

import keyring
from keyring.errors import KeyringError, NoKeyringError, PasswordDeleteError
from msgspec import Struct

from threadsync.errors import ProjectError
from threadsync.execution.credentials import SERVICE


class SystemKeyring(Struct, frozen=True):
    """The keyring that the ``keyring`` package finds; messages call the credential *where*."""

    where: str

    def get(self, name: str) -> str | None:
        """See ``Keyring.get``."""
        try:
            return keyring.get_password(SERVICE, name)
        except KeyringError as error:
            raise self._unusable(error) from error

    def set(self, name: str, value: str) -> None:
        """See ``Keyring.set``."""
        try:
            keyring.set_password(SERVICE, name, value)
        except KeyringError as error:
            raise self._unusable(error) from error

    def delete(self, name: str) -> bool:
        """See ``Keyring.delete``."""
        try:
            keyring.delete_password(SERVICE, name)
        except PasswordDeleteError:
            return False
        except KeyringError as error:
            raise self._unusable(error) from error
        return True

    def _unusable(self, error: KeyringError) -> ProjectError:
        if isinstance(error, NoKeyringError):
            return ProjectError(
                f"{self.where} is in the keyring, and this machine has none that can be used",
                remedy="Servers and containers have none: use env:NAME or file:PATH there.",
            )
        return ProjectError(
            f"{self.where} is in the keyring, and the keyring refused ({type(error).__name__})",
            remedy="Unlock it, then run the command again.",
        )
