"""Buttons, menus and dialogs: whatever they ask for stands in their custom_id."""

from typing import Any

import discord
from discord.ext import commands

from heartbeat_bot.discord.client import Bot
from heartbeat_bot.discord.replies import actor, ask, pressed, reply, take_time
from heartbeat_bot.features.service import Service


class RouterCog(commands.Cog):
    """What people press, choose and type."""

    def __init__(self, service: Service) -> None:
        self.router = service.router

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        press, values = pressed(interaction)
        if press is None or not interaction.client.accept():
            return
        interaction.client.keep_pace(interaction)
        dialog = self.router.dialog(actor(interaction), press)
        if dialog:
            await ask(interaction, dialog)
            return
        await take_time(interaction, self.router.kind(press))
        answer = await self.router.press(actor(interaction), press, values)
        await reply(interaction, answer)


async def setup(bot: Bot) -> None:
    """Add the listener."""
    await bot.add_cog(RouterCog(bot.service))
