"""The one place where errors become messages and exit statuses."""

from __future__ import annotations

from typing import IO, Any

import click

from threadsync.cli._exit import Exit
from threadsync.errors import ContentError, ProjectError, ThreadsyncError, UnsafePlan, UsageError


class Told(click.ClickException):
    """An error as the person is told it: on standard error, without a traceback."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc]  # Click reads it from the instance

    def show(self, file: IO[Any] | None = None) -> None:
        """Print it."""
        click.echo(self.message, file=file, err=file is None)


class Root(click.Group):
    """The group of all commands; whatever a person can act on leaves it as ``Told``."""

    def invoke(self, ctx: click.Context) -> Any:  # Click declares it so
        """Run the command that was asked for.

        Raises:
            Told: it could not be done, for a reason that a person can act on.
        """
        try:
            return super().invoke(ctx)
        except ThreadsyncError as error:
            raise told(error) from error
        except KeyboardInterrupt as error:
            raise Told("Stopped. Nothing is lost: run the command again.", Exit.FAILED) from error


def told(error: ThreadsyncError) -> Told:
    """Return *error* as a message and an exit status."""
    from threadsync.content.escape import printable

    lines = [f"Error: {_sentence(error)}"]
    if error.remedy:
        lines.append(error.remedy)
    message = "\n".join(printable(line) for text in lines for line in text.split("\n"))
    if isinstance(error, ProjectError | ContentError) and error.findings:
        message = f"{_findings(error)}\n{message}"
    return Told(message, status_of(error))


def status_of(error: ThreadsyncError) -> Exit:
    """Return the exit status of *error*: a plan over its limits lacks a consent that a flag gives."""
    return Exit.USAGE if isinstance(error, UsageError | UnsafePlan) else Exit.FAILED


def _sentence(error: ThreadsyncError) -> str:
    return f"{error.where}: {error.problem}" if error.where else error.problem


def _findings(error: ProjectError | ContentError) -> str:
    from threadsync.cli._terminal import error_output
    from threadsync.views.findings_text import findings_text

    terminal = error_output()
    return findings_text(error.findings, width=terminal.width, color=terminal.color)
