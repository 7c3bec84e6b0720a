"""Finding: /search."""

import discord
from discord.ext import commands

from heartbeat_bot.discord.client import Bot
from heartbeat_bot.discord.command_texts import Audience, command
from heartbeat_bot.discord.replies import actor, defer, reply
from heartbeat_bot.features.browse.searching import Searching


class SearchCog(commands.Cog):
    """What members look for."""

    def __init__(self, searching: Searching) -> None:
        self.searching = searching

    @command("search", Audience.MEMBERS)
    async def search(
        self,
        interaction: discord.Interaction[Bot],
        query: str,
        newsletter: str | None = None,
        where: str = "all",
        share: bool = False,
    ) -> None:
        await defer(interaction, share=share)
        answer = await self.searching.search(actor(interaction), query=query, newsletter=newsletter, where=where)
        await reply(interaction, answer)


async def setup(bot: Bot) -> None:
    """Add the command."""
    await bot.add_cog(SearchCog(bot.service.searching))
