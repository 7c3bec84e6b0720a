"""A signal ends the process, whatever it does."""

import asyncio
import re
import signal
import sys
from collections.abc import Mapping

import pytest
from home import Home

_STUCK = {
    "in a thread that asyncio waits for": "await asyncio.to_thread(time.sleep, 60)",
    "in a thread that computes": "await asyncio.to_thread(turn)",
    "in the loop": "turn()",
    "in a regular expression": "re.fullmatch(r'(a+)+!', 'a' * 60)",
    "in a database": "await asyncio.to_thread(lambda: sqlite3.connect(':memory:').execute(ENDLESS).fetchone())",
}
_SCRIPT = r"""
import asyncio, re, sqlite3, time
from heartbeat_bot.app.operation import end_on_signals

ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"

def turn():
    while True:
        pass

async def main():
    end_on_signals(asyncio.current_task(), told_after=0.5, ended_after=1.5)
    print("ready", flush=True)
    {stuck}

asyncio.run(main())
"""


async def ended(script: str, env: Mapping[str, str] | None = None) -> tuple[str, str]:
    """Run a script until it says that it is ready, and ask it to end; it is ended by force. Return what it said, on stdout and stderr."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdout=pipe, stderr=pipe, env=env)
    try:
        async with asyncio.timeout(60):
            assert process.stdout
            assert await process.stdout.readline() == b"ready\n"
            await asyncio.sleep(0.1)
            process.send_signal(signal.SIGTERM)
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 1
    return out.decode(), err.decode()


@pytest.mark.parametrize("where", _STUCK)
async def test_a_process_that_is_stuck_is_ended_by_force(where: str) -> None:
    _, err = await ended(_SCRIPT.replace("{stuck}", _STUCK[where]))
    assert "most recent call first" in err


_RUN = r"""
import asyncio, faulthandler, time
import heartbeat_bot.app.operation as operation
from heartbeat_bot.cli import main

later = faulthandler.dump_traceback_later

def sooner(seconds, *, exit):
    print("ended after", seconds, flush=True)
    later(seconds / 10, exit=exit)

async def connect(*_, **__):
    print("ready", flush=True)
    {stuck}

faulthandler.dump_traceback_later = sooner
operation.connect = connect
main(["run"])
"""


@pytest.mark.parametrize("stuck", ["while True: pass", "await asyncio.to_thread(time.sleep, 60)"])
async def test_run_ends_within_ten_seconds_whatever_it_does(home: Home, stuck: str) -> None:
    """The command itself, in which ten seconds pass in one."""
    out, _ = await ended(_RUN.replace("{stuck}", stuck), home.environment)
    (seconds,) = re.findall(r"ended after ([\d.]+)", out)
    assert float(seconds) < 10
