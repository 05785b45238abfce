"""Safeguards of what is live: what is removed, replaced and taken down (laws 5, 6, 8 and 17)."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from tests.testing.sabotage import (
    LOOK,
    OTHER,
    PUBLISH,
    WORDS,
    Safeguard,
    Scene,
    applied,
    ended,
    finds_nothing,
    judged,
    live,
    on,
    steps,
    told,
)
from threadsync.model.ids import Address
from threadsync.model.journal import Receipt
from threadsync.model.ledger import Ledger
from threadsync.model.state import Binding, Open, State
from threadsync.planning import removal
from threadsync.planning.actions import Action, Reason, Replace
from threadsync.planning.inputs import Consents, Desired, Wanted
from threadsync.planning.moves import Renamed
from threadsync.planning.planner import _Planner
from threadsync.testing.casts import PROJECT
from threadsync.testing.disk import When
from threadsync.testing.shape import chain
from threadsync.testing.troubles import Death, NetworkFault, nothing

PLANNER = "threadsync.planning.planner._Planner"
REMOVAL = "threadsync.planning.removal"
READINESS = "threadsync.planning.readiness"
LEDGER = "threadsync.model.ledger.Ledger"
RUN = "threadsync.operations.apply._Run"


def counts_all_as_removed(desired: Desired, prior: State | None) -> dict[Address, Binding]:
    """A planner that takes a file with errors for none."""
    bindings = {} if prior is None else prior.bindings
    return {each: binding for each, binding in bindings.items() if each not in desired.publications}


def applies_all_the_same(self: object, prior: State | None) -> object:
    """An apply that takes no notice of errors in files."""
    run = self
    return run.workspace.declared(prior, run.workspace.clock.now())  # type: ignore[attr-defined]


def is_no_graver(finding: object, prior: State | None) -> object:
    """An apply to which an empty posts folder is worth a warning."""
    return finding


def chooses_all(selector: str, names: tuple[str, ...]) -> bool:
    """A selection that takes everything."""
    return True


_actions = removal.actions


def forgets_protection(
    desired: Desired,
    prior: State | None,
    gone: Mapping[Address, Binding],
    renames: Mapping[Address, Renamed],
    consents: Consents,
) -> dict[Address, Action]:
    """A planner to which protection ends with the file that says so."""
    unprotected = {address: replace(binding, protect=False) for address, binding in gone.items()}
    return _actions(desired, prior, unprotected, renames, consents)


_replace = _Planner._replace


def takes_down_all(self: _Planner, wanted: Wanted, binding: Binding, *rest: object) -> Replace:
    """A planner that replaces a part of a chain and takes down the whole."""
    action = _replace(self, wanted, binding, *rest)  # type: ignore[arg-type]  # passed on as they came
    return replace(action, old=binding.segments)


def asks_nobody(self: _Planner, wanted: Wanted, binding: Binding, keep: int, *, resumed: bool) -> Action:
    """A planner to which a changed file is consent enough."""
    return self._replace(wanted, binding, keep, Reason.CHANGED, "file")


def always_goes_on(self: _Planner, wanted: Wanted, binding: Binding | None, unfinished: Open) -> bool:
    """A planner that goes on with whatever was interrupted, whatever the file says now."""
    return True


_withdrawn = _Planner._withdrawn
_changed = _Planner._changed


def withdraws_what_is_protected(self: _Planner, address: Address, binding: Binding | None) -> Action:
    """A planner to which withdrawing is stronger than protection."""
    return _withdrawn(self, address, binding and replace(binding, protect=False))


def replaces_what_is_protected(
    self: _Planner, wanted: Wanted, binding: Binding, keep: int, *, resumed: bool
) -> Action:
    """A planner to which a consent in the file is stronger than protection."""
    return _changed(self, wanted, replace(binding, protect=False), keep, resumed=resumed)


_receipt = Ledger._receipt


def supersedes_nothing(self: Ledger, note: Receipt) -> None:
    """A ledger that does not keep what a receipt takes the place of."""
    _receipt(self, note)
    self._bind(replace(self.bindings[note.address], superseded=()))


def broken(world: Scene) -> list[str]:
    """A file that is to be deleted when it is removed gets a slip of the pen."""
    applied(world, on_remove="delete")
    world.post("a", WORDS, targets="threads/nowhere")
    world.apply()
    return judged(world, live((WORDS,)))


def all_gone(world: Scene) -> list[str]:
    """The posts folder is empty."""
    applied(world, on_remove="delete")
    world.remove("a")
    world.apply()
    return judged(world, live((WORDS,)))


def drafted(world: Scene) -> list[str]:
    """A live post becomes a draft again."""
    applied(world, on_remove="delete")
    world.post("a", WORDS, on_remove="delete", draft="true")
    return ended(world, live((WORDS,)))


def not_selected(world: Scene) -> list[str]:
    """A file is removed, and another post is applied alone."""
    world.post("b", OTHER)
    applied(world, on_remove="delete")
    world.remove("a")
    world.post("b", chain(OTHER, "And more of it"))
    world.apply("b")
    return judged(world, live((WORDS,), (OTHER, "And more of it")))


def protected(world: Scene) -> list[str]:
    """A protected file is removed."""
    applied(world, on_remove="delete", protect="true")
    world.post("b", OTHER)
    world.remove("a")
    world.apply()
    return judged(world, live((WORDS,), (OTHER,)))


def protected_and_withdrawn(world: Scene) -> list[str]:
    """A protected post is withdrawn."""
    applied(world, protect="true")
    world.post("a", WORDS, protect="true", withdraw="true")
    world.apply()
    return judged(world, live((WORDS,)))


def protected_and_edited(world: Scene) -> list[str]:
    """The file of a protected post is edited, and says that it is to be replaced."""
    applied(world, protect="true")
    world.post("a", OTHER, protect="true", on_change="replace")
    world.apply()
    return judged(world, live((WORDS,)))


def end_replaced(world: Scene) -> list[str]:
    """The end of a chain is replaced."""
    applied(world, chain("Top", "End that was wrong"))
    world.post("a", chain("Top", "End that is right"), on_change="replace")
    return ended(world, live(("Top", "End that is right"), taken_down=("End that was wrong",)))


def edited(world: Scene) -> list[str]:
    """A file is edited, and nobody agreed to a replace."""
    applied(world)
    world.post("a", OTHER)
    world.apply()
    return judged(world, live((WORDS,)))


def edited_again_midway(world: Scene) -> list[str]:
    """A replace that was agreed to is interrupted, and the file is edited once more."""
    applied(world)
    world.post("a", OTHER)
    world.script = on(PUBLISH, Death(When.BEFORE))
    world.apply(allow_replace=("a@threads/main",))
    world.script = nothing
    world.post("a", "Not what anybody agreed to")
    world.apply()
    world.apply()
    return judged(world, live((WORDS,)))


def died_before_it_deletes(world: Scene) -> list[str]:
    """A replace dies between the new post and the deletion of the old one."""
    applied(world)
    world.post("a", OTHER, on_change="replace")
    world.script = on("DELETE", Death(When.BEFORE))
    world.apply()
    return ended(world, live((OTHER,), taken_down=(WORDS,)))


def no_deletes_left(world: Scene) -> list[str]:
    """A replace is agreed to, and the account may delete nothing more."""
    applied(world)
    world.switch(deletes_quota=0)
    world.post("a", OTHER, on_change="replace")
    world.apply()
    return judged(world, live((WORDS,)))


def a_bad_merge(world: Scene) -> list[str]:
    """Five files that are to be deleted when they are removed vanish at once."""
    keys = "abcde"
    for key in keys:
        world.post(key, f"Number {key}", on_remove="delete")
    world.post("z", OTHER)
    world.apply()
    for key in keys:
        world.remove(key)
    world.apply()
    return judged(world, live(*((f"Number {key}",) for key in keys), (OTHER,)))


def matched_by_text_alone(world: Scene) -> list[str]:
    """A post was adopted because it says the same, and is withdrawn; it was somebody else's."""
    world.post("a", WORDS)
    by_hand = f"#{WORDS}"

    def posted() -> None:
        world.network.post_by_hand("main", by_hand, world.clock.true())

    world.script = steps((PUBLISH, NetworkFault("request-lost")), (LOOK, posted))
    world.apply()
    world.post("a", WORDS, withdraw="true")
    world.apply()
    return judged(world, live((by_hand,)))


