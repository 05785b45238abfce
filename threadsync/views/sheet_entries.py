"""The publications of a proof sheet: from an action of the plan, or a draft, to what a page tells of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from threadsync.content.escape import printable
from threadsync.model.ids import Address
from threadsync.model.journal import Published
from threadsync.model.post import Publication
from threadsync.planning.actions import (
    Action,
    Adopt,
    Blocked,
    Create,
    Delete,
    Extend,
    Forget,
    Loss,
    Move,
    NoOp,
    Replace,
    SegmentView,
    Update,
    Wait,
)
from threadsync.planning.inputs import Wanted
from threadsync.views.account_text import loss_text
from threadsync.views.moments import ago, ahead, told
from threadsync.views.plan_text import CONSENTS, forgotten_text, option_lines, waiting_text
from threadsync.views.seen import PlanOfPosts
from threadsync.views.sheet import Entry, LivePost, Pictures, Row
from threadsync.views.sheet_parts import followed, lines, parts_of
from threadsync.views.words import many

DRAFT, UNCHANGED = "draft", "unchanged"
TONES = {
    Create.word: "good",
    Extend.word: "good",
    Update.word: "change",
    Move.word: "move",
    Replace.word: "change",
    Delete.word: "bad",
    Forget.word: "move",
    Adopt.word: "good",
    Wait.word: "quiet",
    Blocked.word: "bad",
    UNCHANGED: "quiet",
    DRAFT: "quiet",
}


class Live(Struct, frozen=True):
    """Posts that are on the network, and what that is told under."""

    head: str
    posts: tuple[Published, ...]
    loses: tuple[Loss, ...] | None = None
    """What goes with each; None where nothing goes."""


NOTHING_LIVE = Live("", ())


def entry_of(action: Action, prepared: PlanOfPosts, pictures: Pictures, place: int) -> Entry:
    """Return what a page tells of *action*, on the target that is the sheet's *place*-th."""
    wanted = prepared.desired.publications.get(action.address)
    publication = _publication_of(action) or (wanted.publication if wanted is not None else None)
    now, zone = prepared.plan.at, prepared.zone
    live, can = _live(action, prepared), prepared.desired.capabilities.get(action.address.target)
    segments = _segments(action, wanted)
    made = replace(
        _named(action.address, prepared, place, _word(action), publication),
        sign=action.sign.strip(),
        reason=action.reason.value,
        when=_when(action, publication, now, zone),
        rows=_printable(_rows(action, publication)),
        live_head=live.head if live.posts else "",
        live=tuple(_posts(live, now, zone)),
        notices=tuple(
            lines(f"{notice.problem} {notice.remedy}".strip())
            for notice in prepared.plan.notices
            if notice.about == str(action.address)
        ),
    )
    if isinstance(action, Blocked):
        problem = lines(f"Would {action.would}: {action.problem}")
        made = replace(made, problem=problem, remedy=lines(action.remedy))
    if not segments or can is None:
        return made
    return replace(made, parts=tuple(parts_of(segments, publication, can, pictures, live.posts)))


def _word(action: Action) -> str:
    return UNCHANGED if isinstance(action, NoOp) else action.word


def draft_of(wanted: Wanted, prepared: PlanOfPosts, pictures: Pictures, place: int) -> Entry:
    """Return what a page tells of a draft: what its network would get."""
    publication = wanted.publication
    can = prepared.desired.capabilities[publication.address.target]
    return replace(
        _named(publication.address, prepared, place, DRAFT, publication),
        reason="never planned",
        # Without a time nothing is to be said of when: a draft is due at no time.
        when=_scheduled(publication, prepared.plan.at, prepared.zone) if publication.control.publish else "",
        rows=_printable(_declared(publication, wanted.waits_for)),
        parts=tuple(parts_of(wanted.segments, publication, can, pictures)),
    )


def _publication_of(action: Action) -> Publication | None:
    """Return the publication that *action* holds."""
    match action:
        case Create() | Extend() | Replace() | Update():
            return action.publication
        case Move() | Delete() | Forget() | Adopt() | Wait() | Blocked() | NoOp():
            return None
        case _:
            assert_never(action)


def _named(
    address: Address, prepared: PlanOfPosts, place: int, word: str, publication: Publication | None
) -> Entry:
    target = prepared.desired.targets.get(address.target)
    bound = prepared.prior.targets.get(address.target) if prepared.prior is not None else None
    account = (target.account if target is not None else None) or (bound.handle if bound is not None else "")
    return Entry(
        id_of(str(address)),
        printable(str(address)),
        printable(address.target),
        printable(account),
        place,
        word,
        TONES[word],
        lang=printable(publication.langs[0]) if publication is not None and publication.langs else "",
    )


