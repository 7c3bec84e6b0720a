"""Answers on their way to a person: by the routes of interactions, with bodies as they are.

discord.py's views would be kept in memory although all that a press needs stands in its custom_id (see docs/dependencies.md). So the
bodies go through the client's own adapter for these routes, as messages go through its HTTP client.
"""

import json
import logging
import secrets
from collections.abc import Iterator, Sequence
from typing import Any, Final, cast

import aiohttp
import discord
from discord.http import MultipartParameters
from discord.webhook.async_ import async_context

from heartbeat_bot.discord.rest import FAILURES, parameters_of
from heartbeat_bot.errors import UserError
from heartbeat_bot.interactions.actor import Actor
from heartbeat_bot.interactions.answers import Answer, Dialog
from heartbeat_bot.interactions.components import Press, read_press
from heartbeat_bot.interactions.router import PressKind
from heartbeat_bot.languages import language
from heartbeat_bot.rendering import limits
from heartbeat_bot.rendering.plain import shortened

_LOG = logging.getLogger(__name__)
_MODAL: Final = 9


def actor(interaction: discord.Interaction[Any]) -> Actor:
    """Say who asks, and where."""
    user = interaction.user
    return Actor(
        user=user.id,
        name=user.display_name,
        guild=interaction.guild_id,
        channel=interaction.channel_id,
        roles=frozenset(role.id for role in user.roles) if isinstance(user, discord.Member) else frozenset(),
        manages=interaction.permissions.manage_guild if interaction.guild_id else False,
        locale=interaction.locale.value,
    )


async def defer(interaction: discord.Interaction[Any], *, share: bool = False) -> None:
    """Take fifteen minutes' time for an answer that only the actor sees, or, with ``share``, everybody in the channel."""
    await interaction.response.defer(ephemeral=not share, thinking=True)
    await interaction.client.let_others_be_heard()


async def reply(interaction: discord.Interaction[Any], answer: Answer) -> None:
    """Answer what was deferred: a command's waiting message, or the message whose button was pressed, becomes the answer."""
    http = interaction.client.http
    with parameters_of(answer.body(), answer.files) as parameters:
        await async_context.get().edit_original_interaction_response(
            interaction.application_id,
            interaction.token,
            session=interaction._session,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - the session of all interactions
            proxy=http.proxy,
            proxy_auth=http.proxy_auth,
            payload=parameters.payload,
            multipart=parameters.multipart,
            files=parameters.files,
        )


def pressed(interaction: discord.Interaction[Any]) -> tuple[Press | None, list[str]]:
    """Return what a person pressed, None when it is no press, and what they chose in a menu or typed into a dialog."""
    data: dict[str, Any] = dict(interaction.data or {})
    match interaction.type:
        case discord.InteractionType.component:
            return read_press(str(data["custom_id"])), [str(value) for value in data.get("values") or ()]
        case discord.InteractionType.modal_submit:
            return read_press(str(data["custom_id"])), list(_typed(data.get("components")))
        case _:
            return None, []


def _typed(components: object) -> Iterator[str]:
    """Yield what was typed into the lines of a dialog, in order, whatever else a forged one holds."""
    for component in cast("list[object]", components) if isinstance(components, list) else ():
        if isinstance(component, dict):
            line = cast("dict[str, object]", component)
            if isinstance(line.get("value"), str):
                yield str(line["value"])
            yield from _typed(line.get("components"))
            yield from _typed([line.get("component")])


def is_of_another(interaction: discord.Interaction[Any]) -> bool:
    """Tell whether a person pressed a button of an answer that someone else was given and shared."""
    about = interaction.message.interaction_metadata if interaction.message else None
    return about is not None and about.user.id != interaction.user.id


