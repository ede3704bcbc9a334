"""A click group whose commands are imported when they are called for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping


class LazyGroup(click.Group):
    """`commands_at` maps each command's name to `module:attribute`."""

    def __init__(self, *args: Any, commands_at: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._commands_at = commands_at

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names in the order of the help page."""
        return list(self._commands_at)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports the command; for an unknown name a usage error with the nearest one."""
        place = self._commands_at.get(cmd_name)
        if place is None:
            if not ctx.resilient_parsing:
                import difflib

                near = difflib.get_close_matches(cmd_name, self._commands_at, 1)
                hint = f" Did you mean '{near[0]}'?" if near else ""
                raise click.UsageError(f"No such command '{cmd_name}'.{hint}", ctx)
            return None
        module, _, attribute = place.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command
