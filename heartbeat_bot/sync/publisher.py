"""Makes channels agree with posts, exactly once: a request is written down before it is made, and what it did after it.

Whatever stops the program, at any instant, leaves at most one unfinished request per issue and channel, which is settled before
anything else is done with them. Every method may be called again at any time; what is done already is not done twice.

Before anything is appended to a channel, its end is read once: posts that stand there that are not written down (the database was restored
from an older copy) are adopted, not sent again. What is known by an id in a channel is asked by that id, not by clocks: this
machine's and Discord's may differ by any amount, and ids only grow.
"""

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Coroutine, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, TypeVar, assert_never

from heartbeat_bot.clock import Clock
from heartbeat_bot.database.tables import RequestKind
from heartbeat_bot.errors import MissingPermissionsError, OutletError, RateLimitedError, SourceError, UserError
from heartbeat_bot.ids import ChannelId, GuildId, IssueId, MessageId, message_url
from heartbeat_bot.ports import ALREADY_CROSSPOSTED, UNKNOWN_CHANNEL, UNKNOWN_MESSAGE, Messages, SeenMessage
from heartbeat_bot.rendering.post import COVER, UNKNOWN, Digest, File, Post, PostKey, Upload, is_of
from heartbeat_bot.store.deliveries import Delivery, DeliveryKind
from heartbeat_bot.store.outbox import NO_KEY, Adoption, DeliveredMessage, LostSend, Request, WrittenRequest
from heartbeat_bot.store.store import Store
from heartbeat_bot.store.waits import LONGEST_WAIT, pause
from heartbeat_bot.sync.plan import Delete, Edit, Held, Operation, Publish, Rekey, Send, plan
from heartbeat_bot.sync.recovery import is_same, is_same_but_jumps, recognise

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

LATE_COME: Final = timedelta(minutes=15)
"""For how long a send that was given up is looked for by each pass: proxies and Discord let go of a request long before."""
LATE_MATTER: Final = timedelta(days=1)
"""After so long it is forgotten without a look: in a store that was restored since, what reads like it may be another issue's."""

_ROUNDS: Final = 20
"""Plans until an empty one: three are enough, and each message that a person deleted meanwhile costs one more."""

