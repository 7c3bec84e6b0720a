"""What the archive costs: filling it, its size, and what members ask of it, over 1,000 issues made of words with a natural spread."""

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path

from heartbeat_bot.archive.archive import Archive, open_archive
from heartbeat_bot.archive.entry import CatalogEntry, Part
from heartbeat_bot.extract.items import Event, Job

ISSUES = 1_000
PARTS = 12
WORDS_PER_PART = 220
EVENTS = 10
VOCABULARY = 30_000
FIRST_DAY = date(2006, 1, 6)


def words(random_: random.Random) -> Callable[[int], str]:
    """Return a maker of texts whose words are as common as in a language (Zipf)."""
    letters = "etaoinshrdlucmfwypvbgkjqxz"
    vocabulary = ["".join(random_.choices(letters, range(26, 0, -1), k=random_.randint(2, 10))) for _ in range(VOCABULARY)]
    vocabulary[20], vocabulary[2_000], vocabulary[20_000] = "common", "parser", "needle"
    weights = [1 / (rank + 2) for rank in range(VOCABULARY)]

    def text(count: int) -> str:
        chosen = random_.choices(vocabulary, weights, k=count)
        return " ".join(word + "." if n % 12 == 11 else word for n, word in enumerate(chosen)).capitalize()

    return text


def issue(number: int, text: Callable[[int], str], random_: random.Random) -> CatalogEntry:
    day = FIRST_DAY + timedelta(weeks=number)
    parts = [
        Part(
            key="cover" if n == 0 else f"part-{n}",
            title="" if n == 0 else text(3),
            body={"content": "", "embeds": [{"title": text(4), "description": said}], "allowed_mentions": {"parse": []}},
            text=said,
        )
        for n, said in ((n, text(WORDS_PER_PART)) for n in range(PARTS))
    ]
    events = [
        Event(
            title=text(4),
            start=day + timedelta(days=random_.randint(1, 60)),
            end=None,
            timezone=None,
            location=text(1),
            online=False,
            url=f"https://www.meetup.com/group/events/{number * 8 + n}/",
            section="Events",
            line=n,
        )
        for n in range(EVENTS)
    ]
    job = Job(title=text(3), company=text(1), location=None, url="https://example.org/jobs", section="Jobs", line=1)
    return CatalogEntry(
        newsletter="bench",
        path=f"{day}.md",
        blob=f"{number:040}",
        rendering="r",
        slug=str(day),
        title=f"The weekly letter {number}: {text(3)}",
        date=day,
        url=f"https://example.org/{day}/",
        parts=tuple(parts),
        events=tuple(events),
        jobs=(job,),
    )


async def median(times: int, ask: Callable[[], Awaitable[object]]) -> float:
    """Return the median time of a question, in milliseconds."""
    taken: list[float] = []
    for _ in range(times):
        start = time.perf_counter()
        await ask()
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


async def ask(archive: Archive, total: int) -> None:
    print("| question | found | median, ms |\n|---|--:|--:|", flush=True)
    for what, query in (
        ("a rare word", "needle"),
        ("a word", "parser"),
        ("a word of every issue", "common"),
        ("two words", "parser common"),
        ("a phrase", '"common common"'),
        ("the beginning of a word", "needl"),
        ("every title", "weekly letter"),
    ):
        found = await archive.search(query)
        print(
            f"| search: {what} | {found.total:,} | {await median(15, lambda query=query: archive.search(query)):.1f} |", flush=True
        )
    for what, typed in (("nothing", ""), ("a month", "2020-05"), ("words that no title has", "weekly zzz")):

        async def complete(typed: str = typed) -> object:
            return archive.complete(typed)

        print(f"| complete: {what} | {len(archive.complete(typed))} | {await median(15, complete):.2f} |", flush=True)
    path = archive.issues()[total // 2].path
    print(f"| an issue whole | 1 | {await median(15, lambda: archive.entry('bench', path)):.1f} |", flush=True)
    print(f"| jobs | 1 | {await median(15, archive.jobs):.1f} |", flush=True)
    start = time.perf_counter()
    told = await archive.events()
    first = (time.perf_counter() - start) * 1000
    print(f"| events, first question after a change | {len(told):,} | {first:.0f} |", flush=True)
    print(f"| events | {len(told):,} | {await median(15, archive.events):.2f} |", flush=True)


async def main() -> None:
    random_ = random.Random(1)
    text = words(random_)
    issues = [issue(number, text, random_) for number in range(ISSUES)]
    with tempfile.TemporaryDirectory(prefix="heartbeat-bench-") as folder:
        file = Path(folder) / "archive.db"
        async with open_archive(file) as archive:
            start = time.perf_counter()
            for number, one in enumerate(issues):
                await archive.put(one, issue=number, visible=True)
            took = time.perf_counter() - start
            start = time.perf_counter()
            await archive.put(issues[ISSUES // 2], issue=ISSUES // 2, visible=True)
            again = time.perf_counter() - start
        size = file.stat().st_size
        said = sum(len(part.text) for one in issues for part in one.parts)
        print(
            f"{ISSUES:,} issues of {PARTS} posts ({said / 2**20:.0f} MiB of text): filled in {took:.1f} s "
            f"({took / ISSUES * 1000:.1f} ms an issue; one put again: {again * 1000:.0f} ms); file {size / 2**20:.0f} MiB",
            flush=True,
        )
        start = time.perf_counter()
        async with open_archive(file) as archive:
            print(f"opened, checked and read in {(time.perf_counter() - start) * 1000:.0f} ms\n", flush=True)
            await ask(archive, ISSUES)


if __name__ == "__main__":
    asyncio.run(main())
