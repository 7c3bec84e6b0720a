"""Discord over REST: what ``ports.py`` asks for, made of discord.py's requests, which go out by ``wire.py``."""

import asyncio
import io
import json
import math
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, cast

import aiohttp
import discord
from discord.http import MultipartParameters, Route
from discord.webhook.async_ import async_context

from heartbeat_bot.clock import Clock, system_clock
from heartbeat_bot.discord.wire import ANSWERS, UNTOLD_SECONDS, WIRE_SECONDS, Answers, InteractionAdapter, UnclearError, Wire
from heartbeat_bot.errors import MissingPermissionsError, OutletError, RateLimitedError
from heartbeat_bot.ids import ChannelId, GuildId, MessageId, sent_at
from heartbeat_bot.machine import lack
from heartbeat_bot.ports import (
    ALREADY_CROSSPOSTED,
    ATTACH_FILES,
    FINISHED_SERVER_EVENT,
    MISSING_PERMISSION,
    NO_ACCESS,
    OPTIONAL_PERMISSIONS,
    TOO_MANY_SERVER_EVENTS,
    UNKNOWN_CHANNEL,
    UNKNOWN_MESSAGE,
    UNKNOWN_SERVER_EVENT,
    ChannelFacts,
    History,
    SeenMessage,
    SeenServerEvent,
)
from heartbeat_bot.rendering.post import Upload
from heartbeat_bot.rendering.scheduled import Scheduled
from heartbeat_bot.store.waits import Wait, Waits

_CROSSPOSTED: Final = 1 << 0
"""The flag of a message that has been published (docs, *Message Flags*)."""

_PERMISSIONS: Final[Mapping[str, str]] = {
    "view_channel": "View Channel",
    "send_messages": "Send Messages",
    "embed_links": "Embed Links",
    "attach_files": ATTACH_FILES,
    "read_message_history": "Read Message History",
}
"""What posting, editing and looking for a message after a crash need."""

_WHAT_TO_DO: Final[Mapping[int, str]] = {
    UNKNOWN_CHANNEL: "there is no such channel: check its id in the configuration.",
    UNKNOWN_MESSAGE: "the message is gone: someone deleted it.",
    UNKNOWN_SERVER_EVENT: "the server's event is gone: someone deleted it.",
    20028: "too many messages were written to this channel: it goes on by itself later.",
    TOO_MANY_SERVER_EVENTS: "the server has 100 events to come, which is all that Discord allows: delete one first.",
    40058: "this is a forum, which takes no plain messages: choose a text or announcement channel.",
    NO_ACCESS: "the bot cannot see the channel: invite it to the server and give it the permission View Channel there.",
    50005: "the message was written by someone else: was the bot's token changed to another bot's?",
    MISSING_PERMISSION: f"the bot lacks a permission there; it needs {', '.join(_PERMISSIONS.values())}.",
    50024: "the channel is of a kind that cannot do this: only messages of announcement channels can be published.",
    50083: "the thread is archived: open it again.",
    FINISHED_SERVER_EVENT: "the server's event is over or was cancelled: it stays as it is.",
    200000: "the server's AutoMod blocks a word of the message: change the issue or the rule.",
    200001: "the server's AutoMod blocks a title: change the issue or the rule.",
    240000: "Discord takes a link of the message for harmful: change the issue.",
}

_FOR_SERVER_EVENTS: Final[Mapping[int, str]] = {
    MISSING_PERMISSION: (
        f"the bot lacks the permission {OPTIONAL_PERMISSIONS['create_events']}: give it to the bot's role in the server's settings "
        "(Manage Events alone lets it make none)."
    ),
}
"""What to do about the same codes where they are about a server's events."""

_PAGE: Final = 100
"""Messages per page of a channel's history (docs)."""

_PAGES: Final = 100
"""How many pages are read at most: ten thousand messages."""

FAILURES: Final = (discord.DiscordException, aiohttp.ClientError, OSError, json.JSONDecodeError)
"""What a call of discord.py's may raise when Discord refuses it, answers nonsense, or cannot be reached."""

NONSENSE: Final = (TypeError, LookupError, ValueError, AttributeError)
"""What reading an answer raises, in discord.py or here, that is JSON and not what the documentation says."""

_LIMITS: Final = frozenset({20016, 20022, 20028, 30046})
"""Codes of limits: slowmode, edits and sends of announcement channels, edits of messages older than an hour (docs, *Opcodes*)."""


