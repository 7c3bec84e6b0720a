"""The part of the ledger that knows what moderators posted again, and which posts a copy has.

A copy is a series of messages beside the announcement, of the whole issue or of some sections, in the same channel or another one. It
is kept in step with its issue, mentions nobody, and goes when the announcement goes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, Delete, Row, Select, delete, insert, select, union_all, update

from heartbeat_bot.errors import StateError
from heartbeat_bot.ids import ChannelId, GuildId, IssueId
from heartbeat_bot.rendering.post import Post, PostKey, is_of
from heartbeat_bot.sources.snapshot import BlobId
from heartbeat_bot.store import tables
from heartbeat_bot.store.approval import Version
from heartbeat_bot.store.receipts import ANNOUNCEMENT, NOTICE, Series
from heartbeat_bot.store.sqlite import Database, Store, reading, writing
from heartbeat_bot.store.tables import State
from heartbeat_bot.store.writes import Remembered, Writes

_FIRST: Final = 2
"""The number of a channel's first copy: the announcement is the first of its kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """What a moderator posted again. ``keys`` are the sections (see :func:`post.is_of`), None for the whole issue.

    ``shown`` is the blob whose text its messages show, None until they show it whole, and ``shown_as`` how that was rendered, as of
    an issue. ``created_at`` is UTC. ``approved`` is the version (see ``approval.py``) that a moderator confirmed, or that it shows.
    """

    issue: IssueId
    guild: GuildId
    channel: ChannelId
    series: Series
    keys: tuple[PostKey, ...] | None
    created_at: datetime
    shown: BlobId | None = None
    shown_as: str | None = None
    approved: Version | None = None

    def posts(self, posts: Sequence[Post]) -> tuple[Post, ...]:
        """Return what the copy has of an issue's posts, in their order, none of them with a ping.

        A cover's jumps lead to messages of the copy itself; those to sections that it does not have are left out when it is sent.
        """
        return tuple(_without_ping(post) for post in posts if self.keys is None or is_of(post.key, self.keys))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """A series of which messages are left, or a request is under way, while its copy is no more."""

    issue: IssueId
    channel: ChannelId
    series: Series


class Copies(Store):
    """What was posted again, in the ledger's database. Each method is one transaction."""

    def __init__(self, database: Database) -> None:
        """Use the ledger's database."""
        super().__init__(database)
        writes = Writes(database, tables.copies, tables.receipts, tables.intents, tables.issues)
        self._copies = Remembered[Sequence[Copy]](writes)
        self._strays = Remembered[Sequence[Stray]](writes)

    async def of(self, issue: IssueId) -> Sequence[Copy]:
        """Return the copies of an issue, the oldest first."""
        return await self._read(select(tables.copies).where(tables.copies.c.issue == issue))

    async def of_newsletter(self, newsletter: str) -> Sequence[Copy]:
        """Return the copies of a newsletter's issues, the oldest first. They are read again only when something was written."""
        issues = tables.issues
        query = select(tables.copies).join(issues, issues.c.id == tables.copies.c.issue).where(issues.c.newsletter == newsletter)
        return await self._copies.get(newsletter, partial(self._read, query))

    @writing
    def add(
        self,
        connection: Connection,
        issue: IssueId,
        *,
        guild: GuildId,
        channel: ChannelId,
        keys: Sequence[PostKey] | None = None,
        instead_of: Sequence[Copy] = (),
        version: Version | None = None,
        now: datetime,
    ) -> Series:
        """Note that an issue, or some of its sections, is to be posted again in a channel; return the series.

        The copies ``instead_of`` which it comes are wanted no more, as after :meth:`drop`. ``version`` is what the moderator confirmed,
        the text that is known when None.

        The next pass posts it, or :meth:`Publisher.bring_in_step` at once. Raises StateError for an issue that is not out, so that
        there is nothing to be posted again: one that is neither announced nor known from before, or is gone or taken back.
        """
        _check_out(connection, issue)
        series = Series(str(_next_number(connection, issue, channel)))
        for copy in instead_of:
            connection.execute(_drop(copy.issue, copy.channel, copy.series))
        values: dict[str, Any] = {"issue": issue, "guild": guild, "channel": channel, "series": series}
        known = connection.execute(select(tables.issues.c.blob).where(tables.issues.c.id == issue)).scalar_one()
        values |= {"keys": None if keys is None else list(keys), "created_at": now, "approved": version or known}
        connection.execute(insert(tables.copies).values(values))
        return series

    @writing
    def drop(self, connection: Connection, issue: IssueId, channel: ChannelId, series: Series) -> None:
        """Note that a copy is wanted no more: the next pass deletes its messages, or a :meth:`Publisher.bring_in_step` without posts."""
        connection.execute(_drop(issue, channel, series))

    @writing
    def delivered(
        self, connection: Connection, copy: Copy, *, blob: BlobId, rendering: str, version: Version | None = None
    ) -> None:
        """Note that the messages of a copy show a blob's text whole, rendered in a way that ``rendering`` names; as of an issue."""
        table = tables.copies
        this = update(table).where(table.c.issue == copy.issue, table.c.channel == copy.channel, table.c.series == copy.series)
        connection.execute(this.values(shown=blob, shown_as=rendering, approved=version or blob))

    async def strays(self, newsletter: str) -> Sequence[Stray]:
        """Return what is left of copies that are no more. It is read again only when something was written."""
        return await self._strays.get(newsletter, partial(self._find_strays, newsletter))

    @reading
    def _find_strays(self, connection: Connection, newsletter: str) -> Sequence[Stray]:
        issues, copies = tables.issues, tables.copies
        parts: list[Select[Any, Any, Any]] = []
        for table in (tables.receipts, tables.intents):
            own = (copies.c.issue == table.c.issue) & (copies.c.channel == table.c.channel) & (copies.c.series == table.c.series)
            part = (
                select(table.c.issue, table.c.channel, table.c.series)
                .join(issues, issues.c.id == table.c.issue)
                .outerjoin(copies, own)
                .where(issues.c.newsletter == newsletter, copies.c.id.is_(None), table.c.series.not_in([ANNOUNCEMENT, NOTICE]))
            )
            parts.append(part.where(tables.receipts.c.released_at.is_(None)) if table is tables.receipts else part)
        found = {(row.issue, row.channel, row.series) for row in connection.execute(union_all(*parts))}
        return [Stray(issue=issue, channel=channel, series=series) for issue, channel, series in sorted(found)]

    @reading
    def _read(self, connection: Connection, query: Select[Any]) -> Sequence[Copy]:
        return [_copy_of(row) for row in connection.execute(query.order_by(tables.copies.c.id))]


