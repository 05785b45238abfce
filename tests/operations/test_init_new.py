"""``init`` and ``new``: what they write validates at once, and nothing that is there is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.operations.desk import desk_in
from tests.operations.world import World
from threadsync.errors import ProjectError, UsageError
from threadsync.operations.auth import auth_status
from threadsync.operations.init import WishedAccount, Wishes, guessed_zone, init
from threadsync.operations.new import new
from threadsync.operations.plan import plan
from threadsync.operations.slug import SLUG_CHARACTERS_MAX, slug
from threadsync.operations.validate import validate
from threadsync.operations.workspace import Workspace, open_project
from threadsync.planning.inputs import Wanted
from threadsync.testing.fakes import FakeClock

# init


def started(folder: Path, **wishes: str) -> Workspace:
    clock = FakeClock()
    done = init(folder, Wishes(**wishes), clock=clock, new_id=lambda: "7f3a99")
    assert done.findings == ()
    return open_project(folder, clock=clock, exact=True)


def test_a_new_project_validates_and_plans_nothing(tmp_path: Path) -> None:
    workspace = started(tmp_path / "Maria's Posts", account="maria")
    checked = validate(workspace)
    assert (checked.findings, checked.drafts, checked.publications) == ((), 1, 0)
    assert plan(workspace).plan.effective == ()
    assert workspace.project.id == "marias-posts-7f3a"
    assert workspace.project.publish_required
    assert workspace.project.targets["threads/main"].account == "maria"  # type: ignore[index]


def test_every_wish_is_written_down(tmp_path: Path) -> None:
    project = started(
        tmp_path,
        target="threads/brand",
        account="010",
        credential="file:secrets/to ken",
        zone="Europe/Vienna",
        media_url="https://example.org/m/",
        base_url="http://127.0.0.1:8471",
    ).project
    (target,) = project.targets.values()
    assert (target.name, target.account, target.base_url) == ("threads/brand", "010", "http://127.0.0.1:8471")
    assert (target.credentials, target.media_host) == ({"main": "file:secrets/to ken"}, "site")
    assert (project.zone, project.media_hosts["site"].root) == ("Europe/Vienna", "posts")
    assert (tmp_path / ".gitignore").read_text() == ".threadsync/\nsecrets/to ken\n"


def test_editors_find_the_schema_offline(tmp_path: Path) -> None:
    started(tmp_path)
    first = (tmp_path / "threadsync.yaml").read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=schema/project.schema.json"
    assert (tmp_path / "schema/project.schema.json").is_file()
    assert (tmp_path / "schema/post.schema.json").is_file()


def test_nothing_that_is_there_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts/first-post.md").write_text("---\ntargets: [threads/main]\ndraft: true\n---\nMine.\n")
    (tmp_path / ".gitignore").write_bytes(b"dist\r\nbuild")
    started(tmp_path)
    assert (tmp_path / "posts/first-post.md").read_text().endswith("Mine.\n")
    assert (tmp_path / ".gitignore").read_bytes() == b"dist\r\nbuild\n.threadsync/\n"
    before = (tmp_path / "threadsync.yaml").read_text()
    with pytest.raises(UsageError, match="is there already"):
        init(tmp_path, Wishes(account="other"))
    assert (tmp_path / "threadsync.yaml").read_text() == before


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        ({"target": "main"}, "main"),
        ({"target": "mastodon/main"}, "there is no provider"),
        ({"zone": "Mars/Olympus"}, "is no time zone"),
        ({"credential": "the-token-itself"}, "credential"),
        ({"base_url": "http://example.org"}, "not https"),
        ({"account": "two words"}, '"two words" is no handle'),
    ],
)
def test_a_wish_that_makes_no_project_leaves_nothing_behind(
    tmp_path: Path, wishes: dict[str, str], said: str
) -> None:
    with pytest.raises(UsageError, match="that makes no project") as raised:
        init(tmp_path / "new", Wishes(**wishes))
    assert said in str(raised.value)
    assert raised.value.problem.endswith(" Nothing was written.")
    assert "the-token-itself" not in str(raised.value)
    assert not (tmp_path / "new").exists()


def test_no_project_is_put_among_the_posts_of_another(tmp_path: Path) -> None:
    """The other one would read the new one's files as posts, and could do nothing from then on."""
    started(tmp_path)
    with pytest.raises(UsageError, match="is in the posts folder of the project in"):
        init(tmp_path / "posts/sub/deeper", Wishes())
    assert not (tmp_path / "posts/sub").exists()
    started(tmp_path / "beside")
    (tmp_path / "threadsync.yaml").write_text("{")
    started(tmp_path / "posts/of-a-project-that-reads-nothing")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ProjectError, match="cannot be written"):
        init(tmp_path / "file" / "below", Wishes())


