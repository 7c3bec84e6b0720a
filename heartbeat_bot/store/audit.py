"""The part of the store that remembers who did what, when, and what came of it.

An action is written down before it is begun, with what tells a second request for the same from another one (the id of Discord's
interaction); so a double click does nothing twice. One without an outcome that nobody works on was cut off. What the moderators are to be
told of it is written down with the outcome, and stays until they have been told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NewType

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from heartbeat_bot.database import tables
from heartbeat_bot.database.protocol import DatabasePart, reading, writing
from heartbeat_bot.ids import IssueId

ActionId = NewType("ActionId", int)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What a person did. ``who`` is the id of a Discord user, ``name`` that person's name at the time.

    ``guild`` and ``channel`` are where they did it, None in a direct message. ``newsletter`` and ``issue`` are None where it was about none (the issue may be forgotten by now). ``outcome`` is a sentence, None
    while it is under way. ``note`` is what the moderators are still to be told of it, None for nothing. Instants are UTC.
    """

    id: ActionId
    token: str | None
    who: int
    name: str
    verb: str
    newsletter: str | None
    issue: IssueId | None
    detail: str
    guild: int | None
    channel: int | None
    begun_at: datetime
    outcome: str | None
    done_at: datetime | None
    note: str | None = None


class Actions(DatabasePart):
    """What people did, in the store's database. Each method is one transaction."""

    async def begin(  # noqa: PLR0913 - one per column, by name
        self,
        *,
        token: str | None,
        who: int,
        name: str,
        verb: str,
        newsletter: str | None = None,
        issue: IssueId | None = None,
        detail: str = "",
        guild: int | None = None,
        channel: int | None = None,
        outcome: str | None = None,
        note: str | None = None,
        now: datetime,
    ) -> ActionId | None:
        """Write down that somebody is about to do something; return None when that token was used already. None is no token.

        With an ``outcome`` it is over already; ``note`` is as in :meth:`end`.
        """
        values: dict[str, Any] = {"token": token, "who": who, "name": name, "verb": verb, "newsletter": newsletter}
        values |= {"issue": issue, "detail": detail, "guild": guild, "channel": channel, "begun_at": now}
        values |= {"outcome": outcome, "done_at": None if outcome is None else now, "note": note}
        try:
            return await self._insert(values)
        except IntegrityError:
            if token is None or not await self._is_used(token):
                raise
            return None

    @writing
    def end(self, connection: Connection, action: ActionId, outcome: str, *, note: str | None = None, now: datetime) -> None:
        """Write down what came of an action, a sentence, and what the moderators are to be told; what was written first stays."""
        table = tables.actions
        this = update(table).where(table.c.id == action, table.c.outcome.is_(None))
        connection.execute(this.values(outcome=outcome, done_at=now, note=note))

    @reading
    def untold(self, connection: Connection) -> Sequence[Action]:
        """Return the actions of which the moderators are still to be told, the oldest first."""
        query = select(tables.actions).where(tables.actions.c.note.is_not(None)).order_by(tables.actions.c.id)
        return [Action(**row) for row in connection.execute(query).mappings()]

    @writing
    def notified(self, connection: Connection, action: ActionId) -> None:
        """Note that the moderators have been told of an action, or will not be any more."""
        connection.execute(update(tables.actions).where(tables.actions.c.id == action).values(note=None))

    @reading
    def latest(self, connection: Connection, limit: int, newsletter: str | None = None) -> Sequence[Action]:
        """Return the last actions (about one newsletter), the newest first, ``limit`` at most."""
        query = select(tables.actions).order_by(tables.actions.c.id.desc()).limit(limit)
        if newsletter is not None:
            query = query.where(tables.actions.c.newsletter == newsletter)
        return [Action(**row) for row in connection.execute(query).mappings()]

    @reading
    def unfinished(self, connection: Connection) -> Sequence[Action]:
        """Return the actions that have no outcome, the oldest first: on start, those that were cut off."""
        query = select(tables.actions).where(tables.actions.c.outcome.is_(None)).order_by(tables.actions.c.id)
        return [Action(**row) for row in connection.execute(query).mappings()]

    @writing
    def _insert(self, connection: Connection, values: Mapping[str, Any]) -> ActionId:
        result = connection.execute(insert(tables.actions).values(values).returning(tables.actions.c.id))
        return ActionId(result.scalar_one())

    @reading
    def _is_used(self, connection: Connection, token: str) -> bool:
        query = select(tables.actions.c.id).where(tables.actions.c.token == token)
        return connection.execute(query).first() is not None
