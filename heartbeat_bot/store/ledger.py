"""The database of what is known and what was done: newsletters and issues here, where they go in ``deliveries.py``.

Messages are in ``outbox.py``, what moderators did in ``audit.py``, what was made of events in ``server_events.py``.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property, partial
from typing import Any, Final

from sqlalchemy import Connection, Row, Update, and_, delete, func, insert, or_, select, union, update

from heartbeat_bot.errors import StateError
from heartbeat_bot.identity.doubts import Doubt
from heartbeat_bot.identity.matching import Fingerprint, Known
from heartbeat_bot.ids import IssueId
from heartbeat_bot.rendering.post import PostKey, is_of
from heartbeat_bot.sources.snapshot import BlobId
from heartbeat_bot.store import tables
from heartbeat_bot.store.approval import ANY_PICTURES, Difference, Version, difference, is_same, text_of, with_any_pictures
from heartbeat_bot.store.audit import Actions
from heartbeat_bot.store.database import Database, DatabasePart, Remembered, changing, reading, writing
from heartbeat_bot.store.decisions import Code, Decision, Reason, State, date_of
from heartbeat_bot.store.deliveries import (
    NEW,
    Deliveries,
    Delivery,
    DeliveryId,
    Destination,
    DestinationId,
    Kind,
    declared_of,
    deliveries_of,
    end_reposts,
    ensure_announcements,
    inherit,
)
from heartbeat_bot.store.outbox import DeliveredMessage, Outbox, Request, WrittenRequest, begun, messages_held, reclaim_notice
from heartbeat_bot.store.server_events import ServerEvents
from heartbeat_bot.store.troubles import Troubles
from heartbeat_bot.store.waits import WaitRows


@dataclass(frozen=True, slots=True, kw_only=True)
class Duties:
    """What moderators must approve (see ``sync/policy.py``): every issue before it is announced, every edit of one that was."""

    issues: bool = False
    edits: bool = False


NO_DUTIES: Final = Duties()

FAR_AHEAD: Final = timedelta(days=1)
"""So far ahead lies nothing that has happened, however far clocks are apart: a clock was wrong when it was written down."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What a pass read of a file that is an issue: ``issue`` tells which, None for a new one. ``date`` as the issue has it.

    ``broken`` says why the file cannot be read; what it said before stands in the other fields then, where there is such.
    """

    issue: IssueId | None
    explicit: str | None
    path: str
    slug: str
    title: str
    date: date | datetime | None
    blob: BlobId
    fingerprint: Fingerprint
    draft: bool = False
    broken: str | None = None
    doubt: Doubt | None = None


@dataclass(frozen=True, kw_only=True)  # no slots: what is derived is kept
class IssueRecord:
    """An issue as the store knows it, with its announcements, reposts and their messages that are kept in step. Instants are UTC.

    What is asked of all its destinations at once (``state``, ``announced_at``, ``shown``…) is of the announcement that moderators should
    look at first.
    """

    id: IssueId
    newsletter: str
    explicit: str | None
    path: str
    slug: str
    title: str
    date: date | datetime | None
    blob: BlobId
    first_seen: datetime
    changed_at: datetime
    draft: bool
    broken: str | None
    listed_at: datetime | None
    gone_at: datetime | None
    doubt: Doubt | None
    approved_at: datetime | None
    retracted_at: datetime | None
    on_hold_at: datetime | None
    scheduled_at: datetime | None
    skipped_at: datetime | None
    withheld: tuple[PostKey, ...]
    approved: Version | None
    approval_binds: bool
    asks: Version | None
    declined: Version | None
    announcements: tuple[Delivery, ...] = field(default=())
    """One for each destination, those that are declared no more included, the oldest destination first."""
    reposts: tuple[Delivery, ...] = field(default=())
    messages: tuple[DeliveredMessage, ...] = field(default=())

    @cached_property
    def _first(self) -> Delivery | None:
        """The announcement that a moderator should look at first."""
        return min(self.announcements, key=lambda one: _ATTENTION[one.state], default=None)

    @property
    def state(self) -> State:
        """What has become of the issue: what waits for a moderator in one destination, before what was announced in another."""
        return self._first.state if self._first else State.NEW

    @property
    def reason(self) -> Reason:
        """Why it is in that state."""
        return self._first.reason if self._first else NEW

    @property
    def until(self) -> datetime | None:
        """From when on time alone may change the state."""
        return self._first.until if self._first else None

    @property
    def baseline(self) -> bool:
        """Whether it was there before each of its destinations."""
        return bool(self.announcements) and all(one.baseline for one in self.announcements)

    @property
    def announced_at(self) -> datetime | None:
        """When it was announced first."""
        return min((one.announced_at for one in self.announcements if one.announced_at), default=None)

    @property
    def shown(self) -> BlobId | None:
        """The text that its announcements show whole, None as long as one of those that were begun does not."""
        shown = [one.shown for one in self.announcements if one.announced_at]
        return None if None in shown else next(iter(shown), None)

    @property
    def shown_as(self) -> str | None:
        """How that was rendered."""
        return next((one.shown_as for one in self.announcements if one.announced_at), None)

    @property
    def late(self) -> BlobId | None:
        """The text that came after the edit window of one of its announcements."""
        return next((one.late for one in self.announcements if one.late), None)

    @property
    def error(self) -> str | None:
        """Why something of it could not be read or posted."""
        return next((one.error for one in (*self.announcements, *self.reposts) if one.error), None)

    def announcement(self, destination: DestinationId) -> Delivery | None:
        """Return its announcement in a destination, None when nothing is known of it there."""
        return next((one for one in self.announcements if one.destination == destination), None)

    @property
    def present(self) -> bool:
        """Whether a file is this issue, as far as the last pass saw."""
        return self.gone_at is None

    def shows(self, key: PostKey) -> bool:
        """Tell whether a post of the issue is to be seen: it is of no section that a moderator took back."""
        return not is_of(key, self.withheld)

    @property
    def doubtful(self) -> bool:
        """Whether it is unsure who it is, and nobody has said."""
        said = self.announced_at or self.approved_at or self.scheduled_at or self.baseline
        return self.present and self.doubt is not None and not said

    @property
    def asks_about_edit(self) -> bool:
        """Whether moderators are asked about a text that is not shown yet, of an issue that has been announced."""
        return self.asks is not None and self.announced_at is not None and self.state is State.ANNOUNCED

    @property
    def is_other_than_approved(self) -> bool:
        """Whether it waits because something else was approved than is there now."""
        return self.state is State.WAITING and self.other_than_approved(self.blob) is not None

    @property
    def is_half_posted(self) -> bool:
        """Whether readers have some of its messages and not all: the next pass goes on."""
        return self.announced_at is not None and self.shown is None and self.present and self.retracted_at is None

    def is_held_back(self, *, now: datetime) -> bool:
        """Tell whether a moderator wants nothing of it sent now, whatever a pass that began before that may think."""
        if self.retracted_at is not None:
            return True
        if self.announced_at is not None:
            return False
        skipped = self.skipped_at is not None and not (self.approved_at or self.scheduled_at)
        return self.on_hold_at is not None or skipped or (self.scheduled_at is not None and self.scheduled_at > now)

    def needs_approval(self, duties: Duties) -> bool:
        """Tell whether only a version that was let through may be sent of the announcement now."""
        if self.announced_at is not None and self.shown is not None:
            return duties.edits
        return duties.issues or self.approval_binds or (duties.edits and self.announced_at is not None)

    def may_send(self, version: Version, duties: Duties) -> bool:
        """Tell whether a version may be sent as the announcement, or as an edit of it: to be asked at the instant of sending."""
        return not self.needs_approval(duties) or is_same(self.approved, version)

    def may_repost(self, repost: Delivery, version: Version, duties: Duties) -> bool:
        """Tell whether a version may be sent as a repost: what a moderator confirmed, or what the announcement shows."""
        if not (duties.edits or (duties.issues and repost.shown is None)):
            return True
        shown = self.announced_at is not None and self.shown is not None and is_same(self.approved, version)
        return shown or is_same(repost.approved, version)

    def readable(self, duties: Duties) -> BlobId | None:
        """Return the text that members may read of it, as a blob, None for none.

        It was announced, or was there on the first run; where no issue needs approval, also one that came too old for an announcement.
        Never what was skipped, waits, is held or was taken back. Where a moderator decides about texts, it is the one that was let through.
        """
        if self.announced_at is not None and self.present and self.retracted_at is None:
            if not (duties.issues or duties.edits):
                return self.blob
            return self.shown or text_of(self.approved)
        if self.state is State.BASELINE and self.skipped_at is None:
            return text_of(self.approved) if duties.issues else self.blob
        return self.blob if self.state is State.TOO_OLD and not duties.issues and self.skipped_at is None else None

    def other_than_approved(self, blob: BlobId) -> Difference | None:
        """Return what is not what was approved or scheduled; None when it is, or nothing was."""
        if self.announced_at is not None or not (self.approved_at or self.scheduled_at):
            return None
        if text_of(self.approved) != blob:
            return Difference.TEXT
        return difference(self.approved, self.asks) if self.asks and text_of(self.asks) == blob else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Instants:
    """Since when an issue's content is what it is, and since when it is listed (see ``sync/policy.py``), None when it is not."""

    changed_at: datetime
    listed_at: datetime | None


