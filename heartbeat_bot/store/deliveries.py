"""What of newsletters goes where: deliveries.

A *delivery* is one issue, or some of its sections, in one destination: its
announcement, a repost of it, or the notice of it in the moderators' channel. Its messages are in ``messages.py``. A repost is kept in step
with its issue, mentions nobody, and goes when the announcement goes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any, Final, NewType

from sqlalchemy import Connection, Row, Select, delete, insert, select, union, update

from heartbeat_bot.database import tables
from heartbeat_bot.database.protocol import Database, DatabasePart, Remembered, changing, reading
from heartbeat_bot.errors import StateError
from heartbeat_bot.ids import ChannelId, DestinationId, GuildId, IssueId
from heartbeat_bot.policy.approval import Version
from heartbeat_bot.policy.decisions import Code, Reason, State
from heartbeat_bot.rendering.post import Post, PostKey, is_of
from heartbeat_bot.sources.snapshot import BlobId
from heartbeat_bot.store.destinations import Declared, destination_in

DeliveryId = NewType("DeliveryId", int)

NEW: Final = Reason(Code.JUST_READ)
"""Why nothing has become of an issue in a destination where nothing is known of it."""


class DeliveryKind(StrEnum):
    """What a delivery is for."""

    ANNOUNCEMENT = "announcement"
    REPOST = "repost"
    NOTICE = "notice"
    """It has a life of its own: it announces nothing, pings for nobody's issue, and goes neither with the issue nor with its file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One issue, or some of its ``sections`` (see :func:`post.is_of`), in one destination. Instants are UTC.

    ``shown`` is the blob whose text its messages show, None until they show it whole, and ``shown_as`` how that was rendered. ``state``,
    ``reason`` and ``until`` say what has become of the issue here; they are an announcement's alone, as ``baseline``, ``announced_at``,
    ``pinged_at``, ``late`` and ``asked_at`` are. ``approved`` is a repost's: the version (see ``approval.py``) that a moderator confirmed,
    or that it shows. ``says`` is a notice's: names what it says, None while nobody knows. ``guild`` is None until Discord has said of which server its channel is.
    """

    id: DeliveryId
    destination: DestinationId
    issue: IssueId
    kind: DeliveryKind
    channel: ChannelId
    guild: GuildId | None = None
    sections: tuple[PostKey, ...] | None = None
    created_at: datetime
    state: State = State.NEW
    reason: Reason = NEW
    until: datetime | None = None
    baseline: bool = False
    announced_at: datetime | None = None
    pinged_at: datetime | None = None
    shown: BlobId | None = None
    shown_as: str | None = None
    late: BlobId | None = None
    asked_at: datetime | None = None
    approved: Version | None = None
    error: str | None = None
    error_at: datetime | None = None
    says: str | None = None

    @property
    def is_repost(self) -> bool:
        """Whether a moderator posted it once more."""
        return self.kind is DeliveryKind.REPOST

    def posts(self, posts: Sequence[Post]) -> tuple[Post, ...]:
        """Return what it has of an issue's posts, in their order; a repost has none with a ping.

        A cover's jumps lead to messages of the same delivery; those to sections that it does not have are left out when it is sent.
        """
        if not self.is_repost:
            return tuple(posts)
        return tuple(_without_ping(post) for post in posts if self.sections is None or is_of(post.key, self.sections))


class Deliveries(DatabasePart):
    """Destinations and deliveries, in the store's database. Each method is one transaction."""

    def __init__(self, database: Database) -> None:
        """Use the store's database."""
        super().__init__(database)
        self._reposts = Remembered[Sequence[Delivery]](database)
        self._orphans = Remembered[Sequence[Delivery]](database)

    @reading
    def get(self, connection: Connection, delivery: DeliveryId) -> Delivery:
        """Return a delivery."""
        return _by_id(connection, delivery)

    @reading
    def of(self, connection: Connection, issue: IssueId, kind: DeliveryKind | None = None) -> list[Delivery]:
        """Return the deliveries of an issue that are wanted, of one kind or of all, the oldest first."""
        return deliveries_of(connection, [issue], kind).get(issue, [])

    async def reposts(self, newsletter: str) -> Sequence[Delivery]:
        """Return what of a newsletter was posted once more, the oldest first. It is read again only when something was written."""
        return await self._reposts.get(newsletter, partial(self._find_reposts, newsletter))

    @reading
    def _find_reposts(self, connection: Connection, newsletter: str) -> Sequence[Delivery]:
        found = deliveries_of(connection, kind=DeliveryKind.REPOST, newsletter=newsletter)
        return sorted((repost for reposts in found.values() for repost in reposts), key=lambda repost: repost.id)

    async def orphans(self, newsletter: str) -> Sequence[Delivery]:
        """Return the deliveries that are wanted no more and have messages left, or a request under way.

        It is read again only when something was written.
        """
        return await self._orphans.get(newsletter, partial(self._find_orphans, newsletter))

    @reading
    def _find_orphans(self, connection: Connection, newsletter: str) -> Sequence[Delivery]:
        issues, table, messages = tables.issues, tables.deliveries, tables.messages
        left = union(
            select(messages.c.delivery).where(messages.c.released_at.is_(None)), select(tables.outbox.c.delivery)
        ).subquery()
        query = _SELECT.join(issues, issues.c.id == table.c.issue).where(issues.c.newsletter == newsletter)
        return _read(connection, query.where(table.c.ended_at.is_not(None), table.c.id.in_(select(left.c.delivery))))

    @changing
    def repost(
        self,
        connection: Connection,
        issue: IssueId,
        *,
        guild: GuildId,
        channel: ChannelId,
        sections: Sequence[PostKey] | None = None,
        instead_of: Sequence[Delivery] = (),
        version: Version | None = None,
        now: datetime,
    ) -> Delivery:
        """Note that an issue, or some of its sections, is to be posted once more in a channel; return the delivery.

        The reposts ``instead_of`` which it comes are wanted no more, as after :meth:`end`. ``version`` is what the moderator confirmed,
        the text that is known when None.

        The next pass posts it, or :meth:`Publisher.deliver` at once. Raises StateError for an issue that is not out, so that
        there is nothing to be posted once more: one that is neither announced nor known from before, or is gone or taken back.
        """
        newsletter, known = _check_out(connection, issue)
        _end(connection, [one.id for one in instead_of], now)
        destination = destination_in(connection, newsletter, channel, guild, Declared.REPOST)
        values: dict[str, Any] = {"destination": destination, "issue": issue, "kind": DeliveryKind.REPOST, "created_at": now}
        values |= {"sections": None if sections is None else list(sections), "approved": version or known}
        made = connection.execute(insert(tables.deliveries).values(values).returning(tables.deliveries.c.id)).scalar_one()
        return _by_id(connection, DeliveryId(made))

    @changing
    def notice(self, connection: Connection, issue: IssueId, channel: ChannelId, guild: GuildId, *, now: datetime) -> Delivery:
        """Return the notice of an issue in the moderators' channel, made when there is none yet."""
        destination = destination_in(connection, None, channel, guild, Declared.MODERATION)
        return delivery_of(_ensured(connection, destination, issue, DeliveryKind.NOTICE, now))

    @reading
    def notices(self, connection: Connection, newsletter: str) -> dict[DeliveryId, Delivery]:
        """Return the notices of a newsletter's issues, whatever became of the issues and of their messages."""
        found = deliveries_of(connection, kind=DeliveryKind.NOTICE, newsletter=newsletter)
        return {delivery.id: delivery for deliveries in found.values() for delivery in deliveries}

    @changing
    def notice_says(self, connection: Connection, delivery: DeliveryId, says: str | None) -> None:
        """Note what a notice says, as a name for it (see ``notices.py``), None while nobody knows."""
        self._set(connection, delivery, {"says": says})

    @changing
    def end(self, connection: Connection, deliveries: Sequence[DeliveryId], *, now: datetime) -> None:
        """Note that deliveries are wanted no more: the next pass deletes their messages."""
        _end(connection, deliveries, now)

    @changing
    def delivered(
        self, connection: Connection, delivery: Delivery, *, blob: BlobId, rendering: str, version: Version | None = None
    ) -> None:
        """Note that the messages of a delivery show a blob's text whole, rendered in a way that ``rendering`` names.

        ``version`` is the blob's with its pictures. Whoever let it through, it is what later versions are compared with.
        """
        values: dict[str, Any] = {"shown": blob, "shown_as": rendering, "late": None, "asked_at": None}
        values |= {"approved": version or blob} if delivery.is_repost else {}
        self._set(connection, delivery.id, values)
        if not delivery.is_repost:
            # What a moderator had to approve is out: what becomes of later texts of it is for the rules to say.
            approved = {"approved": version or blob, "approval_binds": False, "asks": None, "declined": None}
            connection.execute(update(tables.issues).where(tables.issues.c.id == delivery.issue).values(approved))

    @changing
    def too_late(self, connection: Connection, delivery: DeliveryId, *, blob: BlobId) -> None:
        """Note that a blob whose text readers would see changed came after the edit window, and is not sent."""
        self._set(connection, delivery, {"late": blob})

    @changing
    def failed(self, connection: Connection, delivery: DeliveryId, error: str | None, *, now: datetime) -> None:
        """Note why a delivery could not be read or posted, or, with None, that it could."""
        self._set(connection, delivery, {"error": error, "error_at": None if error is None else now})

    def _set(self, connection: Connection, delivery: DeliveryId, values: Mapping[str, Any]) -> None:
        connection.execute(update(tables.deliveries).where(tables.deliveries.c.id == delivery).values(dict(values)))


