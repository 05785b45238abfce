"""How one apply grows with the number of posts that are due: time, memory and requests.

    python -m benchmarks.load              100, 1,000 and 10,000 posts in the simulated world
    python -m benchmarks.load --real 2000  the program itself, against the sandbox over sockets

Each size runs in a process of its own. In the simulated world time is virtual, so the seconds are those of
threadsync and of the model of Threads; the memory holds both, too. The last column is what a post costs
compared with the size before: 1.00 is a straight line.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from threadsync.content.loader import in_full
from threadsync.sandbox.server import running
from threadsync.sandbox.settings import SandboxSettings
from threadsync.sandbox.threads import Profile
from threadsync.testing.casts import PROJECT
from threadsync.testing.desk import Desk
from threadsync.testing.networks import ThreadsNetwork
from threadsync.testing.shape import chain, picture
from threadsync.testing.troubles import Place
from threadsync.testing.world import World

SIZES = (100, 1_000, 10_000)
KIBIBYTES_PER_MEBIBYTE = 1024  # ru_maxrss is in KiB on Linux
COLORS = ("red", "blue", "green", "gold")
UNLIMITED = 10**6
SAFETY = f"safety: {{creates_max: {UNLIMITED}}}\n"
REAL_PROJECT = """\
version: 1
id: load
posts: posts
state: state/threadsync.json
targets:
  threads/main: {{account: main, credential: env:LOAD_TOKEN, base_url: {base_url}, media_host: local}}
media_hosts:
  local: {{kind: loopback}}
"""


def posts_of(size: int) -> dict[str, bytes]:
    """Return so many posts: 60 % text, 20 % with a picture, 10 % carousels of 4, 10 % chains of 3."""
    files = {f"posts/{color}.jpg": picture(color) for color in COLORS}
    carousel = "\n\n".join(f"![{color}]({color}.jpg)" for color in COLORS)
    for number in range(size):
        text = f"Post number {number} of the load"
        match number % 10:
            case 6 | 7:
                text += "\n\n![red](red.jpg)"
            case 8:
                text += f"\n\n{carousel}"
            case 9:
                text = chain(text, f"{text}, part two", f"{text}, part three")
            case _:
                pass
        files[f"posts/p{number}.md"] = f"---\nkey: p{number}\ntargets: [threads/main]\n---\n{text}\n".encode()
    return files


def simulated(size: int) -> dict[str, float]:
    """Apply so many posts at once in the simulated world and return what it took."""
    project = PROJECT[: PROJECT.index("safety:")] + SAFETY
    with (
        TemporaryDirectory(prefix="load-") as folder,
        World(desk=Desk(Path(folder)), project=project) as world,
    ):
        assert isinstance(world.network, ThreadsNetwork)
        world.network.switch(posts_quota=UNLIMITED, replies_quota=UNLIMITED)
        world.files.update(posts_of(size))
        world.workspace.read(world.workspace.project, in_full)  # the files are read here, and not measured
        began = time.perf_counter()
        ran = world.apply()
        seconds = time.perf_counter() - began
        assert ran.outcome is not None, ran.error
        assert ran.outcome.report is not None, "all is due"
        assert ran.outcome.report.complete, "nothing goes wrong here"
        requests = sum(moment.place is Place.REQUEST for moment in world.moments)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": seconds, "peak_mib": peak / KIBIBYTES_PER_MEBIBYTE, "requests": requests}


def real(size: int) -> dict[str, float]:
    """Apply so many posts with the program itself and return what it took, reading the files included."""
    settings = SandboxSettings(profiles=(Profile("main"),))
    with TemporaryDirectory(prefix="load-") as folder, running(settings) as sandbox:
        sandbox.switch(posts_quota=UNLIMITED, replies_quota=UNLIMITED)
        root = Path(folder)
        (root / "posts").mkdir()
        (root / "threadsync.yaml").write_text(REAL_PROJECT.format(base_url=sandbox.base_url) + SAFETY)
        for name, data in posts_of(size).items():
            (root / name).write_bytes(data)
        command = [sys.executable, "-m", "threadsync", "--project", folder, "-q", "apply", "--yes"]
        environ = {**os.environ, "LOAD_TOKEN": Profile("main").secret}
        began = time.perf_counter()
        with subprocess.Popen([*command, "--first-run"], env=environ, stdout=subprocess.DEVNULL) as process:
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - began
        assert process.returncode == 0, f"apply ended with {process.returncode}"
        requests = sandbox.calls()
    return {"seconds": seconds, "peak_mib": used.ru_maxrss / KIBIBYTES_PER_MEBIBYTE, "requests": requests}


@click.command()
@click.argument("sizes", nargs=-1, type=int)
@click.option("--real", "is_real", is_flag=True, help="The program itself, against the sandbox.")
@click.option("--one", is_flag=True, hidden=True, help="Measure one size and print it as JSON.")
def main(sizes: tuple[int, ...], *, is_real: bool, one: bool) -> None:
    """Measure every size in a process of its own and print a table."""
    measure = real if is_real else simulated
    if one:
        click.echo(json.dumps(measure(sizes[0])))
        return
    click.echo("   posts   seconds  ms/post  peak MiB  requests  curve")
    before = 0.0
    for size in sizes or SIZES:
        command = [sys.executable, "-m", "benchmarks.load", "--one", str(size), *(["--real"] * is_real)]
        row = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        each = 1000 * row["seconds"] / size
        curve = f"{each / before:6.2f}" if before else ""
        before = each
        figures = f"{row['seconds']:>9.2f} {each:>8.2f} {row['peak_mib']:>9.1f} {row['requests']:>9.0f}"
        click.echo(f"{size:>8} {figures} {curve}")


if __name__ == "__main__":
    main()
