"""The model is a function: same calls, same bytes; a state written down goes on where it stopped."""

from __future__ import annotations

import cProfile
import json
import pstats
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from threadsync.sandbox.settings import parse_fault
from threadsync.sandbox.threads import (
    About,
    AddPlace,
    App,
    Arm,
    Disarm,
    ExpireToken,
    FetchedMedia,
    MediaKind,
    MoveClock,
    Place,
    PostAs,
    Profile,
    Read,
    Request,
    Reset,
    SetSwitches,
    Subscribe,
    Switches,
    Tick,
    TokenDigest,
    Vote,
    add_profile,
    apply,
    handle,
    ledger,
    new_state,
    set_app,
    state_from_json,
    state_to_json,
)
from threadsync.sandbox.threads.commands import command_from_json, command_to_json

START = 1_790_000_000.0
PICTURE = FetchedMedia(MediaKind.IMAGE, "PNG", 1000, "a.png", 640, 480)

STEPS = st.lists(
    st.sampled_from(
        [
            "text",
            "image",
            "publish",
            "reply",
            "delete",
            "repost",
            "list",
            "status",
            "wait",
            "fault",
            "carousel",
            "others",
            "search",
            "authorize",
            "token",
        ]
    ),
    max_size=40,
)


class Run:
    """Makes the calls that a list of words stands for, and keeps all answers."""

    def __init__(self, state=None):
        self.state = state or new_state([Profile("a"), Profile("b")], seed=3, now=START)
        self.now = START
        self.containers, self.media, self.answers, self.code, self.token = [], [], [], "", ""
        apply(self.state, SetSwitches(replace(Switches(), advanced_access=True)), START)
        apply(self.state, Subscribe(("publish", "replies", "mentions", "delete")), START)

    def call(self, method, path, who="a", **params):
        request = Request.of(method, path, params, token=f"sandbox-{who}")
        answer = handle(self.state, request, self.now, lambda url: PICTURE)
        self.answers.append((answer.status, answer.encode(), answer.dropped, answer.delay_seconds))
        return str(answer.body.get("id", ""))

    def step(self, word):
        self.now += 1
        last = (self.containers or ["0"])[-1]
        post = (self.media or ["0"])[-1]
        match word:
            case "text":
                self.containers.append(self.call("POST", "/me/threads", media_type="TEXT", text="x #y"))
            case "image":
                child = "true" if len(self.containers) % 2 else "false"
                params = {"image_url": "u", "is_carousel_item": child}
                self.containers.append(self.call("POST", "/me/threads", media_type="IMAGE", **params))
            case "carousel":
                children = ",".join(self.containers[-2:])
                self.call("POST", "/me/threads", media_type="CAROUSEL", children=children)
            case "publish":
                self.media.append(self.call("POST", "/me/threads_publish", creation_id=last) or post)
            case "reply":
                params = {"text": "r", "reply_to_id": post}
                self.containers.append(self.call("POST", "/me/threads", media_type="TEXT", **params))
            case "delete":
                self.call("DELETE", f"/{post}")
            case "repost":
                self.call("POST", f"/{post}/repost", "b")
            case "list":
                self.call("GET", "/me/threads", fields="id,text,children,permalink,timestamp")
                self.call("GET", "/me/replies", fields="id,root_post,replied_to")
            case "status":
                self.call("GET", f"/{last}", fields="id,status,error_message")
            case "wait":
                self.now += 3600
            case "fault":
                faults = ("write:answer-lost:20%", "publish:acts-late:1:5000", "delete:late-listing:1:9000")
                apply(self.state, Arm(tuple(parse_fault(text) for text in faults)), self.now)
            case _:
                self.more(word)

    def more(self, word):
        match word:
            case "others":
                made = apply(self.state, PostAs("b", {"text": "@a x", "topic_tag": "y"}), self.now)
                apply(self.state, Read(post_id=made, views=3, likes=1, clicks=1), self.now)
                apply(self.state, AddPlace(Place(made, "Hafen")), self.now)
                self.call("GET", "/me/mentions", fields="id,text")
            case "search":
                self.call("GET", "/keyword_search", q="x")
                self.call("GET", "/location_search", q="Hafen", fields="name")
                self.call("GET", "/me", fields="recently_searched_keywords")
                self.call("GET", "/me/threads_insights", metric="likes,quotes,clicks")
                self.call("GET", "/me/threads_publishing_limit", fields="location_search_quota_usage")
            case "authorize":
                params = {"client_id": App().id, "redirect_uri": "https://a.org", "scope": "threads_basic"}
                request = Request.of("GET", "/oauth/authorize", {**params, "response_type": "code"})
                sent = handle(self.state, request, self.now)
                self.answers.append((sent.headers.get("Location"), sent.encode()))
                self.code = parse_qs(urlsplit(sent.headers.get("Location", "")).query).get("code", [""])[0]
            case "token":
                keys = {"client_id": App().id, "client_secret": App().secret, "code": self.code}
                params = {**keys, "grant_type": "authorization_code", "redirect_uri": "https://a.org"}
                self.call("POST", "/oauth/access_token", **params)
                self.call("GET", "/oauth/access_token", grant_type="client_credentials", **keys)


