"""Seeded mixtures of everything that befalls a newsletter, with the same laws for all."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from histories import DAY, HOUR, MINUTE, START, body, issue, reworded
from replaying import HOLD, Commit, Replay, Repository, replay

from heartbeat_bot.policy.decisions import State
from heartbeat_bot.sync.report import PassReport


@dataclass
class Edition:
    """What the author means by a file: one edition, whatever its name and text are now."""

    seed: str
    path: str
    text: str
    day: datetime
    listed: bool = True
    there: bool = True
    baseline: bool = False


@dataclass
class Author:
    """Writes, renames, mends, reverts; each act is one commit's changes, none when there is nothing to act on."""

    chance: random.Random
    now: datetime = START
    editions: list[Edition] = field(default_factory=list)
    style: str = "yaml"
    common: str = ""

    def some(self, wanted: Callable[[Edition], bool] = lambda edition: edition.there) -> Edition | None:
        found = [edition for edition in self.editions if wanted(edition)]
        return self.chance.choice(found) if found else None

    def write(self) -> dict[str, str | None]:
        number = len(self.editions)
        form = self.chance.choice(["posts/{day:%Y-%m-%d}-{number}-news.md", "{day:%Y}/{number:03}/index.md", "posts/{number}.md"])
        draft = self.chance.random() < 0.3
        title = "Weekly news" if self.style == "toml" else f"News, number {number}"
        text = issue(f"{number}", self.now, title=title, style=self.style, draft=draft) + self.common
        edition = Edition(f"{number}", form.format(day=self.now, number=number), text, self.now, listed=not draft)
        self.editions.append(edition)
        return {edition.path: text}

    def publish(self) -> dict[str, str | None]:
        edition = self.some(lambda edition: edition.there and not edition.listed)
        if edition is None:
            return {}
        edition.listed = True
        edition.text = re.sub(r"(?im)^(draft(?::| =)) true$", r"\1 false", edition.text)
        return {edition.path: edition.text}

    def edit(self) -> dict[str, str | None]:
        edition = self.some()
        if edition is None:
            return {}
        edition.text = reworded(edition.text, self.chance.choice([0.05, 0.2, 0.5]), f"{self.now}")
        return {edition.path: edition.text}

    def rename(self) -> dict[str, str | None]:
        edition = self.some()
        if edition is None:
            return {}
        old, edition.path = edition.path, f"moved/{len(edition.path)}-{self.chance.randrange(10**6)}.md"
        if self.chance.random() < 0.5:
            edition.text = reworded(edition.text, 0.1, f"{self.now}")
        return {old: None, edition.path: edition.text}

    def move_all(self) -> dict[str, str | None]:
        folder = f"site{self.chance.randrange(10**6)}"
        changes: dict[str, str | None] = {}
        for edition in self.editions:
            if edition.there:
                changes[edition.path] = None
                edition.path = f"{folder}/{edition.path.split('/', 1)[1]}"
        return changes | {edition.path: edition.text for edition in self.editions if edition.there}

    def remove(self) -> dict[str, str | None]:
        edition = self.some()
        if edition is None:
            return {}
        edition.there = False
        return {edition.path: None}

    def restore(self) -> dict[str, str | None]:
        edition = self.some(lambda edition: not edition.there)
        if edition is None:
            return {}
        edition.there = True
        return {edition.path: edition.text}

    def append_footer(self) -> dict[str, str | None]:
        footer = f"\nA line that every issue has since {self.now:%Y-%m-%d %H:%M}.\n"
        for edition in self.editions:
            if edition.there:
                edition.text += footer
        return {edition.path: edition.text for edition in self.editions if edition.there}

    def reformat(self) -> dict[str, str | None]:
        """Change what no reader sees, everywhere."""
        for edition in self.editions:
            edition.text = edition.text.replace("\ntitle: ", f"\nlayout{self.chance.randrange(100)}: post\ntitle: ")
        return {edition.path: edition.text for edition in self.editions if edition.there}


ACTS = [
    *[Author.write] * 6,
    *[Author.publish] * 3,
    *[Author.edit] * 4,
    *[Author.rename] * 2,
    Author.move_all,
    Author.remove,
    *[Author.restore] * 2,
    Author.append_footer,
    Author.reformat,
]


