import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from home import Home

from discord_sandbox.server import Sandbox


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """Undo what a command sets up: handlers on a stderr that is closed when the test is over."""
    root, own = logging.getLogger(), logging.getLogger("heartbeat_bot")
    handlers, level, own_level = root.handlers[:], root.level, own.level
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)
    own.setLevel(own_level)


@pytest.fixture
def home(tmp_path: Path, sandbox: Sandbox) -> Home:
    return Home(tmp_path, sandbox)
