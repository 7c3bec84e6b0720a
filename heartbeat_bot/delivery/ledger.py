"""The database of what is known and what was done: newsletters and issues here, messages in ``receipts.py``.

What moderators posted again is in ``copies.py``, what they did in ``actions.py``, what was made of events in ``server_events.py``.
"""

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Row, case, delete, func, insert, make_url, select, union, update
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from heartbeat_bot import sqlite
from heartbeat_bot.delivery import schema
from heartbeat_bot.delivery.actions import Actions
from heartbeat_bot.delivery.copies import Copies, drop_all
from heartbeat_bot.delivery.gate import ON_HOLD, SKIPPED, Facts, Ruling, Verdict
from heartbeat_bot.delivery.identity import Doubt, Fingerprint, IssueId, Known
from heartbeat_bot.delivery.migrations import LATEST, migrate, version_of
from heartbeat_bot.delivery.receipts import NOTICE, Receipt, Receipts, receipt_of
from heartbeat_bot.delivery.schema import State
from heartbeat_bot.delivery.server_events import ServerEvents
from heartbeat_bot.delivery.writes import Remembered, Writes
from heartbeat_bot.errors import StateError
from heartbeat_bot.messages.post import PostKey, is_of
from heartbeat_bot.sources.snapshot import BlobId

Clock = Callable[[], datetime]
"""Tells the time: an aware instant."""


