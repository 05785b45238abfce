"""The stories of posts on Bluesky, and of posts on two networks."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from threadsync.model.ids import Address
from threadsync.providers.bluesky.tids import chosen
from threadsync.testing.casts import BLUESKY, BOTH
from threadsync.testing.judge import LINK, Expected
from threadsync.testing.networks_bluesky import BlueskyNetwork
from threadsync.testing.shape import BY_HAND, EARLIER, Shape, chain, expected
from threadsync.testing.world import START, World

KINDS_ON_BLUESKY = frozenset(
    {"video", "link-card", "quote", "reply-by-id", "quote-of-new", "repost", "undo-repost", "numbered-grows"}
)
"""The kinds of post of Threads that Bluesky has too."""
OPEN = "Everybody may answer"
GATED = "Not everybody may answer"
GATES = {"who_can_reply": "followers", "bluesky": "{quotes: nobody}"}
_GATED = "replies from: followerRule; quoting: disableRule"
_GATED_REPLY = "quoting: disableRule"
FOREIGN = "Another program wrote this under the very key"
_WRONG, _RIGHT = "Words that were wrong", "Words that are right"
PLANNED = START + timedelta(hours=1)
"""When the stories that have a planned time go on; a day is left for it."""
_PUBLISH = f"{{at: {PLANNED:%Y-%m-%d %H:%M}, zone: UTC, window: 24h, if_late: publish}}"


_PAIRED = frozenset({"text", "delete"})
"""Of these stories of Threads, pairs of troubles are tried on Bluesky too."""


def on_bluesky(shape: Shape) -> Shape:
    """Return the same story, on Bluesky."""
    names = {account.partition(".")[0]: account for account in BLUESKY.accounts}
    there = {names[account]: chains for account, chains in shape.expected.live.items()}
    return replace(
        shape,
        name=f"bluesky-{shape.name}",
        expected=replace(shape.expected, live=there),
        short=shape.name in _PAIRED,
        cast=BLUESKY,
    )


def _bluesky(world: World) -> BlueskyNetwork:
    assert isinstance(world.network, BlueskyNetwork), "the story plays on Bluesky alone"
    return world.network


def _gated(world: World) -> None:
    world.post("a", GATED, **GATES)


def _gated_chain(world: World) -> None:
    world.post("a", chain(GATED, "So it goes on"), **GATES)


def _gated_deletable(world: World) -> None:
    world.post("a", chain(GATED, "So it goes on"), on_remove="delete", **GATES)


def _opened(world: World) -> None:
    world.post("a", OPEN, on_change="replace")


def _removed(world: World) -> None:
    world.remove("a")


def _planned(world: World) -> None:
    world.post("a", _WRONG, publish=_PUBLISH)


def _planned_anew(world: World) -> None:
    world.post("a", _RIGHT, publish=_PUBLISH, on_change="replace")


def _planned_kept(world: World) -> None:
    world.post("a", _WRONG, publish=_PUBLISH, on_change="replace")
    world.clock.sleep((PLANNED - START).total_seconds() - 3600 + 60)


def _planned_wrong(world: World) -> None:
    _planned(world)
    world.clock.sleep((PLANNED - START).total_seconds() + 60)


def _planned_longer(world: World) -> None:
    world.post("a", chain(_WRONG, "And some more"), publish=_PUBLISH)


def _taken(world: World) -> None:
    """A planned post, whose key somebody has taken: it follows from what everybody may know."""
    rkey, _ = chosen("world", Address.parse("a@bluesky/main"), 0, 0, PLANNED)
    _bluesky(world).write_by_hand("main.test", {"text": FOREIGN}, world.clock.true(), rkey)
    _planned(world)


def _taken_chain(world: World) -> None:
    _taken(world)
    _planned_longer(world)


def _linked(world: World) -> None:
    world.post("a", "Where it all is")
    world.post("b", "Read {{ links['a@bluesky/main'] }}", targets="bluesky/brand")


def _both(world: World) -> None:
    world.post(
        "a",
        chain("The same words", "On both networks"),
        targets="threads/main, bluesky/main",
        overrides='{bluesky: {text: "Other words for the other network"}}',
    )


def _both_linked(world: World) -> None:
    world.post("a", "Where it all is", targets="bluesky/main")
    world.post("b", "Read {{ links['a@bluesky/main'] }}", targets="threads/main")


def _both_old(world: World) -> None:
    world.post("a", _WRONG, targets="threads/main, bluesky/main")


def _both_new(world: World) -> None:
    world.post("a", _RIGHT, targets="threads/main, bluesky/main", on_change="replace")


def _alone(
    *chains: tuple[str, ...], taken_down: tuple[str, ...] = (), carries: dict[str, str] | None = None
) -> Expected:
    return on_bluesky(Shape("", _gated, expected(*chains, taken_down=taken_down, carries=carries))).expected


def _on_both(
    threads: tuple[tuple[str, ...], ...], bluesky: tuple[tuple[str, ...], ...], *taken_down: str
) -> Expected:
    live = {"main": ((BY_HAND,), (EARLIER,), *threads), "main.test": bluesky}
    return Expected(live, taken_down=frozenset(taken_down))


BLUESKY_SHAPES = (
    Shape("bluesky-gates", _gated, _alone((GATED,), carries={GATED: _GATED}), short=True, cast=BLUESKY),
    Shape(
        "bluesky-gated-chain",
        _gated_chain,
        _alone((GATED, "So it goes on"), carries={GATED: _GATED, "So it goes on": _GATED_REPLY}),
        cast=BLUESKY,
    ),
    Shape(
        "bluesky-ungated",
        _opened,
        _alone((OPEN,), taken_down=(GATED, "So it goes on")),
        _gated_chain,
        cast=BLUESKY,
    ),
    Shape(
        "bluesky-delete-gated",
        _removed,
        _alone(taken_down=(GATED, "So it goes on")),
        _gated_deletable,
        cast=BLUESKY,
    ),
    Shape("bluesky-planned", _planned, _alone((_WRONG,)), same_calls=True, cast=BLUESKY),
    Shape(
        "bluesky-planned-replace",
        _planned_anew,
        _alone((_RIGHT,), taken_down=(_WRONG,)),
        _planned_wrong,
        short=True,
        cast=BLUESKY,
    ),
    Shape(
        "bluesky-planned-edited",
        _planned_kept,
        _alone((_RIGHT,), taken_down=(_WRONG,)),
        cast=BLUESKY,
        edit=_planned_anew,
    ),
    Shape(
        "bluesky-planned-extend",
        _planned_longer,
        _alone((_WRONG, "And some more")),
        _planned_wrong,
        same_calls=True,
        cast=BLUESKY,
    ),
    Shape("bluesky-key-taken", _taken, _alone((FOREIGN,), (_WRONG,)), short=True, cast=BLUESKY),
    Shape(
        "bluesky-key-taken-chain",
        _taken_chain,
        _alone((FOREIGN,), (_WRONG, "And some more")),
        same_calls=True,
        cast=BLUESKY,
    ),
    Shape(
        "bluesky-two-targets",
        _linked,
        on_bluesky(Shape("", _linked, expected(("Where it all is",), brand=((f"Read {LINK}",),)))).expected,
        cast=BLUESKY,
    ),
    Shape(
        "both",
        _both,
        _on_both((("The same words", "On both networks"),), (("Other words for the other network",),)),
        cast=BOTH,
    ),
    Shape("both-linked", _both_linked, _on_both(((f"Read {LINK}",),), (("Where it all is",),)), cast=BOTH),
    Shape(
        "both-replaced",
        _both_new,
        _on_both(((_RIGHT,),), ((_RIGHT,),), _WRONG),
        _both_old,
        cast=BOTH,
    ),
)
