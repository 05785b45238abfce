"""The commands, each imported when it is asked for: to list them all, as ``--help`` does, needs none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

import click

LISTED = {
    "init": "Make a project in DIR: its file, an example draft, what git ignores.",
    "new": "Write a draft called TITLE, and print where it is.",
    "validate": "Check the files, offline and without credentials.",
    "watch": "Validate and plan again whenever a file is saved; Ctrl-C ends it.",
    "plan": "Show what apply would do; changes nothing, and asks no network unless --refresh is given.",
    "apply": "Show what is to be done, ask, do it, and report.",
    "comment": "Show the plan in one comment on a pull request, and bring that one up to date.",
    "hold": "Let apply not touch publications until they are released.",
    "release": "Let apply touch publications again that are held.",
    "withdraw": "Take live posts down now; they never come back by themselves.",
    "freeze": "Let every apply refuse until unfreeze, wherever the state is shared.",
    "unfreeze": "Let apply act again.",
    "refresh": (
        "Look at what is live: posts deleted, edited or hidden on the network, and posts nobody declared."
    ),
    "status": "Show what is where, from the files and the state.",
    "insights": (
        "Show what readers made of publications: views, likes, replies, by week, beside the account's median."
    ),
    "show": "Show one publication: file, live posts, what apply would do.",
    "import": "Bind a post that is on the network already.",
    "state": "Look into the state and mend it.",
    "auth": "Look at credentials; store, renew and remove them.",
    "doctor": "Go through this set-up, and say what to mend.",
    "log": "Show what was asked of the networks, the newest last.",
    "providers": "List the networks: what may be posted, limits, credentials.",
    "schema": "Print a JSON Schema of the files and of the JSON output.",
    "completion": "Print what makes a shell complete commands, options, keys and targets.",
    "sandbox": "Run a local Threads and a local Bluesky, with a page of the posts on each.",
    "demo": "Take the whole tour on a local Threads and a local Bluesky.",
    "chaos": "Kill apply again and again, and count what is on the network.",
}
"""Every command with the first sentence of its help."""

_IN_MODULES_OF_OTHER_NAMES = {
    "import": ("importing", "import_"),
    "release": ("hold", "release"),
    "unfreeze": ("freeze", "unfreeze"),
}
"""``import`` is a word of Python's own; two commands undo others."""


class Commands(Mapping[str, click.Command]):
    """The commands by name, in the order of the table. Click, which is given it, only reads it."""

    def __getitem__(self, name: str) -> click.Command:
        if name not in LISTED:
            raise KeyError(name)
        module, attribute = _IN_MODULES_OF_OTHER_NAMES.get(name, (name, name))
        found: click.Command = getattr(import_module(f"threadsync.cli.{module}"), attribute)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(LISTED)

    def __len__(self) -> int:
        return len(LISTED)


def format_listed(ctx: click.Context, formatter: click.HelpFormatter) -> None:
    """Write what ``--help`` says of the commands, as Click would write it of the commands themselves."""
    listed = click.Group(commands=[click.Command(name, help=said) for name, said in LISTED.items()])
    listed.format_commands(ctx, formatter)
