"""What is known of each newsletter: how far its passes came, and whether it is paused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from heartbeat_bot.database import tables
from heartbeat_bot.database.protocol import DatabasePart, reading, writing
from heartbeat_bot.ids import DestinationId


@dataclass(frozen=True, slots=True, kw_only=True)
class Newsletter:
    """What is known of a newsletter. Instants are UTC; ``baseline_at`` None: its first pass is yet to come.

    ``paused_at``: since then a moderator wants nothing sent, edited or deleted of it, None when it goes on.
    """

    name: str
    commit: str | None = None
    baseline_at: datetime | None = None
    last_pass_at: datetime | None = None
    error: str | None = None
    error_at: datetime | None = None
    paused_at: datetime | None = None


class Newsletters(DatabasePart):
    """The newsletters that passes have seen."""

    @reading
    def newsletters(self, connection: Connection) -> list[Newsletter]:
        """Return every newsletter that a pass has seen, by name."""
        rows = connection.execute(select(tables.newsletters).order_by(tables.newsletters.c.name))
        return [_newsletter_of(row) for row in rows]

    @reading
    def newsletter(self, connection: Connection, name: str) -> Newsletter:
        """Return what is known of a newsletter, an empty record for one that no pass has seen."""
        rows = connection.execute(select(tables.newsletters).where(tables.newsletters.c.name == name))
        row = rows.one_or_none()
        return Newsletter(name=name) if row is None else _newsletter_of(row)

    @writing
    def pass_done(
        self, connection: Connection, name: str, *, destinations: Sequence[DestinationId] = (), commit: str, now: datetime
    ) -> None:
        """Note that a pass went through: the first one ends the baseline, of the newsletter and of each of its destinations."""
        table, places = tables.newsletters, tables.destinations
        values = {"commit_id": commit, "last_pass_at": now, "error": None, "error_at": None}
        first = func.coalesce(table.c.baseline_at, now)
        _put(connection, name, values | {"baseline_at": first})
        if destinations:  # a pass that compared nothing names none
            new = update(places).where(places.c.id.in_(destinations), places.c.baseline_at.is_(None))
            connection.execute(new.values(baseline_at=now))

    async def pass_failed(self, name: str, *, error: str, now: datetime) -> None:
        """Note why a pass could not be made."""
        await self._set_newsletter(name, {"error": error, "error_at": now})

    async def pause(self, name: str, *, now: datetime) -> None:
        """Note that a moderator wants nothing sent, edited or deleted of a newsletter until it is resumed."""
        await self._set_newsletter(name, {"paused_at": now})

    async def resume(self, name: str) -> None:
        """Note that a newsletter goes on: the next pass makes good what was left undone."""
        await self._set_newsletter(name, {"paused_at": None})

    @writing
    def _set_newsletter(self, connection: Connection, name: str, values: Mapping[str, Any]) -> None:
        _put(connection, name, values)


def ensure_newsletter(connection: Connection, name: str) -> None:
    """Make, within a transaction, the row of a newsletter that no pass has seen yet."""
    table = tables.newsletters
    if connection.execute(select(table.c.name).where(table.c.name == name)).first() is None:
        connection.execute(insert(table).values(name=name))


def _put(connection: Connection, name: str, values: Mapping[str, Any]) -> None:
    """Change the row of a newsletter, made when there is none: one statement for one that is known, as in each pass."""
    this = update(tables.newsletters).where(tables.newsletters.c.name == name).values(values)
    if not connection.execute(this).rowcount:
        ensure_newsletter(connection, name)
        connection.execute(this)


def _newsletter_of(row: Row[Any]) -> Newsletter:
    return Newsletter(
        name=row.name,
        commit=row.commit_id,
        baseline_at=row.baseline_at,
        last_pass_at=row.last_pass_at,
        error=row.error,
        error_at=row.error_at,
        paused_at=row.paused_at,
    )
