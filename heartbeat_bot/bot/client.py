"""The client: its commands, its connection to the gateway, and what it does with errors."""

import logging
import sys
from typing import Any, Final

import discord
import yarl
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket

from heartbeat_bot.bot.replies import apologise
from heartbeat_bot.bot.words import Translator
from heartbeat_bot.config import Config
from heartbeat_bot.service.service import Service

_LOG = logging.getLogger(__name__)

COGS: Final = (
    "cogs.reading",
    "cogs.agenda",
    "cogs.searching",
    "cogs.subscribing",
    "cogs.help",
    "cogs.moderating",
    "cogs.server_events",
    "cogs.presses",
)


class _Tree(app_commands.CommandTree["Bot"]):
    """The commands; what goes wrong in one is told to who called it."""

    async def on_error(self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /) -> None:
        """Tell a person what went wrong."""
        await apologise(interaction, error)


class Bot(commands.Bot):
    """The bot on the gateway. ``service`` is there once :meth:`prepare` was called."""

    service: Service

    def __init__(self, **options: Any) -> None:
        """Make a client of discord.py with ``options``; it has slash commands only."""
        self.numbers: dict[str, int] = {}
        """The ids that Discord gave the commands, by their names."""
        super().__init__(command_prefix=commands.when_mentioned, help_command=None, tree_cls=_Tree, **options)

    async def prepare(self, service: Service) -> None:
        """Load the commands and tell Discord of them. To be called once, logged in, before connecting.

        When Discord does not take them, that is logged: the bot posts without them.
        """
        self.service = service
        for name in COGS:
            await self.load_extension(name)
        await self.tree.set_translator(Translator())
        try:
            self.numbers = {command.name: command.id for command in await self.tree.sync()}
        except (discord.DiscordException, OSError) as error:
            _LOG.error("Discord did not take the slash commands, those of the last run go on: %s", error)

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - discord.py's signature
        """Log what goes wrong outside of commands; tell the person when there is one."""
        error = sys.exc_info()[1]
        if event_method == "on_interaction" and error is not None:
            await apologise(args[0], error)
        else:
            _LOG.exception("fault in %s", event_method)


async def connect(config: Config, client: discord.Client) -> None:
    """Hold a gateway connection with a client that has logged in, so that members see the bot and can talk to it."""
    if config.discord.gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(config.discord.gateway_url)
    await client.connect()
