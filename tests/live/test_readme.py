"""The README's tour, run as it stands: every command works, and says what the README says it says."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PORT = "8471"
SECONDS = 120
END_OF_STEP = "---8<---"

pytestmark = pytest.mark.live


def free_port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


def steps() -> list[tuple[str, list[str]]]:
    """Return each command of the console blocks with the lines that it is said to print."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL):
        document = ""
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
                here = re.search(r"<<'(\w+)'", line)
                document = here.group(1) if here else ""
            elif document:
                command, said = found[-1]
                found[-1] = (f"{command}\n{line}", said)
                document = "" if line == document else document
            elif line.strip():
                found[-1][1].append(line)
    return found


def test_the_tour_works_and_prints_what_it_says(tmp_path: Path) -> None:
    port = free_port()
    script = ["trap 'kill %1; wait' EXIT", "set -e"]
    for command, _ in steps():
        script.append(command)
        if command.endswith("&"):
            knock = f"(: < /dev/tcp/127.0.0.1/{PORT}) 2>/dev/null"
            wait = f"for n in $(seq 200); do {knock} && break; sleep 0.1; done"
            script.append(wait)
        script.append(f"echo '{END_OF_STEP}'")
    done = subprocess.run(
        ["bash", "-m", "-c", "\n".join(script).replace(PORT, port)],
        cwd=tmp_path,
        env={"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    outputs = done.stdout.split(END_OF_STEP)
    for (command, said), output in zip(steps(), outputs, strict=False):
        for line in said:
            assert line.replace(PORT, port).strip() in output, f"{command!r} does not say {line!r}:\n{output}"


def test_every_link_of_the_readme_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if "://" not in target:
            assert (ROOT / target).exists(), target


def test_the_workflow_is_yaml_and_its_commands_exist() -> None:
    import yaml

    (block,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    steps_of_job = yaml.safe_load(block)["jobs"]["plan"]["steps"]
    runs = [step["run"] for step in steps_of_job if "run" in step]
    assert [run.split()[1] for run in runs if run.startswith("threadsync")] == ["validate", "plan"]
