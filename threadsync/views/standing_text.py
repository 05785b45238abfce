"""How publications stand, as text: ``status``, ``show``, and what the state holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from threadsync.model.journal import PostsSeen, Published
from threadsync.model.state import Binding, Open, Tombstone
from threadsync.planning.inputs import Wanted
from threadsync.views.account_text import aged, counted
from threadsync.views.holding_text import freeze_text, heartbeat_text, hold_text
from threadsync.views.moments import told
from threadsync.views.page import Page, Style
from threadsync.views.plan_text import add_action
from threadsync.views.seen import Backup, Detail, Known, Standing, Standings
from threadsync.views.words import many

INDENT = 4

_STYLES = {
    "live": Style.GOOD,
    "blocked": Style.BAD,
    "interrupted": Style.CHANGE,
    "incomplete": Style.CHANGE,
    "changed": Style.CHANGE,
}
_COLUMN = len("interrupted") + 2


def status_text(standings: Standings, *, width: int, color: bool, now: datetime, zone: str | None) -> str:
    """Return a row for each publication, with where it is and what else there is to say."""
    page = Page(width, color=color)
    if standings.freeze is not None:
        page.add(freeze_text(standings.freeze, zone), style=Style.BAD)
    for row in standings.rows:
        style = _STYLES.get(row.word, Style.FAINT)
        page.add(f"{row.word:<{_COLUMN}}{row.address}", hang=_COLUMN, style=style)
        when = told(row.when, zone) if row.when is not None else ""
        held = hold_text(row.held, zone) if row.held is not None else ""
        for line in (row.permalink, when, row.detail, held, _seen(row.seen, now)):
            if line:
                page.add(line, indent=_COLUMN)
    if not standings.rows:
        page.add("No publications.")
    if standings.heartbeat is not None:
        page.blank()
        page.add(f"Last apply: {heartbeat_text(standings.heartbeat, now, zone)}", hang=2)
    return page.text()


def overdue_text(rows: Sequence[Standing], *, width: int, color: bool, zone: str | None) -> str:
    """Name the publications that should be live by now."""
    page = Page(width, color=color)
    page.add(f"{many(len(rows), 'publication')} overdue:", style=Style.BAD)
    for row in rows:
        assert row.due is not None, "what is overdue was due once"
        page.add(f"{row.address}: {row.word}, due {told(row.due, zone)}", indent=INDENT, hang=2)
    return page.text()


def show_text(known: Known, *, width: int, color: bool, now: datetime, zone: str | None) -> str:
    """Return all that is known of one publication."""
    page = Page(width, color=color)
    page.add(str(known.address), style=Style.STRONG)
    if known.declared is not None:
        _add_declared(page, known.declared, zone)
    else:
        page.add("no file declares it", indent=2)
    if known.binding is not None:
        _add_binding(page, known.binding, zone)
        _add_seen(page, known.binding, known.seen, now)
    if known.tombstone is not None:
        _add_tombstone(page, known.tombstone, zone)
    if known.open is not None:
        _add_open(page, known.open, zone)
    if known.held is not None:
        page.add(hold_text(known.held, zone), indent=2, hang=2, style=Style.BAD)
    if known.action is not None:
        page.blank()
        page.add("What apply would do:", style=Style.STRONG)
        add_action(page, known.action, now=now, zone=zone, detail=Detail.VERBOSE)
    return page.text()


def _seen(seen: PostsSeen | None, now: datetime) -> str:
    """Return what was last seen of a publication: ``12 likes, 3 replies, 3 days ago``.

    A publication may be live as far as the state knows, and gone from the network: that needs its own word.
    """
    if seen is None:
        return ""
    total: Counter[str] = Counter()
    for post in seen.posts.values():
        total.update(post.counts)
    drifted = sorted({post.drift.value for post in seen.posts.values() if post.drift})
    said = [*drifted, *([counted(total)] if total else [])]
    before = "when last seen: " if drifted else ""
    return f"{before}{', '.join(said)}{aged(seen.at, now)}" if said else ""


def _add_declared(page: Page, declared: Wanted, zone: str | None) -> None:
    publication = declared.publication
    page.add(f"file: {publication.location.file}", indent=2)
    page.add(f"segments: {len(publication.segments)}", indent=2)
    schedule = publication.control.publish
    if schedule is not None:
        page.add(f"publish: {told(schedule.at, zone or schedule.zone)}", indent=2, hang=2)
    page.add(f"digest: {publication.digest[:12]}", indent=2)


def _add_posts(page: Page, posts: Sequence[Published], zone: str | None) -> None:
    for post in posts:
        where = post.permalink or f"id {post.remote_id}"
        page.add(f"segment {post.index + 1}: {where}", indent=INDENT, hang=2)
        known_by = "" if post.bound_by == "receipt" else f", known by {post.bound_by}"
        page.add(f"id {post.remote_id}, published {told(post.at, zone)}{known_by}", indent=INDENT + 2)
        page.exact(post.text, indent=INDENT + 2)


def _add_binding(page: Page, binding: Binding, zone: str | None) -> None:
    page.blank()
    page.add("Live:", style=Style.STRONG)
    _add_posts(page, binding.segments, zone)
    if binding.superseded:
        page.add("Replaced, and still to be taken down:", indent=2)
        _add_posts(page, binding.superseded, zone)
    page.add(f"protect: {'yes' if binding.protect else 'no'}", indent=2)
    page.add(f"when its file is removed: {binding.on_remove}", indent=2)
    came = binding.provenance
    if came.at is not None:
        said = [f"bound {told(came.at, zone)}"]
        said += [f"by run {came.run}"] if came.run else []
        said += [f"from commit {came.commit[:12]}"] if came.commit else []
        said += [f"in {came.by}"] if came.by else []
        page.add(", ".join(said), indent=2, hang=2)


def _add_seen(page: Page, binding: Binding, seen: PostsSeen | None, now: datetime) -> None:
    for post in binding.segments if seen is not None else ():
        looked = seen.posts.get(post.remote_id) if seen is not None else None
        if looked is not None and seen is not None:
            drift = [looked.drift.value] if looked.drift else []
            said = [*drift, *([counted(looked.counts)] if looked.counts or not drift else [])]
            page.add(
                f"segment {post.index + 1} when last seen: {', '.join(said)}{aged(seen.at, now)}",
                indent=2,
                hang=2,
            )


def _add_tombstone(page: Page, stone: Tombstone, zone: str | None) -> None:
    page.blank()
    page.add(f"Tombstone: {stone.why}, {told(stone.at, zone)}", hang=2, style=Style.STRONG)
    if stone.by:
        page.add(f"taken down by {stone.by}{f': {stone.said}' if stone.said else ''}", indent=2, hang=2)
    _add_posts(page, stone.segments, zone)


def _add_open(page: Page, unfinished: Open, zone: str | None) -> None:
    page.blank()
    page.add(
        f"Interrupted: {unfinished.job.verb}, begun {told(unfinished.begun, zone)}",
        hang=2,
        style=Style.STRONG,
    )
    if unfinished.doubt is not None:
        page.add(f"in doubt: {unfinished.doubt.why}", indent=2, hang=2)
    elif unfinished.in_doubt:
        page.add("in doubt: its last answer was lost; the next apply finds out", indent=2, hang=2)


def entries_text(entries: Sequence[Binding | Tombstone], *, width: int, color: bool, zone: str | None) -> str:
    """Return what the state holds, an entry after the other."""
    page = Page(width, color=color)
    for entry in entries:
        if isinstance(entry, Binding):
            page.add(f"{'binding':<{_COLUMN}}{entry.address}", hang=_COLUMN, style=Style.GOOD)
            said = many(len(entry.segments), "segment")
            said += f", {len(entry.superseded)} to be taken down" if entry.superseded else ""
        else:
            page.add(f"{'tombstone':<{_COLUMN}}{entry.address}", hang=_COLUMN, style=Style.FAINT)
            said = f"{entry.why}, {told(entry.at, zone)}"
        page.add(said, indent=_COLUMN)
        for post in entry.segments[:1]:
            page.add(post.permalink or f"id {post.remote_id}", indent=_COLUMN)
    if not entries:
        page.add("The state holds nothing.")
    return page.text()


def history_text(entries: Sequence[Backup], *, width: int, color: bool, zone: str | None) -> str:
    """Return the copies of the state that there are, newest first."""
    page = Page(width, color=color)
    for entry in entries:
        if entry.problem:
            page.add(str(entry.file), style=Style.BAD)
            page.add(f"cannot be read: {entry.problem}", indent=INDENT, hang=2)
            continue
        page.add(str(entry.file), style=Style.STRONG if entry.current else None)
        when = f", {told(entry.when, zone)}" if entry.when is not None else ""
        run = f", run {entry.run}" if entry.run else ""
        use = "in use, " if entry.current else ""
        page.add(
            f"{use}serial {entry.serial}, {many(entry.bindings, 'publication')}{when}{run}",
            indent=INDENT,
            hang=2,
        )
    if not entries:
        page.add("There is no state yet, and no backup.")
    newest = next((entry.restore for entry in entries if entry.restore), "")
    if newest:
        page.blank()
        page.add("To go back to the newest backup, while nothing else runs:")
        page.command(newest, indent=INDENT)
    return page.text()