def test_the_account_is_looked_up_only_if_asked(tmp_path: Path) -> None:
    (tmp_path / "desk").mkdir()
    with desk_in(tmp_path / "desk") as desk:
        wishes = Wishes(credential=f"file:{desk.root / 'token'}", base_url=desk.sandbox.base_url)
        asked_for_nothing = init(tmp_path / "a", wishes, clock=desk.clock)
        assert (asked_for_nothing.accounts, desk.sandbox.calls()) == ((), 0)
        (done,) = init(tmp_path / "b", wishes, clock=desk.clock, check=True).accounts
        assert (done.account, done.problem, done.is_other) == ("lift_report", "", False)
        assert "    account: lift_report\n" in (tmp_path / "b/threadsync.yaml").read_text()
        maria = replace(wishes, account="maria")
        (other,) = init(tmp_path / "d", maria, clock=desk.clock, check=True).accounts
        assert (other.account, other.is_other) == ("lift_report", True)
        (standing,) = auth_status(desk.workspace)
        assert standing.account is not None
        by_id = replace(wishes, account=standing.account.account_id)
        assert not init(tmp_path / "e", by_id, clock=desk.clock, check=True).accounts[0].is_other
        desk.token("wrong")
        (failed,) = init(tmp_path / "c", wishes, clock=desk.clock, check=True).accounts
        assert failed.account == ""
        assert failed.problem.startswith("Threads says:")
        assert "# account: your.handle" in (tmp_path / "c/threadsync.yaml").read_text()


def test_each_of_several_accounts_is_looked_up(tmp_path: Path) -> None:
    (tmp_path / "desk").mkdir()
    with desk_in(tmp_path / "desk") as desk:
        (tmp_path / "password").write_text("sandbox-lift-report.test")
        brand = WishedAccount("bluesky/brand", "lift-report.test", f"file:{tmp_path / 'password'}")
        wishes = Wishes(
            credential=f"file:{desk.root / 'token'}", more=(brand,), base_url=desk.sandbox.base_url
        )
        done = init(tmp_path / "a", wishes, clock=desk.clock, check=True)
        assert [each.account for each in done.accounts] == ["lift_report", "lift-report.test"]
        assert "    account: lift_report\n" in (tmp_path / "a/threadsync.yaml").read_text()
        assert "    account: lift-report.test\n" in (tmp_path / "a/threadsync.yaml").read_text()


def test_the_zone_is_guessed_from_the_machine(tmp_path: Path) -> None:
    zone = tmp_path / "zoneinfo/Europe/Vienna"
    zone.parent.mkdir(parents=True)
    zone.write_text("")
    (tmp_path / "localtime").symlink_to(zone)
    assert guessed_zone({}, tmp_path / "localtime") == "Europe/Vienna"
    assert guessed_zone({"TZ": ":Asia/Tokyo"}, tmp_path / "localtime") == "Asia/Tokyo"
    assert guessed_zone({"TZ": "CET-1CEST"}, tmp_path / "localtime") == "Europe/Vienna"
    assert guessed_zone({}, tmp_path / "none") == "UTC"


# new


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def published(world: World, file: str) -> Wanted:
    """Take the draft mark out of a file, and return the publication that it is then."""
    path = world.root / file
    path.write_text("".join(line for line in path.read_text().splitlines(True) if "draft:" not in line))
    declared = world.workspace.declared(None, world.clock.now())
    assert not declared.has_errors
    found = [
        each for each in declared.desired.publications.values() if each.publication.location.file == file
    ]
    return found[0].publication


