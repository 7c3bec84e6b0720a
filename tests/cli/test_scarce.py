"""A machine that has few files, little memory or no processes for the bot: a sentence that says so, nothing lost, nothing doubled."""

import asyncio
import errno
import resource
import sys
from functools import partial
from pathlib import Path

import pytest
from home import ISSUE, Home

from heartbeat_bot.errors import MachineError, SourceError
from heartbeat_bot.machine import lack, machine_errors

NEW = ISSUE.replace("First Light", "Spring").replace("lamp", "kettle")
MEBIBYTE = 2**20


async def limited(home: Home, what: int, most: int) -> tuple[int | None, str]:
    """Make a pass under a limit; return how the command ended, and all that it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "heartbeat_bot", "sync", "--as-of", "2026-03-02T09:00:00Z"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=home.environment,
        preexec_fn=partial(resource.setrlimit, what, (most, most)),
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count files and memory in other ways")
async def test_what_the_machine_refuses_is_a_sentence_and_loses_nothing(home: Home) -> None:
    await home.sync()
    home.write("new", NEW)
    for most in (8, 10, 14):
        code, said = await limited(home, resource.RLIMIT_NOFILE, most)
        assert code in {1, 2}, (most, said)
        assert "open no more files" in said, (most, said)
        assert "Traceback" not in said, (most, said)
        assert "fault of" not in said, (most, said)
    code, said = await limited(home, resource.RLIMIT_DATA, 70 * MEBIBYTE)
    assert code in {1, 2}, said  # in so little memory Python itself cannot always say why
    assert home.texts() == []
    assert len(await home.sync()) > 0
    assert "".join(home.texts()).count("The kettle is") == 1


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "open no more files"),
        (OSError(errno.ENOSPC, "No space left on device", "/var/x"), "full: make room (/var/x)"),
        (OSError(errno.EIO, "Input/output error"), "look at the machine's log"),
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), "mostly processes"),
        (MemoryError(), "no more memory"),
        (RuntimeError("can't start new thread"), "no more memory"),
        (ExceptionGroup("", [ValueError("x"), MemoryError()]), "no more memory"),
    ],
)
def test_what_the_machine_lacks_is_said_with_what_to_do(error: Exception, said: str) -> None:
    with pytest.raises(MachineError, match="Nothing is lost") as told, machine_errors():
        raise error
    assert said in str(told.value)


def test_other_errors_stay_what_they_are() -> None:
    source = SourceError("the folder is not there")
    source.__cause__ = OSError(errno.EIO, "Input/output error")
    for error in (FileNotFoundError(errno.ENOENT, "No such file", str(Path("x"))), RuntimeError("no"), ValueError(), source):
        with pytest.raises(type(error)), machine_errors():
            raise error
    assert lack(RuntimeError("no")) is None
