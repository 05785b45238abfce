"""``threadsync comment``."""

from __future__ import annotations

from pathlib import Path

import click

from threadsync.cli._options import (
    WholeNumber,
    all_of,
    exclude_option,
    global_options,
    max_chars_option,
    selectors,
    workspace,
)

_WHERE = all_of(
    [
        click.option(
            "--forge",
            type=click.Choice(("github", "gitlab", "forgejo")),
            help="Which forge (forgejo: Gitea too); without it, the one whose CI job this is.",
        ),
        click.option("--repository", default="", metavar="OWNER/NAME", help="Which repository."),
        click.option("--number", type=WholeNumber(min=1), metavar="N", help="Which pull request."),
        click.option("--api", default="", metavar="URL", help="The address of the forge's API."),
        click.option(
            "--token-from",
            default="",
            metavar="NAME",
            help="The variable of the environment that holds the token.",
        ),
    ]
)
"""What the job's own environment says otherwise."""


@click.command()
@selectors
@exclude_option
@_WHERE
@click.option("--name", default="", metavar="NAME", help="Keep a comment of this name, beside others.")
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Show this plan, which plan --format json printed or plan --out saved, and make none.",
)
@click.option(
    "--report",
    "report_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Tell what became of an apply, which apply --format json printed: on the pull requests that brought "
    "its posts, or on --number.",
)
@max_chars_option
@click.option(
    "--require",
    is_flag=True,
    help="Fail where a fork's pull request may not be commented on; otherwise the Markdown is printed.",
)
@global_options
@click.pass_context
def comment(
    ctx: click.Context,
    selectors: tuple[str, ...],
    exclude: tuple[str, ...],
    *,
    forge: str | None,
    repository: str,
    number: int | None,
    api: str,
    token_from: str,
    name: str,
    plan_file: Path | None,
    report_file: Path | None,
    max_chars: int | None,
    require: bool,
) -> None:
    """Show the plan in one comment on a pull request, and bring that one up to date.

    A CI job of GitHub, GitLab or Forgejo tells which pull request it is about; elsewhere the options do.
    Prints the address of the comment.
    """
    import os

    from threadsync.cli._commenting import Wanted, plan_comment, report_comment
    from threadsync.forges.base import ForgeName
    from threadsync.operations.forge_place import Given, place_of

    if report_file is not None and (plan_file is not None or selectors or exclude):
        raise click.UsageError("--report goes with no plan and no SELECTOR.", ctx)
    if plan_file is not None and (selectors or exclude):
        raise click.UsageError("--plan FILE is shown as it is: it goes with no SELECTOR.", ctx)
    opened = workspace()
    given = Given(ForgeName(forge) if forge else None, repository, number, api, token_from)
    wanted = Wanted(opened, place_of(os.environ, given), name, max_chars, require)
    if report_file is not None:
        report_comment(wanted, report_file)
    else:
        plan_comment(wanted, selectors, exclude, plan_file)