def point_at(api_url: str) -> None:
    """Send discord.py to another REST API than Discord's own, for all clients of this process."""
    Route.BASE = api_url.rstrip("/")


@asynccontextmanager
async def log_in(
    token: str,
    *,
    api_url: str,
    client: Callable[..., discord.Client] = discord.Client,
    waits: Waits | None = None,
    clock: Clock = system_clock,
) -> AsyncGenerator["DiscordOutlet"]:
    """Log in over REST, without a gateway, and log out in the end; raise OutletError when Discord refuses, or cannot be reached.

    ``client`` makes the client, of the options that the outlet needs. ``waits`` is what is known to be left alone, as ``clock`` tells the
    time; without it the process begins anew and forgets it in the end.
    """
    point_at(api_url)
    # The bot does not speak: nobody needs to be told that it could not.
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    made = client(
        intents=discord.Intents(guilds=True, guild_messages=True),
        max_messages=None,
        allowed_mentions=discord.AllowedMentions.none(),
    )
    wire = Wire(made.http, waits or Waits(clock), clock)
    made.http.http_trace = wire.trace()
    async_context.set(InteractionAdapter())
    async with made:
        try:
            async with asyncio.timeout(WIRE_SECONDS):
                await made.login(token)
        except discord.LoginFailure as error:
            raise OutletError("Discord refused the bot's token: copy it anew.", status=401, permanent=True) from error
        except (*FAILURES, *NONSENSE) as error:
            raise _refused(error, "logging in") from error
        await wire.waits.over(_TOKEN)
        yield DiscordOutlet(made, wire.waits)


