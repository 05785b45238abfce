"""One story for every shape of post: what is there before, what changes, and what is to be live after it."""

from __future__ import annotations

from threadsync.testing.judge import LINK
from threadsync.testing.shape import BY_HAND, EARLIER, Shape, chain, picture
from threadsync.testing.shape import expected as _expected
from threadsync.testing.shapes_bluesky import BLUESKY_SHAPES, KINDS_ON_BLUESKY, on_bluesky
from threadsync.testing.shapes_kinds import KIND_SHAPES
from threadsync.testing.world import World


def _text(world: World) -> None:
    world.post("a", "Only words")


def _image(world: World) -> None:
    world.write("posts/red.jpg", picture("red"))
    world.post("a", "One picture\n\n![red](red.jpg)")


def _carousel(world: World) -> None:
    world.write("posts/red.jpg", picture("red"))
    world.write("posts/blue.jpg", picture("blue"))
    world.post("a", "Two pictures\n\n![red](red.jpg)\n\n![blue](blue.jpg)")


FIVE = ("First of five", "Second of five", "Third of five", "Fourth of five", "Fifth of five")


def _chain(world: World) -> None:
    world.post("a", chain(*FIVE))


def _parent(world: World) -> None:
    world.post("parent", "What is replied to")


def _reply(world: World) -> None:
    world.post("a", "A reply to it", reply_to="parent")


def _old(world: World) -> None:
    world.post("a", "Words that were wrong")


def _new(world: World) -> None:
    world.post("a", "Words that are right", on_change="replace")


def _kept_old(world: World) -> None:
    world.post("a", "Words that were wrong", on_change="replace")


def _longer_old(world: World) -> None:
    world.post("a", chain("Words that were wrong", "And some more"), on_change="replace")


def _longer_new(world: World) -> None:
    world.post("a", chain("Words that are right", "And some more"), on_change="replace")


def _old_chain(world: World) -> None:
    world.post("a", chain("Top stays", "Middle was wrong", "End stays as it was"))


def _new_chain(world: World) -> None:
    world.post("a", chain("Top stays", "Middle is right", "End stays as it was"), on_change="replace")


def _two(world: World) -> None:
    world.post("a", chain("Part one", "Part two"))


def _four(world: World) -> None:
    world.post("a", chain("Part one", "Part two", "Part three", "Part four"))


def _deletable(world: World) -> None:
    world.post("a", chain("Part one", "Part two"), on_remove="delete")


def _removed(world: World) -> None:
    world.remove("a")


def _withdrawn(world: World) -> None:
    world.post("a", chain("Part one", "Part two"), withdraw="true")


def _moved(world: World) -> None:
    world.remove("a")
    world.post("b", chain("Part one", "Part two"))


def _linked(world: World) -> None:
    world.post("a", "Where it all is")
    world.post("b", "Read {{ links['a@threads/main'] }}", targets="threads/brand")


def _timed(world: World) -> None:
    world.write("posts/red.jpg", picture("red"))
    times = {"b": "One picture\n\n![red](red.jpg)", "a": "Words that come after it"}
    for minute, (key, text) in enumerate(times.items()):
        # Their windows are over when the story goes on: what a trouble makes late would wait for a yes.
        world.post(key, text, publish=f"{{at: 2026-11-21 11:0{minute}, zone: UTC, if_late: publish}}")


COMMON = (
    Shape("text", _text, _expected(("Only words",)), short=True),
    Shape("image", _image, _expected(("One picture",)), short=True),
    Shape("carousel", _carousel, _expected(("Two pictures",))),
    Shape("chain", _chain, _expected(FIVE)),
    Shape(
        "reply",
        _reply,
        _expected(
            ("What is replied to",), ("A reply to it",), parents={"A reply to it": "What is replied to"}
        ),
        _parent,
        short=True,
    ),
    Shape(
        "replace",
        _new,
        _expected(("Words that are right",), taken_down=("Words that were wrong",)),
        _old,
        short=True,
    ),
    Shape(
        "replace-in-chain",
        _new_chain,
        _expected(
            ("Top stays", "Middle is right", "End stays as it was"),
            again=("End stays as it was",),
            taken_down=("Middle was wrong", "End stays as it was"),
        ),
        _old_chain,
    ),
    Shape("extend", _four, _expected(("Part one", "Part two", "Part three", "Part four")), _two),
    Shape("delete", _removed, _expected(taken_down=("Part one", "Part two")), _deletable, short=True),
    Shape("withdraw", _withdrawn, _expected(taken_down=("Part one", "Part two")), _two, short=True),
    Shape("move", _moved, _expected(("Part one", "Part two")), _two, short=True),
    Shape(
        "edited",
        _kept_old,
        _expected(("Words that are right",), taken_down=("Words that were wrong",)),
        edit=_new,
    ),
    Shape(
        "edited-chain",
        _longer_old,
        _expected(
            ("Words that are right", "And some more"),
            again=("And some more",),
            taken_down=("Words that were wrong", "And some more"),
        ),
        edit=_longer_new,
    ),
    Shape("two-times", _timed, _expected(("One picture",), ("Words that come after it",))),
)
"""Those that every network can tell."""
SHAPES = (
    *COMMON,
    Shape("two-targets", _linked, _expected(("Where it all is",), brand=((f"Read {LINK}",),))),
    *KIND_SHAPES,
    *map(on_bluesky, (*COMMON, *(each for each in KIND_SHAPES if each.name in KINDS_ON_BLUESKY))),
    *BLUESKY_SHAPES,
)


def begun(shape: Shape, world: World) -> None:
    """Bring *world* to where the story of *shape* begins: applied in peace, and then changed."""
    world.network.post_by_hand(world.cast.accounts[0], BY_HAND, world.clock.true())
    world.post("earlier", EARLIER)
    if shape.before is not None:
        shape.before(world)
    ran = world.apply()
    assert ran.outcome is not None, ran.error
    assert ran.outcome.report is not None, "there was something to do"
    assert ran.outcome.report.complete, ran.outcome.report
    world.clock.sleep(3600)
    shape.change(world)
