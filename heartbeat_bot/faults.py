"""Keeps a fault of this program to the one file that shows it."""

import logging
from collections.abc import Generator
from contextlib import contextmanager

from heartbeat_bot.errors import IssueError, UserError

_LOG = logging.getLogger(__name__)


@contextmanager
def apart(path: str) -> Generator[None]:
    """Turn a fault of this program that shows with one file into an IssueError, so that the others go on; it is logged whole."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        _LOG.exception("a fault of this program shows with %s", path)
        raise IssueError(
            f"a fault of this program shows with this text ({type(error).__name__}); please report it, with the file", path=path
        ) from error
