"""The console blocks of a page: its commands in one shell, and whether each says what the page says."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

SECONDS = 120
END_OF_STEP = "---8<---"


def steps(page: str) -> list[tuple[str, list[str]]]:
    """Return each command of the console blocks with the lines that it is said to print."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", page, re.DOTALL):
        document = ""
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
                here = re.search(r"<<'?(\w+)'?", line)
                document = here.group(1) if here else ""
            elif document:
                command, said = found[-1]
                found[-1] = (f"{command}\n{line}", said)
                document = "" if line == document else document
            elif line.strip():
                found[-1][1].append(line)
    return found


def run_as_it_stands(
    page: str,
    folder: Path,
    environ: Mapping[str, str],
    *,
    given: Callable[[str], str] = str,
    first: str = "",
) -> str:
    """Run the steps of *page* in *folder*, after *first*; each is said to print what it prints.

    *given* makes of a command of the page, and of what it says, the one of this run.
    """
    commands = [(given(command), [given(line) for line in said]) for command, said in steps(page)]
    script = "\n".join(f"{command}\necho '{END_OF_STEP}'" for command, _ in commands)
    done = subprocess.run(
        ["bash", "-m", "-e", "-c", f"{first}\n{script}"],
        cwd=folder,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    outputs = done.stdout.split(END_OF_STEP)
    for number, (command, said) in enumerate(commands):
        # What runs beside the others may say it while they speak: it listens before it says where.
        is_beside = steps(page)[number][0].endswith("&")
        output = "".join(outputs[number:]) if is_beside else outputs[number]
        for line in said:
            assert line.strip() in output, f"{command!r} does not say {line!r}:\n{output}"
    return done.stdout