def ensure_announcements(connection: Connection, destination: DestinationId, issues: Iterable[IssueId], *, now: datetime) -> None:
    """Make, within a transaction, the announcements of issues in a destination that are not there yet: nothing is known of them there."""
    table = tables.deliveries
    there = set(
        connection.execute(
            select(table.c.issue).where(table.c.destination == destination, table.c.kind == DeliveryKind.ANNOUNCEMENT)
        ).scalars()
    )
    fresh = [
        {
            "destination": destination,
            "issue": issue,
            "kind": DeliveryKind.ANNOUNCEMENT,
            "created_at": now,
            "state": State.NEW,
            "reason": NEW,
        }
        for issue in issues
        if issue not in there
    ]
    if fresh:
        connection.execute(insert(table), fresh)


def end_reposts(connection: Connection, issue: IssueId, *, now: datetime) -> None:
    """Note, within a transaction, that nothing is wanted any more that was posted of an issue once more."""
    table = tables.deliveries
    these = update(table).where(table.c.issue == issue, table.c.kind == DeliveryKind.REPOST, table.c.ended_at.is_(None))
    connection.execute(these.values(ended_at=now))


def deliveries_of(
    connection: Connection,
    issues: Sequence[IssueId] | None = None,
    kind: DeliveryKind | None = None,
    *,
    newsletter: str | None = None,
) -> dict[IssueId, list[Delivery]]:
    """Return, within a transaction, the deliveries that are wanted, by issue, the oldest first; notices only when asked for."""
    table = tables.deliveries
    query = _SELECT.where(table.c.ended_at.is_(None), table.c.kind != DeliveryKind.NOTICE if kind is None else table.c.kind == kind)
    if issues is not None:
        query = query.where(table.c.issue.in_(issues))
    if newsletter is not None:
        query = query.join(tables.issues, tables.issues.c.id == table.c.issue).where(tables.issues.c.newsletter == newsletter)
    found: dict[IssueId, list[Delivery]] = {}
    for delivery in _read(connection, query):
        found.setdefault(delivery.issue, []).append(delivery)
    return found


