"""README's table of slash commands, made from the command tree: ``python tests/commands/commands_table.py`` writes it anew."""

import asyncio
import os
import re
import tempfile
import warnings
from pathlib import Path

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # see tests/conftest.py
    import discord
    from discord import app_commands

from town import Town

from discord_sandbox.clock import ManualClock
from discord_sandbox.ratelimits import RateLimits
from discord_sandbox.server import Sandbox

README = Path(__file__).parents[2] / "README.md"
_PLACE = re.compile(r"(<!-- slash commands -->\n).*(<!-- /slash commands -->)", re.DOTALL)


def table_of(tree: app_commands.CommandTree) -> str:
    """Return the table: each command with its options, for whom it is, and its sentence."""
    commands = [command for command in tree.get_commands() if isinstance(command, app_commands.Command)]
    menus = tree.get_commands(type=discord.AppCommandType.message)
    rows = [(_usage(command), _audience(command), str(command.description)) for command in sorted(commands, key=_order)]
    rows += [(f"Apps > {menu.name}", _audience(menu), "on a message: its issue, section, page and source file") for menu in menus]
    lines = ["| command | for | does |", "|---|---|---|", *(f"| `{usage}` | {whom} | {says} |" for usage, whom, says in rows)]
    return "\n".join(lines) + "\n"


def _order(command: app_commands.Command) -> tuple[bool, str]:
    return command.default_permissions is not None, command.name


def _usage(command: app_commands.Command) -> str:
    options = [option.display_name if option.required else f"[{option.display_name}]" for option in command.parameters]
    return " ".join((f"/{command.name}", *options))


def _audience(command: app_commands.Command | app_commands.ContextMenu) -> str:
    if command.default_permissions is not None:
        return "moderators"
    return "members, in servers" if command.guild_only else "members"


def in_readme(text: str) -> str:
    """Return the table that README has."""
    found = _PLACE.search(text)
    assert found, "README has no place for the table of slash commands"
    return text[found.end(1) : found.start(2)]


async def write() -> None:
    """Write the table anew, from the bot's tree."""
    with tempfile.TemporaryDirectory() as folder:
        async with Sandbox(limits=RateLimits.generous()) as sandbox:
            os.environ["HB_TOKEN"] = sandbox.token
            async with Town(Path(folder), sandbox, ManualClock()).running() as town:
                table = table_of(town.opened.bot.tree)
    README.write_text(_PLACE.sub(lambda found: found[1] + table + found[2], README.read_text()))


if __name__ == "__main__":
    asyncio.run(write())
