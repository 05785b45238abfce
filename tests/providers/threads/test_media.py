"""Pictures and videos on their way to Threads: what is asked for, waited for, and found again."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.providers.threads.talk import ADDRESS, START, Post, Talk, ok
from threadsync.flows.effects import Request, Response
from threadsync.model.diagnostic import Location
from threadsync.model.facts import ObservedPost
from threadsync.model.fault import FaultClass
from threadsync.model.ids import ContentDigest, MediaDigest, RemoteId
from threadsync.model.journal import Rendered
from threadsync.model.post import Media, MediaFacts, Rendition, Segment
from threadsync.providers.base import Applied, Refused
from threadsync.providers.threads import convert

PICTURE = MediaFacts(MediaDigest("p"), 9, "image", "PNG", 4032, 3024)
SMALLER = MediaFacts(MediaDigest("r"), 5, "image", "JPEG", 1440, 1080)
FILM = MediaFacts(MediaDigest("v"), 9, "video", "MP4", 1080, 1920)


def media(facts: MediaFacts, rendition: MediaFacts | None = None) -> Media:
    instead = Rendition("r.jpg", rendition) if rendition is not None else None
    return Media("posts/a", facts, "alt", Location("posts/a.md"), instead)


def rendered(*items: Media) -> Rendered:
    return convert.rendered(Segment("t", (), items, digest=ContentDigest("d")), 0, "t", {})


def post(media_type: str, children: int = 0) -> Post:
    return Post("m9", "t", START, media_type, None, children)


# What is asked for.


def test_one_video_is_a_post_of_its_own_kind() -> None:
    talk = Talk()
    assert talk.run("watch", media=("v",), types=("VIDEO",)) == Applied()
    assert talk.containers["c1"] == {
        "media_type": "VIDEO",
        "text": "watch",
        "video_url": "http://127.0.0.1/v",
        "alt_text": "alt",
    }


def test_a_carousel_holds_pictures_and_videos_in_their_order() -> None:
    talk = Talk()
    types = ("IMAGE", "VIDEO", "IMAGE")
    assert talk.run("both", media=("x", "v", "y"), types=types) == Applied()
    children = [talk.containers[f"c{number}"] for number in (1, 2, 3)]
    assert [child["media_type"] for child in children] == list(types)
    assert [child.get("video_url") for child in children] == [None, "http://127.0.0.1/v", None]
    assert [child.get("image_url") is None for child in children] == [False, True, False]
    assert talk.containers["c4"]["children"] == "c1,c2,c3"


def test_what_was_put_on_record_before_there_were_videos_is_pictures() -> None:
    talk = Talk()
    assert talk.run("look", media=("x",)) == Applied()
    assert talk.containers["c1"]["media_type"] == "IMAGE"


def test_a_video_is_waited_for_as_long_as_threads_says_it_takes() -> None:
    """Up to five minutes, asking ever more seldom (docs/threads/troubleshooting)."""
    talk = Talk()
    talk.status["c1"] = ["IN_PROGRESS"] * 20 + ["FINISHED"]
    assert talk.run("watch", media=("v",), types=("VIDEO",)) == Applied()
    waits = [seconds for seconds, why in talk.waited if "process" in why]
    assert len(waits) == 21
    assert 240 < sum(waits) < 320


def test_a_video_that_takes_longer_is_gone_on_with_by_the_next_run() -> None:
    talk = Talk()
    talk.status["c1"] = ["IN_PROGRESS"] * 30 + ["FINISHED"]
    result = talk.run("watch", media=("v",), types=("VIDEO",))
    assert isinstance(result, Refused)
    assert (result.fault.kind, result.fault.row) == (FaultClass.TRANSIENT, "container-in-progress")
    assert talk.run("watch", media=("v",), types=("VIDEO",)) == Applied()
    assert list(talk.containers) == ["c1"]


@pytest.mark.parametrize("message", ["INVALID_FRAME_RATE", "FAILED_PROCESSING_AUDIO"])
def test_why_threads_did_not_take_a_video_is_told(message: str) -> None:
    talk = Talk()

    def refused(request: Request) -> Response | None:
        is_status = request.method == "GET" and request.path.endswith("/c1")
        return ok({"id": "c1", "status": "ERROR", "error_message": message}, talk.now) if is_status else None

    talk.override = refused
    result = talk.run("watch", media=("v",), types=("VIDEO",))
    assert isinstance(result, Refused)
    assert (result.fault.kind, message in result.fault.problem) == (FaultClass.MEDIA, True)


# What is put on record.


def test_what_goes_out_is_the_rendition_and_the_content_s_digest_is_not_its() -> None:
    what = rendered(media(PICTURE, SMALLER), media(FILM))
    assert what.media == ("r", "v")
    assert what.options == {"media_types": ["IMAGE", "VIDEO"]}
    assert media(PICTURE, SMALLER).digest == "p"


def test_a_text_says_nothing_of_media() -> None:
    assert rendered().options == {}


# What is found again.


@pytest.mark.parametrize(
    ("items", "media_type", "children", "found"),
    [
        ((), "text", 0, True),
        ((FILM,), "video", 0, True),
        ((FILM,), "image", 0, False),
        ((PICTURE,), "image", 0, True),
        ((PICTURE,), "video", 0, False),
        ((PICTURE, FILM), "carousel", 2, True),
        ((PICTURE, FILM), "carousel", 3, False),
        ((PICTURE, FILM), "video", 0, False),
    ],
)
def test_a_post_is_ours_only_if_it_is_of_our_kind(
    items: tuple[MediaFacts, ...], media_type: str, children: int, found: bool
) -> None:
    what = rendered(*map(media, items))
    seen = ObservedPost(RemoteId("m"), media_type, "t", START, "", None, children)
    assert convert.matches(what, None, seen) is found


def test_a_receipt_does_not_say_picture_or_video_so_either_may_be_it() -> None:
    what = replace(rendered(media(FILM)), options={})
    kinds = {"text": False, "image": True, "video": True, "carousel": False}
    for kind, found in kinds.items():
        seen = ObservedPost(RemoteId("m"), kind, "t", START, "", None, 0)
        assert convert.matches(what, None, seen) is found


def test_a_doubtful_video_is_settled_by_the_post_that_is_a_video() -> None:
    talk = Talk()
    talk.on_publish = [talk.published_but_lost]
    talk.posts["m9"] = post("IMAGE")
    assert talk.run("t", media=("v",), types=("VIDEO",)) == Applied()
    (segment,) = talk.ledger.bindings[ADDRESS].segments
    assert talk.posts[segment.remote_id].media_type == "VIDEO"
