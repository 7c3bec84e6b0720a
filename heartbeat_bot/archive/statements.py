"""What is asked of the archive's tables: functions that run in a thread of the database, and see nothing of the archive's memory."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from heartbeat_bot.archive import fulltext, stored
from heartbeat_bot.archive.catalog import KnownEntry, Record, record_of
from heartbeat_bot.archive.entry import CatalogEntry, Listed, Part
from heartbeat_bot.archive.schema import entries, parts
from heartbeat_bot.extract.items import Event

_LISTED: Final = [
    *(column for column in entries.c if column.name not in {"id", "events", "jobs"}),
    entries.c.jobs.is_not(None).label("has_jobs"),
]


def put(connection: Connection, *, entry: CatalogEntry, record: Record) -> None:
    """Keep an issue, in place of what was kept of its newsletter and path."""
    values = asdict(record.listed) | asdict(record.kept) | {"date": stored.dump_when(entry.date)}
    values |= {"events": stored.dump_items(entry.events), "jobs": stored.dump_items(entry.jobs)}
    remove(connection, entry.newsletter, [entry.path])
    id_ = connection.execute(insert(entries).values(values).returning(entries.c.id)).scalar_one()
    first = connection.execute(select(func.coalesce(func.max(parts.c.id), 0) + 1)).scalar_one()
    _insert_parts(connection, entry, id_, first)


def mark(connection: Connection, *, newsletter: str, marks: Mapping[str, tuple[int, bool]]) -> None:
    """Note the store's number of issues, and whether members see them, by path."""
    for path, (issue, visible) in marks.items():
        there = update(entries).where(entries.c.newsletter == newsletter, entries.c.path == path)
        connection.execute(there.values(issue=issue, visible=visible))


def remove(connection: Connection, newsletter: str, paths: Sequence[str]) -> None:
    """Forget issues."""
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
    fulltext.insert(connection, entry.title, [(first + n, part.title, part.text) for n, part in enumerate(entry.parts)])


def find_entry(connection: Connection, *, newsletter: str, path: str) -> CatalogEntry | None:
    """Return an issue whole; None when it is not kept."""
    row = connection.execute(select(entries).where(entries.c.newsletter == newsletter, entries.c.path == path)).one_or_none()
    if row is None:
        return None
    posts = connection.execute(select(parts).where(parts.c.entry == row.id).order_by(parts.c.position)).all()
    return _entry(row, posts, fulltext.texts(connection, [post.id for post in posts]))


def find_events(connection: Connection, *, newsletter: str) -> list[tuple[str, tuple[Event, ...]]]:
    """Return the events of a newsletter's issues that members see, with each issue's path, the oldest issue first."""
    query = select(entries.c.path, entries.c.events).where(
        entries.c.newsletter == newsletter, entries.c.visible, entries.c.events.is_not(None)
    )
    rows = connection.execute(query.order_by(entries.c.date, entries.c.path))
    return [(row.path, stored.load_events(row.events)) for row in rows]


def known(connection: Connection) -> list[Record]:
    """Return what is kept of all issues, for the table of contents."""
    return [_record(row) for row in connection.execute(select(*_LISTED))]


def _record(row: Row[Any]) -> Record:
    listed = _of(row, Listed)
    listed["date"] = stored.load_when(row.date)
    return record_of(KnownEntry(**_of(row, KnownEntry)), Listed(**listed), has_jobs=row.has_jobs)


def _of(row: Row[Any], kind: type[Listed | KnownEntry]) -> dict[str, Any]:
    """Return the columns that are named like the fields of a class."""
    return {field.name: getattr(row, field.name) for field in fields(kind)}


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
