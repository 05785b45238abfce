"""Providers of other packages: found by entry point, imported when used, and one message for a faulty one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.plugins.installing import install_toy, offer
from threadsync.cli import root
from threadsync.errors import PluginError, ProviderNotFound, UsageError
from threadsync.model.ids import NetworkName, TargetName
from threadsync.operations.init import Wishes, init
from threadsync.providers.base import Provider, ProviderContext
from threadsync.providers.bluesky.provider import BlueskyProvider
from threadsync.providers.loading import PROVIDERS, faulty_plugins, load_provider
from threadsync.providers.threads.provider import ThreadsProvider

PROJECT = "version: 1\nid: p\nzone: UTC\ntargets:\n  {}: {{account: main, credential: env:X}}\n"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that packages are installed into."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder


def load(name: str) -> Provider:
    return load_provider(NetworkName(name), ProviderContext(TargetName(f"{name}/main")))


def refused(name: str) -> str:
    with pytest.raises(PluginError) as caught:
        load(name)
    assert caught.value.where == f"{name}/main"
    assert caught.value.remedy
    return caught.value.problem


def test_a_provider_of_another_package_is_found_by_its_entry_point(site: Path) -> None:
    with pytest.raises(ProviderNotFound):
        load("toy")
    install_toy(site)
    assert type(load("toy")).__name__ == "ToyProvider"
    assert list(PROVIDERS) == ["bluesky", "threads", "toy"]
    assert len(PROVIDERS) == 3
    assert "toy" in PROVIDERS
    assert faulty_plugins() == ()


def test_an_unknown_provider_is_told_with_those_that_there_are(site: Path) -> None:
    install_toy(site)
    with pytest.raises(ProviderNotFound, match=r"Providers: bluesky, threads, toy. Did you mean toy\?"):
        load("tory")


def test_no_package_takes_the_place_of_a_provider_of_ours(site: Path) -> None:
    offer(site, "evil", threads="evil:Provider", bluesky="evil:Provider")
    assert isinstance(load("threads"), ThreadsProvider)
    assert isinstance(load("bluesky"), BlueskyProvider)
    assert list(PROVIDERS) == ["bluesky", "threads"]
    first, second = faulty_plugins()
    assert "'bluesky' of evil 1.0 is not used: threadsync has one of that name" in first.problem
    assert "'threads' of evil 1.0" in second.problem


def test_two_packages_that_offer_one_name_are_both_named(site: Path) -> None:
    install_toy(site)
    offer(site, "other-toy", "2.1", toy="other:Provider")
    problem = refused("toy")
    assert "offered 2 times" in problem
    assert "threadsync-toy 1.0" in problem
    assert "other-toy 2.1" in problem
    assert "toy" not in list(PROVIDERS)


@pytest.mark.parametrize(
    ("module", "value", "said"),
    [
        ("", "missing:Provider", "cannot be loaded from missing:Provider: ModuleNotFoundError"),
        ("", "odd:Provider", "AttributeError"),
        ("Provider = (", "odd:Provider", "SyntaxError"),
        ("raise RuntimeError('no luck')", "odd:Provider", "RuntimeError: no luck"),
        ("def Provider(context): ...", "odd:Provider", "does not say for which version it is of the seam"),
        (
            "def Provider(context): ...\nProvider.api_version = 9",
            "odd:Provider",
            "is for version 9 of the seam; this threadsync has version 1",
        ),
        (
            "def Provider(context): raise KeyError('x')\nProvider.api_version = 1",
            "odd:Provider",
            "KeyError: 'x'",
        ),
        (
            "class Provider:\n    api_version = 1\n    def __init__(self, context): ...\n"
            "    def publish(self, work): ...",
            "odd:Provider",
            "lacks about, authorizing, capabilities, check,",
        ),
    ],
)
def test_a_faulty_provider_gets_one_clear_message(
    site: Path, monkeypatch: pytest.MonkeyPatch, module: str, value: str, said: str
) -> None:
    (site / "odd.py").write_text(module)
    offer(site, "odd-package", odd=value)
    monkeypatch.delitem(sys.modules, "odd", raising=False)
    problem = refused("odd")
    assert "the provider 'odd' of odd-package 1.0" in problem
    assert said in problem
    monkeypatch.delitem(sys.modules, "odd", raising=False)


def test_a_provider_refuses_settings_in_its_own_words(site: Path) -> None:
    install_toy(site)
    context = ProviderContext(TargetName("toy/main"), {"signature": 7})
    with pytest.raises(UsageError, match="signature is no text") as caught:
        load_provider(NetworkName("toy"), context)
    assert (caught.value.where, "in quotes" in caught.value.remedy) == ("toy/main", True)


def test_the_list_of_providers_tells_of_what_cannot_be_used(site: Path) -> None:
    install_toy(site)
    offer(site, "evil", threads="evil:Provider")
    offer(site, "broken", broken="nowhere:Provider")
    offer(site, "shouting", LOUD="loud:Provider")
    done = CliRunner().invoke(root, ["providers", "--format", "json"], catch_exceptions=False)
    assert done.exit_code == 0
    assert [each["name"] for each in json.loads(done.stdout)["providers"]] == ["bluesky", "threads", "toy"]
    said = " ".join(done.stderr.split())
    assert "'threads' of evil 1.0 is not used: threadsync has one of that name" in said
    assert "'broken' of broken 1.0 cannot be loaded" in said
    assert "'LOUD' of shouting 1.0 is not used: no target can be called after it" in said
    told = CliRunner().invoke(root, ["providers"], catch_exceptions=False).stdout
    assert "toy  API 1  https://noticeboard.example" in told


def test_a_project_can_be_started_for_a_network_of_another_package(site: Path, tmp_path: Path) -> None:
    install_toy(site)
    started = init(tmp_path / "new", Wishes("toy/main", "main", "env:TOY_TOKEN"))
    assert not started.findings


def loaded(site: Path, project: Path, *arguments: str) -> set[str]:
    code = (
        f"import sys\nsys.path.insert(0, {str(site)!r})\nsys.argv = ['threadsync', *{arguments!r}]\n"
        "from threadsync.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "sys.stderr.write(' '.join(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=project
    )
    return set(done.stderr.split())


@pytest.mark.parametrize(
    ("target", "arguments", "is_used"),
    [
        ("threads/main", ("--version",), False),
        ("threads/main", ("--help",), False),
        ("threads/main", ("validate",), False),
        ("threads/main", ("plan",), False),
        ("toy/main", ("validate",), True),
        ("toy/main", ("--help",), False),
    ],
)
def test_what_a_package_offers_is_looked_for_only_where_a_target_needs_it(
    site: Path, tmp_path: Path, target: str, arguments: tuple[str, ...], *, is_used: bool
) -> None:
    install_toy(site)
    project = tmp_path / "project"
    (project / "posts").mkdir(parents=True)
    (project / "threadsync.yaml").write_text(PROJECT.format(target))
    (project / "posts/a.md").write_text(f"---\nkey: a\ntargets: [{target}]\n---\nHello.\n")
    found = loaded(site, project, *arguments)
    assert ("threadsync_toy" in found) is is_used
    assert ("threadsync.providers.plugins" in found) is is_used
    assert "threadsync.providers.threads.provider" not in found or target == "threads/main"
