"""Reading issues: /latest, /issue, and "What issue is this?" on a message."""

import discord
from discord import app_commands
from discord.ext import commands

from heartbeat_bot.discord.client import Bot
from heartbeat_bot.discord.command_texts import Audience, command, offered, text
from heartbeat_bot.discord.replies import actor, defer, origin, reply


class BrowseCog(commands.Cog):
    """What members read."""

    def __init__(self, bot: Bot) -> None:
        self.bot = bot
        self.reading = bot.service.reading
        menu = app_commands.ContextMenu(name=text("commands.which.name"), callback=self.which, extras={"name": "which"})
        self.menu = offered(Audience.MEMBERS)(menu)

    async def cog_load(self) -> None:
        self.bot.tree.add_command(self.menu)

    async def cog_unload(self) -> None:
        self.bot.tree.remove_command(self.menu.name, type=self.menu.type)

    @command("latest", Audience.MEMBERS)
    async def latest(self, interaction: discord.Interaction[Bot], newsletter: str | None = None, share: bool = False) -> None:
        await defer(interaction, share=share)
        answer = await self.reading.latest(actor(interaction), newsletter=newsletter)
        await reply(interaction, answer)

    @command("issue", Audience.MEMBERS)
    async def issue(self, interaction: discord.Interaction[Bot], issue: str, share: bool = False) -> None:
        await defer(interaction, share=share)
        answer = await self.reading.issue(actor(interaction), issue=issue)
        await reply(interaction, answer)

    async def which(self, interaction: discord.Interaction[Bot], message: discord.Message) -> None:
        await defer(interaction)
        answer = await self.reading.which(actor(interaction), place=origin(message))
        await reply(interaction, answer)


async def setup(bot: Bot) -> None:
    """Add the commands."""
    await bot.add_cog(BrowseCog(bot))
