"""Where output goes may be full, closed, or unable to show a character: no traceback, no lost work, and an exit code that is true."""

import asyncio
import os
import subprocess
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

import pytest
from home import ISSUE, Home

TEXT = ISSUE.replace("First Light", "Grüße 東京 🎉")


def run(here: Path, words: str, redirected: str = "", **environ: str) -> tuple[int, str, str]:
    line = f'"{sys.executable}" -m heartbeat_bot {words} {redirected}'
    environment = os.environ | environ
    done = subprocess.run(["sh", "-c", line], check=False, capture_output=True, cwd=here, env=environment, timeout=60)
    out, err = done.stdout.decode("latin-1"), done.stderr.decode("latin-1")
    assert "Traceback" not in out + err, out + err
    return done.returncode, out, err


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "a.md").write_text(TEXT)
    return tmp_path


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "ascii:strict"])
@pytest.mark.parametrize("words", ["preview a.md", "check a.md", "check nothing-東京.md"])
def test_what_cannot_be_shown_is_escaped(here: Path, words: str, encoding: str) -> None:
    code, out, err = run(here, words, PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert code == (2 if "nothing" in words else 0), err
    assert out + err


@pytest.mark.parametrize("words", ["preview a.md", "check --format json a.md", "--version"])
def test_a_full_disk_is_told_in_a_sentence(here: Path, words: str) -> None:
    code, _, err = run(here, words, ">/dev/full")
    assert code == 1
    assert "No space left on device" in err


@pytest.mark.parametrize("redirected", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", "2>/dev/full"])
@pytest.mark.parametrize(("words", "code"), [("preview a.md", 0), ("check nothing.md", 2), ("doctor", 1)])
def test_the_exit_code_is_true_wherever_output_goes(here: Path, words: str, code: int, redirected: str) -> None:
    assert run(here, words, redirected)[0] == code


@pytest.mark.parametrize("where", ["full", "closed"])
async def test_a_bot_that_cannot_log_posts_answers_and_ends_all_the_same(home: Home, where: str) -> None:
    home.config.write_text(home.config.read_text().replace("hold: 10m", "hold: 0s, max_age: null"))
    await home.run("sync")
    home.write("new", TEXT)
    words = "-v run" if where == "full" else "run"
    redirected = "2>/dev/full" if where == "full" else "<&- >&- 2>&-"
    process = await asyncio.create_subprocess_exec(
        "sh",
        "-c",
        f'exec "{sys.executable}" -m heartbeat_bot {words} {redirected}',
        stdin=DEVNULL,
        stdout=PIPE,
        env=home.environment,
    )
    try:
        async with asyncio.timeout(40):
            while "hiring" not in "".join(home.texts()) or not home.sessions():
                assert process.returncode is None
                await asyncio.sleep(0.05)
            process.terminate()
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert len(home.texts()) == 4
