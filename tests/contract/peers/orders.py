"""How a client that others wrote is told what to do: a line of JSON in, a line of JSON out.

It runs in an environment of its own, beside one of the ``with_….py`` here, and knows nothing of threadsync.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

TEXT = "12 lifts were broken."


@dataclass
class Order:
    """One scenario: where the sandbox is, whose token it takes, and what is there already."""

    base_url: str
    token: str
    given: dict[str, str]
    secrets: dict[str, str]


def good(answer: Any) -> Any:
    """Return *answer*, of a client that returns errors instead of raising them, if it is none."""
    if isinstance(answer, dict) and "error" in answer:
        raise RuntimeError(f"refused: {answer['error']}")
    return answer


def serve(scenarios: dict[str, Callable[[Order], Any]]) -> None:
    """Carry out one order after the other, and say what the client saw, or why it failed."""
    for line in sys.stdin:
        order = json.loads(line)
        steps = scenarios[order.pop("scenario")]
        try:
            said = {"seen": steps(Order(**order))}
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in there is an answer here
            said = {"failed": f"{type(error).__name__}: {error}"}
        print(json.dumps(said), flush=True)
