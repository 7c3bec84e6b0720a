"""Order: what moderators decide, see and start."""

import discord
from discord.ext import commands

from heartbeat_bot.discord.client import Bot
from heartbeat_bot.discord.command_texts import Audience, command
from heartbeat_bot.discord.replies import actor, defer, reply
from heartbeat_bot.features.service import Service


class ModerationCog(commands.Cog):
    """What moderators do."""

    def __init__(self, service: Service) -> None:
        self.deciding = service.deciding
        self.pausing = service.pausing
        self.moderators_status = service.status
        self.previewing = service.previewing
        self.reposting = service.reposting

    @command("approve", Audience.MODERATORS)
    async def approve(self, interaction: discord.Interaction[Bot], issue: str) -> None:
        await defer(interaction)
        answer = await self.deciding.approve(actor(interaction), issue=issue)
        await reply(interaction, answer)

    @command("hold", Audience.MODERATORS)
    async def hold(self, interaction: discord.Interaction[Bot], issue: str) -> None:
        await defer(interaction)
        answer = await self.deciding.hold(actor(interaction), issue=issue)
        await reply(interaction, answer)

    @command("skip", Audience.MODERATORS)
    async def skip(self, interaction: discord.Interaction[Bot], issue: str) -> None:
        await defer(interaction)
        answer = await self.deciding.skip(actor(interaction), issue=issue)
        await reply(interaction, answer)

    @command("schedule", Audience.MODERATORS)
    async def schedule(self, interaction: discord.Interaction[Bot], issue: str, time: str) -> None:
        await defer(interaction)
        answer = await self.deciding.schedule(actor(interaction), issue=issue, time=time)
        await reply(interaction, answer)

    @command("preview", Audience.MODERATORS)
    async def preview(self, interaction: discord.Interaction[Bot], issue: str) -> None:
        await defer(interaction)
        answer = await self.previewing.preview(actor(interaction), issue=issue)
        await reply(interaction, answer)

    @command("repost", Audience.MODERATORS)
    async def repost(
        self,
        interaction: discord.Interaction[Bot],
        issue: str,
        section: str | None = None,
        channel: discord.TextChannel | None = None,
        how: str = "replace",
    ) -> None:
        await defer(interaction)
        target = channel.id if channel else None
        answer = await self.reposting.repost(actor(interaction), issue=issue, section=section, channel=target, how=how)
        await reply(interaction, answer)

    @command("retract", Audience.MODERATORS)
    async def retract(self, interaction: discord.Interaction[Bot], issue: str, section: str | None = None) -> None:
        await defer(interaction)
        answer = await self.reposting.retract(actor(interaction), issue=issue, section=section)
        await reply(interaction, answer)

    @command("status", Audience.MODERATORS)
    async def status(self, interaction: discord.Interaction[Bot]) -> None:
        await defer(interaction)
        answer = await self.moderators_status.show(actor(interaction))
        await reply(interaction, answer)

    @command("sync", Audience.MODERATORS)
    async def sync(self, interaction: discord.Interaction[Bot], newsletter: str | None = None) -> None:
        await defer(interaction)
        answer = await self.pausing.sync(actor(interaction), newsletter=newsletter)
        await reply(interaction, answer)

    @command("pause", Audience.MODERATORS)
    async def pause(self, interaction: discord.Interaction[Bot], newsletter: str | None = None) -> None:
        await defer(interaction)
        answer = await self.pausing.pause(actor(interaction), newsletter=newsletter)
        await reply(interaction, answer)

    @command("resume", Audience.MODERATORS)
    async def resume(self, interaction: discord.Interaction[Bot], newsletter: str | None = None) -> None:
        await defer(interaction)
        answer = await self.pausing.resume(actor(interaction), newsletter=newsletter)
        await reply(interaction, answer)


async def setup(bot: Bot) -> None:
    """Add the commands."""
    await bot.add_cog(ModerationCog(bot.service))
