"""Hundreds of people, or one, who ask the running bot at once, while it posts."""

import asyncio
import sys
from pathlib import Path

import pytest
from home import ISSUE, Home
from test_running import Running, running

from discord_sandbox.faults import Hold
from discord_sandbox.interactions import Interaction
from discord_sandbox.permissions import Permission

BURST = 500
MOST_GROWN = 48
"""MiB by which answering so many at once may swell the process."""


def resident(bot: Running) -> int:
    """Return the memory of the bot's process, in MiB."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{bot.process.pid}/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) // 1024


def first_answers(home: Home) -> list[float]:
    """Return after how many seconds each of the questions of the burst was answered first."""
    kept = list(home.sandbox.interactions.kept.values())[-BURST:]
    return [interaction.first_answer_after for interaction in kept if interaction.first_answer_after is not None]


@pytest.mark.skipif(sys.platform != "linux", reason="the memory of a process is measured with Linux's /proc")
@pytest.mark.parametrize("people", [BURST, 1])
async def test_five_hundred_questions_at_once_are_all_answered_while_an_issue_is_posted(home: Home, people: int) -> None:
    role = home.sandbox.create_role(home.guild, "moderators", permissions=int(Permission.MANAGE_GUILD | Permission.MANAGE_MESSAGES))
    mo = home.sandbox.create_user(home.guild, "mo", roles=[role])
    office = home.sandbox.create_channel(home.guild, "office")
    text = home.config.read_text().replace("hold: 10m", "hold: 0s, max_age: null")
    home.config.write_text(f"{text}moderation: {{channel: {office.id}}}\n")
    crowd = [home.sandbox.create_user(home.guild, f"reader-{number}") for number in range(people)]
    posting = Hold()
    home.sandbox.faults.add("POST", f"/channels/{home.channel.id}/messages", posting)
    async with running(home) as bot:
        await bot.is_ready()
        await bot.answers()
        home.write("new", ISSUE)
        asked: list[asyncio.Task[Interaction]] = []
        async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
            tasks.create_task(home.sandbox.invoke("sync", user=mo, channel=home.channel, timeout=50))
            await posting.reached.wait()
            before = resident(bot)
            for number in range(BURST):
                command, options = [("latest", {}), ("events", {"when": "all"}), ("search", {"query": "lamp"})][number % 3]
                call = home.sandbox.invoke(command, options, user=crowd[number % people], channel=home.channel, timeout=50)
                asked.append(tasks.create_task(call))
            await bot.until(lambda: len(first_answers(home)) == BURST)
            posting.released.set()
        answers = [task.result() for task in asked]
        slowed = [answer for answer in answers if "faster than I can answer" in home.answer(answer)]
        assert len(slowed) in (range(1) if people == BURST else range(BURST - 100, BURST))
        assert "hiring" in home.texts()[-1]
        assert resident(bot) - before < MOST_GROWN
        assert await bot.stop() == "INFO First Light: 4 sent, 1 edited, 4 published\n"
