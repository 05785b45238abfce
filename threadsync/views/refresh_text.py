"""What ``refresh`` saw, as text."""

from __future__ import annotations

from typing import assert_never

from threadsync.model.facts import Drift
from threadsync.views.account_text import account_head, account_lines, counted
from threadsync.views.moments import told
from threadsync.views.page import Page, Style
from threadsync.views.seen import Detail
from threadsync.views.seen_refresh import DriftedPost, Looked, UndeclaredPost
from threadsync.views.words import many

INDENT = 4


def refresh_text(looked: Looked, *, width: int, color: bool, detail: Detail = Detail.NORMAL) -> str:
    """Return what was seen; with QUIET only what drifted and the sum, with VERBOSE every publication."""
    page = Page(width, color=color)
    for each in looked.drifted:
        _add_drifted(page, each, looked)
    if detail > Detail.QUIET:
        for post in looked.undeclared:
            _add_undeclared(page, post, looked.zone)
    if detail is Detail.VERBOSE:
        _add_seen(page, looked)
    for target in looked.unread:
        page.blank()
        page.add(f"Not read: {target.target}: {target.problem}", hang=INDENT, style=Style.BAD)
        if target.remedy:
            page.add(f"What to do: {target.remedy}", indent=INDENT, hang=2)
    if detail > Detail.QUIET:
        for account in looked.accounts:
            page.blank()
            page.add(f"Account: {account_head(account, looked.at)}", hang=2)
            for line in account_lines(account, looked.at, looked.zone):
                page.add(line, indent=INDENT, hang=2)
    page.blank()
    page.add(_sum(looked), style=Style.STRONG)
    if not looked.recorded and detail > Detail.QUIET:
        page.add("There is no state yet, so nothing of this is kept.")
    return page.text()


def _add_drifted(page: Page, each: DriftedPost, looked: Looked) -> None:
    page.blank()
    style = Style.BAD if each.drift is Drift.DELETED else Style.CHANGE
    page.add(f"{each.drift}  {each.address}  segment {each.post.index + 1}", hang=INDENT, style=style)
    page.add(each.post.permalink or f"id {each.post.remote_id}", indent=INDENT)
    page.add(f"published {told(each.post.at, looked.zone)}:", indent=INDENT, hang=2)
    page.exact(each.post.text, indent=INDENT + 2)
    match each.drift:
        case Drift.DELETED:
            remedy = f"Record it as taken down with threadsync state accept {each.address}."
        case Drift.EDITED:
            if each.text == each.post.text:
                page.add("its words are the same now; what hangs on it was changed", indent=INDENT)
            else:
                page.add("it says now:", indent=INDENT)
                page.exact(each.text, indent=INDENT + 2)
            remedy = "Nothing: threadsync leaves it. A replace would take down what it says now."
        case Drift.HIDDEN:
            remedy = "Readers do not see it. Show it again in the network's own application."
        case Drift.NONE:
            raise AssertionError("what did not drift is not listed")
        case _:
            assert_never(each.drift)
    page.add(f"What to do: {remedy}", indent=INDENT, hang=2)


def _add_undeclared(page: Page, each: UndeclaredPost, zone: str | None) -> None:
    page.blank()
    where = each.post.permalink or f"id {each.post.remote_id}"
    page.add(f"undeclared  {each.target}  {where}", hang=INDENT, style=Style.MOVE)
    kind = "a reply" if each.post.parent is not None else "a post"
    page.add(f"{kind}, published {told(each.post.at, zone)}:", indent=INDENT, hang=2)
    page.exact(each.post.text, indent=INDENT + 2)
    if each.post.parent is None:
        page.add("To look after it, write a post for it, then:", indent=INDENT)
        page.command(f"threadsync import KEY@{each.target} {each.post.remote_id}", indent=INDENT + 2)


def _add_seen(page: Page, looked: Looked) -> None:
    page.blank()
    for address, seen in looked.seen.items():
        page.add(str(address), style=Style.GOOD)
        for remote_id, post in seen.posts.items():
            said = counted(post.counts) if post.counts else "likes and replies unknown"
            page.add(f"id {remote_id}: {said}", indent=INDENT, hang=2)


def _sum(looked: Looked) -> str:
    read = f"{many(looked.looked_at, 'live post')} looked at"
    drifted = many(len(looked.drifted), "difference") if looked.drifted else "no difference"
    days = (looked.at - looked.since).days
    return f"{read}: {drifted}. {many(len(looked.undeclared), 'undeclared post')} in {many(days, 'day')}."
