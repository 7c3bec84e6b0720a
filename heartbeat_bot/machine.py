"""What a machine refuses its processes (files, memory, room on a disk), told apart from faults of this program."""

import errno
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from heartbeat_bot.errors import MachineError, UserError

_MEMORY: Final = "this machine gives the bot no more memory: give it 256 MiB, or look what else takes it"
_FILES: Final = "this machine lets the bot open no more files: let it open 256 (`ulimit -n`, or LimitNOFILE= of its service)"
_LACKS: Final = {
    errno.EMFILE: _FILES,
    errno.ENFILE: "all programs of this machine together have too many files open: look which one does not close them",
    errno.ENOMEM: _MEMORY,
    errno.EAGAIN: "this machine refuses the bot something for now, mostly processes: let it have 64 (`ulimit -u`, or TasksMax= of its service)",
    errno.ENOSPC: "a disk of this machine is full: make room",
    errno.EDQUOT: "the bot's user has used up its part of the disk: make room",
    errno.EROFS: "a disk of this machine can only be read: look at the machine's log, and mount it for writing",
    errno.EIO: "a disk of this machine fails: look at the machine's log",
}
"""What to do, by the error of the system (errno(3))."""


def lack(error: BaseException | None) -> str | None:
    """Say what the machine lacks, and what to do about it; None when an error says nothing of that kind."""
    match error:
        case None:
            return None
        case BaseExceptionGroup():
            return next((said for one in error.exceptions if (said := lack(one))), None)
        case MemoryError():
            return _MEMORY
        case RuntimeError(args=["can't start new thread"]):
            return _MEMORY
        case OSError(errno=int(number)) if number in _LACKS:
            place = f" ({error.filename})" if error.filename else ""
            return f"{_LACKS[number]}{place}"
        case _:
            return lack(error.__cause__)


@contextmanager
def machine_errors() -> Generator[None]:
    """Turn an error that says what the machine lacks into a MachineError."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        if said := lack(error):
            raise MachineError(said) from error
        raise
