"""Which file of a snapshot is which known issue, and how sure that is: the one place where that rule lives. Pure.

An issue that went away keeps its row in the store, so that it is recognised when it comes back years later. Evidence is weighed
in this order, each file and each issue being matched at most once:

0. A file with the path and the bytes of a known issue is that issue.
1. **The explicit id** of its front matter, if it is one: no other file has it now, and no other known issue has or had it. Authors
   repeat ids by accident (a copied ``slug:``), and an id that two files hold says nothing about either. Nor does one whose title,
   day and text all say otherwise.
2. **The same path, and the same issue to a reader**: most of its distinctive text, or title and day, or a title that no other
   issue has. Title and day say nothing while most of the text stands in another place: issues were renumbered, or the last one was
   archived where the next one begins. And where the path is no issue's own (``latest.md``), the next one may have come.
3. **The same bytes** as an issue that is no longer where it was (moved, or swapped with another).
4. **The same path and day.**
5. **Most of the distinctive text** (:data:`SIMILAR`) of an issue that is no longer where it was, the most similar pair first. Title or
   day must agree too, unless the issue left in this very pass and nearly all of its text (:data:`STRONG`) is there again: that is
   what a corrected date in title, name and front matter looks like.
6. **The same path** with whatever was made of it, unless title, day and text all changed: then it is unsure. With another id of its
   own, and neither title nor most of the text kept, it is another issue; unsure when it is of the same day.
7. **Title and day** of an issue whose file went away in this very pass, when no other issue has that title, or none both.

*Distinctive* text: lines count with their length divided by the square of the number of known issues that have them, so that the
boilerplate of a newsletter (its template, its footer) says nothing. While too few are known to tell what is boilerplate, a text
counts only when nearly all of it is the same. Names alone never identify: many newsletters have the same in every file, and a title
or a path without a number or a month (see ``naming.py``) is the newsletter's and not an issue's.

**Unsure** is a file that is none of these but resembles an issue whose fate is settled (announced, known from the start, too old,
taken back), so that taking it for news might post something twice: what is left of an issue that went away (its title, its day, its
number, or a good part of its text), the rolling file ``latest.md`` in which the next issue seems to have come, a copy beside its
original, also one that is being written anew, the ``.Rmd`` beside its ``.md``, a translation in another folder or with a language in
its name. So is what may be no issue: a file that says next to nothing but what a template or most issues say as well (one not filled
in yet), or has the name of one that sites do not show. It is a new issue with a doubt, which the policy hands to a moderator. Doubts
are weighed anew whenever files come, go or change; a doubtful file that turns out to be a known issue takes that issue's place.

An issue that went away before anything became of it is found again by its id, its bytes or its path only, and draws no file away
from the place of a settled one: nothing is lost with it, while a posted issue would be posted again under its number.
"""

import datetime as dt
import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final, Self

from heartbeat_bot.identity.doubts import Doubt, DoubtCode
from heartbeat_bot.identity.paths import PathParts, day_of, is_rolling, unpublished, which
from heartbeat_bot.ids import IssueId
from heartbeat_bot.sources.snapshot import BlobId

SIMILAR: Final = 0.6
"""From here on two texts are the same issue's. Issues of moved sites measured 0.89 to 1 line by line; different issues of one
newsletter share at most 0.57 of all their text in ten newsletters measured, and less than 0.15 of what is distinctive in two."""

STRONG: Final = 0.8
"""From here on the text alone says that an issue which has just left its place is found again."""

NEARLY_ALL: Final = 0.9
"""From here on a file of another day is a copy all the same."""

RESEMBLING: Final = 0.35
"""From here on, up to SIMILAR, a text leaves a doubt: twice as much as different issues of one newsletter were seen to share."""

ALIEN: Final = 0.15
"""Below this two texts have nothing to do with each other."""

ENOUGH: Final = 120
"""So many distinctive characters must two texts share for the text alone to count: two or three lines."""

_COMMON = 50
"""Lines that more issues than this have are not followed from one to the other; they weigh next to nothing."""

_MANY = 5
"""Among so many issues that share nothing, there is no boilerplate; among fewer, nobody can tell yet."""

