"""The messages that Discord holds for deliveries: which are kept in step, and what waits for Discord's limits.

They are written down by ``outbox.py``, with the requests that made them.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, func, select, update

from heartbeat_bot.database import tables
from heartbeat_bot.database.protocol import DatabasePart, changing, reading
from heartbeat_bot.ids import ChannelId, IssueId, MessageId
from heartbeat_bot.rendering.post import Digest, PostKey
from heartbeat_bot.store.deliveries import DeliveryId, DeliveryKind

_AT_ONCE: Final = 1000
"""How many messages are named in one statement."""
NOTICE_OF_ONE: Final = PostKey("notice")
"""The post of a notice that tells of its issue alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredMessage:
    """A message that Discord holds for a delivery, which is one of an ``issue``, of a ``kind``.

    ``published_at`` None: not crossposted. ``not_before``: Discord asked to wait until then.
    """

    message: MessageId
    delivery: DeliveryId
    issue: IssueId
    kind: DeliveryKind
    channel: ChannelId
    key: PostKey
    digest: Digest
    sent_at: datetime
    published_at: datetime | None = None
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitedMessage:
    """A message that is not crossposted (or edited) yet because Discord's limit asks to wait until ``until``."""

    newsletter: str
    issue: IssueId
    title: str
    channel: ChannelId
    message: MessageId
    key: PostKey
    until: datetime


class DeliveredMessages(DatabasePart):
    """Delivered messages, in the store's database. Each method is one transaction."""

    @reading
    def held(self, connection: Connection, issue: IssueId) -> list[DeliveredMessage]:
        """Return the messages of an issue that are kept in step, its notice's not among them, in the order of their ids."""
        return messages_held(connection, issue)

    @reading
    def held_of(self, connection: Connection, delivery: DeliveryId) -> list[DeliveredMessage]:
        """Return the messages of a delivery that are kept in step, in the order of their ids."""
        query = _MESSAGES.where(tables.messages.c.delivery == delivery, tables.messages.c.released_at.is_(None))
        return [message_of(row) for row in connection.execute(query.order_by(tables.messages.c.message))]

    @reading
    def notices(self, connection: Connection, newsletter: str) -> list[DeliveredMessage]:
        """Return the notices of a newsletter's issues that are kept in step, whatever became of the issues, the oldest first."""
        issues = tables.issues
        query = (
            _MESSAGES.join(issues, issues.c.id == tables.deliveries.c.issue)
            .where(
                issues.c.newsletter == newsletter,
                tables.deliveries.c.kind == DeliveryKind.NOTICE,
                tables.messages.c.released_at.is_(None),
            )
            .order_by(tables.messages.c.message)
        )
        return [message_of(row) for row in connection.execute(query)]

    @reading
    def of_message(self, connection: Connection, message: MessageId) -> DeliveredMessage | None:
        """Return what is known of a message, None when it is no post of the bot's; also one that is not kept in step any more."""
        row = connection.execute(_MESSAGES.where(tables.messages.c.message == message)).one_or_none()
        return None if row is None else message_of(row)

    @reading
    def claimed(self, connection: Connection, found: Sequence[MessageId]) -> frozenset[MessageId]:
        """Return which of some messages are known to be some post, those no longer kept in step included."""
        column = tables.messages.c.message
        claimed: set[MessageId] = set()
        for begin in range(0, len(found), _AT_ONCE):
            claimed.update(connection.execute(select(column).where(column.in_(found[begin : begin + _AT_ONCE]))).scalars())
        return frozenset(claimed)

    @reading
    def newest(self, connection: Connection, channel: ChannelId) -> MessageId:
        """Return the newest message of a channel that is known to be some post, 0 when none is."""
        query = select(func.max(tables.messages.c.message)).where(tables.messages.c.channel == channel)
        return connection.execute(query).scalar_one() or MessageId(0)

    @changing
    def rekey(self, connection: Connection, message: MessageId, key: PostKey) -> None:
        """Note that a message is another post now, without having changed."""
        connection.execute(update(tables.messages).where(tables.messages.c.message == message).values(key=key))

    @changing
    def hold_back(self, connection: Connection, messages: Collection[MessageId], *, until: datetime) -> None:
        """Note how long messages wait for Discord's limits."""
        table = tables.messages
        connection.execute(update(table).where(table.c.message.in_(messages)).values(not_before=until))

    @changing
    def release(self, connection: Connection, delivery: DeliveryId, key: PostKey | None = None, *, now: datetime) -> None:
        """Let go of a delivery's messages (or one post's): they stay, are not kept in step any more, and the posts are sent anew.

        What is let go of a notice is sent anew only when it is wanted again.
        """
        table = tables.messages
        this = update(table).where(table.c.delivery == delivery, table.c.released_at.is_(None))
        connection.execute((this if key is None else this.where(table.c.key == key)).values(released_at=now))
        not_shown(connection, delivery)

    @reading
    def publish_times(self, connection: Connection, channel: ChannelId, *, since: datetime) -> list[datetime]:
        """Return when messages of a channel were crossposted since an instant, the earliest first."""
        column = tables.messages.c.published_at
        query = select(column).where(tables.messages.c.channel == channel, column > since).order_by(column)
        return list(connection.execute(query).scalars())

    @reading
    def publish_wait(self, connection: Connection, channel: ChannelId, *, now: datetime, limit: datetime) -> datetime | None:
        """Return until when, ``limit`` at the latest, Discord asked to crosspost nothing in a channel, None when it did not."""
        table = tables.messages
        waiting = (table.c.channel == channel, table.c.published_at.is_(None), table.c.not_before.between(now, limit))
        told: datetime | None = connection.execute(select(func.max(table.c.not_before)).where(*waiting)).scalar_one()
        return told if told and told > now else None

    @reading
    def limited(self, connection: Connection, *, now: datetime) -> list[LimitedMessage]:
        """Return what waits for Discord's limits at ``now``, the first to go first."""
        messages, deliveries, issues = tables.messages, tables.deliveries, tables.issues
        query = (
            select(
                messages.c.message,
                messages.c.channel,
                messages.c.key,
                messages.c.not_before.label("until"),
                deliveries.c.issue,
                issues.c.newsletter,
                issues.c.title,
            )
            .join(deliveries, deliveries.c.id == messages.c.delivery)
            .join(issues, issues.c.id == deliveries.c.issue)
            .where(messages.c.not_before > now, messages.c.released_at.is_(None))
            .order_by(messages.c.not_before, messages.c.message)
        )
        return [LimitedMessage(**row) for row in connection.execute(query).mappings()]


