"""Options that several commands share; the global ones stand before or behind the command's name."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from pathlib import Path

    from threadsync.operations.workspace import Workspace

F = TypeVar("F", bound=Callable[..., Any])

FORMATS = ("text", "json", "csv", "html", "github", "markdown")


LOCK_SECONDS_MAX = 86_400
YEAR_MIN, YEAR_MAX = 1970, 2999
"""The times a plan can be made for."""


class WholeNumber(click.IntRange):
    """A whole number in a range, called so in messages."""

    name = "whole number"


class Number(click.FloatRange):
    """A number in a range; neither infinite nor "not a number", of which no time can be made."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return *value* as a number."""
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a valid {self.name}.", param, ctx)
        return number


class Folder(click.Path):
    """A path, and what makes one of it is imported only when one is given."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return *value* as a path."""
        from pathlib import Path

        return Path(os.fsdecode(super().convert(value, param, ctx)))


def _open(directory: Path | None) -> Workspace:
    from threadsync.operations.workspace import open_project

    return open_project(directory, exact=directory is not None)


class Asked:
    """What the global options say; it grows while the command line is read.

    *open_project* opens the project in a folder, or the nearest one from here where none is named;
    a program that runs commands itself may hand in its own, with ``root.main(obj=Asked(…))``.
    """

    # A class of Python alone: ``--help`` makes one, and need not wait for what makes the other values.

    def __init__(self, open_project: Callable[[Path | None], Workspace] = _open) -> None:
        self.open_project = open_project
        self.project: Path | None = None
        self.quiet = self.verbose = self.no_color = False
        self.format = "text"

    @property
    def is_plain(self) -> bool:
        """Whether nothing was asked for."""
        return vars(self) == vars(Asked())


def asked() -> Asked:
    """Return what the global options of the running command say."""
    found = click.get_current_context().find_root().ensure_object(Asked)
    assert isinstance(found, Asked), "the object of the root context is ours"
    return found


def _keep(name: str, ctx: click.Context, _: click.Parameter, value: object) -> None:
    if value is None or value is False:
        return
    settings = ctx.find_root().ensure_object(Asked)
    setattr(settings, name, value)
    if settings.quiet and settings.verbose:
        raise click.UsageError("--quiet and --verbose exclude each other.", ctx)


def _global(name: str, *spelled: str, **settings: Any) -> Callable[[F], F]:
    return click.option(*spelled, name, expose_value=False, callback=partial(_keep, name), **settings)


def global_options(function: F) -> F:
    """Add the options that every command has."""
    for option in reversed(
        (
            _global(
                "project",
                "--project",
                type=Folder(),
                metavar="DIR",
                help="The project's folder; without it, the nearest one from here upwards.",
            ),
            _global("quiet", "-q", "--quiet", is_flag=True, help="Say as little as possible."),
            _global("verbose", "-v", "--verbose", is_flag=True, help="Say everything."),
            _global("no_color", "--no-color", is_flag=True, help="No colour (as does NO_COLOR)."),
        )
    ):
        function = option(function)
    return function


