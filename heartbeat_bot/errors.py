"""The two kinds of errors, and the tree of the first kind.

UserError                 a sentence for the person who reads it; shown as written, without a traceback
├── ConfigError           the configuration cannot be used; carries every problem found, not only the first
├── SourceError           the content repo cannot be read; tried again on the next pass
├── IssueError            one issue cannot be read; never stops the others
├── StateError            the database cannot be used, or another process holds it
├── MachineError          the machine has no files, memory or room left for the bot; tried again on the next pass
└── OutletError           Discord refused a request, or could not be reached
    └── RateLimitedError  Discord asked to wait longer than a pass should sleep; carries the seconds

Everything else is a fault of the program: it is logged with its traceback and answered with a reference.

Their sentences are logged, printed, answered and kept in the state, so no secret gets into them: they are made without.
"""

from collections.abc import Callable, Sequence

from heartbeat_bot.redaction import redact, without_secrets


class UserError(Exception):
    """What happened, where, and what to do, in a sentence for the person who reads it."""

    def __init__(self, message: str) -> None:
        """Keep the sentence, without what is known to be secret. Links in it stay whole: people follow them."""
        super().__init__(without_secrets(message))


class ConfigError(UserError):
    """The configuration cannot be used.

    ``problems`` holds one sentence per problem, each with its file and line where there is one.
    """

    def __init__(self, *problems: str) -> None:
        """Join the problems into one message, one per line, each without credentials in its addresses."""
        self.problems = tuple(redact(problem) for problem in problems)
        super().__init__("\n".join(self.problems))


class SourceError(UserError):
    """A newsletter's source cannot be read (no such folder, no such branch, no access, no network)."""

    def __init__(self, message: str) -> None:
        """Keep the sentence, without credentials in its addresses."""
        super().__init__(redact(message))


class IssueError(UserError):
    """One issue cannot be read; ``path`` and ``line`` (counted from 1, None for the whole file) say where."""

    def __init__(self, message: str, *, path: str, line: int | None = None) -> None:
        """Keep the place beside the sentence."""
        place = path if line is None else f"{path}:{line}"
        super().__init__(f"{place}: {message}")
        self.reason = without_secrets(message)
        self.path = path
        self.line = line

    def __reduce__(self) -> tuple[Callable[..., "IssueError"], tuple[str, str, int | None]]:
        """Come whole out of another process."""
        return _issue_error, (self.reason, self.path, self.line)


def _issue_error(message: str, path: str, line: int | None) -> IssueError:
    return IssueError(message, path=path, line=line)


class StateError(UserError):
    """The database cannot be opened, is newer than this program, or is held by another process."""

    def __init__(self, message: str) -> None:
        """Keep the sentence, without credentials in its addresses."""
        super().__init__(redact(message))


class MachineError(UserError):
    """The machine refuses what any process needs (see ``machine.py``)."""

    def __init__(self, lack: str) -> None:
        """Say what it lacks, and that nothing is lost."""
        super().__init__(redact(f"{lack[:1].upper()}{lack[1:]}. Nothing is lost: what was under way is tried again."))


class OutletError(UserError):
    """Discord refused a request or could not be reached.

    ``status`` is the HTTP status (None when there was no answer), ``code`` Discord's JSON error code
    (0 when there was none). ``permanent`` tells whether the same request would be refused again.
    """

    def __init__(self, message: str, *, status: int | None, code: int = 0, permanent: bool) -> None:
        """Keep Discord's numbers beside the sentence, which has no credentials in its addresses."""
        super().__init__(redact(message))
        self.status = status
        self.code = code
        self.permanent = permanent


class RateLimitedError(OutletError):
    """Discord asked to wait ``retry_after`` seconds, longer than a pass should sleep."""

    def __init__(self, message: str, *, retry_after: float) -> None:
        """Keep the seconds to wait."""
        super().__init__(message, status=429, permanent=False)
        self.retry_after = retry_after


class MissingPermissionsError(OutletError):
    """The bot lacks permissions in a channel, without which it might post twice or not be read: nothing is sent there."""

    def __init__(
        self, missing: Sequence[str], *, place: str, seen: bool = True, then: str = "The next pass goes on by itself."
    ) -> None:
        """Say which permissions, by Discord's names, are missing in which place ("#news", say), what to do, and what comes ``then``.

        A channel that cannot be ``seen`` may also be in a server where the bot is not.
        """
        what = f"permission{'s' if len(missing) > 1 else ''} {', '.join(missing)}"
        todo = "Grant it" if seen else "Invite the bot to the server, unless it is there, and grant it"
        super().__init__(
            f"The bot lacks the {what} in {place}: nothing is posted or edited there, and readers see what stood there before. "
            f"{todo} to the bot's role in the channel's settings. {then}",
            status=None,
            permanent=True,
        )
