"""`archlint completion`."""

from __future__ import annotations

import click

_EXAMPLES = """\b
bash:  eval "$(archlint completion bash)"      in ~/.bashrc
zsh:   eval "$(archlint completion zsh)"       in ~/.zshrc
fish:  archlint completion fish > ~/.config/fish/completions/archlint.fish"""


@click.command(epilog=_EXAMPLES)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """Print the completion script of a shell."""
    from click.shell_completion import get_completion_class

    from archlint.cli import COMPLETION, group

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"click knows no completion for {shell}.")
    click.echo(found(group, {}, "archlint", COMPLETION).source())
    return 0
