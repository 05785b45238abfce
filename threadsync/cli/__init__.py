"""The command line, and the only place that knows Click; each command imports its work when it runs."""

from __future__ import annotations

import click

from threadsync import __version__
from threadsync.cli._errors import Root
from threadsync.cli._listed import Commands
from threadsync.cli._options import global_format_option, global_options


@click.group(
    cls=Root,
    commands=Commands(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@global_options
@global_format_option
@click.version_option(__version__, prog_name="threadsync", message="%(prog)s %(version)s")
def root() -> None:
    """Terraform for social posts: posts are files in git, planned and applied exactly once.

    Results go to standard output, everything else to standard error. Exit status: 0 done or nothing
    to do, 1 failed, 2 usage or a missing consent, 3 changes pending (plan --detailed-exitcode), 4
    partly applied or uncertain.
    """
