"""How one apply grows with the number of posts that are due: time, memory and requests.

    python -m benchmarks.load 100 1000 10000

Each size runs in a process of its own, in the simulated world (virtual time, no sockets), so that the
seconds are those of threadsync and of the model of Threads, and the memory is the process's peak. The last
column is what a post costs compared with the size before: 1.0 is a straight line.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from threadsync.testing.desk import PROJECT, Desk
from threadsync.testing.networks import ThreadsNetwork
from threadsync.testing.shapes import chain, picture
from threadsync.testing.world import World

SIZES = (100, 1_000, 10_000)
MEBIBYTE = 1024  # ru_maxrss is in KiB on Linux


def declare(world: World, posts: int) -> None:
    """Declare so many posts: 60 % text, 20 % with a picture, 10 % carousels of 4, 10 % chains of 3."""
    for color in ("red", "blue", "green", "gold"):
        world.write(f"posts/{color}.jpg", picture(color))
    carousel = "\n\n".join(f"![{color}]({color}.jpg)" for color in ("red", "blue", "green", "gold"))
    for number in range(posts):
        text = f"Post number {number} of the load"
        match number % 10:
            case 6 | 7:
                world.post(f"p{number}", f"{text}\n\n![red](red.jpg)")
            case 8:
                world.post(f"p{number}", f"{text}\n\n{carousel}")
            case 9:
                world.post(f"p{number}", chain(text, f"{text}, part two", f"{text}, part three"))
            case _:
                world.post(f"p{number}", text)


def measure(posts: int) -> dict[str, float]:
    """Apply so many posts at once and return what it took."""
    with TemporaryDirectory(prefix="load-") as folder:
        limits = "safety: {creates_max: 100000}\n"
        project = PROJECT[: PROJECT.index("safety:")] + limits
        with World(desk=Desk(Path(folder)), project=project) as world:
            assert isinstance(world.network, ThreadsNetwork)
            world.network.switch(posts_quota=10**6, replies_quota=10**6)
            declare(world, posts)
            world.workspace.read(world.workspace.project)  # files are read and counted apart
            idle_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            began = time.perf_counter()
            ran = world.apply()
            seconds = time.perf_counter() - began
            assert ran.outcome is not None, ran.error
            assert ran.outcome.report is not None, "all is due"
            assert ran.outcome.report.complete, "nothing goes wrong here"
            peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            requests = sum(1 for moment in world.moments if moment.place == "request")
    return {
        "posts": posts,
        "seconds": seconds,
        "ms_per_post": 1000 * seconds / posts,
        "peak_mib": peak_kib / MEBIBYTE,
        "grown_mib": (peak_kib - idle_kib) / MEBIBYTE,
        "requests": requests,
    }


def main(sizes: list[int]) -> None:
    """Measure every size in a process of its own and print a table."""
    sys.stdout.write(
        f"{'posts':>8} {'seconds':>9} {'ms/post':>8} {'peak MiB':>9} {'requests':>9} {'curve':>6}\n"
    )
    before = 0.0
    for size in sizes:
        command = [sys.executable, "-m", "benchmarks.load", "--one", str(size)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True)
        row = json.loads(answer.stdout)
        curve = f"{row['ms_per_post'] / before:6.2f}" if before else ""
        before = row["ms_per_post"]
        sys.stdout.write(
            f"{size:>8} {row['seconds']:>9.2f} {row['ms_per_post']:>8.2f} {row['peak_mib']:>9.1f} "
            f"{row['requests']:>9.0f} {curve:>6}\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        sys.stdout.write(json.dumps(measure(int(sys.argv[2]))))
    else:
        main([int(each) for each in sys.argv[1:]] or list(SIZES))
