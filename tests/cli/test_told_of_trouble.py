"""Whatever is wrong, neither `status` nor `doctor` is content: the table of docs/weather.md, row by row."""

import os
import re
import shutil
import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from pathlib import Path

import pytest
from home import ISSUE, Home

from discord_sandbox.faults import Respond, TooMany
from discord_sandbox.permissions import Permission

WEATHER = Path(__file__).parents[2] / "docs" / "weather.md"
LATER = "2026-03-02T09:30:00Z"


@asynccontextmanager
async def a_lost_permission(home: Home) -> AsyncGenerator[int]:
    home.sandbox.overwrite(home.channel, home.sandbox.own_role(home.guild), deny=int(Permission.READ_MESSAGE_HISTORY))
    yield 1


@asynccontextmanager
async def a_deleted_channel(home: Home) -> AsyncGenerator[int]:
    del home.guild.channels[home.channel.id]
    yield 1


@asynccontextmanager
async def a_removed_bot(home: Home) -> AsyncGenerator[int]:
    del home.sandbox.world.guilds[home.guild.id]
    yield 1


@asynccontextmanager
async def a_source_that_is_away(home: Home) -> AsyncGenerator[int]:
    shutil.move(home.repo, home.repo.with_name("away"))
    yield 1


@asynccontextmanager
async def a_token_that_is_refused(home: Home) -> AsyncGenerator[int]:
    home.sandbox.faults.add("*", "/**", Respond(status=401), times=None)
    yield 2


@asynccontextmanager
async def a_discord_out_of_reach(home: Home) -> AsyncGenerator[int]:
    home.config.write_text(home.config.read_text().replace(home.sandbox.url, "http://127.0.0.1:9/api/v10"))
    yield 2


@asynccontextmanager
async def a_ban_for_an_hour(home: Home) -> AsyncGenerator[int]:
    home.sandbox.faults.add("*", "/**", TooMany(retry_after=3600, scope="global"), times=None)
    yield 2


@asynccontextmanager
async def a_damaged_database(home: Home) -> AsyncGenerator[int]:
    pages = bytearray(home.state.read_bytes())
    pages[4096:-4096] = os.urandom(len(pages) - 8192)
    home.state.write_bytes(bytes(pages))
    yield 2


@asynccontextmanager
async def a_lost_database(home: Home) -> AsyncGenerator[int]:
    await home.sync(at="2026-03-02T09:15:00Z")
    home.state.unlink()
    home.write("newest", ISSUE.replace("First", "Third"))
    yield 1


@asynccontextmanager
async def a_bot_that_does_not_run(home: Home) -> AsyncGenerator[int]:
    with closing(sqlite3.connect(home.state)) as state:
        state.execute("UPDATE newsletters SET last_pass_at = '2026-03-02 08:00:00.000000'")
        state.commit()
    yield -1


CASES: dict[str, Callable[[Home], AbstractAsyncContextManager[int]]] = {
    "a lost permission": a_lost_permission,
    "a deleted channel": a_deleted_channel,
    "a bot that was removed": a_removed_bot,
    "a source that is away": a_source_that_is_away,
    "a token that is refused": a_token_that_is_refused,
    "a Discord out of reach": a_discord_out_of_reach,
    "a ban for an hour": a_ban_for_an_hour,
    "a damaged database": a_damaged_database,
    "a lost database": a_lost_database,
    "a bot that does not run": a_bot_that_does_not_run,
}


def promised() -> dict[str, list[str]]:
    """Return what the table says, by trouble: the words of `status` and of `doctor`."""
    text = WEATHER.read_text()
    table = text[text.index("| trouble |") :].split("\n\n", maxsplit=1)[0].splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    return {row[0]: row[1:3] for row in rows}


def test_the_table_has_a_row_for_each_trouble() -> None:
    assert list(promised()) == list(CASES)


@pytest.mark.parametrize("trouble", CASES)
async def test_neither_status_nor_doctor_is_content_with_a_trouble(home: Home, trouble: str) -> None:
    await home.sync()
    home.write("new", ISSUE)
    async with CASES[trouble](home) as code:
        if code >= 0:
            await home.run("sync", "--as-of", LATER, code=code)
        status, doctor = promised()[trouble]
        damaged = trouble == "a damaged database"
        assert_says(await home.run("status", code=2 if damaged else 0, err=damaged), status)
        assert_says(await home.run("doctor", code=0 if doctor == "—" else 1), doctor)


def assert_says(said: str, promised: str) -> None:
    for words in re.findall(r"`([^`]*)`", promised):
        assert words in said, said
