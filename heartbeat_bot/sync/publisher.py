"""Makes channels agree with posts, exactly once: a request is written down before it is made, and what it did after it.

Whatever stops the program, at any instant, leaves at most one unfinished request per issue and channel, which is settled before
anything else is done with them. Every method may be called again at any time; what is done already is not done twice.

Before anything is appended to a channel, its end is read once: posts that stand there that are not written down (the database was restored
from an older copy) are adopted, not sent again. What is known by an id in a channel is asked by that id, not by clocks: this
machine's and Discord's may differ by any amount, and ids only grow.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Final

from heartbeat_bot.clock import Clock
from heartbeat_bot.errors import OutletError, RateLimitedError, SourceError, UserError
from heartbeat_bot.ids import ChannelId, GuildId, IssueId, message_url
from heartbeat_bot.ports import UNKNOWN_CHANNEL, Messages, SeenMessage
from heartbeat_bot.rendering.post import COVER, UNKNOWN, Post, PostKey, is_of
from heartbeat_bot.store.deliveries import Delivery, DeliveryKind
from heartbeat_bot.store.messages import DeliveredMessage
from heartbeat_bot.store.outbox import NO_KEY, Adoption, LostSend
from heartbeat_bot.store.store import Store
from heartbeat_bot.sync.outcome import Outcome, Progress, ReadFile, Step
from heartbeat_bot.sync.plan import Delete, Edit, Held, Operation, Publish, Send, plan
from heartbeat_bot.sync.recovery import is_same, is_same_but_jumps, recognise
from heartbeat_bot.sync.requests import (
    CLOCK_SKEW,
    Aim,
    DeliveryTally,
    HeldBackError,
    Requests,
    VoidError,
    WaitError,
    fresh_nonce,
    nothing_to_read,
)

LATE_COME: Final = timedelta(minutes=15)
"""For how long a send that was given up is looked for by each pass: proxies and Discord let go of a request long before."""
LATE_MATTER: Final = timedelta(days=1)
"""After so long it is forgotten without a look: in a store that was restored since, what reads like it may be another issue's."""

_ROUNDS: Final = 20
"""Plans until an empty one: three are enough, and each message that a person deleted meanwhile costs one more."""


def held_of(message: DeliveredMessage) -> Held:
    """Return a delivered message as :func:`plan.plan` takes it."""
    return Held(message=message.message, key=message.key, digest=message.digest, published=message.published_at is not None)


class Publisher:
    """Brings channels in step with posts. One channel is worked on by one task at a time; errors of one issue stop no other."""

    def __init__(self, store: Store, outlet: Messages, *, clock: Clock, nonce: Callable[[], str] = fresh_nonce) -> None:
        """Write to ``store``, send through ``outlet``, and tell the time by ``clock`` (aware instants)."""
        self._store = store
        self._outbox = store.outbox
        self._messages = store.messages
        self._outlet = outlet
        self._clock = clock
        self._requests = Requests(store, outlet, clock=clock, nonce=nonce)
        self._locks: defaultdict[ChannelId, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def deliver(
        self,
        delivery: Delivery,
        posts: Sequence[Post],
        *,
        publish: bool = False,
        read_file: ReadFile = nothing_to_read,
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
        aim = Aim(delivery=delivery, posts=posts, publish=publish, read_file=read_file, progress=progress, yields=yields)
        return await self._do(delivery, partial(self._deliver, aim))

    async def _do(self, delivery: Delivery, work: Callable[[DeliveryTally], Coroutine[Any, Any, None]]) -> Outcome:
        """Do some work on a channel alone; return what came of it, as far as it came, and note what went wrong with the delivery."""
        async with self._locks[delivery.channel]:
            tally = DeliveryTally()
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
        aim = Aim(delivery=delivery, posts=(), publish=False, read_file=nothing_to_read, progress=None)
        return await self._do(delivery, partial(self._clear, aim, keys))

    async def operations(
        self, delivery: Delivery, posts: Sequence[Post], *, guild: GuildId, publish: bool
    ) -> tuple[Operation, ...]:
        """Return what :meth:`deliver` would ask of Discord."""
        held = [held_of(message) for message in await self._messages.held_of(delivery.id)]
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
                        await self._requests.settle(written, read_file)
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
                claimed = await self._messages.claimed([seen.message for seen in history.own])
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

    async def _deliver(self, aim: Aim, tally: DeliveryTally) -> None:
        for written in await self._outbox.unfinished(aim.delivery.issue, aim.channel):
            tally.outcome += await self._requests.settle(written, aim.read_file)
        await self._converge(aim, tally)

    async def _clear(self, aim: Aim, keys: Collection[PostKey] | None, tally: DeliveryTally) -> None:
        await self._outbox.unsettle(aim.delivery.id)
        for written in await self._outbox.unfinished(aim.delivery.issue, aim.channel):
            tally.outcome += await self._requests.settle(written, None)
        for message in reversed(await self._messages.held_of(aim.delivery.id)):
            if keys is None or is_of(message.key, keys):
                tally.outcome += await self._requests.perform(aim, Delete(message=message.message), tally)

    async def _guarded(self, work: Coroutine[Any, Any, None], tally: DeliveryTally) -> Outcome:
        """Turn what ends some work early into its outcome."""
        try:
            await work
        except WaitError as wait:
            return replace(tally.outcome, waits_until=wait.until)
        except HeldBackError:
            return replace(tally.outcome, held_back=True)
        except RateLimitedError as error:
            return replace(tally.outcome, waits_until=self._clock() + timedelta(seconds=error.retry_after))
        except (OutletError, SourceError) as error:
            return replace(tally.outcome, error=error)
        return tally.outcome

    async def _converge(self, aim: Aim, tally: DeliveryTally) -> None:
        """Plan and carry out until there is nothing to do."""
        for _ in range(_ROUNDS):
            messages = await self._messages.held_of(aim.delivery.id)
            held = [held_of(message) for message in messages]
            operations = plan(aim.posts, held, guild=aim.guild, channel=aim.channel, publish=aim.publish)
            if not operations:
                return
            first = next((operation for operation in operations if isinstance(operation, Send)), None)
            if first and not tally.looked:
                await self._requests.check(aim, first, tally)
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
                        await self._requests.check_publish_wait(aim.channel, operations[number:])
                    elif isinstance(operation, Edit):
                        self._requests.check_edit_wait(waits.get(operation.message))
                    tally.outcome += await self._requests.perform(aim, operation, tally)
            except VoidError:
                continue
        sentence = f"Channel {aim.channel} keeps changing while issue {aim.delivery.issue} is posted to it: the next pass goes on."
        raise OutletError(sentence, status=None, permanent=False)

    async def _adopt(self, aim: Aim, tally: DeliveryTally, held: Sequence[DeliveredMessage]) -> bool:
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
            claimed=await self._messages.claimed([seen.message for seen in history.own]),
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
