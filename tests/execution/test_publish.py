"""``publish`` of both clients, against the sandbox: what it takes, what it makes, what it tells."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
import requests
from PIL import Image

from tests.execution.clients import CLIENTS, AnyClient, OpenClient
from threadsync import ApiLog, Attachment, Credentials, PostSegment
from threadsync.config import load_project
from threadsync.content.loader import load
from threadsync.errors import (
    ContentError,
    CredentialsExpired,
    ProjectError,
    PublishBlocked,
    PublishRefused,
    PublishUncertain,
    StateError,
    StateForeign,
    StateLocked,
    UsageError,
)
from threadsync.execution.apilog import read_calls
from threadsync.execution.hosting_web import LoopbackHost
from threadsync.media.probe import probe
from threadsync.model.ids import MediaDigest
from threadsync.sandbox.server import Sandbox, running
from threadsync.sandbox.settings import SandboxSettings
from threadsync.sandbox.threads import Fault, FaultKind, Profile
from threadsync.testing.fakes import FakeClock
from threadsync.testing.shape import picture

LOST = Fault("publish", FaultKind.ANSWER_LOST)
HOME = {"kind": "loopback"}
TOKEN = "sandbox-lift_report"


@pytest.fixture(scope="module")
def started() -> Iterator[Sandbox]:
    with running(SandboxSettings(seed=7)) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(started: Sandbox) -> Sandbox:
    started.reset()
    started.switch(image_delay_seconds=0.0, carousel_delay_seconds=0.0, listing_lag_seconds=0.0)
    return started


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[AnyClient]:
    with CLIENTS["requests"](FakeClock(), token=TOKEN, base_url=sandbox.base_url) as client:
        yield client


@pytest.fixture
def each_client(open_client: OpenClient, sandbox: Sandbox) -> Iterator[AnyClient]:
    with open_client(FakeClock(), token=TOKEN, base_url=sandbox.base_url) as client:
        yield client


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "posts.json"


def live(sandbox: Sandbox) -> list[Any]:
    ledger: Any = sandbox.ledger()
    return [post for post in ledger["posts"] if post["text"]]


def texts(sandbox: Sandbox) -> list[str]:
    return [post["text"] for post in live(sandbox)]


def visible(sandbox: Sandbox) -> int:
    return sum(each.path.endswith("/threads_publish") for each in sandbox.requests())


# What is published.


def test_a_text_is_published_and_the_result_tells_ids_permalinks_and_exchanges(
    each_client: AnyClient, sandbox: Sandbox
) -> None:
    post = each_client.publish("12 lifts were broken.")
    (there,) = live(sandbox)
    assert (post.id, post.permalink) == (there["id"], there["permalink"])
    assert (post.ids, post.permalinks) == ((post.id,), (post.permalink,))
    (segment,) = post.segments
    assert (segment.text, segment.bound_by) == ("12 lifts were broken.", "receipt")
    (answer,) = post.answers
    assert (answer.status, answer.json) == (200, {"id": post.id})
    assert answer.headers["content-type"].startswith("application/json")
    assert (post.warnings, post.note) == ((), "")


def test_pictures_are_paths_bytes_and_addresses_with_their_alternative_texts(
    each_client: AnyClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    path = tmp_path / "red.jpg"
    path.write_bytes(picture("red"))
    with LoopbackHost() as host:
        served = tmp_path / "blue.jpg"
        served.write_bytes(picture("blue"))
        address = host.known(MediaDigest("0" * 64), served)
        media = [str(path), Attachment(picture("green"), "Green"), Attachment(address, "Blue")]
        post = each_client.publish("Three pictures", media, media_host=HOME)
    (carousel,) = live(sandbox)
    assert (carousel["id"], len(carousel["children"])) == (post.id, 3)
    asked = [each.params for each in sandbox.requests() if "image_url" in each.params]
    assert sorted(each.get("alt_text", "") for each in asked) == ["", "Blue", "Green"]
    # What is given by its address is fetched from there, and not served anew.
    assert [each["image_url"] == address for each in asked] == [
        each.get("alt_text") == "Blue" for each in asked
    ]


def test_several_segments_are_a_chain_each_with_its_own_keys(
    each_client: AnyClient, sandbox: Sandbox
) -> None:
    second = PostSegment("Which one?", poll=["Hafen", "Markt"], options={"topic": "lifts"})
    first = {"media": [Attachment(picture("red"), "Map")], "media_host": HOME}
    post = each_client.publish(["12 lifts were broken.", second, "Thanks"], number="{i}/{n}", **first)
    assert texts(sandbox) == ["12 lifts were broken.\n\n1/3", "Which one?\n\n2/3", "Thanks\n\n3/3"]
    assert [each["parent"] for each in live(sandbox)] == ["", *post.ids[:2]]
    made = [each.params for each in sandbox.requests() if each.path.endswith("/threads")]
    assert json.loads(made[1]["poll_attachment"]) == {"option_a": "Hafen", "option_b": "Markt"}
    assert made[1]["topic_tag"] == "lifts"
    assert "image_url" in made[0]


def test_every_key_of_a_post_reaches_the_network(client: AnyClient, sandbox: Sandbox) -> None:
    other = sandbox.post_as("lift_report", text="Another post")
    client.publish(
        "See this",
        link="https://example.org/lifts",
        quote=f"id:{other}",
        who_can_reply="followers",
        options={"topic": "transit", "countries": ["AT"]},
        reply_to=None,
    )
    client.publish("Yes", reply_to=f"id:{other}", tags=["transit"])
    client.publish(repost=f"id:{other}")
    made = [each.params for each in sandbox.requests() if each.path.endswith("/threads")]
    first, second = made[-2:]
    assert first["link_attachment"] == "https://example.org/lifts"
    assert first["quote_post_id"] == other
    assert first["reply_control"] == "followers_only"
    assert (first["topic_tag"], first["allowlisted_country_codes"]) == ("transit", "AT")
    assert (second["reply_to_id"], second["topic_tag"]) == (other, "transit")
    ledger: Any = sandbox.ledger()
    assert [each["reposted"] for each in ledger["posts"]].count(other) == 1


def test_a_permalink_of_the_accounts_own_names_a_post_with_a_journal_or_without(
    client: AnyClient, sandbox: Sandbox, journal: Path
) -> None:
    first = client.publish("12 lifts were broken.")
    client.publish("All of them?", reply_to=first.permalink)
    client.publish("Which?", reply_to=first.permalink, journal=journal)
    assert [each["parent"] for each in live(sandbox)] == ["", first.id, first.id]
    with pytest.raises(PublishBlocked, match="no post of that address is found") as unknown:
        client.publish("Who?", reply_to=f"{first.permalink}x")
    assert unknown.value.reason == "unknown-post"


# What is refused before anything is sent.


@pytest.mark.parametrize(
    ("segments", "tags"),
    [
        ([{"text": "a\n\n---\n\nb {{ c }}", "quote": "id:"}, {"text": "x"}], ["a", "b"]),
        ([{"text": "a", "poll": {"options": ["Yes"]}}, {"text": "b"}], ["two words"]),
    ],
)
def test_findings_are_those_of_a_file_that_says_the_same(
    client: AnyClient, sandbox: Sandbox, tmp_path: Path, segments: list[Any], tags: list[str]
) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "threadsync.yaml").write_text(
        "version: 1\nid: same\ntargets: {threads/client: {credential: env:X}}\n"
    )
    said = {"targets": ["threads/client"], "segments": segments, "tags": tags, "number": "{i}/{n}"}
    (tmp_path / "posts" / "post.yaml").write_text(json.dumps(said))
    found = load(load_project(tmp_path), probe).findings
    parts = [
        PostSegment(each["text"], poll=each.get("poll", {}).get("options", ()), quote=each.get("quote"))
        for each in segments
    ]
    with pytest.raises(ContentError) as refused:
        client.publish(parts, tags=tags, number="{i}/{n}")
    told = refused.value.findings
    # What the network itself finds is found later in a file, by validate.
    assert {(each.rule, each.problem, each.remedy) for each in found} == {
        (each.rule, each.problem, each.remedy) for each in told if not each.rule.startswith("threads/")
    }
    assert sandbox.requests() == ()


def test_a_finding_names_its_segment(client: AnyClient) -> None:
    with pytest.raises(ContentError) as refused:
        client.publish(["x" * 501, "a {{ c }}"])
    first, second = str(refused.value).splitlines()[1:-1]
    assert first.startswith("  segment 1 has 501 characters")
    assert second.startswith("  segment 2: {{ starts an expression")
    assert [each.location.line for each in refused.value.findings] == [1, 2]


@pytest.mark.parametrize(
    ("what", "keys", "rule"),
    [
        ("See\n\n![a map](map.png)", {}, "media/missing"),
        ("Hello \x1b[31m", {}, "file/control-character"),
        ("Hello", {"options": {"topc": "transit"}}, "schema/unknown-key"),
        ("Hello", {"media": ["not-there.png"]}, "media/missing"),
        ("Hello", {"media": [b"not a picture"]}, "threads/picture-format"),
        ("Hello", {"media": ["https://127.0.0.1:1/x.png"]}, "media/unusable"),
        ("Hello", {"reply_to": "launch"}, "reference/unknown-key"),
        ("Hello {{ links['threads/client'] }}", {}, "reference/unknown-key"),
        ("Hello", {"key": "two words"}, "schema/form"),
        ("", {}, "post/empty"),
    ],
)
def test_what_no_post_can_say_is_refused(
    client: AnyClient, sandbox: Sandbox, what: str, keys: dict[str, Any], rule: str
) -> None:
    """A picture that a text names is none of the post's: a program's texts may come from strangers."""
    with pytest.raises(ContentError) as refused:
        client.publish(what, **keys)
    assert rule in {each.rule for each in refused.value.findings}
    assert sandbox.requests() == ()


@pytest.mark.parametrize("own_session", [False, True])
def test_an_address_of_this_machine_is_not_asked_for_a_network_elsewhere(
    tmp_path: Path, *, own_session: bool
) -> None:
    """An address may come from a stranger, who would have a program look into its own network."""
    served = tmp_path / "red.jpg"
    served.write_bytes(picture("red"))
    with (
        LoopbackHost() as host,
        requests.Session() as session,
        CLIENTS["requests"](FakeClock(), token=TOKEN, session=session if own_session else None) as client,
    ):
        address = host.known(MediaDigest("0" * 64), served)
        with pytest.raises(ContentError, match="the public internet does not reach"):
            client.publish("See", [address])


def test_an_address_is_looked_at_as_the_network_will(client: AnyClient, tmp_path: Path) -> None:
    served = tmp_path / "red.jpg"
    Image.new("RGB", (640, 480), "red").save(served, "PNG")
    with LoopbackHost() as host:
        address = host.known(MediaDigest("0" * 64), served)
        with pytest.raises(ContentError, match="serves it as image/jpeg, not as image/png"):
            client.publish("See", [address])


def test_a_text_cannot_name_what_is_attached(client: AnyClient, sandbox: Sandbox) -> None:
    """A text of a stranger's must not put the picture of the post into it again, under other words."""
    for name in ("attachment 1", "1", "0"):
        with pytest.raises(ContentError, match="the text names the picture"):
            client.publish(f"See\n\n![x](<{name}>)", [Attachment(picture("red"), "Red")], media_host=HOME)
    assert sandbox.requests() == ()


