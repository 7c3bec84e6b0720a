"""The role that is pinged: /subscribe and /unsubscribe."""

import discord
from discord.ext import commands

from heartbeat_bot.discord.client import Bot
from heartbeat_bot.discord.command_texts import Audience, command
from heartbeat_bot.discord.replies import asker, defer, reply
from heartbeat_bot.features.subscriptions import Subscribing


class Roles(commands.Cog):
    """Whom an issue pings."""

    def __init__(self, subscribing: Subscribing) -> None:
        self.subscribing = subscribing

    @command("subscribe", Audience.SERVER)
    async def subscribe(self, interaction: discord.Interaction[Bot], newsletter: str | None = None) -> None:
        await defer(interaction)
        answer = await self.subscribing.subscribe(asker(interaction), newsletter=newsletter)
        await reply(interaction, answer)

    @command("unsubscribe", Audience.SERVER)
    async def unsubscribe(self, interaction: discord.Interaction[Bot], newsletter: str | None = None) -> None:
        await defer(interaction)
        answer = await self.subscribing.unsubscribe(asker(interaction), newsletter=newsletter)
        await reply(interaction, answer)


async def setup(bot: Bot) -> None:
    """Add the commands."""
    await bot.add_cog(Roles(bot.service.subscribing))
