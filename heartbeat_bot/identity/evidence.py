"""A file that may be a known issue, that issue, and what speaks for and against their being one. Pure."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from heartbeat_bot.identity.doubts import Doubt, DoubtCode
from heartbeat_bot.identity.fingerprint import ALIEN, COMMON, ENOUGH, RESEMBLING, SIMILAR, STRONG, Fingerprint, Likeness, plain
from heartbeat_bot.identity.paths import day_of, edition_tokens, is_rolling
from heartbeat_bot.ids import IssueId
from heartbeat_bot.sources.snapshot import BlobId

_FEW_DAYS: Final = 3
"""By so many days a date is corrected; the next issue comes later."""

_NO_TEXT = Fingerprint({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An issue of the store, also one that is gone: where it was last, and what it said.

    ``settled``: its fate is decided (announced, baseline, too old, taken back), so that a mistake about it would be seen by readers.
    ``doubtful``: an earlier pass was unsure who it is, and no moderator has said; its file is present.
    """

    id: IssueId
    explicit: str | None
    path: str
    blob: BlobId
    slug: str
    fingerprint: Fingerprint
    title: str = ""
    date: dt.date | dt.datetime | None = None
    gone: bool = False
    settled: bool = True
    doubtful: bool = False

    def doubt(self, code: DoubtCode, *, elsewhere: bool) -> Doubt:
        """Return a doubt about a file that may be this issue; ``elsewhere``: the issue was not where the file is."""
        return Doubt(code=code, issue=self.id, title=self.title, path=self.path if elsewhere else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A file of the snapshot. ``fingerprint`` may be None for a file that was not read because nothing about it changed."""

    explicit: str | None
    path: str
    blob: BlobId
    slug: str
    fingerprint: Fingerprint | None = None
    title: str = ""
    date: dt.date | dt.datetime | None = None

    @property
    def text(self) -> Fingerprint:
        """What is known of its text."""
        return self.fingerprint or _NO_TEXT


def same_words(one: Known | Candidate, other: Known | Candidate) -> bool:
    """Tell whether two titles are the same to a reader, none at all included."""
    return plain(one.title) == plain(other.title)


def titled_day(file: Known | Candidate) -> tuple[str, dt.date | None]:
    """Return a title and a day, to be compared with others."""
    return plain(file.title), None if file.date is None else day_of(file.date)


def days_between(one: Known | Candidate, other: Known | Candidate) -> int | None:
    """Return by how many days two dates differ, None when one is missing."""
    if one.date is None or other.date is None:
        return None
    return abs(day_of(one.date).toordinal() - day_of(other.date).toordinal())


def same_day(one: Known | Candidate, other: Known | Candidate) -> bool:
    """Tell whether two dates are one day."""
    return days_between(one, other) == 0


def near(one: Known | Candidate, other: Known | Candidate) -> bool:
    """Tell whether two dates are at most a day apart, which is what a time zone makes of one date."""
    return days_between(one, other) in {0, 1}


def numbers(file: Known | Candidate) -> set[tuple[str, ...]]:
    """Return what of a file's title and of its path says which edition it is."""
    return {edition_tokens(file.title), () if is_rolling(file.path) else edition_tokens(file.path)} - {()}


def is_untitled(file: Candidate) -> bool:
    """Tell whether a file's title was made of its name, or might have been: it says no more than the path."""
    return plain(file.title) == plain(file.slug)


class Evidence:
    """What is known of all issues, and what is said of the files that are not simply as they were.

    ``known`` are the issues of which it is sure who they are, ``doubtful`` the others.
    """

    def __init__(
        self, known: Sequence[Known], doubtful: Sequence[Known], candidates: Iterable[Candidate], left: Collection[Candidate]
    ) -> None:
        """Take all issues, all files, and those ``left`` that are to be matched."""
        self.known = known
        self.doubtful = doubtful
        self.texts = {candidate.path: candidate.fingerprint for candidate in candidates}
        """The texts of all files, None for those that were not read."""
        having = Counter(lines_of(known))
        # Doubtful issues may be copies, and tell of boilerplate all the same. But of a copy, all that it took over would be boilerplate
        # if the copy itself told what is.
        self.like = Likeness(having, having + Counter(lines_of(doubtful)), known=len(known))
        self.settled_like = Likeness(having, having, known=len(known))
        # What went away before anything became of it leaves no title behind that others could be taken for.
        lasting = [issue for issue in known if issue.settled or not issue.gone]
        self._titles = Counter(plain(issue.title) for issue in lasting)
        self._new_titles = Counter(plain(candidate.title) for candidate in left)
        self._days = Counter(map(titled_day, lasting))
        self._new_days = Counter(map(titled_day, left))
        self.ids = Counter(issue.explicit for issue in known)
        self.new_ids = Counter(candidate.explicit for candidate in candidates)
        self._sharing = self._lines_shared(left)
        at_home = {issue.path: issue for issue in known if not issue.gone}
        self.home = [(candidate, at_home[candidate.path]) for candidate in left if candidate.path in at_home]
        """The files that stand where an issue was."""
        self.moved = self._found_elsewhere(left, at_home)
        """The issues in whose place stands something else while most of their text came to stand in another."""

    def _lines_shared(self, left: Iterable[Candidate]) -> Mapping[str, Sequence[Known]]:
        """Return, for each rare line of the files that were read, the known issues that have it."""
        wanted = {line for candidate in left for line in candidate.text.lines if self.like.having[line] <= COMMON}
        sharing: defaultdict[str, list[Known]] = defaultdict(list)
        for issue in self.known:
            for line in wanted.intersection(issue.fingerprint.lines):
                sharing[line].append(issue)
        return sharing

    def _found_elsewhere(self, left: Collection[Candidate], at_home: Mapping[str, Known]) -> frozenset[IssueId]:
        newcomers = len(self.home) < len(left)
        weak = {
            issue.id
            for candidate, issue in self.home
            if (newcomers or is_untitled(candidate)) and self.likeness(candidate, issue) < SIMILAR
        }
        if not weak:
            return frozenset()
        return frozenset(
            issue.id
            for candidate in left
            if candidate.path not in at_home or self.likeness(candidate, at_home[candidate.path]) < SIMILAR
            for issue in self.relatives(candidate)
            if issue.id in weak and issue.path != candidate.path
            if self.likeness(candidate, issue) >= STRONG and self.shares_enough(candidate, issue)
        )

    def relatives(self, candidate: Candidate) -> Iterable[Known]:
        """Return the known issues that share a rare line with a file."""
        lines = candidate.text.lines
        return {issue.id: issue for line in lines for issue in self._sharing.get(line, ())}.values()

    def likeness(self, candidate: Candidate, issue: Known) -> float:
        """Return the share of distinctive text that a file and an issue have in common, from 0 to 1."""
        return self.like.of(candidate.text, issue.fingerprint)

    def shares_enough(self, candidate: Candidate, issue: Known) -> bool:
        """Tell whether a file and an issue share some lines that are their own."""
        return self.like.shared(candidate.text, issue.fingerprint) >= ENOUGH

    def away(self, issue: Known) -> bool:
        """Tell whether an issue is no longer where it was."""
        return issue.gone or issue.path not in self.texts

    def same_title(self, candidate: Candidate, issue: Known) -> bool:
        """Tell whether a file has an issue's title, and no other issue has it."""
        title = plain(candidate.title)
        return bool(title) and title == plain(issue.title) and self._titles[title] == 1 and self._new_titles[title] == 1

    def only_one_of_its_day(self, candidate: Candidate) -> bool:
        """Tell whether no second file, and no second issue, has a file's title and day."""
        day = titled_day(candidate)
        return bool(day[0]) and self._days[day] == 1 and self._new_days[day] == 1

    def other_ids(self, candidate: Candidate, issue: Known) -> bool:
        """Tell whether a file and an issue have ids of their own, and different ones."""
        if candidate.explicit is None or issue.explicit is None or candidate.explicit == issue.explicit:
            return False
        return self.new_ids[candidate.explicit] == 1 and self.ids[issue.explicit] == 1

    def alien(self, candidate: Candidate, issue: Known) -> bool:
        """Tell whether title, day and text all say that a file is another issue."""
        titles = bool(candidate.title and issue.title) and not same_words(candidate, issue)
        return titles and bool(days_between(candidate, issue)) and self.likeness(candidate, issue) < ALIEN

    def same_to_a_reader(self, candidate: Candidate, issue: Known) -> bool:
        """Tell whether a file in the place of an issue is that issue, whatever was changed in passing."""
        if is_rolling(issue.path) and self.has_moved_on(candidate, issue):
            return False
        if self.likeness(candidate, issue) >= SIMILAR:
            return True
        if issue.id in self.moved:
            return False
        return (same_words(candidate, issue) and same_day(candidate, issue)) or self.same_title(candidate, issue)

    def has_moved_on(self, candidate: Candidate, issue: Known) -> bool:
        """Tell whether a file looks like the next issue, where only a name that is not an issue's own says that it is the same.

        The text alone does not tell: with a rolling file, nothing else may be known from which to learn what is boilerplate.
        """
        if not issue.settled or not (candidate.title and issue.title) or near(candidate, issue):
            return False
        likeness = self.likeness(candidate, issue)
        if likeness >= self.like.least(issue.fingerprint):
            return False
        if edition_tokens(candidate.title) != edition_tokens(issue.title):
            return True
        if edition_tokens(issue.title) and same_words(candidate, issue):
            return False
        days = days_between(candidate, issue)
        if days is not None:
            return days > _FEW_DAYS
        return likeness < RESEMBLING and min(candidate.text.weight, issue.fingerprint.weight) >= 2 * ENOUGH

    def found_again(self, candidate: Candidate, issue: Known, likeness: float) -> bool:
        """Tell whether a text elsewhere that is similar enough is the issue's."""
        if not issue.settled:
            return not issue.gone
        if (
            not (candidate.title and issue.title)
            or near(candidate, issue)
            or (same_words(candidate, issue) and edition_tokens(issue.title))
        ):
            return True
        if likeness < self.like.least(issue.fingerprint):
            return False
        if same_words(candidate, issue) and days_between(candidate, issue) is None:
            return True
        return not issue.gone and self.shares_enough(candidate, issue)


def lines_of(issues: Iterable[Known]) -> Iterator[str]:
    """Give the lines of issues, those of each once."""
    return chain.from_iterable(issue.fingerprint.lines for issue in issues)
