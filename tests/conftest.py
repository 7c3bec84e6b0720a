import warnings
from collections.abc import AsyncIterator

import pytest

from heartbeat_bot.sandbox.clock import ManualClock
from heartbeat_bot.sandbox.ratelimits import RateLimits
from heartbeat_bot.sandbox.server import Sandbox

with warnings.catch_warnings():
    # discord.py imports audioop for voice, which Python 3.11 already calls deprecated; once imported, it warns no more.
    warnings.simplefilter("ignore", DeprecationWarning)
    import discord

assert discord


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands until a test moves it."""
    return ManualClock()


@pytest.fixture
async def sandbox(clock: ManualClock) -> AsyncIterator[Sandbox]:
    """A local Discord on a free port, whose rate limits nobody reaches by accident."""
    async with Sandbox(clock=clock, limits=RateLimits.generous()) as running:
        yield running