def instants(before: IssueRecord | None, sighting: Sighting, *, now: datetime) -> Instants:
    """Return an issue's instants after a file was read that is that issue; ``now`` is when the source came to hold it.

    An issue that comes back rests anew. What was announced stays listed as it was then, so that many old issues that come back, or
    turn from drafts again, do not look like an import.
    """
    shown = not sighting.draft and sighting.broken is None
    if before is None:
        return Instants(changed_at=now, listed_at=now if shown else None)
    back = not before.present and before.announced_at is None
    changed_at = now if back or before.blob != sighting.blob else before.changed_at
    if before.announced_at is not None:
        return Instants(changed_at=changed_at, listed_at=before.listed_at)
    listed_at = None if back else before.listed_at
    return Instants(changed_at=changed_at, listed_at=(listed_at or now) if shown else None)


class Ledger(DatabasePart):
    """The open database.

    Its parts are ``deliveries`` (what goes where), ``outbox`` (messages), ``actions`` (who did what), ``server_events``, ``waits`` and
    ``troubles``.
    """

    def __init__(self, database: Database) -> None:
        """Use a database whose schema is up to date; see :func:`open_ledger`."""
        super().__init__(database)
        self.deliveries = Deliveries(database)
        self.outbox = Outbox(database)
        self.actions = Actions(database)
        self.server_events = ServerEvents(database)
        self.waits = WaitRows(database)
        self.troubles = Troubles(database)
        self._records = Remembered[Mapping[IssueId, IssueRecord]](database)

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

    async def check(self) -> None:
        """Look through the whole database; raise StateError when it is damaged. 100 MB take about a second."""
        await self.database.check()

    @writing
    def pass_done(
        self, connection: Connection, name: str, *, destinations: Sequence[Destination] = (), commit: str, now: datetime
    ) -> None:
        """Note that a pass went through: the first one ends the baseline, of the newsletter and of each of its destinations."""
        table = tables.newsletters
        values = {"commit_id": commit, "last_pass_at": now, "error": None, "error_at": None}
        first = func.coalesce(table.c.baseline_at, now)
        changed = connection.execute(update(table).where(table.c.name == name).values(values | {"baseline_at": first}))
        if changed.rowcount == 0:
            connection.execute(insert(table).values(values | {"name": name, "baseline_at": now}))
        new = [one.id for one in destinations if one.baseline_at is None]
        if new:
            places = tables.destinations
            connection.execute(update(places).where(places.c.id.in_(new)).values(baseline_at=now))

    async def pass_failed(self, name: str, *, error: str, now: datetime) -> None:
        """Note why a pass could not be made."""
        await self._set_newsletter(name, {"error": error, "error_at": now})

    async def pause(self, name: str, *, now: datetime) -> None:
        """Note that a moderator wants nothing sent, edited or deleted of a newsletter until it is resumed."""
        await self._set_newsletter(name, {"paused_at": now})

    async def resume(self, name: str) -> None:
        """Note that a newsletter goes on: the next pass makes good what was left undone."""
        await self._set_newsletter(name, {"paused_at": None})

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

    async def records(self, newsletter: str) -> Mapping[IssueId, IssueRecord]:
        """Return the issues of a newsletter, those that are gone too, without their messages: what a pass begins with.

        They are read once, and again when an issue was written: nobody else writes to the database meanwhile.
        """
        return await self._records.get(newsletter, partial(self._read_records, newsletter))

    @reading
    def _read_records(self, connection: Connection, newsletter: str) -> Mapping[IssueId, IssueRecord]:
        query = select(*_RECORD).where(tables.issues.c.newsletter == newsletter)
        found = deliveries_of(connection, newsletter=newsletter)
        return {row[0]: _issue_of(row, found.get(row[0], ())) for row in connection.execute(query)}

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
        sightings: Sequence[Sighting],
        *,
        before: Mapping[IssueId, IssueRecord] | None = None,
        gone: Collection[IssueId] = (),
        absorbed: Collection[IssueId] = (),
        now: datetime,
        missed_at: datetime | None = None,
        duties: Duties = NO_DUTIES,
    ) -> dict[str, IssueId]:
        """Note in one transaction what a pass read and which issues are gone; return the id of every sighted path.

        ``now`` is since when the source holds what was read (see :func:`instants`), ``missed_at`` when the pass missed what is
        gone. An issue that comes back loses the state *gone*; all else that became of it (announced, baseline, retracted) is still
        known. ``absorbed`` issues were doubtful, had nothing posted, and turned out to be others: they are forgotten, and notices of them
        are of those others. ``before`` is as in :meth:`known`. Without ``duties`` whatever becomes of a text from before the first run is
        let through: members may read it.
        """
        if before is None:
            before = await self.records(newsletter)
        return await self._record(newsletter, sightings, before, gone, absorbed, now, missed_at or now, duties)

    @changing
    def _record(  # noqa: PLR0913, PLR0917 - what record() is given
        self,
        connection: Connection,
        newsletter: str,
        sightings: Sequence[Sighting],
        before: Mapping[IssueId, IssueRecord],
        gone: Collection[IssueId],
        absorbed: Collection[IssueId],
        now: datetime,
        missed_at: datetime,
        duties: Duties,
    ) -> dict[str, IssueId]:
        table = tables.issues
        found = connection.execute(select(tables.newsletters.c.name).where(tables.newsletters.c.name == newsletter))
        if found.one_or_none() is None:
            connection.execute(insert(tables.newsletters).values(name=newsletter))
        heirs = {sighting.path: sighting.issue for sighting in sightings}
        _forget(connection, {issue: heirs.get(before[issue].path) for issue in absorbed})
        _lose(connection, gone, missed_at)
        ids: dict[str, IssueId] = {}
        fresh: list[dict[str, Any]] = []
        # Files may swap paths: give way first, so that the index is not hurt between two updates. No file's path begins with a slash.
        for sighting in sightings:
            if sighting.issue is not None and not _is_at_home(before.get(sighting.issue), sighting):
                connection.execute(update(table).where(table.c.id == sighting.issue).values(path=f"/{sighting.issue}"))
        for sighting in sightings:
            record = before.get(sighting.issue) if sighting.issue is not None else None
            values = _columns_of(sighting) | asdict(instants(record, sighting, now=now))
            if sighting.issue is None:
                fresh.append(values | {"newsletter": newsletter, "first_seen": now})
                continue
            ids[sighting.path] = sighting.issue
            if record is not None and not record.present:
                values |= {"gone_at": None}
                stands = (State.RETRACTED, Code.TAKEN_BACK) if record.retracted_at else (State.NEW, Code.CAME_BACK)
                _stands(connection, sighting.issue, *stands)
            values |= _let_through(record, sighting, duties)
            connection.execute(update(table).where(table.c.id == sighting.issue).values(values))
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
        gone = select(issues.c.id).where(issues.c.gone_at.is_not(None))
        skipped = and_(issues.c.skipped_at.is_not(None), issues.c.approved_at.is_(None), issues.c.scheduled_at.is_(None))
        held_back = select(issues.c.id).where(or_(issues.c.on_hold_at.is_not(None), skipped))
        for issue, decision in decisions.items():
            state, reason = (State.RETRACTED, Reason(Code.TAKEN_BACK)) if issue in retracted else (decision.state, decision.reason)
            values: dict[str, Any] = {"state": state, "reason": reason, "until": decision.until}
            values |= {"baseline": True} if decision.state is State.BASELINE else {}
            these = _announcements(issue).where(table.c.destination == destination.id, table.c.issue.not_in(gone))
            if decision.state is State.ANNOUNCE:  # somebody may have decided otherwise since the pass began
                these = these.where(table.c.issue.not_in(held_back))
            connection.execute(these.values(values))
            if decision.state is State.BASELINE:
                _known_from_before(connection, issue, trusting=trusting)

    @changing
    def explain(self, connection: Connection, destination: Destination, reasons: Mapping[IssueId, Reason]) -> None:
        """Note of issues that are gone what becomes of their messages in a destination."""
        table = tables.deliveries
        for issue, reason in reasons.items():
            these = _announcements(issue).where(table.c.destination == destination.id, table.c.state == State.GONE)
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
        rows = connection.execute(union(*(part.where(*left, table.c.kind != Kind.NOTICE) for part in (held, begun))))
        return frozenset(row.id for row in rows)

    async def let_through(self, issue: IssueId, version: Version, *, posts: bytes | None = None) -> None:
        """Note that a version may be sent, of an issue that was decided about: the policy let it through, or it is a small change.

        ``posts`` is what later small changes are measured against (see :func:`approval.dump`), None to leave that as it is.
        """
        await self._set_issue(issue, {"approved": version, "asks": None} | ({} if posts is None else {"approved_posts": posts}))

    @changing
    def ask_about(self, connection: Connection, issue: IssueId, version: Version | None) -> None:
        """Note that moderators are asked about a version, None for none any more. What was not announced waits for them meanwhile."""
        table = tables.issues
        this = update(table).where(table.c.id == issue)
        connection.execute(this.values(asks=version))
        if version is not None:
            changed = difference(_find_issue(connection, issue).approved, version) or Difference.ISSUE
            waits = {"state": State.WAITING, "reason": Reason(Code.OTHER_THAN_APPROVED, changed=changed), "until": None}
            places = tables.deliveries
            undecided = _announcements(issue).where(
                places.c.announced_at.is_(None), places.c.state.not_in([State.GONE, State.RETRACTED, State.BASELINE])
            )
            connection.execute(undecided.values(waits))

    @changing
    def approve_edit(
        self, connection: Connection, issue: IssueId, version: Version, *, posts: bytes | None = None, now: datetime
    ) -> None:
        """Note that a moderator wants a version of an announced issue shown, also after its edit window: the next pass does it."""
        asked = connection.execute(_announcements(issue).where(tables.deliveries.c.announced_at.is_not(None)).values(asked_at=now))
        if asked.rowcount:
            values = {"approved": version, "approved_posts": posts, "asks": None, "declined": None}
            connection.execute(update(tables.issues).where(tables.issues.c.id == issue).values(values))

    async def decline_edit(self, issue: IssueId, version: Version) -> None:
        """Note that a moderator does not want a version of an announced issue shown: its messages stay as they are."""
        await self._set_issue(issue, {"declined": version, "asks": None})

    @reading
    def approved_posts(self, connection: Connection, issue: IssueId) -> bytes | None:
        """Return what a moderator approved looks like (see :func:`approval.dump`), None when that is not known."""
        return connection.execute(select(tables.issues.c.approved_posts).where(tables.issues.c.id == issue)).scalar_one_or_none()

    @changing
    def ask(self, connection: Connection, issue: IssueId, *, now: datetime) -> None:
        """Note that a moderator wants the changes of an issue sent, although its edit window is over: the next pass does it."""
        connection.execute(_announcements(issue).values(asked_at=now))

    @changing
    def withdrawn(self, connection: Connection, announcement: Delivery, *, now: datetime) -> None:
        """Note that nothing of an announcement whose issue's file was removed is left: it is as if it had not been announced there."""
        table, issue = tables.deliveries, announcement.issue
        end_reposts(connection, issue, now=now)
        connection.execute(update(table).where(table.c.id == announcement.id).values(dict(_NOT_ANNOUNCED)))
        left = connection.execute(select(table.c.id).where(table.c.issue == issue, table.c.announced_at.is_not(None))).first()
        if left is None:
            connection.execute(update(tables.issues).where(tables.issues.c.id == issue).values(dict(_UNDECIDED)))

    @reading
    def issues(self, connection: Connection, newsletter: str | None = None) -> list[IssueRecord]:
        """Return every known issue (of one newsletter), the latest seen first, with its messages that are kept in step."""
        query = select(*_RECORD).order_by(tables.issues.c.first_seen.desc(), tables.issues.c.id.desc())
        if newsletter is not None:
            query = query.where(tables.issues.c.newsletter == newsletter)
        held: dict[IssueId, list[DeliveredMessage]] = {}
        for message in messages_held(connection):
            held.setdefault(message.issue, []).append(message)
        found = deliveries_of(connection, newsletter=newsletter)
        return [_issue_of(row, found.get(row.id, ()), tuple(held.get(row.id, ()))) for row in connection.execute(query)]

    @reading
    def issue(self, connection: Connection, issue: IssueId) -> IssueRecord:
        """Return one issue with its messages; raise StateError when there is none of that id."""
        return _find_issue(connection, issue)

    @changing
    def approve(
        self, connection: Connection, issue: IssueId, version: Version | None = None, *, posts: bytes | None = None, now: datetime
    ) -> None:
        """Note that a moderator wants an issue announced, also one that was retracted or is doubtful: the next pass does it.

        ``version`` is what that moderator saw, the text that is known when None; ``posts`` is what it looks like (see
        :func:`approval.dump`). A hold and a schedule are over with it. One that was retracted is announced as if for the first time, its
        ping aside.
        """
        values = {**_WANTED, **_seen(connection, issue, version, posts), "approved_at": now, "scheduled_at": None}
        _decide(connection, issue, values, state=State.NEW, code=Code.APPROVED)

    @changing
    def schedule(
        self, connection: Connection, issue: IssueId, at: datetime, version: Version | None = None, *, posts: bytes | None = None
    ) -> None:
        """Note that a moderator wants an issue announced at an instant: then it is as if it were approved, until then it is held.

        What is scheduled is what that moderator saw, as in :meth:`approve`. A hold and an earlier approval are over with it. Raises
        StateError for an issue that has been announced.
        """
        _check_undecided(connection, issue, retracted=True)
        values = {**_WANTED, **_seen(connection, issue, version, posts), "approved_at": None, "scheduled_at": at}
        _decide(connection, issue, values, state=State.NEW, code=Code.WAS_SCHEDULED)

    @changing
    def hold(self, connection: Connection, issue: IssueId, *, now: datetime) -> None:
        """Note that a moderator holds an issue back until it is approved, scheduled or skipped; raise StateError when it is out."""
        _check_undecided(connection, issue)
        values = {**_UNDECIDED, "on_hold_at": now}
        _decide(connection, issue, values, state=State.WAITING, code=Code.ON_HOLD)

    @changing
    def skip(self, connection: Connection, issue: IssueId, *, now: datetime) -> None:
        """Note that a moderator says that an issue is no news: it is known, like those from before the first run.

        Raises StateError for an issue that has been announced or was retracted.
        """
        _check_undecided(connection, issue)
        values = {**_UNDECIDED, "skipped_at": now}
        values |= {"on_hold_at": None, "doubt": None}
        connection.execute(_announcements(issue).values(baseline=True))
        _decide(connection, issue, values, state=State.BASELINE, code=Code.SKIPPED)

    @changing
    def retract(self, connection: Connection, issue: IssueId, *, now: datetime) -> None:
        """Note that a moderator took an issue back: the next pass deletes its messages and reposts, also when its file is gone."""
        end_reposts(connection, issue, now=now)
        _decide(connection, issue, {"retracted_at": now}, state=State.RETRACTED, code=Code.TAKEN_BACK)

    @changing
    def begin(self, connection: Connection, request: Request, issue: IssueId, *, now: datetime) -> WrittenRequest | None:
        """Write a request down as :meth:`Outbox.begin` does, unless a moderator holds its issue back at this instant: then return None.

        It is one transaction: what is decided before it holds, and after it the issue is announced.
        """
        return None if _find_issue(connection, issue).is_held_back(now=now) else begun(connection, request, now)

    @changing
    def withhold(self, connection: Connection, issue: IssueId, keys: Sequence[PostKey], *, now: datetime) -> None:
        """Note which sections of an issue (see :func:`post.is_of`) a moderator took back, none for none any more: the next pass does it.

        Also after the edit window: it is what a moderator asks for.
        """
        issues, table = tables.issues, tables.deliveries
        connection.execute(update(issues).where(issues.c.id == issue).values(withheld=sorted(keys) or None))
        connection.execute(_announcements(issue).values(shown_as="", asked_at=now))
        connection.execute(update(table).where(table.c.issue == issue, table.c.kind == Kind.REPOST).values(shown=None))

    @changing
    def _set_issue(self, connection: Connection, issue: IssueId, values: Mapping[str, Any]) -> None:
        connection.execute(update(tables.issues).where(tables.issues.c.id == issue).values(values))

    @writing
    def _set_newsletter(self, connection: Connection, name: str, values: Mapping[str, Any]) -> None:
        table = tables.newsletters
        changed = connection.execute(update(table).where(table.c.name == name).values(values))
        if changed.rowcount == 0:
            connection.execute(insert(table).values({"name": name} | dict(values)))


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


