"""What a worker is made to do: it finds these by their names."""

import os
import re
import signal
import sys
from pathlib import Path
from typing import NoReturn

from heartbeat_bot.errors import IssueError


def double(number: int) -> int:
    return 2 * number


def process() -> int:
    return os.getpid()


def turn_for_ever() -> NoReturn:
    while True:
        pass


def turn_deaf_for_ever() -> NoReturn:
    """Compute with every Exception swallowed, as a library may."""
    while True:
        try:
            while True:
                pass
        except Exception:  # noqa: BLE001 - that is what it is for
            continue


def backtrack_for_ever() -> object:
    return re.fullmatch(r"(\w+\s?)+!", "a" * 64)


def hear_no_signal() -> NoReturn:
    """Compute as inside of a library that looks at no signal."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGPROF])
    turn_for_ever()


def fill_the_memory() -> int:
    kept = [bytearray(2**20) for _ in range(100_000)]
    return len(kept)


kept: list[bytearray] = []


def keep(mebibytes: int) -> None:
    """Leave something behind, as what Python has not tidied up yet."""
    kept.append(bytearray(mebibytes * 2**20))


def need(mebibytes: int) -> int:
    return len(bytearray(mebibytes * 2**20)) // 2**20


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def fail(path: str) -> NoReturn:
    raise IssueError("it is broken", path=path, line=3)


def divide() -> float:
    return 1 / int("0")


class OddError(Exception):
    """An error that does not travel."""

    def __init__(self, one: object, *, two: object) -> None:
        super().__init__("odd")
        self.held = (one, two, lambda: None)


def fail_oddly() -> NoReturn:
    raise OddError(1, two=2)


def much() -> bytes:
    return bytes(40 * 2**20)


def environment() -> dict[str, str]:
    return dict(os.environ)


def modules_of(folder: str) -> list[str]:
    """Return which modules came from a folder."""
    inside = Path(folder).resolve()
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    return [file for file in files if file and Path(file).resolve().is_relative_to(inside)]
