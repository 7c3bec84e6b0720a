"""How a command ends: exit codes, and sentences on stderr."""

from typing import Final, NoReturn

from heartbeat_bot.cli.printing import say

FAILED: Final = 1
NOT_STARTED: Final = 2
"""Exit codes."""


def stop(*reasons: str, code: int) -> NoReturn:
    """Say why, a line on stderr for each reason, and end with an exit code."""
    say(*(f"heartbeat-bot: {reason}" for reason in reasons), err=True)
    raise SystemExit(code)
