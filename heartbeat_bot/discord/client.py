"""The client: its commands, what it makes of what the gateway tells, and what it does with errors."""

import asyncio
import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from math import ceil
from typing import Any, Final, cast

import discord
from discord import app_commands
from discord.ext import commands

from heartbeat_bot.discord.command_texts import Translator
from heartbeat_bot.discord.pace import COMPLETION, Pace
from heartbeat_bot.discord.replies import apologise
from heartbeat_bot.discord.rest import FAILURES, NONSENSE
from heartbeat_bot.errors import UserError
from heartbeat_bot.features.service import Service
from heartbeat_bot.ids import ChannelId, MessageId
from heartbeat_bot.languages import language
from heartbeat_bot.store.waits import Waits

_LOG = logging.getLogger(__name__)

_FIRST_ANSWER: Final = 3.0
"""Seconds after which Discord takes no first answer any more (docs, *Receiving and Responding*)."""

COGS: Final = (
    "cogs.reading",
    "cogs.agenda",
    "cogs.searching",
    "cogs.subscribing",
    "cogs.help",
    "cogs.moderating",
    "cogs.server_events",
    "cogs.presses",
)


class _Tree(app_commands.CommandTree["Bot"]):
    """The commands; what goes wrong in one is told to who called it."""

    async def interaction_check(self, interaction: discord.Interaction["Bot"], /) -> bool:
        """Let nothing begin that the end would cut off at once, nor more than one person may ask for."""
        if not interaction.client.accept():
            return False
        try:
            interaction.client.keep_pace(interaction)
        except UserError as error:
            await apologise(interaction, error)
            return False
        return True

    async def on_error(self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /) -> None:
        """Tell a person what went wrong."""
        await apologise(interaction, error)


def _forgiving(parse: Callable[[Any], object]) -> Callable[[Any], None]:
    """Let discord.py read an interaction; one that no client makes, and that it fails at, would end the connection for everybody."""

    def forgiving(data: Any) -> None:
        try:
            parse(data)
        except Exception as error:  # noqa: BLE001 - whatever reading nonsense raises
            _LOG.warning("an interaction that makes no sense is left unanswered (%s: %s)", type(error).__name__, error)

    return forgiving