class DiscordOutlet:
    """Discord, through a client that has logged in by :func:`log_in`.

    The bodies of sends and edits go out as the outbox holds them, so that what is repeated after a kill is the same request: see
    docs/dependencies.md for what discord.py's embeds and views would change.

    What Discord refuses is left alone for a while, each thing (a *door*) in each channel and server by itself: until that is over, or the
    bot's permissions there change, the same error is raised and nothing is asked.
    """

    def __init__(self, client: discord.Client, waits: Waits, *, timeout: float = WIRE_SECONDS) -> None:
        """Use ``client``; ``timeout`` is in seconds, for each call."""
        self.client = client
        self.waits = waits
        self._timeout = timeout

    def server_of(self, channel: ChannelId) -> GuildId | None:
        """Return the server of a channel as the gateway told it, without asking Discord; None for one that it did not tell of."""
        found = self.client.get_channel(channel)
        return GuildId(found.guild.id) if isinstance(found, discord.abc.GuildChannel | discord.Thread) else None

    async def send(self, channel: ChannelId, body: Mapping[str, Any], files: Sequence[Upload], nonce: str) -> MessageId:
        """Send a message; see :class:`Messages`. discord.py repeats what was answered with 5xx: the nonce keeps that harmless."""
        doing = f"sending a message to channel {channel}"
        async with self._wire(doing, door=f"send:{channel}"):
            with parameters_of({**body, "nonce": nonce, "enforce_nonce": True}, files) as parameters:
                answer = await self.client.http.send_message(channel, params=parameters)
            return MessageId(int(answer["id"]))

    async def edit(self, channel: ChannelId, message: MessageId, body: Mapping[str, Any], files: Sequence[Upload]) -> None:
        """Edit a message; see :class:`Messages`. Files that are not named again are dropped by Discord."""
        async with self._wire(f"editing message {message} in channel {channel}", door=f"edit:{channel}"):
            with parameters_of({"attachments": [], **body}, files) as parameters:
                await self.client.http.edit_message(channel, message, params=parameters)

    async def delete(self, channel: ChannelId, message: MessageId) -> None:
        """Delete a message; see :class:`Messages`."""
        try:
            async with self._wire(f"deleting message {message} in channel {channel}", door=f"delete:{channel}"):
                await self.client.get_partial_messageable(channel).get_partial_message(message).delete()
        except OutletError as error:
            if error.code not in {UNKNOWN_MESSAGE, UNKNOWN_CHANNEL}:
                raise

    async def publish(self, channel: ChannelId, message: MessageId) -> None:
        """Crosspost a message; see :class:`Messages`."""
        try:
            async with self._wire(f"publishing message {message} of channel {channel}", door=f"publish:{channel}"):
                await self.client.get_partial_messageable(channel).get_partial_message(message).publish()
        except OutletError as error:
            if error.code != ALREADY_CROSSPOSTED:
                raise

    async def history(self, channel: ChannelId, *, after: MessageId | None = None, since: datetime | None = None) -> History:
        """Return the end of a channel, read backwards; see :class:`Messages`."""
        me = self.client.user
        assert me is not None, "the client has logged in"
        found: list[SeenMessage] = []
        newest = before = None
        for _ in range(_PAGES):
            async with self._wire(f"reading the history of channel {channel}", door=f"read:{channel}"):
                page = _page(await self.client.http.logs_from(channel, _PAGE, before=before), me.id)
            for before, seen in page:
                newest = newest or before
                if after is not None and before <= after:
                    return History(newest=newest, own=found[::-1])
                if seen:
                    found.append(seen)
            if len(page) < _PAGE or (since and sent_at(page[-1][0]) < since):
                break
        return History(newest=newest, own=found[::-1])

    async def describe(self, channel: ChannelId, *, anew: bool = False) -> ChannelFacts:
        """Return what must be known of a channel; raise OutletError, MissingPermissionsError when the bot cannot see it.

        With ``anew`` a person wants to know: what was refused in the channel until now does not count any more.
        """
        if anew:
            await self.waits.over_in([channel])
        try:
            return await self._describe(channel)
        except OutletError as error:
            if error.code != NO_ACCESS:
                raise
            closed = self.waits.find(f"look:{channel}")
            then = again(closed) if closed else "It is asked again by the next pass."
            missing = [_PERMISSIONS["view_channel"]]
            raise MissingPermissionsError(missing, place=f"channel {channel}", seen=False, then=then) from error

    async def _describe(self, channel: ChannelId) -> ChannelFacts:
        async with self._wire(f"looking at channel {channel}", door=f"look:{channel}"):
            found = await self.client.fetch_channel(channel)
            if not isinstance(found, discord.TextChannel):
                why = (
                    "is a thread, which falls asleep, and in which nothing can be edited then"
                    if isinstance(found, discord.Thread)
                    else "takes no plain messages"
                )
                raise OutletError(f"Channel {channel} {why}: choose a text or announcement channel.", status=None, permanent=True)
            guild = await self.client.fetch_guild(found.guild.id)
            me = self.client.user
            assert me is not None, "the client has logged in"
            member = await guild.fetch_member(me.id)
        # discord.py keeps no server that no gateway told of: what it made in its place knows no roles.
        found.guild = guild
        granted = found.permissions_for(member)
        missing = tuple(name for flag, name in _PERMISSIONS.items() if not getattr(granted, flag))
        everywhere = member.guild_permissions
        return ChannelFacts(
            guild=GuildId(guild.id),
            name=found.name,
            announcement=found.is_news(),
            missing=missing,
            optional=tuple(name for flag, name in OPTIONAL_PERMISSIONS.items() if not getattr(everywhere, flag)),
            roles={role.id: role < member.top_role for role in guild.roles},
        )

    async def check_permissions(self, channel: ChannelId, *, files: bool = False) -> None:
        """Ask Discord for the channel, the server's roles and the bot's own; see :class:`Messages`."""
        facts = await self.describe(channel)
        if missing := [name for name in facts.missing if files or name != ATTACH_FILES]:
            raise MissingPermissionsError(missing, place=f"#{facts.name} (channel {channel})")

    async def set_role(self, guild: GuildId, user: int, role: int, *, wanted: bool) -> None:
        """Give a member a role, or take it from them; raise OutletError when the bot may not."""
        change = self.client.http.add_role if wanted else self.client.http.remove_role
        async with self._wire(f"changing the roles of a member of server {guild}", door=f"roles:{guild}"):
            await change(guild, user, role, reason="the member asked for it")

    async def server_events(self, guild: GuildId) -> Sequence[SeenServerEvent]:
        """Return the scheduled events of a server that are to come or going on, at places outside Discord."""
        me = self.client.user
        assert me is not None, "the client has logged in"
        async with self._wire(f"reading the events of server {guild}", door=f"events:{guild}", hints=_FOR_SERVER_EVENTS):
            found = _listed(await self.client.http.get_scheduled_events(guild, with_user_count=False))
            return [_seen_server_event(event, me.id) for event in found if event.get("entity_metadata")]

    async def make_server_event(self, guild: GuildId, body: Mapping[str, Any], *, reason: str) -> int:
        """Make a scheduled event and return its number; ``reason`` stands in the server's audit log.

        Nothing keeps a second request from making a second event. So it is asked for once, and when the OutletError is not
        ``permanent``, look for the event before asking again.
        """
        doing = f"making an event of server {guild}"
        async with self._wire(doing, door=f"make-event:{guild}", hints=_FOR_SERVER_EVENTS, once=True):
            answer = await self.client.http.create_guild_scheduled_event(guild, reason=reason, **body)
            return int(answer["id"])

    async def edit_server_event(self, guild: GuildId, number: int, changes: Mapping[str, Any], *, reason: str) -> None:
        """Change what a scheduled event shows: of its body, what ``changes`` names."""
        async with self._wire(f"changing event {number} of server {guild}", door=f"edit-event:{guild}", hints=_FOR_SERVER_EVENTS):
            await self.client.http.edit_scheduled_event(guild, number, reason=reason, **changes)

    @asynccontextmanager
    async def _wire(
        self, doing: str, *, door: str, hints: Mapping[int, str] = MappingProxyType({}), once: bool = False
    ) -> AsyncGenerator[None]:
        """Bound a call in time, and turn what can go wrong with it into sentences, ``hints`` before those of all calls.

        A ``door`` that was refused is not tried again for a while: the refusal is raised once more.
        """
        for key in (_TOKEN, door):
            if closed := self.waits.find(key):
                raise _closed(closed)
        answers = Answers(once=once)
        token = ANSWERS.set(answers)
        try:
            async with asyncio.timeout(self._timeout):
                yield
        except (*FAILURES, *NONSENSE) as error:
            refusal = _certain(_refused(error, doing, told=answers.wait, hints=hints), answers)
            if refusal.permanent and (refusal.status in {401, 403} or refusal.code == UNKNOWN_CHANNEL):
                key = _TOKEN if refusal.status == 401 else door  # noqa: PLR2004 - Unauthorized
                status = refusal.status or 0
                refusal = _closed(await self.waits.refused(key, str(refusal), status=status, code=refusal.code))
            raise refusal from error
        finally:
            ANSWERS.reset(token)
        await self.waits.over(door)