def test_a_text_may_hold_line_ends_of_windows_as_a_file_may(client: AnyClient, sandbox: Sandbox) -> None:
    client.publish("One\r\n\r\nTwo")
    assert texts(sandbox) == ["One\n\nTwo"]


def test_a_warning_is_told_with_what_was_published(client: AnyClient, sandbox: Sandbox) -> None:
    post = client.publish("12 lifts", tags=["transit", "lifts"])
    (warning,) = post.warnings
    assert "these tags are not sent: lifts" in warning.problem


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"tags": "transit"}, "tags must be a list"),
        ({"poll": "Yes"}, "poll.options must be a list"),
        ({"media": ["a\0b.png"]}, "has a name with characters that cannot be shown"),
        ({"media": [""]}, "is a folder, not a file"),
    ],
)
def test_one_text_is_no_list_and_a_name_is_one(client: AnyClient, keys: dict[str, Any], told: str) -> None:
    with pytest.raises(ContentError, match=told):
        client.publish("Hello", **keys)


def test_one_file_is_no_list_of_them(client: AnyClient) -> None:
    for media in ("map.png", b"...", Path("map.png"), Attachment("map.png")):
        with pytest.raises(UsageError, match="a list of them"):
            client.publish("Hello", cast("list[bytes]", media))
        with pytest.raises(UsageError, match="a list of them"):
            client.publish([PostSegment("Hello", cast("list[bytes]", media))])


