"""The part of the store that makes delivery exactly-once: requests, written down before they are made, and delivered messages, after it.

Each method is one transaction, which a cancellation does not interrupt (see :class:`protocol.Database`): what Discord has done is written
down in any case. A request that is still there when nobody is working on it is unfinished: whether it reached Discord is not
known (see :meth:`Publisher.settle`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NewType

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from heartbeat_bot.database import tables
from heartbeat_bot.database.protocol import DatabasePart, changing, reading
from heartbeat_bot.database.tables import RequestKind
from heartbeat_bot.ids import ChannelId, IssueId, MessageId
from heartbeat_bot.policy.decisions import Code, Reason, State
from heartbeat_bot.rendering.post import UNKNOWN, Digest, File, PostKey
from heartbeat_bot.store.deliveries import Delivery, DeliveryId, DeliveryKind
from heartbeat_bot.store.messages import not_shown

RequestId = NewType("RequestId", int)
NO_KEY: Final = PostKey("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request about to be made for a delivery. ``key`` and ``body`` are empty for a delete and a publish, ``message`` is None for a send."""

    kind: RequestKind
    delivery: DeliveryId
    channel: ChannelId
    nonce: str
    message: MessageId | None = None
    key: PostKey = NO_KEY
    body: Mapping[str, Any]
    files: tuple[File, ...] = ()
    digest: Digest = UNKNOWN
    after: MessageId | None = None
    """The newest message known of the channel, 0 for none: what a send makes comes after it, whatever any clock says."""

    @property
    def target(self) -> str:
        """Name what is being done to what, so that nothing is begun twice."""
        if self.message is not None:
            return f"{self.kind}:{self.message}"
        return f"{self.kind}:{self.delivery}:{self.key}"

    @property
    def pings(self) -> bool:
        """Whether the request mentions a role."""
        return self.kind is RequestKind.SEND and bool(self.body["allowed_mentions"].get("roles"))


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenRequest:
    """A request that is written down, of an ``issue``. ``created_at`` (UTC) is when it was about to be made for the first time."""

    id: RequestId
    created_at: datetime
    issue: IssueId
    request: Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """A message found in a channel that is a post of the bot's."""

    message: MessageId
    key: PostKey
    digest: Digest
    published: bool
    pings: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LostSend:
    """A send that was given up at an instant (UTC): its answer was lost, and the channel was looked through for it in vain."""

    id: int
    issue: IssueId
    channel: ChannelId
    body: Mapping[str, Any]
    after: MessageId
    given_up_at: datetime


