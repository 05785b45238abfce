"""Every function of the client on a real server: what it asks is understood, what it reads is there."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.live.bluesky.desk import Desk
from tests.pds.launcher import Release
from threadsync.errors import ApiError
from threadsync.flows.effects import BytesBody, FilePart
from threadsync.flows.paging import Pages
from threadsync.model.fault import FaultClass
from threadsync.model.ids import MAIN, Json, MediaDigest, TargetName
from threadsync.model.secret import SecretText
from threadsync.providers.base import ProviderContext
from threadsync.providers.bluesky import api
from threadsync.providers.bluesky.cids import of_record
from threadsync.providers.bluesky.provider import BlueskyProvider
from threadsync.providers.bluesky.tids import encoded
from threadsync.providers.bluesky.uris import POST, AtUri

pytestmark = pytest.mark.live

AT = datetime(2026, 12, 3, 8, 30, tzinfo=UTC)
PICTURE = Path(__file__).parents[3] / "examples/posts/pictures/gate.png"
NOBODY = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"


def key(number: int = 0) -> str:
    return encoded(AT + timedelta(seconds=number), 7)


def post(text: str = "12 lifts were broken.") -> dict[str, Json]:
    return {"$type": POST, "text": text, "createdAt": "2026-12-03T08:30:00Z"}


def refused(desk: Desk, flow: object) -> tuple[str, FaultClass]:
    with pytest.raises(ApiError) as caught:
        desk.run(flow)  # type: ignore[arg-type]
    return caught.value.fault.row, caught.value.fault.kind


# Sessions.


def test_a_login_says_whose_account_it_is_where_it_lives_and_how_long_it_lasts(desk: Desk) -> None:
    made = desk.run(api.create_session(desk.person.did))
    assert (made.did, made.handle, made.pds_url) == (desk.person.did, desk.person.handle, desk.server.url)
    assert (made.active, made.email_confirmed) == (True, False)
    assert made.expires_at is not None
    assert abs(made.expires_at - datetime.now(UTC) - timedelta(hours=2)) < timedelta(minutes=5)  # noqa: TID251
    assert "secret" in repr(made)
    assert made.access.reveal() not in repr(made)


def test_a_wrong_password_is_said(desk: Desk) -> None:
    desk.secrets[MAIN] = SecretText("wrong")
    assert refused(desk, api.create_session(desk.person.handle)) == (
        "wrong-password",
        FaultClass.UNAUTHORIZED,
    )


@pytest.mark.pds(worlds=("server",), why="the server makes up a password, which no recording may hold")
def test_an_app_password_is_told_from_the_accounts_own_by_what_it_may_not_list(desk: Desk) -> None:
    assert desk.run(api.get_account_invite_codes()) == ()
    own = BlueskyProvider(ProviderContext(TargetName("bluesky/brand")))
    assert desk.run(own.examine(MAIN)).kind == "the account's own password"
    made = desk.run(api.call("POST", "com.atproto.server.createAppPassword", data={"name": "threadsync"}))
    desk.secrets[MAIN] = SecretText(made.body.password)
    desk.use(desk.run(api.create_session(desk.person.handle)))
    assert refused(desk, api.get_account_invite_codes()) == ("wrong-token", FaultClass.UNAUTHORIZED)
    found = desk.run(own.examine(MAIN))
    assert (found.kind, found.danger, found.endless) == ("an app password", "", True)


def test_a_session_is_renewed_and_ends_for_good(desk: Desk) -> None:
    desk.use(desk.run(api.refresh_session()))
    assert desk.run(api.get_session()).did == desk.person.did
    desk.run(api.delete_session())
    assert refused(desk, api.refresh_session()) == ("expired-session", FaultClass.UNAUTHORIZED)


def test_a_token_for_another_service_is_made(desk: Desk) -> None:
    made = desk.run(
        api.get_service_auth(
            desk.server.service_did,
            lxm="com.atproto.repo.uploadBlob",
            exp=datetime.now(UTC) + timedelta(minutes=20),  # noqa: TID251
        )
    )
    assert made.token.reveal().count(".") == 2


def test_names_lead_to_accounts_and_accounts_to_their_servers(desk: Desk) -> None:
    did = desk.run(api.resolve_handle(desk.person.handle))
    found = desk.run(api.did_document(did))
    assert (found.id, found.handle, found.pds_url) == (desk.person.did, desk.person.handle, desk.server.url)
    assert desk.run(api.describe_server()).did == desk.server.service_did


def test_each_generation_says_what_it_is_and_takes(desk: Desk) -> None:
    """Only the newer one names its release, its limit for files, and a handle that nobody has."""
    is_old = desk.server.release == Release.V0_4
    health = desk.run(api.call("GET", "_health", session=False)).body
    assert getattr(health, "version", "") == ("" if is_old else "0.5.35")
    assert desk.run(api.describe_server()).blob_upload_limit == (None if is_old else 64 * 1024 * 1024)
    nobody = refused(desk, api.resolve_handle("nobody-here.test"))
    assert nobody == (("refused", FaultClass.INVALID) if is_old else ("handle-unknown", FaultClass.GONE))


# Records.


def test_a_record_written_twice_is_there_once(desk: Desk) -> None:
    did = desk.person.did
    first = desk.run(api.put_record(did, POST, key(), post(), swap_record=None))
    again = desk.run(api.put_record(did, POST, key(), post(), swap_record=None))
    assert first.cid == again.cid == of_record(post())
    assert (first.validation_status, first.commit is None, again.commit) == ("valid", False, None)
    assert AtUri.parse(first.uri) == AtUri(did, POST, key())


def test_what_stands_there_is_not_overwritten_unawares(desk: Desk) -> None:
    did = desk.person.did
    desk.run(api.put_record(did, POST, key(), post(), swap_record=None))
    other = api.put_record(did, POST, key(), post("Others."), swap_record=None)
    assert refused(desk, other) == ("record-changed", FaultClass.INVALID)
    edited = desk.run(api.put_record(did, POST, key(), post("Edited."), swap_record=of_record(post())))
    assert desk.run(api.get_record(did, POST, key())).cid == edited.cid


def test_a_record_made_without_a_key_is_another_one_each_time(desk: Desk) -> None:
    one, other = (desk.run(api.create_record(desk.person.did, POST, post())) for _ in range(2))
    assert (one.cid, one.uri != other.uri) == (other.cid, True)


def test_a_key_that_is_taken_looks_like_a_broken_server(desk: Desk) -> None:
    """Which is why nothing of ours is made in this way without looking afterwards."""
    desk.run(api.create_record(desk.person.did, POST, post(), rkey=key()))
    again = api.create_record(desk.person.did, POST, post(), rkey=key())
    assert refused(desk, again) == ("server-busy", FaultClass.TRANSIENT)


def test_a_record_that_is_not_there_is_gone_and_deleting_it_is_no_error(desk: Desk) -> None:
    did = desk.person.did
    desk.run(api.put_record(did, POST, key(), post()))
    assert desk.run(api.delete_record(did, POST, key())).commit is not None
    assert desk.run(api.delete_record(did, POST, key())).commit is None
    assert refused(desk, api.get_record(did, POST, key())) == ("record-gone", FaultClass.GONE)


def test_all_writes_of_a_call_or_none(desk: Desk) -> None:
    did = desk.person.did
    good = [api.Create(POST, key(number), post(str(number))) for number in range(2)]
    done = desk.run(api.apply_writes(did, good))
    assert done.cids == tuple(of_record(post(str(number))) for number in range(2))
    taken = [api.Create(POST, key(2), post("2")), good[0]]
    assert refused(desk, api.apply_writes(did, taken))[0] == "server-busy"
    assert refused(desk, api.get_record(did, POST, key(2)))[0] == "record-gone"
    changed: list[api.Write] = [api.Update(POST, key(0), post("new")), api.Delete(POST, key(1))]
    assert desk.run(api.apply_writes(did, changed)).cids == (of_record(post("new")), None)


def test_a_list_is_read_to_its_end_newest_first(desk: Desk) -> None:
    did = desk.person.did
    desk.run(api.apply_writes(did, [api.Create(POST, key(n), post(str(n))) for n in range(5)]))
    pages = Pages(lambda cursor: api.list_records(did, POST, limit=2, cursor=cursor))
    texts = []
    while pages.more:
        texts += [each.value["text"] for each in desk.run(pages.read()).data]
    assert texts == ["4", "3", "2", "1", "0"]
    assert desk.run(api.list_records(did, POST, limit=1, reverse=True)).data[0].value["text"] == "0"
    assert desk.run(api.describe_repo(desk.person.handle)).collections == (POST,)
    assert desk.run(api.list_follows(did)).data == desk.run(api.list_blocks(did)).data == ()


def test_what_a_record_may_not_say_is_refused_with_its_place(desk: Desk) -> None:
    with pytest.raises(ApiError) as caught:
        desk.run(api.put_record(desk.person.did, POST, key(), post("x" * 301)))
    assert caught.value.fault.row == "refused"
    assert "$.record.text" in caught.value.fault.problem


def test_another_account_is_not_ours_to_write(desk: Desk) -> None:
    assert refused(desk, api.put_record(NOBODY, POST, key(), post()))[1] is FaultClass.UNAUTHORIZED


# Files, and what people see.


def test_a_file_is_sent_and_a_record_refers_to_it(desk: Desk) -> None:
    digest = MediaDigest(hashlib.sha256(PICTURE.read_bytes()).hexdigest())
    desk.media = {digest: PICTURE}
    streamed = desk.run(api.upload_blob(FilePart(digest, "image/png")))
    at_hand = desk.run(api.upload_blob(BytesBody(PICTURE.read_bytes(), "image/jpeg")))
    assert streamed.value == at_hand.value
    assert (streamed.mime_type, streamed.size_bytes) == ("image/png", PICTURE.stat().st_size)
    embed: Json = {
        "$type": "app.bsky.embed.images",
        "images": [{"image": streamed.value, "alt": "A gate."}],
    }
    record = {**post(), "embed": embed}
    assert desk.run(api.put_record(desk.person.did, POST, key(), record)).cid == of_record(record)


def test_a_file_that_was_never_sent_is_asked_for(desk: Desk) -> None:
    blob: Json = {
        "$type": "blob",
        "ref": {"$link": "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"},
        "mimeType": "image/png",
        "size": 11,
    }
    embed: Json = {"$type": "app.bsky.embed.images", "images": [{"image": blob, "alt": ""}]}
    record = {**post(), "embed": embed}
    assert refused(desk, api.put_record(desk.person.did, POST, key(), record)) == (
        "blob-not-there",
        FaultClass.NOT_READY,
    )


def test_a_server_without_an_app_view_says_so(desk: Desk) -> None:
    with pytest.raises(ApiError, match="No service configured"):
        desk.run(api.get_posts(["at://did:plc:x/app.bsky.feed.post/1"]))


def test_any_method_is_called_by_its_name(desk: Desk) -> None:
    answer = desk.run(api.call("GET", "com.atproto.server.getSession"))
    assert (answer.body.did, answer.exchange.status) == (desk.person.did, 200)
    made = desk.run(
        api.call(
            "POST",
            "com.atproto.repo.createRecord",
            data={"repo": desk.person.did, "collection": POST, "record": post()},
        )
    )
    listed = desk.run(
        api.call(
            "GET",
            "com.atproto.repo.listRecords",
            {"repo": desk.person.did, "collection": POST, "limit": 1, "reverse": True},
            session=False,
        )
    )
    assert [each.uri for each in listed.body.records] == [made.body.uri]
