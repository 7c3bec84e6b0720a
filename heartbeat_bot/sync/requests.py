"""One request after the other: written down, made, and what came of it noted; or, when that is not known, settled.

Whatever stops the program, at any instant, leaves at most one unfinished request per issue and channel. What is known by an id in a
channel is asked by that id, not by clocks: this machine's and Discord's may differ by any amount, and ids only grow.
"""

import secrets
from collections.abc import Callable, Coroutine, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, TypeVar, assert_never

from heartbeat_bot.clock import Clock
from heartbeat_bot.database.tables import RequestKind
from heartbeat_bot.errors import MissingPermissionsError, OutletError, RateLimitedError, SourceError
from heartbeat_bot.ids import ChannelId, GuildId, MessageId
from heartbeat_bot.ports import ALREADY_CROSSPOSTED, UNKNOWN_CHANNEL, UNKNOWN_MESSAGE, Messages
from heartbeat_bot.rendering.post import Digest, File, Post, Upload
from heartbeat_bot.store.deliveries import Delivery
from heartbeat_bot.store.outbox import Request, WrittenRequest
from heartbeat_bot.store.store import Store
from heartbeat_bot.store.waits import LONGEST_WAIT, pause
from heartbeat_bot.sync.outcome import Outcome, Progress, ReadFile
from heartbeat_bot.sync.plan import Delete, Edit, Operation, Publish, Rekey, Send
from heartbeat_bot.sync.recovery import is_same, is_same_but_jumps

NONCE_WINDOW: Final = timedelta(seconds=60)
"""How long after it was written down a send is repeated with the same nonce. Discord remembers nonces for "a few minutes" (docs)."""

CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far this machine's clock and Discord's may be apart before more than the newest hundred messages matter."""

LONGEST_PAUSE: Final = timedelta(hours=6)
"""How long a message that Discord answered with a fault is left alone at most. A fault need not pass: some messages within all documented
limits are answered with 500 for ever (discord-api-docs issue 8554)."""

PUBLISH_LIMIT: Final = 10
PUBLISH_SPAN: Final = timedelta(hours=1)
"""Discord lets a channel crosspost this often per span. Undocumented; many have measured it (discord.js issue 4956)."""

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """What a delivery is to show."""

    delivery: Delivery
    posts: Sequence[Post]
    publish: bool
    read_file: ReadFile
    progress: Progress | None
    yields: bool = False

    @property
    def guild(self) -> GuildId:
        """The server that the addresses of its messages name; nobody needs it who only deletes."""
        return self.delivery.guild or GuildId(0)

    @property
    def channel(self) -> ChannelId:
        """The channel of its messages."""
        return self.delivery.channel


@dataclass(slots=True)
class DeliveryTally:
    """What went through so far, also when an error ends it, and the newest message that was seen in the channel."""

    outcome: Outcome = field(default_factory=Outcome)
    newest: MessageId | None = None
    permitted: bool = False
    looked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trouble:
    """How often Discord has answered a message with a fault, and until when it is left alone."""

    times: int
    until: datetime


class WaitError(Exception):
    """The rest must wait until an instant."""

    def __init__(self, until: datetime) -> None:
        """Wait until ``until`` (UTC)."""
        super().__init__(until)
        self.until = until


class HeldBackError(Exception):
    """A moderator wants nothing of the issue sent."""


class VoidError(Exception):
    """A message was deleted by someone: plan again."""


def fresh_nonce() -> str:
    """Return a nonce: 22 random characters, of the 25 that Discord allows."""
    return secrets.token_urlsafe(16)


async def nothing_to_read(path: str) -> bytes:
    """Stand for the files of a source that is not open."""
    raise SourceError(f"{path} cannot be read: its source is not open.")


class Requests:
    """Makes the requests that a plan asks for. Whoever calls it works on that channel alone."""

    def __init__(self, store: Store, outlet: Messages, *, clock: Clock, nonce: Callable[[], str] = fresh_nonce) -> None:
        """Write to ``store``, send through ``outlet``, and tell the time by ``clock`` (aware instants)."""
        self._store = store
        self._outbox = store.outbox
        self._messages = store.messages
        self._outlet = outlet
        self._clock = clock
        self._nonce = nonce
        self._troubles: dict[tuple[ChannelId, Digest], _Trouble] = {}

    async def check(self, aim: Aim, operation: Send | Edit, tally: DeliveryTally) -> None:
        """Raise OutletError when a message is not to be sent or edited now; permissions are asked for once a delivery."""
        self._check_trouble(aim.channel, operation.post.digest(operation.urls))
        if not tally.permitted:
            await self._outlet.check_permissions(aim.channel, files=any(post.files for post in aim.posts))
            tally.permitted = True

    def check_edit_wait(self, until: datetime | None) -> None:
        """Raise WaitError when Discord asked to edit a published message no more until an instant."""
        if until and timedelta() < until - self._clock() <= LONGEST_WAIT:
            raise WaitError(until)

    async def check_publish_wait(self, channel: ChannelId, ahead: Sequence[Operation]) -> None:
        """Raise WaitError when nothing may be crossposted in the channel yet, having noted it with the messages that wait."""
        until = await self._publish_wait(channel, self._clock())
        if until is not None:
            waiting = [operation.message for operation in ahead if isinstance(operation, Publish)]
            await self._messages.hold_back(waiting, until=until)
            raise WaitError(until)

    async def _publish_wait(self, channel: ChannelId, now: datetime) -> datetime | None:
        """Return until when nothing may be crossposted in a channel, by Discord's word and by the count of the last hour."""
        told = await self._messages.publish_wait(channel, now=now, limit=now + LONGEST_WAIT)
        # What a clock that went back wrote down as still to come does not count: Discord itself says when it is too much.
        times = [when for when in await self._messages.publish_times(channel, since=now - PUBLISH_SPAN) if when <= now]
        counted = times[-PUBLISH_LIMIT] + PUBLISH_SPAN if len(times) >= PUBLISH_LIMIT else None
        return max((until for until in (told, counted) if until), default=None)

    async def perform(self, aim: Aim, operation: Operation, tally: DeliveryTally) -> Outcome:
        """Carry out one operation."""
        match operation:
            case Send(post=post, urls=urls):
                await self.check(aim, operation, tally)
                files = await _uploads(post.files, aim.read_file)
                pinged = (await self._store.deliveries.get(aim.delivery.id)).pinged_at is not None
                request = Request(
                    kind=RequestKind.SEND,
                    delivery=aim.delivery.id,
                    channel=aim.channel,
                    nonce=self._nonce(),
                    key=post.key,
                    body=_silenced(post.body(urls)) if pinged else post.body(urls),
                    files=post.files,
                    digest=post.digest(urls),
                    after=max(tally.newest or MessageId(0), await self._messages.newest(aim.channel)),
                )
                now = self._clock()
                begin = partial(self._store.begin, issue=aim.delivery.issue) if aim.yields else self._outbox.begin
                written = await begin(request, now=now)
                if written is None:
                    raise HeldBackError
                return await self._send(written, files)
            case Edit(message=message, post=post, urls=urls):
                await self.check(aim, operation, tally)
                files = await _uploads(post.files, aim.read_file)
                request = Request(
                    kind=RequestKind.EDIT,
                    delivery=aim.delivery.id,
                    channel=aim.channel,
                    nonce=self._nonce(),
                    message=message,
                    key=post.key,
                    body=post.body(urls),
                    files=post.files,
                    digest=post.digest(urls),
                )
                return await self._edit(await self._outbox.begin(request, now=self._clock()), message, files)
            case Delete(message=message):
                return await self._delete(await self._begin_bare(aim, RequestKind.DELETE, message), message)
            case Publish(message=message):
                return await self._publish(await self._begin_bare(aim, RequestKind.PUBLISH, message), message)
            case Rekey(message=message, key=key):
                await self._messages.rekey(message, key)
                return Outcome()
            case _:
                assert_never(operation)

    async def _begin_bare(self, aim: Aim, kind: RequestKind, message: MessageId) -> WrittenRequest:
        """Write down a request without a body."""
        request = Request(kind=kind, delivery=aim.delivery.id, channel=aim.channel, nonce=self._nonce(), message=message, body={})
        return await self._outbox.begin(request, now=self._clock())

    async def _send(self, written: WrittenRequest, files: Sequence[Upload]) -> Outcome:
        request = written.request
        with _named(request.files, files):
            message = await self._request(written, self._outlet.send(request.channel, request.body, files, request.nonce))
        await self._outbox.sent(written, message, now=self._clock())
        return Outcome(sent=1)

    async def _edit(self, written: WrittenRequest, message: MessageId, files: Sequence[Upload]) -> Outcome:
        request = written.request
        with _named(request.files, files):
            await self._request(written, self._outlet.edit(request.channel, message, request.body, files))
        await self._outbox.edited(written)
        return Outcome(edited=1)

    async def _delete(self, written: WrittenRequest, message: MessageId) -> Outcome:
        try:
            await self._request(written, self._outlet.delete(written.request.channel, message))
        except VoidError:  # it was gone already: what was wanted is so
            return Outcome()
        await self._outbox.voided(written)
        return Outcome(deleted=1)

    async def _publish(self, written: WrittenRequest, message: MessageId) -> Outcome:
        try:
            await self._request(written, self._outlet.publish(written.request.channel, message))
        except OutletError as error:
            if error.code != ALREADY_CROSSPOSTED:
                raise
        await self._outbox.published(written, now=self._clock())
        return Outcome(published=1)

    async def _request(self, written: WrittenRequest, call: Coroutine[Any, Any, _Result]) -> _Result:
        """Make a request; when it is known to have done nothing, forget it, else leave it unfinished, and raise."""
        request = written.request
        try:
            result = await call
        except RateLimitedError as error:
            until = self._clock() + timedelta(seconds=error.retry_after)
            noted = request.kind in {RequestKind.PUBLISH, RequestKind.EDIT}
            await self._outbox.dropped(written, until=until if noted else None)
            raise
        except OutletError as error:
            gone = error.code == UNKNOWN_MESSAGE or (error.code == UNKNOWN_CHANNEL and request.kind is RequestKind.DELETE)
            if gone:
                # A send, too, can meet a message that is gone: its nonce is of one that was deleted meanwhile.
                forget = self._outbox.dropped if request.message is None else self._outbox.voided
                await forget(written)
                raise VoidError from error
            if error.permanent and error.code != ALREADY_CROSSPOSTED:
                await self._outbox.dropped(written)
            if error.status is not None and error.status >= 500:  # noqa: PLR2004 (HTTP's own boundary)
                self._note_trouble(request.channel, request.digest)
            raise
        self._troubles.pop((request.channel, request.digest), None)
        return result

    def _note_trouble(self, channel: ChannelId, digest: Digest) -> None:
        before = self._troubles.get((channel, digest))
        times = before.times + 1 if before else 1
        self._troubles[channel, digest] = _Trouble(times=times, until=self._clock() + pause(times, longest=LONGEST_PAUSE))

    def _check_trouble(self, channel: ChannelId, digest: Digest) -> None:
        """Raise OutletError for a message that Discord answered with a fault a moment ago."""
        trouble = self._troubles.get((channel, digest))
        if trouble and timedelta() < trouble.until - self._clock() <= LONGEST_PAUSE:  # no more, unless the clock went back
            sentence = (
                f"Discord had a fault at a message to channel {channel}, {trouble.times} times in a row: it is tried again after "
                f"{trouble.until:%Y-%m-%d %H:%M} UTC. If that goes on, shorten its section: Discord fails at some that are large."
            )
            raise OutletError(sentence, status=None, permanent=False)

    async def settle(self, written: WrittenRequest, read_file: ReadFile | None) -> Outcome:
        """Find out what became of an unfinished request, and finish it.

        A send is looked for in the channel, after the message that was the newest one before it: found, it is adopted. Not found, it
        is repeated with the same nonce while that is fresh, for it may be under way still; later it is forgotten, and the next plan
        sends what is wanted by then. A delete is repeated. After an edit the message is taken to show something unknown, and a
        crosspost is taken not to have happened: the next plan repeats both.
        """
        request = written.request
        try:
            match request.kind:
                case RequestKind.SEND:
                    return await self._settle_send(written, read_file)
                case RequestKind.DELETE:
                    assert request.message is not None, "a delete is of a message"
                    return await self._delete(written, request.message)
                case RequestKind.EDIT:
                    await self._outbox.dropped(written, uncertain=True)
                case RequestKind.PUBLISH:
                    await self._outbox.dropped(written)
                case _:
                    assert_never(request.kind)
        except VoidError:
            pass
        return Outcome()

    async def _settle_send(self, written: WrittenRequest, read_file: ReadFile | None) -> Outcome:
        request = written.request
        # Only a row of an earlier version does not tell where to look; it has but the clock.
        since = min(written.created_at, self._clock()) - CLOCK_SKEW if request.after is None else None
        # A clock that went back makes a request look younger than it is, which does no harm.
        fresh = self._clock() - written.created_at <= NONCE_WINDOW
        try:
            # Without the permission to read it, the channel would look empty, and what was sent would be sent again.
            await self._outlet.check_permissions(request.channel, files=bool(request.files))
            history = await self._outlet.history(request.channel, after=request.after, since=since)
        except OutletError as error:
            if error.code != UNKNOWN_CHANNEL:
                raise
            await self._outbox.dropped(written)
            return Outcome()
        claimed = await self._messages.claimed([seen.message for seen in history.own])
        for seen in history.own:
            if seen.message not in claimed and is_same_but_jumps(request.body, seen):
                changed = not is_same(request.body, seen)
                await self._outbox.sent(written, seen.message, now=self._clock(), changed=changed)
                return Outcome()
        if not fresh:
            await self._outbox.give_up(written, now=self._clock())
            return Outcome()
        if request.files and read_file is None:
            return Outcome()
        self._check_trouble(request.channel, request.digest)
        return await self._send(written, await _uploads(request.files, read_file or nothing_to_read))


async def _uploads(files: Sequence[File], read_file: ReadFile) -> list[Upload]:
    return [Upload(name=file.name, content=await read_file(file.path)) for file in files]


@contextmanager
def _named(files: Sequence[File], uploads: Sequence[Upload]) -> Generator[None]:
    """Name the pictures in what Discord says against a message that carries some: they may be why it does not take it.

    What it says against the channel, or itself, is not about them.
    """
    try:
        yield
    except (RateLimitedError, MissingPermissionsError):
        raise
    except OutletError as error:
        if not files or error.status not in {None, 400, 413}:
            raise
        pictures = ", ".join(
            f"{file.path!r} ({len(upload.content) / 2**20:.1f} MiB)" for file, upload in zip(files, uploads, strict=True)
        )
        advice = "save such a picture smaller, or as another kind, or link it; the next pass takes what is there then"
        why = "" if error.permanent else "if that goes on, "
        raise OutletError(
            f"{error} The message carries {pictures}: {why}{advice}.",
            status=error.status,
            code=error.code,
            permanent=error.permanent,
        ) from error


def _silenced(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body without its ping: the role has been told of this issue."""
    return body | {"allowed_mentions": {"parse": []}}
