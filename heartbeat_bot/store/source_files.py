"""What passes read of a newsletter's issues and what the policy says of them, written down; and what the next pass begins with."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection, and_, delete, func, insert, not_, or_, select, union, update

from heartbeat_bot.database import tables
from heartbeat_bot.database.protocol import Database, DatabasePart, Remembered, changing, reading
from heartbeat_bot.identity.evidence import Known
from heartbeat_bot.identity.fingerprint import Fingerprint
from heartbeat_bot.ids import IssueId
from heartbeat_bot.policy.approval import ANY_PICTURES, with_any_pictures
from heartbeat_bot.policy.decisions import Code, Decision, Reason, State
from heartbeat_bot.store.deliveries import DeliveryId, DeliveryKind, deliveries_of, ensure_announcements, inherit
from heartbeat_bot.store.destinations import Destination, declared_of
from heartbeat_bot.store.issues import (
    NO_DUTIES,
    RECORD,
    Duties,
    IssueRecord,
    SourceFile,
    announcements_of,
    instants,
    issue_of,
    note_state,
)
from heartbeat_bot.store.newsletters import ensure_newsletter

FAR_AHEAD: Final = timedelta(days=1)
"""So far ahead lies nothing that has happened, however far clocks are apart: a clock was wrong when it was written down."""


class SourceFiles(DatabasePart):
    """The issues as passes see them."""

    def __init__(self, database: Database) -> None:
        """Use a database whose schema is up to date."""
        super().__init__(database)
        self._records = Remembered[Mapping[IssueId, IssueRecord]](database)

    async def records(self, newsletter: str) -> Mapping[IssueId, IssueRecord]:
        """Return the issues of a newsletter, those that are gone too, without their messages: what a pass begins with.

        They are read once, and again when an issue was written: nobody else writes to the database meanwhile.
        """
        return await self._records.get(newsletter, partial(self._read_records, newsletter))

    @reading
    def _read_records(self, connection: Connection, newsletter: str) -> Mapping[IssueId, IssueRecord]:
        query = select(*RECORD).where(tables.issues.c.newsletter == newsletter)
        found = deliveries_of(connection, newsletter=newsletter)
        return {row[0]: issue_of(row, found.get(row[0], ())) for row in connection.execute(query)}

    async def known(self, newsletter: str, records: Mapping[IssueId, IssueRecord] | None = None) -> list[Known]:
        """Return the issues of a newsletter, those that are gone too, as :func:`identity.identify` takes them.

        ``records`` are those of the newsletter, when they have been asked for already.
        """
        if records is None:
            records = await self.records(newsletter)
        return await self._read_known(newsletter, records)

    @reading
    def _read_known(self, connection: Connection, newsletter: str, records: Mapping[IssueId, IssueRecord]) -> list[Known]:
        prints = select(tables.issues.c.id, tables.issues.c.fingerprint).where(tables.issues.c.newsletter == newsletter)
        fingerprints = {row.id: row.fingerprint for row in connection.execute(prints)}
        return [
            Known(
                id=id_,
                explicit=record.explicit,
                path=record.path,
                blob=record.blob,
                slug=record.slug,
                title=record.title,
                date=record.date,
                fingerprint=Fingerprint.load(fingerprints[id_]),
                gone=not record.present,
                settled=bool(record.announced_at or record.baseline or record.retracted_at) or record.state is State.TOO_OLD,
                doubtful=record.doubtful,
            )
            for id_, record in records.items()
        ]

    async def record(
        self,
        newsletter: str,
        source_files: Sequence[SourceFile],
        *,
        before: Mapping[IssueId, IssueRecord] | None = None,
        gone: Collection[IssueId] = (),
        absorbed: Collection[IssueId] = (),
        now: datetime,
        missed_at: datetime | None = None,
        duties: Duties = NO_DUTIES,
    ) -> dict[str, IssueId]:
        """Note in one transaction what a pass read and which issues are gone; return the id of every path it read.

        ``now`` is since when the source holds what was read (see :func:`instants`), ``missed_at`` when the pass missed what is
        gone. An issue that comes back loses the state *gone*; all else that became of it (announced, baseline, retracted) is still
        known. ``absorbed`` issues were doubtful, had nothing posted, and turned out to be others: they are forgotten, and notices of them
        are of those others. ``before`` is as in :meth:`known`. Without ``duties`` whatever becomes of a text from before the first run is
        let through: members may read it.
        """
        if before is None:
            before = await self.records(newsletter)
        return await self._record(newsletter, source_files, before, gone, absorbed, now, missed_at or now, duties)

    @changing
    def _record(  # noqa: PLR0913, PLR0917 - what record() is given
        self,
        connection: Connection,
        newsletter: str,
        source_files: Sequence[SourceFile],
        before: Mapping[IssueId, IssueRecord],
        gone: Collection[IssueId],
        absorbed: Collection[IssueId],
        now: datetime,
        missed_at: datetime,
        duties: Duties,
    ) -> dict[str, IssueId]:
        table = tables.issues
        ensure_newsletter(connection, newsletter)
        heirs = {source_file.path: source_file.issue for source_file in source_files}
        _forget(connection, {issue: heirs.get(before[issue].path) for issue in absorbed})
        _lose(connection, gone, missed_at)
        ids: dict[str, IssueId] = {}
        fresh: list[dict[str, Any]] = []
        # Files may swap paths: give way first, so that the index is not hurt between two updates. No file's path begins with a slash.
        for source_file in source_files:
            if source_file.issue is not None and not _is_at_home(before.get(source_file.issue), source_file):
                connection.execute(update(table).where(table.c.id == source_file.issue).values(path=f"/{source_file.issue}"))
        for source_file in source_files:
            record = before.get(source_file.issue) if source_file.issue is not None else None
            values = _columns_of(source_file) | asdict(instants(record, source_file, now=now))
            if source_file.issue is None:
                fresh.append(values | {"newsletter": newsletter, "first_seen": now})
                continue
            ids[source_file.path] = source_file.issue
            if record is not None and not record.present:
                values |= {"gone_at": None}
                stands = (State.RETRACTED, Code.TAKEN_BACK) if record.retracted_at else (State.NEW, Code.CAME_BACK)
                note_state(connection, source_file.issue, *stands)
            values |= _let_through(record, source_file, duties)
            connection.execute(update(table).where(table.c.id == source_file.issue).values(values))
        if fresh:
            result = connection.execute(insert(table).returning(table.c.id, table.c.path), fresh)
            ids |= {row.path: IssueId(row.id) for row in result}
        for destination in declared_of(connection, newsletter):
            ensure_announcements(connection, destination, ids.values(), now=now)
        return ids

    @changing
    def decided(
        self,
        connection: Connection,
        destination: Destination,
        decisions: Mapping[IssueId, Decision],
        *,
        trusting: bool = True,
        now: datetime,
    ) -> None:
        """Note what the policy said of a destination. Issues that were retracted or are gone stay so.

        ``trusting``: texts that it counts among those from before the first run are let through, unless another one of theirs was.
        """
        table, issues = tables.deliveries, tables.issues
        ensure_announcements(connection, destination.id, decisions, now=now)
        retracted = set(connection.execute(select(issues.c.id).where(issues.c.retracted_at.is_not(None))).scalars())
        gone = set(connection.execute(select(issues.c.id).where(issues.c.gone_at.is_not(None))).scalars())
        skipped = and_(issues.c.skipped_at.is_not(None), issues.c.approved_at.is_(None), issues.c.scheduled_at.is_(None))
        held_back = set(connection.execute(select(issues.c.id).where(or_(issues.c.on_hold_at.is_not(None), skipped))).scalars())
        for issue, decision in decisions.items():
            # Somebody may have decided otherwise since the pass began.
            if issue in gone or (decision.state is State.ANNOUNCE and issue in held_back):
                continue
            state, reason = (State.RETRACTED, Reason(Code.TAKEN_BACK)) if issue in retracted else (decision.state, decision.reason)
            values: dict[str, Any] = {"state": state, "reason": reason, "until": decision.until}
            values |= {"baseline": True} if decision.state is State.BASELINE else {}
            connection.execute(announcements_of(issue).where(table.c.destination == destination.id).values(values))
            if decision.state is State.BASELINE:
                _known_from_before(connection, issue, trusting=trusting)

    @changing
    def explain(self, connection: Connection, destination: Destination, reasons: Mapping[IssueId, Reason]) -> None:
        """Note of issues that are gone what becomes of their messages in a destination."""
        table = tables.deliveries
        for issue, reason in reasons.items():
            these = announcements_of(issue).where(table.c.destination == destination.id, table.c.state == State.GONE)
            connection.execute(these.values(reason=reason))

    @reading
    def holding(self, connection: Connection, newsletter: str) -> frozenset[DeliveryId]:
        """Return the deliveries of issues that are gone or taken back that still have messages, or a request about one under way.

        Notices are not among them.
        """
        issues, table = tables.issues, tables.deliveries
        mine = select(table.c.id).join(issues, issues.c.id == table.c.issue)
        left = (issues.c.newsletter == newsletter, or_(issues.c.gone_at.is_not(None), issues.c.retracted_at.is_not(None)))
        held = mine.join(tables.messages, tables.messages.c.delivery == table.c.id).where(tables.messages.c.released_at.is_(None))
        begun = mine.join(tables.outbox, tables.outbox.c.delivery == table.c.id)
        rows = connection.execute(union(*(part.where(*left, table.c.kind != DeliveryKind.NOTICE) for part in (held, begun))))
        return frozenset(row.id for row in rows)

    async def put_right(self, newsletter: str, *, now: datetime) -> None:
        """Take what a clock that ran far ahead wrote down as still to come for what happens now: it would be waited for until then.

        Of instants from which something is counted until it may happen, only: an issue rests anew, one that went away is given up anew.
        When an issue was announced stays: should the clock be behind now, its edit window would be closed by that.
        """
        latest = now + FAR_AHEAD
        wrong: dict[IssueId, dict[str, datetime]] = {}
        for record in (await self.records(newsletter)).values():
            counted = (("changed_at", record.changed_at), ("listed_at", record.listed_at), ("gone_at", record.gone_at))
            if ahead := {name: now for name, when in counted if when and when > latest}:
                wrong[record.id] = ahead
        if wrong:
            await self._put_right(wrong)

    @changing
    def _put_right(self, connection: Connection, wrong: Mapping[IssueId, Mapping[str, datetime]]) -> None:
        table = tables.issues
        for issue, values in wrong.items():
            connection.execute(update(table).where(table.c.id == issue).values(**values))


def _let_through(record: IssueRecord | None, source_file: SourceFile, duties: Duties) -> dict[str, Any]:
    """Return that a text from before the first run is let through, as columns, where no moderator decides about texts."""
    trusted = record is not None and record.state is State.BASELINE and not duties.issues
    return {"approved": with_any_pictures(source_file.blob)} if trusted else {}


def _known_from_before(connection: Connection, issue: IssueId, *, trusting: bool) -> None:
    """Note of an issue that was there before each of its destinations that nothing is in doubt about it."""
    issues, table = tables.issues, tables.deliveries
    news = select(table.c.id).where(table.c.issue == issue, table.c.kind == DeliveryKind.ANNOUNCEMENT, table.c.baseline.is_(False))
    known: dict[str, Any] = {"doubt": None}
    if trusting:
        # Nobody has looked at its pictures yet, as it is not posted.
        known |= {"approved": func.coalesce(issues.c.approved, issues.c.blob.concat(f"+{ANY_PICTURES}"))}
    these = (issues.c.id == issue, not_(news.exists()))
    connection.execute(update(issues).where(*these).values(known))


def _forget(connection: Connection, absorbed: Mapping[IssueId, IssueId | None]) -> None:
    """Forget issues that turned out to be others, unless they were announced; their notices are of those others."""
    table = tables.issues
    announced = select(tables.deliveries.c.issue).where(tables.deliveries.c.announced_at.is_not(None))
    for issue, heir in absorbed.items():
        inherit(connection, issue, heir)
        connection.execute(delete(table).where(table.c.id == issue, table.c.id.not_in(announced)))


def _lose(connection: Connection, gone: Collection[IssueId], missed_at: datetime) -> None:
    """Note which issues are gone, unless it is known."""
    table = tables.issues
    for issue in gone:
        went = connection.execute(update(table).where(table.c.id == issue, table.c.gone_at.is_(None)).values(gone_at=missed_at))
        if went.rowcount:
            note_state(connection, issue, State.GONE, Code.GONE)


def _is_at_home(record: IssueRecord | None, source_file: SourceFile) -> bool:
    return record is not None and record.present and record.path == source_file.path


def _columns_of(source_file: SourceFile) -> dict[str, Any]:
    """Return what a file says of itself, as columns."""
    return {
        "explicit": source_file.explicit,
        "path": source_file.path,
        "slug": source_file.slug,
        "title": source_file.title,
        "date": None if source_file.date is None else source_file.date.isoformat(),
        "blob": source_file.blob,
        "fingerprint": source_file.fingerprint.dump(),
        "draft": source_file.draft,
        "broken": source_file.broken,
        "doubt": source_file.doubt,
    }
