"""Pictures and films as the network takes them: docs/threads/overview, .../posts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from threadsync.sandbox.fetching import Shelf
from threadsync.sandbox.threads import FetchedMedia, MediaKind

DOWNLOAD_FAILED = (400, 1, 2207052)


def test_a_picture_is_published_with_its_own_address(net):
    """media_url is the network's own copy, not the address it was fetched from."""
    net.switch(image_delay_seconds=0.0)
    container = net.create(media_type="IMAGE", image_url=net.picture(), alt_text="A map", text="Map")
    media = net.publish(container).body["id"]
    shown = net.get(f"/{media}", fields="media_type,media_url,alt_text,text")
    assert shown == {
        "id": media,
        "media_type": "IMAGE",
        "media_url": "https://www.threads.com/media/0000.png",
        "alt_text": "A map",
        "text": "Map",
    }


def test_an_image_that_cannot_be_fetched_is_refused_at_create(net):
    """docs/threads/troubleshooting: 1/2207052, when the container is created."""
    assert net.refused(media_type="IMAGE", image_url="https://nowhere.example/a.png") == DOWNLOAD_FAILED


@pytest.mark.parametrize(
    "bad",
    [
        {"format": "GIF"},
        {"format": "WEBP"},
        {"kind": MediaKind.OTHER, "format": "UNKNOWN"},
        {"bytes_size": 8 * 1024 * 1024 + 1},
    ],
    ids=["gif", "webp", "no-picture", "over-8-MB"],
)
def test_only_jpeg_and_png_up_to_8_mb(net, bad):
    """docs/threads/overview: JPEG and PNG, 8 MB. The refusal is INVENTED (image-refusals)."""
    assert net.refused(media_type="IMAGE", image_url=net.picture(**bad)) == DOWNLOAD_FAILED


def test_webp_is_taken_when_the_switch_says_so(net):
    """WebP is accepted in practice by some reports: a switch."""
    net.switch(webp_accepted=True)
    container = net.create(media_type="IMAGE", image_url=net.picture(format="WEBP"))
    net.now += 1
    media = net.publish(container).body["id"]
    assert net.get(f"/{media}", fields="media_type,media_url") == {
        "id": media,
        "media_type": "IMAGE",
        "media_url": "https://www.threads.com/media/0000.png",
    }


def test_a_strip_ends_as_error_with_the_documented_spelling(net, fault):
    """docs/threads/troubleshooting: INVALID_ASPEC_RATIO (so spelt); HTTP 200 for an ERROR status."""
    container = net.create(media_type="IMAGE", image_url=net.picture(width=3001, height=300))
    assert net.status(container) == "IN_PROGRESS"
    net.now += 1
    shown = net.get(f"/{container}", fields="id,status,error_message")
    assert shown == {"id": container, "status": "ERROR", "error_message": "INVALID_ASPEC_RATIO"}
    assert fault(net.publish(container)) == (400, 24, 4279009)
    net.now += 90_000
    assert net.status(container) == "ERROR", "an error is final"


def test_ten_to_one_is_allowed(net):
    """docs/threads/overview: at most 10:1."""
    container = net.create(media_type="IMAGE", image_url=net.picture(width=3000, height=300))
    net.now += 1
    assert net.status(container) == "FINISHED"


@pytest.mark.parametrize(("width", "shown"), [(100, 320), (800, 800), (4000, 1440)])
def test_the_width_is_scaled_into_its_range(net, width, shown):
    """docs/threads/overview: 320 to 1440 pixels, scaled, never refused."""
    container = net.create(media_type="IMAGE", image_url=net.picture(width=width, height=width))
    content = net.state.containers[container].content
    assert (content.media_width, content.media_height) == (shown, shown)


def test_a_video_that_cannot_be_fetched_ends_as_error(net):
    """docs/threads/troubleshooting: FAILED_DOWNLOADING_VIDEO is found in the container, not at create."""
    container = net.create(media_type="VIDEO", video_url="https://nowhere.example/a.mp4")
    net.now += 1
    assert net.get(f"/{container}", fields="status,error_message") == {
        "id": container,
        "status": "ERROR",
        "error_message": "FAILED_DOWNLOADING_VIDEO",
    }


def test_a_picture_is_no_video(net):
    """A file of the wrong kind fails in processing."""
    container = net.create(media_type="VIDEO", video_url=net.picture())
    net.now += 1
    assert net.get(f"/{container}", fields="error_message")["error_message"] == "FAILED_PROCESSING_VIDEO"


@pytest.mark.parametrize(("poster", "shown"), [("a.jpg", "/media/a.jpg"), ("", "/media/a.mp4")])
def test_a_video_is_published_with_a_thumbnail(net, poster, shown):
    """docs/threads/reference/media-retrieval: for videos. INVENTED (video-thumbnail): what it is."""
    net.media["https://h/a.mp4"] = FetchedMedia(MediaKind.VIDEO, "MP4", 1000, "a.mp4", poster_name=poster)
    container = net.create(media_type="VIDEO", video_url="https://h/a.mp4")
    net.now += 1
    media = net.publish(container).body["id"]
    found = net.get(f"/{media}", fields="media_type,thumbnail_url")
    assert found.keys() == {"id", "media_type", "thumbnail_url"}
    assert found["thumbnail_url"].endswith(shown)


def test_the_same_bytes_fetched_twice_at_once_are_kept_once(tmp_path: Path):
    """Two posts with one picture: their fetches run in threads of their own."""
    shelf = Shelf(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        names = set(pool.map(lambda _: shelf.put(b"the same", "jpg"), range(200)))
    assert len(names) == 1
    assert [path.name for path in tmp_path.iterdir()] == list(names)
