"""The proof sheet: every post as its readers would see it, in a page that is safe, readable and whole."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.planning.builders import NOW, at, published, want
from tests.views import pages, samples, sheets
from tests.views.test_markdown import HOSTILE
from threadsync.model.capabilities import Look
from threadsync.model.diagnostic import Diagnostic, Location
from threadsync.model.ids import MediaDigest, RemoteId
from threadsync.model.post import Card, MediaFacts
from threadsync.model.text import Mark, MarkKind
from threadsync.planning.actions import (
    Blocked,
    Create,
    Delete,
    Loss,
    NoOp,
    Notice,
    Reason,
    Replace,
    SegmentView,
)
from threadsync.views import differing
from threadsync.views.differing import Change
from threadsync.views.differing import differing as compared
from threadsync.views.json import as_text
from threadsync.views.sheet import Entry, Line, Part, Pictures, Seeable, Sheet, Sources
from threadsync.views.sheet_html import POLICY, posts_html, sheet_html
from threadsync.views.sheet_making import finding_of, sheet_of

SHOWN: Pictures = {samples.DOOR.digest: Seeable("data:image/png;base64,AAAA")}
NO_SOURCES: Sources = {}


def page(prepared: sheets.SheetPlan, *, whole: bool = False) -> str:
    return sheet_html(sheet_of(prepared, SHOWN, NO_SOURCES, whole=whole), '{"kind": "plan"}')


def entry(sheet: Sheet, address: str) -> Entry:
    (found,) = [e for post in sheet.posts for e in post.entries if e.address == str(at(address))]
    return found


def only_part(create: Create, pictures: Pictures = SHOWN) -> Part:
    return sheet_of(sheets.sheet_plan(create), pictures, NO_SOURCES).posts[0].entries[0].parts[0]


def one(view: SegmentView, **declared: object) -> Create:
    publication = want("a@grid/brand", "text").publication
    segment = replace(publication.segments[0], **declared)
    return Create(at("a@grid/brand"), Reason.NEW, replace(publication, segments=(segment,)), (view,))


# The page as a whole.


@pytest.mark.parametrize("whole", [False, True])
def test_the_page_has_landmarks_headings_in_order_and_asks_nobody_for_anything(whole: bool) -> None:
    html = page(sheets.full(), whole=whole)
    assert pages.problems(html) == []
    seen = pages.read(html)
    assert not seen.all("script")
    (policy,) = [each for each in seen.all("meta") if "Content-Security-Policy" in each.attributes.values()]
    assert policy.attributes["content"] == POLICY
    assert "default-src 'none'" in POLICY
    assert "script-src" not in POLICY


def test_the_page_is_ascii_so_that_any_encoding_of_standard_output_will_do() -> None:
    html = page(sheets.full())
    assert html.isascii()
    assert "駅のエレベーター" in pages.read(html).all("main")[0].text


def test_nothing_that_a_plan_shows_is_missing_from_the_page() -> None:
    from threadsync.views.holding_text import kept_back
    from threadsync.views.plan_text import notes

    prepared = sheets.full()
    (main,) = pages.read(page(prepared)).all("main")
    for action in prepared.plan.actions:
        assert (str(action.address) in main.text) == (action.reason is not Reason.SAME), action.address
    for about, text in (*kept_back(prepared), *notes(prepared)):
        assert about in main.text
        assert text in main.text
    for finding in prepared.findings:
        assert str(finding.location) in main.text
        assert finding.problem in main.text
        assert finding.remedy in main.text


def test_a_filter_without_script_shows_one_target_alone() -> None:
    html = page(sheets.full())
    seen = pages.read(html)
    assert [each.attributes["type"] for each in seen.all("input")] == ["radio"] * 3
    labels = [each.text.strip() for each in seen.all("label")]
    assert labels == ["all targets", "grid/brand", "threads/main"]
    assert "body:has(#show0:checked) .post:not(.t0)" in html
    on_grid = [each for each in seen.all("article") if "t0" in each.attributes["class"].split()]
    assert ["rich" in each.text or "Look, " in each.text for each in on_grid] == [True]


def test_the_plan_as_data_is_folded_away_at_the_end() -> None:
    seen = pages.read(page(sheets.full()))
    (raw,) = seen.classed("raw")
    assert raw.text == '{"kind": "plan"}'
    assert seen.all("details")[-1].text.endswith(raw.text)


def test_drafts_and_what_stays_as_it_is_are_in_the_whole_sheet_alone() -> None:
    prepared = sheets.full()
    plan, whole = page(prepared), page(prepared, whole=True)
    assert "Some day." not in plan
    assert "Some day." in whole
    assert "1 further publication stays as it is and is not shown" in plan
    assert "not shown" not in whole
    assert entry(sheet_of(prepared, SHOWN, NO_SOURCES, whole=True), "same").live[0].href == "https://t/same"


def test_parts_of_a_page_are_the_same_as_in_the_whole() -> None:
    sheet = sheet_of(sheets.full(), SHOWN, NO_SOURCES)
    html = sheet_html(sheet, "")
    for part in posts_html(sheet.posts):
        assert part.strip() in html


def test_a_post_keeps_its_name_on_the_page() -> None:
    first = sheet_of(sheets.sheet_plan(sheets.rich()), SHOWN, NO_SOURCES)
    second = sheet_of(sheets.full(), SHOWN, NO_SOURCES)
    assert first.posts[0].id in {post.id for post in second.posts}


# Texts.


def test_readers_see_what_the_network_makes_of_words() -> None:
    (post,) = sheet_of(sheets.sheet_plan(sheets.rich()), SHOWN, NO_SOURCES).posts
    spans = post.entries[0].parts[0].spans
    assert "".join(span.text for span in spans) == sheets.RICH
    assert {span.mark: span.text for span in spans if span.mark} == {
        "mention": "@lifts.test",
        "link": "https://example.org/map",
        "tag": "#transit",
        "hidden": "the butler",
    }
    seen = pages.read(page(sheets.sheet_plan(sheets.rich())))
    text = seen.all("pre", "text")[0]
    assert text.text == sheets.RICH, "what is copied from the page is the exact text"
    assert text.attributes["lang"] == "de"
    assert "https://example.org/map" in {each.attributes["href"] for each in seen.all("a")}


def test_the_language_of_a_text_is_not_guessed() -> None:
    seen = pages.read(page(sheets.sheet_plan(samples.create())))
    assert {each.attributes["lang"] for each in seen.all("pre", "text")} == {""}


def test_each_text_runs_the_way_its_own_letters_run() -> None:
    """Else the full stop of a Hebrew sentence stands at its wrong end."""
    seen = pages.read(page(sheets.full()))
    texts = [each for name in ("text", "diff", "was", "alt") for each in seen.classed(name)]
    assert {each.attributes["class"] for each in texts} == {"text", "diff", "was", "alt"}
    options = [each for each in seen.all("li") if each.text in {"Yes", "No"}]
    assert {each.attributes.get("dir") for each in (*texts, *options)} == {"auto"}


def test_lengths_are_told_in_the_networks_own_units() -> None:
    first, then = sheet_of(sheets.sheet_plan(sheets.rich()), SHOWN, NO_SOURCES).posts[0].entries[0].parts
    assert (first.length.words, first.length.is_over) == ("310 of 300 graphemes, 10 too many", True)
    assert (then.length.words, then.length.share) == ("4 of 300 graphemes, 296 left", 1.3)


@pytest.mark.parametrize("words", HOSTILE)
def test_nothing_hostile_acts_on_the_page(words: str) -> None:
    nasty = f"{words}\"'><img src=https://evil.example/p.png onerror=alert(1)><script>alert(2)</script>"
    marks = (Mark(0, 4, MarkKind.LINK, "javascript:alert(3)"), Mark(4, 8, MarkKind.LINK, nasty))
    item = samples.media(nasty, nasty)
    view = SegmentView(
        0, nasty, 1, 2, nasty, (item,), attached={nasty: nasty}, marks=marks, covers_media=nasty
    )
    create = one(view, poll={"options": [nasty]}, link=nasty, card=Card(nasty, nasty, nasty, None, nasty))
    publication = replace(create.publication, langs=(nasty,), tags=(nasty,), options={nasty: nasty})
    old = replace(published("x"), text=nasty, permalink="javascript:alert(4)")
    blocked = Blocked(at("b"), Reason.CHANGED, nasty, nasty, "replace", (replace(view, index=0),), (old,))
    finding = Diagnostic(Location(nasty, 1, 3), nasty, nasty, nasty)
    made = sheets.sheet_plan(replace(create, publication=publication), blocked, findings=(finding,))
    plan = replace(made.plan, notices=(Notice(str(blocked.address), nasty, nasty), Notice(nasty, nasty)))
    prepared = sheets.SheetPlan(plan, made.findings, desired=made.desired)
    sources = {(nasty, 1): Line(nasty)}
    html = sheet_html(sheet_of(prepared, {samples.DOOR.digest: Seeable(why=nasty)}, sources), as_text(nasty))
    assert pages.problems(html) == []
    assert not pages.read(html).all("script")
    assert not pages.read(html).all("img")
    assert "\u202e" not in pages.read(html).all("body")[0].text
    assert not re.search(r"&#820[67];|&#823[2-8];|&#829[4-7];|\x1b", html)


def test_characters_that_reorder_words_are_written_out() -> None:
    part = only_part(one(SegmentView(0, "a\u202eb\nc", 5, 300, "graphemes")))
    assert "".join(span.text for span in part.spans) == "a\\u202eb\nc"


# Pictures.


def test_alt_texts_stand_beside_pictures_and_what_lacks_one_is_said() -> None:
    seen = pages.read(page(sheets.sheet_plan(samples.create())))
    told = seen.classed("alts")[0].text
    assert "Map of 40 stations, 12 of them red" in told
    assert "No alt text." in told
    assert "sent instead" in told
    assert "posts/ride.de.vtt" in told
    assert [each.attributes["alt"] for each in seen.all("img")] == [""]
    assert "video 0:12" in seen.classed("badge")[0].text


def test_what_covers_media_and_words_is_said_in_words() -> None:
    seen = pages.read(page(sheets.sheet_plan(sheets.rich())))
    assert "Covered as a spoiler" in seen.classed("cover-note")[0].text
    assert seen.classed("hidden")[0].attributes["title"] == "covered until a reader taps it"


@pytest.mark.parametrize(
    ("size", "total", "look", "shape", "cut"),
    [
        ((400, 300), 1, Look(tallest=1.5), "400 / 300", ""),
        ((300, 600), 1, Look(tallest=1.5), "1 / 1.5", "about 25 % is cut at top and bottom"),
        ((600, 300), 2, Look(grid_max=4), "1 / 1", "about 50 % is cut at left and right"),
        ((300, 300), 4, Look(grid_max=4), "1 / 1", ""),
        ((600, 300), 5, Look(grid_max=4), "600 / 300", ""),
        ((300, 900), 2, Look(grid_max=1, tallest=1.5), "300 / 900", ""),
        ((0, 0), 1, Look(), "4 / 3", ""),
    ],
)
def test_a_picture_is_cut_as_readers_see_it_first(
    size: tuple[int, int], total: int, look: Look, shape: str, cut: str
) -> None:
    facts = MediaFacts(MediaDigest("d"), 1, "image", "PNG", *size)
    view = SegmentView(0, "t", 1, 2, "c", (samples.media("a.png", "a", facts),) * total)
    prepared = sheets.sheet_plan(one(view))
    can = {name: replace(each, look=look) for name, each in sheets.CAN.items()}
    prepared = sheets.SheetPlan(prepared.plan, desired=replace(prepared.desired, capabilities=can))
    part = sheet_of(prepared, SHOWN, NO_SOURCES).posts[0].entries[0].parts[0]
    assert {(shot.shape, shot.cut) for shot in part.shots} == {(shape, cut)}
    assert part.is_row == (total > look.grid_max and total > 1)


def test_why_a_picture_is_not_shown_is_said_in_its_place() -> None:
    why = "left out: the pictures of one page take 8 MB at most"
    prepared = sheets.sheet_plan(samples.create())
    html = sheet_html(sheet_of(prepared, {samples.DOOR.digest: Seeable(why=why)}, NO_SOURCES), "")
    assert f"Picture 2: {why}" in [each.text for each in pages.read(html).classed("lack")]


def test_a_card_says_what_is_known_of_it() -> None:
    read = Card("https://example.org/c", "Title", "About it")
    view = SegmentView(0, "t", 1, 2, "c")
    card = only_part(one(view, link=read.url, card=read)).card
    assert card is not None
    assert (card.title, card.description, card.note) == ("Title", "About it", "")
    card = only_part(one(view, link=read.url, card=replace(read, problem="no picture"))).card
    assert card is not None
    assert card.note == "Less than its page offers: no picture."
    card = only_part(one(view, link=read.url)).card
    assert card is not None
    assert card.note == "The page is read at apply; its title and picture are not known yet."
    of_network = replace(one(view, link=read.url), address=at("a"))
    card = only_part(of_network).card
    assert card is not None
    assert card.note == "The network makes the card; what it shows is not known here."


def test_a_poll_is_shown_as_what_can_be_chosen() -> None:
    part = only_part(sheets.rich())
    assert part.poll == ("Yes", "No")
    assert [(row.name, row.value) for row in part.rows] == [("poll", '{"hours": 24}')]


# What changes, and what it costs.


def test_what_changes_against_the_live_post_is_told_word_by_word() -> None:
    live = tuple(published(text, n) for n, text in enumerate(("one", "two old words", "three")))
    views = (samples.view(1, "two new words"), samples.view(2, "three"))
    loss = Loss(live[1].remote_id, {"likes": 12}, NOW)
    action = Replace(
        at("a"),
        Reason.CHANGED,
        want("a", "one", "two", "three").publication,
        views,
        live,
        1,
        live[1:],
        "flag",
        loses=(loss,),
    )
    made = entry(sheet_of(sheets.sheet_plan(action), SHOWN, NO_SOURCES), "a")
    assert [(each.change, each.text) for each in made.parts[0].was] == [
        (Change.SAME, "two "),
        (Change.GONE, "old"),
        (Change.NEW, "new"),
        (Change.SAME, " words"),
    ]
    assert made.parts[1].was == ()
    assert [post.loses for post in made.live] == [
        "loses: 12 likes",
        "loses: unknown (replies and likes were not read)",
    ]
    seen = pages.read(page(sheets.sheet_plan(action)))
    assert [each.text for each in seen.all("del")] == ["old"]
    assert [each.text for each in seen.all("ins")] == ["new"]


def test_only_what_is_lost_is_an_alarm() -> None:
    none, some, unread = (
        Loss(RemoteId(str(n)), counts, seen_at)
        for n, counts, seen_at in ((0, {"likes": 0}, NOW), (1, {"likes": 2}, NOW), (2, {}, None))
    )
    live = tuple(replace(published("x"), index=n, remote_id=RemoteId(str(n))) for n in range(3))
    action = Delete(at("a"), Reason.FILE_REMOVED, live, "deleted", (none, some, unread))
    made = entry(sheet_of(sheets.sheet_plan(action), SHOWN, NO_SOURCES), "a")
    assert [post.loses_nothing for post in made.live] == [True, False, False]
    seen = pages.read(page(sheets.sheet_plan(action)))
    assert ["no reactions" in each.text for each in seen.all("strong", "bad")] == [False, False]


def test_a_draft_is_due_at_no_time() -> None:
    assert entry(sheet_of(sheets.full(), SHOWN, NO_SOURCES, whole=True), "idea").when == ""


def test_a_replace_that_is_held_back_tells_the_same() -> None:
    made = entry(sheet_of(sheets.full(), SHOWN, NO_SOURCES), "edited")
    assert "".join(each.text for each in made.parts[0].was if each.change != Change.GONE) == "The new text."
    assert made.live_head == "Would take down"
    assert made.problem.startswith("Would replace: ")
    assert made.when == ""


def test_a_live_post_that_is_kept_shows_how_its_file_differs() -> None:
    made = entry(sheet_of(sheets.full(), SHOWN, NO_SOURCES), "kept")
    assert [each.text for each in made.parts[0].was if each.change != Change.SAME] == ["live", "new"]


def test_a_warning_about_a_publication_stands_at_it() -> None:
    action = NoOp(at("a"), Reason.KEPT)
    made = sheets.sheet_plan(action)
    plan = replace(made.plan, notices=(Notice(str(action.address), "it was edited.", "Look at it."),))
    prepared = sheets.SheetPlan(plan, desired=made.desired)
    assert entry(sheet_of(prepared, SHOWN, NO_SOURCES), "a").notices == ("it was edited. Look at it.",)


def test_times_are_told_where_the_project_is_in_utc_and_from_the_time_of_the_plan() -> None:
    sheet = sheet_of(sheets.full(), SHOWN, NO_SOURCES)
    assert (
        entry(sheet, "tomorrow").when == "Waits until 2026-12-03 08:30 Europe/Vienna (07:30 UTC), in 12 days"
    )
    assert entry(sheet, "rich@grid/brand").when.endswith(
        "2026-12-03 08:30 Europe/Vienna (07:30 UTC), in 12 days"
    )


def test_findings_stand_at_their_post_with_the_line_and_a_mark_under_its_column() -> None:
    finding = Diagnostic(Location("posts/a@threads/main.md", 4, 9), "r", "p.", "Mend it.")
    lost = replace(finding, location=Location("posts/other.md"))
    wanted = want("a@threads/main")
    action = Create(at("a"), Reason.NEW, wanted.publication, wanted.segments)
    prepared = sheets.sheet_plan(action, wanted=(wanted,), findings=(finding, lost))
    sources = {("posts/a@threads/main.md", 4): Line("key:\tx: #wrong")}
    sheet = sheet_of(prepared, SHOWN, sources)
    (found,) = sheet.posts[0].findings
    assert (found.source, found.marker) == ("key: x: #wrong", "        ^")
    assert [each.place for each in sheet.findings] == ["posts/other.md:1:1"]


def test_of_a_long_line_what_is_around_the_column_is_shown() -> None:
    finding = Diagnostic(Location("posts/a.md", 1, 301), "r", "p.", "Mend it.")
    made = finding_of(finding, {("posts/a.md", 1): Line("a" * 300 + "X" + "b" * 300)})
    assert made.source == "…" + "a" * 60 + "X" + "b" * 59 + "…"
    assert made.source[made.marker.index("^")] == "X"


# Accounts.


def test_allowances_are_bars_with_words_and_say_what_the_plan_takes() -> None:
    brand, main = sheet_of(sheets.full(), SHOWN, NO_SOURCES).accounts
    assert "3 days ago" in brand.head
    (posts,) = brand.gauges
    assert posts.words == "posts: 248 of 250 used, 4 in this plan: would exceed it by 2"
    assert (posts.share, round(posts.more, 1), posts.is_over) == (99.2, 0.8, True)
    assert [each.words for each in main.gauges][2].startswith("deletes: unknown, scope threads_delete")
    assert "3 days ago" in brand.lines[-1]
    assert main.lines[-1].startswith("Read 2026-"), "what was read just now is told its time too"
    assert any("only 5 days left, renewed 55 days ago" in line for line in main.lines)


# Words that differ.

TEXTS = st.text(st.sampled_from("ab c.\n é👍🏽"), max_size=12)


@given(TEXTS, TEXTS)
def test_what_went_and_what_stayed_is_the_old_text_and_the_new_one_likewise(before: str, after: str) -> None:
    found = compared(before, after)
    assert "".join(each.text for each in found if each.change != Change.NEW) == before
    assert "".join(each.text for each in found if each.change != Change.GONE) == after


def test_what_readers_see_as_one_character_is_never_torn_apart() -> None:
    found = compared("well 👍🏽", "well 👍🏿")
    assert [each.text for each in found] == ["well ", "👍🏽", "👍🏿"]


def test_what_is_too_long_to_compare_stands_one_after_the_other_between_what_is_alike() -> None:
    found = compared(f"Once {'a ' * differing.WORDS_MAX}end", f"Once {'b ' * differing.WORDS_MAX}end")
    assert [each.change for each in found] == [Change.SAME, Change.GONE, Change.NEW, Change.SAME]
    assert (found[0].text, found[-1].text) == ("Once ", " end")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            "十二基のエレベーターが故障",
            "十三基のエレベーターが故障",
            ["十", "二", "三", "基のエレベーターが故障"],
        ),
        ("ไปทุกสถานี", "ไปสองสถานี", ["ไป", "ทุก", "สอง", "สถานี"]),
    ],
)
def test_a_script_without_spaces_is_compared_by_its_characters(
    before: str, after: str, told: list[str]
) -> None:
    assert [each.text for each in compared(before, after)] == told


def test_a_lone_space_does_not_chop_up_what_was_rewritten() -> None:
    found = compared("We rode to all 40 stations.", "Yesterday our team went to all 40 stations.")
    assert [each.text for each in found] == ["We rode", "Yesterday our team went", " to all 40 stations."]