_TOKEN: Final = "token"  # noqa: S105 - the word, not the thing
"""The door that is closed when Discord takes the bot's token no more."""


def _closed(wait: Wait) -> OutletError:
    """Say again what Discord refused, and when it is asked the next time."""
    return OutletError(f"{wait.why} {again(wait)}", status=wait.status, code=wait.code, permanent=True)


def again(wait: Wait) -> str:
    """Say when Discord is asked the next time for what it refused."""
    return f"Discord is asked again after {wait.until:%Y-%m-%d %H:%M} UTC; a running bot asks at once when its permissions change."


def _certain(error: OutletError, answers: Answers) -> OutletError:
    """Return the error, or, when an earlier request of the call may have been carried out, one that does not deny it.

    discord.py repeats what was answered with 5xx. A send of which the first request was carried out and the second refused must not
    count as refused: it would be sent again with another nonce.
    """
    denies = error.permanent or isinstance(error, RateLimitedError)
    if not denies or not answers.uncertain or error.code in {UNKNOWN_MESSAGE, ALREADY_CROSSPOSTED}:
        return error
    return OutletError(f"{error} Before that it had a fault: it is not known yet what came of it.", status=None, permanent=False)


def _listed(answer: object) -> Sequence[Mapping[str, Any]]:
    """Return an answer that must be a list: anything else, ``{}`` say, does not tell that there is nothing."""
    if not isinstance(answer, list):
        raise TypeError(f"a {type(answer).__name__} is no list")
    return cast("list[Mapping[str, Any]]", answer)


def _page(messages: object, me: int) -> list[tuple[MessageId, SeenMessage | None]]:
    """Read a page of a channel's history, the latest message first: each one's id, and what it shows when a send of the bot's made it."""
    page: list[tuple[MessageId, SeenMessage | None]] = []
    for message in _listed(messages):
        own = int(message["author"]["id"]) == me and _is_sent(message)
        page.append((MessageId(int(message["id"])), _seen(message) if own else None))
    return sorted(page, key=lambda one: one[0], reverse=True)