def test_a_draft_is_valid_and_never_planned(world: World) -> None:
    drafted = new(world.workspace, "Lift report", ["threads/main"])
    assert (drafted.file, drafted.key, drafted.findings) == ("posts/lift-report.md", "lift-report", ())
    assert world.plan() == {}
    assert "# publish: 2026-11-22 09:00\n" in (world.root / drafted.file).read_text()


@pytest.mark.parametrize("yaml", [False, True])
@pytest.mark.parametrize(
    "title",
    [
        "Plain",
        "A {{ brace",
        "--- dashes",
        "```fence",
        "back\\slash",
        "![x](y.png)",
        "Yes",
        "010",
        "True",
        "a: b",
        "#1",
        "“東京” 🚋",
    ],
)
def test_the_text_of_a_draft_is_the_title_whatever_it_holds(world: World, title: str, yaml: bool) -> None:
    drafted = new(world.workspace, title, ["threads/main"], yaml=yaml)
    assert drafted.findings == ()
    published(world, drafted.file)
    (view,) = [
        each.segments[0].text
        for each in world.workspace.declared(None, world.clock.now()).desired.publications.values()
    ]
    assert view == title


def test_no_name_is_given_twice(world: World) -> None:
    """Not that of a file, of a key that a file declares, or of one that the state remembers."""
    first = new(world.workspace, "Lift report", ["threads/main"])
    second = new(world.workspace, "Lift report!", ["threads/main"], yaml=True)
    assert [first.key, second.key] == ["lift-report", "lift-report-2"]
    world.write("posts/other.md", "---\nkey: lift-report-3\ntargets: [threads/main]\n---\nHi\n")
    assert new(world.workspace, "Lift report").key == "lift-report-4"
    world.post("gone", "Hello.")
    world.apply("gone")
    world.remove("gone")
    assert new(world.workspace, "Gone").key == "gone-2"


def test_a_title_without_an_ascii_letter_gets_the_day(world: World) -> None:
    assert new(world.workspace, "東京").key == "post-2026-11-21"
    assert new(world.workspace, "🚋").key == "post-2026-11-21-2"


def test_a_draft_goes_where_it_is_told_or_where_the_project_says(world: World) -> None:
    def targets(title: str, *named: str) -> str:
        text = (world.root / new(world.workspace, title, named).file).read_text()
        return next((line for line in text.splitlines() if line.startswith("targets:")), "")

    assert targets("one", "threads/brand") == "targets: [threads/brand]"
    assert targets("two") == "targets: [threads/brand, threads/main]"
    with (world.root / "threadsync.yaml").open("a") as file:
        file.write("defaults: {targets: [threads/main]}\n")
    assert targets("three") == ""
    with pytest.raises(UsageError, match="there is no target threads/x"):
        new(world.workspace, "four", ["threads/x"])


@pytest.mark.parametrize("title", ["", "  ", "bell\a", "x" * 301])
def test_what_is_no_title_is_refused(world: World, title: str) -> None:
    with pytest.raises(UsageError, match="that is no title"):
        new(world.workspace, title)
    assert list((world.root / "posts").iterdir()) == []


def test_a_yaml_draft_names_the_schema_where_there_is_one(world: World) -> None:
    world.write("schema/post.schema.json", "{}")
    text = (world.root / new(world.workspace, "One", yaml=True).file).read_text()
    assert text.startswith("# yaml-language-server: $schema=../schema/post.schema.json\n")


@pytest.mark.parametrize(
    ("title", "made"),
    [
        ("Grüße aus Łódź: what's new?", "grusse-aus-lodz-whats-new"),
        ("Ærø & Ñandú", "aero-nandu"),
        ("ﬁve ½ Ⅷ", "five-1-2-viii"),
        ("--a__b..c--", "a-b-c"),
        ("Привет", ""),
    ],
)
def test_a_slug_is_ascii(title: str, made: str) -> None:
    assert slug(title) == made


@settings(max_examples=200)
@given(st.text(max_size=300))
def test_a_slug_of_any_title_is_a_key_or_empty(title: str) -> None:
    made = slug(title)
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert len(made) <= SLUG_CHARACTERS_MAX
    assert made == made.strip("-")