def inherit(connection: Connection, issue: IssueId, heir: IssueId | None) -> None:
    """Give the notices of an issue that is to be forgotten to the one that it turned out to be, and forget its other deliveries."""
    table = tables.deliveries
    for row in connection.execute(select(table).where(table.c.issue == issue)).all():
        if row.kind != DeliveryKind.NOTICE or heir is None:
            to = None
        else:
            same = (table.c.destination == row.destination, table.c.issue == heir, table.c.kind == row.kind)
            to = connection.execute(select(table.c.id).where(*same)).scalar_one_or_none()
            if to is None:
                connection.execute(update(table).where(table.c.id == row.id).values(issue=heir))
                continue
        for part in (tables.messages, tables.outbox, tables.lost_sends):
            if to is not None:
                connection.execute(update(part).where(part.c.delivery == row.id).values(delivery=to))
                connection.execute(update(table).where(table.c.id == to).values(says=None))
        if to is not None or row.announced_at is None:
            connection.execute(delete(table).where(table.c.id == row.id))


def _ensured(connection: Connection, destination: DestinationId, issue: IssueId, kind: DeliveryKind, now: datetime) -> Row[Any]:
    table = tables.deliveries
    query = _SELECT.where(table.c.destination == destination, table.c.issue == issue, table.c.kind == kind)
    found = connection.execute(query).one_or_none()
    if found is not None:
        return found
    connection.execute(insert(table).values(destination=destination, issue=issue, kind=kind, created_at=now))
    return connection.execute(query).one()


