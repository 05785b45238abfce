"""The browser is met on a port of this machine: what it asked for comes back as it was asked."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest
import requests

from threadsync.errors import ProjectError, ProviderError
from threadsync.execution.redirect import can_be_met, meeting
from threadsync.testing.fakes import FakeClock


def free_port(host: str = "127.0.0.1") -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as found:
        found.bind((host, 0))
        port: int = found.getsockname()[1]
        return port


def asked(url: str) -> requests.Response:
    return requests.get(url, timeout=10)


@pytest.mark.parametrize(
    ("uri", "met"),
    [
        ("http://localhost:8000/back", True),
        ("http://127.0.0.1:8000", True),
        ("http://[::1]:8000/", True),
        ("https://localhost:8000/back", False),  # it would need a certificate
        ("http://example.org/back", False),
        ("https://example.org/back", False),
        ("back", False),
    ],
)
def test_only_plain_http_of_this_machine_is_met(uri: str, met: bool) -> None:
    assert can_be_met(uri) is met


@pytest.mark.parametrize("path", ["/back", "/", ""])
def test_the_whole_address_comes_back(path: str) -> None:
    uri = f"http://127.0.0.1:{free_port()}{path}"
    with meeting(uri) as met:
        page = asked(f"{uri}?code=A%23_&state=s%261")
        answer = met.answer(FakeClock(), stuck="")
    assert urlsplit(answer).query == "code=A%23_&state=s%261"
    assert answer.startswith(uri)
    assert page.status_code == 200
    assert "Go back to the terminal" in page.text
    assert "code" not in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"


def test_a_refusal_is_an_answer_too() -> None:
    uri = f"http://127.0.0.1:{free_port()}/back"
    with meeting(uri) as met:
        asked(f"{uri}?error=access_denied")
        assert met.answer(FakeClock(), stuck="").endswith("?error=access_denied")


def test_what_else_a_browser_asks_for_is_not_there() -> None:
    uri = f"http://127.0.0.1:{free_port()}/back"
    base = uri.removesuffix("/back")
    with meeting(uri) as met:
        for other in ("/favicon.ico", "/back", "/other?code=1"):
            assert asked(base + other).status_code == 404
        asked(f"{uri}?code=right")
        assert met.answer(FakeClock(), stuck="").endswith("?code=right")


def test_localhost_is_the_loopback_interface_alone() -> None:
    uri = f"http://localhost:{free_port()}/back"
    with meeting(uri) as met:
        asked(uri.replace("localhost", "127.0.0.1") + "?code=1")
        assert met.answer(FakeClock(), stuck="") == f"{uri}?code=1"


def test_a_port_that_is_taken_is_said_to_be_before_anybody_is_sent_there() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        uri = f"http://127.0.0.1:{other.getsockname()[1]}/back"
        with pytest.raises(ProjectError, match="cannot be had") as raised, meeting(uri):
            pass
    assert "--no-browser" in raised.value.remedy


def test_a_browser_that_never_comes_is_waited_for_no_longer_than_a_bound() -> None:
    uri = f"http://127.0.0.1:{free_port()}/back"
    with meeting(uri) as met, pytest.raises(ProviderError, match="was not sent back") as raised:
        met.answer(FakeClock(), stuck="Look at the app.", wait_seconds=0)
    assert "Look at the app." in raised.value.remedy
    assert "--no-browser" in raised.value.remedy


def test_one_that_goes_away_is_not_told(capfd: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    uri = f"http://127.0.0.1:{port}/back"
    with meeting(uri) as met:
        with socket.create_connection(("127.0.0.1", port)) as gone:
            gone.sendall(b"GET /back HT")
        asked(f"{uri}?code=1")
        assert met.answer(FakeClock(), stuck="")
    assert capfd.readouterr() == ("", "")
