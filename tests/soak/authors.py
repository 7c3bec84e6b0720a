"""Those who write a newsletter, in a real repository: what they do to it is drawn, and what it then holds is known without asking Git."""

import os
import random
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from discord_sandbox.clock import ManualClock

_WORDS = [
    "lamp",
    "harbour",
    "quorum",
    "release",
    "spindle",
    "meadow",
    "compiler",
    "kettle",
    "parser",
    "winter",
    "garden",
    "signal",
    "thread",
    "window",
    "copper",
    "review",
    "bridge",
    "planet",
    "module",
    "orchid",
    "packet",
    "silver",
    "summer",
    "ticket",
    "velvet",
    "walnut",
    "yonder",
    "zephyr",
    "anchor",
    "button",
    "candle",
    "desert",
]
_REMEMBERED = 6
"""How many commits back the authors may go with a force-push."""

Editions = Mapping[int, "Edition"]


@dataclass(frozen=True, kw_only=True)
class Edition:
    """What an author means by a file: one edition, whatever its name and text are now. Sections are a heading and its text."""

    number: int
    path: str
    day: str
    slug: str | None
    sections: tuple[tuple[str, str], ...]
    draft: bool = False

    @property
    def title(self) -> str:
        return f"News, number {self.number}"

    def text(self) -> str:
        slug = f"slug: {self.slug}\n" if self.slug else ""
        draft = "draft: true\n" if self.draft else ""
        head = f"---\ntitle: {self.title}\ndate: {self.day}\n{slug}{draft}---\n\nThis is number {self.number}.\n"
        return head + "".join(f"\n## {heading}\n\n{words}\n" for heading, words in self.sections)