def _is_sent(message: Mapping[str, Any]) -> bool:
    """Tell whether a message was made by a send: no answer to a command, no webhook's, no note of Discord's."""
    return message.get("type", 0) == 0 and not any(
        message.get(name) for name in ("interaction", "interaction_metadata", "webhook_id", "message_snapshots")
    )


def _seen_server_event(event: Mapping[str, Any], me: int) -> SeenServerEvent:
    start = datetime.fromisoformat(event["scheduled_start_time"])
    end = event.get("scheduled_end_time")
    return SeenServerEvent(
        number=int(event["id"]),
        own=int(event.get("creator_id") or 0) == me,
        shows=Scheduled(
            name=event["name"],
            description=event.get("description") or "",
            location=event["entity_metadata"].get("location") or "",
            start=start,
            end=datetime.fromisoformat(end) if end else start,
        ),
    )


def _seen(message: Mapping[str, Any]) -> SeenMessage:
    published = bool(message.get("flags", 0) & _CROSSPOSTED)
    number = MessageId(int(message["id"]))
    return SeenMessage(
        message=number,
        content=message.get("content", ""),
        embeds=message.get("embeds", ()),
        components=message.get("components", ()),
        published=published,
    )


@contextmanager
def parameters_of(body: Mapping[str, Any], uploads: Sequence[Upload]) -> Generator[MultipartParameters]:
    """Build what discord.py's HTTP client takes: JSON alone, or a form with files."""
    if not uploads:
        yield MultipartParameters(payload=dict(body), multipart=None, files=None)
        return
    files = [discord.File(io.BytesIO(upload.content), filename=upload.name) for upload in uploads]
    form: list[dict[str, Any]] = [{"name": "payload_json", "value": json.dumps(body), "content_type": "application/json"}]
    form += [
        {"name": f"files[{number}]", "value": file.fp, "filename": upload.name, "content_type": "application/octet-stream"}
        for number, (file, upload) in enumerate(zip(files, uploads, strict=True))
    ]
    with MultipartParameters(payload=None, multipart=form, files=files) as parameters:
        yield parameters


def _refused(  # noqa: PLR0911 (one per kind of failure)
    error: Exception, doing: str, *, told: float = 0.0, hints: Mapping[int, str] = MappingProxyType({})
) -> OutletError:
    """Say what went wrong with a request, and what to do; ``told`` is the longest Retry-After header in seconds, 0 for none."""
    match error:
        case discord.RateLimited():
            sentence = f"Discord asked to wait {timedelta(seconds=math.ceil(error.retry_after))} before {doing}."
            return RateLimitedError(sentence, retry_after=error.retry_after)
        case discord.HTTPException(status=status, code=code) if status < 500 and code in _LIMITS:  # noqa: PLR2004 (HTTP's own boundary)
            sentence = f"Discord lets the channel wait before {doing} (code {code})."
            return RateLimitedError(sentence, retry_after=told or UNTOLD_SECONDS)
        case discord.HTTPException(status=401):
            return OutletError(f"Discord refused the bot's token at {doing}: copy it anew.", status=401, permanent=True)
        case discord.HTTPException(status=status, code=code) if status < 500:  # noqa: PLR2004 (HTTP's own boundary)
            said = f"{error.text} (code {code})" if code else f"status {status}, from a proxy before it"
            what = hints.get(code) or _WHAT_TO_DO.get(code) or f"{said}."
            return OutletError(f"Discord refused {doing}: {what}", status=status, code=code, permanent=True)
        case discord.HTTPException(status=status):
            sentence = f"Discord had a fault ({status}) at {doing}: it is tried again."
            return OutletError(sentence, status=status, code=error.code, permanent=False)
        case UnclearError():
            sentence = f"Discord had a fault at {doing} ({error}): it is not known whether it was done."
            return OutletError(sentence, status=None, permanent=False)
        case TimeoutError():
            return OutletError(f"Discord did not answer in time at {doing}: it is tried again.", status=None, permanent=False)
        case TypeError() | LookupError() | ValueError() | AttributeError():
            sentence = f"Discord's answer to {doing} makes no sense ({type(error).__name__}): it is tried again."
            return OutletError(sentence, status=None, permanent=False)
        case _:
            why = lack(error) or type(error).__name__
            sentence = f"Discord could not be reached at {doing} ({why}): it is tried again."
            return OutletError(sentence, status=None, permanent=False)
