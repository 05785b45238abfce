"""The loop of ``watch``, its ears played and its clock running: what it looks at, when, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from msgspec import Struct, field
from msgspec.structs import replace

from tests.operations.world import World, picture
from threadsync.content.loader import Said
from threadsync.content.media import MediaFinder
from threadsync.content.project import Project, StateBranch
from threadsync.content.walking import PostFile
from threadsync.errors import ProjectError, StateError, ThreadsyncError, WatchError
from threadsync.model.diagnostic import Diagnostic
from threadsync.operations import memory
from threadsync.operations.preview import Preview
from threadsync.operations.workspace import Workspace
from threadsync.statefile.store import Snapshot, Store
from threadsync.testing.fakes import FakeClock
from threadsync.watch.debounce import LOOK_SECONDS
from threadsync.watch.files import FileWatch, Folder
from threadsync.watch.seen import News
from threadsync.watch.watching import Shown, Watching

Step = Callable[[], object]


class RunningClock(FakeClock):
    """A clock that moves on by a second whenever it is read, so that no wait takes time."""

    def monotonic(self) -> float:
        self.seconds += 1.0
        return self.seconds


class Ears(FileWatch):
    """Hears nothing; knows which folders it is told of, and how often it was waited."""

    refuses: bool = False
    folders: frozenset[Folder] = frozenset()
    waits: int = 0

    def watch(self, folders: Iterable[Folder]) -> bool:
        if self.refuses:
            raise WatchError("the system watches no more files.")
        before, self.folders = self.folders, frozenset(folders)
        return not self.folders <= before

    def is_stale(self) -> bool:
        self.waits += 1
        return False


class Desk(Struct):
    """A watched project, and all that was said of it."""

    world: World
    said: list[Preview | News | str] = field(default_factory=list)
    opened: Callable[[], Workspace] | None = None
    first: Step = lambda: None
    """What happens while the first look is being shown."""
    ears: Ears | None = None
    clock: RunningClock = field(default_factory=RunningClock)

    def run(self, *steps: Step, refuses: bool = False) -> None:
        """Look, do each of *steps* before one further look, and end."""
        watching: Watching
        looks = 0

        def listening(changed: Callable[[], None], matters: Callable[[Path], bool]) -> FileWatch:
            self.ears = Ears(changed, matters)
            self.ears.refuses = refuses
            return self.ears

        def opened() -> Workspace:
            nonlocal looks
            if 0 < looks <= len(steps):
                steps[looks - 1]()
            if looks == len(steps):
                watching.stop()
            looks += 1
            return self.opened() if self.opened is not None else self.world.workspace

        shown = Shown(self._first, lambda new, _: self.said.append(new), self._problem)
        watching = Watching(self.world.root, opened, self.clock, shown, listening)
        watching.run()

    def _first(self, preview: Preview) -> None:
        self.said.append(preview)
        self.first()

    def _problem(self, error: ThreadsyncError) -> None:
        self.said.append(error.problem)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    world = World(tmp_path)
    world.post("a", "Hello")
    return Desk(world)


def keys(news: object) -> list[str]:
    assert isinstance(news, News), news
    return [str(action.address.key) for action in news.actions]


def test_where_the_system_refuses_to_watch_that_is_said_once_and_it_looks_by_itself(desk: Desk) -> None:
    desk.run(lambda: desk.world.post("a", "Hello again"), lambda: None, refuses=True)
    problem, first, news = desk.said
    assert problem == "the system watches no more files."
    assert isinstance(first, Preview)
    assert keys(news) == ["a"]
    assert desk.clock.seconds < LOOK_SECONDS


def test_a_picture_that_is_missing_is_looked_for_where_nothing_is_heard_of(desk: Desk) -> None:
    desk.world.post("a", "![Stairs](/elsewhere/stairs.jpg)")
    desk.run(lambda: desk.world.write("elsewhere/stairs.jpg", picture()))
    first, news = desk.said
    assert isinstance(first, Preview)
    assert [each.rule for each in first.prepared.findings] == ["media/missing"]
    assert keys(news) == ["a"]
    assert desk.ears.waits < 10


def test_a_project_that_was_gone_for_one_look_alone_is_looked_for_soon(desk: Desk) -> None:
    def gone() -> Workspace:
        desk.opened = None  # back before anybody can see that it was gone
        raise ProjectError("there is no project.")

    def vanish() -> None:
        desk.opened = gone

    desk.run(vanish, lambda: None)
    first, problem, news = desk.said
    assert isinstance(first, Preview)
    assert problem == "there is no project."
    assert isinstance(news, News)
    assert news.mended
    assert desk.clock.seconds < 2 * LOOK_SECONDS  # and one minute of it before anything happened


def test_posts_that_were_gone_for_one_look_alone_are_looked_for_soon(desk: Desk) -> None:
    posts, away = desk.world.root / "posts", desk.world.root / "away"
    desk.run(lambda: posts.rename(away), lambda: away.rename(posts))
    first, gone, back = desk.said
    assert isinstance(first, Preview)
    assert isinstance(gone, News)
    assert [each.rule for each in gone.findings] == ["file/no-posts"]
    assert isinstance(back, News)
    assert back.mended
    assert desk.clock.seconds < 2 * LOOK_SECONDS  # and one minute of it before anything happened


def test_a_save_is_shown_without_reading_what_did_not_change(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        desk.world.post(f"many/{number}", f"Post {number}")
    read: list[str] = []
    said_in = memory.said_in

    def saying(text: str | Diagnostic, file: PostFile, project: Project, media: MediaFinder) -> Said:
        read.append(file.key)
        return said_in(text, file, project, media)

    monkeypatch.setattr(memory, "said_in", saying)
    desk.run(read.clear, lambda: desk.world.post("a", "Hello again"), lambda: desk.world.remove("many/3"))
    assert [keys(each) for each in desk.said[1:] if isinstance(each, News) and each.actions] == [["a"]]
    assert read == ["a"]


def test_it_looks_once_a_minute_though_nothing_happens(desk: Desk) -> None:
    desk.run(lambda: desk.world.post("a", "Saved where nothing is heard"))
    assert keys(desk.said[-1]) == ["a"]
    assert desk.ears.waits > 10


def test_what_changed_before_its_folder_was_watched_is_not_missed(desk: Desk) -> None:
    desk.world.write("elsewhere/stairs.jpg", picture("red"))
    desk.world.post("a", "![Stairs](/elsewhere/stairs.jpg)")
    desk.first = lambda: desk.world.write("elsewhere/stairs.jpg", picture("blue"))
    desk.run(lambda: None)
    assert keys(desk.said[-1]) == ["a"]
    assert desk.ears.waits == 0


def test_the_posts_are_watched_before_they_are_read(desk: Desk) -> None:
    desk.first = lambda: watched.extend(desk.ears.folders)
    watched: list[Folder] = []
    desk.run()
    assert Folder(desk.world.root / "posts", recursive=True) in watched


@pytest.mark.parametrize(
    ("path", "matters"),
    [
        ("posts/a.md", True),
        ("posts/.a.md.swp", False),
        ("posts/a.md~", False),
        ("posts/_stairs.jpg", True),  # a post shows it
        ("posts/_notes.md", False),
        ("posts/threadsync.json", True),
        ("posts/threadsync.json.journal", False),
        ("posts/threadsync.json.lock", False),
        ("posts/b.md", True),  # beside the state
        (".git/index", False),
        (".threadsync/media.json", False),
        ("threadsync.yaml", True),
    ],
)
def test_only_files_that_can_change_what_is_shown_matter(desk: Desk, path: str, matters: bool) -> None:
    project = desk.world.root / "threadsync.yaml"
    project.write_text(project.read_text().replace("state: state/", "state: posts/"))
    desk.world.write("posts/_stairs.jpg", picture())
    desk.world.post("a", "![Stairs](_stairs.jpg)")
    desk.run()
    assert desk.ears.matters(desk.world.root / path) is matters


class Remote(Struct, frozen=True):
    """A shared state that cannot be fetched while *offline*."""

    store: Store
    offline: list[bool]
    durable: str = "on another machine"

    def read(self, known: Snapshot | None = None) -> Snapshot:
        if self.offline:
            raise StateError("the remote does not answer.")
        return self.store.read(known)


def test_while_offline_it_goes_on_with_the_shared_state_as_it_was_fetched(desk: Desk) -> None:
    offline: list[bool] = []

    def opened() -> Workspace:
        made = desk.world.workspace
        shared = replace(made.project, state=StateBranch("state"))
        return replace(made, project=shared, store=Remote(made.store, offline))  # type: ignore[arg-type]  # read

    desk.opened = opened
    desk.run(
        lambda: offline.append(True),
        lambda: desk.world.post("a", "Written on a train"),
        lambda: desk.world.post("a", "Written on a long train"),
    )
    first, problem, *news = desk.said
    assert isinstance(first, Preview)
    assert problem == "the remote does not answer."
    assert [keys(each) for each in news] == [["a"], ["a"]]
