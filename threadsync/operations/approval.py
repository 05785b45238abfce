"""``safety.apply_from``: what is sent to real networks comes from a commit of the protected branch.

The remote itself is asked where the branch is, each time; where it does not answer, what git last fetched
from it counts. Sandboxes are exempt. There is no option that lifts it: it is taken out of the project file.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from threadsync.content.project import PROJECT_FILE
from threadsync.errors import WrongCheckout
from threadsync.model.ids import TargetName, is_notice
from threadsync.model.state import State
from threadsync.model.target import ApplyFrom
from threadsync.model.urls import is_loopback
from threadsync.operations.checkout import Checkout, behind, concerns
from threadsync.operations.workspace import Declared, Workspace
from threadsync.planning.actions import Blocked, Notice, Plan, Reason

SHOWN_MAX = 3
"""How many changed files are named."""
SHORT = 10
"""How many characters of a commit are shown."""
_ASKED = frozenset({Reason.NEEDS_CONSENT, Reason.LATE})
"""Reasons that a yes does away with before any account is read."""
_LIFT = f"Sandboxes are not held to it; nothing else lifts it but editing safety: in {PROJECT_FILE}."


class Approval(Struct):
    """What the rule asks of the checkout, for the length of one command."""

    workspace: Workspace
    _read_at: str = ""
    """The commit that the files were read at."""
    _merged: str = ""
    """The commit that was found to be in the branch."""

    def begin(self) -> None:
        """Remember the commit; called right before the files are read."""
        if self._rule is not None:
            self._read_at = self._checkout.head()

    def require(self, declared: Declared, targets: Iterable[TargetName]) -> None:
        """Make sure that *declared*, just read, may be sent to *targets*.

        Raises:
            WrongCheckout: it may not; nothing was sent.
        """
        rule = self._rule
        if rule is None or not real(self.workspace, targets):
            return
        head = self._checkout.head()
        if not head or head != self._read_at:
            raise _refused(rule, _moved(self.workspace, head), "Apply in a checkout that stays as it is.")
        if head != self._merged:
            self._require_merged(rule, head)
            self._merged = head
        changed = _changed(self._checkout, self.workspace, declared) if rule.clean else ""
        # Looked at again: what was read, what was looked at and the commit belong to one another.
        if changed or self._checkout.head() != head:
            raise _refused(
                rule,
                changed or _moved(self.workspace, head),
                "Commit it and have it merged (git status shows what differs), or put it back.",
            )

    @property
    def _rule(self) -> ApplyFrom | None:
        return self.workspace.project.safety.apply_from

    @property
    def _checkout(self) -> Checkout:
        return self.workspace.surroundings.checkout(self.workspace.project.root, self.workspace.clock)

    def _require_merged(self, rule: ApplyFrom, head: str) -> None:
        tip = self._checkout.ask(rule.remote, rule.branch)
        if not tip.commit:
            why = tip.problem or f"{rule.remote} has no branch {rule.branch}"
            untold = f"whether commit {head[:SHORT]} is in it cannot be told: {why}"
            remedy = (
                f"Give this checkout the right to read {rule.remote}, or git fetch the branch first."
                if tip.problem
                else f"Correct branch: or remote: under safety.apply_from in {PROJECT_FILE}."
            )
            raise _refused(rule, untold, remedy)
        if not self._checkout.is_merged(rule.remote, rule.branch, tip.commit, head):
            unasked = f" as it was last fetched ({tip.problem})" if tip.problem else ""
            raise _refused(
                rule,
                f"commit {head[:SHORT]} of this checkout is not in it{unasked}",
                f"Have it merged into {rule.branch}, then apply from there (CI does, on merge).",
            )


def notices(workspace: Workspace, declared: Declared, made: Plan, prior: State | None) -> list[Notice]:
    """Say that apply would refuse to carry *made* out from here, as far as that is known on this machine."""
    rule = workspace.project.safety.apply_from
    if rule is None or not real(workspace, touched(made, prior)):
        return []
    checkout = workspace.surroundings.checkout(workspace.project.root, workspace.clock)
    head, tip = checkout.head(), checkout.last_fetched(rule.remote, rule.branch)
    found: list[str] = []
    if not head:
        found.append(_moved(workspace, head))
    elif tip and not checkout.contains(tip, head):
        found.append(f"commit {head[:SHORT]} is not in it as it was last fetched")
    if head and rule.clean and (changed := _changed(checkout, workspace, declared)):
        found.append(changed)
    return [
        Notice("apply", f"it would refuse to run from here: {_said(rule)}, and {each}.", _LIFT)
        for each in found
    ]


def real(workspace: Workspace, targets: Iterable[TargetName]) -> frozenset[TargetName]:
    """Return those of *targets* that are not on this machine."""
    known = workspace.project.targets
    return frozenset(
        name
        for name in targets
        if name not in known or not is_loopback(known[name].base_url or "https://network.invalid")
    )


def touched(made: Plan, prior: State | None) -> frozenset[TargetName]:
    """Return the targets to which *made* may send something, as it is or once somebody agreed to more."""
    acting = {action.address for action in made.effective}
    acting |= {a.address for a in made.actions if isinstance(a, Blocked) and a.reason in _ASKED}
    acting |= {address for address in (prior.open if prior is not None else ()) if not is_notice(address)}
    return frozenset(address.target for address in acting)


def _changed(checkout: Checkout, workspace: Workspace, declared: Declared) -> str:
    """Name what apply reads and is not as in the commit; empty where all of it is."""
    project = workspace.project
    posts = project.posts.relative_to(project.root).as_posix()
    named = frozenset(declared.paths().values()) | declared.media() | {PROJECT_FILE}
    # What a link leads to is read, and git tells of the link alone.
    read = named | behind(project.root, named)
    folders = frozenset({posts}) | behind(project.root, {posts})
    found = checkout.changes({*folders, *(path.partition("/")[0] for path in read)})
    if found is None:
        return "git does not tell what differs from its commit"
    read_there = [each for each in found if concerns(each, folders, read)]
    if differing := [each.path for each in read_there if not each.is_hidden]:
        verb = "differs" if len(differing) == 1 else "differ"
        return f"{_some(differing)} {verb} from the commit"
    if hidden := [each.path for each in read_there]:
        undo = "git update-index --no-skip-worktree --no-assume-unchanged lets it look again"
        return f"git was told not to look at {_some(hidden)}, so it may differ from the commit ({undo})"
    return ""


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN_MAX} more" if len(names) > SHOWN_MAX else ""
    return f"{', '.join(names[:SHOWN_MAX])}{more}"


def _moved(workspace: Workspace, head: str) -> str:
    if not head:
        return f"{workspace.project.root} has no commit that git could tell"
    return f"another commit ({head[:SHORT]}) was checked out while the files were read"


def _said(rule: ApplyFrom) -> str:
    return f"safety.apply_from allows it from {rule} alone"


def _refused(rule: ApplyFrom, why: str, remedy: str) -> WrongCheckout:
    return WrongCheckout(
        f"apply sends nothing from here: {_said(rule)}, and {why}.",
        where=PROJECT_FILE,
        remedy=f"{remedy} {_LIFT}",
    )
