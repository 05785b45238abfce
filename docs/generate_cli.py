"""The page of the command line, made from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click

from threadsync.cli import root

WIDTH = 80
INTRO = """\
<!-- Made by docs/generate.py from threadsync/cli. Do not edit. -->

# The command line

Results go to standard output, everything else to standard error. What `--format json` prints is described by
`threadsync schema plan`. The options of `threadsync` itself may stand before or behind the command's name.

A **SELECTOR** chooses publications: a key (`lift-report`), a path (`posts/lifts/index.md`), an address
(`lift-report@threads/main`), a target (`threads/main`), or a glob of one of these (`'lift-*'`).
An **ADDRESS** is `KEY@TARGET`. [Reasons](reasons.md) says what the word in brackets behind each action means.

| exit status | means |
|---|---|
| 0 | done, or nothing to do; what is blocked or waits is listed |
| 1 | failed, or the answer at the prompt was no |
| 2 | it cannot be done as it was asked, or a consent is missing that a flag gives |
| 3 | apply would change something (only with `plan --detailed-exitcode`) |
| 4 | partly applied, or what became of something is uncertain; the next `apply` goes on |

| sign | action | what it does |
|---|---|---|
| `+` | create | publishes a new post |
| `++` | extend | publishes further segments under those that are live |
| `~` | update | changes in place; on the network, or (controls) only in the state |
| `>` | move | the same posts under another key; nothing on the network changes |
| `-/+` | replace | publishes anew, then takes the old posts down |
| `-` | delete | takes posts down |
| `x` | forget | lets go of a publication; its posts stay up |
| `=` | adopt | binds posts that are on the network already |
| `.` | wait | nothing yet: it is not due, or something must be found out first |
| `!` | blocked | something would be done, and must not be without a person |
|   | no-op | nothing to do |

Colour only repeats what signs and words say. It is left out for a file, with `--no-color`, and where
`NO_COLOR` is set or `TERM` is `dumb`.
"""


def pages() -> Mapping[str, str]:
    """Return the generated page, by its name in ``docs/reference``."""
    return {"cli.md": "\n".join([INTRO, *_sections(root, ("threadsync",), None)])}


def _sections(command: click.Command, names: tuple[str, ...], parent: click.Context | None) -> Iterator[str]:
    context = command.make_context(
        names[-1], [], parent, resilient_parsing=True, terminal_width=WIDTH, max_content_width=WIDTH
    )
    yield f"{'#' * min(len(names) + 1, 3)} {' '.join(names)}\n"
    yield f"```text\n{command.get_help(context).rstrip()}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None, "a listed command is there"
            yield from _sections(inner, (*names, name), context)
