"""The other end of a worker: a process that does one job after the other, until nobody has one for a while."""

import gc
import pickle
import resource
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, cast

from heartbeat_bot.isolation.bounds import TooMuchError, deadline, limit_process, over_memory

MOST_ANSWER: Final = 32 * 2**20
"""Bytes of an answer: a hundred messages and their findings take one MiB."""


_LARGE: Final = 64 * 2**10
"""Bytes of a job after which the memory is tidied up at once; after smaller ones Python does so often enough by itself."""


def serve(descriptor: int, *, seconds: float, memory: int, idle: float) -> None:
    """Do jobs that come through a socket until it is closed, or no job comes for ``idle`` seconds.

    A job is a pickled function with its arguments; the answer is a pickled pair: whether it went well, and the result or the error.
    """
    _offer_to_be_killed_first()
    with Connection(descriptor) as pipe:
        while pipe.poll(idle):
            try:
                job = pipe.recv_bytes()
            except EOFError:
                return
            try:
                answer = _answer(job, seconds=seconds, memory=memory)
            except MemoryError:
                answer = None  # what fills the memory goes when this is left; before, there is no room even to say so
            if answer is None:
                limit_process(seconds=seconds, memory=resource.RLIM_INFINITY)
                pipe.send_bytes(pickle.dumps((False, over_memory(memory))))
                return
            pipe.send_bytes(answer)
            if len(job) > _LARGE:
                # The tree of a text is full of circles, which would count against the next one.
                gc.collect()


def _answer(job: bytes, *, seconds: float, memory: int) -> bytes:
    """Do a job and return the answer; raise MemoryError when there is no room for the job, or to say what went wrong with it."""
    try:
        # The other end is the bot itself: what it asks for comes from no repository. The function's module is loaded with it, and
        # that is not the text's fault.
        function, arguments, named = cast("tuple[Any, tuple[Any, ...], dict[str, Any]]", pickle.loads(job))  # noqa: S301
        limit_process(seconds=seconds, memory=memory)
        with deadline(seconds):
            answer = pickle.dumps((True, function(*arguments, **named)))
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - it is raised at the other end
        return _failure(error)
    if len(answer) > MOST_ANSWER:
        return _failure(TooMuchError(f"makes more than {MOST_ANSWER // 2**20} MiB of messages"))
    return answer


def _failure(error: Exception) -> bytes:
    error.add_note(f"In the process that reads texts:\n{''.join(traceback.format_exception(error))}")
    try:
        return pickle.dumps((False, error))
    except Exception:  # noqa: BLE001 - errors of libraries may hold anything
        return pickle.dumps((False, RuntimeError(repr(error)[:1000])))


def _offer_to_be_killed_first() -> None:
    """Where memory runs out, Linux shall end this process, not the bot."""
    try:
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    except OSError:
        return