def test_captions_reach_the_post_and_are_looked_at_like_all_files(
    client: AnyClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Threads takes none, and the post is refused for them."""

    def refused(captions: Mapping[str, str | Path | bytes]) -> tuple[str, ...]:
        media = [Attachment(picture("red"), "Red", captions)]
        with pytest.raises(ContentError) as found:
            client.publish("A picture", media, media_host=HOME)
        return tuple(each.rule for each in found.value.findings)

    assert refused({"en": b"WEBVTT\n", "pt-BR": b"WEBVTT\n\n"}) == ("threads/captions",)
    assert refused({"en": tmp_path / "none.vtt"}) == ("media/missing",)
    assert refused({"no language": b"WEBVTT\n"}) == ("schema/name",)
    assert live(sandbox) == []


def test_a_picture_that_breaks_a_limit_is_fitted_if_that_is_said(client: AnyClient, sandbox: Sandbox) -> None:
    out = io.BytesIO()
    Image.new("RGB", (4000, 3000), "red").save(out, "WEBP")
    media = [Attachment(out.getvalue(), "Red")]
    with pytest.raises(ContentError, match="With fit: true in the post"):
        client.publish("A picture", media, media_host=HOME)
    post = client.publish("A picture", media, media_host=HOME, fit=True)
    (asked,) = [each.params["image_url"] for each in sandbox.requests() if "image_url" in each.params]
    assert asked.endswith((".jpg", ".png"))
    assert post.segments[0].text == "A picture"
    Image.new("F", (640, 480)).save(heights := io.BytesIO(), "TIFF")
    with pytest.raises(ContentError) as refused:
        client.publish("A picture", [heights.getvalue()], media_host=HOME, fit=True)
    assert "media/not-fitted" in {each.rule for each in refused.value.findings}


def test_options_that_no_file_can_hold_and_a_key_given_twice_are_refused(client: AnyClient) -> None:
    with pytest.raises(UsageError, match="no post file can say"):
        client.publish("Hello", options={"topic": object()})
    with pytest.raises(UsageError, match="has a link, and so has the post"):
        client.publish([PostSegment("a", link="https://a.example")], link="https://b.example")


def test_a_file_without_a_media_host_and_a_host_that_is_none_are_refused(
    client: AnyClient, sandbox: Sandbox
) -> None:
    with pytest.raises(PublishBlocked, match="Give publish a media_host") as blocked:
        client.publish("A picture", [picture("red")])
    assert blocked.value.reason == "media-not-served"
    with pytest.raises(ProjectError, match="has no bucket") as wrong:
        client.publish("A picture", [picture("red")], media_host={"kind": "s3", "region": "x"})
    assert len(wrong.value.findings) > 1
    assert sandbox.requests() == ()


def test_expired_credentials_are_their_own_error(open_client: OpenClient, sandbox: Sandbox) -> None:
    held = Credentials("4711", TOKEN, (), datetime(2020, 1, 1, tzinfo=UTC))
    with (
        open_client(FakeClock(), held, base_url=sandbox.base_url) as client,
        pytest.raises(CredentialsExpired),
    ):
        client.publish("Hello")


# What a journal knows.


def test_calling_again_with_the_same_key_returns_what_is_live_and_sends_nothing(
    each_client: AnyClient, sandbox: Sandbox, journal: Path
) -> None:
    first = each_client.publish(["One", "Two"], key="count", journal=journal)
    again = each_client.publish(["One", "Two"], key="count", journal=journal)
    assert again.segments == first.segments
    assert (again.key, again.answers) == ("count", ())
    assert visible(sandbox) == 2


def test_without_a_key_the_content_is_the_key(client: AnyClient, sandbox: Sandbox, journal: Path) -> None:
    first = client.publish("One", journal=journal)
    assert client.publish("One", journal=journal).segments == first.segments
    assert client.publish("Two", journal=journal).key != first.key
    assert texts(sandbox) == ["One", "Two"]


def test_another_content_under_a_key_is_refused_with_what_to_do(
    client: AnyClient, sandbox: Sandbox, journal: Path
) -> None:
    client.publish(["One", "Two"], key="count", journal=journal)
    for other in ("Two", "One", ["Two", "One"]):
        with pytest.raises(UsageError, match="Give this one another key"):
            client.publish(other, key="count", journal=journal)
    assert texts(sandbox) == ["One", "Two"]


def test_more_segments_go_on_the_chain(client: AnyClient, sandbox: Sandbox, journal: Path) -> None:
    client.publish(["One"], key="count", journal=journal)
    post = client.publish(["One", "Two"], key="count", journal=journal)
    assert [each["parent"] for each in live(sandbox)] == ["", post.id]
    assert len(post.answers) == 1


def test_a_reference_may_be_a_key_of_the_same_journal(
    client: AnyClient, sandbox: Sandbox, journal: Path
) -> None:
    first = client.publish("12 lifts", key="lifts", journal=journal)
    client.publish("All of them?", key="why", reply_to="lifts", journal=journal)
    link = f"See {{{{ links['lifts@threads/{_account(journal)}'] }}}}"
    client.publish(link, key="link", quote="lifts", journal=journal)
    assert [each["parent"] for each in live(sandbox)] == ["", first.id, ""]
    assert texts(sandbox)[-1] == f"See {first.permalink}"
    with pytest.raises(ContentError, match="no post has this key"):
        client.publish("Which?", reply_to="lift", journal=journal)


def _account(journal: Path) -> str:
    (name,) = {
        line.split("@threads/")[1].split('"')[0]
        for line in journal.read_text().splitlines()
        if "@threads/" in line
    }
    return name


def test_a_lost_journal_publishes_nothing_twice(client: AnyClient, sandbox: Sandbox, journal: Path) -> None:
    """Law 8: own posts are read back, and one that says the same holds the new one back."""
    post = client.publish("One", key="one", journal=journal)
    journal.unlink()
    with pytest.raises(PublishBlocked, match="allow_duplicate=True") as blocked:
        client.publish("One", key="one", journal=journal)
    assert blocked.value.reason == "looks-published"
    assert post.permalink in str(blocked.value)
    assert texts(sandbox) == ["One"]
    again = client.publish("One", key="one", journal=journal, allow_duplicate=True)
    assert again.id != post.id
    assert texts(sandbox) == ["One", "One"]


def test_a_used_up_quota_is_told_before_anything_is_sent(
    client: AnyClient, sandbox: Sandbox, journal: Path
) -> None:
    sandbox.switch(posts_quota=1)
    client.publish("One", journal=journal)
    with pytest.raises(PublishBlocked, match="posts") as blocked:
        client.publish("Two", journal=journal)
    assert blocked.value.reason == "quota"
    sandbox.switch(posts_quota=250)
    assert texts(sandbox) == ["One"]


def test_a_token_that_cannot_read_own_replies_publishes_without_a_journal_only(
    sandbox: Sandbox, journal: Path
) -> None:
    sandbox.add_profile(Profile("narrow", scopes=("threads_basic", "threads_content_publish")))
    with CLIENTS["requests"](FakeClock(), token="sandbox-narrow", base_url=sandbox.base_url) as client:
        client.publish("One")
        with pytest.raises(PublishBlocked, match="the scope that is missing") as blocked:
            client.publish("Two", journal=journal)
    assert blocked.value.reason == "read-back-failed"
    assert texts(sandbox) == ["One"]


def test_the_accounts_of_one_journal_are_kept_apart(
    open_client: OpenClient, sandbox: Sandbox, journal: Path
) -> None:
    """Law 7: what one account published under a key says nothing of another."""
    made = []
    for name in ("lift_report", "harbour_desk", "lift_report"):
        with open_client(FakeClock(), token=sandbox.token(name), base_url=sandbox.base_url) as client:
            made.append(client.publish("Welcome", key="welcome", journal=journal))
    assert made[0].segments == made[2].segments != made[1].segments
    assert [each["profile"] for each in live(sandbox)] == ["lift_report", "harbour_desk"]


def test_a_journal_of_another_network_is_refused(open_client: OpenClient, journal: Path) -> None:
    for seed in (7, 8):
        with (
            running(SandboxSettings(seed=seed)) as sandbox,
            open_client(FakeClock(), token=TOKEN, base_url=sandbox.base_url) as client,
        ):
            if seed == 7:
                client.publish("One", key="one", journal=journal)
                continue
            with pytest.raises(PublishBlocked, match="its own journal") as blocked:
                client.publish("Two", key="two", journal=journal)
            assert blocked.value.reason == "account-mismatch"
            assert texts(sandbox) == []


def test_the_state_of_a_project_is_no_journal(client: AnyClient) -> None:
    state = Path(__file__).parents[2] / "state" / "threadsync.json"
    with pytest.raises(StateForeign):
        client.publish("One", journal=state)


def test_a_journal_is_made_with_its_folder_and_a_locked_one_says_what_to_do(
    client: AnyClient, sandbox: Sandbox, tmp_path: Path
) -> None:
    journal = tmp_path / "kept" / "posts.json"
    client.publish("One", journal=journal)
    lock = journal.with_name("posts.json.lock")
    lock.write_text("{}")
    with pytest.raises(StateLocked, match="remove that file") as locked:
        client.publish("Two", journal=journal, lock_timeout_seconds=0)
    assert locked.value.where == str(lock)
    lock.unlink()
    client.publish("Two", journal=journal)
    assert texts(sandbox) == ["One", "Two"]


def test_a_journal_that_cannot_be_read_says_what_a_program_can_do(client: AnyClient, tmp_path: Path) -> None:
    state = Path(__file__).parents[2] / "state" / "threadsync.json"
    (tmp_path / "cut.json").write_text("{")
    told = {
        tmp_path / "cut.json": "cut.json.history",
        tmp_path: "a file that publish made",
        state: "a file that publish made",
    }
    for journal, remedy in told.items():
        with pytest.raises(StateError, match=remedy) as refused:
            client.publish("One", journal=journal)
        for words in ("state:", "threadsync state", "threadsync import", "--first-run", "apply"):
            assert words not in refused.value.remedy


def test_no_secret_comes_into_a_journal_or_a_log(
    open_client: OpenClient, sandbox: Sandbox, journal: Path, tmp_path: Path
) -> None:
    log = ApiLog(tmp_path / "calls.sqlite3")
    with open_client(FakeClock(), token=TOKEN, base_url=sandbox.base_url, log=log) as client:
        client.publish("One", journal=journal)
    log.close()
    rows = read_calls(tmp_path / "calls.sqlite3", limit=50)
    assert [each.operation for each in rows].count("POST /v1.0/me/threads_publish") == 1
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or TOKEN.encode() not in file.read_bytes()


# What goes wrong on the way.


@pytest.mark.parametrize("kept", [True, False], ids=["journal", "without"])
def test_a_lost_answer_is_settled_and_the_post_is_there_once(
    each_client: AnyClient, sandbox: Sandbox, journal: Path, *, kept: bool
) -> None:
    sandbox.arm(LOST)
    post = each_client.publish("12 lifts", **({"journal": journal} if kept else {}))
    assert texts(sandbox) == ["12 lifts"]
    assert (post.id, post.segments[0].bound_by) == (live(sandbox)[0]["id"], "container")
    assert post.answers == ()
    assert visible(sandbox) == 1


def test_what_cannot_be_settled_is_its_own_error_and_is_settled_by_the_next_call(
    each_client: AnyClient, sandbox: Sandbox, journal: Path
) -> None:
    sandbox.arm(LOST)
    sandbox.switch(listing_lag_seconds=10_000.0)
    with pytest.raises(PublishUncertain, match="Call publish again with the same journal") as uncertain:
        each_client.publish(["One", "Two"], key="count", journal=journal)
    assert uncertain.value.segments == ()
    with pytest.raises(UsageError, match="whether that was published is not known yet: 'One"):
        each_client.publish("Three", key="count", journal=journal)
    sandbox.switch(listing_lag_seconds=0.0)
    sandbox.advance(20_000.0)
    post = each_client.publish(["One", "Two"], key="count", journal=journal)
    assert texts(sandbox) == ["One", "Two"]
    assert post.ids == tuple(each["id"] for each in live(sandbox))


def test_without_a_journal_what_cannot_be_settled_says_so(client: AnyClient, sandbox: Sandbox) -> None:
    sandbox.arm(LOST)
    sandbox.switch(listing_lag_seconds=10_000.0)
    with pytest.raises(PublishUncertain, match="Nothing remembers it: look at the account"):
        client.publish("One")


def test_a_chain_that_is_refused_midway_tells_what_is_live_and_how_to_go_on(
    client: AnyClient, sandbox: Sandbox, journal: Path
) -> None:
    def refused(**keys: Any) -> PublishRefused:
        sandbox.arm(Fault("create", FaultKind.THROTTLED, skip=1))
        with pytest.raises(PublishRefused, match="segment 2") as error:
            client.publish(["One", "Two"], **keys)
        return error.value

    alone = refused()
    (first,) = live(sandbox)
    assert [each.remote_id for each in alone.segments] == [first["id"]]
    assert f'reply_to="id:{first["id"]}"' in alone.remedy
    assert "goes on where it stopped" not in alone.remedy
    kept = refused(key="count", journal=journal, allow_duplicate=True)
    assert "same journal, key and content" in kept.remedy
    post = client.publish(["One", "Two"], key="count", journal=journal)
    assert texts(sandbox) == ["One", "One", "Two"]
    assert post.ids[0] == kept.segments[0].remote_id


def test_a_refused_post_may_be_corrected_under_its_key(
    client: AnyClient, sandbox: Sandbox, journal: Path
) -> None:
    sandbox.arm(Fault("create", FaultKind.THROTTLED))
    with pytest.raises(PublishRefused):
        client.publish("Twelf lifts", key="lifts", journal=journal)
    client.publish("Twelve lifts", key="lifts", journal=journal)
    assert texts(sandbox) == ["Twelve lifts"]