_FEW_DAYS = 3
"""By so many days a date is corrected; the next issue comes later."""

_LITTLE = 0.2
"""A text with no more than this of its own has a title and a date, and nothing below them."""

_TWIN: Final = 0.95
"""From here on a text is found again even when nobody can tell yet how much of it is boilerplate."""

MOST_LINES: Final = 2000
"""Different lines of a text that are kept, the heaviest: ten times as many as a long issue has."""

_NOT_TEXT = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is kept of a text to recognise it: its lines, hashed, each with its weight (characters times occurrences)."""

    lines: Mapping[str, int]

    @classmethod
    def of(cls, text: str) -> Self:
        """Take the fingerprint of a text. Case, punctuation, indentation, blank lines and the order of lines do not count."""
        weights: Counter[str] = Counter()
        for line in unicodedata.normalize("NFKC", text).casefold().splitlines():
            bare = _NOT_TEXT.sub(" ", line).strip()
            if bare:
                weights[hashlib.sha256(bare.encode(errors="replace")).hexdigest()[:12]] += len(bare)
        kept = sorted(weights.items(), key=lambda line: (-line[1], line[0]))[:MOST_LINES] if len(weights) > MOST_LINES else weights
        return cls(dict(kept))

    @classmethod
    def load(cls, dumped: str) -> Self:
        """Read what :meth:`dump` wrote."""
        return cls({line[:12]: int(line[12:]) for line in dumped.split()})

    def dump(self) -> str:
        """Write the fingerprint as one string."""
        return " ".join(f"{line}{weight}" for line, weight in sorted(self.lines.items()))

    @property
    def weight(self) -> int:
        """How much text there is."""
        return sum(self.lines.values())


_NO_TEXT: Final = Fingerprint({})


def similarity(one: Fingerprint, other: Fingerprint) -> float:
    """Return the share of text that two texts have in common line by line, from 0 (also for empty texts) to 1."""
    whole = one.weight + other.weight
    if not whole:
        return 0.0
    fewer, more = sorted((one.lines, other.lines), key=len)
    return 2 * sum(min(weight, more.get(line, 0)) for line, weight in fewer.items()) / whole


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """Who is who.

    ``issues`` maps the path of every file to the known issue that it is, None for a new one; ``doubts`` tells which of these
    are unsure. ``gone`` are the known issues that no file is now, those that went away earlier included. ``absorbed`` are issues
    that were doubtful, and of which it turned out that they are others.
    """

    issues: Mapping[str, IssueId | None]
    doubts: Mapping[str, Doubt] = field(default_factory=dict[str, Doubt])
    gone: frozenset[IssueId] = frozenset()
    absorbed: frozenset[IssueId] = frozenset()


def identify(known: Iterable[Known], candidates: Iterable[Candidate]) -> Resolution:
    """Match the files of a snapshot (distinct paths) with the known issues of its newsletter (distinct ids, in any order).

    The cost grows with what is known plus what was read, not with their product.
    """
    matching = _Matching(
        sorted(known, key=lambda issue: (issue.gone, -issue.id)), sorted(candidates, key=lambda candidate: candidate.path)
    )
    matching.run()
    doubtful = {issue.path: issue for issue in matching.doubtful}
    reused = {path: doubtful[path].id for path, issue in matching.found.items() if issue is None and path in doubtful}
    vanished = {issue.id for issue in matching.doubtful if issue.path not in matching.paths}
    absorbed = {issue.id for issue in matching.doubtful} - set(reused.values()) - vanished
    return Resolution(
        issues=matching.found | reused,
        doubts=matching.doubts,
        gone=frozenset(matching.free) | vanished,
        absorbed=frozenset(absorbed),
    )


def are_plain_edits(edits: Sequence[tuple[Candidate, str | None, str]], titles: Iterable[str]) -> bool:
    """Tell whether files that changed are the issues that were in their places, without a look at any text.

    ``edits`` holds each such file with the id and the title that its issue had, ``titles`` those of all known issues; no file came
    or went. True says that :func:`identify` would find the same by its second step; False says that it must be asked.
    """
    known, now = Counter(map(_plain, titles)), Counter(_plain(candidate.title) for candidate, _, _ in edits)
    return all(
        candidate.explicit == explicit
        and not _is_untitled(candidate)
        and (which(title) or not is_rolling(candidate.path))
        and (plain := _plain(title))
        and plain == _plain(candidate.title)
        and known[plain] == now[plain] == 1
        for candidate, explicit, title in edits
    )


class _Likeness:
    """How alike texts are, measured by what is distinctive in them among all that is known."""

    def __init__(self, known: Counter[str], everywhere: Counter[str], *, many: bool) -> None:
        """Take the number of known issues that have each line, and of all that tell of boilerplate; whether ``many`` are known."""
        self._having = known
        self._everywhere = everywhere
        self._many = many
        self._weights: dict[int, float] = {}

    @property
    def lines(self) -> Container[str]:
        """The lines of all that is known."""
        return self._having

    def is_rare(self, line: str) -> bool:
        return self._having[line] <= _COMMON

    def shared(self, one: Fingerprint, other: Fingerprint) -> float:
        """Return how many distinctive characters two texts share."""
        fewer, more = sorted((one.lines, other.lines), key=len)
        return sum(min(weight, more[line]) / max(1, self._having[line]) for line, weight in fewer.items() if line in more)

    def of(self, one: Fingerprint, other: Fingerprint) -> float:
        """Return the share of distinctive text that two texts have in common, from 0 (also for texts without any) to 1."""
        whole = self._weight(one) + self._weight(other)
        if not whole:
            return 0.0
        fewer, more = sorted((one.lines, other.lines), key=len)
        return 2 * sum(min(weight, more[line]) * self._rarity(line) for line, weight in fewer.items() if line in more) / whole

    def knows_boilerplate(self, text: Fingerprint) -> bool:
        """Tell whether enough is known to tell what is distinctive in a known text: others share some of it, or there are many."""
        return self._many or any(self._everywhere[line] > 1 for line in text.lines)

    def _weight(self, text: Fingerprint) -> float:
        if id(text) not in self._weights:
            self._weights[id(text)] = sum(weight * self._rarity(line) for line, weight in text.lines.items())
        return self._weights[id(text)]

    def _rarity(self, line: str) -> float:
        return 1 / max(1, self._everywhere[line]) ** 2


class _Matching:
    """One run of the rule: ``left`` are the files and ``free`` the issues that are not matched yet."""

    def __init__(self, known: Sequence[Known], candidates: Sequence[Candidate]) -> None:
        self.known = [issue for issue in known if not issue.doubtful]
        self.doubtful = [issue for issue in known if issue.doubtful]
        self.unsure = frozenset(issue.path for issue in self.doubtful)
        self.candidates = candidates
        self.paths = frozenset(candidate.path for candidate in candidates)
        self.at_home = {issue.path: issue for issue in self.known if not issue.gone}
        self.free = {issue.id: issue for issue in self.known}
        self.left = {candidate.path: candidate for candidate in candidates}
        self.read = {candidate.path: candidate.fingerprint for candidate in candidates if candidate.fingerprint}
        self.found: dict[str, IssueId | None] = {candidate.path: None for candidate in candidates}
        self.doubts: dict[str, Doubt] = {}

    def run(self) -> None:
        for candidate in self.candidates:
            issue = self.at_home.get(candidate.path)
            if issue and issue.blob == candidate.blob:
                self._match(candidate, issue)
        if not self.left:
            return
        having, many = Counter(_lines_of(self.known)), len(self.known) >= _MANY
        everywhere = having.copy()
        everywhere.update(_lines_of(self.doubtful))
        # Doubtful issues may be copies, and tell of boilerplate all the same. But of a copy, all that it took over would be boilerplate
        # if the copy itself told what is.
        self.like = _Likeness(having, everywhere, many=many)
        self.settled_like = _Likeness(having, having, many=many)
        # What went away before anything became of it leaves no title behind that others could be taken for.
        lasting = [issue for issue in self.known if issue.settled or not issue.gone]
        self.titles = Counter(_plain(issue.title) for issue in lasting)
        self.new_titles = Counter(_plain(candidate.title) for candidate in self.left.values())
        self.days = Counter(map(_titled_day, lasting))
        self.new_days = Counter(map(_titled_day, self.left.values()))
        self.ids = Counter(issue.explicit for issue in self.known)
        self.ids_here = Counter(candidate.explicit for candidate in self.candidates)
        self.sharing = self._sharing()
        home = [(candidate, self.at_home[path]) for path, candidate in self.left.items() if path in self.at_home]
        self.moved = self._found_elsewhere(home)
        self._by_explicit_id()
        self._match_all(pair for pair in home if self._same_to_a_reader(*pair))
        self._by_bytes()
        self._match_all(pair for pair in home if _same_day(*pair) and self._stays(*pair))
        self._by_text()
        self._by_place(home)
        self._by_title_and_day()
        self._by_remains()
        self._by_day_or_number()
        self._unlike_issues()
        self._beside_others()
        self._by_lack_of_text()

    def _match(self, candidate: Candidate, issue: Known) -> None:
        if candidate.path in self.left and issue.id in self.free:
            del self.left[candidate.path], self.free[issue.id]
            self.found[candidate.path] = issue.id

    def _match_all(self, pairs: Iterable[tuple[Candidate, Known]]) -> None:
        for candidate, issue in list(pairs):
            self._match(candidate, issue)

    def _doubt(self, candidate: Candidate, doubt: Doubt) -> None:
        if candidate.path in self.left:
            del self.left[candidate.path]
            self.doubts[candidate.path] = doubt

    def _sharing(self) -> Mapping[str, Sequence[Known]]:
        """Return, for each rare line of the files that were read, the known issues that have it."""
        wanted = {line for candidate in self.left.values() for line in candidate.text.lines if self.like.is_rare(line)}
        sharing: defaultdict[str, list[Known]] = defaultdict(list)
        for issue in self.known:
            for line in wanted.intersection(issue.fingerprint.lines):
                sharing[line].append(issue)
        return sharing

    def _relatives(self, candidate: Candidate) -> Iterator[Known]:
        """Give the known issues that share a rare line with a file."""
        seen: set[IssueId] = set()
        for line in candidate.text.lines:
            for issue in self.sharing.get(line, ()):
                if issue.id not in seen:
                    seen.add(issue.id)
                    yield issue

    def _likeness(self, candidate: Candidate, issue: Known) -> float:
        return self.like.of(candidate.text, issue.fingerprint)

    def _found_elsewhere(self, home: Sequence[tuple[Candidate, Known]]) -> frozenset[IssueId]:
        """Return the issues in whose place stands something else while most of their text came to stand in another."""
        newcomers = len(home) < len(self.left)
        weak = {
            issue.id
            for candidate, issue in home
            if (newcomers or _is_untitled(candidate)) and self._likeness(candidate, issue) < SIMILAR
        }
        if not weak:
            return frozenset()
        return frozenset(
            issue.id
            for candidate in self.left.values()
            if candidate.path not in self.at_home or self._likeness(candidate, self.at_home[candidate.path]) < SIMILAR
            for issue in self._relatives(candidate)
            if issue.id in weak and issue.path != candidate.path
            if self._likeness(candidate, issue) >= STRONG and self._shares_enough(candidate, issue)
        )

    # What speaks for and against

    def _shares_enough(self, candidate: Candidate, issue: Known) -> bool:
        return self.like.shared(candidate.text, issue.fingerprint) >= ENOUGH

    def _just_left(self, issue: Known) -> bool:
        return not issue.gone and issue.path not in self.paths

    def _away(self, issue: Known) -> bool:
        return issue.gone or issue.path not in self.paths

    def _same_title(self, candidate: Candidate, issue: Known) -> bool:
        """Tell whether a file has an issue's title, and no other issue has it."""
        title = _plain(candidate.title)
        return bool(title) and title == _plain(issue.title) and self.titles[title] == 1 and self.new_titles[title] == 1

    def _other_ids(self, candidate: Candidate, issue: Known) -> bool:
        """Tell whether a file and an issue have ids of their own, and different ones."""
        if candidate.explicit is None or issue.explicit is None or candidate.explicit == issue.explicit:
            return False
        return self.ids_here[candidate.explicit] == 1 and self.ids[issue.explicit] == 1

    def _alien(self, candidate: Candidate, issue: Known) -> bool:
        """Tell whether title, day and text all say that a file is another issue."""
        titles = bool(candidate.title) and bool(issue.title) and _plain(candidate.title) != _plain(issue.title)
        days = candidate.date is not None and issue.date is not None and not _same_day(candidate, issue)
        return titles and days and self._likeness(candidate, issue) < ALIEN

    def _same_to_a_reader(self, candidate: Candidate, issue: Known) -> bool:
        if is_rolling(issue.path) and self._has_moved_on(candidate, issue):
            return False
        if self._likeness(candidate, issue) >= SIMILAR:
            return True
        if issue.id in self.moved:
            return False
        if _plain(candidate.title) == _plain(issue.title) and _same_day(candidate, issue):
            return True
        return self._same_title(candidate, issue)

    def _stays(self, candidate: Candidate, issue: Known) -> bool:
        return issue.id not in self.moved and not self._other_ids(candidate, issue)

    def _has_moved_on(self, candidate: Candidate, issue: Known) -> bool:
        """Tell whether a file looks like the next issue, where only a name that is not an issue's own says that it is the same.

        The text alone does not tell: with a rolling file, nothing else may be known from which to learn what is boilerplate.
        """
        if not issue.settled or not (candidate.title and issue.title) or _near(candidate, issue):
            return False
        likeness = self._likeness(candidate, issue)
        if likeness >= (STRONG if self.like.knows_boilerplate(issue.fingerprint) else _TWIN):
            return False
        if which(candidate.title) != which(issue.title):
            return True
        if which(issue.title) and _plain(candidate.title) == _plain(issue.title):
            return False
        if candidate.date is not None and issue.date is not None:
            return _days_between(candidate.date, issue.date) > _FEW_DAYS
        return likeness < RESEMBLING and min(candidate.text.weight, issue.fingerprint.weight) >= 2 * ENOUGH

    def _has_better_home(self, candidate: Candidate, issue: Known) -> bool:
        """Tell whether a file stands in the place of a settled issue, from which one that is not settled may not draw it away."""
        home = self.at_home.get(candidate.path)
        return home is not None and home.id in self.free and home.settled and not issue.settled

    # The steps

    def _by_explicit_id(self) -> None:
        unique = {issue.explicit: issue for issue in self.free.values() if issue.explicit and self.ids[issue.explicit] == 1}
        for candidate in list(self.left.values()):
            issue = unique.get(candidate.explicit or "")
            if not issue or self.ids_here[candidate.explicit] > 1 or self._alien(candidate, issue):
                continue
            if which(issue.explicit or "") or not self._has_moved_on(candidate, issue):
                self._match(candidate, issue)

    def _by_bytes(self) -> None:
        by_blob: defaultdict[BlobId, list[Known]] = defaultdict(list)
        for issue in self.free.values():
            if issue.fingerprint.lines:
                by_blob[issue.blob].append(issue)
        pairs = [
            (candidate, issue)
            for candidate in self.left.values()
            for issue in by_blob.get(candidate.blob, ())
            if not self._has_better_home(candidate, issue)
        ]

        def rank(pair: tuple[Candidate, Known]) -> tuple[bool, ...]:
            candidate, issue = pair
            return (candidate.path != issue.path, not issue.settled, candidate.slug != issue.slug)

        self._match_all(sorted(pairs, key=rank))

    def _by_text(self) -> None:
        scored: list[tuple[float, int, bool, int, Candidate, Known]] = []
        for candidate in self.left.values():
            for issue in self._relatives(candidate):
                likeness = self._likeness(candidate, issue) if issue.id in self.free else 0
                if likeness < SIMILAR or self._has_better_home(candidate, issue):
                    continue
                if self._is_found_again(candidate, issue, likeness):
                    agreement = (candidate.slug == issue.slug) + (_plain(candidate.title) == _plain(issue.title))
                    scored.append((-likeness, -agreement - _same_day(candidate, issue), issue.gone, -issue.id, candidate, issue))
        self._match_all(entry[-2:] for entry in sorted(scored, key=lambda entry: (*entry[:4], entry[4].path)))

    def _is_found_again(self, candidate: Candidate, issue: Known, likeness: float) -> bool:
        """Tell whether a text that is similar enough is the issue's."""
        if not issue.settled:
            return not issue.gone
        if not (candidate.title and issue.title):
            return True
        same_title = _plain(candidate.title) == _plain(issue.title)
        if _near(candidate, issue) or (same_title and which(issue.title)):
            return True
        if likeness < (STRONG if self.like.knows_boilerplate(issue.fingerprint) else _TWIN):
            return False
        if same_title and (candidate.date is None or issue.date is None):
            return True
        return not issue.gone and self._shares_enough(candidate, issue)

    def _by_place(self, home: Sequence[tuple[Candidate, Known]]) -> None:
        places: defaultdict[str, list[Known]] = defaultdict(list)
        for issue in self.free.values():
            if issue.gone:
                places[issue.path].append(issue)
        # Of several that were there, the one that was settled, else the youngest.
        former = [
            (candidate, issue)
            for candidate in self.left.values()
            for issue in sorted(places.get(candidate.path, ()), key=lambda issue: (not issue.settled, -issue.id))
        ]
        for candidate, issue in (*home, *former):
            if issue.id not in self.free:
                continue
            if not issue.settled:
                self._match(candidate, issue)
            elif self._other_ids(candidate, issue):
                if _same_day(candidate, issue):
                    self._doubt(candidate, _instead_of(issue, DoubtCode.OTHER_ID))
            elif is_rolling(issue.path) and self._has_moved_on(candidate, issue) and not self._alien(candidate, issue):
                self._doubt(candidate, _instead_of(issue, DoubtCode.NEXT_ISSUE))
            elif not self._alien(candidate, issue):
                self._match(candidate, issue)
            else:
                self._doubt(candidate, _instead_of(issue, DoubtCode.ALL_DIFFERENT))

    def _by_title_and_day(self) -> None:
        by_title: defaultdict[str, list[Known]] = defaultdict(list)
        for issue in self.free.values():
            if issue.settled and self._away(issue):
                by_title[_plain(issue.title)].append(issue)
        for candidate in list(self.left.values()):
            for issue in by_title.get(_plain(candidate.title), ()):
                alone = self._same_title(candidate, issue)
                same_day = _same_day(candidate, issue) and (alone or self._only_one_of_its_day(candidate))
                if not (alone or same_day) or self._other_ids(candidate, issue):
                    continue
                if same_day and self._just_left(issue):
                    self._match(candidate, issue)
                elif same_day or self._just_left(issue):
                    self._doubt(candidate, _left_from(issue, DoubtCode.SAME_TITLE))

    def _only_one_of_its_day(self, candidate: Candidate) -> bool:
        """Tell whether no second file, and no second issue, has a file's title and day."""
        titled_day = _titled_day(candidate)
        return bool(titled_day[0]) and self.days[titled_day] == 1 and self.new_days[titled_day] == 1

    def _by_day_or_number(self) -> None:
        """Doubt the files that have the day of an issue that went away, or the number of one that left in this very pass.

        All else may have been changed at once: a site that moves gets new names, titles and line breaks.
        """
        away = [issue for issue in self.free.values() if issue.settled and self._away(issue)]
        days = {day_of(issue.date): issue for issue in away if issue.date is not None}
        numbers = {number: issue for issue in away if not issue.gone for number in _numbers(issue)} if self.left else {}
        if numbers:
            shared = Counter(chain.from_iterable(map(_numbers, self.known)))
            numbers = {number: issue for number, issue in numbers.items() if shared[number] == 1}
        for candidate in list(self.left.values()):
            if candidate.date is not None and (issue := days.get(day_of(candidate.date))):
                self._doubt(candidate, _left_from(issue, DoubtCode.SAME_DATE))
            for number in _numbers(candidate):
                if issue := numbers.get(number):
                    self._doubt(candidate, _left_from(issue, DoubtCode.SAME_NUMBER))

    def _unlike_issues(self) -> None:
        """Doubt the files whose names are not those of issues."""
        places = {issue.path for issue in self.known if issue.settled}
        for candidate in list(self.left.values()):
            if candidate.path in places:
                continue
            if code := unpublished(candidate.path, dated=candidate.date is not None):
                self._doubt(candidate, Doubt(code=code))

    def _by_lack_of_text(self) -> None:
        """Doubt the files that say next to nothing which others do not say as well: templates that nobody has filled in yet."""
        new = Counter(chain.from_iterable(candidate.text.lines for candidate in self.left.values()))

        def is_empty(text: Fingerprint, known: Container[str]) -> bool:
            # What two new files share may be an issue beside its twin; what three share is a template.
            own = sum(weight for line, weight in text.lines.items() if line not in known and new[line] <= 2)  # noqa: PLR2004
            return text.weight >= 2 * ENOUGH and own < min(ENOUGH, _LITTLE * text.weight)

        suspects = [candidate for candidate in self.left.values() if is_empty(candidate.text, self.like.lines)]
        if not suspects:
            return
        # An issue of which a part became another one does not say any more what it said.
        now = {issue: self.read[path] for path, issue in self.found.items() if issue is not None and path in self.read}
        texts = [now.get(issue.id, issue.fingerprint) for issue in self.known if issue.settled or not issue.gone]
        having = Counter(chain.from_iterable(text.lines for text in texts))
        # What one other issue says is no template: a newsletter may say again what it said, under a new title and date.
        common = {line for line, count in having.items() if count > 1}
        if 2 * sum(is_empty(text, common) for text in texts) > len(texts):
            return  # its issues are like that
        templates = (issue for issue in self.known if unpublished(issue.path, dated=issue.date is not None))
        common.update(_lines_of((*self.doubtful, *templates)))
        for candidate in suspects:
            if is_empty(candidate.text, common):
                self._doubt(candidate, Doubt(code=DoubtCode.LITTLE_TEXT))

    def _by_remains(self) -> None:
        """Doubt the files in which something is left of an issue that went away."""
        for candidate in list(self.left.values()):
            for issue in self._relatives(candidate):
                if issue.id in self.free and issue.settled and self._away(issue) and self._resembles(candidate, issue):
                    self._doubt(candidate, _left_from(issue, DoubtCode.REMAINS))

    def _resembles(self, candidate: Candidate, issue: Known) -> bool:
        likeness = self._likeness(candidate, issue)
        if likeness < RESEMBLING or not self._shares_enough(candidate, issue):
            return False
        return not issue.gone or likeness >= STRONG or _near(candidate, issue)

    def _beside_others(self) -> None:
        """Doubt the files that stand beside an original: copies, the same in another format, translations."""
        here = {issue: path for path, issue in self.found.items() if issue is not None}
        texts = {issue.id: issue for issue in self.known}
        beside = _Neighbours()
        for issue, path in here.items():
            beside.add(PathParts.of(path, texts[issue].date), issue)
        by_title: defaultdict[str, list[Candidate]] = defaultdict(list)
        for candidate in sorted(self.left.values(), key=lambda file: PathParts.of(file.path, file.date).rank):
            place = PathParts.of(candidate.path, candidate.date)
            for doubt in beside.doubts(place):
                self._doubt(candidate, doubt)
            self._doubt_copy(candidate, here)
            for other_file in by_title[_plain(candidate.title)]:
                if self._is_copy(candidate, other_file.title, other_file, other_file.text):
                    self._doubt(candidate, Doubt(code=DoubtCode.COPY, path=other_file.path))
            beside.add(place, None)
            by_title[_plain(candidate.title)].append(candidate)

    def _doubt_copy(self, candidate: Candidate, here: Mapping[IssueId, str]) -> None:
        # An issue that is begun as a copy is edited bit by bit: it is one until most of it is written anew.
        unfinished = candidate.path in self.unsure
        for known in self._relatives(candidate):
            if known.id not in here:
                continue
            if self._is_copy(candidate, known.title, known, known.fingerprint):
                self._doubt(candidate, Doubt(code=DoubtCode.COPY, issue=known.id, path=here[known.id]))
            elif unfinished and self.settled_like.of(candidate.text, known.fingerprint) >= RESEMBLING:
                self._doubt(candidate, Doubt(code=DoubtCode.UNFINISHED_COPY, issue=known.id, path=here[known.id]))

    def _is_copy(self, candidate: Candidate, title: str, other: Known | Candidate, text: Fingerprint) -> bool:
        if not candidate.title:
            return False
        if _plain(candidate.title) == _plain(title):
            least = SIMILAR if _near(candidate, other) else NEARLY_ALL
        elif _near(candidate, other) and not _other_edition(candidate.title, title) and self.like.knows_boilerplate(text):
            least = STRONG
        else:
            return False
        return self.like.of(candidate.text, text) >= least and self.like.shared(candidate.text, text) >= ENOUGH


