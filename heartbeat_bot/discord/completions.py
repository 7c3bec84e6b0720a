"""What is offered while a person types into an option, by the option's name."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

import discord
from discord import app_commands

from heartbeat_bot.discord.replies import actor, offer

Completion = Callable[..., Coroutine[Any, Any, list[app_commands.Choice[str]]]]
"""Gets the interaction and what was typed so far."""


async def _newsletters(interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
    return offer(await interaction.client.service.reading.newsletters(actor(interaction), typed))


async def _own_newsletters(interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
    names = await interaction.client.service.authority.newsletters(actor(interaction))
    return offer([(name, name) for name in names if typed.strip().casefold() in name.casefold()])


async def _issues(interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
    return offer(await interaction.client.service.reading.complete(actor(interaction), typed))


async def _known_issues(interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
    command = interaction.command.name if interaction.command else ""
    return offer(await interaction.client.service.known.complete(actor(interaction), typed, command))


async def _sections(interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
    issue = str(getattr(interaction.namespace, "issue", None) or "")
    return offer(await interaction.client.service.reposting.sections(actor(interaction), issue, typed))


async def _events(interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
    return offer(await interaction.client.service.server_events.complete(actor(interaction), typed))


FOR_MEMBERS: Final[Mapping[str, Completion]] = {"newsletter": _newsletters, "issue": _issues}
"""An option of a members' command that has one of these names is completed so."""

FOR_MODERATORS: Final[Mapping[str, Completion]] = {
    "newsletter": _own_newsletters,
    "issue": _known_issues,
    "section": _sections,
    "event": _events,
}
"""Likewise for moderators' commands."""
