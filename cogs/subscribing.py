"""The role that is pinged: /subscribe and /unsubscribe."""

import discord
from discord.ext import commands

from heartbeat_bot.discord.client import Bot
from heartbeat_bot.discord.command_texts import Audience, command
from heartbeat_bot.discord.replies import actor, defer, reply
from heartbeat_bot.features.subscriptions import Subscribing


class SubscriptionCog(commands.Cog):
    """Whom an issue pings."""

    def __init__(self, subscribing: Subscribing) -> None:
        self.subscribing = subscribing

    @command("subscribe", Audience.SERVER)
    async def subscribe(self, interaction: discord.Interaction[Bot], newsletter: str | None = None) -> None:
        await defer(interaction)
        answer = await self.subscribing.subscribe(actor(interaction), newsletter=newsletter)
        await reply(interaction, answer)

    @command("unsubscribe", Audience.SERVER)
    async def unsubscribe(self, interaction: discord.Interaction[Bot], newsletter: str | None = None) -> None:
        await defer(interaction)
        answer = await self.subscribing.unsubscribe(actor(interaction), newsletter=newsletter)
        await reply(interaction, answer)


async def setup(bot: Bot) -> None:
    """Add the commands."""
    await bot.add_cog(SubscriptionCog(bot.service.subscribing))
