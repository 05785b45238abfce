"""Credentials: found where the project says, shown nowhere."""

from __future__ import annotations

import copy
import json
import pickle
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threadsync.errors import ProjectError
from threadsync.execution.credentials import resolve, scrubbed
from threadsync.model.ids import Role, TargetName
from threadsync.model.secret import HIDDEN, SecretText

TOKEN = "CANARY-t0ken"


def read(form: str, root: Path = Path(), environ: Mapping[str, str] | None = None) -> str:
    target, role = TargetName("threads/main"), Role("app_secret")
    return resolve(form, target=target, role=role, project_root=root, environ=environ or {}).reveal()


def test_from_the_environment_it_is_given() -> None:
    assert read("env:X", environ={"X": TOKEN}) == TOKEN


def test_from_a_file_below_the_project(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\r\n")
    assert read("file:token", tmp_path) == TOKEN
    assert read(f"file:{tmp_path / 'token'}", Path("elsewhere")) == TOKEN


def test_digits_stay_text(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("0012345\n")
    assert read("file:token", tmp_path) == "0012345"


def _fails(form: str, root: Path = Path(), environ: Mapping[str, str] | None = None) -> ProjectError:
    with pytest.raises(ProjectError) as raised:
        read(form, root, environ)
    assert raised.value.remedy
    assert raised.value.problem.startswith("the 'app_secret' credential of threads/main ")
    assert "CANARY" not in "".join(traceback.format_exception(raised.value))
    return raised.value


def test_what_is_not_there_is_named_with_what_to_do(tmp_path: Path) -> None:
    assert "the environment has no X" in _fails("env:X").problem
    assert "the environment has no X" in _fails("env:X", environ={"X": ""}).problem
    assert "the file cannot be read: No such file" in _fails("file:token", tmp_path).problem
    (tmp_path / "empty").write_text("\n")
    assert "the file is empty" in _fails("file:empty", tmp_path).problem


def test_a_file_that_is_no_text_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"CANARY\xff")
    assert "is not text" in _fails("file:binary", tmp_path).problem


def test_two_lines_are_no_secret(tmp_path: Path) -> None:
    (tmp_path / "two").write_text("CANARY\nCANARY\n")
    assert "holds a line break" in _fails("file:two", tmp_path).problem
    assert "holds a line break" in _fails("env:X", environ={"X": "CANARY\n"}).problem


def test_a_token_in_the_place_of_its_address_is_not_repeated() -> None:
    assert "never the secret itself" in _fails(TOKEN).remedy


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        format,
        ascii,
        "{}".format,
        "{!r:>40}".format,
        lambda secret: f"{secret} {[secret]} {secret!s}",
    ],
)
def test_a_secret_has_no_text(show: Callable[[SecretText], str]) -> None:
    assert "CANARY" not in show(SecretText(TOKEN))


def test_a_secret_has_no_pickle_copy_json_or_attributes() -> None:
    secret = SecretText(TOKEN)
    for take in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps, vars):
        with pytest.raises(TypeError) as raised:
            take(secret)
        assert "CANARY" not in "".join(traceback.format_exception(raised.value))


def test_secrets_compare_by_what_they_are() -> None:
    assert SecretText("a") == SecretText("a")
    assert SecretText("a") != SecretText("b")
    assert SecretText("a") != "a"
    assert len({SecretText("a"), SecretText("a")}) == 1


def test_scrubbing_finds_what_was_percent_encoded() -> None:
    text = "GET /me?access_token=a%2Fb%3D+c&x=a/b= c and a/b%3D%20c"
    assert scrubbed(text, [SecretText("a/b= c")]) == f"GET /me?access_token={HIDDEN}&x={HIDDEN} and {HIDDEN}"


@given(st.text(min_size=4), st.text(), st.text())
def test_no_secret_is_left_in_a_scrubbed_text(secret: str, before: str, after: str) -> None:
    result = scrubbed(f"{before}{secret}{after}", [SecretText(secret)])
    assert secret not in result.replace(HIDDEN, "\0")


def test_an_empty_secret_takes_nothing_out() -> None:
    assert scrubbed("text", [SecretText("")]) == "text"
