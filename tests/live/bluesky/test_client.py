"""``Client`` and ``AsyncClient`` with accounts of a real server: sessions, and where they are kept."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import stat
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.execution.clients import CLIENTS, AnyClient
from tests.execution.servers import Server, answering, header
from tests.pds.launcher import Pds, Person
from threadsync import ApiLog
from threadsync.errors import ApiError, UsageError
from threadsync.execution.apilog import read_calls
from threadsync.flows.core import gather
from threadsync.providers.bluesky import api
from threadsync.providers.bluesky.records import THREADGATE
from threadsync.providers.bluesky.uris import POST
from threadsync.testing.fakes import FakeClock

pytestmark = pytest.mark.live

PICTURE = Path(__file__).parents[3] / "examples/posts/pictures/gate.png"
RECORD = {"$type": POST, "text": "12 lifts were broken.", "createdAt": "2026-12-03T08:30:00Z"}
NOW = datetime.now(UTC)  # noqa: TID251  (the server's sessions end by the real clock)

Opened = Callable[..., AbstractContextManager[AnyClient]]


@pytest.fixture(params=sorted(CLIENTS))
def opened(request: pytest.FixtureRequest, server: Pds, person: Person) -> Opened:
    """Opens a client of either kind for the account."""

    def open_(**settings: Any) -> AbstractContextManager[AnyClient]:
        clock = settings.pop("clock", None) or FakeClock(NOW)
        wanted = {"identifier": person.handle, "token": person.password, "base_url": server.url}
        return CLIENTS[request.param](clock, **{"network": "bluesky", **wanted, **settings})

    return open_


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "calls.sqlite3"


def operations(log: Path) -> list[str]:
    """Return the method and status of every call, oldest first."""
    rows = read_calls(log, limit=100)
    return [f"{row.operation.rpartition('.')[2]} {row.status}" for row in rows]


def only_file(folder: Path) -> Path:
    (found,) = folder.glob("*.json")
    return found


def test_the_account_is_opened_once_for_all_clients_that_share_a_folder(
    opened: Opened, person: Person, tmp_path: Path, log: Path
) -> None:
    folder = tmp_path / "sessions"
    with closing(ApiLog(log)) as kept:
        for _ in range(2):
            with opened(sessions=folder, log=kept) as client:
                assert client.run(api.get_session()).did == person.did
    assert operations(log) == ["createSession 200", "getSession 200", "getSession 200"]
    if sys.platform != "win32":
        assert stat.S_IMODE(only_file(folder).stat().st_mode) == 0o600


@pytest.mark.pds(worlds=("server",), why="a journal makes up the id that its keys follow from")
def test_a_program_publishes_with_a_journal_and_publishes_nothing_twice(
    opened: Opened, person: Person, tmp_path: Path
) -> None:
    what: dict[str, Any] = {"who_can_reply": "nobody", "key": "lifts", "journal": tmp_path / "posts.json"}
    with opened() as client:
        post = client.publish(["12 lifts were broken.", "3 are now."], [PICTURE], **what)
        again = client.publish(["12 lifts were broken.", "3 are now."], [PICTURE], **what)
        alone = client.publish("Without a journal", reply_to=post.id)
        listed = client.items(lambda cursor: api.list_records(person.did, POST, cursor=cursor))
        (gate,) = client.items(lambda cursor: api.list_records(person.did, THREADGATE, cursor=cursor))
    assert (again.segments, again.answers) == (post.segments, ())
    assert sorted(each.uri for each in listed) == sorted([*post.ids, alone.id])
    assert gate.value["post"] == post.id


def test_what_everybody_may_read_opens_no_account(opened: Opened, person: Person, tmp_path: Path) -> None:
    with opened(sessions=tmp_path / "sessions", token="wrong") as client:
        assert client.run(api.describe_repo(person.did)).handle == person.handle
        assert not (tmp_path / "sessions").exists()
        with pytest.raises(ApiError) as caught:
            client.run(api.get_session())
    assert caught.value.fault.row == "wrong-password"


def test_calls_side_by_side_open_the_account_once(opened: Opened, log: Path) -> None:
    with closing(ApiLog(log)) as kept, opened(log=kept) as client:
        client.run(gather([api.get_session() for _ in range(6)]))
    assert operations(log).count("createSession 200") == 1


def test_a_session_is_renewed_before_its_end(opened: Opened, tmp_path: Path, log: Path) -> None:
    clock = FakeClock(NOW)
    with closing(ApiLog(log)) as kept, opened(sessions=tmp_path, log=kept, clock=clock) as client:
        client.run(api.get_session())
        first = only_file(tmp_path).read_text()
        ends = datetime.fromisoformat(json.loads(first)["expires_at"])
        clock.sleep((ends - clock.now() - timedelta(minutes=4)).total_seconds())
        client.run(api.get_session())
    assert operations(log) == ["createSession 200", "getSession 200", "refreshSession 200", "getSession 200"]
    assert json.loads(only_file(tmp_path).read_text())["secrets"] != json.loads(first)["secrets"]


def test_a_write_whose_session_has_ended_is_sent_once_more_and_is_there_once(
    opened: Opened, server: Pds, person: Person, tmp_path: Path, log: Path
) -> None:
    with opened(sessions=tmp_path) as client:
        client.run(api.get_session())
    end(only_file(tmp_path), server)
    with closing(ApiLog(log)) as kept, opened(sessions=tmp_path, log=kept) as client:
        made = client.run(api.create_record(person.did, POST, RECORD))
        listed = client.items(lambda cursor: api.list_records(person.did, POST, cursor=cursor))
    assert [each.uri for each in listed] == [made.uri]
    assert operations(log)[:3] == ["createRecord 400", "refreshSession 200", "createRecord 200"]


def end(file: Path, server: Pds) -> None:
    """Make the stored session one whose access token ended an hour ago, signed as the server does."""
    kept = json.loads(file.read_text())
    head, payload, _ = kept["secrets"]["session"].split(".")
    said = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    past = int((NOW - timedelta(hours=1)).timestamp())
    payload = _encoded(json.dumps({**said, "iat": past - 7200, "exp": past}).encode())
    signed = hmac.new(server.jwt_secret.encode(), f"{head}.{payload}".encode(), hashlib.sha256).digest()
    kept["secrets"]["session"] = f"{head}.{payload}.{_encoded(signed)}"
    file.write_text(json.dumps(kept))


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def test_a_session_that_is_ended_for_good_is_opened_anew(opened: Opened, server: Pds, tmp_path: Path) -> None:
    with opened(sessions=tmp_path) as client:
        client.run(api.delete_session())
    end(only_file(tmp_path), server)
    with opened(sessions=tmp_path) as client:
        assert client.run(api.get_session()).exchange.status == 200


def test_the_accounts_own_server_is_found_from_its_handle_and_from_its_did(
    opened: Opened, server: Pds, person: Person
) -> None:
    """Nothing but the public server and the directory is told: the network's own address is never asked."""
    settings = {"public_url": server.url, "directory_url": server.plc_url}
    for identifier in (person.handle, f"@{person.handle}", person.did):
        with opened(base_url=None, identifier=identifier, settings=settings) as client:
            assert client.run(api.get_session()).did == person.did


