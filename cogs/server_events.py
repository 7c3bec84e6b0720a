"""The cog of /server-event."""

import discord
from discord.ext import commands

from heartbeat_bot.discord.client import Bot
from heartbeat_bot.discord.command_texts import Audience, command
from heartbeat_bot.discord.replies import actor, defer, reply
from heartbeat_bot.features.agenda.server_events import ServerEvents


class ServerEventCog(commands.Cog):
    """What moderators invite the server to."""

    def __init__(self, server_events: ServerEvents) -> None:
        self.server_events = server_events

    @command("server-event", Audience.MODERATORS)
    async def server_event(self, interaction: discord.Interaction[Bot], event: str) -> None:
        await defer(interaction)
        answer = await self.server_events.make(actor(interaction), event=event)
        await reply(interaction, answer)


async def setup(bot: Bot) -> None:
    """Add the command."""
    await bot.add_cog(ServerEventCog(bot.service.server_events))