def system_clock() -> datetime:
    """Tell the machine's time in UTC."""
    return datetime.now(UTC)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueRecord:
    """An issue as the ledger knows it, with the messages that are kept in step, copies included and notices not. Instants are UTC."""

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
    doubt: str | None
    doubt_issue: IssueId | None
    state: State
    reason: str
    until: datetime | None
    baseline: bool
    approved_at: datetime | None
    announced_at: datetime | None
    pinged_at: datetime | None
    retracted_at: datetime | None
    shown: BlobId | None
    shown_as: str | None
    late: BlobId | None
    asked_at: datetime | None
    error: str | None
    error_at: datetime | None
    on_hold_at: datetime | None
    scheduled_at: datetime | None
    skipped_at: datetime | None
    withheld: tuple[PostKey, ...]
    receipts: tuple[Receipt, ...] = field(default=())

    @property
    def present(self) -> bool:
        """Whether a file is this issue, as far as the last pass saw."""
        return self.state is not State.GONE

    def shows(self, key: PostKey) -> bool:
        """Tell whether a post of the issue is to be seen: it is of no section that a moderator took back."""
        return not is_of(key, self.withheld)

    @property
    def doubtful(self) -> bool:
        """Whether it is unsure who it is, and nobody has said."""
        said = self.announced_at or self.approved_at or self.scheduled_at or self.baseline
        return self.present and self.doubt is not None and not said

    def facts(self, rendering: str) -> Facts:
        """Return what the gate needs to know; ``rendering`` names how it would be rendered now (see :meth:`Ledger.delivered`)."""
        same_text = self.shown == self.blob
        return Facts(
            draft=self.draft,
            date=self.date,
            changed_at=self.changed_at,
            listed_at=self.listed_at,
            announced=self.announced_at is not None,
            baseline=self.baseline,
            too_old=self.state is State.TOO_OLD,
            waiting=self.state is State.WAITING,
            approved=self.approved_at is not None,
            on_hold=self.on_hold_at is not None,
            scheduled=self.scheduled_at,
            skipped=self.skipped_at is not None,
            broken=self.broken,
            doubt=self.doubt,
            announced_at=self.announced_at,
            delivered=self.shown is not None,
            current=same_text and self.shown_as == rendering,
            same_text=same_text,
            asked=self.asked_at is not None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Instants:
    """Since when an issue's content is what it is, and since when it is listed (see ``gate.py``), None when it is not."""

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


class Ledger:
    """The open database. Its parts are ``receipts`` (messages), ``copies``, ``actions`` (who did what) and ``server_events``."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Use an engine whose schema is up to date; see :func:`open_ledger`."""
        self._engine = engine
        self.receipts = Receipts(engine)
        self.copies = Copies(engine)
        self.actions = Actions(engine)
        self.server_events = ServerEvents(engine)
        self._records = Remembered[Mapping[IssueId, IssueRecord]](Writes(engine, schema.issues))

    async def newsletters(self) -> list[Newsletter]:
        """Return every newsletter that a pass has seen, by name."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(schema.newsletters).order_by(schema.newsletters.c.name))
            return [_newsletter_of(row) for row in rows]

    async def newsletter(self, name: str) -> Newsletter:
        """Return what is known of a newsletter, an empty record for one that no pass has seen."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(schema.newsletters).where(schema.newsletters.c.name == name))
            row = rows.one_or_none()
            return Newsletter(name=name) if row is None else _newsletter_of(row)

    async def pass_done(self, name: str, *, commit: str, now: datetime) -> None:
        """Note that a pass went through: the first one ends the baseline."""
        table = schema.newsletters
        values = {"commit_id": commit, "last_pass_at": now, "error": None, "error_at": None}
        async with self._engine.begin() as connection:
            first = func.coalesce(table.c.baseline_at, now)
            changed = await connection.execute(update(table).where(table.c.name == name).values(values | {"baseline_at": first}))
            if changed.rowcount == 0:
                await connection.execute(insert(table).values(values | {"name": name, "baseline_at": now}))

    async def pass_failed(self, name: str, *, error: str, now: datetime) -> None:
        """Note why a pass could not be made."""
        await self._set_newsletter(name, {"error": error, "error_at": now})

    async def pause(self, name: str, *, now: datetime) -> None:
        """Note that a moderator wants nothing sent, edited or deleted of a newsletter until it is resumed."""
        await self._set_newsletter(name, {"paused_at": now})

    async def resume(self, name: str) -> None:
        """Note that a newsletter goes on: the next pass makes good what was left undone."""
        await self._set_newsletter(name, {"paused_at": None})

    async def records(self, newsletter: str) -> Mapping[IssueId, IssueRecord]:
        """Return the issues of a newsletter, those that are gone too, without their receipts: what a pass begins with.

        They are read once, and again when an issue was written: nobody else writes to the database meanwhile.
        """

        async def read() -> Mapping[IssueId, IssueRecord]:
            query = select(*_RECORD).where(schema.issues.c.newsletter == newsletter)
            async with self._engine.connect() as connection:
                return {row[0]: _issue_of(row) for row in await connection.execute(query)}

        return await self._records.get(newsletter, read)

    async def known(self, newsletter: str, records: Mapping[IssueId, IssueRecord] | None = None) -> list[Known]:
        """Return the issues of a newsletter, those that are gone too, as :func:`identity.identify` takes them.

        ``records`` are those of the newsletter, when they have been asked for already.
        """
        if records is None:
            records = await self.records(newsletter)
        prints = select(schema.issues.c.id, schema.issues.c.fingerprint).where(schema.issues.c.newsletter == newsletter)
        async with self._engine.connect() as connection:
            fingerprints = {row.id: row.fingerprint for row in await connection.execute(prints)}
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
        gone: Iterable[IssueId] = (),
        absorbed: Iterable[IssueId] = (),
        now: datetime,
        missed_at: datetime | None = None,
    ) -> dict[str, IssueId]:
        """Note in one transaction what a pass read and which issues are gone; return the id of every sighted path.

        ``now`` is since when the source holds what was read (see :func:`instants`), ``missed_at`` when the pass missed what is
        gone. An issue that comes back loses the state *gone*; all else that became of it (announced, baseline, retracted) is still
        known. ``absorbed`` issues were doubtful, had nothing posted, and turned out to be others: they are forgotten, and notices of them
        are of those others. ``before`` is as in :meth:`known`.
        """
        table = schema.issues
        if before is None:
            before = await self.records(newsletter)
        async with self._engine.begin() as connection:
            found = await connection.execute(select(schema.newsletters.c.name).where(schema.newsletters.c.name == newsletter))
            if found.one_or_none() is None:
                await connection.execute(insert(schema.newsletters).values(name=newsletter))
            heirs = {sighting.path: sighting.issue for sighting in sightings}
            for issue in absorbed:
                await _inherit(connection, issue, heirs.get(before[issue].path))
                await connection.execute(delete(table).where(table.c.id == issue, table.c.announced_at.is_(None)))
            for issue in gone:
                values = {"state": State.GONE, "reason": "its file went away", "until": None, "gone_at": missed_at or now}
                await connection.execute(update(table).where(table.c.id == issue, table.c.state != State.GONE).values(values))
            return await self._record_sightings(connection, newsletter, sightings, before, now)

    async def _record_sightings(
        self,
        connection: AsyncConnection,
        newsletter: str,
        sightings: Sequence[Sighting],
        before: Mapping[IssueId, IssueRecord],
        now: datetime,
    ) -> dict[str, IssueId]:
        table = schema.issues
        ids: dict[str, IssueId] = {}
        fresh: list[dict[str, Any]] = []
        # Files may swap paths: give way first, so that the index is not hurt between two updates.
        for sighting in sightings:
            if sighting.issue is not None and not _is_at_home(before.get(sighting.issue), sighting):
                await connection.execute(update(table).where(table.c.id == sighting.issue).values(path=f"\0{sighting.issue}"))
        for sighting in sightings:
            record = before.get(sighting.issue) if sighting.issue is not None else None
            values = _columns_of(sighting) | asdict(instants(record, sighting, now=now))
            if sighting.issue is None:
                ruling = {"state": State.NEW, "reason": "it has just been read", "baseline": False}
                fresh.append(values | ruling | {"newsletter": newsletter, "first_seen": now})
                continue
            ids[sighting.path] = sighting.issue
            if record is not None and not record.present:
                back = {"state": State.NEW, "reason": "it came back"}
                kept = {"state": State.RETRACTED, "reason": _TAKEN_BACK}
                values |= {"gone_at": None} | (kept if record.retracted_at else back)
            await connection.execute(update(table).where(table.c.id == sighting.issue).values(values))
        if fresh:
            result = await connection.execute(insert(table).returning(table.c.id, table.c.path), fresh)
            ids |= {row.path: IssueId(row.id) for row in result}
        return ids

    async def rule(self, rulings: Mapping[IssueId, Ruling]) -> None:
        """Note what the gate said, in one transaction. Issues that were retracted or are gone stay so."""
        if not rulings:
            return
        table = schema.issues
        kept = table.c.retracted_at.is_not(None)
        async with self._engine.begin() as connection:
            for issue, ruling in rulings.items():
                values: dict[str, Any] = {
                    "state": case((kept, State.RETRACTED.value), else_=ruling.verdict.value),
                    "reason": case((kept, _TAKEN_BACK), else_=ruling.why),
                    "until": ruling.until,
                }
                if ruling.verdict is Verdict.BASELINE:
                    values |= {"baseline": True, "doubt": None, "doubt_issue": None}
                await connection.execute(update(table).where(table.c.id == issue, table.c.state != State.GONE).values(values))

    async def explain(self, reasons: Mapping[IssueId, str]) -> None:
        """Note of issues that are gone what becomes of their messages."""
        table = schema.issues
        async with self._engine.begin() as connection:
            for issue, why in reasons.items():
                await connection.execute(update(table).where(table.c.id == issue, table.c.state == State.GONE).values(reason=why))

    async def holding(self, newsletter: str) -> frozenset[IssueId]:
        """Return the issues that are gone or taken back and still have messages, or a request about one under way; notices aside."""
        issues = schema.issues
        left = (issues.c.newsletter == newsletter, issues.c.state.in_([State.GONE, State.RETRACTED]))
        receipts, intents = schema.receipts, schema.intents
        held = select(issues.c.id).join(receipts, receipts.c.issue == issues.c.id).where(receipts.c.series != NOTICE)
        begun = select(issues.c.id).join(intents, intents.c.issue == issues.c.id).where(intents.c.series != NOTICE)
        async with self._engine.connect() as connection:
            rows = await connection.execute(union(held.where(*left, receipts.c.released_at.is_(None)), begun.where(*left)))
            return frozenset(row.id for row in rows)

    async def delivered(self, issue: IssueId, *, blob: BlobId, rendering: str) -> None:
        """Note that the messages of an issue show a blob's text whole, rendered in a way that ``rendering`` names."""
        await self._set_issue(issue, {"shown": blob, "shown_as": rendering, "late": None, "asked_at": None})

    async def too_late(self, issue: IssueId, *, blob: BlobId) -> None:
        """Note that a blob whose text readers would see changed came after the edit window, and is not sent."""
        await self._set_issue(issue, {"late": blob})

    async def ask(self, issue: IssueId, *, now: datetime) -> None:
        """Note that a moderator wants the changes of an issue sent, although its edit window is over: the next pass does it."""
        await self._set_issue(issue, {"asked_at": now})

    async def withdrawn(self, issue: IssueId) -> None:
        """Note that nothing of an issue whose file was removed is left in the channel: it is as if it had not been announced."""
        table = schema.issues
        values = {**_NOT_ANNOUNCED, "approved_at": None, "scheduled_at": None}
        async with self._engine.begin() as connection:
            await drop_all(connection, issue)
            await connection.execute(update(table).where(table.c.id == issue).values(values))

    async def issues(self, newsletter: str | None = None) -> list[IssueRecord]:
        """Return every known issue (of one newsletter), the latest seen first, with the receipts of messages kept in step."""
        query = select(*_RECORD).order_by(schema.issues.c.first_seen.desc(), schema.issues.c.id.desc())
        if newsletter is not None:
            query = query.where(schema.issues.c.newsletter == newsletter)
        held: dict[IssueId, list[Receipt]] = {}
        async with self._engine.connect() as connection:
            kept = select(schema.receipts).where(schema.receipts.c.released_at.is_(None), schema.receipts.c.series != NOTICE)
            for row in await connection.execute(kept.order_by(schema.receipts.c.message)):
                held.setdefault(row.issue, []).append(receipt_of(row))
            return [_issue_of(row, tuple(held.get(row.id, ()))) for row in await connection.execute(query)]

    async def issue(self, issue: IssueId) -> IssueRecord:
        """Return one issue with its receipts; raise StateError when there is none of that id."""
        held = tuple(await self.receipts.held(issue))
        async with self._engine.connect() as connection:
            result = await connection.execute(select(*_RECORD).where(schema.issues.c.id == issue))
            row = result.one_or_none()
        if row is None:
            raise StateError(f"There is no issue number {issue}: `heartbeat-bot issues` lists them.")
        return _issue_of(row, held)

    async def approve(self, issue: IssueId, *, now: datetime) -> None:
        """Note that a moderator wants an issue announced, also one that was retracted or is doubtful: the next pass does it.

        A hold and a schedule are over with it. One that was retracted is announced as if for the first time, its ping aside.
        """
        values = {**_WANTED, "approved_at": now, "scheduled_at": None}
        await self._decide(issue, values, state=State.NEW, why="a moderator approved it")

    async def schedule(self, issue: IssueId, at: datetime) -> None:
        """Note that a moderator wants an issue announced at an instant: then it is as if it were approved, until then it is held.

        A hold and an earlier approval are over with it. Raises StateError for an issue that has been announced.
        """
        await self._check_undecided(issue, retracted=True)
        values = {**_WANTED, "approved_at": None, "scheduled_at": at}
        await self._decide(issue, values, state=State.NEW, why="a moderator scheduled it")

    async def hold(self, issue: IssueId, *, now: datetime) -> None:
        """Note that a moderator holds an issue back until it is approved, scheduled or skipped; raise StateError when it is out."""
        await self._check_undecided(issue)
        values = {"on_hold_at": now, "approved_at": None, "scheduled_at": None}
        await self._decide(issue, values, state=State.WAITING, why=ON_HOLD)

    async def skip(self, issue: IssueId, *, now: datetime) -> None:
        """Note that a moderator says that an issue is no news: it is known, like those from before the first run.

        Raises StateError for an issue that has been announced or was retracted.
        """
        await self._check_undecided(issue)
        values = {"skipped_at": now, "baseline": True, "approved_at": None, "scheduled_at": None}
        values |= {"on_hold_at": None, "doubt": None, "doubt_issue": None}
        await self._decide(issue, values, state=State.BASELINE, why=SKIPPED)

    async def retract(self, issue: IssueId, *, now: datetime) -> None:
        """Note that a moderator took an issue back: the next pass deletes its messages and copies, also when its file is gone."""
        await self._decide(issue, {"retracted_at": now}, state=State.RETRACTED, why=_TAKEN_BACK, forget_copies=True)

    async def withhold(self, issue: IssueId, keys: Sequence[PostKey], *, now: datetime) -> None:
        """Note which sections of an issue (see :func:`post.is_of`) a moderator took back, none for none any more: the next pass does it.

        Also after the edit window: it is what a moderator asks for.
        """
        values: dict[str, Any] = {"withheld": sorted(keys) or None, "shown_as": "", "asked_at": now}
        async with self._engine.begin() as connection:
            await connection.execute(update(schema.issues).where(schema.issues.c.id == issue).values(values))
            await connection.execute(update(schema.copies).where(schema.copies.c.issue == issue).values(shown=None))

    async def issue_error(self, issue: IssueId, error: str | None, *, now: datetime) -> None:
        """Note why an issue could not be read or posted, or, with None, that it could."""
        await self._set_issue(issue, {"error": error, "error_at": None if error is None else now})

    async def counts(self) -> dict[tuple[str, State], int]:
        """Return how many issues each newsletter has in each state."""
        columns = (schema.issues.c.newsletter, schema.issues.c.state)
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(*columns, func.count().label("number")).group_by(*columns))
            return {(row.newsletter, State(row.state)): row.number for row in rows}

    async def _set_issue(self, issue: IssueId, values: Mapping[str, Any]) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(update(schema.issues).where(schema.issues.c.id == issue).values(values))

    async def _decide(
        self, issue: IssueId, values: Mapping[str, Any], *, state: State, why: str, forget_copies: bool = False
    ) -> None:
        """Note what a moderator decided, in one transaction. What is gone stays so until it comes back."""
        table = schema.issues
        this = update(table).where(table.c.id == issue)
        async with self._engine.begin() as connection:
            if forget_copies:
                await drop_all(connection, issue)
            elif "retracted_at" in values:
                await connection.execute(this.where(table.c.retracted_at.is_not(None)).values(_NOT_ANNOUNCED))
            await connection.execute(this.values(dict(values)))
            await connection.execute(this.where(table.c.state != State.GONE).values(state=state, reason=why, until=None))

    async def _check_undecided(self, issue: IssueId, *, retracted: bool = False) -> None:
        """Raise StateError for an issue that has been announced, or was retracted unless that is allowed."""
        record = await self.issue(issue)
        if record.retracted_at is not None:
            if not retracted:
                raise StateError("The issue was taken back already.")
        elif record.announced_at is not None:
            raise StateError("The issue has been announced already: retract it to take it back.")

    async def _set_newsletter(self, name: str, values: Mapping[str, Any]) -> None:
        table = schema.newsletters
        async with self._engine.begin() as connection:
            changed = await connection.execute(update(table).where(table.c.name == name).values(values))
            if changed.rowcount == 0:
                await connection.execute(insert(table).values({"name": name} | dict(values)))


