"""How long people wait: 50 at once ask a bot whose archive holds 1,000 issues, over the sandbox's gateway.

The times are those of the first answer (a deferral counts, as it does for Discord's three seconds) and of the whole answer, from the
interaction's dispatch on. Bot and local Discord share one process and its event loop, so that Discord's own work is in them.
"""

import argparse
import asyncio
import logging
import os
import random
import statistics
import sys
import tempfile
import time
import warnings
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

warnings.simplefilter("ignore", DeprecationWarning)
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "commands"))

from town import Town  # noqa: E402 - the path comes first

from discord_sandbox.clock import system_clock  # noqa: E402
from discord_sandbox.ratelimits import RateLimits  # noqa: E402
from discord_sandbox.server import Sandbox  # noqa: E402
from discord_sandbox.world import User  # noqa: E402

PLACES = ["Lisbon", "Porto", "Lagos", "Pune", "Oslo", "Lima", "Online"]
WORDS = [
    "river",
    "mill",
    "sail",
    "cloud",
    "harvest",
    "lantern",
    "garden",
    "kite",
    "bridge",
    "orchard",
    "compass",
    "harbour",
    "meadow",
    "engine",
    "violin",
]

QUESTIONS = [
    ("latest", {}),
    ("issue", {"issue": "lantern"}),
    ("events", {}),
    ("events", {"when": "all", "query": "porto"}),
    ("hiring", {}),
    ("search", {"query": "harvest garden"}),
    ("search", {"query": '"of the bridge" -violin'}),
    ("help", {}),
]


def issue(number: int, dice: random.Random) -> str:
    day = date(2026, 11, 20) - timedelta(days=number * 7)
    words = lambda count: " ".join(dice.choice(WORDS) for _ in range(count))  # noqa: E731 - three uses below
    events = "\n".join(
        f"- [{words(2).title()}](https://example.org/e/{number}-{n}) - {day + timedelta(days=20 + n):%B %d, %Y} - {dice.choice(PLACES)}"
        for n in range(5)
    )
    jobs = "\n".join(f"- [{words(2).title()} engineer](https://example.org/j/{number}-{n}) at {words(1).title()}" for n in range(3))
    news = "\n\n".join(f"### {words(3).title()}\n\nThe {words(30)} of the {words(1)}, {words(40)}." for _ in range(4))
    title = f"{words(2).title()} {number}"
    return f"---\ntitle: {title}\ndate: {day}\n---\n\n{words(30)}.\n\n## News\n\n{news}\n\n## Events\n\n{events}\n\n## Jobs\n\n{jobs}\n"


async def measure(issues: int, people: int, rounds: int, *, busy: bool) -> None:
    dice = random.Random(4)
    with tempfile.TemporaryDirectory() as folder:
        async with Sandbox(clock=system_clock, limits=RateLimits.generous()) as sandbox:
            os.environ["HB_TOKEN"] = sandbox.token
            town = Town(Path(folder), sandbox, system_clock)
            for number in range(issues):
                town.write(f"{number:05}", issue(number, dice))
            crowd = [sandbox.create_user(town.guild, f"reader{number}") for number in range(people)]
            async with town.running(read=False):
                begun = time.perf_counter()
                async with asyncio.TaskGroup() as tasks:
                    look = tasks.create_task(town.sync())
                    if busy:
                        print("while the first look reads all issues:")
                        await ask(town, crowd, 1000, until=look)
                if busy:
                    return
                filled = time.perf_counter() - begun
                print(f"\n{issues} issues: known and in the archive after {filled:.1f} s ({filled / issues * 1000:.1f} ms each)")
                await ask(town, crowd, rounds)
                await complete(town, crowd, rounds)


async def ask(town: Town, crowd: list[User], rounds: int, until: asyncio.Task[Any] | None = None) -> None:
    first: dict[str, list[float]] = defaultdict(list)
    whole: dict[str, list[float]] = defaultdict(list)
    lost = 0

    async def one(person: User, command: str, options: dict[str, str]) -> None:
        nonlocal lost
        begun = time.perf_counter()
        try:
            answer = await town.call(command, by=person, **options)
        except TimeoutError:
            lost += 1
            return
        name = f"/{command}"
        whole[name].append(time.perf_counter() - begun)
        first[name].append(answer.first_answer_after or 0)

    asked = 0
    for round_ in range(rounds):
        if until is not None and until.done():
            break
        asked += 1
        async with asyncio.TaskGroup() as tasks:
            for number, person in enumerate(crowd):
                command, options = QUESTIONS[(number + round_) % len(QUESTIONS)]
                tasks.create_task(one(person, command, options))
    print(f"\n{len(crowd)} people at once, {asked} rounds; milliseconds")
    print(f"{'command':<12}{'first: median':>15}{'worst':>8}{'whole: median':>16}{'worst':>8}{'n':>6}")
    for name in [*sorted(first), "all"]:
        firsts = first[name] if name != "all" else [value for values in first.values() for value in values]
        wholes = whole[name] if name != "all" else [value for values in whole.values() for value in values]
        print(
            f"{name:<12}{ms(firsts):>15.1f}{max(firsts) * 1000:>8.1f}{ms(wholes):>16.1f}{max(wholes) * 1000:>8.1f}{len(firsts):>6}"
        )
    print(f"without an answer: {lost}")


async def complete(town: Town, crowd: list[User], rounds: int) -> None:
    for together in (1, len(crowd)):
        times: list[float] = []

        async def one(person: User, typed: str, times: list[float] = times) -> None:
            begun = time.perf_counter()
            await town.sandbox.autocomplete("issue", "issue", typed, user=person, channel=town.talk)
            times.append(time.perf_counter() - begun)

        for round_ in range(rounds if together > 1 else rounds * 10):
            async with asyncio.TaskGroup() as tasks:
                for number, person in enumerate(crowd[:together]):
                    tasks.create_task(one(person, ["", "lan", "2019", "nov", "river"][(number + round_) % 5]))
        print(f"autocomplete, {together} at once: median {ms(times):.1f} ms, worst {max(times) * 1000:.1f} ms ({len(times)})")


def ms(values: list[float]) -> float:
    return statistics.median(values) * 1000


if __name__ == "__main__":
    logging.getLogger("discord").setLevel(logging.ERROR)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--issues", type=int, default=1000)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=8)
    given = parser.parse_args()
    for busy in (True, False):  # each with a sandbox of its own, which keeps all that was ever said in it
        asyncio.run(measure(given.issues, given.people, given.rounds, busy=busy))
