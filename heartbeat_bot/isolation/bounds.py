"""How much computing and memory the reading of one text may take, and what ends it beyond that."""

import resource
import signal
from collections.abc import Generator
from contextlib import contextmanager, suppress
from math import ceil
from types import FrameType
from typing import Final

SECONDS: Final = 20.0
"""Seconds of computing for one text. The slowest of 120 real issues takes 0.1; the largest that is read, 512 kB, takes 4."""
MEMORY: Final = 160 * 2**20
"""Bytes that a process which reads texts may allocate. The largest issue that can be read takes 53 MiB of it, libraries
included; to tell which of 1,000 files is which of 1,000 known issues takes more."""
_AGAIN: Final = 1.0
"""Seconds of computing until a reminder, for what swallowed the first one."""


class TooMuchError(Exception):
    """Work was ended because it took too much; the message says of what: "took more than 20 seconds of computing"."""


class EndedError(TooMuchError):
    """Work was ended for a reason that need not be its own, such as a machine out of memory: another time it may go well."""


class OverMemoryError(TooMuchError):
    """Work needed more memory than its process may have."""


def over_time(seconds: float) -> TooMuchError:
    """Return the error of work that took too long."""
    return TooMuchError(f"took more than {seconds:g} seconds of computing")


def over_memory(most: int) -> OverMemoryError:
    """Return the error of work that needed more than ``most`` bytes."""
    return OverMemoryError(f"took more than {most // 2**20} MiB of memory")


@contextmanager
def deadline(seconds: float) -> Generator[None]:
    """Raise TooMuchError in the block after so many seconds of computing by this process; only the main thread may ask for it.

    What computes inside of a library, and does not listen, ends with the whole process a little later where the process is a
    worker (see :func:`limit_process`).
    """

    def end(_number: int, _frame: FrameType | None) -> None:
        raise over_time(seconds)

    before = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, seconds, _AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def limit_process(*, seconds: float, memory: int) -> None:
    """Let the system hold this process to ``memory`` bytes, and end it a second or two after a :func:`deadline` of ``seconds``.

    To be called before each text: the system counts the computing of a process from its start. A system without such limits (they
    are POSIX, and macOS does not keep the one on memory) does without.
    """
    used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    _limit(resource.RLIMIT_CPU, ceil(used + seconds) + 1)
    # Not the address space: libraries reserve much more of it than they ever fill.
    _limit(resource.RLIMIT_DATA, memory)


def _limit(what: int, most: int) -> None:
    hardest = resource.getrlimit(what)[1]
    if resource.RLIM_INFINITY not in {most, hardest}:
        most = min(most, hardest)
    elif most == resource.RLIM_INFINITY:
        most = hardest
    with suppress(OSError, ValueError):
        resource.setrlimit(what, (most, hardest))