@asynccontextmanager
async def open_ledger(state: str, *, read_only: bool = False, clock: Clock = system_clock) -> AsyncGenerator[Ledger]:
    """Open the database that the configuration's ``state`` names (``sqlite:///file``), and close it in the end.

    A writer holds the database's lock meanwhile and brings the schema up to date. A reader (``read_only``) works beside a writer; a
    database that does not exist yet reads as an empty one. Raises StateError: held by another process, newer than this program, not
    a database, not to be opened.
    """
    path = _path_of(state)
    with ExitStack() as locks:
        if not read_only:
            locks.enter_context(sqlite.exclusive(path, now=clock()))
        try:
            engine = await _engine_of(path, read_only=read_only)
        except DBAPIError as error:
            raise StateError(
                f"The database {path} cannot be used: {error.orig}. Check the file, or point `state` to another."
            ) from error
        try:
            yield Ledger(engine)
        finally:
            await engine.dispose()


async def _engine_of(path: Path, *, read_only: bool) -> AsyncEngine:
    """Return an engine whose schema is this program's."""
    if read_only and sqlite.exists(path):
        engine = sqlite.create_engine(path, read_only=True)
        try:
            async with engine.connect() as connection:
                version = await connection.run_sync(version_of)
        except BaseException:
            await engine.dispose()
            raise
        if version == LATEST:
            return engine
        await engine.dispose()
        if version:
            raise StateError(
                f"The database {path} was written by an older heartbeat-bot: `heartbeat-bot sync` or `run` brings it up to date."
            )
    engine = sqlite.create_engine(None if read_only else path, read_only=False)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(migrate)
    except BaseException:
        await engine.dispose()
        raise
    return engine


