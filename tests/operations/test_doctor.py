"""``doctor``: each wrong set-up is found, alone, and told with what to do about it."""

from __future__ import annotations

import importlib.util
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from keyring.backends.fail import Keyring

from tests.operations.desk import Desk, desk_in
from tests.operations.world import picture
from threadsync.content.schemas import schema_text
from threadsync.errors import ProjectError
from threadsync.model.ids import MAIN
from threadsync.operations import checkup
from threadsync.operations.checkup import Check, Verdict, check_python
from threadsync.operations.doctor import doctor
from threadsync.operations.renewing import auth_refresh
from threadsync.operations.workspace import Workspace
from threadsync.sandbox.threads import Fault, FaultKind, Profile
from threadsync.statefile.lock import Holder

POST = "---\nkey: {key}\ntargets: [threads/main]\n{more}---\nHello.\n"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_in(tmp_path) as desk:
        git(desk, "init", "--quiet")
        (desk.root / ".gitignore").write_text(".threadsync/\ntoken\n")
        (desk.root / "posts/idea.md").write_text(POST.format(key="idea", more="draft: true\n"))
        yield desk


def git(desk: Desk, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(desk.root), *arguments], check=True, capture_output=True)


def checks(desk: Desk, *, encoding: str = "utf-8", offline: bool = False) -> tuple[Check, ...]:
    return doctor(lambda: desk.workspace, encoding=encoding, offline=offline)


def wrong(desk: Desk, **asked: bool) -> list[Check]:
    found = [each for each in checks(desk, **asked) if each.verdict in {Verdict.WARNING, Verdict.PROBLEM}]
    assert all(each.remedy for each in found)
    return found


def only(desk: Desk, **asked: bool) -> Check:
    (check,) = wrong(desk, **asked)
    return check


def test_a_set_up_that_is_well_has_nothing_to_mend(desk: Desk) -> None:
    assert wrong(desk) == []
    names = {each.name for each in checks(desk)}
    assert names == {
        *("python", "terminal", "project", "zone", "git", "disk", "state", "posts"),
        *("credential threads/main", "clock"),
    }
    assert {request.method for request in desk.sandbox.requests()} == {"GET"}


def test_nothing_is_left_behind(desk: Desk) -> None:
    before = {path.name for path in desk.root.iterdir()}
    checks(desk)
    assert {path.name for path in desk.root.iterdir()} == before | {".threadsync"}


def test_offline_no_network_is_asked(desk: Desk) -> None:
    assert wrong(desk, offline=True) == []
    assert desk.sandbox.calls() == 0
    assert any("the network was not asked" in each.said for each in checks(desk, offline=True))


# The machine.


def test_a_python_that_is_too_old_is_a_problem() -> None:
    assert check_python((3, 10, 4)).verdict is Verdict.PROBLEM
    assert check_python((3, 11, 0)).verdict is Verdict.OK


def test_a_terminal_that_lacks_characters(desk: Desk) -> None:
    (found,) = [each for each in checks(desk, encoding="latin-1") if each.name == "terminal"]
    assert (found.verdict, "latin-1" in found.said) == (Verdict.WARNING, True)
    assert [e.verdict for e in checks(desk, encoding="UTF-8") if e.name == "terminal"] == [Verdict.OK]


def test_an_extra_that_the_project_needs(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.change("file:token", "keyring:desk")
    monkeypatch.setattr("keyring.core._keyring_backend", Keyring())  # this machine's own is left alone
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    found = [each for each in wrong(desk, offline=True) if each.name == "extras"]
    assert [each.remedy for each in found] == ["Run: pip install 'threadsync[keyring]'"]


def test_what_a_network_needs_installed_besides_is_looked_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "libipld" else find(name, *more)
    )
    assert wrong(desk, offline=True) == []
    desk.change(
        "targets:\n", "targets:\n  bluesky/brand: {account: lift-report.test, credential: file:token}\n"
    )
    found = [each for each in wrong(desk, offline=True) if each.name == "extras"]
    assert [each.remedy for each in found] == ["Run: pip install 'threadsync[bluesky]'"]
    assert "bluesky/brand" in found[0].said


# The project.


def test_a_project_that_cannot_be_read_ends_the_checks(desk: Desk) -> None:
    desk.project("version: 7\n")
    found = only(desk)
    assert (found.name, found.verdict) == ("project", Verdict.PROBLEM)
    assert "the first one: threadsync.yaml:1:1:" in found.said


def test_a_misspelt_key_of_the_project_is_told_with_the_one_that_was_meant(desk: Desk) -> None:
    desk.change("zone: UTC\n", "zoen: UTC\n")
    found = only(desk)
    assert (found.remedy, '"zoen" is not a key' in found.said) == ("Did you mean zone?", True)


