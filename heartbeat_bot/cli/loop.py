"""The event loop of a command, and how it ends: Ctrl-C without a traceback, a group of errors as a line each."""

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

from heartbeat_bot.errors import ConfigError, UserError

_Result = TypeVar("_Result")


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
        raise ConfigError(*dict.fromkeys(map(str, leaves(told)))) from group


def leaves(group: ExceptionGroup[UserError]) -> Iterator[UserError]:
    """Yield the errors of a group and of the groups in it."""
    for error in group.exceptions:
        if isinstance(error, ExceptionGroup):
            yield from leaves(error)
        else:
            yield error