def _path_of(state: str) -> Path:
    """Read the configuration's ``state``."""
    try:
        url = make_url(state)
    except ArgumentError as error:
        raise StateError(f"`state: {state}` is not the address of a database: write sqlite:///heartbeat.db") from error
    if url.get_backend_name() != "sqlite":
        raise StateError(f"`state` names a {url.get_backend_name()} database; only SQLite can be used yet: sqlite:///heartbeat.db")
    if not url.database or url.database == ":memory:":
        raise StateError(f"`state: {state}` names no file, so the bot would forget what it posted: write sqlite:///heartbeat.db")
    return Path(url.database)


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


_TAKEN_BACK: Final = "a moderator took it back"
_NOT_ANNOUNCED: Final[Mapping[str, Any]] = {"announced_at": None, "shown": None, "shown_as": None, "late": None}
_WANTED: Final[Mapping[str, Any]] = {
    "retracted_at": None,
    "withheld": None,
    "on_hold_at": None,
    "doubt": None,
    "doubt_issue": None,
}
"""What is no more, once a moderator wants an issue announced."""
_RECORD: Final = [column for column in schema.issues.c if column.name != "fingerprint"]
_NAMES: Final = [column.name for column in _RECORD]
_STATES: Final = {state.value: state for state in State}


async def _inherit(connection: AsyncConnection, issue: IssueId, heir: IssueId | None) -> None:
    """Give what was posted about an issue that is to be forgotten, its notices, to the issue that it turned out to be."""
    if heir is not None:
        for table in (schema.receipts, schema.intents):
            await connection.execute(update(table).where(table.c.issue == issue).values(issue=heir))


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
        "doubt": sighting.doubt.why if sighting.doubt else None,
        "doubt_issue": sighting.doubt.issue if sighting.doubt else None,
    }


def _issue_of(row: Row[Any], held: tuple[Receipt, ...] = ()) -> IssueRecord:
    values: dict[str, Any] = dict(zip(_NAMES, row, strict=True))
    values |= {"state": _STATES[values["state"]], "date": _date_of(values["date"]), "receipts": held}
    values["withheld"] = tuple(values["withheld"] or ())
    return IssueRecord(**values)


def _date_of(text: str | None) -> date | datetime | None:
    if text is None:
        return None
    return date.fromisoformat(text) if len(text) == len("2026-08-16") else datetime.fromisoformat(text)
