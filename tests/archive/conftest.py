from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from heartbeat_bot.archive.archive import Archive, open_archive


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the archive is."""
    return tmp_path / "heartbeat-archive.db"


@pytest.fixture
async def archive(file: Path) -> AsyncIterator[Archive]:
    """An empty archive."""
    async with open_archive(file) as opened:
        yield opened