def gone_and_edited(world: Scene) -> list[str]:
    """A person deletes a post on the network, and its file is edited."""
    applied(world)
    world.network.delete_by_hand(world.network.live()[0].remote_id, world.clock.true())
    world.post("a", OTHER, on_change="replace")
    world.apply()
    return judged(world, live(taken_down=(WORDS,)))


TAKING_DOWN = (
    Safeguard(
        "a broken file is not a removed one",
        5,
        ({f"{REMOVAL}.vanished": counts_all_as_removed}, {f"{RUN}._declared": applies_all_the_same}),
        told(broken),
        "wrong deletion",
    ),
    Safeguard(
        "an empty folder is an error",
        5,
        (
            {"threadsync.operations.workspace._graver": is_no_graver},
            {f"{REMOVAL}.vanished": counts_all_as_removed},
        ),
        told(all_gone),
        "wrong deletion",
    ),
    Safeguard(
        "a draft is not removed",
        5,
        ({f"{REMOVAL}.vanished": counts_all_as_removed},),
        told(drafted),
        "wrong deletion",
    ),
    Safeguard(
        "what is not selected is not removed",
        5,
        ({"threadsync.operations.selection._chosen": chooses_all},),
        told(not_selected),
        "wrong deletion",
    ),
    Safeguard(
        "protection lives in the state",
        6,
        ({f"{REMOVAL}.actions": forgets_protection},),
        told(protected),
        "wrong deletion",
    ),
    Safeguard(
        "what is protected is not withdrawn",
        6,
        ({f"{PLANNER}._withdrawn": withdraws_what_is_protected},),
        told(protected_and_withdrawn),
        "wrong deletion",
    ),
    Safeguard(
        "what is protected is not replaced",
        6,
        ({f"{PLANNER}._changed": replaces_what_is_protected},),
        told(protected_and_edited),
        "wrong deletion",
    ),
    Safeguard(
        "only what is superseded is taken down",
        6,
        ({f"{PLANNER}._replace": takes_down_all},),
        told(end_replaced),
        "wrong deletion",
    ),
    Safeguard(
        "a replace needs consent", 6, ({f"{PLANNER}._changed": asks_nobody},), told(edited), "wrong deletion"
    ),
    Safeguard(
        "a consent is to what was shown",
        6,
        ({f"{PLANNER}._goes_on": always_goes_on},),
        told(edited_again_midway),
        "wrong deletion",
    ),
    Safeguard(
        "both are bound until the old one is down",
        6,
        ({f"{LEDGER}._receipt": supersedes_nothing},),
        told(died_before_it_deletes),
        "stays up",
    ),
    Safeguard(
        "quotas are known before a replace begins",
        6,
        ({f"{READINESS}._quota": finds_nothing},),
        told(no_deletes_left),
        "stays up",
    ),
    Safeguard(
        "what the network no longer has is not made again",
        6,
        ({f"{READINESS}._gone": finds_nothing},),
        told(gone_and_edited),
        "stays up",
    ),
    Safeguard(
        "safety limits",
        8,
        ({"threadsync.operations.apply.refuse_excess": finds_nothing},),
        told(a_bad_merge, PROJECT.replace("deletes_max: 100", "deletes_max: 3")),
        "wrong deletion",
    ),
    Safeguard(
        "a delete needs proof that it is ours",
        17,
        ({f"{READINESS}._not_proved": finds_nothing},),
        told(matched_by_text_alone),
        "wrong deletion",
    ),
)
