"""The part of the ledger that makes delivery exactly-once: intents, written before each request, and receipts, written after it.

Each method is one transaction, which a cancellation does not interrupt (see :class:`sqlite.Database`): what Discord has done is written
down in any case. An intent that is still there when nobody is working on it is unfinished: whether its request reached Discord is not
known (see :meth:`Publisher.settle`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NewType

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from heartbeat_bot.ids import ChannelId, IssueId, MessageId
from heartbeat_bot.rendering.post import UNKNOWN, Digest, File, PostKey
from heartbeat_bot.store import tables
from heartbeat_bot.store.decisions import Code, Reason, State
from heartbeat_bot.store.sqlite import Store, reading, writing
from heartbeat_bot.store.tables import IntentKind

IntentId = NewType("IntentId", int)
NO_KEY: Final = PostKey("")

Series = NewType("Series", str)
"""Names a run of messages of an issue in a channel, which is kept in step by itself: the announcement, a copy ("2", "3", …) or the
notice of the issue in the moderators' channel."""

ANNOUNCEMENT: Final = Series("")
NOTICE: Final = Series("notice")
"""A notice has a life of its own: it announces nothing, pings for nobody's issue, and goes neither with the issue nor with its file."""
NOTICE_OF_ONE: Final = PostKey("notice")
"""The post of a notice that tells of its issue alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A message that Discord holds. ``published_at`` None: not crossposted. ``not_before``: Discord asked to wait until then."""

    message: MessageId
    issue: IssueId
    channel: ChannelId
    series: Series = ANNOUNCEMENT
    key: PostKey
    digest: Digest
    sent_at: datetime
    published_at: datetime | None = None
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A request about to be made. ``key`` and ``body`` are empty for a delete and a publish, ``message`` is None for a send."""

    kind: IntentKind
    issue: IssueId
    channel: ChannelId
    series: Series = ANNOUNCEMENT
    nonce: str
    message: MessageId | None = None
    key: PostKey = NO_KEY
    body: Mapping[str, Any]
    files: tuple[File, ...] = ()
    digest: Digest = UNKNOWN
    after: MessageId | None = None
    """The newest message known of the channel, 0 for none: what a send makes comes after it, whatever any clock says."""

    @property
    def thing(self) -> str:
        """Name what is being done to what, so that nothing is begun twice."""
        if self.message is not None:
            return f"{self.kind}:{self.message}"
        series = f"#{self.series}" if self.series else ""
        return f"{self.kind}:{self.issue}:{self.channel}{series}:{self.key}"

    @property
    def pings(self) -> bool:
        """Tell whether the request mentions the one role, which an issue does once; what a notice mentions does not count."""
        return self.kind is IntentKind.SEND and self.series != NOTICE and bool(self.body["allowed_mentions"].get("roles"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A request that is written down. ``created_at`` (UTC) is when it was about to be made for the first time."""

    id: IntentId
    created_at: datetime
    draft: Draft


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A message that is not crossposted (or edited) yet because Discord's limit asks to wait until ``until``."""

    newsletter: str
    issue: IssueId
    title: str
    channel: ChannelId
    message: MessageId
    key: PostKey
    until: datetime


