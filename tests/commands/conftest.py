from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from town import APRIL, JULY, Town

from discord_sandbox.clock import ManualClock
from discord_sandbox.server import Sandbox


@pytest.fixture
def town(tmp_path: Path, sandbox: Sandbox, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Town:
    """A town whose bot is not running yet."""
    monkeypatch.setenv("HB_TOKEN", sandbox.token)
    town = Town(tmp_path, sandbox, clock)
    town.write("april", APRIL)
    town.write("july", JULY)
    return town


@pytest.fixture
async def mill(town: Town) -> AsyncIterator[Town]:
    """A town whose bot runs, with two issues that were there before it came."""
    async with town.running():
        yield town
