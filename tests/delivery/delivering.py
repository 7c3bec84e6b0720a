"""How the publisher's tests name what they deliver: an issue's announcement, a repost or a notice of it, in some channel."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from heartbeat_bot.ids import ChannelId, GuildId, IssueId
from heartbeat_bot.rendering.post import Post
from heartbeat_bot.store.deliveries import Delivery, Kind, ensure_announcements
from heartbeat_bot.store.ledger import Ledger
from heartbeat_bot.sync.publisher import Outcome, Publisher

GUILD, CHANNEL = GuildId(1), ChannelId(2)


async def announcement(ledger: Ledger, issue: IssueId, channel: ChannelId = CHANNEL, guild: GuildId = GUILD) -> Delivery:
    """Return an issue's announcement in a channel, which becomes a destination when it is none."""
    now = (await ledger.issue(issue)).first_seen
    known = [one.channel for one in (await ledger.issue(issue)).announcements]
    if channel not in known:
        *_, destination = await ledger.deliveries.declare("weekly", [*known, channel], now=now)
        await ledger.database.write(lambda connection: ensure_announcements(connection, destination.id, [issue], now=now))
    found = next(one for one in (await ledger.issue(issue)).announcements if one.channel == channel)
    return replace(found, guild=guild)


async def announce(
    publisher: Publisher,
    ledger: Ledger,
    issue: IssueId,
    posts: Sequence[Post],
    *,
    channel: ChannelId = CHANNEL,
    guild: GuildId = GUILD,
    **more: Any,
) -> Outcome:
    """Deliver an issue's announcement."""
    return await publisher.deliver(await announcement(ledger, issue, channel, guild), posts, **more)


async def repost(ledger: Ledger, issue: IssueId, channel: ChannelId = CHANNEL) -> Delivery:
    """Return the one repost of an issue in a channel, of which it does not matter whether the issue is out; made when there is none."""
    now = (await ledger.issue(issue)).first_seen
    for known in await ledger.deliveries.of(issue, Kind.REPOST):
        if known.channel == channel:
            return known
    return await ledger.deliveries.repost(issue, guild=GUILD, channel=channel, now=now)


async def notice(ledger: Ledger, issue: IssueId, channel: ChannelId) -> Delivery:
    """Return the notice of an issue."""
    return await ledger.deliveries.notice(issue, channel, GUILD, now=(await ledger.issue(issue)).first_seen)
