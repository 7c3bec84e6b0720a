"""The archive: what was said, kept in a file of its own, to be read, searched, and asked for events and jobs.

Everything in it comes from the sources, so it may be lost: a file that is damaged is set aside, one of another version is emptied, and
:meth:`Archive.known` then says what is missing. One process writes it, the one that holds the store.
"""

import asyncio
import zlib
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from heartbeat_bot.archive import fulltext, statements
from heartbeat_bot.archive.agenda_items import MergedItem, in_order, merged_items
from heartbeat_bot.archive.archive_file import set_aside, start_file, unusable
from heartbeat_bot.archive.catalog import Catalog, KnownEntry, record_of
from heartbeat_bot.archive.entry import CatalogEntry, Listed
from heartbeat_bot.database import sqlite
from heartbeat_bot.database.protocol import ClosedError
from heartbeat_bot.database.sqlite import SqliteDatabase
from heartbeat_bot.errors import StateError
from heartbeat_bot.extract.items import Job

_READERS: Final = 3
_BEING_FILLED: Final = "The archive was damaged and is being filled anew: ask again in a few minutes."
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
        self._agenda: tuple[MergedItem, ...] = ()
        self._agenda_at = 0
        self._telling = asyncio.Lock()
        self._mending = asyncio.Lock()
        self._writer: SqliteDatabase
        self._reader: SqliteDatabase

    # -- what a pass does ---------------------------------------------------------------------------------------------

    def newsletters(self) -> Sequence[str]:
        """Return the newsletters of which something is kept: those that are configured no more are to be removed. From memory."""
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
        await self._write(partial(statements.put, entry=entry, record=record), partial(self._catalog.put, record))

    async def mark(self, newsletter: str, marks: Mapping[str, tuple[int, bool]]) -> None:
        """Note the store's number of issues that are kept, and whether members see them: by path. What is noted already costs nothing."""
        known = self._catalog.known(newsletter)
        changed = {path: mark for path, mark in marks.items() if path in known and (known[path].issue, known[path].visible) != mark}
        if changed:
            work = partial(statements.mark, newsletter=newsletter, marks=changed)
            await self._write(work, partial(self._catalog.mark, newsletter, changed))

    async def remove(self, newsletter: str, paths: Iterable[str]) -> None:
        """Forget issues whose files are gone."""
        gone = [path for path in dict.fromkeys(paths) if self._catalog.record(newsletter, path)]
        if gone:
            work = partial(statements.remove, newsletter=newsletter, paths=gone)
            await self._write(work, partial(self._catalog.remove, newsletter, gone))

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
        return await self._read(partial(statements.find_entry, newsletter=newsletter, path=path))

    async def events(self) -> Sequence[MergedItem]:
        """Return the events of all issues that members see, each once per newsletter, by day; see :func:`agenda`.

        They are brought together at the first question after a change, and kept.
        """
        async with self._telling:
            catalog = self._catalog
            changes = catalog.changes
            if changes != self._agenda_at:
                told = [one for newsletter in catalog.newsletters() for one in await self._tell(newsletter)]
                self._agenda, self._agenda_at = await asyncio.to_thread(in_order, told), changes
            return self._agenda

    async def jobs(
        self, newsletter: str | None = None, *, among: Collection[str] | None = None
    ) -> tuple[Listed, tuple[Job, ...]] | None:
        """Return the jobs of the latest issue that members see and that has any (of one newsletter, or ``among`` some), with that issue."""
        for record in self._catalog.visible(newsletter):
            if record.has_jobs and (among is None or record.listed.newsletter in among):
                entry = await self.entry(record.listed.newsletter, record.listed.path)
                return record.listed, entry.jobs if entry else ()
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
        found = await self._read(partial(statements.find_events, newsletter=newsletter))
        issues = [(record.listed, events) for path, events in found if (record := self._catalog.record(newsletter, path))]
        return await asyncio.to_thread(merged_items, issues)

    # -- the file -----------------------------------------------------------------------------------------------------

    async def _write(self, work: Callable[[Connection], None], then: Callable[[], None]) -> None:
        """Change the file, and then the table of contents: both or none, also when the task is cancelled meanwhile."""
        async with self._mended():
            await self._writer.write(work, then=then)

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
                raise unusable(self._path, error) from error
            async with self._mending:
                if self._writer is writer:
                    await self.aclose()
                    set_aside(self._path, error)
                    await self.open()
            raise StateError(_BEING_FILLED) from error

    async def open(self) -> None:
        """Open the file, or start one."""
        self._writer, records = await start_file(self._path)
        self._catalog = Catalog(records)
        self._reader = SqliteDatabase(self._path, read_only=True, connections=_READERS)

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
