"""Keeps a fault of this program, and a text that takes too much, to the one file that shows it."""

import logging
from collections.abc import Generator
from contextlib import contextmanager

from heartbeat_bot.errors import IssueError, UserError
from heartbeat_bot.isolation.bounds import EndedError, TooMuchError
from heartbeat_bot.machine import machine_errors

_LOG = logging.getLogger(__name__)


@contextmanager
def isolate_faults(path: str) -> Generator[None]:
    """Turn what goes wrong with one file into an IssueError, so that the others go on; a fault of this program is logged whole."""
    try:
        with machine_errors():
            yield
    except UserError:
        raise
    except EndedError as error:
        raise IssueError(f"reading the text {error}; the next pass tries it again", path=path) from error
    except TooMuchError as error:
        raise IssueError(
            f"reading the text {error}, so it was given up; make it several issues, or look for something in it that is repeated "
            "thousands of times",
            path=path,
        ) from error
    except Exception as error:
        _LOG.exception("a fault of this program shows with %s", path)
        raise IssueError(
            f"a fault of this program shows with this text ({type(error).__name__}); please report it, with the file", path=path
        ) from error