def origin(message: discord.Message) -> tuple[int, int]:
    """Return channel and message that a message is a copy of, when it is published from there or forwarded; else its own."""
    reference = message.reference
    copied = message.flags.is_crossposted or (reference is not None and reference.type is discord.MessageReferenceType.forward)
    if copied and reference is not None and reference.message_id:
        return reference.channel_id, reference.message_id
    return message.channel.id, message.id


async def take_time(interaction: discord.Interaction[Any], kind: PressKind) -> None:
    """Take fifteen minutes' time for what a press leads to. What someone else shared stays theirs: others get an answer of their own."""
    if kind is PressKind.UPDATE and not is_of_another(interaction):
        await interaction.response.defer()
    else:
        await interaction.response.defer(ephemeral=True, thinking=True)
    await interaction.client.let_others_be_heard()


async def ask(interaction: discord.Interaction[Any], dialog: Dialog) -> None:
    """Open a dialog, which must be the first answer."""
    http = interaction.client.http
    await async_context.get().create_interaction_response(
        interaction.id,
        interaction.token,
        session=interaction._session,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - as above
        proxy=http.proxy,
        proxy_auth=http.proxy_auth,
        params=MultipartParameters(payload={"type": _MODAL, "data": dialog.body()}, multipart=None, files=None),
    )


def offer(choices: Sequence[tuple[str, str]]) -> list[discord.app_commands.Choice[str]]:
    """Return choices (what is shown, what it stands for) as discord.py takes them, within Discord's limits."""
    fitting = [(name, value) for name, value in choices if value and len(value) <= limits.CHOICE_TEXT][: limits.CHOICES]
    return [discord.app_commands.Choice(name=shortened(name, limits.CHOICE_TEXT) or value, value=value) for name, value in fitting]


async def apologise(interaction: discord.Interaction[Any], error: BaseException) -> None:
    """Tell a person what went wrong: a UserError as it is, everything else by a reference to what is logged."""
    cause = error.original if isinstance(error, discord.app_commands.CommandInvokeError) else error
    words = language(interaction.locale.value)
    if isinstance(cause, UserError):
        sentence = str(cause)
    elif isinstance(cause, discord.app_commands.CommandNotFound | discord.app_commands.CommandSignatureMismatch):
        sentence = words.say("errors.old_command")
    elif isinstance(cause, discord.NotFound) and cause.code in _TOO_LATE:
        _LOG.warning("an answer to %s came too late, or its message was dismissed", interaction.id)
        return
    elif isinstance(cause, discord.RateLimited):
        _LOG.warning("an answer to %s was not given: Discord asks to wait %g seconds", interaction.id, cause.retry_after)
        return
    elif isinstance(cause, _WEATHER):
        reference = secrets.token_hex(4)
        _LOG.warning("an answer to %s failed (%s): %s: %s", interaction.id, reference, type(cause).__name__, cause)
        sentence = words.say("errors.fault", reference=reference)
    else:
        reference = secrets.token_hex(4)
        _LOG.error("fault %s at an interaction", reference, exc_info=cause)
        sentence = words.say("errors.fault", reference=reference)
    if interaction.type is discord.InteractionType.autocomplete:
        return
    content = shortened(sentence, limits.CONTENT)
    try:
        if not interaction.response.is_done():
            await interaction.response.send_message(content, ephemeral=True, allowed_mentions=discord.AllowedMentions.none())
        elif interaction.type is discord.InteractionType.component:
            await interaction.followup.send(content, ephemeral=True, allowed_mentions=discord.AllowedMentions.none())
        else:
            await reply(interaction, Answer(content=content))
    except FAILURES as failure:
        _LOG.warning("a person could not be told of an error: %s", failure)


_WEATHER: Final = (discord.DiscordServerError, aiohttp.ClientError, TimeoutError, json.JSONDecodeError)
"""What is raised where Discord fails, or cannot be reached: no fault of the program."""

_TOO_LATE: Final = frozenset({10008, 10015, 10062, 50027})
"""Codes of interactions whose time is over and of messages that are gone (docs, *Opcodes*)."""
