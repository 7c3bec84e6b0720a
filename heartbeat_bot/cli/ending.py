"""How a command ends: exit codes, sentences on stderr, and a run that Ctrl-C ends without a traceback."""

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any, Final, NoReturn, TypeVar

import click

from heartbeat_bot.errors import ConfigError, UserError

_Result = TypeVar("_Result")

FAILED: Final = 1
NOT_STARTED: Final = 2
"""Exit codes."""


def stop(message: str, code: int) -> NoReturn:
    """Say why, a line on stderr each, and end with an exit code."""
    for line in message.splitlines():
        click.echo(f"heartbeat-bot: {line}", err=True)
    raise SystemExit(code)


def run_to_the_end(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Run to the end. Ctrl-C and SIGTERM end it without a traceback; a group of errors is one line per error."""
    try:
        return asyncio.run(work)
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise SystemExit(0) from None
    except ExceptionGroup as group:
        told, rest = group.split(UserError)
        if told is None or rest is not None:
            raise
        raise ConfigError(*dict.fromkeys(_messages(told))) from group


def _messages(group: ExceptionGroup[UserError]) -> Iterator[str]:
    for error in group.exceptions:
        if isinstance(error, ExceptionGroup):
            yield from _messages(error)
        else:
            yield str(error)
