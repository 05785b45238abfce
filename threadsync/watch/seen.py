"""What is new between two looks at a project, as pure values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from threadsync.model.diagnostic import Diagnostic
from threadsync.model.ids import Address
from threadsync.operations.preview import Preview
from threadsync.planning.actions import Action
from threadsync.planning.inputs import Wanted


class News(Struct, frozen=True):
    """What a look found that the one before it had not: none of it means that nothing changed."""

    findings: tuple[Diagnostic, ...]
    """What is wrong now and was not."""
    standing: int
    """How many findings are as they were."""
    fewer: bool
    """Whether a finding went, and others are left."""
    mended: bool
    """Whether something was wrong, and nothing is any more."""
    actions: tuple[Action, ...]
    drafts: tuple[Wanted, ...]
    gone: tuple[Address, ...]
    """Publications and drafts that no file declares any more, and that were never published."""

    def __bool__(self) -> bool:
        found = self.findings or self.fewer or self.mended
        return bool(found or self.actions or self.drafts or self.gone)


def news(before: Preview, after: Preview) -> News:
    """Return what *after* says that *before* did not."""
    was, now = before.prepared, after.prepared
    actions, old_actions = _by_address(now.plan.actions), _by_address(was.plan.actions)
    drafts, old_drafts = _drafts(after), _drafts(before)
    findings, old_findings = set(now.findings), set(was.findings)
    gone = (old_actions.keys() | old_drafts.keys()) - (actions.keys() | drafts.keys())
    return News(
        tuple(finding for finding in now.findings if finding not in old_findings),
        len(findings & old_findings),
        bool(findings) and not old_findings <= findings,
        bool(was.findings) and not now.findings,
        tuple(action for address, action in actions.items() if action != old_actions.get(address)),
        tuple(draft for address, draft in drafts.items() if draft != old_drafts.get(address)),
        tuple(sorted(gone - _unreadable(gone, before, after))),
    )


def _unreadable(gone: Iterable[Address], before: Preview, after: Preview) -> set[Address]:
    """Return those of *gone* that *before* declared in files that have errors, or cannot be seen, by now."""
    broken, was, drafts = after.prepared.desired.broken, before.prepared.desired.publications, _drafts(before)
    places = {each.location.file for each in after.prepared.findings if each.rule == "file/unreadable"}
    return {
        address
        for address in gone
        if address.key in broken
        or ((wanted := was.get(address) or drafts.get(address)) is not None and _is_below(wanted, places))
    }


def _is_below(wanted: Wanted, places: Iterable[str]) -> bool:
    """Whether the file of *wanted* is one of *places*, or below one that is a folder."""
    file = wanted.publication.location.file
    return any(place in {file, "."} or file.startswith(f"{place}/") for place in places)


def _by_address(actions: tuple[Action, ...]) -> Mapping[Address, Action]:
    return {action.address: action for action in actions}


def _drafts(preview: Preview) -> Mapping[Address, Wanted]:
    return {draft.publication.address: draft for draft in preview.drafts}