_NOT_ANNOUNCED: Final[Mapping[str, Any]] = {"announced_at": None, "shown": None, "shown_as": None, "late": None}
_ATTENTION: Final = {
    state: number
    for number, state in enumerate(
        (
            State.RETRACTED,
            State.GONE,
            State.UNSURE,
            State.WAITING,
            State.ANNOUNCED,
            State.ANNOUNCE,
            State.BROKEN,
            State.HELD,
            State.FUTURE,
            State.DRAFT,
            State.NEW,
            State.TOO_OLD,
            State.BASELINE,
        )
    )
}
"""Of several announcements of an issue, which of their states is the issue's: the first."""
_WANTED: Final[Mapping[str, Any]] = {
    "retracted_at": None,
    "withheld": None,
    "on_hold_at": None,
    "doubt": None,
}
"""What is no more, once a moderator wants an issue announced."""
_UNDECIDED: Final[Mapping[str, Any]] = {
    "approved_at": None,
    "scheduled_at": None,
    "approved": None,
    "approved_posts": None,
    "approval_binds": False,
    "asks": None,
    "declined": None,
}
"""What is no more, once nobody wants an issue announced any longer."""
_MADE_TO_WAIT: Final = frozenset({State.WAITING, State.UNSURE, State.TOO_OLD, State.BASELINE, State.RETRACTED})
_RECORD: Final = [column for column in tables.issues.c if column.name not in {"fingerprint", "approved_posts"}]
_NAMES: Final = [column.name for column in _RECORD]


