"""Storing, renewing and removing credentials: private, in one step, and never in the environment."""

from __future__ import annotations

import builtins
import os
import stat
from pathlib import Path
from types import ModuleType

import keyring
import keyring.errors
import pytest

from tests.rights import modes_in_force
from threadsync.errors import ProjectError
from threadsync.execution.credentials import SERVICE, remove, resolve, store
from threadsync.execution.keyring import SystemKeyring
from threadsync.model.ids import MAIN, TargetName
from threadsync.model.secret import SecretText

TARGET = TargetName("threads/main")
OLD, NEW = SecretText("CANARY-old"), SecretText("CANARY-new")


class Drawer:
    """A keyring in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        return self.kept.get(name)

    def set(self, name: str, value: str) -> None:
        self.kept[name] = value

    def delete(self, name: str) -> bool:
        return self.kept.pop(name, None) is not None


def put(form: str, root: Path, drawer: Drawer | None = None, secret: SecretText = NEW) -> None:
    store(form, secret, target=TARGET, role=MAIN, project_root=root, keyring=drawer)


def take(form: str, root: Path, drawer: Drawer | None = None) -> bool:
    return remove(form, target=TARGET, role=MAIN, project_root=root, keyring=drawer)


def read(form: str, root: Path, drawer: Drawer | None = None) -> SecretText:
    return resolve(form, target=TARGET, role=MAIN, project_root=root, environ={}, keyring=drawer)


def test_a_file_is_private_whatever_it_was_before(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("old\n")
    (tmp_path / "token").chmod(0o644)
    put("file:token", tmp_path)
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600
    assert read("file:token", tmp_path) == NEW
    assert [path.name for path in tmp_path.iterdir()] == ["token"]


def test_the_folder_of_a_file_is_made_and_a_link_is_followed(tmp_path: Path) -> None:
    put("file:secrets/token", tmp_path)
    (tmp_path / "link").symlink_to("secrets/token")
    put("file:link", tmp_path, secret=OLD)
    assert (tmp_path / "link").is_symlink()
    assert read("file:secrets/token", tmp_path) == OLD


def test_a_folder_that_cannot_be_written_is_told_by_its_rights(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("CANARY-old\n")
    tmp_path.chmod(0o500)
    try:
        with modes_in_force(), pytest.raises(ProjectError, match="cannot be written") as raised:
            put("file:token", tmp_path)
    finally:
        tmp_path.chmod(0o700)
    assert "writable for this user" in raised.value.remedy
    assert read("file:token", tmp_path) == OLD


def test_a_write_that_fails_leaves_what_was_there_and_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put("file:token", tmp_path, secret=OLD)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ProjectError, match="No space left on device") as raised:
        put("file:token", tmp_path)
    assert "What was there before still is." in raised.value.remedy
    assert read("file:token", tmp_path) == OLD
    assert [path.name for path in tmp_path.iterdir()] == ["token"]


def test_a_keyring_is_read_written_and_emptied_by_name(tmp_path: Path) -> None:
    drawer = Drawer()
    put("keyring:brand", tmp_path, drawer)
    assert drawer.kept == {"brand": "CANARY-new"}
    assert read("keyring:brand", tmp_path, drawer) == NEW
    assert [take("keyring:brand", tmp_path, drawer), take("keyring:brand", tmp_path, drawer)] == [True, False]
    with pytest.raises(ProjectError, match="the keyring has no brand") as raised:
        read("keyring:brand", tmp_path, drawer)
    assert raised.value.remedy == "Put it there: threadsync auth login threads/main."


def test_removing_a_file_says_whether_there_was_one(tmp_path: Path) -> None:
    put("file:token", tmp_path)
    assert [take("file:token", tmp_path), take("file:token", tmp_path)] == [True, False]
    (tmp_path / "folder").mkdir()
    with pytest.raises(ProjectError, match="cannot be removed"):
        take("file:folder", tmp_path)


def test_the_environment_is_not_ours_to_change(tmp_path: Path) -> None:
    for change in (put, take):
        with pytest.raises(ProjectError, match="set where threadsync is started"):
            change("env:X", tmp_path)


def test_without_the_package_the_message_has_the_pip_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: object, **more: object) -> ModuleType:
        if name == "threadsync.execution.keyring":
            raise ModuleNotFoundError("No module named 'keyring'")
        return real(name, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ProjectError, match="is not installed") as raised:
        read("keyring:brand", tmp_path)
    assert "pip install 'threadsync[keyring]'" in raised.value.remedy


# The package itself.


class Backend:
    """What the package calls a backend, in memory; *fails* is raised by everything."""

    fails: Exception | None = None
    kept: dict[tuple[str, str], str]

    def _first(self) -> None:
        if self.fails is not None:
            raise self.fails

    def get_password(self, service: str, username: str) -> str | None:
        self._first()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._first()
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._first()
        if self.kept.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError("not found")


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Backend:
    made = Backend()
    made.kept = {}
    monkeypatch.setattr("keyring.core._keyring_backend", made)
    return made


def test_the_system_s_keyring_keeps_our_secrets_under_our_name(backend: Backend) -> None:
    ring = SystemKeyring("it")
    ring.set("brand", "CANARY")
    assert backend.kept == {(SERVICE, "brand"): "CANARY"}
    assert ring.get("brand") == "CANARY"
    assert [ring.delete("brand"), ring.delete("brand")] == [True, False]
    assert ring.get("brand") is None


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (keyring.errors.NoKeyringError("none"), "this machine has none"),
        (keyring.errors.KeyringLocked("locked"), "refused (KeyringLocked)"),
    ],
)
def test_a_keyring_that_cannot_be_used_is_told_with_a_remedy(
    backend: Backend, error: Exception, said: str
) -> None:
    backend.fails = error
    ring = SystemKeyring("it")
    for act in (lambda: ring.get("x"), lambda: ring.set("x", "CANARY"), lambda: ring.delete("x")):
        with pytest.raises(ProjectError) as raised:
            act()
        assert said in raised.value.problem
        assert raised.value.remedy
        assert "CANARY" not in str(raised.value)
