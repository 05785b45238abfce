"""A person who answers, and what is read of a plan."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.operations.world import World
from threadsync.operations.asking import AskAccount, AskApply, AskFirstRun, AskLate, AskReplace, Question


@dataclass
class Someone:
    """A person who answers by a rule, and remembers what was asked."""

    yes: tuple[type[Question], ...] = (AskApply, AskFirstRun, AskAccount, AskLate, AskReplace)
    asked: list[type] = field(default_factory=list)

    def confirm(self, question: Question) -> bool:
        self.asked.append(type(question))
        return isinstance(question, self.yes)


def no_op(world: World) -> bool:
    return not any(action.word not in {"no-op", "wait"} for action in world.plan().values())


def words_of(world: World) -> dict[str, str]:
    done = world.apply()
    return {str(a.address): f"{a.word} {a.reason}" for a in done.prepared.plan.actions}