def test_no_project_at_all() -> None:
    def none() -> Workspace:
        raise ProjectError("there is none.", remedy="Make one.")

    assert doctor(none, encoding="utf-8")[-1] == Check(
        "project", Verdict.PROBLEM, "there is none", "Make one."
    )


def test_posts_with_errors(desk: Desk) -> None:
    (desk.root / "posts/a.md").write_text("---\ntragets: [x]\n---\nHello\n")
    found = only(desk)
    assert (found.name, found.remedy) == ("posts", "Run: threadsync validate")
    assert "posts/a.md:2:1" in found.said


def test_a_posts_folder_that_is_not_there(desk: Desk) -> None:
    desk.change("posts: posts", "posts: pots")
    found = only(desk)
    assert (found.name, found.verdict) == ("posts", Verdict.WARNING)
    assert "the posts folder pots does not exist" in found.said
    assert "correct posts:" in found.remedy


def test_a_media_root_that_is_not_there(desk: Desk) -> None:
    hosts = "media_hosts:\n  site: {kind: url_prefix, url: 'https://example.org/', root: pots}\n"
    desk.project((desk.root / "threadsync.yaml").read_text() + hosts)
    found = only(desk)
    assert (found.name, found.remedy) == (
        "media",
        "Correct root: of site under media_hosts: in threadsync.yaml.",
    )


def test_a_project_without_a_zone(desk: Desk) -> None:
    desk.change("zone: UTC\n", "")
    assert only(desk).name == "zone"


def test_a_sandbox_beside_real_targets(desk: Desk) -> None:
    desk.project(
        (desk.root / "threadsync.yaml").read_text()
        + "  threads/real: {account: real, credential: env:NONE}\n"
    )
    assert [each.name for each in wrong(desk, offline=True)] == ["sandboxes", "credential threads/real"]


def test_schemas_of_another_version(desk: Desk) -> None:
    (desk.root / "schema").mkdir()
    (desk.root / "schema/project.schema.json").write_text(schema_text("project"))
    assert wrong(desk) == []
    (desk.root / "schema/post.schema.json").write_text("{}")
    found = only(desk)
    assert found.name == "schemas"
    assert found.remedy.endswith("threadsync schema post > schema/post.schema.json")


# Git.


def test_no_repository(tmp_path: Path) -> None:
    with desk_in(tmp_path) as desk:
        (tmp_path / "posts/idea.md").write_text(POST.format(key="idea", more="draft: true\n"))
        assert only(desk, offline=True).name == "git"


def test_caches_that_git_does_not_ignore(desk: Desk) -> None:
    (desk.root / ".gitignore").write_text("token\n")
    assert "git does not ignore .threadsync/" in only(desk, offline=True).said


def test_a_state_that_git_ignores(desk: Desk) -> None:
    (desk.root / ".gitignore").write_text(".threadsync/\ntoken\nstate/\n")
    assert "git ignores state/threadsync.json" in only(desk).said


def test_a_token_that_git_does_not_ignore_and_others_can_read(desk: Desk) -> None:
    """Of a real account: a sandbox's token is no secret."""
    text = (desk.root / "threadsync.yaml").read_text()
    desk.project(text[: text.index("    base_url:")])
    (desk.root / ".gitignore").write_text(".threadsync/\n")
    (desk.root / "token").chmod(0o644)
    committed, readable = wrong(desk, offline=True)
    assert (committed.verdict, "git does not ignore token" in committed.said) == (Verdict.PROBLEM, True)
    assert readable.remedy == f"Run: chmod 600 {desk.root / 'token'}"


def test_a_token_in_the_history_is_not_helped_by_ignoring_it(desk: Desk) -> None:
    text = (desk.root / "threadsync.yaml").read_text()
    desk.project(text[: text.index("    base_url:")])
    git(desk, "add", "--force", "token")
    found = only(desk, offline=True)
    assert "is in the git repository" in found.said
    assert "git rm --cached token" in found.remedy
    assert "remove the app" in found.remedy, "to renew it would leave the old one working"


# The state.


def test_a_lock_that_is_held_is_named(desk: Desk) -> None:
    workspace = desk.workspace
    with workspace.store.open(Holder("maria", "threadsync apply", desk.clock.now()), 0):
        found = only(desk, offline=True)
    assert found.name == "lock"
    assert "maria" in found.said
    assert "force-unlock" in found.remedy


def test_a_state_that_cannot_be_used(desk: Desk) -> None:
    (desk.root / "state").mkdir()
    (desk.root / "state/threadsync.json").write_text("{")
    found = only(desk, offline=True)
    assert (found.name, found.verdict) == ("state", Verdict.PROBLEM)


def test_a_disk_without_hard_links(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", none)
    assert "has no hard links" in only(desk, offline=True).said
    assert not list(desk.root.glob(".threadsync-doctor*"))


def test_a_disk_that_takes_no_writes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkup.os, "fsync", full)
    found = only(desk, offline=True)
    assert (found.name, found.verdict) == ("disk", Verdict.PROBLEM)
    assert "No space left on device" in found.said
    assert not list(desk.root.glob(".threadsync-doctor*"))