class Authors:
    """The authors of one repository; each act is a commit, or none when there is nothing to act on."""

    def __init__(self, folder: Path, chance: random.Random, clock: ManualClock, *, slugs: bool) -> None:
        """Begin a repository with two issues, which a bot that comes now takes for known."""
        self.folder = folder
        self.editions: dict[int, Edition] = {}
        self.last: dict[int, Edition] = {}
        """Every edition that there ever was, as it was last."""
        self.versions: dict[int, list[Edition]] = {}
        self.acts = Counter[str]()
        self._chance = chance
        self._clock = clock
        self._slugs = slugs
        self._commits: list[tuple[str, dict[int, Edition]]] = []
        self._headings = 0
        folder.mkdir()
        self._git("init", "--quiet", "--initial-branch=main")
        self.add(2)
        self._commit("begin")
        self.known = frozenset(self.editions)

    def act(self) -> None:
        """Do one thing that authors do."""
        act = self._chance.choices(list(_ACTS), list(_ACTS.values()))[0]
        before = dict(self.editions)
        act(self)
        if self.editions != before:
            self.acts[act.__name__] += 1
            self._commit(act.__name__)

    # Texts

    def _words(self) -> str:
        def line() -> str:
            return " ".join(self._chance.choices(_WORDS, k=11)).capitalize() + "."

        many = self._chance.random() < 0.05  # more than one message holds
        return "\n\n".join(line() for _ in range(self._chance.randint(60, 90) if many else self._chance.randint(3, 7)))

    def _section(self) -> tuple[str, str]:
        self._headings += 1
        return f"{self._chance.choice(_WORDS).title()} {self._headings}", self._words()

    def _one(self, wanted: Callable[[Edition], bool] = lambda _: True) -> Edition | None:
        found = [edition for edition in self.editions.values() if wanted(edition)]
        # Mostly the newest ones, as people do.
        return self._chance.choice(found[-12:] if self._chance.random() < 0.8 else found) if found else None

    # Acts

    def add(self, many: int = 0) -> None:
        for _ in range(many or self._chance.choice((1, 1, 1, 2, 4))):
            number = len(self.last) + 1
            edition = Edition(
                number=number,
                path=self._chance.choice((f"posts/{number:04}.md", f"{self._clock():%Y}/{self._clock():%m-%d}-{number}/index.md")),
                day=f"{self._clock():%Y-%m-%d}",
                slug=f"number-{number}" if self._slugs else None,
                sections=tuple(self._section() for _ in range(self._chance.randint(2, 5))),
                draft=not many and self._chance.random() < 0.25,
            )
            self._put(edition)

    def _put(self, edition: Edition) -> None:
        self.editions[edition.number] = self.last[edition.number] = edition
        self.versions.setdefault(edition.number, []).append(edition)

    def edit(self) -> None:
        if edition := self._one():
            sections = list(edition.sections)
            place = self._chance.randrange(len(sections))
            heading, words = sections[place]
            lines = words.split("\n\n")
            lines[self._chance.randrange(len(lines))] = " ".join(self._chance.choices(_WORDS, k=9)).capitalize() + "!"
            sections[place] = (heading, "\n\n".join(lines))
            self._put(replace(edition, sections=tuple(sections)))

    def add_section(self) -> None:
        if edition := self._one(lambda edition: len(edition.sections) < 8):
            place = self._chance.randint(0, len(edition.sections))
            self._put(replace(edition, sections=(*edition.sections[:place], self._section(), *edition.sections[place:])))

    def move_section(self) -> None:
        if edition := self._one():
            self._put(replace(edition, sections=tuple(self._chance.sample(edition.sections, len(edition.sections)))))

    def remove_section(self) -> None:
        if edition := self._one(lambda edition: len(edition.sections) > 2):
            gone = self._chance.randrange(len(edition.sections))
            self._put(replace(edition, sections=edition.sections[:gone] + edition.sections[gone + 1 :]))

    def rename(self) -> None:
        if edition := self._one():
            self._put(replace(edition, path=f"moved/{edition.number}-{self._chance.randrange(10**6)}.md"))
            if self._chance.random() < 0.4:
                self.edit()

    def remove(self) -> None:
        if edition := self._one():
            del self.editions[edition.number]

    def restore(self) -> None:
        if gone := [number for number in self.last if number not in self.editions]:
            self._put(self.last[self._chance.choice(gone[-8:])])

    def revert(self) -> None:
        if edition := self._one():
            before = self._chance.choice(self.versions[edition.number][-4:])
            self._put(replace(before, path=edition.path))

    def publish(self) -> None:
        if edition := self._one(lambda edition: edition.draft):
            self._put(replace(edition, draft=False))

    def unpublish(self) -> None:
        if edition := self._one(lambda edition: not edition.draft):
            self._put(replace(edition, draft=True))

    def merge(self) -> None:
        """Let one branch edit and another one add, and bring them together."""
        self._git("checkout", "--quiet", "-b", "side")
        self.edit()
        self._commit("side")
        side = dict(self.editions)
        self._git("checkout", "--quiet", "main")
        self._commits.pop()
        self.editions = dict(self._commits[-1][1])
        self.add(1)
        self._commit("main")
        added = self.editions.keys() - side.keys()
        self._git("merge", "--quiet", "--no-ff", "-m", "merge", "side")
        self._git("branch", "--quiet", "-D", "side")
        self.editions = side | {number: self.editions[number] for number in added}

    def force_push(self) -> None:
        back = self._chance.randint(1, _REMEMBERED - 1)
        if back < len(self._commits):
            commit, editions = self._commits[-1 - back]
            self._git("reset", "--quiet", "--hard", commit)
            del self._commits[-back:]
            self.editions = dict(editions)

    # Git

    def _commit(self, message: str) -> None:
        files = {edition.path: edition.text() for edition in self.editions.values()}
        for path in self.folder.rglob("*.md"):
            if (name := path.relative_to(self.folder).as_posix()) not in files:
                path.unlink()
            elif path.read_text() == files[name]:
                del files[name]
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "-m", message)
        commit = (self.folder / ".git/refs/heads" / ("side" if message == "side" else "main")).read_text().strip()
        self._commits = [*self._commits[1 - 2 * _REMEMBERED :], (commit, dict(self.editions))]

    def _git(self, *words: str) -> None:
        now = self._clock().isoformat()
        people = {
            f"GIT_{who}_{what}": value
            for who in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", "ann"), ("EMAIL", "ann@example.org"), ("DATE", now))
        }
        apart = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        subprocess.run(
            ["git", "-c", "gc.auto=0", *words], cwd=self.folder, check=True, capture_output=True, env=os.environ | people | apart
        )

    def take_away(self) -> None:
        """Move the repository to where nobody finds it."""
        self.folder.rename(self.folder.with_suffix(".away"))

    def bring_back(self) -> None:
        """Move it back."""
        self.folder.with_suffix(".away").rename(self.folder)


_ACTS: Mapping[Callable[[Authors], None], int] = {
    Authors.add: 8,
    Authors.edit: 10,
    Authors.add_section: 4,
    Authors.move_section: 3,
    Authors.remove_section: 3,
    Authors.rename: 3,
    Authors.remove: 3,
    Authors.restore: 3,
    Authors.revert: 3,
    Authors.publish: 5,
    Authors.unpublish: 1,
    Authors.merge: 2,
    Authors.force_push: 1,
}
