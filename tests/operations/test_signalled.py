"""A signal while apply does what cannot be awaited piece by piece (law 16)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from msgspec.structs import replace

from tests.operations.world import World, picture
from threadsync.execution.report import Became
from threadsync.execution.seams import Unwatched
from threadsync.model.facts import MediaProblem
from threadsync.model.ids import MediaDigest, TargetName
from threadsync.operations.apply import ApplyOptions, apply
from threadsync.operations.connections import Connections


def test_a_media_host_that_does_not_answer_is_not_waited_for(world: World) -> None:
    """The check of one file may take a minute; the signal is handled in the middle of it."""
    world.post("a", "One\n\n![Red](red.jpg)")
    (world.root / "posts/red.jpg").write_bytes(picture())
    stops: list[Callable[[], None]] = []

    def check(target: TargetName, media: MediaDigest) -> MediaProblem | None:
        stops[0]()
        pytest.fail("the answer of the media host was waited for")

    @contextmanager
    def connect(*arguments: object) -> Iterator[Connections]:
        with world.connect(*arguments) as connections:
            yield replace(connections, check=check)

    done = apply(
        replace(world.workspace, connect=connect),
        ApplyOptions(yes=True, first_run=True),
        person=None,
        show=lambda _: pytest.fail("nothing more is planned"),
        watcher=Unwatched(),
        on_started=stops.append,
    )
    assert done.report is not None
    assert [each.became for each in done.report.actions] == [Became.NOT_TRIED]
    assert world.live() == []
    assert world.applied() == {"a@threads/main": "applied"}