class Receipts(Store):
    """Intents and receipts in the ledger's database."""

    @reading
    def held(
        self, connection: Connection, issue: IssueId, channel: ChannelId | None = None, series: Series | None = None
    ) -> list[Receipt]:
        """Return the messages of an issue that are kept in step (in one channel, of one series), in the order of their ids.

        Without ``series``, those of the announcement and of its copies: a notice must be asked for.
        """
        return messages_held(connection, issue, channel, series)

    @reading
    def notices(self, connection: Connection, newsletter: str) -> list[Receipt]:
        """Return the notices of a newsletter's issues that are kept in step, whatever became of the issues, the oldest first."""
        receipts, issues = tables.receipts, tables.issues
        query = (
            select(receipts)
            .join(issues, issues.c.id == receipts.c.issue)
            .where(issues.c.newsletter == newsletter, receipts.c.series == NOTICE, receipts.c.released_at.is_(None))
            .order_by(receipts.c.message)
        )
        return [receipt_of(row) for row in connection.execute(query)]

    @reading
    def of_message(self, connection: Connection, message: MessageId) -> Receipt | None:
        """Return what is known of a message, None when it is no post of the bot's; also one that is not kept in step any more."""
        row = connection.execute(select(tables.receipts).where(tables.receipts.c.message == message)).one_or_none()
        return None if row is None else receipt_of(row)

    @reading
    def claimed(self, connection: Connection, channel: ChannelId) -> frozenset[MessageId]:
        """Return every message of a channel that is known to be some post, those no longer kept in step included."""
        rows = connection.execute(select(tables.receipts.c.message).where(tables.receipts.c.channel == channel))
        return frozenset(row.message for row in rows)

    @writing
    def begin(self, connection: Connection, draft: Draft, *, now: datetime) -> Intent:
        """Write an intent down. The first send of an announcement makes its issue an announced one: nothing may change that any more."""
        return begun(connection, draft, now)

    @reading
    def unfinished(
        self, connection: Connection, issue: IssueId | None = None, channel: ChannelId | None = None, series: Series | None = None
    ) -> list[Intent]:
        """Return the intents (of an issue, of a channel, of a series) whose outcome is not known, the oldest first."""
        query = select(tables.intents).order_by(tables.intents.c.id)
        if issue is not None:
            query = query.where(tables.intents.c.issue == issue)
        if channel is not None:
            query = query.where(tables.intents.c.channel == channel)
        if series is not None:
            query = query.where(tables.intents.c.series == series)
        return [_intent_of(row) for row in connection.execute(query)]

    @writing
    def sent(self, connection: Connection, intent: Intent, message: MessageId, *, now: datetime, changed: bool = False) -> None:
        """Turn the intent of a send into the receipt of the message that it made; ``changed`` since, it shows something unknown."""
        draft = intent.draft
        digest = UNKNOWN if changed else draft.digest
        values: dict[str, Any] = {"issue": draft.issue, "channel": draft.channel, "series": draft.series}
        values |= {"key": draft.key, "digest": digest}
        connection.execute(insert(tables.receipts).values({**values, "message": message, "sent_at": now}))
        if draft.pings:
            connection.execute(update(tables.issues).where(tables.issues.c.id == draft.issue).values(pinged_at=now))
        _finish(connection, intent)

    @writing
    def adopt(
        self,
        connection: Connection,
        issue: IssueId,
        channel: ChannelId,
        adoptions: Collection[Adoption],
        *,
        series: Series = ANNOUNCEMENT,
        now: datetime,
    ) -> None:
        """Write receipts of messages that were sent by a program whose ledger this one does not continue."""
        issues, values = tables.issues, {"issue": issue, "channel": channel, "series": series, "sent_at": now}
        for found in adoptions:
            told = {"message": found.message, "key": found.key, "digest": found.digest}
            told |= {"published_at": now if found.published else None}
            connection.execute(insert(tables.receipts).values(values | told))
        if series == ANNOUNCEMENT:
            _announced(connection, issue, now)
        if series != NOTICE and any(found.pings for found in adoptions):
            this = update(issues).where(issues.c.id == issue, issues.c.pinged_at.is_(None))
            connection.execute(this.values(pinged_at=now))

    async def edited(self, intent: Intent) -> None:
        """Turn the intent of an edit into what the message shows now."""
        await self._finish_with(intent, {"digest": intent.draft.digest, "key": intent.draft.key}, published={"not_before": None})

    async def published(self, intent: Intent, *, now: datetime) -> None:
        """Turn the intent of a crosspost into its instant."""
        await self._finish_with(intent, {"published_at": now, "not_before": None})

    @writing
    def voided(self, connection: Connection, intent: Intent) -> None:
        """Turn an intent on a message into the knowledge that the message is gone."""
        assert intent.draft.message is not None
        connection.execute(delete(tables.receipts).where(tables.receipts.c.message == intent.draft.message))
        _finish(connection, intent)

    async def dropped(self, intent: Intent, *, uncertain: bool = False, until: datetime | None = None) -> None:
        """Forget an intent that did nothing; ``until`` is how long Discord asked to wait with the message.

        ``uncertain``: it may have changed the message, which is therefore taken to show something unknown.
        """
        changes: dict[str, Any] = {"digest": UNKNOWN} if uncertain else {}
        waits = {"not_before": until} if until else {}
        if intent.draft.kind is IntentKind.EDIT:
            # Of a message that is not published, the column tells how long it waits for that; only published ones ration edits.
            await self._finish_with(intent, changes, published=waits)
        else:
            await self._finish_with(intent, changes | waits)

    @writing
    def give_up(self, connection: Connection, intent: Intent, *, now: datetime) -> None:
        """Forget the intent of a send that is not in the channel, and remember that Discord may carry it out yet."""
        draft = intent.draft
        if draft.after is not None:
            values = {"issue": draft.issue, "channel": draft.channel, "body": draft.body, "after": draft.after, "given_up_at": now}
            connection.execute(insert(tables.lost_sends).values(values))
        _finish(connection, intent)

    @reading
    def lost_sends(self, connection: Connection, newsletter: str) -> list[LostSend]:
        """Return the sends of a newsletter's issues that were given up and may be carried out yet, the oldest first."""
        table, issues = tables.lost_sends, tables.issues
        query = (
            select(table).join(issues, issues.c.id == table.c.issue).where(issues.c.newsletter == newsletter).order_by(table.c.id)
        )
        return [LostSend(**row) for row in connection.execute(query).mappings()]

    @writing
    def forget_lost(self, connection: Connection, lost: LostSend) -> None:
        """Look for a send that was given up no more."""
        connection.execute(delete(tables.lost_sends).where(tables.lost_sends.c.id == lost.id))

    @writing
    def rekey(self, connection: Connection, message: MessageId, key: PostKey) -> None:
        """Note that a message is another post now, without having changed."""
        connection.execute(update(tables.receipts).where(tables.receipts.c.message == message).values(key=key))

    @writing
    def hold_back(self, connection: Connection, messages: Collection[MessageId], *, until: datetime) -> None:
        """Note how long messages wait for Discord's limits."""
        table = tables.receipts
        connection.execute(update(table).where(table.c.message.in_(messages)).values(not_before=until))

    @writing
    def release(
        self, connection: Connection, issue: IssueId, key: PostKey | None = None, *, series: Series = ANNOUNCEMENT, now: datetime
    ) -> None:
        """Let go of a series' messages (or one post's): they stay, are not kept in step any more, and the posts are sent anew.

        What is let go of a notice is sent anew only when it is wanted again.
        """
        table = tables.receipts
        this = update(table).where(table.c.issue == issue, table.c.series == series, table.c.released_at.is_(None))
        connection.execute((this if key is None else this.where(table.c.key == key)).values(released_at=now))
        _not_shown(connection, issue, series)

    @writing
    def unsettle(self, connection: Connection, issue: IssueId, channel: ChannelId, series: Series) -> None:
        """Note that a channel may not show a series whole any more, whatever is known of it: the next pass looks at it."""
        _not_shown(connection, issue, series, channel)

    @reading
    def publish_times(self, connection: Connection, channel: ChannelId, *, since: datetime) -> list[datetime]:
        """Return when messages of a channel were crossposted since an instant, the earliest first."""
        column = tables.receipts.c.published_at
        query = select(column).where(tables.receipts.c.channel == channel, column > since).order_by(column)
        return list(connection.execute(query).scalars())

    @reading
    def publish_wait(self, connection: Connection, channel: ChannelId, *, now: datetime, limit: datetime) -> datetime | None:
        """Return until when, ``limit`` at the latest, Discord asked to crosspost nothing in a channel, None when it did not."""
        table = tables.receipts
        waiting = (table.c.channel == channel, table.c.published_at.is_(None), table.c.not_before.between(now, limit))
        told: datetime | None = connection.execute(select(func.max(table.c.not_before)).where(*waiting)).scalar_one()
        return told if told and told > now else None

    @reading
    def waits(self, connection: Connection, *, now: datetime) -> list[Wait]:
        """Return what waits for Discord's limits at ``now``, the first to go first."""
        receipts, issues = tables.receipts, tables.issues
        query = (
            select(receipts, issues.c.newsletter, issues.c.title)
            .join(issues, issues.c.id == receipts.c.issue)
            .where(receipts.c.not_before > now, receipts.c.released_at.is_(None))
            .order_by(receipts.c.not_before, receipts.c.message)
        )
        return [
            Wait(
                newsletter=row.newsletter,
                issue=row.issue,
                title=row.title,
                channel=row.channel,
                message=row.message,
                key=row.key,
                until=row.not_before,
            )
            for row in connection.execute(query)
        ]

    @writing
    def _finish_with(
        self, connection: Connection, intent: Intent, changes: Mapping[str, Any], *, published: Mapping[str, Any] | None = None
    ) -> None:
        """Forget an intent and change its message's receipt; ``published`` are changes to one that has been published."""
        table = tables.receipts
        this = update(table).where(table.c.message == intent.draft.message)
        if changes and intent.draft.message is not None:
            connection.execute(this.values(changes))
        if published and intent.draft.message is not None:
            connection.execute(this.where(table.c.published_at.is_not(None)).values(published))
        _finish(connection, intent)


