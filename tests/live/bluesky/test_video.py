"""Films on a real server: by a stand-in for the video service, which writes to it, and by plain files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.live.bluesky.account import ADDRESS, START, Account, Killed
from tests.live.bluesky.desk import Desk
from tests.live.bluesky.video_service import MP4, VideoService, video_service
from threadsync.flows.effects import NoResponse, Request
from threadsync.model.fault import FaultClass
from threadsync.model.ids import ContentDigest, Json, MediaDigest
from threadsync.model.journal import Rendered, Staged
from threadsync.providers.base import Applied, Refused
from threadsync.providers.bluesky.cids import of_blob
from threadsync.providers.bluesky.videos import FILM

pytestmark = [
    pytest.mark.live,
    pytest.mark.pds(
        worlds=("server",), why="the video service is a process of ours that asks the server too"
    ),
]

CONTENT = MP4 + b"\0\0\0\x10mdat12345678"
"""Enough of an MP4 file for a server that looks at what it is."""
WORDS = b"WEBVTT\n\n00:00.000 --> 00:01.000\nNine lifts.\n"


def digest_of(content: bytes) -> MediaDigest:
    return MediaDigest(hashlib.sha256(content).hexdigest())


FILM_FILE, CAPTIONS_FILE, GIF_FILE = map(digest_of, (CONTENT, WORDS, b"GIF89a"))


def film(*, kind: str = "video/mp4", media: MediaDigest = FILM_FILE, index: int = 0) -> Rendered:
    """Return a segment with a film as the provider renders it."""
    options: dict[str, Json] = {
        "sizes": [[1080, 1920]],
        "types": [kind],
        "bytes": [len(CONTENT)],
        "captions": [["en", CAPTIONS_FILE]],
    }
    return Rendered(index, ContentDigest(f"d{index}"), "A ride.", (media,), ("A lift.",), options)


@pytest.fixture
def service(desk: Desk) -> Iterator[VideoService]:
    with video_service(desk.server.url) as found:
        yield found


@pytest.fixture
def account(desk: Desk, service: VideoService, tmp_path: Path) -> Account:
    desk.video_url = service.url
    desk.media = {
        digest_of(content): tmp_path / digest_of(content) for content in (CONTENT, WORDS, b"GIF89a")
    }
    for content in (CONTENT, WORDS, b"GIF89a"):
        desk.media[digest_of(content)].write_bytes(content)
    return Account(desk)


def embed_of(account: Account) -> dict[str, Json]:
    (post,) = account.there()
    embed = post.value["embed"]
    assert isinstance(embed, dict)
    return embed


def refused(account: Account) -> Refused:
    done = account.publish(film())
    assert isinstance(done, Refused), done
    assert account.there() == []
    return done


@pytest.mark.parametrize("wrapped", [True, False], ids=["as documented", "as seen"])
def test_a_film_is_what_the_service_made_of_it(
    account: Account, service: VideoService, *, wrapped: bool
) -> None:
    service.wrapped = wrapped
    assert account.publish(film()) == Applied()
    processed = MP4 + CONTENT
    assert embed_of(account) == {
        "$type": "app.bsky.embed.video",
        "video": {
            "$type": "blob",
            "ref": {"$link": of_blob(digest_of(processed))},
            "mimeType": "video/mp4",
            "size": len(processed),
        },
        "captions": [
            {
                "lang": "en",
                "file": {
                    "$type": "blob",
                    "ref": {"$link": of_blob(CAPTIONS_FILE)},
                    "mimeType": "text/vtt",
                    "size": len(WORDS),
                },
            }
        ],
        "alt": "A lift.",
        "aspectRatio": {"width": 1080, "height": 1920},
    }
    assert service.received == 1


def test_the_token_is_for_the_server_of_the_account_and_for_half_an_hour(
    account: Account, service: VideoService
) -> None:
    account.publish(film())
    limits, upload = service.claims
    assert (limits["aud"], limits["lxm"]) == ("did:web:video.bsky.app", "app.bsky.video.getUploadLimits")
    assert (upload["aud"], upload["lxm"]) == (account.desk.server.service_did, "com.atproto.repo.uploadBlob")
    assert upload["iss"] == account.desk.person.did
    assert upload["exp"] - limits["iat"] == pytest.approx(1800, abs=10)


@pytest.mark.parametrize("errs", [True, False], ids=["an error with the file", "a job"])
def test_a_film_that_the_service_knows_is_taken_as_it_is(
    account: Account, service: VideoService, *, errs: bool
) -> None:
    account.publish(film())
    service.errs_when_done = errs
    again = Account(account.desk, now=START + timedelta(hours=1))
    assert again.publish(film()) == Applied()
    assert (service.made, len(again.there())) == (1, 2)


def test_a_film_that_the_service_knows_and_the_server_dropped_is_told(
    account: Account, service: VideoService
) -> None:
    """A server keeps no file that nothing refers to; that the service does not send it again is invented."""
    account.publish(film())
    account.delete()
    fault = refused(Account(account.desk)).fault
    assert fault.row == "blob-not-there"
    assert "video: blob" in fault.remedy


def test_a_server_without_the_service_gets_the_file_itself(account: Account, service: VideoService) -> None:
    account.settings = {"video": "blob"}
    assert account.publish(film()) == Applied()
    assert embed_of(account)["video"] == {
        "$type": "blob",
        "ref": {"$link": of_blob(FILM_FILE)},
        "mimeType": "video/mp4",
        "size": len(CONTENT),
    }
    assert (service.received, service.claims) == (0, [])


def test_a_gif_becomes_a_film_that_is_shown_like_one(account: Account) -> None:
    account.publish(film(kind="image/gif", media=GIF_FILE))
    embed = embed_of(account)
    assert (embed["$type"], embed["presentation"]) == ("app.bsky.embed.video", "gif")


@pytest.mark.parametrize("way", ["service", "blob"])
@pytest.mark.parametrize("half", [0.0, 0.5], ids=["before", "after"])
def test_a_process_may_die_at_any_effect_of_a_film(
    account: Account, service: VideoService, way: str, half: float
) -> None:
    """The post is there once, and a film whose job is on record is never sent again."""
    desk, settings = account.desk, {"video": way}
    account.settings = settings
    account.publish(film())
    count = account.effects
    account.delete()
    jobs_on_record = 0
    for moment in range(1, count + 1):
        service.forget()
        mortal = Account(desk, die_at=moment + half, settings=settings)
        with pytest.raises(Killed):
            mortal.publish(film())
        mortal.die_at = None
        unfinished = mortal.ledger.open.get(ADDRESS)
        notes = unfinished.notes if unfinished is not None else ()
        had_job = any(isinstance(each, Staged) and each.name.startswith(FILM) for each in notes)
        jobs_on_record += had_job
        received = service.received
        if ADDRESS not in mortal.ledger.bindings:
            assert mortal.publish(film()) == Applied(), moment
        assert [each.uri for each in mortal.there()] == [
            each.remote_id for each in mortal.ledger.bindings[ADDRESS].segments
        ]
        again = service.received - received
        assert again == 0 if had_job or way == "blob" else again <= 1, moment
        mortal.delete()
    assert bool(jobs_on_record) == (way == "service")


def test_an_upload_whose_answer_is_lost_is_sent_again_and_made_once(
    account: Account, service: VideoService
) -> None:
    lost = iter([NoResponse("connection reset", sent=True)])

    def trouble(request: Request) -> NoResponse | None:
        return next(lost, None) if request.path.endswith("uploadVideo") else None

    account.trouble = trouble
    assert account.publish(film()) == Applied()
    assert (service.received, service.made) == (2, 1)


def test_a_job_that_the_service_lost_is_begun_anew(account: Account, service: VideoService) -> None:
    account.publish(film())
    account.delete()
    service.forget()
    dead = Account(account.desk, trouble=_unreachable("getJobStatus"))
    assert isinstance(dead.publish(film()), Refused)
    assert any(
        note.name.startswith(FILM) for note in dead.ledger.open[ADDRESS].notes if isinstance(note, Staged)
    )
    service.forget()
    dead.trouble = lambda _: None
    assert dead.publish(film()) == Applied()
    assert service.received == 1


def _unreachable(method: str) -> Callable[[Request], NoResponse | None]:
    def trouble(request: Request) -> NoResponse | None:
        return NoResponse("connection refused", sent=False) if request.path.endswith(method) else None

    return trouble


@pytest.mark.parametrize(
    ("code", "row", "times"),
    [
        ("validation_failure", "film-refused", 1),
        ("encoding_failure", "film-refused", 1),
        ("pds_upload_unsupported_blob_size", "film-too-large", 1),
        ("pds_upload_failure", "film-failed", 3),
        ("generic_failure", "film-failed", 3),
        ("one_of_tomorrow", "film-failed", 3),
        ("", "film-failed", 3),
    ],
)
def test_why_a_film_failed_is_told_and_only_what_may_help_is_tried(
    account: Account, service: VideoService, code: str, row: str, times: int
) -> None:
    service.failures = [code] * 3
    fault = refused(account).fault
    assert fault.row == row
    assert code in fault.problem
    assert "Failed to process video" in fault.problem
    assert service.received == times


def test_a_film_that_failed_once_goes_out(account: Account, service: VideoService) -> None:
    service.failures = ["pds_upload_failure"]
    assert account.publish(film()) == Applied()
    assert service.received == 2


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"canUpload": False, "message": "Too many"}, "Too many"),
        ({"canUpload": True, "remainingDailyVideos": 0}, "1 films to send, and the account may send 0"),
        ({"canUpload": True, "remainingDailyBytes": 10}, "10 more today"),
    ],
)
def test_what_the_account_may_send_is_read_before_it_is_sent(
    account: Account, service: VideoService, limits: dict[str, Json], said: str
) -> None:
    service.limits = limits
    fault = refused(account).fault
    assert (fault.kind, service.received) == (FaultClass.QUOTA, 0)
    assert said in fault.problem


def test_the_films_of_a_chain_are_counted_together_and_made_side_by_side(
    account: Account, service: VideoService
) -> None:
    chain = (film(), film(index=1, kind="image/gif", media=GIF_FILE))
    service.limits = {"canUpload": True, "remainingDailyVideos": 1}
    done = account.publish(*chain)
    assert isinstance(done, Refused)
    assert "2 films to send, and the account may send 1" in done.fault.problem
    service.limits = {"canUpload": True, "remainingDailyVideos": 2}
    again = Account(account.desk)
    assert again.publish(*chain) == Applied()
    assert (len(again.there()), service.received) == (2, 2)


def test_an_address_that_is_not_confirmed_is_told(account: Account, service: VideoService) -> None:
    service.confirmed = False
    fault = refused(account).fault
    assert (fault.kind, fault.row) == (FaultClass.QUOTA, "daily-video-limit")
    assert "unconfirmed_email" in fault.problem


def test_a_film_is_waited_for_within_the_bound(account: Account, service: VideoService) -> None:
    service.looks = 1_000_000
    began = account.now
    fault = refused(account).fault
    assert fault.row == "film-in-progress"
    assert 300 <= (account.now - began).total_seconds() < 330
