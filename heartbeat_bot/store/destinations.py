"""Where newsletters go: a *destination* is a place that a newsletter goes to, or went to once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update

from heartbeat_bot.database import tables
from heartbeat_bot.database.protocol import DatabasePart, changing, reading
from heartbeat_bot.ids import ChannelId, DestinationId, GuildId
from heartbeat_bot.store.newsletters import ensure_newsletter


class Declared(StrEnum):
    """Where a destination comes from."""

    CONFIG = "config"
    """The configuration names it: issues are announced there."""
    REPOST = "repost"
    """A moderator posted something there once more."""
    MODERATION = "moderation"
    """It is the moderators' channel, which all newsletters share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A place that a newsletter goes to. ``baseline_at`` (UTC) is None until the first pass that knows it is done."""

    id: DestinationId
    newsletter: str | None
    channel: ChannelId
    guild: GuildId | None = None
    declared: Declared = Declared.CONFIG
    baseline_at: datetime | None = None


class Destinations(DatabasePart):
    """Destinations, in the store's database. Each method is one transaction."""

    @changing
    def declare(
        self, connection: Connection, newsletter: str, channels: Sequence[ChannelId], *, now: datetime
    ) -> list[Destination]:
        """Note which channels the configuration announces a newsletter in; return a destination for each, in their order.

        One that is not declared any more keeps what was delivered there, and nothing is done about it; what was still to come there is
        forgotten. Declared again, it begins anew with a baseline. What an earlier version knew without writing down where is taken to be of
        the first of ``channels``.
        """
        ensure_newsletter(connection, newsletter)
        table = tables.destinations
        mine = _by_config(newsletter)
        known = {row.channel: row for row in connection.execute(select(table).where(*mine))}
        if None in known and channels and channels[0] not in known:
            connection.execute(update(table).where(table.c.id == known[None].id).values(channel=channels[0]))
        for channel in channels:
            row = known.get(channel, known.get(None) if channel == channels[0] else None)
            if row is None:
                connection.execute(insert(table).values(newsletter=newsletter, channel=channel, declared=Declared.CONFIG))
            elif row.removed_at is not None:
                connection.execute(update(table).where(table.c.id == row.id).values(removed_at=None, baseline_at=None))
        gone = select(table.c.id).where(*mine, table.c.channel.not_in(channels), table.c.removed_at.is_(None))
        for number in connection.execute(gone).scalars().all():
            announcements = delete(tables.deliveries).where(tables.deliveries.c.destination == number)
            connection.execute(announcements.where(tables.deliveries.c.announced_at.is_(None)))
            connection.execute(update(table).where(table.c.id == number).values(removed_at=now))
        found = {row.channel: _destination_of(row) for row in connection.execute(select(table).where(*mine))}
        return [found[channel] for channel in channels]

    @reading
    def declared(self, connection: Connection, newsletter: str) -> list[Destination]:
        """Return the destinations of a newsletter that the configuration named when it was last declared."""
        table = tables.destinations
        query = select(table).where(*_by_config(newsletter), table.c.removed_at.is_(None), table.c.channel.is_not(None))
        return [_destination_of(row) for row in connection.execute(query)]

    @changing
    def known_guild(self, connection: Connection, channel: ChannelId, guild: GuildId) -> None:
        """Note of which server a channel is."""
        table = tables.destinations
        other = (table.c.guild.is_(None)) | (table.c.guild != guild)
        connection.execute(update(table).where(table.c.channel == channel, other).values(guild=guild))


def declared_of(connection: Connection, newsletter: str) -> Sequence[DestinationId]:
    """Return, within a transaction, the destinations that the configuration names for a newsletter."""
    table = tables.destinations
    query = select(table.c.id).where(*_by_config(newsletter), table.c.removed_at.is_(None))
    return [DestinationId(number) for number in connection.execute(query).scalars()]


def _by_config(newsletter: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Choose the destinations that the configuration names for a newsletter, or once named."""
    table = tables.destinations
    return table.c.newsletter == newsletter, table.c.declared == Declared.CONFIG


def destination_in(
    connection: Connection, newsletter: str | None, channel: ChannelId, guild: GuildId, declared: Declared
) -> DestinationId:
    """Return, within a transaction, the destination that is that channel, made when there is none, and note of which server it is."""
    table = tables.destinations
    mine = table.c.newsletter.is_(None) if newsletter is None else table.c.newsletter == newsletter
    query = update(table).where(mine, table.c.channel == channel, table.c.declared == declared).values(guild=guild)
    found = connection.execute(query.returning(table.c.id)).scalar_one_or_none()
    if found is None:
        values = {"newsletter": newsletter, "channel": channel, "guild": guild, "declared": declared}
        found = connection.execute(insert(table).values(values).returning(table.c.id)).scalar_one()
    return DestinationId(found)


def _destination_of(row: Row[Any]) -> Destination:
    return Destination(
        id=row.id,
        newsletter=row.newsletter,
        channel=row.channel,
        guild=row.guild,
        declared=Declared(row.declared),
        baseline_at=row.baseline_at,
    )
