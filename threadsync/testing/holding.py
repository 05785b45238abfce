"""``withdraw`` in a simulated world: a run like that of ``apply``, which may die at any moment."""

from __future__ import annotations

from threadsync.operations.asking import Person
from threadsync.operations.withdrawing import options_of, withdraw
from threadsync.testing.world import Ran, World


def withdrawn(world: World, *addresses: str, why: str = "", person: Person | None = None) -> Ran:
    """Take *addresses* down; without a *person* with ``--yes``."""
    world.say("withdraw", *addresses)
    return world.run(
        lambda workspace: withdraw(
            workspace,
            options_of(addresses, why=why, yes=person is None, lock_timeout_seconds=0.0, deletes_max=0),
            person=person,
            show=world.show,
            watcher=world,
            on_started=world.started,
        )
    )
