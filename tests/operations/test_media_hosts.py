"""Media hosts in a project: what is warned about, what ``doctor`` tries, and whose credentials they have."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.operations.desk import Desk, desk_in
from tests.operations.someone import words_of
from tests.operations.world import PROJECT, World, picture
from threadsync.errors import ProjectError
from threadsync.execution.seams import Unwatched
from threadsync.flows.effects import Hosted
from threadsync.model.facts import MediaProblem
from threadsync.model.ids import PublicUrl, Role
from threadsync.model.target import MediaHost
from threadsync.operations.apply import AppliedPlan, ApplyOptions, apply
from threadsync.operations.checkup import Check, Verdict
from threadsync.operations.connections import Connections, Secrets
from threadsync.operations.doctor import doctor
from threadsync.operations.validate import validate
from threadsync.operations.workspace import Workspace

BUCKET = """\
    media_host: bucket
media_hosts:
  bucket:
    kind: s3
    bucket: media
    region: auto
    credentials: {access_key: env:A, secret_key: env:B, names: env:C}
"""
COMMAND = "    media_host: own\nmedia_hosts:\n  own: {kind: command, command: './upload.sh {file}'}\n"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_in(tmp_path) as desk:
        yield desk


def with_hosts(desk: Desk, text: str) -> None:
    desk.project((desk.root / "threadsync.yaml").read_text() + text)


# Addresses that networks failed to fetch from


@pytest.mark.parametrize(
    "host",
    [
        "{kind: url_prefix, url: 'https://pub-01.r2.dev/', root: posts}",
        "{kind: s3, bucket: b, region: auto, endpoint: 'https://x.example', url: 'https://pub-01.r2.dev',"
        " credentials: {access_key: env:A, secret_key: env:B, names: env:C}}",
    ],
)
def test_a_domain_that_fetches_failed_from_is_warned_about_once_a_post(world: World, host: str) -> None:
    """It is a warning: no network documents it."""
    real = PROJECT.replace("base_url: http://127.0.0.1:1, ", "").replace(
        "local: {kind: loopback}", f"local: {host}"
    )
    world.write("threadsync.yaml", real)
    world.write("posts/p.jpg", picture())
    world.post("a", "Look\n\n![red](p.jpg)\n\n---\n\nAgain\n\n![red](p.jpg)")
    world.post("b", "No picture")
    (found,) = validate(world.workspace).findings
    assert (found.rule, found.is_error) == ("media/host-doubtful", False)
    assert "pub-01.r2.dev is the development address of an R2 bucket" in found.problem
    assert "domain of your own" in found.remedy


def test_a_sandbox_may_be_given_any_address(world: World) -> None:
    host = "local: {kind: url_prefix, url: 'https://pub-01.r2.dev/', root: posts}"
    world.write("threadsync.yaml", PROJECT.replace("local: {kind: loopback}", host))
    world.write("posts/p.jpg", picture())
    world.post("a", "Look\n\n![red](p.jpg)")
    assert validate(world.workspace).findings == ()


def applied(workspace: Workspace) -> AppliedPlan:
    return apply(
        workspace,
        ApplyOptions(yes=True, first_run=True),
        person=None,
        show=lambda _: None,
        watcher=Unwatched(),
    )


# What becomes of a post whose file cannot be hosted


def test_a_problem_of_the_host_is_told_with_its_remedy_and_stops_nobody_else(world: World) -> None:
    world.write("posts/p.jpg", picture())
    world.post("a", "Look\n\n![red](p.jpg)")
    world.post("b", "No picture")

    @contextmanager
    def connect(*what: object) -> Iterator[Connections]:
        with world.connect(*what) as connections:
            refused = Hosted(None, "the store answers 503", "Apply again later.")
            yield replace(connections, url_of=lambda *_: refused)

    done = applied(replace(world.workspace, connect=connect))
    assert done.report is not None
    became = {str(each.address): (each.became.value, each.why, each.remedy) for each in done.report.actions}
    assert became["a@threads/main"] == (
        "refused",
        "a media file has no public address: the store answers 503",
        "Apply again later.",
    )
    assert became["b@threads/main"][0] == "applied"


def without_an_address(world: World, colour: str) -> Workspace:
    """Return the workspace whose media host takes every picture but that of *colour*."""
    full = hashlib.sha256(picture(colour)).hexdigest()

    @contextmanager
    def connect(*what: object) -> Iterator[Connections]:
        def url_of(_: object, media: str) -> Hosted:
            refused = Hosted(None, "the store is full", "Make room.")
            return refused if media == full else Hosted(PublicUrl(f"mem:{media}"))

        with world.connect(*what) as connections:
            yield replace(connections, url_of=url_of)

    return replace(world.workspace, connect=connect)


def test_of_a_chain_whose_later_picture_has_no_address_nothing_is_published(world: World) -> None:
    """It is found out before the first segment is seen; when there is room, the whole of it goes out."""
    for name in ("red", "blue"):
        world.write(f"posts/{name}.jpg", picture(name))
    world.post("a", "One\n\n![One](red.jpg)\n\n---\n\nTwo\n\n---\n\nThree\n\n![Three](blue.jpg)")
    done = applied(without_an_address(world, "blue"))
    assert done.report is not None
    (action,) = done.report.actions
    assert (action.became.value, action.why) == (
        "refused",
        "segment 3: a media file has no public address: the store is full",
    )
    assert world.live() == []
    assert "POST /me/threads" not in world.sent
    world.applied()
    assert world.live() == ["One", "Two", "Three"]


def test_an_upload_is_waited_for_and_side_by_side(world: World) -> None:
    """A carousel's files are asked for together, not one after the other."""
    for name, colour in (("p", "red"), ("q", "blue")):
        world.write(f"posts/{name}.jpg", picture(colour))
    world.post("a", "Look\n\n![red](p.jpg)\n\n![red](q.jpg)")
    asked = list[str]()

    @contextmanager
    def connect(*what: object) -> Iterator[Connections]:
        def url_of(_: object, media: str) -> Hosted:
            asked.append(media)
            if asked.count(media) < 3:
                return Hosted(None, underway="a file to be at a public address")
            return Hosted(PublicUrl(f"mem:{media}"))

        with world.connect(*what) as connections:
            yield replace(connections, url_of=url_of)

    done = applied(replace(world.workspace, connect=connect))
    assert done.report is not None
    assert [each.became.value for each in done.report.actions] == ["applied"]
    assert asked[0] != asked[1]


