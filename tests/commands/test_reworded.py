"""An update that says the same in other words edits no notice, and neither does one that keeps what it says in another way."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Final

import pytest
from test_moderating import JUNE, by_mo, posted
from test_notices import notices, press, text
from town import JULY, Town

from discord_sandbox.faults import Malformed
from heartbeat_bot.languages import ENGLISH, language, own_texts
from heartbeat_bot.policy.decisions import Code, State

SENTENCES: Final = {
    Code.BEFORE_FIRST_RUN: "it had been published before the first run",
    Code.EVERY_ISSUE: "every issue of this newsletter waits for a moderator's approval",
    Code.UNSURE: "it says the same as july.md: a moderator must say whether it is news",
    Code.SCHEDULED: "a moderator scheduled it: it is held until 2026-08-01 14:00 UTC",
    Code.TOO_MANY: "4 new issues came at once, more than 3: a moderator must approve them",
    Code.WERE_TOO_MANY: "too many new issues came at once: a moderator must approve it",
}
"""What version 7 of the schema kept of the reasons of these issues."""


def lead_back(town: Town) -> None:
    """Make of the database what the version before wrote: sentences for reasons and doubts, and nothing of what notices say."""
    with closing(sqlite3.connect(town.state)) as database, database:
        database.execute("ALTER TABLE deliveries DROP COLUMN says")
        database.execute("ALTER TABLE issues ADD COLUMN doubt_issue INTEGER")
        database.execute(
            "UPDATE issues SET doubt_issue = json_extract(doubt, '$.issue'), doubt = 'it says the same as july.md' WHERE doubt <> ''"
        )
        for code, sentence in SENTENCES.items():
            database.execute(
                "UPDATE deliveries SET reason = ? WHERE json_valid(reason) AND json_extract(reason, '$.code') = ?",
                (sentence, code.value),
            )
        assert database.execute("SELECT count(*) FROM deliveries WHERE json_valid(reason)").fetchone() == (0,)
        database.execute("UPDATE schema_version SET version = 7")


def asked(town: Town) -> list[str]:
    """Return the requests that change something in a channel."""
    return [
        f"{exchange.method} {exchange.path}"
        for exchange in town.sandbox.log
        if exchange.method != "GET" and exchange.path.startswith("/channels/")
    ]


@contextmanager
def reworded(*keys: str) -> Iterator[None]:
    """Let the English file have other words for some keys, as a later version's may."""
    texts = own_texts(ENGLISH)
    assert isinstance(texts, dict)
    before: dict[str, str] = {key: texts[key] for key in keys}
    texts.update({key: f"in other words, {text}" for key, text in before.items()})
    language.cache_clear()
    try:
        yield
    finally:
        texts.update(before)
        language.cache_clear()


async def three_that_wait(town: Town) -> None:
    """Let an issue wait, one be unsure, and one be scheduled; each has a notice of its own."""
    town.write("june", JUNE)
    town.write("again", JULY)
    town.write("may", JUNE.replace("June", "May").replace("2026-06", "2026-05"))
    await town.sync()
    await by_mo(town, "schedule", issue="may", time="in 2 hours")
    await town.sync()
    records = await town.opened.store.records("mill")
    waiting = {record.slug: (record.state, record.reason.code) for record in records.values() if record.state is not State.BASELINE}
    assert waiting == {
        "june": (State.WAITING, Code.EVERY_ISSUE),
        "again": (State.UNSURE, Code.UNSURE),
        "may": (State.HELD, Code.SCHEDULED),
    }
    assert len(notices(town)) == 3


@pytest.fixture
def town(town: Town) -> Town:
    town.moderation = town.moderation[:-1] + ", approval: true}"
    return town


async def test_a_database_of_the_version_before_edits_no_notice_and_reads_the_same(town: Town) -> None:
    async with town.running():
        await three_that_wait(town)
        before = town.shown(await by_mo(town, "status"))
        values = [(record.reason, record.doubt) for record in (await town.opened.store.records("mill")).values()]
    lead_back(town)
    read = [text(notice) for notice in notices(town)]
    done = asked(town)
    async with town.running(read=False):
        assert [(record.reason, record.doubt) for record in (await town.opened.store.records("mill")).values()] == values
        assert town.shown(await by_mo(town, "status")) == before
        await town.sync()
        assert (asked(town), [text(notice) for notice in notices(town)]) == (done, read)
        assert not [line for line in await town.sync() if "nothing to do" not in line]
        await press(town, next(notice for notice in notices(town) if "June" in text(notice)), "Approve")
        assert len(posted(town)) == 4


async def test_a_notice_of_many_of_the_version_before_stays_as_it_is(town: Town) -> None:
    town.moderation = town.moderation.replace(", approval: true", "")
    async with town.running():
        for number in range(4):
            town.write(f"june-{number}", JUNE.replace("June", f"June {number}").replace("2026-06-06", f"2026-06-{number + 1:02}"))
        await town.sync()
        await town.sync()
    lead_back(town)
    done = asked(town)
    async with town.running():
        (notice,) = notices(town)
        assert asked(town) == done
        await press(town, notice, "Approve all")
        assert len(posted(town)) == 16


async def test_other_words_for_the_same_edit_no_notice_that_is_open(town: Town) -> None:
    async with town.running():
        await three_that_wait(town)
    done, read = asked(town), [text(notice) for notice in notices(town)]
    keys = (
        "reasons.every_issue",
        "reasons.unsure",
        "doubts.copy",
        "reasons.scheduled",
        "states.waiting",
        "notices.open",
        "notices.skip",
    )
    with reworded(*keys):
        async with town.running():
            await town.sync()
            assert "in other words" in town.shown(await by_mo(town, "status"))
            assert (asked(town), [text(notice) for notice in notices(town)]) == (done, read)
            # What changes is said in today's words; the button that is there goes on working.
            town.write("june", JUNE.replace("June's Heat", "June's Sun"))
            await town.sync()
            june = next(notice for notice in notices(town) if "June" in text(notice))
            assert "in other words" in text(june)
            await press(town, june, "in other words, Skip")
            assert "skipped" in text(next(notice for notice in notices(town) if "June" in text(notice)))
            may = next(notice for notice in notices(town) if "May" in text(notice))
            assert text(may) in read
            await press(town, may, "Approve")
            assert len(posted(town)) == 4


async def test_other_words_for_the_same_edit_no_notice_of_many(town: Town) -> None:
    async with town.running():
        for number in range(5):
            town.write(f"june-{number}", JUNE.replace("June", f"June {number}").replace("2026-06-06", f"2026-06-{number + 1:02}"))
        await town.sync()
        await town.sync()
    done = asked(town)
    with reworded("reasons.every_issue", "notices.many.other", "notices.approve_all"):
        async with town.running():
            (notice,) = notices(town)
            assert asked(town) == done
            await press(town, notice, "Approve all")
            assert len(posted(town)) == 20


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_notice_whose_edit_nobody_knows_the_end_of_reads_as_it_should_when_its_issue_is_as_before(
    town: Town, *, restarted: bool
) -> None:
    async with town.running():
        town.write("june", JUNE)
        await town.sync()
        town.sandbox.faults.add("PATCH", f"/channels/{town.office.id}/messages/*", Malformed())
        town.write("june", JUNE.replace("June's Heat", "June's Sun"))
        await town.sync()
        (notice,) = notices(town)
        assert "June's Sun" in text(notice)
        town.write("june", JUNE)
        if not restarted:
            await town.sync()
            assert "June's Heat" in text(notices(town)[0])
    async with town.running():
        assert "June's Heat" in text(notices(town)[0])