@dataclass
class Witness:
    """Watches with the watcher: who each edition was taken for, and what was announced."""

    author: Author
    watcher: Replay
    last: Commit
    announced: set[int] = field(default_factory=set)
    who: dict[str, set[int]] = field(default_factory=dict)

    async def look(self, after: timedelta = timedelta()) -> PassReport:
        self.author.now += after
        report = await self.watcher.sync(self.last, self.author.now)
        assert not report.failed, report.problems
        now = set(await self.watcher.announced())
        assert self.announced <= now, "what was announced stays so"
        assert len(now - self.announced) <= 3, "no flood"
        self.announced = now
        records = await self.watcher.records()
        for edition in self.author.editions:
            if edition.there:
                self.who.setdefault(edition.seed, set()).add(records[edition.path].id)
        return report

    async def testify_of_boilerplate(self) -> None:
        """Say that no edition was announced twice, none of the baseline at all, and no two as one: some may wait for a moderator."""
        announced = {seed: ids & self.announced for seed, ids in self.who.items()}
        assert {seed: ids for seed, ids in announced.items() if len(ids) > 1} == {}
        assert sum(map(len, announced.values())) == len(set().union(*announced.values()))
        assert [edition.seed for edition in self.author.editions if edition.baseline and announced[edition.seed]] == []
        records = await self.watcher.records()
        there = [edition for edition in self.author.editions if edition.there and edition.listed and not edition.baseline]
        states = {edition.seed: records[edition.path].state for edition in there if not announced[edition.seed]}
        assert set(states.values()) <= {State.TOO_OLD, State.WAITING, State.UNSURE}, states

    async def testify(self) -> None:
        """Say that each edition is one issue from first to last, that no two are one, and that each became what it should."""
        assert {seed: len(ids) for seed, ids in self.who.items() if len(ids) != 1} == {}
        assert len({next(iter(ids)) for ids in self.who.values()}) == len(self.who)
        records = await self.watcher.store.records("weekly")
        for edition in self.author.editions:
            if edition.seed not in self.who:
                continue
            record = records[next(iter(self.who[edition.seed]))]
            if edition.baseline:
                assert record.announced_at is None, edition
            elif edition.there and edition.listed:
                assert record.announced_at or record.state in {State.TOO_OLD, State.WAITING}, (edition, record.reason)
        posts = [receipt for record in await self.watcher.store.issues("weekly") for receipt in record.messages]
        assert len(self.watcher.board.messages) == len(posts)


async def witnessed(seed: int, state: Path, *, common: str = "") -> None:
    """Play some weeks of a newsletter to a watcher that may look rarely, until nothing is left to do."""
    chance = random.Random(seed)
    author, repo = Author(chance, style=chance.choice(["yaml", "toml", "pelican"]), common=common), Repository()
    for _ in range(5):
        author.write()
    for edition in author.editions:
        edition.baseline = edition.listed
    async with replay(state, repo.contents) as watcher:
        witness = Witness(author, watcher, repo.commit(START, {edition.path: edition.text for edition in author.editions}))
        await witness.look()
        for _ in range(30):
            author.now += chance.choice([MINUTE, 9 * MINUTE, HOUR, DAY, 3 * DAY])
            witness.last = repo.commit(author.now, chance.choice(ACTS)(author))
            await witness.look()
            if chance.random() < 0.7:
                await witness.look(HOLD)
        await witness.look(HOLD)
        assert (await witness.look(HOUR)).requests == 0
        assert watcher.stage.reads == []
        await (witness.testify_of_boilerplate() if common else witness.testify())


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_befalls_a_newsletter_each_edition_is_announced_once(seed: int, tmp_path: Path) -> None:
    await witnessed(seed, tmp_path)


@pytest.mark.parametrize("seed", range(20, 26))
async def test_when_most_of_each_text_is_boilerplate_no_edition_is_announced_twice_or_as_another(seed: int, tmp_path: Path) -> None:
    await witnessed(seed, tmp_path, common=body("common", 14))
