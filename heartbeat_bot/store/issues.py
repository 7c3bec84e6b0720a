"""An issue as the store knows it, what a pass reads of one, and the rows that both are made of."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any, Final

from sqlalchemy import Connection, Row, Update, select, update

from heartbeat_bot.database import tables
from heartbeat_bot.errors import StateError
from heartbeat_bot.identity.doubts import Doubt
from heartbeat_bot.identity.fingerprint import Fingerprint
from heartbeat_bot.ids import DestinationId, IssueId
from heartbeat_bot.policy.approval import Difference, Version, difference, is_same, text_of
from heartbeat_bot.policy.decisions import Code, Reason, State, date_of
from heartbeat_bot.rendering.post import PostKey, is_of
from heartbeat_bot.sources.snapshot import BlobId
from heartbeat_bot.store.deliveries import NEW, Delivery, DeliveryKind, deliveries_of
from heartbeat_bot.store.messages import DeliveredMessage, messages_held


@dataclass(frozen=True, slots=True, kw_only=True)
class Duties:
    """What moderators must approve (see ``policy/policy.py``): every issue before it is announced, every edit of one that was."""

    issues: bool = False
    edits: bool = False

    @property
    def bind(self) -> bool:
        """Whether readers see what a moderator, or the policy, let through, rather than what the source says now."""
        return self.issues or self.edits


NO_DUTIES: Final = Duties()


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
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
            if not duties.bind:
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
    """Since when an issue's content is what it is, and since when it is listed (see ``policy/policy.py``), None when it is not."""

    changed_at: datetime
    listed_at: datetime | None


def instants(before: IssueRecord | None, source_file: SourceFile, *, now: datetime) -> Instants:
    """Return an issue's instants after a file was read that is that issue; ``now`` is when the source came to hold it.

    An issue that comes back rests anew. What was announced stays listed as it was then, so that many old issues that come back, or
    turn from drafts again, do not look like an import.
    """
    shown = not source_file.draft and source_file.broken is None
    if before is None:
        return Instants(changed_at=now, listed_at=now if shown else None)
    back = not before.present and before.announced_at is None
    changed_at = now if back or before.blob != source_file.blob else before.changed_at
    if before.announced_at is not None:
        return Instants(changed_at=changed_at, listed_at=before.listed_at)
    listed_at = None if back else before.listed_at
    return Instants(changed_at=changed_at, listed_at=(listed_at or now) if shown else None)


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
RECORD: Final = [column for column in tables.issues.c if column.name not in {"fingerprint", "approved_posts"}]
"""The columns of an issue that everybody asks for; the others are large."""
_NAMES: Final = [column.name for column in RECORD]


def find_issue(connection: Connection, issue: IssueId) -> IssueRecord:
    """Return an issue with its messages; raise StateError when there is none of that id."""
    row = connection.execute(select(*RECORD).where(tables.issues.c.id == issue)).one_or_none()
    if row is None:
        raise StateError(f"There is no issue number {issue}: `heartbeat-bot issues` lists them.")
    return issue_of(row, deliveries_of(connection, [issue]).get(issue, ()), tuple(messages_held(connection, issue)))


def issue_of(row: Row[Any], deliveries: Sequence[Delivery] = (), held: tuple[DeliveredMessage, ...] = ()) -> IssueRecord:
    """Make an issue of a row of :data:`RECORD`, its deliveries and its messages that are kept in step."""
    values: dict[str, Any] = dict(zip(_NAMES, row, strict=True))
    values |= {"date": date_of(values["date"]), "withheld": tuple(values["withheld"] or ())}
    return IssueRecord(
        **values,
        announcements=tuple(one for one in deliveries if one.kind is DeliveryKind.ANNOUNCEMENT),
        reposts=tuple(one for one in deliveries if one.kind is DeliveryKind.REPOST),
        messages=held,
    )


def announcements_of(issue: IssueId) -> Update:
    """Begin a statement that changes all announcements of an issue."""
    return update(tables.deliveries).where(
        tables.deliveries.c.issue == issue, tables.deliveries.c.kind == DeliveryKind.ANNOUNCEMENT
    )


def note_state(connection: Connection, issue: IssueId, state: State, code: Code) -> None:
    """Note of all announcements of an issue how they stand."""
    connection.execute(announcements_of(issue).values(state=state, reason=Reason(code), until=None))