def format_option(*formats: str) -> Callable[[F], F]:
    """Add ``--format`` with the *formats* that the command knows; the first one is the default."""

    def keep(ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
        _keep("format", ctx, parameter, value)
        said = ctx.find_root().ensure_object(Asked).format
        if said not in formats:
            known = ", ".join(formats)
            raise click.UsageError(f"{ctx.info_name} has no format {said!r}; it has: {known}.", ctx)

    return click.option(
        "--format",
        "output_format",
        type=click.Choice(formats),
        expose_value=False,
        callback=keep,
        help=f"How to print it; {formats[0]} unless said otherwise.",
    )


def global_format_option(function: F) -> F:
    """Add ``--format`` before the command's name."""
    return _global(
        "format", "--format", type=click.Choice(FORMATS), help="How to print results, where a command can."
    )(function)


def selectors(function: F) -> F:
    """Add ``[SELECTOR…]``: keys, paths, addresses, targets or globs."""
    from threadsync.cli._completing import complete_selectors

    return click.argument("selectors", nargs=-1, metavar="[SELECTOR]...", shell_complete=complete_selectors)(
        function
    )


def exclude_option(function: F) -> F:
    """Add ``--exclude``."""
    from threadsync.cli._completing import complete_selectors

    return click.option(
        "--exclude",
        multiple=True,
        metavar="SELECTOR",
        shell_complete=complete_selectors,
        help="Leave these out; may be given several times.",
    )(function)


CHARS_MIN = 1_000
"""Less holds no page that says what it leaves out."""


def max_chars_option(function: F) -> F:
    """Add ``--max-chars``."""
    return click.option(
        "--max-chars",
        type=WholeNumber(min=CHARS_MIN),
        metavar="N",
        help="How long Markdown may be, in characters; what does not fit is counted and named.",
    )(function)


def check_max_chars(max_chars: int | None) -> None:
    """Find out whether ``--max-chars`` has something to do.

    Raises:
        click.UsageError: nothing of the output is Markdown.
    """
    if max_chars is not None and asked().format != "markdown":
        raise click.UsageError("--max-chars goes with --format markdown.")


def lock_timeout_option(function: F) -> F:
    """Add ``--lock-timeout``."""
    return click.option(
        "--lock-timeout",
        type=Number(min=0, max=LOCK_SECONDS_MAX),
        default=0.0,
        metavar="SECONDS",
        help="Wait so long for another run that holds the state.",
    )(function)


def why_option(function: F) -> F:
    """Add ``--why``."""
    return click.option(
        "--why", default="", metavar="TEXT", help="The reason, for whoever reads the plan or the status."
    )(function)


def workspace() -> Workspace:
    """Open the project that the global options name.

    Raises:
        ProjectError: there is none, or its file has faults.
    """
    from msgspec.structs import replace

    ctx, said = click.get_current_context(), asked()
    command = ctx.command_path.removeprefix(ctx.find_root().command_path).strip()
    return replace(said.open_project(said.project), command=command, tell=_tell)


def _tell(text: str) -> None:
    from threadsync.cli._terminal import error_output, note
    from threadsync.views.desk_text import lines_text

    note(lines_text([text], width=error_output().width).removesuffix("\n"))


def moment_option(text: str, zone: str | None) -> datetime:
    """Read the value of ``--at``, in the project's *zone* unless it names its own.

    Raises:
        click.UsageError: it is no time.
    """
    from threadsync.content.times import TimeProblem, moment

    try:
        at = moment(text, zone)
    except TimeProblem as error:
        remedy = f" {error.remedy}" if error.remedy else ""
        raise click.UsageError(f"--at {text!r} {error.problem}.{remedy}") from error
    if not YEAR_MIN <= at.year <= YEAR_MAX:
        raise click.UsageError(
            f"--at {text!r} is not in the years {YEAR_MIN} to {YEAR_MAX}. Correct the date."
        )
    return at


def span_option(name: str, text: str) -> timedelta:
    """Read the value of the option *name*, a span like ``30m``.

    Raises:
        click.UsageError: it is none.
    """
    from threadsync.content.times import TimeProblem, window_of

    try:
        return window_of(text)
    except TimeProblem as error:
        raise click.UsageError(f"{name} {text!r} is no span. {error.remedy}") from error


def addresses_option(name: str, explained: str) -> Callable[[F], F]:
    """Add an option that names addresses, one each time it is given."""
    from threadsync.cli._completing import complete_addresses

    return click.option(
        name, multiple=True, metavar="ADDRESS", shell_complete=complete_addresses, help=explained
    )


CONSENTS = (
    ("allow_replace", "--allow-replace", "Replace this live post by what its file says now."),
    ("allow_delete", "--allow-delete", "Take this post down, whose file was removed."),
    ("allow_duplicate", "--allow-duplicate", "Publish this although the account has a post like it."),
    ("late", "--late", "Publish this although its window has passed."),
)
"""What can be agreed to for single publications: the parameter, the option, and what it means."""


def consent_options(function: F) -> F:
    """Add the options that agree to something for single publications."""
    return all_of([addresses_option(option, explained) for _, option, explained in CONSENTS])(function)


def all_of(options: Sequence[Callable[[F], F]]) -> Callable[[F], F]:
    """Return one decorator for *options*, in the order they are listed in."""

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate
