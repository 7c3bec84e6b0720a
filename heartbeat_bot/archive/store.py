"""The archive: what was said, kept in a file of its own, to be read, searched, and asked for events and jobs.

Everything in it comes from the sources, so it may be lost: a file that is damaged is set aside, one of another version is emptied, and
:meth:`Archive.known` then says what is missing. One process writes it, the one that holds the store.
"""

import asyncio
import logging
import zlib
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.exc import DBAPIError

from heartbeat_bot.archive import fulltext, stored
from heartbeat_bot.archive.agenda_items import MergedItem, in_order, told_by
from heartbeat_bot.archive.catalog import Catalog, KnownEntry, Record, record_of
from heartbeat_bot.archive.entry import CatalogEntry, Listed, Part
from heartbeat_bot.archive.schema import APPLICATION, VERSION, entries, metadata, parts
from heartbeat_bot.database import sqlite
from heartbeat_bot.database.protocol import ClosedError, DamagedError
from heartbeat_bot.database.sqlite import SqliteDatabase
from heartbeat_bot.errors import StateError
from heartbeat_bot.extract.items import Event, Job

_LOG = logging.getLogger(__name__)
_READERS: Final = 3
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """An issue that was searched for, and the post in it that matches best.

    ``part`` is that post's key, ``part_title`` its section's title ("" for the cover). ``excerpt`` is a passage of its text, in pieces
    that are what was asked for (True) or not.
    """

    listed: Listed
    part: str
    part_title: str
    excerpt: tuple[fulltext.Segment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """A page of what a search found, and how many issues it found in all."""

    total: int
    hits: tuple[Hit, ...]


class Archive:
    """The open archive; see :func:`open_archive`. Every method may raise StateError, save those that answer from memory."""

    def __init__(self, path: Path) -> None:
        """Name the file."""
        self._path = path
        self._catalog = Catalog()
        self._told: dict[str, tuple[int, tuple[MergedItem, ...]]] = {}
        self._told_at: dict[str, int] = {}
        self._agenda: tuple[MergedItem, ...] = ()
        self._telling = asyncio.Lock()
        self._mending = asyncio.Lock()
        self._writer: SqliteDatabase
        self._reader: SqliteDatabase

    # -- what a pass does ---------------------------------------------------------------------------------------------

    def newsletters(self) -> Sequence[str]:
        """Return the newsletters of which something is kept, by name: those that are configured no more are to be removed. From memory."""
        return self._catalog.newsletters()

    def known(self, newsletter: str) -> Mapping[str, KnownEntry]:
        """Return what is kept of a newsletter, by path. From memory."""
        return self._catalog.known(newsletter)

    async def put(self, entry: CatalogEntry, *, issue: int, visible: bool) -> None:
        """Keep an issue, in place of what was kept of its newsletter and path. ``issue`` is its number in the store."""
        kept = KnownEntry(blob=entry.blob, rendering=entry.rendering, issue=issue, visible=visible)
        listed = Listed(
            newsletter=entry.newsletter,
            path=entry.path,
            issue=issue,
            slug=entry.slug,
            title=entry.title,
            date=entry.date,
            url=entry.url,
        )
        record = record_of(kept, listed, has_jobs=bool(entry.jobs))
        await self._write(partial(_put, entry=entry, record=record), lambda catalog: catalog.put(record))

    async def mark(self, newsletter: str, marks: Mapping[str, tuple[int, bool]]) -> None:
        """Note the store's number of issues that are kept, and whether members see them: by path. What is noted already costs nothing."""
        known = self._catalog.known(newsletter)
        changed = {path: mark for path, mark in marks.items() if path in known and (known[path].issue, known[path].visible) != mark}
        if not changed:
            return

        def mark(catalog: Catalog) -> None:
            for path, (issue, visible) in changed.items():
                catalog.mark(newsletter, path, issue=issue, visible=visible)

        await self._write(partial(_mark, newsletter=newsletter, marks=changed), mark)

    async def remove(self, newsletter: str, paths: Iterable[str]) -> None:
        """Forget issues whose files are gone."""
        gone = [path for path in dict.fromkeys(paths) if self._catalog.record(newsletter, path)]
        if not gone:
            return

        def remove(catalog: Catalog) -> None:
            for path in gone:
                catalog.remove(newsletter, path)

        await self._write(partial(_remove, newsletter=newsletter, paths=gone), remove)

    # -- what members ask ---------------------------------------------------------------------------------------------

    def issues(self, newsletter: str | None = None) -> Sequence[Listed]:
        """Return the issues that members see (of one newsletter), newest first, those without a date last. From memory."""
        return [record.listed for record in self._catalog.visible(newsletter)]

    def find(self, issue: int) -> Listed | None:
        """Return the issue of a number in the store, None when members see none of that number. From memory."""
        return self._catalog.find(issue)

    def complete(
        self, typed: str, newsletter: str | None = None, limit: int = 25, *, among: Collection[str] | None = None
    ) -> Sequence[Listed]:
        """Return the issues that someone may mean who has typed so much, newest first, of newsletters ``among`` these. From memory.

        Every word must begin a word of the title, or of the date: ``2026-05``, ``may 22``, ``22.5.2026``, ``mai``.
        """
        return self._catalog.complete(typed, newsletter, limit, among)

    async def entry(self, newsletter: str, path: str) -> CatalogEntry | None:
        """Return an issue whole, whether members see it or not; None when it is not kept."""
        return await self._read(partial(_find_entry, newsletter=newsletter, path=path))

    async def events(self) -> Sequence[MergedItem]:
        """Return the events of all issues that members see, each once per newsletter, by day; see :func:`agenda`.

        They are brought together at the first question after a change, and kept.
        """
        async with self._telling:
            changes = dict(self._catalog.changes)
            if changes != self._told_at:
                for newsletter, number in changes.items():
                    if newsletter not in self._told or self._told[newsletter][0] != number:
                        self._told[newsletter] = (number, await self._tell(newsletter))
                told = [one for _, some in self._told.values() for one in some]
                self._agenda = await asyncio.to_thread(in_order, told)
                self._told_at = changes
            return self._agenda

    async def jobs(
        self, newsletter: str | None = None, *, among: Collection[str] | None = None
    ) -> tuple[Listed, tuple[Job, ...]] | None:
        """Return the jobs of the latest issue that members see and that has any (of one newsletter, or ``among`` some), with that issue."""
        for record in self._catalog.visible(newsletter):
            if record.has_jobs and (among is None or record.listed.newsletter in among):
                listed = record.listed
                return listed, await self._read(partial(_find_jobs, newsletter=listed.newsletter, path=listed.path))
        return None

    async def search(
        self,
        query: str,
        *,
        newsletter: str | None = None,
        among: Collection[str] | None = None,
        titles_only: bool = False,
        limit: int = 10,
        offset: int = 0,
    ) -> SearchPage:
        """Return the issues that members see in which one post says what was asked for, the best first.

        All words must be there, ``"words in quotes"`` beside each other, ``-words`` with a minus not. When nothing says them so, words
        may be the beginnings of words. With ``titles_only`` only titles of issues and sections count. ``newsletter`` is one, ``among`` some.
        """
        exact = fulltext.expression(query, titles_only=titles_only)
        if not exact:
            return SearchPage(total=0, hits=())
        wide = fulltext.expression(query, titles_only=titles_only, prefix=True)

        names = self._catalog.newsletters() if among is None else among
        names = [name for name in names if newsletter in {None, name}]

        def find(connection: Connection) -> tuple[int, list[fulltext.TextMatch]]:
            found = fulltext.search(connection, exact, newsletters=names, limit=limit, offset=offset)
            return found if found[0] else fulltext.search(connection, wide, newsletters=names, limit=limit, offset=offset)

        total, matches = await self._read(find)
        hits = [(self._catalog.record(match.newsletter, match.path), match) for match in matches]
        return SearchPage(
            total=total,
            hits=tuple(
                Hit(listed=record.listed, part=match.key, part_title=match.title, excerpt=match.excerpt)
                for record, match in hits
                if record
            ),
        )

    async def _tell(self, newsletter: str) -> tuple[MergedItem, ...]:
        found = await self._read(partial(_find_events, newsletter=newsletter))
        issues = [(record.listed, events) for path, events in found if (record := self._catalog.record(newsletter, path))]
        return await asyncio.to_thread(told_by, issues)

    # -- the file -----------------------------------------------------------------------------------------------------

    async def _write(self, work: Callable[[Connection], None], shelve: Callable[[Catalog], None]) -> None:
        """Change the file, and then the table of contents: both or none, also when the task is cancelled meanwhile."""
        catalog = self._catalog  # another one takes its place when the file is started anew
        async with self._mended():
            await self._writer.write(work, then=lambda: shelve(catalog))

    async def _read(self, work: Callable[[Connection], _Result]) -> _Result:
        async with self._mended():
            return await self._reader.read(work)

    @asynccontextmanager
    async def _mended(self) -> AsyncGenerator[None]:
        """Start anew when the file turns out to be damaged."""
        writer = self._writer
        try:
            yield
        except ClosedError as error:  # between closing a damaged file and opening the next, or in the end
            raise StateError(_BEING_FILLED) from error
        except (DBAPIError, zlib.error) as error:
            if isinstance(error, DBAPIError) and not sqlite.is_damage(error):
                raise _unusable(self._path, error) from error
            async with self._mending:
                if self._writer is writer:
                    await self.aclose()
                    _set_aside(self._path, error)
                    await self.open()
            raise StateError(_BEING_FILLED) from error

    async def open(self) -> None:
        """Open the file, or start one."""
        self._writer, records = await _started(self._path)
        self._catalog = Catalog(records)
        self._reader = SqliteDatabase(self._path, read_only=True, connections=_READERS)
        self._told, self._told_at, self._agenda = {}, {}, ()

    async def aclose(self) -> None:
        """Close the file, when what is under way is done."""
        try:
            await self._reader.aclose()
        finally:
            await self._writer.aclose()


@asynccontextmanager
async def open_archive(path: Path) -> AsyncGenerator[Archive]:
    """Open the archive's file, and close it in the end. What was there and is no archive of this version is gone then (see above).

    Raises StateError when no file can be made there.
    """
    archive = Archive(path)
    await archive.open()
    async with aclosing(archive):
        yield archive


class _UnfitError(Exception):
    """The file is a database, but not an archive of this version; ``ours`` tells whether it is one of another."""

    def __init__(self, *, ours: bool) -> None:
        super().__init__("it is the database of another program")
        self.ours = ours


async def _started(path: Path) -> tuple[SqliteDatabase, list[Record]]:
    """Open a file fit for use, to write to it; return it with what is kept in it."""
    try:
        return await _opened(path)
    except _UnfitError as error:
        if error.ours:
            _LOG.info("The archive %s was written by another version of this program: it is filled anew.", path)
            sqlite.move(path, None)
        else:
            _set_aside(path, error)
    except (DBAPIError, DamagedError) as error:
        if not sqlite.is_damage(error):
            raise _unusable(path, error) from error
        _set_aside(path, error)
    try:
        return await _opened(path)
    except DBAPIError as error:
        raise _unusable(path, error) from error


async def _opened(path: Path) -> tuple[SqliteDatabase, list[Record]]:
    writer = SqliteDatabase(path, read_only=False, durable=False)
    try:
        return writer, await writer.write(_prepare)
    except BaseException:
        await writer.aclose()
        raise


def _prepare(connection: Connection) -> list[Record]:
    """Make the tables in an empty file; make sure that those of another are whole, and this version's; return what is kept."""
    signature = sqlite.signature(connection)
    if signature is None:
        metadata.create_all(connection)
        fulltext.create(connection)
        sqlite.sign(connection, APPLICATION, VERSION)
    elif signature == (APPLICATION, VERSION):
        sqlite.check(connection)
    else:
        raise _UnfitError(ours=signature[0] == APPLICATION)
    return [_record(row) for row in connection.execute(select(*_LISTED))]


_BEING_FILLED: Final = "The archive was damaged and is being filled anew: ask again in a few minutes."


def _unusable(path: Path, error: Exception) -> StateError:
    return StateError(
        f"The archive {path} cannot be used: {_said(error)}. Check that its folder exists, is writable and has room. "
        "The file may be removed: it is filled anew."
    )


def _said(error: Exception) -> str:
    return str(error.orig if isinstance(error, DBAPIError) else error)


def _set_aside(path: Path, why: Exception) -> None:
    aside = path.with_name(path.name + ".damaged")
    _LOG.warning(
        "The archive %s cannot be read: %s. It is kept as %s, and a new one is filled from the sources.", path, _said(why), aside
    )
    sqlite.move(path, aside)


# What runs in a thread of the database: functions of what they are given, none of which sees the archive's memory.


def _put(connection: Connection, *, entry: CatalogEntry, record: Record) -> None:
    values = asdict(record.listed) | asdict(record.kept) | {"date": stored.dump_when(entry.date)}
    values |= {"events": stored.dump_items(entry.events), "jobs": stored.dump_items(entry.jobs)}
    _remove(connection, entry.newsletter, [entry.path])
    id_ = connection.execute(insert(entries).values(values).returning(entries.c.id)).scalar_one()
    first = connection.execute(select(func.coalesce(func.max(parts.c.id), 0) + 1)).scalar_one()
    _insert_parts(connection, entry, id_, first)


def _mark(connection: Connection, *, newsletter: str, marks: Mapping[str, tuple[int, bool]]) -> None:
    for path, (issue, visible) in marks.items():
        there = update(entries).where(entries.c.newsletter == newsletter, entries.c.path == path)
        connection.execute(there.values(issue=issue, visible=visible))


def _remove(connection: Connection, newsletter: str, paths: Sequence[str]) -> None:
    for path in paths:
        entry = select(entries.c.id).where(entries.c.newsletter == newsletter, entries.c.path == path).scalar_subquery()
        ids = connection.execute(select(parts.c.id).where(parts.c.entry == entry)).scalars().all()
        fulltext.delete(connection, ids)
        connection.execute(delete(entries).where(entries.c.id == entry))


def _insert_parts(connection: Connection, entry: CatalogEntry, id_: int, first: int) -> None:
    if not entry.parts:
        return
    values = [
        {
            "id": first + n,
            "entry": id_,
            "position": n,
            "key": part.key,
            "title": part.title,
            "body": stored.dump_body(part.body),
            "files": stored.dump_files(part.files),
        }
        for n, part in enumerate(entry.parts)
    ]
    connection.execute(insert(parts), values)
    rows = [
        fulltext.Row(id=first + n, issue_title=entry.title, part_title=part.title, text=part.text)
        for n, part in enumerate(entry.parts)
    ]
    fulltext.insert(connection, rows)


def _find_entry(connection: Connection, *, newsletter: str, path: str) -> CatalogEntry | None:
    row = connection.execute(select(entries).where(entries.c.newsletter == newsletter, entries.c.path == path)).one_or_none()
    if row is None:
        return None
    posts = connection.execute(select(parts).where(parts.c.entry == row.id).order_by(parts.c.position)).all()
    return _entry(row, posts, fulltext.texts(connection, [post.id for post in posts]))


def _find_jobs(connection: Connection, *, newsletter: str, path: str) -> tuple[Job, ...]:
    here = (entries.c.newsletter == newsletter, entries.c.path == path)
    return stored.load_jobs(connection.execute(select(entries.c.jobs).where(*here)).scalar())


def _find_events(connection: Connection, *, newsletter: str) -> list[tuple[str, tuple[Event, ...]]]:
    """Return the events of a newsletter's issues that members see, with each issue's path, the oldest issue first."""
    query = select(entries.c.path, entries.c.events).where(
        entries.c.newsletter == newsletter, entries.c.visible, entries.c.events.is_not(None)
    )
    rows = connection.execute(query.order_by(entries.c.date, entries.c.path))
    return [(row.path, stored.load_events(row.events)) for row in rows]


_LISTED: Final = [
    *(column for column in entries.c if column.name not in {"id", "events", "jobs"}),
    entries.c.jobs.is_not(None).label("has_jobs"),
]


def _record(row: Row[Any]) -> Record:
    listed = Listed(
        newsletter=row.newsletter,
        path=row.path,
        issue=row.issue,
        slug=row.slug,
        title=row.title,
        date=stored.load_when(row.date),
        url=row.url,
    )
    kept = KnownEntry(blob=row.blob, rendering=row.rendering, issue=row.issue, visible=row.visible)
    return record_of(kept, listed, has_jobs=row.has_jobs)


def _entry(row: Row[Any], posts: Sequence[Row[Any]], said: Mapping[int, str]) -> CatalogEntry:
    return CatalogEntry(
        newsletter=row.newsletter,
        path=row.path,
        blob=row.blob,
        rendering=row.rendering,
        slug=row.slug,
        title=row.title,
        date=stored.load_when(row.date),
        url=row.url,
        parts=tuple(
            Part(
                key=post.key,
                title=post.title,
                body=stored.load_body(post.body),
                text=said.get(post.id, ""),
                files=stored.load_files(post.files),
            )
            for post in posts
        ),
        events=stored.load_events(row.events),
        jobs=stored.load_jobs(row.jobs),
    )