@given(steps=STEPS, cut=st.integers(0, 40))
@settings(max_examples=150, deadline=None)
def test_a_state_written_down_and_read_back_answers_the_same(steps, cut):
    """Wherever one stops and goes on from JSON, all later answers are the same bytes."""
    whole, parts = Run(), Run()
    for n, word in enumerate(steps):
        whole.step(word)
        if n == cut:
            parts.state = state_from_json(json.loads(json.dumps(state_to_json(parts.state))))
        parts.step(word)
    assert parts.answers == whole.answers
    assert state_to_json(parts.state) == state_to_json(whole.state)
    assert ledger(parts.state) == ledger(whole.state)


def test_the_same_calls_have_the_same_answers_and_another_seed_has_other_ids():
    """Ids follow from the seed; nothing else does."""
    first, again = Run(), Run()
    other = Run(new_state([Profile("a"), Profile("b")], seed=4, now=START))
    for run in (first, again, other):
        for word in ("text", "publish", "reply", "publish", "list"):
            run.step(word)
    assert first.answers == again.answers
    assert first.media != other.media


def test_commands_survive_json():
    """Each command, written down and read back, is itself."""
    for command in (
        SetSwitches(replace(Switches(), posts_quota=3)),
        Arm((parse_fault("publish:slow:1:2"), parse_fault("any:throttled:10%"))),
        Disarm(),
        Reset(),
        MoveClock(3.5),
        add_profile(Profile("c", scopes=("threads_basic",))),
        ExpireToken(TokenDigest("d")),
        Vote("18000000000000001", (3, 0)),
        add_profile(Profile("d", about=About(biography="x", demographics={"age": {"18-24": 3}}))),
        set_app(App(redirect_uris=("https://a.org",))),
        AddPlace(Place("1", "Hafen", latitude=47.3, longitude=8.5)),
        Read(post_id="18000000000000001", views=3, clicks=1),
        PostAs("c", {"text": "x", "topic_tag": "y"}),
        Subscribe(("publish", "delete")),
        Tick(),
    ):
        assert command_from_json(json.loads(json.dumps(command_to_json(command)))) == command


def test_reset_forgets_posts_and_keeps_profiles():
    """After a reset the same calls have the same ids as in a new network."""
    run = Run()
    for word in ("text", "publish", "fault", "text", "others", "search", "authorize"):
        run.step(word)
    before = run.media[0]
    apply(run.state, Reset(), run.now)
    left = run.state
    emptied = (left.readings, left.searches, left.grants, left.deliveries, left.usage)
    assert not any(emptied)
    assert left.places
    assert left.subscribed
    assert ledger(run.state) == {"posts": [], "deletions": [], "containers": 0}
    for word in ("text", "publish"):
        run.step(word)
    assert run.media[-1] == before


def test_a_state_written_before_there_were_apps_and_places_is_read():
    """A folder of an earlier version opens, with what a new network has in their place."""
    run = Run()
    for word in ("text", "publish"):
        run.step(word)
    kept = state_to_json(run.state)
    newer = ("app", "app_tokens", "grants", "readings", "searches", "places", "subscribed", "deliveries")
    older = {name: value for name, value in kept.items() if name not in newer}
    for account in older["accounts"]:
        del account["about"]
    read = state_from_json(json.loads(json.dumps(older)))
    assert ledger(read) == ledger(run.state)
    assert (read.app, list(read.places)) == (run.state.app, ["12345"])


def test_what_a_person_posts_by_hand_is_refused_like_a_call():
    """And names who there is."""
    run = Run()
    for name, params, says in (
        ("nobody", {"text": "x"}, "no profile 'nobody'; there are: a, b"),
        ("a", {"text": "x", "topic_tag": "a.b"}, "topic_tag has 1 to 50"),
    ):
        with pytest.raises(ValueError, match=says):
            apply(run.state, PostAs(name, params), START)


def test_the_ledger_names_what_is_live_and_what_was_taken_down():
    """The independent witness."""
    run = Run()
    for word in ("text", "publish", "text", "publish", "delete"):
        run.step(word)
    found = ledger(run.state)
    assert [row["id"] for row in found["posts"]] == run.media[:1]
    assert [row["id"] for row in found["deletions"]] == run.media[1:]
    assert found["deletions"][0]["deleted_at"].startswith("2026-09-21T")


def test_single_calls_cost_the_same_whatever_the_size():
    """Create, status, publish, read and delete do not walk through all posts.

    Compared by the work done (function calls), not by the clock.
    """

    def work(posts: int) -> int:
        run = Run()
        run.state.switches = replace(run.state.switches, posts_quota=10**6)
        for _ in range(posts):
            run.step("text")
            run.step("publish")
        profile = cProfile.Profile()
        profile.enable()
        for word in ("text", "status", "publish", "reply", "delete"):
            run.step(word)
        profile.disable()
        return int(pstats.Stats(profile).total_calls)

    assert work(1500) < 1.2 * work(50)
