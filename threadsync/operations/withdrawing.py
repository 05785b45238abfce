"""``withdraw``: takes live posts down now, whatever their files say, and they never come back by themselves.

It goes the way of every delete: plan, consent, intent, receipt. Files are not read: one with an error, or
one that is gone, keeps nothing up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from threadsync.errors import UsageError
from threadsync.execution.seams import Watcher
from threadsync.model.holding import whose
from threadsync.model.ids import Address
from threadsync.model.state import State
from threadsync.operations.applied import AppliedPlan, ApplyOptions
from threadsync.operations.apply import apply
from threadsync.operations.asking import Person
from threadsync.operations.holding import refuse_no_state
from threadsync.operations.plan import Prepared
from threadsync.operations.selection import address_of
from threadsync.operations.workspace import Workspace


def withdraw(
    workspace: Workspace,
    options: ApplyOptions,
    *,
    person: Person | None,
    show: Callable[[Prepared], None],
    watcher: Watcher,
    on_started: Callable[[Callable[[], None]], None] = lambda _: None,
) -> AppliedPlan:
    """Take down what ``options.withdraw`` names; all else is as of ``apply``.

    It works under a freeze: to take something down is what a freeze is often for.

    Raises:
        UsageError: a publication is not live, protected or held; nothing was done then.
        StateError: as of ``apply``.
    """
    prior = refuse_no_state(workspace)
    for text in options.withdraw:
        _refuse(prior, _known(workspace, prior, text))
    return apply(workspace, options, person=person, show=show, watcher=watcher, on_started=on_started)


def options_of(
    addresses: Sequence[str], *, why: str, yes: bool, lock_timeout_seconds: float, deletes_max: int
) -> ApplyOptions:
    """Return what ``apply`` is told; each named post is one agreed to, so they lift the limit themselves."""
    named = tuple(dict.fromkeys(addresses))
    return ApplyOptions(
        selectors=named,
        yes=yes,
        max_deletes=max(deletes_max, len(named)),
        lock_timeout_seconds=lock_timeout_seconds,
        withdraw=named,
        why=why,
    )


def _known(workspace: Workspace, prior: State, text: str) -> Address:
    """Return the address that *text* names.

    Raises:
        UsageError: it names none, or one that only a file declares.
    """
    remembered = {*prior.bindings, *prior.tombstones, *prior.open}
    if text not in {str(each) for each in remembered}:
        declared = workspace.declared(prior, workspace.clock.now())
        address = address_of(text, {*remembered, *declared.desired.publications, *declared.drafts})
        raise _not_live(address)
    return Address.parse(text)


def _not_live(address: Address) -> UsageError:
    return UsageError(
        f"{address} is not live, so there is nothing to take down.",
        remedy=f"To keep it from going out: threadsync hold {address}.",
    )


def _refuse(prior: State, address: Address) -> None:
    """Refuse what cannot be taken down; what was taken down already is no mistake."""
    binding, stone = prior.bindings.get(address), prior.tombstones.get(address)
    if address in prior.holds:
        raise UsageError(
            f"{address} is held{whose(prior.holds[address])}, so nothing may touch it.",
            remedy=f"If it is to go all the same: threadsync release {address}, then withdraw it.",
        )
    if binding is not None and binding.protect:
        raise UsageError(
            f"{address} is protected, so nothing may take it down.",
            remedy="Write protect: false in its post and apply; then withdraw it.",
        )
    if stone is not None and binding is None and stone.left_up:
        raise UsageError(
            f"{address} was let go of when its file was removed, so its posts are not threadsync's any more.",
            remedy="Bring the file back and apply, which binds them again; then withdraw it. Or delete them "
            f"on the network: threadsync show {address} has their addresses.",
        )
    if binding is None and (stone is None or stone.why == "skipped") and not _may_be_live(prior, address):
        raise _not_live(address)


def _may_be_live(prior: State, address: Address) -> bool:
    unfinished = prior.open.get(address)
    return unfinished is not None and unfinished.in_doubt