class _Neighbours:
    """The places of issues and of new files, by name, and by day together with folder or file name."""

    def __init__(self) -> None:
        self._by_name: defaultdict[str, list[tuple[PathParts, IssueId | None]]] = defaultdict(list)
        self._by_day: defaultdict[tuple[str, dt.date], list[tuple[PathParts, IssueId | None]]] = defaultdict(list)

    def add(self, place: PathParts, issue: IssueId | None) -> None:
        self._by_name[place.name].append((place, issue))
        if place.date is not None:
            for known_by in (place.folder, place.last):
                self._by_day[known_by, day_of(place.date)].append((place, issue))

    def doubts(self, place: PathParts) -> Iterator[Doubt]:
        """Give what a file looks like beside the others."""
        for other, issue in self._by_name[place.name]:
            if code := place.doubt(other):
                yield Doubt(code=code, issue=issue, path=other.path)
        if place.date is not None and place.is_translated:
            day = day_of(place.date)
            for other, issue in (*self._by_day[place.folder, day], *self._by_day[place.last, day]):
                if other.language != place.language:
                    yield Doubt(code=DoubtCode.TRANSLATION, issue=issue, path=other.path)


def _instead_of(issue: Known, code: DoubtCode) -> Doubt:
    """Return a doubt about a file that is where a known issue was, or is."""
    return Doubt(code=code, issue=issue.id, title=issue.title)


