"""What a pass did, by issue, and what it found in trouble."""

from dataclasses import dataclass, field

from heartbeat_bot.errors import IssueError, MachineError, MissingPermissionsError, OutletError, SourceError, UserError
from heartbeat_bot.ids import ChannelId, IssueId
from heartbeat_bot.languages import Language, language
from heartbeat_bot.ports import UNKNOWN_CHANNEL
from heartbeat_bot.sync.outcome import Outcome
from heartbeat_bot.sync.result import Result, ResultCode
from heartbeat_bot.sync.wording import line_of

SOURCE, DISCORD, STATE, MACHINE = "source", "discord", "state", "machine"
"""What may be in trouble besides channels; see :func:`channel_of`."""


def channel_of(channel: ChannelId) -> str:
    """Name a channel as what is in trouble."""
    return f"channel:{channel}"


@dataclass(slots=True)
class PassReport:
    """What a pass over one newsletter did. ``blocked_by`` says why it did nothing, or not all; None when nothing kept it."""

    newsletter: str
    results: list[Result] = field(default_factory=list[Result])
    failed: bool = False
    requests: int = 0
    blocked_by: Result | None = None
    closed: set[ChannelId] = field(default_factory=set[ChannelId])
    """The channels where the bot lacks a permission: said once, and left alone for the rest of the pass."""

    troubles: dict[str, str] = field(default_factory=dict[str, str])
    """What keeps more than one issue from being kept in step, in sentences, by what is in trouble."""
    tried: set[IssueId] = field(default_factory=set[IssueId])
    """The issues of which something was sent, edited or deleted, or was to be."""

    @property
    def done(self) -> list[str]:
        """What was done, a line each, in English."""
        return [line_of(result) for result in self.results if not result.problem]

    @property
    def problems(self) -> list[str]:
        """What could not be done, a line each, in English."""
        return [line_of(result) for result in self.results if result.problem]

    def about(self, issue: IssueId, words: Language | None = None) -> list[str]:
        """Return what was done of an issue, and what kept everything from being done, a line each; in English without a language."""
        mine = [result for result in self.results if result.issue == issue or result == self.blocked_by]
        return [line_of(result, words) for result in sorted(mine, key=lambda result: result.problem)]

    def lines(self, words: Language | None = None) -> list[str]:
        """Return the whole report, a line each; in English, as for a terminal, without a language."""
        words = words or language()
        lines = [line_of(result, words) for result in sorted(self.results, key=lambda result: result.problem)]
        return [
            words.say("results.line", newsletter=self.newsletter, line=line) for line in lines or [words.say("results.nothing")]
        ]

    def note(self, result: Result) -> None:
        """Note what was done, or could not be."""
        self.results.append(result)

    def block(self, result: Result) -> None:
        """Note why nothing, or nothing more, is done; once."""
        self.blocked_by = result
        if result not in self.results:
            self.results.append(result)

    def delivered(self, outcome: Outcome, issue: IssueId, title: str, channel: ChannelId | None = None) -> Result | None:
        """Note what came of a delivery; return what was done, None for nothing."""
        self.requests += outcome.requests
        done = Result(
            ResultCode.DELIVERED,
            issue,
            title=title,
            sent=outcome.sent,
            edited=outcome.edited,
            deleted=outcome.deleted,
            published=outcome.published,
        )
        changed = outcome.sent or outcome.edited or outcome.deleted or outcome.published
        if changed:
            self.note(done)
        if outcome.waits_until:
            self.note(Result(ResultCode.REST_WAITS, issue, title=title, at=outcome.waits_until))
        if outcome.error:
            self.failed_at(outcome.error, issue, title, channel)
        return done if changed else None

    def failed_at(self, error: UserError, issue: IssueId, title: str, channel: ChannelId | None) -> None:
        """Note what went wrong with an issue; a channel where the bot lacks a permission is left alone for the rest of the pass."""
        self.note(Result(ResultCode.ISSUE_FAILED, issue, title=title, text=str(error)))
        # A text that cannot be read is its author's to mend: the same pass again would not.
        self.failed = self.failed or not isinstance(error, IssueError)
        if isinstance(error, SourceError | OutletError | MachineError) and (about := in_trouble(error, channel)):
            self.troubles[about] = str(error)
        if channel is not None and isinstance(error, MissingPermissionsError):
            self.closed.add(channel)


def in_trouble(error: UserError, channel: ChannelId | None) -> str:
    """Name what is in trouble when an error came of a channel; "" when it is one message alone."""
    match error:
        case SourceError():
            return SOURCE
        case OutletError(permanent=True):
            shut_out = isinstance(error, MissingPermissionsError) or error.status in {401, 403} or error.code == UNKNOWN_CHANNEL
            return "" if channel is None or not shut_out else channel_of(channel)
        case OutletError():
            return DISCORD
        case MachineError():
            return MACHINE
        case _:
            return STATE


def is_lost(error: UserError | None) -> bool:
    """Tell whether an error says that a channel is not there any more."""
    return isinstance(error, OutletError) and error.code == UNKNOWN_CHANNEL