def _drop(issue: IssueId, channel: ChannelId, series: Series) -> Delete:
    table = tables.copies
    return delete(table).where(table.c.issue == issue, table.c.channel == channel, table.c.series == series)


def drop_all(connection: Connection, issue: IssueId) -> None:
    """Note, within a transaction, that no copy of an issue is wanted any more."""
    connection.execute(delete(tables.copies).where(tables.copies.c.issue == issue))


def _check_out(connection: Connection, issue: IssueId) -> None:
    """Raise StateError for an issue that readers cannot have seen."""
    table = tables.issues
    columns = (table.c.state, table.c.announced_at, table.c.retracted_at, table.c.baseline, table.c.doubt)
    row = connection.execute(select(*columns).where(table.c.id == issue)).one_or_none()
    if row is None:
        raise StateError(f"There is no issue number {issue}: `heartbeat-bot issues` lists them.")
    if row.retracted_at is not None:
        raise StateError("The issue was taken back: approve it first.")
    if row.state == State.GONE:
        raise StateError("The issue's file is gone: there is nothing to post.")
    known = row.baseline or (row.state == State.TOO_OLD and row.doubt is None)
    if row.announced_at is None and not known:
        raise StateError("The issue has not been announced yet: approve it first.")


def _next_number(connection: Connection, issue: IssueId, channel: ChannelId) -> int:
    """Return the number of an issue's next copy in a channel: one that no message and no request ever had."""
    taken = _FIRST - 1
    for table in (tables.copies, tables.receipts, tables.intents):
        query = select(table.c.series).where(table.c.issue == issue, table.c.channel == channel).distinct()
        names = connection.execute(query).scalars()
        taken = max([taken, *(int(name) for name in names if name.isdecimal())])
    return taken + 1


def _without_ping(post: Post) -> Post:
    if post.ping is None:
        return post
    return replace(post, ping=None, content=post.content.replace(f"<@&{post.ping}>", "", 1).strip())


def _copy_of(row: Row[Any]) -> Copy:
    return Copy(
        issue=row.issue,
        guild=row.guild,
        channel=row.channel,
        series=row.series,
        keys=None if row.keys is None else tuple(row.keys),
        created_at=row.created_at,
        shown=row.shown,
        shown_as=row.shown_as,
        approved=row.approved,
    )
