"""``threadsync chaos``."""

from __future__ import annotations

import click

from threadsync.cli._options import WholeNumber, format_option

THREADS_FAULTS = (
    "publish:answer-lost:10%",
    "publish:error-although-done:5%",
    "write:request-lost:5%",
    "any:answer-cut:3%",
    "publish:late-listing:20%:0.5",
    "any:slow:5%:0.2",
)
BLUESKY_FAULTS = (
    "bluesky/publish:answer-lost:10%",
    "bluesky/publish:error-although-done:5%",
    "bluesky/write:request-lost:5%",
    "bluesky/any:answer-cut:3%",
    "bluesky/any:token-expired:3%",
    "bluesky/any:slow:5%:0.2",
)
FAULTS = {"threads": THREADS_FAULTS, "bluesky": BLUESKY_FAULTS}
"""What goes wrong on each network unless something else is asked for."""
KILLS = ("random", "journal", "none")
STATES = ("file", "branch")


@click.command()
@click.option("--rounds", type=WholeNumber(min=1), default=3, show_default=True, help="How many rounds.")
@click.option(
    "--kill",
    type=click.Choice(KILLS),
    default=KILLS[0],
    show_default=True,
    help="When runs are struck down: at random, at one more record of the journal each time, or never.",
)
@click.option(
    "--state",
    type=click.Choice(STATES),
    default=STATES[0],
    show_default=True,
    help="Where the state lives: in a file, or in a git branch, where each run begins in a new clone and "
    "only what was pushed is left of the one before.",
)
@click.option(
    "--network",
    type=click.Choice(tuple(FAULTS)),
    default="threads",
    show_default=True,
    help="Which local network it happens on.",
)
@click.option(
    "--faults",
    multiple=True,
    metavar="FAULT",
    help="What goes wrong on the network, as for threadsync sandbox --fault; may be given several times. "
    f"`none` is nothing. Without it: {', '.join(THREADS_FAULTS)}; on Bluesky what is like it there.",
)
@click.option("--seed", type=int, metavar="N", help="Choose the same kills and faults as before.")
@click.option("--keep", is_flag=True, help="Keep the posts, the state and the network, and say where.")
@format_option("text", "json")
@click.pass_context
def chaos(
    ctx: click.Context,
    *,
    rounds: int,
    kill: str,
    state: str,
    network: str,
    faults: tuple[str, ...],
    seed: int | None,
    keep: bool,
) -> None:
    """Kill apply again and again, and count what is on the network.

    Each round publishes and edits posts of every shape on a local network, in a temporary folder. The
    real program does it, and is struck down and started again until it gets through. Nothing leaves this
    machine. Ends with 0 only if every post is there once, in its place, and a last plan is empty.
    """
    from threadsync.cli.chaos_show import run, settings

    ctx.exit(run(settings(rounds, kill, state, network, faults or FAULTS[network], seed=seed, keep=keep)))
