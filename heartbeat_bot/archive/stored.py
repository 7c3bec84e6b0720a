"""How an issue's posts, events and jobs are written into a column, and read again."""

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from heartbeat_bot.extract.items import Event, EventKind, Job, JobKind
from heartbeat_bot.rendering.post import File


def dump_body(body: Mapping[str, Any]) -> bytes:
    """Write a message's body."""
    return zlib.compress(json.dumps(body, separators=(",", ":")).encode())


def load_body(data: bytes) -> dict[str, Any]:
    """Read a message's body."""
    return json.loads(zlib.decompress(data))


def dump_files(files: Iterable[File]) -> str | None:
    """Write the files of a post, None for none."""
    rows = [asdict(file) for file in files]
    return json.dumps(rows, separators=(",", ":")) if rows else None


def load_files(text: str | None) -> tuple[File, ...]:
    """Read the files of a post."""
    rows: list[dict[str, Any]] = json.loads(text or "[]")
    return tuple(File(**row) for row in rows)


def dump_items(items: Iterable[Event | Job]) -> str | None:
    """Write events or jobs, None for none."""
    rows = [item.as_json() | {"line": item.line, "place": item.place, "post": item.post} for item in items]
    return json.dumps(rows, separators=(",", ":")) if rows else None


def load_events(text: str | None) -> tuple[Event, ...]:
    """Read events."""
    return tuple(_event(row) for row in json.loads(text or "[]"))


def load_jobs(text: str | None) -> tuple[Job, ...]:
    """Read jobs."""
    rows: list[dict[str, Any]] = json.loads(text or "[]")
    return tuple(Job(**_kind(row, JobKind)) for row in rows)


def dump_when(when: date | datetime | None) -> str | None:
    """Write a day or an instant."""
    return None if when is None else when.isoformat()


def load_when(text: str | None) -> date | datetime | None:
    """Read a day or an instant."""
    if text is None:
        return None
    return date.fromisoformat(text) if len(text) == len("2026-08-16") else datetime.fromisoformat(text)


def _event(row: dict[str, Any]) -> Event:
    values = row | {name: _at_home(load_when(row[name]), row["timezone"]) for name in ("start", "end")}
    return Event(**_kind(values, EventKind))


def _kind(values: dict[str, Any], kind: type[EventKind | JobKind]) -> dict[str, Any]:
    return values | {"kind": kind(values["kind"])}


def _at_home(when: date | datetime | None, timezone: str | None) -> date | datetime | None:
    """Give an instant back its zone, of which ISO 8601 has kept the offset only."""
    if not isinstance(when, datetime) or not timezone or timezone[0] in "+-":
        return when
    try:
        there = when.astimezone(ZoneInfo(timezone))
    except (ZoneInfoNotFoundError, ValueError, OverflowError):
        return when
    return there if there.utcoffset() == when.utcoffset() else when