def reclaim_notice(connection: Connection, issue: IssueId) -> None:
    """Keep the last notice of an issue in step again: it was settled, and somebody decides otherwise."""
    table, deliveries = tables.messages, tables.deliveries
    query = select(func.max(table.c.message)).join(deliveries, deliveries.c.id == table.c.delivery)
    last: MessageId | None = connection.execute(
        query.where(deliveries.c.issue == issue, deliveries.c.kind == DeliveryKind.NOTICE, table.c.key == NOTICE_OF_ONE)
    ).scalar_one()
    connection.execute(update(table).where(table.c.message == last).values(released_at=None))


def not_shown(connection: Connection, delivery: DeliveryId) -> None:
    """Forget that a delivery is shown whole: a pass leaves alone what it knows to be shown."""
    connection.execute(update(tables.deliveries).where(tables.deliveries.c.id == delivery).values(shown=None))


_MESSAGES: Final[Select[Any]] = select(tables.messages, tables.deliveries.c.issue, tables.deliveries.c.kind).join(
    tables.deliveries, tables.deliveries.c.id == tables.messages.c.delivery
)


def messages_held(connection: Connection, issue: IssueId | None = None) -> list[DeliveredMessage]:
    """Return, within a transaction, the messages (of one issue) that are kept in step, those of notices not among them."""
    query = _MESSAGES.where(tables.messages.c.released_at.is_(None), tables.deliveries.c.kind != DeliveryKind.NOTICE)
    if issue is not None:
        query = query.where(tables.deliveries.c.issue == issue)
    return [message_of(row) for row in connection.execute(query.order_by(tables.messages.c.message))]


def message_of(row: Row[Any]) -> DeliveredMessage:
    """Read a row of the table ``messages`` with its delivery's issue and kind."""
    return DeliveredMessage(
        message=row.message,
        delivery=row.delivery,
        issue=row.issue,
        kind=DeliveryKind(row.kind),
        channel=row.channel,
        key=row.key,
        digest=row.digest,
        sent_at=row.sent_at,
        published_at=row.published_at,
        not_before=row.not_before,
    )
