"""``plan``: what apply would do. Reads files and state (and accounts when asked); writes nothing there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import Struct, field
from msgspec.structs import replace

from threadsync.execution.seams import Unwatched, Watcher
from threadsync.model.diagnostic import Diagnostic
from threadsync.model.facts import Drift, Facts
from threadsync.model.holding import Freeze, Heartbeat, Hold
from threadsync.model.ids import Address, is_notice
from threadsync.model.state import State
from threadsync.model.target import Safety
from threadsync.model.trouble import EVERYTHING
from threadsync.operations import approval
from threadsync.operations.drift import Drifted, drifts, remembered
from threadsync.operations.fitting import fitted
from threadsync.operations.lives import credential_views, with_lives
from threadsync.operations.selection import Selects, address_of, selection
from threadsync.operations.workspace import Declared, Workspace
from threadsync.planning.actions import Delete, Notice, Plan, Replace
from threadsync.planning.allowances import AccountView, CredentialView, accounts
from threadsync.planning.inputs import Consents, Desired, Wanted
from threadsync.planning.planfile import PlanOptions, SavedPlan
from threadsync.planning.planner import plan as make_plan
from threadsync.planning.safety import Excess, excesses
from threadsync.planning.saving import held_to, saved_plan
from threadsync.statefile.shapes import MisfitError
from threadsync.statefile.store import FileStore
from threadsync.statefile.unread import check_read


class Prepared(Struct, frozen=True):
    """A plan with what a reader of it should know."""

    plan: Plan
    findings: tuple[Diagnostic, ...]
    excesses: tuple[Excess, ...]
    durable: str
    """What the place of the state is safe against."""
    state_path: str
    zone: str | None
    desired: Desired
    """What the files say, as the plan was made from it; with *prior*."""
    prior: State | None
    interrupted: tuple[Address, ...] = ()
    """Publications that an earlier apply did not finish."""
    accounts: tuple[AccountView, ...] = ()
    """The accounts it is about, as they were read or last seen."""
    credentials: tuple[CredentialView, ...] = ()
    """What is known of the credentials of its targets, wherever the network renews them."""
    media: frozenset[str] = frozenset()
    """Every media file that a post or a draft names, by its path in the project."""
    drafts: Mapping[Address, Wanted] = field(default_factory=dict)
    """Posts that are drafts, as their networks would get them."""

    @property
    def freeze(self) -> Freeze | None:
        """The freeze under which apply refuses; None where it acts."""
        return self.prior.freeze if self.prior is not None else None

    @property
    def holds(self) -> tuple[Hold, ...]:
        """What a person holds, in order of addresses."""
        holds = self.prior.holds if self.prior is not None else {}
        return tuple(holds[address] for address in sorted(holds))

    @property
    def heartbeat(self) -> Heartbeat | None:
        """When an apply of everything ended last."""
        return self.prior.heartbeat if self.prior is not None else None

    @property
    def has_errors(self) -> bool:
        """Whether the files have errors; then nothing can be applied."""
        return any(finding.is_error for finding in self.findings)


def plan(
    workspace: Workspace,
    selectors: Sequence[str] = (),
    *,
    exclude: Sequence[str] = (),
    at: datetime | None = None,
    options: PlanOptions | None = None,
    refresh: bool = False,
    watcher: Watcher | None = None,
    briefly: bool = False,
) -> Prepared:
    """Return what apply would do now, or at the time *at*.

    *options* say all that was asked for, selectors and consents too. With *refresh* the accounts are read
    as apply would read them, and every live post is looked at; it takes no lock, and records nothing.
    *Briefly*, nothing is held of publications to which nothing is to be done; what it comes to is the same.

    Raises:
        StateError: the state cannot be read; no plan is made from a guess.
        UsageError: a selector chooses nothing, or a consent names no publication.
    """
    options = options or PlanOptions(tuple(selectors), tuple(exclude))
    prior, now, declared = _read(workspace, at, briefly=briefly and not refresh)
    declared = fitted(workspace, declared, prior)
    selects = chosen(declared, prior, options.selectors, options.exclude)
    consents = agreed(options, declared, prior)

    def prepared(facts: Facts) -> Prepared:
        return prepare(
            workspace,
            declared,
            prior=prior,
            facts=facts,
            now=now,
            consents=consents,
            selects=selects,
            limits=workspace.project.safety,
        )

    offline = prepared(Facts())
    known = [*approval.notices(workspace, declared, offline.plan, prior), *_lasting(prior)]
    if not refresh:
        return _with_notices(offline, known)
    from threadsync.operations.reading import read_as_apply  # all that speaks to a network hangs on it

    facts = read_as_apply(workspace, declared, offline.plan, prior, watcher or Unwatched())
    read = prepared(facts)
    return _with_notices(read, [*known, *_unread(workspace, prior, offline.plan, facts)])


def _with_notices(prepared: Prepared, notices: Sequence[Notice]) -> Prepared:
    """Put *notices* beside those that *prepared* has."""
    return replace(prepared, plan=replace(prepared.plan, notices=(*prepared.plan.notices, *notices)))


def _lasting(prior: State | None) -> Iterator[Notice]:
    """Name the troubles that applies have met and none has seen the end of."""
    for target, trouble in sorted(prior.troubles.items() if prior is not None else ()):
        if trouble.until is None:
            about = "apply" if target == EVERYTHING else target
            what = f"in trouble since {trouble.since:%Y-%m-%d %H:%M} UTC: {trouble.problem}"
            yield Notice(about, what, trouble.remedy, trouble.at)


def _unread(workspace: Workspace, prior: State | None, offline: Plan, facts: Facts) -> Iterator[Notice]:
    """Name the accounts that were asked in vain, and of which no action says so.

    Where something was to be done it is blocked by now, and has the reason.
    """
    from threadsync.operations.reading import why_unread

    blocked = {action.address.target for action in offline.effective}
    for target, read in sorted(facts.targets.items()):
        problem, remedy = why_unread(workspace, prior, target, read)
        if problem and target not in blocked:
            yield Notice(target, f"the account was not read: {problem}", remedy)


def _read(
    workspace: Workspace, at: datetime | None, *, briefly: bool
) -> tuple[State | None, datetime, Declared]:
    """Read state and posts, and return them with the time of the plan."""
    prior = workspace.store.unread() if briefly and isinstance(workspace.store, FileStore) else None
    if prior is not None:
        now = at or workspace.clock.now()
        try:
            declared = workspace.declared(prior, now, briefly=True)
            check_read(prior, {address: live.posts for address, live in declared.desired.live.items()})
        except MisfitError:
            pass  # read as a whole, the state says what is wrong with it
        else:
            return prior, now, declared
    prior = workspace.store.read().state
    now = at or workspace.clock.now()
    return prior, now, workspace.declared(prior, now, briefly=briefly)


def agreed(options: PlanOptions, declared: Declared, prior: State | None) -> Consents:
    """Return what *options* agree to.

    Raises:
        UsageError: one names no publication.
    """

    def addresses(texts: Iterable[str]) -> frozenset[Address]:
        bound = prior.bindings if prior is not None else ()
        return frozenset(address_of(text, {*declared.desired.publications, *bound}) for text in texts)

    return Consents(
        dict.fromkeys(sorted(addresses(options.allow_replace)), "flag"),
        addresses(options.allow_delete),
        addresses(options.allow_duplicate),
        addresses(options.late),
    )


def chosen(
    declared: Declared, prior: State | None, selectors: Sequence[str], exclude: Sequence[str]
) -> Selects:
    """Return the publications that the selectors choose, of those declared or remembered."""
    if not selectors and not exclude:
        return lambda _: True
    remembered = (*prior.bindings, *prior.tombstones, *prior.open) if prior is not None else ()
    desired = declared.desired
    known = (*desired.publications, *desired.live, *declared.drafts, *remembered)
    return selection(selectors, exclude, known, declared.paths())


def prepare(
    workspace: Workspace,
    declared: Declared,
    *,
    prior: State | None,
    facts: Facts,
    now: datetime,
    consents: Consents,
    selects: Selects,
    limits: Safety,
    saved: SavedPlan | None = None,
) -> Prepared:
    """Make a plan from what was read, and put beside it what a reader should know.

    With *saved* nothing is left to be done that the saved plan did not show.
    """
    standing = workspace.last.standing if workspace.last is not None else None
    made = make_plan(declared.desired, prior, facts, now, consents, selected=selects, standing=standing)
    if saved is not None:
        made = held_to(saved, made, bound(workspace, made, declared.desired, prior, saved.options))
    drifted = _drifted((*drifts(workspace.providers, prior, facts), *remembered(prior, facts, made)), made)
    made = replace(made, notices=(*_skewed(facts), *_incomplete_cards(facts), *drifted))
    lives = credential_views(workspace, prior, facts)
    return Prepared(
        made,
        declared.findings,
        excesses(made, limits),
        workspace.store.durable,
        workspace.project.state_name,
        workspace.project.zone,
        declared.desired,
        prior,
        tuple(sorted(each for each in prior.open if not is_notice(each))) if prior is not None else (),
        with_lives(accounts(made.actions, declared.desired.capabilities, prior, facts, now), lives),
        lives,
        declared.media(),
        declared.drafts,
    )


def bound(
    workspace: Workspace, made: Plan, desired: Desired, prior: State | None, options: PlanOptions
) -> SavedPlan:
    """Return *made* with all that it is bound to, to be kept or compared."""
    return saved_plan(made, desired, prior, project=workspace.project.id, options=options)


SKEW_SECONDS_MAX = 300.0


def _skewed(facts: Facts) -> list[Notice]:
    found: list[Notice] = []
    for target, of_target in sorted(facts.targets.items()):
        ahead = of_target.account.server_ahead_seconds if of_target.account is not None else None
        if ahead is not None and abs(ahead) > SKEW_SECONDS_MAX:
            how = "behind" if ahead > 0 else "ahead of"
            found.append(
                Notice(
                    target,
                    f"this machine's clock is {abs(ahead) / 60:.0f} minutes {how} the network's.",
                    "Set the clock; what is due is decided by it.",
                )
            )
    return found


def _incomplete_cards(facts: Facts) -> list[Notice]:
    return [
        Notice(
            target,
            f"the card for {url} is less than its page offers: {card.problem}.",
            "Mend the page, or publish as it is shown here.",
        )
        for (target, url), card in sorted(facts.cards.items())
        if card.problem
    ]


def _drifted(drifted: Iterable[Drifted], made: Plan) -> list[Notice]:
    """Name the posts that were changed on the network since they were published.

    One that this very plan found gone is blocked, and needs no second word.
    """
    goes = {
        post.remote_id
        for action in made.actions
        if isinstance(action, Replace | Delete)
        for post in action.old
    }
    found: list[Notice] = []
    for each in drifted:
        where = each.post.permalink or each.post.remote_id
        if each.drift is Drift.EDITED:
            is_said = each.seen_at is None and each.text != each.post.text
            said = f"; it says now: {each.text!r}." if is_said else "."
            what = f"{where} was edited on the network{said}"
        elif each.drift is Drift.HIDDEN:
            what = f"{where} was hidden on the network: readers do not see it."
        elif each.seen_at is not None:
            what = f"{where} was deleted on the network."
            remedy = f"Record it as taken down with threadsync state accept {each.address}."
            found.append(Notice(str(each.address), what, remedy, each.seen_at))
            continue
        else:
            continue
        taken_down = each.post.remote_id in goes
        remedy = "Carrying this plan out takes that down." if taken_down else "This plan leaves it as it is."
        found.append(Notice(str(each.address), what, remedy, each.seen_at))
    return found
