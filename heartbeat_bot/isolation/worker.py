"""Runs functions on untrusted text in a process of its own, which is started when there is work and can be ended at any time.

What comes out of a repository may, by a fault of this program or of a library, compute for ever, fill the memory, or crash. In a
process of its own that is the error of the one text: the bot goes on, its loop is never held, and its memory stays its own.
"""

import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
from asyncio import wrap_future
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from multiprocessing.connection import Connection
from typing import Final, ParamSpec, Protocol, Self, TypeVar, cast

from heartbeat_bot.isolation.bounds import MEMORY, SECONDS, EndedError, OverMemoryError, TooMuchError, deadline, over_time
from heartbeat_bot.isolation.serving import MOST_ANSWER

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")

_IDLE: Final = 60.0
"""Seconds without work after which the process ends: texts are read after a change, and then none for hours."""
_FAREWELL: Final = 5.0
"""Seconds for a process to end that has nothing more to say."""
_PATIENCE: Final = 90.0
"""Seconds by the clock until an answer: the machine may be busy otherwise, and a computer may sleep."""
_KEPT: Final = ("PATH", "HOME", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "VIRTUAL_ENV")
"""Variables that the process gets, besides Python's and the locale's: no token, no password."""
_START: Final = (
    "import json, sys\n"
    "sys.path[:] = json.loads(sys.argv[1])\n"
    "from heartbeat_bot.isolation.serving import serve\n"
    "serve(int(sys.argv[2]), seconds=float(sys.argv[3]), memory=int(sys.argv[4]), idle=float(sys.argv[5]))\n"
)


class Runner(Protocol):
    """Where work on untrusted text is done."""

    async def run(
        self, function: Callable[_Parameters, _Result], *arguments: _Parameters.args, **named: _Parameters.kwargs
    ) -> _Result:
        """Return what a function returns, or raise what it raises; raise TooMuchError when it took too much."""
        ...


class Here:
    """Does the work in this process, within the same time: for commands that read a text and end."""

    async def run(
        self, function: Callable[_Parameters, _Result], *arguments: _Parameters.args, **named: _Parameters.kwargs
    ) -> _Result:
        """Return what a function returns. To be called in the main thread; nothing else runs meanwhile."""
        with deadline(SECONDS):
            return function(*arguments, **named)


class Worker:
    """A process that does one job at a time.

    ``seconds`` (of computing), ``memory`` (bytes) and ``patience`` (seconds by the clock) are what one job may take. The process ends
    after ``idle`` seconds without work.
    """

    def __init__(self, *, seconds: float = SECONDS, memory: int = MEMORY, patience: float = _PATIENCE, idle: float = _IDLE) -> None:
        """Start nothing yet; to be closed in the end."""
        self._seconds = seconds
        self._memory = memory
        self._patience = patience
        self._idle = idle
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="worker")
        self._numbers = count(1)
        # What follows changes under the lock only, since whoever ends the process does so from another thread.
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None
        self._doing = 0
        self._killed = False
        self._closed = False

    async def run(
        self, function: Callable[_Parameters, _Result], *arguments: _Parameters.args, **named: _Parameters.kwargs
    ) -> _Result:
        """Return what a function returns, or raise what it raises, after the jobs that were given before.

        Function, arguments and result must be picklable, the function by its name. Raises TooMuchError when it took too much of
        anything, or crashed. When the caller is cancelled, the process is ended.
        """
        number = next(self._numbers)
        future = self._thread.submit(self._do, number, (function, arguments, named))
        try:
            return cast("_Result", await wrap_future(future))
        finally:
            if not future.done() and not future.cancel():
                with self._lock:
                    if self._doing == number:
                        self._kill()

    def close(self) -> None:
        """End the process, whatever it does."""
        with self._lock:
            self._closed = True
            self._kill()
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._reap()

    def __enter__(self) -> Self:
        """Start nothing yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self.close()

    # In the worker's thread

    def _do(self, number: int, job: tuple[object, ...]) -> object:
        return self._send(number, pickle.dumps(job))

    def _send(self, number: int, job: bytes) -> object:
        if self._killed or (self._process is not None and self._process.poll() is not None):
            self._reap()  # it ended, or is about to: whatever ended it, that is no matter of this job
        with self._lock:
            self._doing = number
            fresh = self._pipe is None
            pipe = self._pipe or self._start()
        try:
            pipe.send_bytes(job)
            answer = pipe.recv_bytes(MOST_ANSWER) if pipe.poll(self._patience) else None
        except (EOFError, OSError):
            status = self._reap()
            if status == 0 and not fresh:
                # It had ended just before, for lack of work.
                return self._send(number, job)
            raise self._ending(status) from None
        finally:
            with self._lock:
                self._doing = 0
        if answer is None:
            with self._lock:
                self._kill()
            self._reap()
            raise EndedError(f"took more than {self._patience:g} seconds")
        # What answers is this program, although it has read what others wrote.
        good, result = cast("tuple[bool, object]", pickle.loads(answer))  # noqa: S301
        if good:
            return result
        if isinstance(result, OverMemoryError) and not fresh:
            # What earlier jobs left behind may have taken the room of this one: a process of its own decides.
            self._reap()
            return self._send(number, job)
        assert isinstance(result, Exception), "what goes wrong is an error"
        try:
            raise result
        finally:
            # The error's traceback holds this frame, and this frame the error and the job: they would stay for a long time.
            del result, answer, job

    def _start(self) -> Connection:
        if self._closed:
            raise EndedError("was ended with the bot")
        ours, theirs = socket.socketpair()
        with theirs:
            # The path of the parent, not the current folder, whose files are no modules of ours.
            command = [sys.executable, "-P", "-c", _START, json.dumps(sys.path), str(theirs.fileno())]
            self._process = subprocess.Popen(  # noqa: S603 - the command is this program's own
                [*command, str(self._seconds), str(self._memory), str(self._idle)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                pass_fds=[theirs.fileno()],
                # Ctrl-C on a terminal is the bot's to hear, which then ends this process.
                start_new_session=True,
            )
        self._pipe = Connection(ours.detach())
        return self._pipe

    def _kill(self) -> None:
        self._killed = True
        if self._process is not None:
            self._process.kill()

    def _reap(self) -> int:
        """Close what is left of the process; return its status (see :attr:`subprocess.Popen.returncode`)."""
        with self._lock:
            pipe, self._pipe = self._pipe, None
            process, self._process = self._process, None
            self._killed = False
        if pipe is not None:
            pipe.close()
        if process is None:
            return 0
        try:
            return process.wait(_FAREWELL)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def _ending(self, status: int) -> TooMuchError:
        if -status == signal.SIGXCPU:
            return over_time(self._seconds)
        if -status == signal.SIGKILL:
            return EndedError("was ended by the system, which may have run out of memory")
        return TooMuchError(f"crashed ({signal.Signals(-status).name if status < 0 else f'exit status {status}'})")


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(("PYTHON", "LC_"))}
