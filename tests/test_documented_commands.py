"""Every command of the pages is run by a test, and every option that they name exists.

The shell blocks of a page are *played*: in one shell, in their order, in a project of a reader's before
networks on this machine (``tests/live/desk.py``); each command says what the page says it prints. A page that
needs more than that is run as it stands by tests of its own (``RUN_BY``). A command that is run elsewhere, or
cannot be run here, is named with its test or its reason (``ALONE``). So a new command of a page is played, or
fails.

What stands in a sentence, as `threadsync plan --refresh`, is held against the command line itself.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import click
import pytest

from tests.execution.test_redirect import free_port
from tests.live.desk import Desk, desk, yaml_block
from tests.live.pages import BLOCK, SHELLS, blocks, run_as_it_stands, steps
from tests.live.projects import ROOT
from threadsync.cli import root

PAGES: Mapping[str, str] = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for pattern in (
        "README.md",
        "CONTRIBUTING.md",
        "docs/**/*.md",
        "examples/**/README.md",
        "state/README.md",
    )
    for path in sorted(ROOT.glob(pattern))
}

RUN_BY = {
    "docs/bluesky.md": "tests/live/test_bluesky_page.py",
    "docs/threads.md": "tests/live/test_threads_page.py",
}
"""Pages whose blocks tests of their own run, as they stand."""

_PRINTED = (
    "tests/live/test_threads_page.py::test_the_workflow_writes_the_new_token_back_on_standard_input_alone"
)
_COMMENT = "tests/cli/test_comment.py::test_"
_CHAOS = "tests/live/test_chaos.py::test_"
ALONE = {
    "make demo": "tests/live/test_demo.py::test_the_tour_holds_what_it_shows",
    "make test": "it is what runs this",
    "pip install ./.tool": "tests/live/test_wheel.py::test_the_installed_program_says_its_version",
    "pipx install .": "tests/live/test_wheel.py::test_the_installed_program_says_its_version",
    "threadsync init": "tests/cli/test_desk.py::test_init_at_a_terminal_asks_what_no_option_says",
    "threadsync watch": "tests/live/test_watch.py::"
    "test_it_tells_what_a_save_changed_for_posts_and_drafts_and_ends_cleanly",
    "threadsync watch --preview": "tests/live/test_preview.py::"
    "test_a_save_is_told_to_an_open_page_and_the_end_closes_it",
    "threadsync chaos": f"{_CHAOS}struck_at_random_it_holds_and_keeps_what_it_is_told_to_keep",
    "threadsync chaos --rounds 20 --kill journal": f"{_CHAOS}"
    "killed_at_every_step_of_the_journal_no_post_is_there_twice_or_lost",
    "threadsync chaos --state branch": f"{_CHAOS}"
    "with_every_run_on_a_machine_of_its_own_what_was_pushed_is_enough",
    "threadsync chaos --seed 4711 --faults publish:answer-lost:50% --faults list:slow:always:1": f"{_CHAOS}"
    "killed_at_every_step_of_the_journal_no_post_is_there_twice_or_lost",
    "threadsync auth login threads/main": "tests/live/test_threads_page.py::"
    "test_logging_in_goes_through_the_window_and_stores_a_long_lived_token",
    "threadsync auth login threads/main --print": "tests/cli/test_logging_in.py::"
    "test_printed_the_token_alone_is_on_standard_output",
    "threadsync auth login threads/main --print | gh secret set THREADS_TOKEN": _PRINTED,
    "threadsync auth refresh threads/main --write-back 'gh secret set THREADS_TOKEN'": _PRINTED,
    "threadsync comment": f"{_COMMENT}the_plan_becomes_one_comment",
    "threadsync comment --forge github --repository lift/posts --number 17": f"{_COMMENT}"
    "options_say_at_a_desk_what_a_job_knows_of_itself",
    "threadsync comment --plan plan.json": f"{_COMMENT}a_plan_that_another_job_made_is_shown_as_it_is",
    "threadsync comment --report report.json": f"{_COMMENT}after_apply_the_comment_leads_to_the_posts",
    "threadsync plan --format json > plan.json": f"{_COMMENT}a_plan_that_another_job_made_is_shown_as_it_is",
    "threadsync apply --yes --format json > report.json": f"{_COMMENT}"
    "after_apply_the_comment_leads_to_the_posts",
    "threadsync sandbox --port 8471": "the tour of README.md starts it so, and keeps its data besides",
    'threadsync plan --no-cache --format markdown --max-chars 250000 >> "$GITHUB_STEP_SUMMARY"': "tests/live/"
    "test_ci_story.py::test_the_workflow_of_the_readme_checks_and_plans_without_a_secret",
    "threadsync sandbox --port 8471 --data sandbox": "the tour of README.md starts it so",
    "threadsync state pull --copy ID | threadsync state push -": "tests/live/test_state_bucket.py::"
    "test_the_history_names_the_command_that_brings_an_earlier_state_back",
    "ffmpeg -i ride.mov -c copy -use_editlist 0 -movflags +faststart ride.mp4": "it is another's program",
}
"""Commands that are not played: the test that runs them, or why none can."""

OPTIONS_OF_OTHERS = {
    "--update-golden": "pytest, as tests/conftest.py teaches it",
    "--seed": "threadsync.testing.simulation",
    "--force-with-lease": "git",
}
"""Options that the pages name, and whose they are."""

SPOKEN = re.compile(r"(?<!`)`([^`\n]+(?:\n[^`\n]+)?)`(?!`)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


def spoken(page: str) -> list[str]:
    """Return what stands as code in the sentences of *page*."""
    return [" ".join(text.split()) for text in SPOKEN.findall(BLOCK.sub("", page))]


def is_there(test: str) -> bool:
    path, _, name = test.partition("::")
    return not name or f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")


# What is played.


def empty(at: Desk, page: str) -> str:
    """The page begins with nothing, and starts its own network."""
    at.port = str(free_port())
    return page


def project(at: Desk, page: str) -> str:
    """The page begins in a project with one post that is live."""
    at.begun()
    at.environ |= {"THREADS_REDIRECT_URI": "http://localhost:8737/"}
    return page.replace("COMMIT:threadsync.json", "HEAD:state/threadsync.json")


def launched(at: Desk, page: str) -> str:
    """The post has another key, is let go of before it is taken down, and nobody is there to be asked."""
    at.begun("launch-day")
    down = "$ threadsync withdraw launch-day@threads/main"
    return page.replace(down, f"$ threadsync release launch-day\n{down} --yes")


def own_project(at: Desk, page: str) -> str:
    """The page shows its project."""
    pytest.importorskip("libipld", reason="not tested without libipld: docs/several-accounts.md")
    at.project(yaml_block(page))
    return page


def with_a_past(at: Desk, page: str) -> str:
    """The account has a post that nobody knows of."""
    at.project({"version": 1, "id": "past", "zone": "Europe/Berlin", "targets": {"threads/main": MAIN}})
    made = at.ran(
        f"curl --silent --fail {at.sandbox.base_url}/v1.0/me/threads"
        " --header 'Authorization: Bearer sandbox-lift_report' -d media_type=TEXT -d auto_publish_text=true"
        " -d 'text=We rode to all 40 stations. 12 lifts were broken.'"
    )
    return page.replace("18481402908081522", re.findall(r"\d{9,}", made)[0])


MAIN = {"account": "lift_report", "credential": "env:THREADS_TOKEN"}


def with_tweets(at: Desk, page: str) -> str:
    """The repository is one of twitter-together, made as its README says."""
    at.write("tweets/hello-world.tweet", "Hello, world!\n")
    at.write("tweets/2026-11/hafen-opens.tweet", "The lift at Hafen opens on 2 January.\n")
    for name, shown in re.findall(r"^\$ cat (tweets/\S+)\n(.*?)^\$ ", page, re.MULTILINE | re.DOTALL):
        at.write(name, shown)
    (at.folder / "media").mkdir()
    shutil.copy(at.root / "picture.jpg", at.folder / "media/cat.jpg")
    at.ran("git init --quiet && git add --all && git commit --quiet --message 'Twitter, together!'")
    hosted = "printf 'media_hosts: {local: {kind: loopback}}\\n' >> threadsync.yaml"
    named = r"perl -pi -e 's/^    credential:.*/$&\n    media_host: local/' threadsync.yaml"
    page = page.replace("$ threadsync plan animals", f"$ {named} && {hosted}\n$ threadsync plan animals")
    return page.replace("threadsync init", f"threadsync init --base-url {at.sandbox.base_url}")


SCENES: Mapping[str, Callable[[Desk, str], str]] = {
    "README.md": empty,
    "docs/tutorial.md": empty,
    "docs/adopting.md": with_a_past,
    "docs/holding.md": launched,
    "docs/several-accounts.md": own_project,
    "docs/from-twitter-together.md": with_tweets,
}
"""How a page is begun; one that is not named begins in a project with one post that is live."""

PLAYED = [
    name
    for name, page in PAGES.items()
    if name not in RUN_BY and {command for command, _ in steps(page, SHELLS)} - set(ALONE)
]


@pytest.mark.live
@pytest.mark.skipif(
    not all(map(shutil.which, ("git", "curl", "perl"))),
    reason="not tested without git, curl and perl: the commands of pages",
)
@pytest.mark.parametrize("name", PLAYED)
def test_the_commands_of_a_page_do_what_it_says(name: str, tmp_path: Path) -> None:
    scene = SCENES.get(name, project)
    with desk(tmp_path) as at:
        page = scene(at, PAGES[name])
        assert at.play(page, where=at.root if scene is empty else at.folder, without=frozenset(ALONE))


@pytest.mark.live
@pytest.mark.parametrize(
    ("page", "failed"),
    [
        ("```console\n$ echo one\none\n```\n", ""),
        ("```console\n$ echo one\ntwo\n```\n", "does not say 'two'"),
        ("```sh\n# a word\necho one   # and another\nfalse\n```\n", "one"),
        ("```yaml\nsteps:\n  - run: exit 3\n```\n", "bash"),
        ("1. Do it:\n\n   ```sh\n   echo one\n   false\n   ```\n", "one"),
        ("````console\n$ cat <<'END'\n```\nx\n```\nEND\nx\n````\n", ""),
    ],
)
def test_a_command_that_fails_or_says_something_else_fails_its_page(
    tmp_path: Path, page: str, failed: str
) -> None:
    def played() -> str:
        return run_as_it_stands(page, tmp_path, {"PATH": os.environ["PATH"]}, languages=SHELLS)

    if not failed:
        assert played()
        return
    with pytest.raises(AssertionError, match=failed):
        played()


# What is named.


def test_every_test_that_is_named_is_there() -> None:
    assert [test for test in ALONE.values() if not is_there(test)] == []
    for page, module in RUN_BY.items():
        assert Path(page).name in (ROOT / module).read_text(encoding="utf-8")


def test_every_page_and_command_that_is_named_is_there() -> None:
    said = {command for page in PAGES.values() for command, _ in steps(page, SHELLS)}
    assert set(ALONE) <= said
    assert {*RUN_BY, *SCENES} <= set(PAGES)
    options = {option for page in PAGES.values() for text in spoken(page) for option in OPTION.findall(text)}
    assert set(OPTIONS_OF_OTHERS) <= options


@pytest.mark.parametrize("name", PAGES)
def test_a_command_stands_in_a_block_that_says_so(name: str) -> None:
    """Or it would be overlooked here."""
    for language, text in blocks(PAGES[name]):
        commands = re.findall(r"^(?:\$ |threadsync |make |pip |exec threadsync ).*$", text, re.MULTILINE)
        assert language in SHELLS or not commands, commands


# What is said in passing.


def command_lines(text: str) -> Iterator[list[str]]:
    """Yield the words of each command of ours in *text*, which may be one of several in a line."""
    for part in re.split(r"\||&&|;", text):
        words = part.replace("…", " ").replace("'", "").split()
        if words[:1] == ["exec"]:
            words = words[1:]
        if words[:1] == ["threadsync"] and len(words) > 1:
            yield words[1:]


def unknown(words: list[str]) -> list[str]:
    """Return the words of a command of ours that the command line does not know."""
    command: click.Command = root
    known = {option: each for each in root.params for option in each.opts}
    rest = iter(words)
    for word in rest:
        if not isinstance(command, click.Group):
            break
        if word.startswith("-"):
            option = known.get(word)
            if isinstance(option, click.Option) and not option.is_flag:
                next(rest, "")
        elif word.islower():
            inner = command.commands.get(word.rstrip(".,"))
            if inner is None:
                return [word]
            command = inner
            known |= {option: each for each in command.params for option in each.opts}
    return [option for word in words for option in OPTION.findall(word) if option not in {*known, "--help"}]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("threadsync --project examples/video plan --refresh", []),
        ("exec threadsync state resolve ADDRESS --published ID", []),
        ("threadsync paln", ["paln"]),
        ("threadsync state resovle", ["resovle"]),
        ("threadsync plan --refersh | tee plan.txt", ["--refersh"]),
        ("threadsync apply --detailed-exitcode", ["--detailed-exitcode"]),
    ],
)
def test_a_command_that_there_is_not_is_found(text: str, found: list[str]) -> None:
    assert [each for words in command_lines(text) for each in unknown(words)] == found


@pytest.mark.parametrize("name", PAGES)
def test_the_commands_and_options_that_a_page_names_in_passing_exist(name: str) -> None:
    every = options_of(root) | set(OPTIONS_OF_OTHERS)
    for text in spoken(PAGES[name]):
        for words in command_lines(text):
            assert unknown(words) == [], text
        ours = not re.match(r"(pip|git|curl|ffmpeg|npm|chromium) ", text)
        assert not ours or [option for option in OPTION.findall(text) if option not in every] == [], text
        if text.startswith("make "):
            targets = [word for word in text.split()[1:] if re.fullmatch(r"[a-z][a-z-]*", word)]
            assert all(re.search(rf"^{target}:", MAKEFILE, re.MULTILINE) for target in targets), text
        for extras in re.findall(r"pip install '(?:\./|threadsync)\[([a-z,]+)\]'", text):
            assert all(re.search(rf"^{extra} = ", PYPROJECT, re.MULTILINE) for extra in extras.split(",")), (
                text
            )


MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def options_of(command: click.Command) -> set[str]:
    """Return the options of *command*, and of all that is below it."""
    found = {"--help", *(option for each in command.params for option in each.opts + each.secondary_opts)}
    inner = command.commands.values() if isinstance(command, click.Group) else ()
    return found.union(*(options_of(each) for each in inner))