class Outbox(DatabasePart):
    """Requests, in the store's database, and the messages that they make."""

    @changing
    def begin(self, connection: Connection, request: Request, *, now: datetime) -> WrittenRequest:
        """Write a request down. The first send of an announcement makes its issue an announced one: nothing may change that any more."""
        return begun(connection, request, now)

    @reading
    def unfinished(
        self, connection: Connection, issue: IssueId | None = None, channel: ChannelId | None = None
    ) -> list[WrittenRequest]:
        """Return the requests (of an issue, of a channel) whose outcome is not known, the oldest first."""
        table = tables.outbox
        query = select(table, tables.deliveries.c.issue).join(tables.deliveries, tables.deliveries.c.id == table.c.delivery)
        if issue is not None:
            query = query.where(tables.deliveries.c.issue == issue)
        if channel is not None:
            query = query.where(table.c.channel == channel)
        return [_written_of(row) for row in connection.execute(query.order_by(table.c.id))]

    @changing
    def sent(
        self, connection: Connection, written: WrittenRequest, message: MessageId, *, now: datetime, changed: bool = False
    ) -> None:
        """Turn a send into the message that it made; ``changed`` since, it shows something unknown."""
        request = written.request
        digest = UNKNOWN if changed else request.digest
        values = {"delivery": request.delivery, "channel": request.channel, "key": request.key, "digest": digest}
        connection.execute(insert(tables.messages).values({**values, "message": message, "sent_at": now}))
        if request.pings:
            _pinged(connection, request.delivery, now)
        _finish(connection, written)

    @changing
    def adopt(self, connection: Connection, delivery: Delivery, adoptions: Collection[Adoption], *, now: datetime) -> None:
        """Write down messages that were sent by a program whose database this one does not continue."""
        for found in adoptions:
            values: dict[str, Any] = {"delivery": delivery.id, "channel": delivery.channel, "sent_at": now}
            values |= {"message": found.message, "key": found.key, "digest": found.digest}
            connection.execute(insert(tables.messages).values(values | {"published_at": now if found.published else None}))
        if delivery.kind is DeliveryKind.ANNOUNCEMENT:
            _announced(connection, delivery.id, now)
        if any(found.pings for found in adoptions):
            _pinged(connection, delivery.id, now)

    async def edited(self, written: WrittenRequest) -> None:
        """Turn an edit into what the message shows now."""
        await self._finish_with(
            written, {"digest": written.request.digest, "key": written.request.key}, published={"not_before": None}
        )

    async def published(self, written: WrittenRequest, *, now: datetime) -> None:
        """Turn a crosspost into its instant."""
        await self._finish_with(written, {"published_at": now, "not_before": None})

    @changing
    def voided(self, connection: Connection, written: WrittenRequest) -> None:
        """Turn a request about a message into the knowledge that the message is gone."""
        assert written.request.message is not None
        connection.execute(delete(tables.messages).where(tables.messages.c.message == written.request.message))
        _finish(connection, written)

    async def dropped(self, written: WrittenRequest, *, uncertain: bool = False, until: datetime | None = None) -> None:
        """Forget a request that did nothing; ``until`` is how long Discord asked to wait with the message.

        ``uncertain``: it may have changed the message, which is therefore taken to show something unknown.
        """
        changes: dict[str, Any] = {"digest": UNKNOWN} if uncertain else {}
        waits = {"not_before": until} if until else {}
        if written.request.kind is RequestKind.EDIT:
            # Of a message that is not published, the column tells how long it waits for that; only published ones ration edits.
            await self._finish_with(written, changes, published=waits)
        else:
            await self._finish_with(written, changes | waits)

    @changing
    def give_up(self, connection: Connection, written: WrittenRequest, *, now: datetime) -> None:
        """Forget a send that is not in the channel, and remember that Discord may carry it out yet."""
        request = written.request
        if request.after is not None:
            values = {"delivery": request.delivery, "channel": request.channel, "body": request.body}
            values |= {"after": request.after, "given_up_at": now}
            connection.execute(insert(tables.lost_sends).values(values))
        _finish(connection, written)

    @reading
    def lost_sends(self, connection: Connection, newsletter: str) -> list[LostSend]:
        """Return the sends of a newsletter's issues that were given up and may be carried out yet, the oldest first."""
        table, deliveries, issues = tables.lost_sends, tables.deliveries, tables.issues
        columns = [column for column in table.c if column.name != "delivery"]
        query = (
            select(*columns, deliveries.c.issue)
            .join(deliveries, deliveries.c.id == table.c.delivery)
            .join(issues, issues.c.id == deliveries.c.issue)
            .where(issues.c.newsletter == newsletter)
            .order_by(table.c.id)
        )
        return [LostSend(**row) for row in connection.execute(query).mappings()]

    @changing
    def forget_lost(self, connection: Connection, lost: LostSend) -> None:
        """Look for a send that was given up no more."""
        connection.execute(delete(tables.lost_sends).where(tables.lost_sends.c.id == lost.id))

    @changing
    def unsettle(self, connection: Connection, delivery: DeliveryId) -> None:
        """Note that a delivery may not be shown whole any more, whatever is known of it: the next pass looks at it."""
        not_shown(connection, delivery)

    @changing
    def _finish_with(
        self,
        connection: Connection,
        written: WrittenRequest,
        changes: Mapping[str, Any],
        *,
        published: Mapping[str, Any] | None = None,
    ) -> None:
        """Forget a request and change what is known of its message; ``published`` are changes to one that has been published."""
        table = tables.messages
        this = update(table).where(table.c.message == written.request.message)
        if changes and written.request.message is not None:
            connection.execute(this.values(changes))
        if published and written.request.message is not None:
            connection.execute(this.where(table.c.published_at.is_not(None)).values(published))
        _finish(connection, written)


