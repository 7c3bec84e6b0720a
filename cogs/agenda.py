"""The cog of /events and /hiring."""

import discord
from discord.ext import commands

from heartbeat_bot.discord.client import Bot
from heartbeat_bot.discord.command_texts import Audience, command
from heartbeat_bot.discord.replies import actor, defer, reply
from heartbeat_bot.features.agenda.agenda import Agenda


class AgendaCog(commands.Cog):
    """What members plan by."""

    def __init__(self, agenda: Agenda) -> None:
        self.agenda = agenda

    @command("events", Audience.MEMBERS)
    async def events(
        self,
        interaction: discord.Interaction[Bot],
        when: str = "upcoming",
        where: str | None = None,
        query: str | None = None,
        newsletter: str | None = None,
        share: bool = False,
    ) -> None:
        await defer(interaction, share=share)
        answer = await self.agenda.events(actor(interaction), when=when, where=where, query=query, newsletter=newsletter)
        await reply(interaction, answer)

    @command("hiring", Audience.MEMBERS)
    async def hiring(
        self,
        interaction: discord.Interaction[Bot],
        query: str | None = None,
        newsletter: str | None = None,
        share: bool = False,
    ) -> None:
        await defer(interaction, share=share)
        answer = await self.agenda.hiring(actor(interaction), query=query, newsletter=newsletter)
        await reply(interaction, answer)


async def setup(bot: Bot) -> None:
    """Add the commands."""
    await bot.add_cog(AgendaCog(bot.service.agenda))
