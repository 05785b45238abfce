"""What is new between two looks at a project, as pure values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from threadsync.model.diagnostic import Diagnostic
from threadsync.model.ids import Address
from threadsync.operations.preview import Preview
from threadsync.planning.actions import Action
from threadsync.planning.inputs import Wanted


@dataclass(frozen=True, slots=True)
class News:
    """What a look found that the one before it had not: none of it means that nothing changed."""

    findings: tuple[Diagnostic, ...]
    """All that is wrong now, if anything about it is new."""
    mended: bool
    """Whether something was wrong, and nothing is any more."""
    actions: tuple[Action, ...]
    drafts: tuple[Wanted, ...]
    gone: tuple[Address, ...]
    """Publications and drafts that no file declares any more, and that were never published."""

    def __bool__(self) -> bool:
        return bool(self.findings or self.mended or self.actions or self.drafts or self.gone)


def news(before: Preview, after: Preview) -> News:
    """Return what *after* says that *before* did not."""
    was, now = before.prepared, after.prepared
    actions, old_actions = _by_address(now.plan.actions), _by_address(was.plan.actions)
    drafts, old_drafts = _drafts(after), _drafts(before)
    gone = (old_actions.keys() | old_drafts.keys()) - (actions.keys() | drafts.keys())
    broken = now.desired.broken  # a file with errors is not gone
    return News(
        now.findings if now.findings != was.findings else (),
        bool(was.findings) and not now.findings,
        tuple(action for address, action in actions.items() if action != old_actions.get(address)),
        tuple(draft for address, draft in drafts.items() if draft != old_drafts.get(address)),
        tuple(sorted(address for address in gone if address.key not in broken)),
    )


def _by_address(actions: tuple[Action, ...]) -> Mapping[Address, Action]:
    return {action.address: action for action in actions}


def _drafts(preview: Preview) -> Mapping[Address, Wanted]:
    return {draft.publication.address: draft for draft in preview.drafts}
