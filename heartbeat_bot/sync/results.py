"""What a pass did, by issue and channel, and the lines that say so."""

from dataclasses import dataclass, field

from heartbeat_bot.errors import IssueError, MachineError, MissingPermissionsError, OutletError, SourceError, UserError
from heartbeat_bot.ids import ChannelId, IssueId
from heartbeat_bot.ports import UNKNOWN_CHANNEL
from heartbeat_bot.sync.publisher import Outcome

SOURCE, DISCORD, STATE, MACHINE = "source", "discord", "state", "machine"
"""What may be in trouble besides channels; see :func:`channel_of`."""


def channel_of(channel: ChannelId) -> str:
    """Name a channel as what is in trouble."""
    return f"channel:{channel}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One thing that a pass did, or could not do (``problem``), as a line for people.

    ``issue`` is what it is about, None for the newsletter; ``outcome`` is what came of a delivery in ``channel``.
    """

    text: str
    issue: IssueId | None = None
    channel: ChannelId | None = None
    outcome: Outcome | None = None
    problem: bool = False


@dataclass(slots=True)
class PassReport:
    """What a pass over one newsletter did. ``blocked_by`` says why it did nothing, or not all; None when nothing kept it."""

    newsletter: str
    results: list[Result] = field(default_factory=list[Result])
    failed: bool = False
    requests: int = 0
    blocked_by: str | None = None
    closed: set[ChannelId] = field(default_factory=set[ChannelId])
    """The channels where the bot lacks a permission: said once, and left alone for the rest of the pass."""

    troubles: dict[str, str] = field(default_factory=dict[str, str])
    """What keeps more than one issue from being kept in step, in sentences, by what is in trouble."""
    tried: set[IssueId] = field(default_factory=set[IssueId])
    """The issues of which something was sent, edited or deleted, or was to be."""

    @property
    def done(self) -> list[str]:
        """What was done, a line each."""
        return [result.text for result in self.results if not result.problem]

    @property
    def problems(self) -> list[str]:
        """What could not be done, a line each."""
        return [result.text for result in self.results if result.problem]

    def about(self, issue: IssueId) -> list[str]:
        """Return what was done of an issue, and what kept everything from being done, a line each."""
        mine = [result for result in self.results if result.issue == issue or result.text == self.blocked_by]
        return [result.text for result in sorted(mine, key=lambda result: result.problem)]

    def lines(self) -> list[str]:
        """Return the report for a terminal."""
        return [f"{self.newsletter}: {line}" for line in (*self.done, *self.problems)] or [f"{self.newsletter}: nothing to do"]

    def did(self, text: str, issue: IssueId | None = None, *, channel: ChannelId | None = None) -> None:
        """Note what was done."""
        self.results.append(Result(text=text, issue=issue, channel=channel))

    def could_not(self, text: str, issue: IssueId | None = None, *, channel: ChannelId | None = None) -> None:
        """Note what could not be done."""
        self.results.append(Result(text=text, issue=issue, channel=channel, problem=True))

    def block(self, text: str, *, problem: bool = False) -> None:
        """Note why nothing, or nothing more, is done; once."""
        self.blocked_by = text
        if all(result.text != text for result in self.results):
            self.results.append(Result(text=text, problem=problem))

    def delivered(self, outcome: Outcome, issue: IssueId, title: str, channel: ChannelId | None = None) -> str:
        """Note what came of a delivery; return what was done, "" for nothing."""
        self.requests += outcome.requests
        numbers = {"sent": outcome.sent, "edited": outcome.edited, "deleted": outcome.deleted, "published": outcome.published}
        said = ", ".join(f"{number} {what}" for what, number in numbers.items() if number)
        if said:
            self.results.append(Result(text=f"{title}: {said}", issue=issue, channel=channel, outcome=outcome))
        if outcome.waits_until:
            until = f"{outcome.waits_until:%Y-%m-%d %H:%M} UTC"
            self.could_not(f"{title}: the rest waits until {until}, as Discord's limits ask.", issue, channel=channel)
        if outcome.error:
            self.failed_at(outcome.error, issue, title, channel)
        return said

    def failed_at(self, error: UserError, issue: IssueId, title: str, channel: ChannelId | None) -> None:
        """Note what went wrong with an issue; a channel where the bot lacks a permission is left alone for the rest of the pass."""
        self.could_not(f"{title}: {error}", issue, channel=channel)
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
