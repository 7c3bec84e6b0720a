"""How a command ends: exit codes, and sentences on stderr."""

from typing import Final, NoReturn

import click

FAILED: Final = 1
NOT_STARTED: Final = 2
"""Exit codes."""


def stop(message: str, code: int) -> NoReturn:
    """Say why, a line on stderr each, and end with an exit code."""
    for line in message.splitlines():
        click.echo(f"heartbeat-bot: {line}", err=True)
    raise SystemExit(code)