def _end(connection: Connection, deliveries: Sequence[DeliveryId], now: datetime) -> None:
    table = tables.deliveries
    connection.execute(update(table).where(table.c.id.in_(deliveries)).values(ended_at=now))


def _check_out(connection: Connection, issue: IssueId) -> tuple[str, BlobId]:
    """Raise StateError for an issue that readers cannot have seen; return its newsletter and its text."""
    table = tables.issues
    columns = (table.c.newsletter, table.c.blob, table.c.gone_at, table.c.retracted_at, table.c.doubt)
    row = connection.execute(select(*columns).where(table.c.id == issue)).one_or_none()
    if row is None:
        raise StateError(f"There is no issue number {issue}: `heartbeat-bot issues` lists them.")
    if row.retracted_at is not None:
        raise StateError("The issue was taken back: approve it first.")
    if row.gone_at is not None:
        raise StateError("The issue's file is gone: there is nothing to post.")
    announcements = deliveries_of(connection, [issue], DeliveryKind.ANNOUNCEMENT).get(issue, [])
    known = any(one.baseline or (one.state is State.TOO_OLD and row.doubt is None) for one in announcements)
    if not known and all(one.announced_at is None for one in announcements):
        raise StateError("The issue has not been announced yet: approve it first.")
    return row.newsletter, row.blob


def _without_ping(post: Post) -> Post:
    if post.ping is None:
        return post
    return replace(post, ping=None, content=post.content.replace(f"<@&{post.ping}>", "", 1).strip())


_COLUMNS: Final = [column for column in tables.deliveries.c if column.name != "ended_at"]
_NAMES: Final = [*(column.name for column in _COLUMNS), "channel", "guild"]
_STATES: Final = {state.value: state for state in State}
_KINDS: Final = {kind.value: kind for kind in DeliveryKind}
_SELECT: Final[Select[Any]] = select(*_COLUMNS, tables.destinations.c.channel, tables.destinations.c.guild).join(
    tables.destinations, tables.destinations.c.id == tables.deliveries.c.destination
)


def _read(connection: Connection, query: Select[Any]) -> list[Delivery]:
    return [delivery_of(row) for row in connection.execute(query.order_by(tables.deliveries.c.id))]


def _by_id(connection: Connection, delivery: DeliveryId) -> Delivery:
    return delivery_of(connection.execute(_SELECT.where(tables.deliveries.c.id == delivery)).one())


def delivery_of(row: Row[Any]) -> Delivery:
    """Read a row of the table ``deliveries`` with the channel and the server of its destination."""
    values: dict[str, Any] = dict(zip(_NAMES, row, strict=True))
    values["kind"] = _KINDS[values["kind"]]
    values["state"] = _STATES.get(values["state"], State.NEW)
    values["reason"] = values["reason"] or NEW
    values["sections"] = None if values["sections"] is None else tuple(values["sections"])
    return Delivery(**values)
