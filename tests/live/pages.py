"""The shell blocks of a page: its commands in one shell, and whether each says what the page says.

In a ``console`` block a command has ``$ `` in front, and what stands below it is what it prints. In a ``sh``
block every line is a command; what stands behind two blanks and ``#`` is said to the reader. In the ``yaml``
of a workflow every ``run:`` is one.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

import yaml

SECONDS = 120
END_OF_STEP = "---8<---"
BLOCK = re.compile(r"^( *)(`{3,})(\w*)[^\n]*\n(.*?)^\1\2$", re.MULTILINE | re.DOTALL)
SHELLS = ("console", "sh", "bash", "shell", "yaml", "yml")

Step = tuple[str, list[str]]
"""A command, and the lines that it is said to print."""


def blocks(page: str) -> Iterator[tuple[str, str]]:
    """Yield each fenced block of *page*: its language and its text."""
    for indent, _, language, text in BLOCK.findall(page):
        yield language, re.sub(f"^{indent}", "", text, flags=re.MULTILINE)


def steps(page: str, languages: Collection[str] = ("console",)) -> list[Step]:
    """Return the commands of the blocks in *languages*, in their order."""
    found: list[Step] = []
    for language, text in blocks(page):
        if language not in languages:
            continue
        match language:
            case "console":
                found += _of_a_console(text)
            case "yaml" | "yml":
                found += [(run, []) for run in _of_a_workflow(text)]
            case _:
                found += _of_a_script(text)
    return found


def _of_a_console(text: str) -> list[Step]:
    found: list[Step] = []
    document = ""
    for line in text.splitlines():
        if document:
            command, said = found[-1]
            found[-1] = (f"{command}\n{line}", said)
            document = "" if line == document else document
        elif line.startswith("$ "):
            found.append((line[2:], []))
            here = re.search(r"<<'?(\w+)'?", line)
            document = here.group(1) if here else ""
        elif line.strip():
            found[-1][1].append(line)
    return found


def _of_a_script(text: str) -> list[Step]:
    lines = [re.sub(r"(^|\s{2,})#.*$", "", line).strip() for line in text.splitlines()]
    return [(line, []) for line in lines if line]


def _of_a_workflow(text: str) -> Iterator[str]:
    return _runs(yaml.safe_load(text)) if "run:" in text else iter(())


def _runs(value: object) -> Iterator[str]:
    match value:
        case dict():
            for key, inner in value.items():
                yield from [inner] if key == "run" and isinstance(inner, str) else _runs(inner)
        case list():
            for inner in value:
                yield from _runs(inner)


def run_as_it_stands(
    page: str,
    folder: Path,
    environ: Mapping[str, str],
    *,
    given: Callable[[str], str] = str,
    first: str = "",
    languages: Collection[str] = ("console",),
    without: Collection[str] = (),
) -> str:
    """Run the steps of *page* in *folder*, after *first*; each is said to print what it prints.

    *given* makes of a command of the page, and of what it says, the one of this run. The commands of
    *without* are left out.
    """
    written = [step for step in steps(page, languages) if step[0] not in without]
    commands = [(given(command), [given(line) for line in said]) for command, said in written]
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
        is_beside = written[number][0].endswith("&")
        output = "".join(outputs[number:]) if is_beside else outputs[number]
        for line in said:
            assert line.strip() in output, f"{command!r} does not say {line!r}:\n{output}"
    return done.stdout
