"""The part of the store that knows which of Discord's scheduled events was made of which event of an issue.

A row is written before Discord is asked to make the event, without its number; one that still has none may have been made or not,
and is looked for among the server's events.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from heartbeat_bot.database import tables
from heartbeat_bot.database.protocol import DatabasePart, reading, writing
from heartbeat_bot.ids import GuildId


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerEvent:
    """An event of a server. ``key`` names the event of an issue, the same from run to run; ``path`` is that issue's file.

    ``scheduled_event`` is Discord's number, None until Discord is known to have made it. ``digest`` is what it shows, hashed, and
    ``told_digest`` the change of which moderators have been told, None when of none. Instants are UTC.
    """

    guild: GuildId
    key: str
    scheduled_event: int | None
    newsletter: str
    path: str
    digest: str
    told_digest: str | None
    created_at: datetime
    updated_at: datetime


class ServerEventRows(DatabasePart):
    """Discord's scheduled events, in the store's database. Each method is one transaction."""

    @reading
    def find(self, connection: Connection, guild: GuildId, key: str) -> ServerEvent | None:
        """Return the event of that key, None when none was begun."""
        row = connection.execute(select(tables.server_events).where(_is(guild, key))).mappings().one_or_none()
        return None if row is None else ServerEvent(**row)

    async def begin(self, guild: GuildId, key: str, *, newsletter: str, path: str, digest: str, now: datetime) -> bool:
        """Write down that an event is about to be made; return False when it has been begun already."""
        values: dict[str, Any] = {"guild": guild, "key": key, "newsletter": newsletter, "path": path, "digest": digest}
        values |= {"created_at": now, "updated_at": now}
        try:
            await self._insert(values)
        except IntegrityError:
            if await self.find(guild, key) is None:
                raise
            return False
        return True

    async def made(self, guild: GuildId, key: str, scheduled_event: int, *, now: datetime) -> None:
        """Note the number of an event that Discord has made."""
        await self._set(guild, key, {"scheduled_event": scheduled_event, "updated_at": now})

    async def changed(self, guild: GuildId, key: str, *, digest: str, now: datetime) -> None:
        """Note that an event shows something else now; there is no change left to tell of."""
        await self._set(guild, key, {"digest": digest, "told_digest": None, "updated_at": now})

    async def notified(self, guild: GuildId, key: str, *, digest: str, now: datetime) -> None:
        """Note that moderators have been told of a change that the event does not show."""
        await self._set(guild, key, {"told_digest": digest, "updated_at": now})

    async def rename(self, guild: GuildId, key: str, to: str) -> None:
        """Let an event go by another key, under which there is none: the issue tells of it otherwise now."""
        await self._set(guild, key, {"key": to})

    @writing
    def forget(self, connection: Connection, guild: GuildId, key: str) -> None:
        """Forget an event: it was not made, or is no more, and may be made anew."""
        connection.execute(delete(tables.server_events).where(_is(guild, key)))

    async def of_newsletter(self, newsletter: str) -> Sequence[ServerEvent]:
        """Return the events made of a newsletter's issues, the earliest made first."""
        return await self._all(tables.server_events.c.newsletter == newsletter)

    async def of_guild(self, guild: GuildId) -> Sequence[ServerEvent]:
        """Return the events of a server, the earliest made first."""
        return await self._all(tables.server_events.c.guild == guild)

    @reading
    def _all(self, connection: Connection, which: ColumnElement[bool]) -> Sequence[ServerEvent]:
        table = tables.server_events
        query = select(table).where(which).order_by(table.c.created_at, table.c.guild, table.c.key)
        return [ServerEvent(**row) for row in connection.execute(query).mappings()]

    @writing
    def _insert(self, connection: Connection, values: Mapping[str, Any]) -> None:
        connection.execute(insert(tables.server_events).values(values))

    @writing
    def _set(self, connection: Connection, guild: GuildId, key: str, values: Mapping[str, Any]) -> None:
        connection.execute(update(tables.server_events).where(_is(guild, key)).values(values))


def _is(guild: GuildId, key: str) -> ColumnElement[bool]:
    return (tables.server_events.c.guild == guild) & (tables.server_events.c.key == key)
