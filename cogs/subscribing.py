"""The role that is pinged: /subscribe and /unsubscribe."""

import discord
from discord import app_commands
from discord.ext import commands

from heartbeat_bot.bot.client import Bot
from heartbeat_bot.bot.replies import asker, defer, reply
from heartbeat_bot.bot.words import Audience, text, worded
from heartbeat_bot.service.subscribing import Subscribing


class Roles(commands.Cog):
    """Whom an issue pings."""

    def __init__(self, subscribing: Subscribing) -> None:
        self.subscribing = subscribing

    @app_commands.command(name=text("commands.subscribe.name"), description=text("commands.subscribe.description"))
    @worded("subscribe", Audience.SERVER)
    async def subscribe(self, interaction: discord.Interaction[Bot], newsletter: str | None = None) -> None:
        await defer(interaction)
        answer = await self.subscribing.subscribe(asker(interaction), newsletter=newsletter)
        await reply(interaction, answer)

    @app_commands.command(name=text("commands.unsubscribe.name"), description=text("commands.unsubscribe.description"))
    @worded("unsubscribe", Audience.SERVER)
    async def unsubscribe(self, interaction: discord.Interaction[Bot], newsletter: str | None = None) -> None:
        await defer(interaction)
        answer = await self.subscribing.unsubscribe(asker(interaction), newsletter=newsletter)
        await reply(interaction, answer)


async def setup(bot: Bot) -> None:
    """Add the commands."""
    await bot.add_cog(Roles(bot.service.subscribing))
