"""A project's pictures and link cards on a real server: what readers get, and what they never see."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from msgspec.structs import replace

from tests.execution.servers import Peer, Server, target_of
from tests.live.bluesky.account import ADDRESS, START, Account, segment
from tests.live.bluesky.desk import Desk
from tests.media.test_metadata import PLACE, exif
from tests.media.test_rendition import encoded, flag, noise
from tests.pds.launcher import Release
from threadsync.content.schemas import accepts
from threadsync.execution.seams import Unwatched
from threadsync.media.probe import probe
from threadsync.model.ids import Json, MediaDigest
from threadsync.model.journal import Begun, Job, Staged
from threadsync.model.post import MediaFacts
from threadsync.operations.applied import ApplyOptions
from threadsync.operations.apply import apply
from threadsync.operations.plan import Prepared, bound, plan
from threadsync.operations.workspace import Workspace, open_project
from threadsync.planning.actions import NoOp
from threadsync.planning.planfile import PlanOptions, SavedPlan
from threadsync.providers.base import Applied, Refused
from threadsync.providers.bluesky import api, tids
from threadsync.providers.bluesky.cids import of_blob
from threadsync.providers.bluesky.records import Materials, post_of
from threadsync.providers.bluesky.uris import POST
from threadsync.views.json import plan_json
from threadsync.views.markdown import plan_markdown
from threadsync.views.plan_text import plan_text

pytestmark = [
    pytest.mark.live,
    pytest.mark.pds(
        worlds=("server",), why="pictures are encoded here, and differ with the version of the library"
    ),
]

PAGE = b"""<title>x</title><meta property="og:title" content="12 lifts">
<meta property="og:description" content="Broken."><meta property="og:image" content="/map.jpg">"""


@pytest.fixture
def page() -> Iterator[Server]:
    def serve(peer: Peer) -> None:
        while request := peer.request():
            if "/map.jpg" in target_of(request):
                peer.answer(encoded(flag(300, 200), "JPEG", exif=exif()), "Content-Type: image/jpeg")
            else:
                peer.answer(PAGE, "Content-Type: text/html")

    with Server(serve) as server:
        yield server


def project(root: Path, desk: Desk, post: str, server: str = "pds-0.4") -> Workspace:
    (root / "posts").mkdir(exist_ok=True)
    (root / "secret").write_text(desk.person.password)
    (root / "threadsync.yaml").write_text(
        "version: 1\nid: 0000-pictures\nzone: Europe/Vienna\ntargets:\n  bluesky/brand:\n"
        f"    account: {desk.person.handle}\n    base_url: {desk.server.url}\n    server: {server}\n"
        "    credential: file:secret\n"
        "    bounds: {publish_doubt_seconds: 1, listing_lag_seconds: 1}\n"
    )
    (root / "posts/a.md").write_text(f"---\nkey: a\ntargets: [bluesky/brand]\n{post}")
    return open_project(root)


def told(prepared: Prepared) -> str:
    return plan_text(prepared, width=200, color=False)


def applied(workspace: Workspace, saved: SavedPlan | None = None) -> None:
    done = apply(
        workspace,
        ApplyOptions(yes=True, first_run=True, saved=saved),
        person=None,
        show=lambda _: None,
        watcher=Unwatched(),
    )
    assert done.report is not None, done.prepared.findings
    assert done.report.failure is None
    assert [each.became for each in done.report.actions] == ["applied"], done.report


def embeds(desk: Desk) -> list[Any]:
    page = desk.run(api.list_records(desk.person.did, POST, limit=100, reverse=True))
    return [each.value["embed"] for each in page.data]


def blob(desk: Desk, found: Json, path: Path) -> MediaFacts:
    """Return what the server gives out for a blob."""
    assert isinstance(found, dict)
    ref = found["ref"]
    assert isinstance(ref, dict)
    answer = requests.get(
        f"{desk.server.url}/xrpc/com.atproto.sync.getBlob",
        params={"did": desk.person.did, "cid": str(ref["$link"])},
        timeout=30,
    )
    assert PLACE not in answer.content
    path.write_bytes(answer.content)
    facts = probe(path)
    assert isinstance(facts, MediaFacts), facts
    return facts


def test_where_a_picture_was_taken_stays_at_home_and_it_stands_upright(tmp_path: Path, desk: Desk) -> None:
    """A server hands files on as they are, so the copy is ours, without ``fit`` too."""
    workspace = project(tmp_path, desk, "---\nThe map.\n\n![The map](map.jpg)\n")
    original = encoded(flag(300, 200), "JPEG", exif=exif(6))
    (tmp_path / "posts/map.jpg").write_bytes(original)
    assert PLACE in original
    shown = told(plan(workspace))
    assert "fitted: JPEG 200 × 300" in shown
    applied(workspace)
    (embed,) = embeds(desk)
    (picture,) = embed["images"]
    assert picture["aspectRatio"] == {"width": 200, "height": 300}
    found = blob(desk, picture["image"], tmp_path / "served")
    assert (found.width, found.height, found.has_metadata) == (200, 300, False)
    (only,) = plan(open_project(tmp_path)).plan.actions
    assert isinstance(only, NoOp), "the declared file is what the digest covers (law 11)"


def test_a_picture_too_heavy_for_the_server_is_shrunk_only_with_fit(tmp_path: Path, desk: Desk) -> None:
    text = "---\nThe map.\n\n![The map](map.png)\n"
    workspace = project(tmp_path, desk, text)
    (tmp_path / "posts/map.png").write_bytes(encoded(noise(800, 700), "PNG"))
    assert [each.rule for each in plan(workspace).findings] == ["bluesky/picture-bytes"]
    applied(project(tmp_path, desk, "fit: true\n" + text))
    (embed,) = embeds(desk)
    found = blob(desk, embed["images"][0]["image"], tmp_path / "served")
    assert found.size_bytes <= 1_000_000
    assert (found.width, found.height) == (800, 700)


def test_each_generation_of_servers_gets_what_it_takes(tmp_path: Path, desk: Desk) -> None:
    """Where it is of today, ten pictures are a gallery, and one of over a megabyte goes out as it is."""
    text = "---\nThe maps.\n\n" + "![A map](map.png)\n\n" * 10
    is_old = desk.server.release == Release.V0_4
    workspace = project(tmp_path, desk, text, "pds-0.4" if is_old else "current")
    (tmp_path / "posts/map.png").write_bytes(encoded(noise(800, 700), "PNG"))
    found = {each.rule for each in plan(workspace).findings}
    if is_old:
        assert found == {"bluesky/picture-bytes", "bluesky/too-many-pictures"}
        return
    assert not found
    applied(workspace)
    (embed,) = embeds(desk)
    assert (embed["$type"], len(embed["items"])) == ("app.bsky.embed.gallery", 10)
    for each in embed["items"]:
        assert (each["alt"], each["aspectRatio"]) == ("A map", {"width": 800, "height": 700})
    served = blob(desk, embed["items"][9]["image"], tmp_path / "served")
    assert 1_000_000 < served.size_bytes <= 2_000_000


def test_a_picture_that_the_server_refuses_is_explained(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "map.png").write_bytes(encoded(noise(1000, 800), "PNG"))
    facts = probe(tmp_path / "map.png")
    assert isinstance(facts, MediaFacts)
    desk.media = {facts.digest: tmp_path / "map.png"}
    done = Account(desk).publish(segment("The map.", media=(facts.digest,)))
    assert isinstance(done, Refused)
    is_old = desk.server.release == Release.V0_4
    assert f"maximum {1 if is_old else 2}000000" in done.fault.problem
    assert ("server: pds-0.4" in done.fault.remedy) is is_old
    assert "fit: true" in done.fault.remedy


def test_a_link_becomes_a_card_that_the_plan_shows_first(tmp_path: Path, desk: Desk, page: Server) -> None:
    url = f"{page.url}/lifts"
    workspace = project(tmp_path, desk, f"link: {url}\n---\nRead this.\n")
    assert page.requests == []
    assert f"link: {url}" in told(plan(workspace))
    assert page.requests == [], "an offline plan asks nobody"
    shown = plan(workspace, refresh=True)
    for text in (told(shown), plan_markdown(shown)):
        assert "card title: 12 lifts" in text
        assert "card description: Broken." in text
        assert "card picture: JPEG 300 × 200" in text
    said: Any = plan_json(shown)
    assert accepts("plan")(said)
    card = said["actions"][0]["segments"][0]["card"]
    assert (card["title"], card["picture"]["width"], card["problem"]) == ("12 lifts", 300, "")
    applied(workspace)
    (embed,) = embeds(desk)
    assert embed["$type"] == "app.bsky.embed.external"
    external = embed["external"]
    assert isinstance(external, dict)
    assert (external["uri"], external["title"], external["description"]) == (url, "12 lifts", "Broken.")
    assert not blob(desk, external["thumb"], tmp_path / "served").has_metadata
    (only,) = plan(open_project(tmp_path)).plan.actions
    assert isinstance(only, NoOp)


def test_a_page_that_is_not_there_leaves_a_card_of_the_address_and_a_warning(
    tmp_path: Path, desk: Desk
) -> None:
    with Server(lambda _: None) as nobody:
        url = f"{nobody.url}/lifts"
        workspace = project(tmp_path, desk, f"link: {url}\n---\nRead this.\n")
        shown = plan(workspace, refresh=True).plan
        (notice,) = shown.notices
        assert url in notice.problem
        applied(workspace)
    (embed,) = embeds(desk)
    assert embed["external"] == {"uri": url, "title": url, "description": ""}


def test_a_quote_can_have_a_card_beside_it(desk: Desk) -> None:
    card: Json = {"uri": "https://example.org/", "title": "t", "description": "d"}
    account = Account(desk)
    assert account.publish(segment("One.", card=card)) == Applied()
    (one,) = account.there()
    quoting = replace(
        segment("Two.", 1, card=card), quotes=account.ledger.bindings[ADDRESS].segments[0].remote_id
    )
    account.ledger.open.clear()
    assert account.publish(segment("One.", card=card), quoting) == Applied()
    external: Json = {"$type": "app.bsky.embed.external", "external": card}
    assert [each.value["embed"] for each in account.there()] == [
        external,
        {
            "$type": "app.bsky.embed.recordWithMedia",
            "record": {"$type": "app.bsky.embed.record", "record": {"uri": one.uri, "cid": one.cid}},
            "media": external,
        },
    ]


def test_a_record_whose_picture_is_gone_for_good_is_composed_anew_by_the_next_run(
    desk: Desk, tmp_path: Path
) -> None:
    """Files that nothing refers to are thrown away, and by then the page may have another picture."""
    (tmp_path / "new.png").write_bytes(encoded(flag(30, 20), "PNG"))
    facts = probe(tmp_path / "new.png")
    assert isinstance(facts, MediaFacts)
    desk.media = {facts.digest: tmp_path / "new.png"}
    old = MediaDigest("0" * 64)
    text: dict[str, Json] = {"uri": "https://example.org/", "title": "t", "description": "d"}
    wanted = segment("One.", card={**text, "thumb": facts.digest, "thumb_type": "image/png"})
    before = replace(wanted, options={"card": {**text, "thumb": old, "thumb_type": "image/png"}})
    gone: dict[str, Json] = {
        "$type": "blob",
        "ref": {"$link": of_blob(old)},
        "mimeType": "image/png",
        "size": 9,
    }
    rkey, at = tids.chosen("p", ADDRESS, 0, 0, START)
    record = post_of(before, rkey, at, Materials({}, {old: gone}))
    account = Account(desk)
    account.note(Begun(ADDRESS, Job("create", (before,)), START))
    staged = json.dumps([[record.collection, record.rkey, record.value]])
    account.note(Staged(ADDRESS, 0, before.digest, "records", staged, START))
    refused = account.publish(wanted)
    assert isinstance(refused, Refused)
    assert refused.fault.row == "blob-not-there"
    assert account.publish(wanted) == Applied()
    (one,) = account.there()
    embed: Any = one.value["embed"]
    assert embed["external"]["thumb"]["ref"]["$link"] == of_blob(facts.digest)


def test_a_saved_plan_is_carried_out_with_the_card_that_its_page_has_then(
    tmp_path: Path, desk: Desk, page: Server
) -> None:
    workspace = project(tmp_path, desk, f"link: {page.url}/lifts\n---\nRead this.\n")
    options = PlanOptions()
    offline = plan(workspace, options=options)
    saved = bound(workspace, offline.plan, offline.desired, offline.prior, options)
    applied(workspace, saved)
    (embed,) = embeds(desk)
    assert embed["external"]["title"] == "12 lifts"
