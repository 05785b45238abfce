"""A sandbox's folder: what is written before an answer, and what a kill at any byte leaves."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from threadsync.sandbox import datafolder
from threadsync.sandbox.engine import Engine
from threadsync.sandbox.problems import DataInUse, DataUnusable, DataUnwritable
from threadsync.sandbox.settings import SandboxSettings, parse_fault
from threadsync.sandbox.threads import (
    AddPlace,
    App,
    FetchedMedia,
    MediaKind,
    Place,
    PostAs,
    Profile,
    Read,
    Request,
    Subscribe,
    Switches,
)

NOON = 1_790_000_000.0
PICTURE = FetchedMedia(MediaKind.IMAGE, "PNG", 1000, "a.png", 640, 480)


@pytest.fixture
def settings(tmp_path):
    return SandboxSettings(data=tmp_path / "data", seed=1, clock=lambda: NOON)


def call(engine, method, path, token="sandbox-lift_report", fetched=None, **params):
    return engine.call(Request.of(method, path, params, token=token), fetched or {})


def post(engine, text="x"):
    container = call(engine, "POST", "/me/threads", media_type="TEXT", text=text).body["id"]
    return call(engine, "POST", "/me/threads_publish", creation_id=container).body["id"]


def abandon(engine):
    """Let go of the folder as a killed process does: nothing is folded."""
    engine._release()


def ids(engine):
    return [row["id"] for row in call(engine, "GET", "/me/threads").body["data"]]


def test_what_was_answered_is_there_after_a_kill(settings):
    """Posts, pictures, quotas and the number of the next id go on."""
    engine = Engine(settings)
    first = post(engine)
    picture = {"u": PICTURE}
    container = call(engine, "POST", "/me/threads", fetched=picture, media_type="IMAGE", image_url="u").body[
        "id"
    ]
    abandon(engine)
    again = Engine(settings)
    again.advance(1)
    second = call(again, "POST", "/me/threads_publish", creation_id=container).body["id"]
    assert ids(again) == [second, first]
    assert call(again, "GET", "/me/threads_publishing_limit").body == {"data": [{"quota_usage": 2}]}
    again.close()


def test_a_kill_at_any_byte_leaves_a_state_of_some_moment(settings):
    """Cut the journal anywhere: it opens, with whole changes only, oldest first."""
    engine = Engine(settings)
    made = [post(engine, f"{n}") for n in range(3)]
    abandon(engine)
    journal = next(settings.data.glob("journal-*.jsonl"))
    snapshot, whole = (settings.data / "network.json").read_bytes(), journal.read_bytes()
    for size in range(0, len(whole), 97):
        for path in settings.data.glob("journal-*.jsonl"):
            path.unlink()
        (settings.data / "network.json").write_bytes(snapshot)
        journal.write_bytes(whole[:size])
        again = Engine(settings)
        found = ids(again)[::-1]
        assert found == made[: len(found)]
        again.close()


def test_an_append_does_not_rewrite_what_is_there(settings, monkeypatch):
    """The snapshot is written again only when the journal has outgrown it."""
    engine = Engine(settings)
    folds = []
    fold = datafolder.DataFolder.fold
    monkeypatch.setattr(
        datafolder.DataFolder, "fold", lambda self, snapshot: (folds.append(1), fold(self, snapshot))
    )
    for n in range(200):
        post(engine, f"{n}")
    assert folds == []
    monkeypatch.setattr(datafolder, "FOLD_BYTES_MIN", 1)
    post(engine)
    assert folds == [1]
    engine.close()
    again = Engine(settings)
    assert len(again.ledger()["posts"]) == 201
    again.close()


def test_reads_are_not_written_down(settings):
    """Only what changes the state is in the journal."""
    engine = Engine(settings)
    journal = next(settings.data.glob("journal-*.jsonl"))
    for _ in range(5):
        ids(engine)
    assert journal.read_bytes() == b""
    engine.command(_armed("list:throttled"))
    size = len(journal.read_bytes())
    call(engine, "GET", "/me/threads")
    assert len(journal.read_bytes()) > size, "a fault that fired is a change"
    engine.close()


def _armed(text):
    from threadsync.sandbox.threads import Arm

    return Arm((parse_fault(text),))


def test_the_origin_is_kept(settings, tmp_path):
    """A name drawn by lot, or given, is that of the data from then on."""
    unnamed = replace(settings, seed=None)
    engine = Engine(unnamed)
    origin = engine.origin
    engine.close()
    again = Engine(unnamed)
    assert again.origin == origin
    again.close()
    with pytest.raises(DataUnusable, match="this is the data of"):
        Engine(replace(unnamed, name="other"))
    with pytest.raises(DataUnusable, match="made from the seed"):
        Engine(replace(unnamed, seed=-1))


def test_settings_of_a_later_start(settings):
    """New profiles are added, old ones keep their posts; switches and faults win over the data's."""
    engine = Engine(settings)
    kept = post(engine)
    engine.advance(60)
    engine.command(_armed("list:throttled"))
    engine.close()
    later = replace(
        settings,
        profiles=(*settings.profiles, Profile("quay", token="q")),
        switches=Switches(posts_quota=1),
        faults=(parse_fault("profile:slow:1:2"),),
    )
    again = Engine(later)
    assert ids(again) == [kept]
    assert call(again, "GET", "/me", token="q", fields="username").body["username"] == "quay"
    assert again.look(lambda state, now: (state.switches.posts_quota, now, len(state.armed))) == (
        1,
        NOON + 60,
        1,
    )
    again.close()


