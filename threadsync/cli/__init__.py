"""The command line, and the only place that knows Click; each command imports its work when it runs."""

from __future__ import annotations

import click

from threadsync import __version__
from threadsync.cli._errors import Root
from threadsync.cli._options import global_format_option, global_options
from threadsync.cli.apply import apply
from threadsync.cli.auth import auth
from threadsync.cli.chaos import chaos
from threadsync.cli.completion import completion
from threadsync.cli.demo import demo
from threadsync.cli.doctor import doctor
from threadsync.cli.importing import import_
from threadsync.cli.init import init
from threadsync.cli.log import log
from threadsync.cli.new import new
from threadsync.cli.plan import plan
from threadsync.cli.providers import providers
from threadsync.cli.refresh import refresh
from threadsync.cli.sandbox import sandbox
from threadsync.cli.schema import schema
from threadsync.cli.show import show
from threadsync.cli.state import state
from threadsync.cli.status import status
from threadsync.cli.validate import validate
from threadsync.cli.watch import watch


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@global_options
@global_format_option
@click.version_option(__version__, prog_name="threadsync", message="%(prog)s %(version)s")
def root() -> None:
    """Terraform for social posts: posts are files in git, planned and applied exactly once.

    Results go to standard output, everything else to standard error. Exit status: 0 done or nothing
    to do, 1 failed, 2 usage or a missing consent, 3 changes pending (plan --detailed-exitcode), 4
    partly applied or uncertain.
    """


for _command in (
    *(init, new, validate, watch, plan, apply, refresh, status, show, import_, state),
    *(auth, doctor, log, providers, schema, completion),
    *(sandbox, demo, chaos),
):
    root.add_command(_command)