def _find_issue(connection: Connection, issue: IssueId) -> IssueRecord:
    row = connection.execute(select(*_RECORD).where(tables.issues.c.id == issue)).one_or_none()
    if row is None:
        raise StateError(f"There is no issue number {issue}: `heartbeat-bot issues` lists them.")
    return _issue_of(row, deliveries_of(connection, [issue]).get(issue, ()), tuple(messages_held(connection, issue)))


def _announcements(issue: IssueId) -> Update:
    """Begin a statement that changes all announcements of an issue."""
    return update(tables.deliveries).where(tables.deliveries.c.issue == issue, tables.deliveries.c.kind == Kind.ANNOUNCEMENT)


def _stands(connection: Connection, issue: IssueId, state: State, code: Code) -> None:
    """Note of all announcements of an issue how they stand."""
    connection.execute(_announcements(issue).values(state=state, reason=Reason(code), until=None))


def _check_undecided(connection: Connection, issue: IssueId, *, retracted: bool = False) -> None:
    """Raise StateError for an issue that has been announced, or was retracted unless that is allowed."""
    record = _find_issue(connection, issue)
    if record.retracted_at is not None:
        if not retracted:
            raise StateError("The issue was taken back already.")
    elif record.announced_at is not None:
        raise StateError("The issue has been announced already: retract it to take it back.")


