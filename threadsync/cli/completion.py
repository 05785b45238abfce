"""``threadsync completion``."""

from __future__ import annotations

import click

PROGRAM = "threadsync"
VARIABLE = "_THREADSYNC_COMPLETE"
"""What the shell sets when it asks; Click makes this name of the program's."""
_WHOLE_ADDRESSES = "# An address has an @, which bash would take for the beginning of a host name.\n" + (
    "COMP_WORDBREAKS=${COMP_WORDBREAKS//@/}\n"
)


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what makes a shell complete commands, options, keys and targets.

    \b
    bash   echo 'eval "$(threadsync completion bash)"' >> ~/.bashrc
    zsh    echo 'eval "$(threadsync completion zsh)"' >> ~/.zshrc
    fish   threadsync completion fish > ~/.config/fish/completions/threadsync.fish
    """
    from click.shell_completion import get_completion_class

    from threadsync.cli._terminal import say

    known = get_completion_class(shell)
    assert known is not None, "Click knows the shells that the argument allows"
    made = known(ctx.find_root().command, {}, PROGRAM, VARIABLE)
    # Not made.source(), which would first ask the bash of this machine for its version.
    script = made.source_template % made.source_vars()
    say(f"{_WHOLE_ADDRESSES if shell == 'bash' else ''}{script}\n")