def begun(connection: Connection, request: Request, now: datetime) -> WrittenRequest:
    """Do, within a transaction, what :meth:`Outbox.begin` says."""
    values: dict[str, Any] = {
        "target": request.target,
        "kind": request.kind,
        "delivery": request.delivery,
        "channel": request.channel,
        "key": request.key,
        "message": request.message,
        "nonce": request.nonce,
        "payload": {"body": request.body, "files": [_file_dump(file) for file in request.files], "after": request.after},
        "digest": request.digest,
        "created_at": now,
    }
    number = connection.execute(insert(tables.outbox).values(values).returning(tables.outbox.c.id)).scalar_one()
    delivery = _delivery(connection, request.delivery)
    if request.kind is RequestKind.SEND and delivery.kind == DeliveryKind.ANNOUNCEMENT:
        _announced(connection, request.delivery, now)
    if request.kind is not RequestKind.PUBLISH:
        _unsettled(connection, delivery, now)
    return WrittenRequest(id=RequestId(number), created_at=now, issue=delivery.issue, request=request)


def _delivery(connection: Connection, delivery: DeliveryId) -> Any:
    table = tables.deliveries
    columns = (table.c.id, table.c.issue, table.c.kind, table.c.shown_as)
    return connection.execute(select(*columns).where(table.c.id == delivery)).one()


def _announced(connection: Connection, delivery: DeliveryId, now: datetime) -> None:
    """Make an announcement a delivered one, unless it is; one that was taken back a moment ago stays so, and goes again."""
    table, issues = tables.deliveries, tables.issues
    this = update(table).where(table.c.id == delivery, table.c.announced_at.is_(None))
    retracted = select(issues.c.id).where(issues.c.retracted_at.is_not(None))
    told = {"state": State.ANNOUNCED, "reason": Reason(Code.ANNOUNCED), "until": None}
    connection.execute(this.where(table.c.issue.not_in(retracted)).values(told))
    connection.execute(this.values(announced_at=now))


def _pinged(connection: Connection, delivery: DeliveryId, now: datetime) -> None:
    """Note that a delivery has pinged, the first time; what a notice mentions does not count."""
    table = tables.deliveries
    these = (table.c.id == delivery, table.c.kind != DeliveryKind.NOTICE, table.c.pinged_at.is_(None))
    connection.execute(update(table).where(*these).values(pinged_at=now))


def _unsettled(connection: Connection, delivery: Any, now: datetime) -> None:
    """Note that messages are about to change, so that a pass looks at them again, whatever text its file has by then.

    What is cut off half-way is brought in step with the file also when that says again what was shown before, and when the edit window has
    closed meanwhile: the change was asked for while it was open.
    """
    if delivery.shown_as in {None, ""}:
        return  # known already; a write would make every reader read the issues again
    table = tables.deliveries
    values: dict[str, Any] = {"shown_as": ""}
    if delivery.kind == DeliveryKind.ANNOUNCEMENT:
        values["asked_at"] = func.coalesce(table.c.asked_at, now)
    connection.execute(update(table).where(table.c.id == delivery.id).values(values))


def _finish(connection: Connection, written: WrittenRequest) -> None:
    connection.execute(delete(tables.outbox).where(tables.outbox.c.id == written.id))


def _written_of(row: Row[Any]) -> WrittenRequest:
    request = Request(
        kind=RequestKind(row.kind),
        delivery=row.delivery,
        channel=row.channel,
        nonce=row.nonce,
        message=row.message,
        key=row.key,
        body=row.payload["body"],
        files=tuple(File(**file) for file in row.payload["files"]),
        digest=row.digest,
        after=row.payload.get("after"),  # not there in a row of an earlier version
    )
    return WrittenRequest(id=row.id, created_at=row.created_at, issue=row.issue, request=request)


def _file_dump(file: File) -> dict[str, str]:
    return {"name": file.name, "path": file.path, "blob": file.blob, "alt": file.alt}