def _let_through(record: IssueRecord | None, sighting: Sighting, duties: Duties) -> dict[str, Any]:
    """Return that a text from before the first run is let through, as columns, where no moderator decides about texts."""
    trusted = record is not None and record.state is State.BASELINE and not duties.issues
    return {"approved": with_any_pictures(sighting.blob)} if trusted else {}


def _seen(connection: Connection, issue: IssueId, version: Version | None, posts: bytes | None) -> dict[str, Any]:
    """Return what a moderator saw of an issue, as columns, and whether something had made it wait for that moderator."""
    record = _find_issue(connection, issue)
    waited = bool(record.doubt or record.on_hold_at or record.baseline or record.retracted_at) or record.state in _MADE_TO_WAIT
    waited = waited or (record.approval_binds and bool(record.approved_at or record.scheduled_at))
    seen = version or Version(record.blob)
    return {"approved": seen, "approved_posts": posts, "approval_binds": waited, "asks": None, "declined": None}


def _decide(connection: Connection, issue: IssueId, values: Mapping[str, Any], *, state: State, code: Code) -> None:
    """Note what a moderator decided. What is gone stays so until it comes back."""
    record = _find_issue(connection, issue)
    reclaim_notice(connection, issue)
    if values.keys() >= _WANTED.keys() and record.retracted_at:  # what was retracted is announced as if for the first time
        connection.execute(_announcements(issue).values(dict(_NOT_ANNOUNCED)))
    connection.execute(update(tables.issues).where(tables.issues.c.id == issue).values(dict(values)))
    if record.present:
        _stands(connection, issue, state, code)


