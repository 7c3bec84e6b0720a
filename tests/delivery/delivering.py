"""How the publisher's tests name what they deliver: an issue's announcement, a repost or a notice of it, in some channel."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from heartbeat_bot.ids import ChannelId, GuildId, IssueId
from heartbeat_bot.rendering.post import Post
from heartbeat_bot.store.deliveries import Delivery, DeliveryKind, ensure_announcements
from heartbeat_bot.store.store import Store
from heartbeat_bot.sync.outcome import Outcome
from heartbeat_bot.sync.publisher import Publisher

GUILD, CHANNEL = GuildId(1), ChannelId(2)


async def announcement(store: Store, issue: IssueId, channel: ChannelId = CHANNEL, guild: GuildId = GUILD) -> Delivery:
    """Return an issue's announcement in a channel, which becomes a destination when it is none."""
    now = (await store.issue(issue)).first_seen
    known = [one.channel for one in (await store.issue(issue)).announcements]
    if channel not in known:
        *_, destination = await store.destinations.declare("weekly", [*known, channel], now=now)
        await store.database.write(lambda connection: ensure_announcements(connection, destination.id, [issue], now=now))
    found = next(one for one in (await store.issue(issue)).announcements if one.channel == channel)
    return replace(found, guild=guild)


async def announce(
    publisher: Publisher,
    store: Store,
    issue: IssueId,
    posts: Sequence[Post],
    *,
    channel: ChannelId = CHANNEL,
    guild: GuildId = GUILD,
    **more: Any,
) -> Outcome:
    """Deliver an issue's announcement."""
    return await publisher.deliver(await announcement(store, issue, channel, guild), posts, **more)


async def repost(store: Store, issue: IssueId, channel: ChannelId = CHANNEL) -> Delivery:
    """Return the one repost of an issue in a channel, of which it does not matter whether the issue is out; made when there is none."""
    now = (await store.issue(issue)).first_seen
    for known in await store.deliveries.of(issue, DeliveryKind.REPOST):
        if known.channel == channel:
            return known
    return await store.deliveries.repost(issue, guild=GUILD, channel=channel, now=now)


async def notice(store: Store, issue: IssueId, channel: ChannelId) -> Delivery:
    """Return the notice of an issue."""
    return await store.deliveries.notice(issue, channel, GUILD, now=(await store.issue(issue)).first_seen)
