"""What becomes of an issue, and why: what the policy says and the store keeps, as values. Pure.

Nothing here is a sentence: ``sync/wording.py`` makes them, in the reader's language.
"""

import json
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Self

from heartbeat_bot.identity.doubts import Doubt, DoubtCode
from heartbeat_bot.ids import IssueId
from heartbeat_bot.policy.approval import Difference

Day = date | datetime
"""A date as an issue has it: a whole day, or an instant."""


class State(StrEnum):
    """What has become of an issue: what the policy decides in each pass, and what was noted between two of them."""

    NEW = "new"
    """Read for the first time, or decided about by a moderator: the next pass decides what becomes of it."""
    BASELINE = "baseline"
    """It had been published before the first run: known, not news."""
    BROKEN = "broken"
    """Its file cannot be read."""
    DRAFT = "draft"
    """Its author says that it is not to be shown yet."""
    FUTURE = "future"
    """Its date is yet to come."""
    TOO_OLD = "too_old"
    """Its date is too long ago for an announcement."""
    UNSURE = "unsure"
    """It may be another issue, or a copy of one: it waits for a moderator."""
    HELD = "held"
    """It was changed a moment ago and may be changed again, or a moderator scheduled it."""
    WAITING = "waiting"
    """It waits for a moderator: too many came at once, say."""
    ANNOUNCE = "announce"
    """It is news: it is to be announced now, and nothing of it has been posted yet."""
    ANNOUNCED = "announced"
    """It has been posted, or its posting has begun, and is kept in step."""
    RETRACTED = "retracted"
    """A moderator took it back: its messages go, and it is not announced again."""
    GONE = "gone"
    """No file of the source is this issue any more; it is recognised when it comes back."""


OUT: Final = frozenset({State.BASELINE, State.TOO_OLD, State.ANNOUNCED})
"""What may be posted once more. What members may read of it is said by :meth:`store.IssueRecord.readable`."""

PENDING: Final = frozenset(
    {State.WAITING, State.UNSURE, State.HELD, State.FUTURE, State.DRAFT, State.ANNOUNCE, State.BROKEN},
)
"""What a pass has decided about and what is still to be decided, or to happen."""