def _left_from(issue: Known, code: DoubtCode) -> Doubt:
    """Return a doubt about a file in which something is left of a known issue that is not where it was."""
    return Doubt(code=code, issue=issue.id, title=issue.title, path=issue.path)


def _lines_of(issues: Iterable[Known]) -> Iterator[str]:
    return chain.from_iterable(issue.fingerprint.lines for issue in issues)


def _titled_day(file: Known | Candidate) -> tuple[str, dt.date | None]:
    return _plain(file.title), None if file.date is None else day_of(file.date)


def _numbers(file: Known | Candidate) -> set[tuple[str, ...]]:
    """Return what of a file's title and of its path says which edition it is."""
    return {which(file.title), () if is_rolling(file.path) else which(file.path)} - {()}


def _other_edition(one: str, other: str) -> bool:
    """Tell whether two titles say that they are of two editions: each has numbers or months, and not the same."""
    return bool(which(one) and which(other)) and which(one) != which(other)


def _is_untitled(file: Candidate) -> bool:
    """Tell whether a file's title was made of its name, or might have been: it says no more than the path."""
    return _plain(file.title) == _plain(file.slug)


def _days_between(one: dt.date | dt.datetime, other: dt.date | dt.datetime) -> int:
    return abs(day_of(one).toordinal() - day_of(other).toordinal())


def _plain(title: str) -> str:
    """Return a title without what editors change in passing: case, punctuation, spaces."""
    return _NOT_TEXT.sub(" ", unicodedata.normalize("NFKC", title).casefold()).strip()


def _same_day(one: Known | Candidate, other: Known | Candidate) -> bool:
    """Tell whether two dates are one day."""
    return one.date is not None and other.date is not None and day_of(one.date) == day_of(other.date)


def _near(one: Known | Candidate, other: Known | Candidate) -> bool:
    """Tell whether two dates are at most a day apart, which is what a time zone makes of one date."""
    if one.date is None or other.date is None:
        return False
    return _days_between(one.date, other.date) <= 1
