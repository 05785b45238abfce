"""The one place where errors become messages and exit statuses."""

from __future__ import annotations

from typing import IO, Any

import click

from threadsync.cli._exit import Exit
from threadsync.cli._listed import format_listed
from threadsync.errors import PlanError, ThreadsyncError, UsageError

WIDTH_CELLS = 80
"""The width where there is no terminal to ask."""
_STOPPED = "Stopped. Nothing is lost: run the command again."
_ERROR = "Error: "
"""What Click writes before a message."""


class Told(click.ClickException):
    """An error as the person is told it: on standard error, without a traceback."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc]  # Click reads it from the instance

    def show(self, file: IO[Any] | None = None) -> None:
        """Print it."""
        click.echo(self.message, file=file, err=file is None, color=True)


class Root(click.Group):
    """The group of all commands; whatever a person can act on leaves it as ``Told``."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        format_listed(ctx, formatter)

    def invoke(self, ctx: click.Context) -> Any:  # Click declares it so
        """Run the command that was asked for.

        Raises:
            Told: it could not be done, for a reason that a person can act on.
        """
        try:
            return super().invoke(ctx)
        except ThreadsyncError as error:
            raise told(error) from error
        except click.exceptions.NoArgsIsHelpError:
            raise  # what it prints is the help of a group
        except click.UsageError as error:
            raise _wrapped(error) from error
        except KeyboardInterrupt as error:
            raise Told(_STOPPED, Exit.FAILED) from error
        except click.Abort as error:
            raise Told(f"\n{_STOPPED}", Exit.FAILED) from error  # the question is still on this line


def _wrapped(error: click.UsageError) -> click.UsageError:
    """Return *error* with its message in rows that fit the terminal; Click prints it in one."""
    import shutil
    import sys
    import textwrap

    width = shutil.get_terminal_size((WIDTH_CELLS, 24)).columns if sys.stderr.isatty() else WIDTH_CELLS
    rows = [
        textwrap.fill(
            line, width, initial_indent=" " * len(_ERROR), break_long_words=False, break_on_hyphens=False
        ).removeprefix(" " * len(_ERROR))
        for line in error.format_message().split("\n")
    ]
    return click.UsageError("\n".join(rows), error.ctx)


def told(error: ThreadsyncError) -> Told:
    """Return *error* as a message and an exit status."""
    from threadsync.cli._terminal import error_output
    from threadsync.views.findings_text import error_text

    terminal = error_output()
    text = error_text(error, width=terminal.width, color=terminal.color)
    return Told(text.removesuffix("\n"), status_of(error))


def tell_refused(error: OSError) -> int:
    """Say that standard output refused what Click itself prints, such as the help; returns the exit status.

    Raises:
        OSError: *error*, which comes from elsewhere.
    """
    from traceback import walk_tb

    from threadsync.cli._terminal import refused

    if not any(frame.f_code is click.echo.__code__ for frame, _ in walk_tb(error.__traceback__)):
        raise error
    said = told(refused(error))
    said.show()
    return said.exit_code


def status_of(error: ThreadsyncError) -> Exit:
    """Return the exit status of *error*: a plan that must not be carried out as it is is no failure."""
    return Exit.USAGE if isinstance(error, UsageError | PlanError) else Exit.FAILED
