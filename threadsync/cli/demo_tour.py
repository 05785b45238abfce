"""The tour of ``threadsync demo``: real commands, in processes of their own, on a sandbox in this one.

The sandbox is the witness: what became of the posts is read from its ledger, not from our state.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from msgspec import Struct, field

from threadsync.cli._exit import Exit
from threadsync.cli._trial import on_its_disk, program, seen, wait_until
from threadsync.config import load_project
from threadsync.errors import ProjectError
from threadsync.execution.clock import SystemClock
from threadsync.model.ids import MAIN
from threadsync.sandbox.server import Sandbox, running
from threadsync.sandbox.settings import SandboxSettings
from threadsync.sandbox.threads import Fault, FaultKind

_PACKAGE = Path(__file__).resolve().parent.parent
EXAMPLES = (
    (_PACKAGE / "examples" / "threadsync.yaml", _PACKAGE / "examples" / "posts"),
    (_PACKAGE.parent / "threadsync.yaml", _PACKAGE.parent / "examples" / "posts"),
)
"""Where an installed package has the examples, and where a checkout has them."""

BOUNDS = {"publish_doubt_seconds": 0.5, "listing_lag_seconds": 0.3, "poll_longest_seconds": 0.5}
"""How short the waits are here; a real target keeps its own."""
COMMAND_SECONDS = 60.0
KILL_SECONDS = 30.0
"""How long the tour waits for the moment to kill at."""
SLOW_SECONDS = 2.0
"""How long the sandbox withholds the answer that the killed apply never gets."""

BOTH_KEY = "welcome"
BOTH_TEXT = "Hello! We are Lift report"
BOTH_PROFILES = ("lift_report", "lift-report.test")
"""The example post that goes to Threads and to Bluesky, and as whom."""

KILLED_KEY = "killed-in-the-middle"
KILLED_TEXTS = (
    "Part one of three. The network shows it, and the program that sent it is dead.",
    "Part two of three. It went out when apply ran again.",
    "Part three of three. Nothing is there twice, and nothing is missing.",
)

Say = Callable[[str], None]


def take_tour(say: Say) -> bool:
    """Take the tour, telling it with *say*; return whether everything held.

    Raises:
        ProjectError: the examples are not where they should be.
        OutputError: the disk of the temporary folder refuses what is written there.
    """
    with on_its_disk():
        return _toured(say)


def _toured(say: Say) -> bool:
    folder = Path(tempfile.mkdtemp(prefix="threadsync-demo-"))
    copy_examples(folder)
    say("A copy of the examples, and a local Threads and Bluesky that forget nothing, in")
    say(f"  {folder}")
    left_out: tuple[str, ...] = ()
    if find_spec("libipld") is None:
        say("Bluesky is left out: pip install 'threadsync[bluesky]' brings what it needs.")
        left_out = ("--exclude", "bluesky/*")
    with running(SandboxSettings(data=folder / "sandbox")) as sandbox:
        point_at(folder, sandbox)
        tour = Tour(folder, sandbox, say, left_out)
        tour.plan_and_apply()
        tour.change()
        tour.kill_and_finish()
        port = sandbox.port
    return tour.end(port)


def copy_examples(folder: Path, places: Sequence[tuple[Path, Path]] = EXAMPLES) -> None:
    """Copy the example project, without its state, into *folder*, from the first of *places* that has it.

    Raises:
        ProjectError: neither the package nor a checkout has the examples.
    """
    for project, posts in places:
        if project.is_file() and posts.is_dir():
            shutil.copy(project, folder / "threadsync.yaml")
            shutil.copytree(posts, folder / "examples" / "posts")
            return
    raise ProjectError(
        "the example posts are missing from this installation.",
        remedy="Install threadsync again, or run the demo in a checkout: make demo.",
    )


def point_at(folder: Path, sandbox: Sandbox) -> None:
    """Let the copied project speak to *sandbox*, with short waits and with the sandbox's own tokens."""
    file = folder / "threadsync.yaml"
    text = re.sub(r"(?m)^( +base_url:).*$", rf"\1 {sandbox.base_url}", file.read_text(encoding="utf-8"))
    text = re.sub(rf"(?m)^ +(?:{'|'.join(BOUNDS)}):.*\n", "", text)
    short = "".join(f"\\1  {name}: {seconds}\n" for name, seconds in BOUNDS.items())
    file.write_text(re.sub(r"(?m)^( +)bounds:\n", rf"\1bounds:\n{short}", text), encoding="utf-8")
    for target in load_project(folder, exact=True).targets.values():
        token = folder / target.credentials[MAIN].removeprefix("file:")
        token.write_text(sandbox.token(target.account or ""), encoding="utf-8")
        token.chmod(0o600)


class Tour(Struct):
    """The tour under way, and what it has proved so far."""

    folder: Path
    sandbox: Sandbox
    say: Say
    left_out: tuple[str, ...] = ()
    """The options that leave out what cannot be done here."""
    held: list[tuple[str, bool]] = field(default_factory=list)
    _steps: int = 0

    def plan_and_apply(self) -> None:
        """Plan, apply, apply again."""
        self._step("What would be done? plan shows it, and asks no network.")
        self._run(Exit.DONE, "plan", "--quiet", *self.left_out)
        self._step("One file, two networks: what each of them gets, and how long it is there.")
        self._run(Exit.DONE, "plan", BOTH_KEY)
        self._step("Do it. Apply shows the exact texts first; --first-run: there is no state.")
        self._run(Exit.DONE, "apply", "--yes", "--first-run", *self.left_out)
        self._check("every example post that is due is live, once", self._everything_once())
        if not self.left_out:
            self._check("a post of one file is on both networks", self._is_on_both())
        self._step("Do it again: nothing happens.")
        before = len(self._texts())
        self._run(Exit.DONE, "apply", "--yes", "--quiet", *self.left_out)
        self._check("the second apply published nothing", len(self._texts()) == before)

    def change(self) -> None:
        """Edit a published post and look at the plan."""
        self._step("Edit a published post. Threads cannot edit, so it waits for consent.")
        file = self.folder / "examples" / "posts" / "welcome.md"
        as_it_was = file.read_text(encoding="utf-8")
        file.write_text(as_it_was.replace("Hello!", "Hello again!"), encoding="utf-8")
        self._run(Exit.DONE, "plan", "welcome")
        file.write_text(as_it_was, encoding="utf-8")
        self.say("The file is put back.")

    def kill_and_finish(self) -> None:
        """Kill an apply right after the network acted and before it answered; then finish."""
        self._step("A new chain of three. Part one goes live, and the answer is held back:")
        self.say("that is when apply is killed (SIGKILL), so it cannot know what became of it.")
        body = "\n\n---\n\n".join(KILLED_TEXTS)
        file = self.folder / "examples" / "posts" / f"{KILLED_KEY}.md"
        file.write_text(f"---\nkey: {KILLED_KEY}\ntargets: [threads/main]\n---\n{body}\n", encoding="utf-8")
        self.sandbox.arm(Fault("publish", FaultKind.SLOW, seconds=SLOW_SECONDS))
        self._check("apply was killed after its first visible request", self._killed())
        live = [text for text in KILLED_TEXTS if text in self._texts()]
        self._check("at that moment, one part of three was live", live == [KILLED_TEXTS[0]])
        self._run(Exit.DONE, "status", KILLED_KEY)
        self._step("Apply again. It looks at the account, finds part one, and goes on.")
        self._run(Exit.DONE, "apply", "--yes", *self.left_out)
        whole = all(self._texts()[text] == 1 for text in KILLED_TEXTS)
        self._check("the chain is there, every part once", whole)
        self._check("every other post is still there once", self._everything_once())

    def end(self, port: int) -> bool:
        """Say what held and where to look; return whether all of it held."""
        self.say("\nWhat held, by the sandbox's own ledger:")
        for what, held in self.held:
            self.say(f"  {'yes' if held else 'NO '}  {what}")
        command = shlex.join(
            ["threadsync", "sandbox", "--port", str(port), "--data", str(self.folder / "sandbox")]
        )
        self.say("\nWhere to look: the posts, the state and the network are kept in")
        self.say(f"  {self.folder}")
        self.say(f"See the timelines at http://127.0.0.1:{port}/ after")
        self.say(f"  {command}")
        self.say("Then go there, change something, and try plan and apply yourself.")
        return all(held for _, held in self.held)

    # The pieces.

    def _step(self, what: str) -> None:
        self._steps += 1
        self.say(f"\n{'─' * 80}\n{self._steps}. {what}")

    def _check(self, what: str, held: bool) -> None:
        self.held.append((what, held))

    def _command(self, *arguments: str) -> list[str]:
        self.say(f"$ threadsync {shlex.join(arguments)}\n")
        return program(self.folder, *arguments)

    def _run(self, status: Exit, *arguments: str) -> None:
        """Run a command in a process of its own, with our outputs; it must end with *status*."""
        done = subprocess.run(self._command(*arguments), timeout=COMMAND_SECONDS, check=False)  # noqa: S603
        if done.returncode != status:
            self._check(f"threadsync {arguments[0]} ends with {int(status)}", held=False)

    def _killed(self) -> bool:
        """Start an apply and kill it once the network shows the first part of the new chain."""
        with subprocess.Popen(  # noqa: S603  (our own program)
            self._command("apply", "--yes", "--quiet", KILLED_KEY), stdin=subprocess.DEVNULL
        ) as apply:
            wait_until(
                lambda: apply.poll() is not None or KILLED_TEXTS[0] in self._texts(),
                KILL_SECONDS,
                SystemClock(),
            )
            under_way = apply.poll() is None
            apply.kill()
        self.say("Killed.")
        return under_way and apply.returncode != Exit.DONE

    def _texts(self) -> Counter[str]:
        """Return how often each text is live, as the network tells it."""
        return Counter(post.text for post in seen(self.sandbox) if post.live)

    def _is_on_both(self) -> bool:
        """Whether the post for both networks is on each of them once."""
        posts = [post for post in seen(self.sandbox) if post.live and post.text.startswith(BOTH_TEXT)]
        return Counter(post.profile for post in posts) == Counter(BOTH_PROFILES)

    def _everything_once(self) -> bool:
        """Whether the network shows just as many posts as the state binds, each of them once."""
        from threadsync.operations.workspace import open_project

        state = open_project(self.folder, exact=True).store.read().state
        bindings = state.bindings.values() if state is not None else ()
        ours = Counter(segment.text for binding in bindings for segment in binding.segments)
        return bool(ours) and self._texts() == ours