def test_one_sandbox_at_a_time(settings):
    """The folder is locked while a sandbox runs, and free when it is gone."""
    engine = Engine(settings)
    with pytest.raises(DataInUse, match="another sandbox runs"):
        Engine(settings)
    engine.close()
    Engine(settings).close()


def test_a_folder_that_cannot_be_made_is_named(settings, tmp_path):
    """One message, and no traceback."""
    (tmp_path / "file").write_text("")
    with pytest.raises(DataUnwritable, match="nothing can be kept here: Not a directory"):
        Engine(replace(settings, data=tmp_path / "file" / "data"))


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"{", "no snapshot"), (b"[]", "format version"), (b'{"format_version": 99}', "format version")],
)
def test_damaged_data_is_named(settings, content, says):
    """And the folder is free again for whoever repairs it."""
    settings.data.mkdir()
    (settings.data / "network.json").write_bytes(content)
    for _ in range(2):
        with pytest.raises(DataUnusable, match=says):
            Engine(settings)


def test_a_damaged_line_of_the_journal_is_named(settings):
    """A line that ends and cannot be read was acknowledged once: nothing is guessed."""
    engine = Engine(settings)
    post(engine)
    abandon(engine)
    journal = next(settings.data.glob("journal-*.jsonl"))
    journal.write_bytes(b"{\n" + journal.read_bytes())
    with pytest.raises(DataUnusable, match="line 1 is damaged"):
        Engine(settings)


def test_no_token_is_on_disk(settings):
    """The folder holds digests only."""
    engine = Engine(replace(settings, profiles=(Profile("bird", token="canary-7"),)))
    call(engine, "POST", "/me/threads", token="canary-7", media_type="TEXT", text="x")
    engine.close()
    written = b"".join(path.read_bytes() for path in settings.data.rglob("*") if path.is_file())
    assert b"canary" not in written
    assert json.loads((settings.data / "network.json").read_bytes())["format_version"] == 1


def test_what_others_do_is_there_after_a_kill(settings):
    """Posts by hand, readers, places and what was sent; the app is that of the settings."""
    chosen = replace(settings, app=App(secret="canary-8"), switches=Switches(advanced_access=True))
    engine = Engine(chosen)
    engine.command(Subscribe(("publish",)))
    made = engine.command(PostAs("harbour_desk", {"text": "by hand"}))
    engine.command(Read(post_id=made, likes=2))
    engine.command(AddPlace(Place("7", "Hafen")))
    engine.set_app(App(secret="canary-9", redirect_uris=("https://a.org/",)))
    sent = engine.deliveries()
    abandon(engine)
    again = Engine(chosen)
    assert [row["id"] for row in again.ledger()["posts"]] == [made]
    (notification,) = again.deliveries()
    assert notification.body == sent[0].body
    assert notification.headers != sent[0].headers, "they are signed with different secrets"
    assert again.app.secret == "canary-8"
    insights = call(again, "GET", f"/{made}/insights", token="sandbox-harbour_desk", metric="likes")
    assert insights.body["data"][0]["values"] == [{"value": 2}]
    assert again.look(lambda state, now: "7" in state.places)
    again.close()
    written = b"".join(path.read_bytes() for path in settings.data.rglob("*") if path.is_file())
    assert b"canary" not in written


def test_a_deferred_act_happens_even_if_only_the_page_is_looked_at(settings):
    """acts-late survives a kill, and comes due whoever looks."""
    engine = Engine(settings)
    container = call(engine, "POST", "/me/threads", media_type="TEXT", text="late").body["id"]
    engine.command(_armed("publish:acts-late:1:60"))
    call(engine, "POST", "/me/threads_publish", creation_id=container)
    abandon(engine)
    again = Engine(replace(settings, clock=lambda: NOON + 60))
    assert [row["text"] for row in again.ledger()["posts"]] == ["late"]
    again.close()