class Bot(commands.Bot):
    """The bot on the gateway. ``service`` is there once :meth:`prepare` was called."""

    service: Service
    _waits: Waits

    def __init__(self, **options: Any) -> None:
        """Make a client of discord.py with ``options``; it has slash commands only."""
        self.numbers: dict[str, int] = {}
        """The ids that Discord gave the commands, by their names."""
        self._under_way = set[asyncio.Task[Any]]()
        self._unheard = set[asyncio.Task[Any]]()
        """Those under way in which nobody has been told anything yet."""
        self._all_heard = asyncio.Event()
        self._ending = False
        self._sessions = 0
        self._away = set[int]()
        self.pace = Pace()
        super().__init__(command_prefix=commands.when_mentioned, help_command=None, tree_cls=_Tree, **options)
        parsers = self._connection.parsers
        parsers["INTERACTION_CREATE"] = _forgiving(parsers["INTERACTION_CREATE"])
        # The intent that tells of deleted messages tells of all others, too: what people write is not even read.
        for event in ("MESSAGE_CREATE", "MESSAGE_UPDATE"):
            del parsers[event]

    async def prepare(self, service: Service, waits: Waits) -> None:
        """Load the commands. To be called once, logged in, before connecting. ``waits`` are the outlet's."""
        self.service = service
        self._waits = waits
        for name in COGS:
            await self.load_extension(name)
        await self.tree.set_translator(Translator())

    async def register(self) -> None:
        """Tell Discord of the commands. Nothing waits for that: those of the last run are answered meanwhile, and issues are posted.

        When Discord does not take them, that is logged.
        """
        try:
            self.numbers = {command.name: command.id for command in await self.tree.sync()}
        except (*FAILURES, *NONSENSE) as error:
            _LOG.error("Discord did not take the slash commands, those of the last run go on: %s", error)

    def accept(self) -> bool:
        """Tell whether to answer an interaction, to be asked first in the task that would: :meth:`close` ends those tasks."""
        task = asyncio.current_task()
        assert task is not None, "discord.py answers each interaction in a task"
        if not self._ending:
            self._under_way.add(task)
            self._unheard.add(task)
            self._all_heard.clear()
            task.add_done_callback(self._under_way.discard)
            task.add_done_callback(self._is_heard)
        return not self._ending

    def _is_heard(self, task: asyncio.Task[Any]) -> None:
        self._unheard.discard(task)
        if not self._unheard:
            self._all_heard.set()

    async def let_others_be_heard(self) -> None:
        """Wait, in the task of a person who was told that an answer comes, until all others who wait for that have been told.

        Discord gives three seconds for it, and so does this. When hundreds ask at once, those who came last would be told only after the
        others were answered.
        """
        task = asyncio.current_task()
        assert task is not None, "discord.py answers each interaction in a task"
        self._is_heard(task)
        with suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_ANSWER):
                await self._all_heard.wait()

    def keep_pace(self, interaction: discord.Interaction[Any]) -> None:
        """Count what a person asks for; raise UserError when it is too much at once, whoever they are."""
        typing = interaction.type is discord.InteractionType.autocomplete
        seconds = self.pace.wait(interaction.user.id, self.loop.time(), cost=COMPLETION if typing else 1.0)
        if seconds:
            raise UserError(language(interaction.locale.value).say("errors.too_fast", count=ceil(seconds)))

    async def close(self) -> None:
        """Answer nothing any longer, then log out: what is being answered works with what is closed after this."""
        self._ending = True
        for task in self._under_way:
            task.cancel()
        if self._under_way:
            await asyncio.wait(self._under_way)
        # discord.py leaves behind what tells, two seconds after a session began, that the servers are there.
        telling = cast("asyncio.Task[None] | None", self._connection._ready_task)  # noqa: SLF001 # pyright: ignore - it has no other name
        if telling:
            telling.cancel()
        await super().close()

    async def on_connect(self) -> None:
        """Count the sessions that Discord let begin."""
        self._sessions += 1

    async def on_ready(self) -> None:
        """Ask again what was refused, and look at the channels, once a session stands in place of another: what was between them nobody tells."""
        if self._sessions > 1:
            for guild in self.guilds:
                await self._ask_again_in(guild)
            self.service.alarms.check_again()

    async def on_guild_unavailable(self, guild: discord.Guild) -> None:
        """Remember that Discord has an outage in a server, which is no removal of the bot."""
        self._away.add(guild.id)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Ask again what was refused in a server, once its outage is over. At a start discord.py calls this for every server."""
        if guild.id in self._away:
            self._away.discard(guild.id)
            await self._ask_again_in(guild)

    async def on_guild_channel_update(self, _: discord.abc.GuildChannel, after: discord.abc.GuildChannel) -> None:
        """Ask again what a channel refused, once it changed.

        Whether its permissions did cannot be told from what it was before: the bot may have been shut out of it without a word.
        """
        await self._waits.over_in([after.id])
        self.service.alarms.check_again()

    async def on_guild_channel_delete(self, _: discord.abc.GuildChannel) -> None:
        """Look at the channels with the next pass: it may be one of them."""
        self.service.alarms.check_again()

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """Link no more to a message that was deleted."""
        self.service.links.deleted(ChannelId(payload.channel_id), [MessageId(payload.message_id)])

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """Likewise to many that were."""
        self.service.links.deleted(ChannelId(payload.channel_id), map(MessageId, payload.message_ids))

    async def on_guild_remove(self, _: discord.Guild) -> None:
        """Likewise when the bot was removed from a server."""
        self.service.alarms.check_again()

    async def on_guild_role_update(self, _: discord.Role, after: discord.Role) -> None:
        """Ask again what a server and its channels refused, once a role changed."""
        await self._ask_again_in(after.guild)

    async def on_member_update(self, before: discord.Member, after: discord.Member) -> None:
        """Likewise once the bot itself has other roles, or is silenced no more."""
        known = before.roles, before.timed_out_until
        if after.id == after.guild.me.id and known != (after.roles, after.timed_out_until):
            await self._ask_again_in(after.guild)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Likewise once the bot is back in a server."""
        await self._ask_again_in(guild)

    async def _ask_again_in(self, guild: discord.Guild) -> None:
        await self._waits.over_in([guild.id, *(channel.id for channel in guild.channels)])
        self.service.alarms.check_again()

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - discord.py's signature
        """Log what goes wrong outside of commands; tell the person when there is one."""
        error = sys.exc_info()[1]
        if event_method == "on_interaction" and error is not None:
            await apologise(args[0], error)
        else:
            _LOG.exception("fault in %s", event_method)
