"""/help."""

import discord
from discord.ext import commands

from heartbeat_bot.discord.client import Bot
from heartbeat_bot.discord.command_texts import Audience, command
from heartbeat_bot.discord.help import help_for
from heartbeat_bot.discord.replies import actor, defer, reply


class HelpCog(commands.Cog):
    """What the bot can do."""

    @command("help", Audience.MEMBERS)
    async def help(self, interaction: discord.Interaction[Bot]) -> None:
        await defer(interaction)
        answer = await help_for(interaction.client, actor(interaction))
        await reply(interaction, answer)


async def setup(bot: Bot) -> None:
    """Add the command."""
    await bot.add_cog(HelpCog())
