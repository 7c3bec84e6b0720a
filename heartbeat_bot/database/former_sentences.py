"""The sentences that databases hold up to version 7 of the schema, and the values that they stand for. Pure.

They are written down here as that version wrote them, apart from today's words and codes, which go on changing. What is none of them was
written by an earlier version yet: it is kept as it is, as the code ``unknown``, until the next pass says it anew.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

_AT: Final = r"(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d) UTC"
_AGE: Final = r"(?P<age>[\d.e+-]+ (?:days|hours))"
_REASONS: Final[Mapping[str, str]] = {
    "just_read": "it has just been read",
    "came_back": "it came back",
    "before_first_run": "it had been published before the first run",
    "broken": r"it cannot be read: (?P<text>.*)",
    "draft": "it is a draft",
    "date_to_come": f"its date is in the future: it waits until {_AT}",
    "too_old": f"its date, (?P<date>.+), is more than {_AGE} ago",
    "came_too_old": f"it was too old when it came, more than {_AGE} ago, whatever its date is now",
    "unsure": r"(?P<doubt>.+): a moderator must say whether it is news",
    "changed_recently": f"it was changed a moment ago: it is held until {_AT}",
    "every_issue": "every issue of this newsletter waits for a moderator's approval",
    "too_many": r"(?P<count>\d+) new issues came at once, more than (?P<limit>\d+): a moderator must approve them",
    "were_too_many": "too many new issues came at once: a moderator must approve it",
    "new": "it is new",
    "approved": "a moderator approved it",
    "was_scheduled": "a moderator scheduled it",
    "scheduled": f"a moderator scheduled it: it is held until {_AT}",
    "scheduled_too_far": f"a moderator scheduled it for {_AT}, more than a year ahead, when a clock was wrong: "
    "a moderator must approve it or schedule it anew",
    "on_hold": "a moderator put it on hold",
    "skipped": "a moderator skipped it",
    "taken_back": "a moderator took it back",
    "other_than_approved": "(?P<changed>its text|its pictures|its title, date or address|it) changed after a moderator had approved it"
    "(?:: a moderator must approve it as it is now)?",
    "announced": "it has been announced",
    "announced_broken": r"it has been announced; it cannot be read now and is left as it was: (?P<text>.*)",
    "announced_draft": "it has been announced; it is a draft again and is left as it was",
    "edit_waits": "it has been announced; it was edited since: its messages stay as they are until a moderator approves the edit",
    "edit_declined": "it has been announced; a moderator skipped its edit: its messages stay as they are",
    "edit_late": "it has been announced; changed after its edit window: not sent",
    "changed_meanwhile": "it has been announced; its text changed before all of it was posted: the rest waits until a moderator approves "
    "the new text",
    "gone": "its file went away",
    "gone_kept": "its file went away; its messages stay",
    "gone_unsure": "its file went away; it may be there under another name, so its messages stay until a moderator decides",
    "gone_too_many": r"its file went away with (?P<count>\d+) others: a moderator must say whether their messages go",
    "gone_leaving": f"its file went away; its messages go when it is still gone after {_AT}",
    "gone_left": "its file went away, and so did its messages",
}
_IN_PLACE: Final = "it stands in the place of '(?P<title>.*)'"
_LEFT: Final = "'(?P<title>.*)', which was in (?P<path>.+)"
_DOUBTS: Final[Mapping[str, str]] = {
    "template": "it looks like a template",
    "underscore": "its name begins with an underscore, as those of files that sites do not show",
    "about_repository": "its name is that of a page about the repository",
    "little_text": "it says next to nothing that other files do not say",
    "translation": "it looks like a translation of (?P<path>.+)",
    "other_format": "it looks like (?P<path>.+) in another format",
    "copy": "it says the same as (?P<path>.+)",
    "unfinished_copy": "it still says much of what (?P<path>.+) says",
    "other_id": f"{_IN_PLACE}, of the same day, with another id",
    "next_issue": f"{_IN_PLACE}, and looks like the next issue",
    "all_different": f"{_IN_PLACE}, and title, date and text are all different",
    "same_title": f"it has the title of {_LEFT}",
    "same_date": f"it has the date of {_LEFT}",
    "same_number": f"it has the number of {_LEFT}",
    "remains": "it says much of what '(?P<title>.*)' said, which was in (?P<path>.+)",
}
_CHANGED: Final = {"its text": "text", "its pictures": "pictures", "its title, date or address": "place", "it": "issue"}
_SECONDS: Final = {"days": 86400, "hours": 3600}


def reason_of(sentence: str, *, instants: tuple[Any, ...] = (), doubt_issue: int | None = None) -> str:
    """Return the JSON of the reason that a sentence stands for.

    Sentences tell instants to the minute: of ``instants``, the columns of its row, the one of that minute is meant. ``doubt_issue`` is the
    issue that its issue may be.
    """
    for code, pattern in _REASONS.items():
        if match := re.fullmatch(pattern, sentence, re.DOTALL):
            return _line({"code": code} | _parameters(match.groupdict(), instants, doubt_issue))
    return _line({"code": "unknown", "text": sentence})


def doubt_of(sentence: str, issue: int | None) -> str:
    """Return the JSON of the doubt that a sentence stands for, about an ``issue`` or none."""
    return _line(_doubt(sentence, issue))


def _doubt(sentence: str, issue: int | None) -> dict[str, Any]:
    for code, pattern in _DOUBTS.items():
        if match := re.fullmatch(pattern, sentence, re.DOTALL):
            return {"code": code, "issue": issue} | match.groupdict()
    return {"code": "unknown", "issue": issue, "title": sentence}


def _parameters(found: Mapping[str, str], instants: tuple[Any, ...], doubt_issue: int | None) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, text in found.items():
        match name:
            case "at":
                values[name] = _exact(datetime.fromisoformat(text).replace(tzinfo=UTC), instants).isoformat()
            case "date":
                values[name] = text if len(text) == len("2026-08-16") else datetime.fromisoformat(text).isoformat()
            case "age":
                number, unit = text.split()
                values[name] = float(number) * _SECONDS[unit]
            case "count" | "limit":
                values[name] = int(text)
            case "changed":
                values[name] = _CHANGED[text]
            case "doubt":
                values[name] = {name: value for name, value in _doubt(text, doubt_issue).items() if value is not None}
            case _:
                values[name] = text
    return values


def _exact(minute: datetime, instants: tuple[Any, ...]) -> datetime:
    """Return the instant of that minute among those of a row, as the database's driver gives them."""
    for value in instants:
        if value is not None:
            instant = datetime.fromisoformat(str(value))
            instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
            if instant.replace(second=0, microsecond=0) == minute:
                return instant
    return minute


def _line(values: Mapping[str, Any]) -> str:
    return json.dumps({name: value for name, value in values.items() if value is not None}, ensure_ascii=False)
