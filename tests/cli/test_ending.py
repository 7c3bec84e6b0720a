"""A signal ends the process, whatever it does."""

import asyncio
import signal
import sys

import pytest

_STUCK = {
    "in a thread that asyncio waits for": "await asyncio.to_thread(time.sleep, 60)",
    "in a thread that computes": "await asyncio.to_thread(turn)",
    "in the loop": "turn()",
    "in a regular expression": "re.fullmatch(r'(a+)+!', 'a' * 60)",
    "in a database": "await asyncio.to_thread(lambda: sqlite3.connect(':memory:').execute(ENDLESS).fetchone())",
}
_SCRIPT = r"""
import asyncio, re, sqlite3, time
from heartbeat_bot.operation import end_on_signals

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


@pytest.mark.parametrize("where", _STUCK)
async def test_a_process_that_is_stuck_is_ended_by_force(where: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _SCRIPT.replace("{stuck}", _STUCK[where]),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(60):
            assert process.stdout
            assert await process.stdout.readline() == b"ready\n"
            await asyncio.sleep(0.1)
            process.send_signal(signal.SIGTERM)
            _, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 1
    assert "most recent call first" in err.decode()
