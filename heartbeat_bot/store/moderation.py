"""What moderators decide about issues, and which texts may be sent, written down."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, select, update

from heartbeat_bot.database import tables
from heartbeat_bot.database.protocol import DatabasePart, changing, reading
from heartbeat_bot.errors import StateError
from heartbeat_bot.ids import IssueId
from heartbeat_bot.policy.approval import Difference, Version, difference
from heartbeat_bot.policy.decisions import Code, Reason, State
from heartbeat_bot.rendering.post import PostKey
from heartbeat_bot.store.deliveries import Delivery, DeliveryKind, end_reposts
from heartbeat_bot.store.issues import announcements_of, find_issue, note_state
from heartbeat_bot.store.messages import reclaim_notice
from heartbeat_bot.store.outbox import Request, WrittenRequest, begun

_NOT_ANNOUNCED: Final[Mapping[str, Any]] = {"announced_at": None, "shown": None, "shown_as": None, "late": None}
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


class Moderation(DatabasePart):
    """What moderators decided; what a pass carries out next."""

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
            changed = difference(find_issue(connection, issue).approved, version) or Difference.ISSUE
            waits = {"state": State.WAITING, "reason": Reason(Code.OTHER_THAN_APPROVED, changed=changed), "until": None}
            places = tables.deliveries
            undecided = announcements_of(issue).where(
                places.c.announced_at.is_(None),
                places.c.state.not_in([State.GONE, State.RETRACTED, State.BASELINE, State.TOO_OLD, State.WAITING]),
            )
            connection.execute(undecided.values(waits))

    @changing
    def approve_edit(
        self, connection: Connection, issue: IssueId, version: Version, *, posts: bytes | None = None, now: datetime
    ) -> None:
        """Note that a moderator wants a version of an announced issue shown, also after its edit window: the next pass does it."""
        asked = connection.execute(
            announcements_of(issue).where(tables.deliveries.c.announced_at.is_not(None)).values(asked_at=now)
        )
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
        connection.execute(announcements_of(issue).values(asked_at=now))

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
        connection.execute(announcements_of(issue).values(baseline=True))
        _decide(connection, issue, values, state=State.BASELINE, code=Code.SKIPPED)

    @changing
    def retract(self, connection: Connection, issue: IssueId, *, now: datetime) -> None:
        """Note that a moderator took an issue back: the next pass deletes its messages and reposts, also when its file is gone."""
        end_reposts(connection, issue, now=now)
        _decide(connection, issue, {"retracted_at": now}, state=State.RETRACTED, code=Code.TAKEN_BACK)

    @changing
    def withhold(self, connection: Connection, issue: IssueId, keys: Sequence[PostKey], *, now: datetime) -> None:
        """Note which sections of an issue (see :func:`post.is_of`) a moderator took back, none for none any more: the next pass does it.

        Also after the edit window: it is what a moderator asks for.
        """
        issues, table = tables.issues, tables.deliveries
        connection.execute(update(issues).where(issues.c.id == issue).values(withheld=sorted(keys) or None))
        connection.execute(announcements_of(issue).values(shown_as="", asked_at=now))
        connection.execute(update(table).where(table.c.issue == issue, table.c.kind == DeliveryKind.REPOST).values(shown=None))

    @changing
    def withdrawn(self, connection: Connection, announcement: Delivery, *, now: datetime) -> None:
        """Note that nothing of an announcement whose issue's file was removed is left: it is as if it had not been announced there."""
        table, issue = tables.deliveries, announcement.issue
        end_reposts(connection, issue, now=now)
        connection.execute(update(table).where(table.c.id == announcement.id).values(dict(_NOT_ANNOUNCED)))
        left = connection.execute(select(table.c.id).where(table.c.issue == issue, table.c.announced_at.is_not(None))).first()
        if left is None:
            connection.execute(update(tables.issues).where(tables.issues.c.id == issue).values(dict(_UNDECIDED)))

    @changing
    def begin(self, connection: Connection, request: Request, issue: IssueId, *, now: datetime) -> WrittenRequest | None:
        """Write a request down as :meth:`Outbox.begin` does, unless a moderator holds its issue back at this instant: then return None.

        It is one transaction: what is decided before it holds, and after it the issue is announced.
        """
        return None if find_issue(connection, issue).is_held_back(now=now) else begun(connection, request, now)

    @changing
    def _set_issue(self, connection: Connection, issue: IssueId, values: Mapping[str, Any]) -> None:
        connection.execute(update(tables.issues).where(tables.issues.c.id == issue).values(values))


def _check_undecided(connection: Connection, issue: IssueId, *, retracted: bool = False) -> None:
    """Raise StateError for an issue that has been announced, or was retracted unless that is allowed."""
    record = find_issue(connection, issue)
    if record.retracted_at is not None:
        if not retracted:
            raise StateError("The issue was taken back already.")
    elif record.announced_at is not None:
        raise StateError("The issue has been announced already: retract it to take it back.")


def _seen(connection: Connection, issue: IssueId, version: Version | None, posts: bytes | None) -> dict[str, Any]:
    """Return what a moderator saw of an issue, as columns, and whether something had made it wait for that moderator."""
    record = find_issue(connection, issue)
    waited = bool(record.doubt or record.on_hold_at or record.baseline or record.retracted_at) or record.state in _MADE_TO_WAIT
    waited = waited or (record.approval_binds and bool(record.approved_at or record.scheduled_at))
    seen = version or Version(record.blob)
    return {"approved": seen, "approved_posts": posts, "approval_binds": waited, "asks": None, "declined": None}


def _decide(connection: Connection, issue: IssueId, values: Mapping[str, Any], *, state: State, code: Code) -> None:
    """Note what a moderator decided. What is gone stays so until it comes back."""
    record = find_issue(connection, issue)
    reclaim_notice(connection, issue)
    if values.keys() >= _WANTED.keys() and record.retracted_at:  # what was retracted is announced as if for the first time
        connection.execute(announcements_of(issue).values(dict(_NOT_ANNOUNCED)))
    connection.execute(update(tables.issues).where(tables.issues.c.id == issue).values(dict(values)))
    if record.present:
        note_state(connection, issue, state, code)
