"""Prepared plans with their posts, for the proof sheet: all that other views are tried on, and more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec.structs import replace

from tests.planning.builders import at, bound, desired, state, target, want
from tests.views import samples
from threadsync.model.capabilities import Capabilities, Look, PictureLimits
from threadsync.model.ids import Address, NetworkName, TargetName
from threadsync.model.post import Card, Segment
from threadsync.model.state import State
from threadsync.model.text import Mark, MarkKind
from threadsync.planning.actions import Action, Create, Reason, SegmentView
from threadsync.planning.inputs import Desired, Wanted

GRID = TargetName("grid/brand")
CAN = {
    **dict.fromkeys(
        (TargetName("threads/main"), TargetName("threads/brand")), Capabilities(frozenset({"text"}))
    ),
    GRID: Capabilities(
        frozenset({"text"}), thumbs=PictureLimits(("JPEG",), 1, 1, 1), look=Look(grid_max=4, tallest=2.0)
    ),
}


@dataclass(frozen=True)
class SheetPlan(samples.SamplePlan):
    desired: Desired = field(default_factory=desired)
    prior: State | None = None
    drafts: Mapping[Address, Wanted] = field(default_factory=dict)


def sheet_plan(*actions: Action, wanted: tuple[Wanted, ...] = (), **more: object) -> SheetPlan:
    names = (target(), target(TargetName("threads/brand"), "brand"))
    grid = replace(target(GRID, "grid.test"), provider=NetworkName("grid"))
    declared = replace(desired(*wanted, targets=(*names, grid)), capabilities=CAN)
    plan = samples.plan_of(*actions)
    return SheetPlan(plan, desired=declared, **more)  # type: ignore[arg-type]


def full() -> SheetPlan:
    """Every kind of action, with all that a page can tell of a plan."""
    whole = samples.full_plan()
    prior = state(bound("same"), bound("kept", "what is live"))
    made = sheet_plan(*whole.plan.actions, rich(), wanted=(want("same"), want("kept", "what is new")))
    plan = replace(made.plan, notices=whole.plan.notices)
    return SheetPlan(
        plan,
        whole.findings,
        whole.excesses,
        interrupted=whole.interrupted,
        accounts=whole.accounts,
        credentials=whole.credentials,
        desired=made.desired,
        prior=prior,
        drafts={at("idea"): want("idea", "Some day.")},
        freeze=whole.freeze,
        holds=whole.holds,
        heartbeat=whole.heartbeat,
    )


RICH = "Look, @lifts.test: https://example.org/map #transit. It was the butler."


def rich() -> Create:
    """A post with all that can hang on a segment, on a network that shows pictures in a grid."""

    def mark(words: str, kind: MarkKind, url: str = "") -> Mark:
        start = RICH.index(words)
        return Mark(start, start + len(words), kind, url)

    marks = (
        mark("@lifts.test", MarkKind.MENTION),
        mark("https://example.org/map", MarkKind.LINK, "https://example.org/map"),
        mark("#transit", MarkKind.TAG),
        mark("the butler", MarkKind.HIDDEN),
    )
    pictures = (samples.media("a.jpg", "A door"), samples.media("b.png", "A map", samples.MAP))
    declared = want("rich@grid/brand", RICH, "Then", publish=samples.schedule()).publication
    first, second = declared.segments
    card = Card("https://example.org/card", "A card's title", "And what it is about")
    segments: tuple[Segment, ...] = (
        replace(first, poll={"options": ["Yes", "No"], "hours": 24}, media=pictures),
        replace(second, link=card.url, card=card),
    )
    view = SegmentView(0, RICH, 310, 300, "graphemes", pictures, marks=marks, covers_media="a spoiler")
    then = SegmentView(1, "Then", 4, 300, "graphemes", attached={"long text": "All of it."})
    return Create(
        at("rich@grid/brand"),
        Reason.NEW,
        replace(declared, segments=segments, langs=("de",)),
        (view, then),
    )
