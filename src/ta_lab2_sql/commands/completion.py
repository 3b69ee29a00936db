"""Print the script that lets a shell complete commands and options."""

from __future__ import annotations

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the script that lets SHELL complete commands and options; source it where the shell starts.

    \b
    Examples:
      ta-lab2 completion bash >> ~/.bashrc
      ta-lab2 completion zsh >> ~/.zshrc
      ta-lab2 completion fish > ~/.config/fish/completions/ta-lab2.fish
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    script = found(ctx.find_root().command, {}, "ta-lab2", "_TA_LAB2_COMPLETE")
    click.echo(script.source())