ReadFile = Callable[[str], Awaitable[bytes]]
"""Returns the bytes of a file of the source by its path; raises SourceError."""

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One operation about to be carried out: the ``number``-th (from 1) of ``total`` known so far."""

    issue: IssueId
    operation: Operation
    number: int
    total: int


Progress = Callable[[Step], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of bringing a channel in step.

    The numbers count requests that went through. ``waits_until`` (UTC) tells that Discord's limits put the rest off until then;
    ``error`` why it was given up for now, ``held_back`` that a moderator wants nothing sent. With none of them, the channel reads as if the issue had just been posted.
    """

    sent: int = 0
    edited: int = 0
    deleted: int = 0
    published: int = 0
    waits_until: datetime | None = None
    error: UserError | None = None
    held_back: bool = False

    @property
    def requests(self) -> int:
        """How many requests went through."""
        return self.sent + self.edited + self.deleted + self.published

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return self.waits_until is None and self.error is None and not self.held_back

    def __add__(self, other: "Outcome") -> "Outcome":
        """Take two channels' outcomes together."""
        return Outcome(
            sent=self.sent + other.sent,
            edited=self.edited + other.edited,
            deleted=self.deleted + other.deleted,
            published=self.published + other.published,
            waits_until=max((until for until in (self.waits_until, other.waits_until) if until), default=None),
            error=self.error or other.error,
            held_back=self.held_back or other.held_back,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Aim:
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
class _Tally:
    """What went through so far, also when an error ends it, and the newest message that was seen in the channel."""

    outcome: Outcome = Outcome()
    newest: MessageId | None = None
    permitted: bool = False
    looked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trouble:
    """How often Discord has answered a message with a fault, and until when it is left alone."""

    times: int
    until: datetime


class _WaitError(Exception):
    """The rest must wait until an instant."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


class _HeldBackError(Exception):
    """A moderator wants nothing of the issue sent."""


class _VoidError(Exception):
    """A message was deleted by someone: plan again."""


def held_of(message: DeliveredMessage) -> Held:
    """Return a delivered message as :func:`plan.plan` takes it."""
    return Held(message=message.message, key=message.key, digest=message.digest, published=message.published_at is not None)


def fresh_nonce() -> str:
    """Return a nonce: 22 random characters, of the 25 that Discord allows."""
    return secrets.token_urlsafe(16)


async def _nothing_to_read(path: str) -> bytes:
    raise SourceError(f"{path} cannot be read: its source is not open.")


class Publisher:
    """Brings channels in step with posts. One channel is worked on by one task at a time; errors of one issue stop no other."""

    def __init__(self, store: Store, outlet: Messages, *, clock: Clock, nonce: Callable[[], str] = fresh_nonce) -> None:
        """Write to ``store``, send through ``outlet``, and tell the time by ``clock`` (aware instants)."""
        self._store = store
        self._outbox = store.outbox
        self._outlet = outlet
        self._clock = clock
        self._nonce = nonce
        self._locks: defaultdict[ChannelId, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._troubles: dict[tuple[ChannelId, Digest], _Trouble] = {}

    async def deliver(
        self,
        delivery: Delivery,
        posts: Sequence[Post],
        *,
        publish: bool = False,
        read_file: ReadFile = _nothing_to_read,
        progress: Progress | None = None,
        yields: bool = False,
    ) -> Outcome:
        """Make the channel read as if ``posts`` had just been posted, and nothing else of this delivery.

        Unfinished requests of its issue in the channel are settled first, those of other deliveries too: what a request of one may have
        sent reads like a post of another. OutletError and SourceError are not raised but
        returned, and noted with the delivery (those of a notice only returned: readers miss nothing). ``read_file`` gives the bytes of
        files to upload. With ``yields`` nothing is sent of what a moderator holds back at that instant.
        """
        assert delivery.guild or not posts, "whoever posts knows where"
        aim = _Aim(delivery=delivery, posts=posts, publish=publish, read_file=read_file, progress=progress, yields=yields)
        return await self._do(delivery, partial(self._deliver, aim))

    async def _do(self, delivery: Delivery, work: Callable[[_Tally], Coroutine[Any, Any, None]]) -> Outcome:
        """Do some work on a channel alone; return what came of it, as far as it came, and note what went wrong with the delivery."""
        async with self._locks[delivery.channel]:
            tally = _Tally()
            outcome = await self._guarded(work(tally), tally)
        if delivery.kind is DeliveryKind.NOTICE:
            return outcome
        error = str(outcome.error) if outcome.error else None
        if error is not None or (await self._store.deliveries.get(delivery.id)).error is not None:
            await self._store.deliveries.failed(delivery.id, error, now=self._clock())
        return outcome

    async def withdraw(self, delivery: Delivery, *, progress: Progress | None = None) -> Outcome:
        """Delete every message of a delivery that is kept in step: its issue is gone, or was taken back, or it is wanted no more."""
        return await self.deliver(delivery, (), progress=progress)

    async def clear(self, delivery: Delivery, *, keys: Collection[PostKey] | None = None) -> Outcome:
        """Delete a delivery's messages, or those of some sections (see :func:`is_of`), so that they can be posted anew.

        :meth:`deliver` sends what is missing then; together they are a repost. Before anything is deleted, the store forgets
        that the delivery is shown whole, so a pass makes good what was cut off in between, also after the edit window: whichever
        messages had gone by then, each post stands in the channel once in the end. The last message goes first, as a reader would
        rather miss the end than the beginning. Errors are as in :meth:`deliver`.

        A channel only grows at its end, and posts stand in the order in which they are read. So of an issue whose section in the middle
        was cleared, the posts after it move up by edits, each into the message of the one before, and the text of the last one is what is
        sent: nothing is out of order, but it is the issue's last section that shows up as new. What should appear at the end of the
        channel whatever its place in the issue is a repost of that section, beside the announcement.
        """
        aim = _Aim(delivery=delivery, posts=(), publish=False, read_file=_nothing_to_read, progress=None)
        return await self._do(delivery, partial(self._clear, aim, keys))

    async def operations(
        self, delivery: Delivery, posts: Sequence[Post], *, guild: GuildId, publish: bool
    ) -> tuple[Operation, ...]:
        """Return what :meth:`deliver` would ask of Discord."""
        held = [held_of(message) for message in await self._outbox.held_of(delivery.id)]
        return plan(posts, held, guild=guild, channel=delivery.channel, publish=publish)

    async def settle(self, read_file: ReadFile | None = None) -> list[UserError]:
        """Settle the unfinished requests of all issues; return what went wrong with some. To be called on start.

        Without ``read_file``, a send with files is left to :meth:`deliver` while its nonce is fresh.
        """
        errors: list[UserError] = []
        for channel in sorted({written.request.channel for written in await self._outbox.unfinished()}):
            async with self._locks[channel]:
                # Read again: what another task was doing in this channel is finished now.
                for written in await self._outbox.unfinished(channel=channel):
                    try:
                        await self._settle(written, read_file)
                    except (OutletError, SourceError) as error:
                        errors.append(error)
        return errors

    async def delete_late(self, newsletter: str) -> list[IssueId]:
        """Delete what Discord carried out after it had been given up and sent anew; return the issues of the messages, one for each.

        To be called after the newsletter's deliveries. Raises OutletError when a channel cannot be looked through, or a message not
        deleted: the next call tries again.
        """
        deleted: list[IssueId] = []
        by_channel: defaultdict[ChannelId, list[LostSend]] = defaultdict(list)
        for lost in await self._outbox.lost_sends(newsletter):
            by_channel[lost.channel].append(lost)
        for channel, all_lost in by_channel.items():
            async with self._locks[channel]:
                if not await self._outbox.unfinished(channel=channel):  # else a message may be what one of them is about
                    deleted += await self._delete_late(channel, all_lost)
        return deleted

    async def _delete_late(self, channel: ChannelId, all_lost: Sequence[LostSend]) -> list[IssueId]:
        now = self._clock()
        recent = [lost for lost in all_lost if abs(now - lost.given_up_at) < LATE_MATTER]
        late: list[SeenMessage] = []
        try:
            if recent:
                await self._outlet.check_permissions(channel)
                history = await self._outlet.history(channel, after=min(lost.after for lost in recent))
                claimed = await self._outbox.claimed([seen.message for seen in history.own])
                late = [seen for seen in history.own if seen.message not in claimed]
        except OutletError as error:
            if error.code != UNKNOWN_CHANNEL:
                raise
            recent = []
        deleted: list[IssueId] = []
        for lost in all_lost:
            found = next((seen for seen in late if seen.message > lost.after and is_same_but_jumps(lost.body, seen)), None)
            if found and lost in recent:
                await self._outlet.delete(channel, found.message)
                late.remove(found)
                deleted.append(lost.issue)
            elif lost in recent and abs(now - lost.given_up_at) < LATE_COME:
                continue
            await self._outbox.forget_lost(lost)
        return deleted

    async def _deliver(self, aim: _Aim, tally: _Tally) -> None:
        for written in await self._outbox.unfinished(aim.delivery.issue, aim.channel):
            tally.outcome += await self._settle(written, aim.read_file)
        await self._converge(aim, tally)

    async def _clear(self, aim: _Aim, keys: Collection[PostKey] | None, tally: _Tally) -> None:
        await self._outbox.unsettle(aim.delivery.id)
        for written in await self._outbox.unfinished(aim.delivery.issue, aim.channel):
            tally.outcome += await self._settle(written, None)
        for message in reversed(await self._outbox.held_of(aim.delivery.id)):
            if keys is None or is_of(message.key, keys):
                tally.outcome += await self._perform(aim, Delete(message=message.message), tally)

    async def _guarded(self, work: Coroutine[Any, Any, None], tally: _Tally) -> Outcome:
        """Turn what ends some work early into its outcome."""
        try:
            await work
        except _WaitError as wait:
            return replace(tally.outcome, waits_until=wait.until)
        except _HeldBackError:
            return replace(tally.outcome, held_back=True)
        except RateLimitedError as error:
            return replace(tally.outcome, waits_until=self._clock() + timedelta(seconds=error.retry_after))
        except (OutletError, SourceError) as error:
            return replace(tally.outcome, error=error)
        return tally.outcome

    async def _converge(self, aim: _Aim, tally: _Tally) -> None:
        """Plan and carry out until there is nothing to do."""
        for _ in range(_ROUNDS):
            messages = await self._outbox.held_of(aim.delivery.id)
            held = [held_of(message) for message in messages]
            operations = plan(aim.posts, held, guild=aim.guild, channel=aim.channel, publish=aim.publish)
            if not operations:
                return
            first = next((operation for operation in operations if isinstance(operation, Send)), None)
            if first and not tally.looked:
                await self._check(aim, first, tally)
                tally.looked = True
                if await self._adopt(aim, tally, messages):
                    continue
            waits = {message.message: message.not_before for message in messages if message.published_at}
            try:
                for number, operation in enumerate(operations):
                    if aim.progress:
                        done = tally.outcome.requests
                        total = done + len(operations) - number
                        aim.progress(Step(issue=aim.delivery.issue, operation=operation, number=done + 1, total=total))
                    if isinstance(operation, Publish):
                        await self._check_publish_wait(aim.channel, operations[number:])
                    elif isinstance(operation, Edit):
                        self._check_edit_wait(waits.get(operation.message))
                    tally.outcome += await self._perform(aim, operation, tally)
            except _VoidError:
                continue
        sentence = f"Channel {aim.channel} keeps changing while issue {aim.delivery.issue} is posted to it: the next pass goes on."
        raise OutletError(sentence, status=None, permanent=False)

    async def _adopt(self, aim: _Aim, tally: _Tally, held: Sequence[DeliveredMessage]) -> bool:
        """Look through the end of the channel for posts that are not written down, and adopt them; tell whether there were any.

        There are none unless the store is older than the channel. It knows of everything up to its last pass, so that is how far
        back is looked: on an ordinary day one page of history.
        """
        record = await self._store.issue(aim.delivery.issue)
        last_pass = (await self._store.newsletter(record.newsletter)).last_pass_at
        since = min(last_pass or record.first_seen, self._clock()) - CLOCK_SKEW
        history = await self._outlet.history(aim.channel, since=since)
        tally.newest = history.newest
        if aim.delivery.is_repost and aim.posts[0].key != COVER:
            # Some sections alone begin with nothing that only this issue has: what reads like them may be another one's.
            return False
        matches = recognise(
            [post.body() for post in aim.posts],
            history.own,
            claimed=await self._outbox.claimed([seen.message for seen in history.own]),
            cover=min((message.message for message in held), default=None),
        )
        carried = {match.seen.message: aim.posts[match.post] for match in matches if match.post is not None}
        places = {message.key: message.message for message in held} | {post.key: message for message, post in carried.items()}
        urls = {key: message_url(aim.guild, aim.channel, message) for key, message in places.items()}
        adoptions: list[Adoption] = []
        for seen in (match.seen for match in matches):
            post = carried.get(seen.message)
            # The bytes of files cannot be compared, so a message with some is made to have the right ones.
            known = post is not None and not post.files and is_same(post.body(urls), seen)
            digest = post.digest(urls) if post and known else UNKNOWN
            found = Adoption(
                message=seen.message,
                key=post.key if post else NO_KEY,
                digest=digest,
                published=seen.published,
                pings=post is not None and post.ping is not None,
            )
            adoptions.append(found)
        if adoptions:
            await self._outbox.adopt(aim.delivery, adoptions, now=self._clock())
        return bool(adoptions)

    async def _check(self, aim: _Aim, operation: Send | Edit, tally: _Tally) -> None:
        """Raise OutletError when a message is not to be sent or edited now; permissions are asked for once a delivery."""
        self._check_trouble(aim.channel, operation.post.digest(operation.urls))
        if not tally.permitted:
            await self._outlet.check_permissions(aim.channel, files=any(post.files for post in aim.posts))
            tally.permitted = True

    def _check_edit_wait(self, until: datetime | None) -> None:
        """Raise _WaitError when Discord asked to edit a published message no more until an instant."""
        if until and timedelta() < until - self._clock() <= LONGEST_WAIT:
            raise _WaitError(until)

    async def _check_publish_wait(self, channel: ChannelId, ahead: Sequence[Operation]) -> None:
        """Raise _WaitError when nothing may be crossposted in the channel yet, having noted it with the messages that wait."""
        until = await self._publish_wait(channel, self._clock())
        if until is not None:
            waiting = [operation.message for operation in ahead if isinstance(operation, Publish)]
            await self._outbox.hold_back(waiting, until=until)
            raise _WaitError(until)

    async def _publish_wait(self, channel: ChannelId, now: datetime) -> datetime | None:
        """Return until when nothing may be crossposted in a channel, by Discord's word and by the count of the last hour."""
        told = await self._outbox.publish_wait(channel, now=now, limit=now + LONGEST_WAIT)
        # What a clock that went back wrote down as still to come does not count: Discord itself says when it is too much.
        times = [when for when in await self._outbox.publish_times(channel, since=now - PUBLISH_SPAN) if when <= now]
        counted = times[-PUBLISH_LIMIT] + PUBLISH_SPAN if len(times) >= PUBLISH_LIMIT else None
        return max((until for until in (told, counted) if until), default=None)

    async def _perform(self, aim: _Aim, operation: Operation, tally: _Tally) -> Outcome:
        """Carry out one operation."""
        match operation:
            case Send(post=post, urls=urls):
                await self._check(aim, operation, tally)
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
                    after=max(tally.newest or MessageId(0), await self._outbox.newest(aim.channel)),
                )
                now = self._clock()
                begin = partial(self._store.begin, issue=aim.delivery.issue) if aim.yields else self._outbox.begin
                written = await begin(request, now=now)
                if written is None:
                    raise _HeldBackError
                return await self._send(written, files)
            case Edit(message=message, post=post, urls=urls):
                await self._check(aim, operation, tally)
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
                await self._outbox.rekey(message, key)
                return Outcome()
            case _:
                assert_never(operation)

    async def _begin_bare(self, aim: _Aim, kind: RequestKind, message: MessageId) -> WrittenRequest:
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
        except _VoidError:  # it was gone already: what was wanted is so
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
                raise _VoidError from error
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

    async def _settle(self, written: WrittenRequest, read_file: ReadFile | None) -> Outcome:
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
        except _VoidError:
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
        claimed = await self._outbox.claimed([seen.message for seen in history.own])
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
        return await self._send(written, await _uploads(request.files, read_file or _nothing_to_read))


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
