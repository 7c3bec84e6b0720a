"""/help."""

import discord
from discord.ext import commands

from heartbeat_bot.bot.client import Bot
from heartbeat_bot.bot.help import help_for
from heartbeat_bot.bot.replies import asker, defer, reply
from heartbeat_bot.bot.words import Audience, command


class Help(commands.Cog):
    """What the bot can do."""

    @command("help", Audience.MEMBERS)
    async def help(self, interaction: discord.Interaction[Bot]) -> None:
        await defer(interaction)
        answer = await help_for(interaction.client, asker(interaction))
        await reply(interaction, answer)


async def setup(bot: Bot) -> None:
    """Add the command."""
    await bot.add_cog(Help())