def begun(connection: Connection, draft: Draft, now: datetime) -> Intent:
    """Do, within a transaction, what :meth:`Receipts.begin` says."""
    values: dict[str, Any] = {
        "thing": draft.thing,
        "kind": draft.kind,
        "issue": draft.issue,
        "channel": draft.channel,
        "series": draft.series,
        "key": draft.key,
        "message": draft.message,
        "nonce": draft.nonce,
        "payload": {"body": draft.body, "files": [_file_dump(file) for file in draft.files], "after": draft.after},
        "digest": draft.digest,
        "created_at": now,
    }
    result = connection.execute(insert(tables.intents).values(values).returning(tables.intents.c.id))
    if draft.kind is IntentKind.SEND and draft.series == ANNOUNCEMENT:
        _announced(connection, draft.issue, now)
    if draft.kind is not IntentKind.PUBLISH:
        _unsettled(connection, draft, now)
    return Intent(id=IntentId(result.scalar_one()), created_at=now, draft=draft)


def reclaim_notice(connection: Connection, issue: IssueId) -> None:
    """Keep the last notice of an issue in step again: it was settled, and somebody decides otherwise."""
    table = tables.receipts
    these = (table.c.issue == issue, table.c.series == NOTICE, table.c.key == NOTICE_OF_ONE)
    last: MessageId | None = connection.execute(select(func.max(table.c.message)).where(*these)).scalar_one()
    connection.execute(update(table).where(table.c.message == last).values(released_at=None))