def test_the_public_host_is_not_shown_who_asks(opened: Opened) -> None:
    with Server(answering(b'{"posts": []}')) as public, opened(settings={"public_url": public.url}) as client:
        client.run(api.get_session())
        client.run(api.get_posts(["at://x"], public=True))
        client.run(api.call("GET", "app.bsky.feed.getPosts", {"uris": ("at://x",)}, host=api.PUBLIC))
    assert [header(each, "authorization") for each in public.requests] == [None, None]


def test_no_secret_stands_in_the_log(opened: Opened, person: Person, tmp_path: Path, log: Path) -> None:
    with closing(ApiLog(log)) as kept, opened(sessions=tmp_path / "s", log=kept) as client:
        client.run(api.get_session())
        with pytest.raises(ApiError):
            client.run(api.describe_repo(person.password))
        token = json.loads(only_file(tmp_path / "s").read_text())["secrets"]["session"]
        with pytest.raises(ApiError):
            client.run(api.describe_repo(token))
    written = b"".join(each.read_bytes() for each in tmp_path.glob("calls*"))
    assert b"describeRepo" in written
    assert person.password.encode() not in written
    assert token.encode() not in written


def test_what_makes_no_client_is_said(opened: Opened) -> None:
    with (
        opened(identifier="") as client,
        pytest.raises(UsageError, match="it is not said whose account"),
    ):
        client.run(api.get_session())
    with pytest.raises(UsageError, match="opens no sessions"), opened(network="threads"):
        pass