def _known_from_before(connection: Connection, issue: IssueId, *, trusting: bool) -> None:
    """Note of an issue that was there before each of its destinations that nothing is in doubt about it."""
    issues, table = tables.issues, tables.deliveries
    news = select(table.c.issue).where(table.c.kind == Kind.ANNOUNCEMENT, table.c.baseline.is_(False))
    known: dict[str, Any] = {"doubt": None}
    if trusting:
        # Nobody has looked at its pictures yet, as it is not posted.
        known |= {"approved": func.coalesce(issues.c.approved, issues.c.blob.concat(f"+{ANY_PICTURES}"))}
    these = (issues.c.id == issue, issues.c.gone_at.is_(None), issues.c.id.not_in(news))
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
            _stands(connection, issue, State.GONE, Code.GONE)


def _is_at_home(record: IssueRecord | None, sighting: Sighting) -> bool:
    return record is not None and record.present and record.path == sighting.path


def _columns_of(sighting: Sighting) -> dict[str, Any]:
    """Return what a file says of itself, as columns."""
    return {
        "explicit": sighting.explicit,
        "path": sighting.path,
        "slug": sighting.slug,
        "title": sighting.title,
        "date": None if sighting.date is None else sighting.date.isoformat(),
        "blob": sighting.blob,
        "fingerprint": sighting.fingerprint.dump(),
        "draft": sighting.draft,
        "broken": sighting.broken,
        "doubt": sighting.doubt,
    }


def _issue_of(row: Row[Any], deliveries: Sequence[Delivery] = (), held: tuple[DeliveredMessage, ...] = ()) -> IssueRecord:
    values: dict[str, Any] = dict(zip(_NAMES, row, strict=True))
    values |= {"date": date_of(values["date"]), "withheld": tuple(values["withheld"] or ())}
    return IssueRecord(
        **values,
        announcements=tuple(one for one in deliveries if one.kind is Kind.ANNOUNCEMENT),
        reposts=tuple(one for one in deliveries if one.kind is Kind.REPOST),
        messages=held,
    )