def _announced(connection: Connection, issue: IssueId, now: datetime) -> None:
    """Make an issue an announced one, unless it is; one that was taken back a moment ago stays so, and goes again."""
    table = tables.issues
    this = update(table).where(table.c.id == issue, table.c.announced_at.is_(None))
    told = {"state": State.ANNOUNCED, "reason": Reason(Code.ANNOUNCED), "until": None}
    connection.execute(this.where(table.c.retracted_at.is_(None)).values(told))
    connection.execute(this.values(announced_at=now))


def _unsettled(connection: Connection, draft: Draft, now: datetime) -> None:
    """Note that messages are about to change, so that a pass looks at them again, whatever text its file has by then.

    What is cut off half-way is brought in step with the file also when that says again what was shown before, and when the edit window has
    closed meanwhile: the change was asked for while it was open.
    """
    table = tables.issues if draft.series == ANNOUNCEMENT else tables.copies
    mine = (table.c.id if draft.series == ANNOUNCEMENT else table.c.issue) == draft.issue
    these = (mine, table.c.shown_as != "")
    if draft.series != ANNOUNCEMENT:
        these = (*these, table.c.channel == draft.channel, table.c.series == draft.series)
    if connection.execute(select(table.c.id).where(*these)).first() is None:
        return  # known already; a write would make every reader read the issues again
    values: dict[str, Any] = {"shown_as": ""}
    if draft.series == ANNOUNCEMENT:
        values["asked_at"] = func.coalesce(tables.issues.c.asked_at, now)
    connection.execute(update(table).where(*these).values(values))


def _not_shown(connection: Connection, issue: IssueId, series: Series, channel: ChannelId | None = None) -> None:
    """Forget that a series is shown whole: a pass leaves alone what it knows to be shown."""
    if series == ANNOUNCEMENT:
        connection.execute(update(tables.issues).where(tables.issues.c.id == issue).values(shown=None))
        return
    table = tables.copies
    these = update(table).where(table.c.issue == issue, table.c.series == series)
    connection.execute((these if channel is None else these.where(table.c.channel == channel)).values(shown=None))


def _finish(connection: Connection, intent: Intent) -> None:
    connection.execute(delete(tables.intents).where(tables.intents.c.id == intent.id))


def messages_held(
    connection: Connection, issue: IssueId, channel: ChannelId | None = None, series: Series | None = None
) -> list[Receipt]:
    """Do, within a transaction, what :meth:`Receipts.held` says."""
    table = tables.receipts
    query = select(table).where(table.c.issue == issue, table.c.released_at.is_(None)).order_by(table.c.message)
    if channel is not None:
        query = query.where(table.c.channel == channel)
    query = query.where(table.c.series != NOTICE if series is None else table.c.series == series)
    return [receipt_of(row) for row in connection.execute(query)]


def receipt_of(row: Row[Any]) -> Receipt:
    """Read a row of the table ``receipts``."""
    return Receipt(
        message=row.message,
        issue=row.issue,
        channel=row.channel,
        series=row.series,
        key=row.key,
        digest=row.digest,
        sent_at=row.sent_at,
        published_at=row.published_at,
        not_before=row.not_before,
    )


def _intent_of(row: Row[Any]) -> Intent:
    draft = Draft(
        kind=IntentKind(row.kind),
        issue=row.issue,
        channel=row.channel,
        series=row.series,
        nonce=row.nonce,
        message=row.message,
        key=row.key,
        body=row.payload["body"],
        files=tuple(File(**file) for file in row.payload["files"]),
        digest=row.digest,
        after=row.payload.get("after"),  # not there in a row of an earlier version
    )
    return Intent(id=row.id, created_at=row.created_at, draft=draft)


def _file_dump(file: File) -> dict[str, str]:
    return {"name": file.name, "path": file.path, "blob": file.blob, "alt": file.alt}