def id_of(name: str) -> str:
    """Return what a page calls the part of itself that is about *name*: the same each time."""
    return f"p{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def _printable(rows: Iterable[tuple[str, str]]) -> tuple[Row, ...]:
    return tuple(Row(name, printable(value)) for name, value in rows)


def _segments(action: Action, wanted: Wanted | None) -> Sequence[SegmentView]:
    whole = wanted.segments if wanted is not None else ()
    match action:
        case Create() | Extend() | Replace() | Wait() | Blocked():
            return action.segments
        case Update():
            return whole if action.publication is not None else ()
        case NoOp() | Move() | Adopt():
            return whole
        case Delete() | Forget():
            return ()
        case _:
            assert_never(action)


def _live(action: Action, prepared: PlanOfPosts) -> Live:
    binding = prepared.prior.bindings.get(action.address) if prepared.prior is not None else None
    bound = binding.segments if binding is not None else ()
    match action:
        case Create() | Wait():
            return NOTHING_LIVE
        case Extend():
            return Live("Under what is live", action.live)
        case Replace():
            return Live(
                "Takes down, last to first" if len(action.old) > 1 else "Takes down", action.old, action.loses
            )
        case Delete():
            return Live("Takes down", action.old, action.loses)
        case Forget():
            return Live(forgotten_text(action).capitalize(), action.live)
        case Adopt():
            return Live("Binds what is live already", action.segments)
        case Blocked():
            stays = action.would in {"forget", "keep"}
            return Live("Live", action.old) if stays else Live("Would take down", action.old, action.loses)
        case Update() | Move() | NoOp():
            return Live("Live", bound)
        case _:
            assert_never(action)


def _posts(live: Live, now: datetime, zone: str | None) -> Iterator[LivePost]:
    losses = {loss.remote_id: loss for loss in live.loses or ()}
    for post in live.posts:
        loss = losses.get(post.remote_id, Loss(post.remote_id))
        yield LivePost(
            printable(post.permalink or f"id {post.remote_id}"),
            followed(post.permalink),
            f"published {told(post.at, zone)}, {ago(now - post.at)}",
            lines(post.text),
            printable(loss_text(loss, now)) if live.loses is not None else "",
            bool(loss.counts) and not any(loss.counts.values()),
        )


def _when(action: Action, publication: Publication | None, now: datetime, zone: str | None) -> str:
    match action:
        case Wait():
            return f"Waits {waiting_text(action, now, zone)}"
        case Create() | Blocked(would="create"):
            return _scheduled(publication, now, zone) if publication is not None else ""
        case Extend() | Replace() | Blocked() | Update() | Move() | Delete() | Forget() | Adopt() | NoOp():
            return ""
        case _:
            assert_never(action)


def _scheduled(publication: Publication, now: datetime, zone: str | None) -> str:
    schedule = publication.control.publish
    if schedule is None:
        return "Due at once: the post has no time"
    at = told(schedule.at, zone or schedule.zone)
    if schedule.at > now:
        return f"Due {at}, {ahead(schedule.at - now)}"
    return f"Due since {at}, {ago(now - schedule.at)}"


def _rows(  # noqa: PLR0912  (one case a kind of action)
    action: Action, publication: Publication | None
) -> Iterator[tuple[str, str]]:
    match action:
        case Create() | Extend():
            yield from _declared(action.publication, action.waits_for)
            if isinstance(action, Create) and action.republish:
                yield "again", "republish: true counts once"
        case Replace():
            yield from _declared(action.publication, action.waits_for)
            yield "consent", CONSENTS.get(action.consent, f"agreed to: {action.consent}")
            if action.why:
                yield "published anew", action.why
            if action.keep:
                yield "keeps", f"{many(action.keep, 'segment')} at the start"
        case Update():
            yield "protect", "yes" if action.protect else "no"
            yield "when its file is removed", action.on_remove.value
            if action.publication is None:
                yield "on the network", "nothing changes; only the state remembers this"
        case Move():
            yield "was", str(action.old)
        case NoOp():
            if action.note:
                yield "note", action.note
        case Wait() | Blocked():
            if publication is not None:
                yield from _declared(publication, ())
        case Delete() | Forget() | Adopt():
            return
        case _:
            assert_never(action)


def _declared(publication: Publication, waits_for: Sequence[Address]) -> Iterator[tuple[str, str]]:
    if waits_for:
        yield "after", ", ".join(map(str, waits_for))
    for line in option_lines(publication):
        name, _, value = line.partition(": ")
        yield name, value