def test_a_check_that_fails_shows_the_hosts_own_remedy(world: World) -> None:
    world.write("posts/p.jpg", picture())
    world.post("a", "Look\n\n![red](p.jpg)")
    world.media_problem = MediaProblem("the command is not run", "Add --allow-commands.")
    assert words_of(world) == {"a@threads/main": "blocked media-not-served"}
    (action,) = world.apply().prepared.plan.actions
    assert getattr(action, "remedy", "") == "Add --allow-commands."


# doctor


def of_hosts(desk: Desk, answer: MediaProblem | str | None = None, *, offline: bool = False) -> list[Check]:
    """Return what doctor says of media hosts, when trying one out gives *answer*."""
    opened = desk.workspace

    @contextmanager
    def connect(*what: object) -> Iterator[Connections]:
        with opened.connect(*what) as connections:  # type: ignore[arg-type]
            yield replace(connections, try_host=lambda _: answer)

    checks = doctor(lambda: replace(opened, connect=connect), encoding="utf-8", offline=offline)
    return [check for check in checks if check.name.startswith("media host")]


def test_doctor_tries_a_bucket_out(desk: Desk) -> None:
    with_hosts(desk, BUCKET)
    assert of_hosts(desk, "takes a picture") == [Check("media host bucket", Verdict.OK, "takes a picture")]
    assert of_hosts(desk, MediaProblem("has no bucket", "Make it.")) == [
        Check("media host bucket", Verdict.PROBLEM, "has no bucket", "Make it.")
    ]
    assert of_hosts(desk, None) == []
    assert of_hosts(desk, "never asked", offline=True) == []