class Code(StrEnum):
    """Why an issue is in its state. Beside each: the parameters that its :class:`Reason` has."""

    JUST_READ = "just_read"
    """A pass read it for the first time."""
    CAME_BACK = "came_back"
    """Its file was gone, and is there again."""
    BEFORE_FIRST_RUN = "before_first_run"
    """It had been published before the first run."""
    BROKEN = "broken"
    """Its file cannot be read: ``text``, what the reader of issues says."""
    DRAFT = "draft"
    """Its author says that it is a draft."""
    DATE_TO_COME = "date_to_come"
    """Its date is in the future: it waits until ``at``."""
    TOO_OLD = "too_old"
    """Its ``date`` is more than ``age`` ago."""
    CAME_TOO_OLD = "came_too_old"
    """It was too old when it came, more than ``age`` ago, whatever its date is now."""
    UNSURE = "unsure"
    """It is unsure which issue it is: ``doubt``."""
    CHANGED_RECENTLY = "changed_recently"
    """It was changed a moment ago: it is held until ``at``."""
    EVERY_ISSUE = "every_issue"
    """Every issue of this newsletter waits for a moderator's approval."""
    TOO_MANY = "too_many"
    """``count`` new issues came at once, more than ``limit``."""
    WERE_TOO_MANY = "were_too_many"
    """It came with too many others in an earlier pass, and nobody has decided about it."""
    NEW = "new"
    """Nothing is in the way: it is news."""

    APPROVED = "approved"
    """A moderator approved it; the next pass decides what follows."""
    WAS_SCHEDULED = "was_scheduled"
    """A moderator scheduled it; the next pass decides what follows."""
    SCHEDULED = "scheduled"
    """A moderator scheduled it: it is held until ``at``."""
    SCHEDULED_TOO_FAR = "scheduled_too_far"
    """A moderator scheduled it for ``at``, further ahead than anybody may: a clock was wrong."""
    ON_HOLD = "on_hold"
    """A moderator put it on hold."""
    SKIPPED = "skipped"
    """A moderator skipped it."""
    TAKEN_BACK = "taken_back"
    """A moderator took it back."""
    OTHER_THAN_APPROVED = "other_than_approved"
    """It is not what a moderator approved: ``changed`` says what of it."""

    ANNOUNCED = "announced"
    """It has been announced, and is kept in step."""
    ANNOUNCED_BROKEN = "announced_broken"
    """It has been announced, and cannot be read now: ``text``."""
    ANNOUNCED_DRAFT = "announced_draft"
    """It has been announced, and is a draft again."""
    EDIT_WAITS = "edit_waits"
    """It was edited since it was announced: its messages stay until a moderator approves the edit."""
    EDIT_DECLINED = "edit_declined"
    """A moderator skipped its edit: its messages stay as they are."""
    EDIT_LATE = "edit_late"
    """It was changed after its edit window: that is not sent."""
    CHANGED_MEANWHILE = "changed_meanwhile"
    """Its text changed before all of it was posted: the rest waits for a moderator."""

    GONE = "gone"
    """Its file went away, and nothing of it is in a channel."""
    GONE_KEPT = "gone_kept"
    """Its file went away, and its messages stay, as the configuration says."""
    GONE_UNSURE = "gone_unsure"
    """Its file went away; it may be there under another name, so its messages stay until a moderator decides."""
    GONE_TOO_MANY = "gone_too_many"
    """Its file went away with ``count`` others: a moderator must say whether their messages go."""
    GONE_LEAVING = "gone_leaving"
    """Its file went away: its messages go when it is still gone after ``at``."""
    GONE_LEFT = "gone_left"
    """Its file went away, and so did its messages."""

    UNKNOWN = "unknown"
    """An earlier version of the program wrote down why, as a sentence of its own: ``text``. The next pass says it anew."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an issue is in its state: a code, and the parameters that it has. Instants are aware.

    ``date`` is an issue's, as the issue has it; ``text`` is not ours: what a parser says, say.
    """

    code: Code
    _: KW_ONLY
    at: datetime | None = None
    date: Day | None = None
    age: timedelta | None = None
    count: int | None = None
    limit: int | None = None
    text: str | None = None
    changed: Difference | None = None
    doubt: Doubt | None = None

    def dump(self) -> str:
        """Write the reason as one line of JSON: the same line for the same reason, whatever the program's words for it are."""
        values: dict[str, Any] = {
            "code": self.code.value,
            "at": self.at and self.at.astimezone(UTC).isoformat(),
            "date": self.date and self.date.isoformat(),
            "age": None if self.age is None else self.age.total_seconds(),
            "count": self.count,
            "limit": self.limit,
            "text": self.text,
            "changed": self.changed and self.changed.value,
            "doubt": self.doubt and _doubt_values(self.doubt),
        }
        return _line(values)

    @classmethod
    def load(cls, dumped: str) -> Self:
        """Read what :meth:`dump` wrote."""
        values: dict[str, Any] = json.loads(dumped)
        age = values.get("age")
        return cls(
            Code(values["code"]),
            at=datetime.fromisoformat(values["at"]) if "at" in values else None,
            date=date_of(values.get("date")),
            age=None if age is None else timedelta(seconds=age),
            count=values.get("count"),
            limit=values.get("limit"),
            text=values.get("text"),
            changed=Difference(values["changed"]) if "changed" in values else None,
            doubt=_doubt_of(values["doubt"]) if "doubt" in values else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the policy says of an issue, why, and from which instant (UTC) it may be otherwise, None when time alone changes nothing.

    ``deliver``: the channel is to be brought in step with the file now. ``late``: the file has changed after its edit window.
    ``asks``: another text was let through than is there now, so that a moderator must say whether this one may be shown, too.
    """

    state: State
    reason: Reason
    until: datetime | None = None
    deliver: bool = False
    late: bool = False
    asks: bool = False


def dump_doubt(doubt: Doubt) -> str:
    """Write a doubt as one line of JSON."""
    return _line(_doubt_values(doubt))


def load_doubt(dumped: str) -> Doubt:
    """Read what :func:`dump_doubt` wrote."""
    return _doubt_of(json.loads(dumped))


def date_of(text: str | None) -> Day | None:
    """Read a date in ISO 8601, a day or an instant, as an issue has it."""
    if text is None:
        return None
    return date.fromisoformat(text) if len(text) == len("2026-08-16") else datetime.fromisoformat(text)


def _line(values: Mapping[str, Any]) -> str:
    return json.dumps({name: value for name, value in values.items() if value is not None}, ensure_ascii=False)


def _doubt_values(doubt: Doubt) -> dict[str, Any]:
    values = {"code": doubt.code.value, "issue": doubt.issue, "title": doubt.title, "path": doubt.path}
    return {name: value for name, value in values.items() if value is not None}


def _doubt_of(values: Mapping[str, Any]) -> Doubt:
    issue = values.get("issue")
    return Doubt(
        code=DoubtCode(values["code"]),
        issue=None if issue is None else IssueId(issue),
        title=values.get("title"),
        path=values.get("path"),
    )
