"""Issues for the archive, made of little."""

from datetime import date
from typing import Any

from heartbeat_bot.archive.entry import CatalogEntry, Part
from heartbeat_bot.extract.items import Event, Job


def part(key: str, text: str, title: str = "") -> Part:
    return Part(key=key, title=title, body={"content": text, "embeds": [], "allowed_mentions": {"parse": []}}, text=text)


def entry(path: str, *texts: str, title: str = "", **said: Any) -> CatalogEntry:
    """An issue whose first text is its cover's; the others are ``Heading: text``."""
    parts = [part("cover", texts[0] if texts else "")]
    for text in texts[1:]:
        heading, _, rest = text.partition(": ")
        parts.append(part(heading.lower().replace(" ", "-"), rest, heading))
    values: dict[str, Any] = {
        "newsletter": "owl",
        "path": path,
        "blob": f"blob of {path}",
        "rendering": "r1",
        "slug": path.removesuffix(".md"),
        "title": title or f"Issue {path}",
        "date": None,
        "url": "",
        "parts": tuple(parts),
        "events": (),
        "jobs": (),
    }
    return CatalogEntry(**values | said)


def event(title: str, start: date, **said: Any) -> Event:
    values: dict[str, Any] = {
        "title": title,
        "start": start,
        "end": None,
        "timezone": None,
        "location": None,
        "online": False,
        "url": None,
        "section": "Events",
        "line": 7,
    }
    return Event(**values | said)


def job(title: str, **said: Any) -> Job:
    values: dict[str, Any] = {"title": title, "company": None, "location": None, "url": None, "section": "Jobs", "line": 3}
    return Job(**values | said)