def test_what_is_overdue(desk: Desk) -> None:
    at = desk.clock.now() - timedelta(minutes=40)
    more = f"publish: {at:%Y-%m-%d %H:%M}\n"
    (desk.root / "posts/a.md").write_text(POST.format(key="a", more=more))
    found = only(desk, offline=True)
    assert found.name == "overdue"
    assert "a@threads/main" in found.said
    desk.clock.seconds -= 20 * 60
    assert wrong(desk, offline=True) == []


# What is asked of the network.


def test_a_credential_that_opens_another_account(desk: Desk) -> None:
    desk.token("sandbox-harbour_desk")
    found = only(desk)
    assert (found.name, found.verdict) == ("credential threads/main", Verdict.PROBLEM)
    assert "@harbour_desk" in found.said


def test_an_account_that_nobody_declared(desk: Desk) -> None:
    desk.change("    account: lift_report\n", "")
    assert only(desk).remedy == "Write account: lift_report under threads/main in threadsync.yaml."


def test_life_that_ends_soon_or_has_ended(desk: Desk) -> None:
    desk.sandbox.switch(refresh_age_min_seconds=0)
    auth_refresh(desk.workspace, "threads/main", MAIN, show=False)
    assert wrong(desk) == []
    desk.clock.seconds += 55 * 86_400
    found = only(desk)
    assert (found.verdict, found.remedy) == (Verdict.WARNING, "Run: threadsync auth refresh threads/main")
    assert "in 5 days" in found.said
    desk.clock.seconds += 10 * 86_400
    assert only(desk).verdict is Verdict.PROBLEM


def test_scopes_that_the_project_needs_and_the_token_lacks(desk: Desk) -> None:
    """One that nothing can be published without is a problem, another a warning; the rest is not missed."""
    scopes = ("threads_basic", "threads_content_publish", "threads_read_replies")
    desk.sandbox.add_profile(Profile("lift_report", scopes=scopes))
    assert wrong(desk) == []
    (desk.root / "posts/idea.md").write_text(POST.format(key="idea", more="draft: true\non_remove: delete\n"))
    found = only(desk)
    assert found.verdict is Verdict.WARNING
    assert "threads_delete (replacing and deleting posts" in found.said
    assert "threadsync auth login threads/main" in found.remedy
    desk.sandbox.add_profile(Profile("lift_report", scopes=("threads_basic",)))
    assert "threads_content_publish" in only(desk).said
    assert only(desk).verdict is Verdict.PROBLEM


def test_scopes_that_are_unknown_are_said_to_be(desk: Desk) -> None:
    desk.sandbox.arm(Fault("debug-token", FaultKind.THROTTLED, times=None))
    assert wrong(desk) == []
    (said,) = [each.said for each in checks(desk) if each.verdict is Verdict.SKIPPED]
    assert said.startswith("its scopes are unknown: Threads says: ")


def test_a_clock_that_is_wrong(desk: Desk) -> None:
    desk.sandbox.switch(clock_skew_seconds=900)
    found = only(desk)
    assert (found.name, found.said) == ("clock", "this machine's clock is 15 minutes behind the network's")


def test_media_that_are_not_served_as_they_are_on_disk(desk: Desk) -> None:
    (desk.root / "posts/map.jpg").write_bytes(picture())
    (desk.root / "posts/a.md").write_text(POST.format(key="a", more="media: [{src: map.jpg, alt: A map}]\n"))
    desk.project(
        (desk.root / "threadsync.yaml").read_text()
        + "    media_host: site\nmedia_hosts:\n  site: {kind: url_prefix, root: posts, url: '"
        + desk.sandbox.base_url
        + "/nowhere'}\n"
    )
    found = only(desk)
    assert (found.name, found.verdict) == ("media threads/main", Verdict.PROBLEM)
    assert "posts/map.jpg" in found.said
    desk.change(
        "kind: url_prefix, root: posts, url: '" + desk.sandbox.base_url + "/nowhere'", "kind: loopback"
    )
    assert wrong(desk) == []
    assert any(each.said == "1 files are served as they are on disk" for each in checks(desk))


# Who is told.


def test_a_command_of_notify_that_is_not_there(desk: Desk) -> None:
    desk.project((desk.root / "threadsync.yaml").read_text() + "notify: {command: ./tell-us.sh --now}\n")
    found = only(desk)
    assert (found.name, found.verdict) == ("notify", Verdict.PROBLEM)
    assert "names ./tell-us.sh, which cannot be run" in found.said
    script = desk.root / "tell-us.sh"
    script.write_text("#!/bin/sh\ntouch ran\n")
    script.chmod(0o755)
    assert wrong(desk) == []
    assert not (desk.root / "ran").exists()