def test_doctor_says_which_credential_of_a_bucket_is_missing(desk: Desk) -> None:
    """Really tried: the first thing that is needed is the secret of the names."""
    pytest.importorskip("obstore")
    with_hosts(desk, BUCKET)
    checks = doctor(lambda: desk.workspace, encoding="utf-8")
    (found,) = [check for check in checks if check.name == "media host bucket"]
    assert found.verdict is Verdict.PROBLEM
    assert found.said == "the 'names' credential of media_hosts.bucket is env:C, and the environment has no C"


def test_doctor_says_which_key_of_a_bucket_is_missing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("obstore")
    monkeypatch.setenv("C", "a secret that names are made with")
    with_hosts(desk, BUCKET)
    checks = doctor(lambda: desk.workspace, encoding="utf-8")
    (found,) = [check for check in checks if check.name == "media host bucket"]
    key = "the 'access_key' credential of media_hosts.bucket"
    assert found.said == f"{key} is env:A, and the environment has no A"


def test_doctor_looks_for_a_command_and_does_not_run_it(desk: Desk) -> None:
    with_hosts(desk, COMMAND)
    (found,) = of_hosts(desk)
    assert found.verdict is Verdict.PROBLEM
    assert "./upload.sh, which cannot be run" in found.said
    (desk.root / "upload.sh").write_text("#!/bin/sh\ntouch ran\n")
    (desk.root / "upload.sh").chmod(0o755)
    (found,) = of_hosts(desk, offline=True)
    assert (found.verdict, found.said) == (
        Verdict.OK,
        "./upload.sh {file} can be run; apply does, with --allow-commands",
    )
    assert not (desk.root / "ran").exists()


def test_doctor_names_the_package_that_a_bucket_needs(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with_hosts(desk, BUCKET)
    find = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name, *more: None if name == "obstore" else find(name, *more)
    )
    monkeypatch.setitem(sys.modules, "obstore", None)
    checks = doctor(lambda: desk.workspace, encoding="utf-8", offline=True)
    (found,) = [check for check in checks if check.name == "extras"]
    assert found.remedy == "Run: pip install 'threadsync[hosts]'"


def test_doctor_finds_a_buckets_key_that_others_can_read(desk: Desk) -> None:
    with_hosts(desk, BUCKET.replace("env:B", "file:key"))
    (desk.root / "key").write_text("CANARY")
    (desk.root / "key").chmod(0o644)
    checks = doctor(lambda: desk.workspace, encoding="utf-8", offline=True)
    assert [check.verdict for check in checks if check.name == "credential media_hosts.bucket"] == [
        Verdict.WARNING
    ]


# Credentials


HOST = MediaHost("bucket", "s3", credentials={Role("names"): "env:NAMES", Role("access_key"): "keyring:key"})


def test_a_secret_of_a_host_is_read_where_it_is_and_hidden_ever_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = Secrets(tmp_path)
    with pytest.raises(ProjectError, match="the 'names' credential of media_hosts\\.bucket is env:NAMES"):
        secrets.of_host(HOST, Role("names"))
    monkeypatch.setenv("NAMES", "CANARY-0123456789")
    assert secrets.of_host(HOST, Role("names")).reveal() == "CANARY-0123456789"
    assert secrets.scrub("it says CANARY-0123456789") == "it says [secret]"


def test_a_key_that_the_keyring_lacks_is_put_there_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``auth login`` is for the credentials of targets."""

    class Nothing:
        def get(self, name: str) -> str | None:
            return None

    monkeypatch.setattr("threadsync.execution.credentials.system_keyring", lambda where: Nothing())
    with pytest.raises(ProjectError) as caught:
        Secrets(tmp_path).of_host(HOST, Role("access_key"))
    assert caught.value.remedy == "Put it there: keyring set threadsync key."
