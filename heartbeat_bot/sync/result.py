"""One thing that a pass did, or could not do, as a value: ``wording.py`` says it in the reader's language. Pure."""

from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from heartbeat_bot.ids import ChannelId, IssueId, MessageId
from heartbeat_bot.policy.decisions import Reason, State
from heartbeat_bot.rendering.post import PostKey


class ResultCode(StrEnum):
    """What there is to say of a pass. Beside each: what its :class:`Result` has besides the ``title`` of its ``issue``, where it is of one."""

    DELIVERED = "delivered"
    """Messages of an issue were ``sent``, ``edited``, ``deleted``, ``published``: so many of each."""
    REST_WAITS = "rest_waits"
    """The rest of an issue is posted after ``at``, as Discord's limits ask."""
    ISSUE_FAILED = "issue_failed"
    """Something went wrong with an issue, or is wrong with its pictures: ``text``, as an error or a finding says it."""
    LOOK_AT = "look_at"
    """A person should look at an issue, as of this pass: ``path``, ``reason``."""
    UNREADABLE = "unreadable"
    """The file ``path`` cannot be read, and its issue is left as it was: ``text``."""
    APPROVE_ANEW = "approve_anew"
    """An issue changed after a moderator had approved it, and must be approved anew."""
    REPOST_CHANGED = "repost_changed"
    """An issue's text changed after a moderator had confirmed a repost of it."""
    REPOST_FORGOTTEN = "repost_forgotten"
    """An issue's repost in ``channel`` is forgotten, as somebody deleted the channel."""
    LATE_DELETED = "late_deleted"
    """A message was deleted that Discord carried out late, when it had been sent anew already."""
    LATE_UNKNOWN = "late_unknown"
    """Messages that Discord may have carried out late could not be looked for: ``text``."""
    PAUSED = "paused"
    """Nothing is done: a moderator paused the newsletter, at ``at``."""
    PAUSED_MEANWHILE = "paused_meanwhile"
    """Nothing more is done: a moderator paused the newsletter while the pass was under way."""
    FAILED = "failed"
    """The pass, or what follows it, could not go on: ``text``, as an error says it."""

    WOULD_NOTE = "would_note"
    """A pass would note an issue's ``state`` and ``reason``, of one of several destinations in ``channel``."""
    WOULD_SEND = "would_send"
    """A pass would send the post of ``key``, to one of several destinations in ``channel``."""
    WOULD_EDIT = "would_edit"
    """A pass would edit ``message`` to show the post of ``key``."""
    WOULD_DELETE = "would_delete"
    """A pass would delete ``message``."""
    WOULD_PUBLISH = "would_publish"
    """A pass would publish ``message``."""


_PROBLEMS: Final = frozenset(
    {
        ResultCode.REST_WAITS,
        ResultCode.ISSUE_FAILED,
        ResultCode.LOOK_AT,
        ResultCode.UNREADABLE,
        ResultCode.APPROVE_ANEW,
        ResultCode.REPOST_CHANGED,
        ResultCode.LATE_UNKNOWN,
        ResultCode.FAILED,
    }
)


@dataclass(frozen=True, slots=True)
class Result:
    """One thing that a pass did, could not do, or would do. ``issue`` is what it is about, None for the newsletter. Instants are UTC."""

    code: ResultCode
    issue: IssueId | None = None
    _: KW_ONLY
    title: str | None = None
    path: str | None = None
    text: str | None = None
    at: datetime | None = None
    state: State | None = None
    reason: Reason | None = None
    channel: ChannelId | None = None
    message: MessageId | None = None
    key: PostKey | None = None
    sent: int = 0
    edited: int = 0
    deleted: int = 0
    published: int = 0

    @property
    def problem(self) -> bool:
        """Whether it is something that could not be done, or that a person should look at."""
        return self.code in _PROBLEMS
