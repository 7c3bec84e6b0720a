"""Which file of a snapshot is which known issue, and how sure that is: the one place where that rule lives. Pure.

An issue that went away keeps its row in the ledger, so that it is recognised when it comes back years later. Evidence is weighed
in this order, each file and each issue being matched at most once:

0. A file with the path and the bytes of a known issue is that issue.
1. **The explicit id** of its front matter, if it is one: no other file has it now, and no other known issue has or had it. Authors
   repeat ids by accident (a copied ``slug:``), and an id that two files hold says nothing about either. Nor does one whose title,
   day and text all say otherwise.
2. **The same path, and the same issue to a reader**: most of its distinctive text, or title and day, or a title that no other
   issue has.
3. **The same bytes** as an issue that is no longer where it was (moved, or swapped with another).
4. **The same path and day.**
5. **Most of the distinctive text** (:data:`SIMILAR`) of an issue that is no longer where it was, the most similar pair first. Title or
   day must agree too, unless the issue left in this very pass and nearly all of its text (:data:`STRONG`) is there again: that is
   what a corrected date in title, name and front matter looks like.
6. **The same path** with whatever was made of it, unless title, day and text all changed: then it is unsure. With another id of its
   own, and neither title nor most of the text kept, it is another issue; unsure when it is of the same day.
7. **Title and day** of an issue whose file went away in this very pass, when no other issue has that title.

*Distinctive* text: lines count with their length divided by the number of known issues that have them, so that the boilerplate of
a newsletter (its template, its footer) says nothing. Names alone never identify: many newsletters have the same in every file.

**Unsure** is a file that is none of these but resembles an issue whose fate is settled (announced, known from the start, too old,
taken back), so that taking it for news might post something twice: what is left of an issue that went away (its title, or a good
part of its text), the rolling file ``latest.md`` rewritten from title to text, a copy beside its original, the ``.Rmd`` beside its
``.md``, a translation in another folder or with a language in its name. It is a new issue with a doubt, which the gate hands to a
moderator. Doubts are weighed anew whenever files come, go or change; a doubtful file that turns out to be a known issue takes that
issue's place.

An issue that went away before anything became of it is found again by its id, its bytes or its path only, and draws no file away
from the place of a settled one: nothing is lost with it, while a posted issue would be posted again under its number.
"""

import datetime as dt
import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import PurePosixPath
from typing import Final, NewType, Self

from heartbeat_bot.sources.snapshot import BlobId

IssueId = NewType("IssueId", int)
"""Names an issue in the ledger, for good."""

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

_NOT_TEXT = re.compile(r"[\W_]+")
_LANGUAGE = re.compile(r"(?:[a-z]{2}|zh)(?:[-_](?:[a-z]{2}|hans|hant))?", re.IGNORECASE)
# ISO 639-1: the languages with more than ten million speakers, those of Europe, and "en". Others are rarely translated into.
_LANGUAGES = frozenset(
    [
        "ar",
        "az",
        "be",
        "bg",
        "bn",
        "bs",
        "ca",
        "cs",
        "cy",
        "da",
        "de",
        "el",
        "en",
        "eo",
        "es",
        "et",
        "eu",
        "fa",
        "fi",
        "fr",
        "ga",
        "gl",
        "gu",
        "he",
        "hi",
        "hr",
        "hu",
        "hy",
        "id",
        "is",
        "it",
        "ja",
        "jv",
        "ka",
        "kk",
        "km",
        "kn",
        "ko",
        "ky",
        "lb",
        "lt",
        "lv",
        "mk",
        "ml",
        "mn",
        "mr",
        "ms",
        "mt",
        "my",
        "nb",
        "ne",
        "nl",
        "nn",
        "no",
        "pa",
        "pl",
        "ps",
        "pt",
        "ro",
        "ru",
        "si",
        "sk",
        "sl",
        "sq",
        "sr",
        "sv",
        "sw",
        "ta",
        "te",
        "tg",
        "th",
        "tl",
        "tr",
        "uk",
        "ur",
        "uz",
        "vi",
        "zh",
        "zu",
    ]
)


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
        return cls(dict(weights))

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
    """An issue of the ledger, also one that is gone: where it was last, and what it said.

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
class Doubt:
    """Why a file may not be news. ``issue`` is the known issue that it may be, None when that is as new as the file."""

    issue: IssueId | None
    why: str


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
        and (plain := _plain(title))
        and plain == _plain(candidate.title)
        and known[plain] == now[plain] == 1
        for candidate, explicit, title in edits
    )


class _Likeness:
    """How alike texts are, judged by what is distinctive in them among all that is known."""

    def __init__(self, known: Sequence[Known]) -> None:
        self._having = Counter(chain.from_iterable(issue.fingerprint.lines for issue in known))
        self._weights: dict[int, float] = {}

    def is_rare(self, line: str) -> bool:
        return self._having[line] <= _COMMON

    def shared(self, one: Fingerprint, other: Fingerprint) -> float:
        """Return how many distinctive characters two texts share."""
        fewer, more = sorted((one.lines, other.lines), key=len)
        return sum(min(weight, more[line]) / max(1, self._having[line]) for line, weight in fewer.items() if line in more)

    def of(self, one: Fingerprint, other: Fingerprint) -> float:
        """Return the share of distinctive text that two texts have in common, from 0 (also for texts without any) to 1."""
        whole = self._weight(one) + self._weight(other)
        return 2 * self.shared(one, other) / whole if whole else 0.0

    def _weight(self, text: Fingerprint) -> float:
        if id(text) not in self._weights:
            self._weights[id(text)] = sum(weight / max(1, self._having[line]) for line, weight in text.lines.items())
        return self._weights[id(text)]


class _Matching:
    """One run of the rule: ``left`` are the files and ``free`` the issues that are not matched yet."""

    def __init__(self, known: Sequence[Known], candidates: Sequence[Candidate]) -> None:
        self.known = [issue for issue in known if not issue.doubtful]
        self.doubtful = [issue for issue in known if issue.doubtful]
        self.candidates = candidates
        self.paths = frozenset(candidate.path for candidate in candidates)
        self.at_home = {issue.path: issue for issue in self.known if not issue.gone}
        self.free = {issue.id: issue for issue in self.known}
        self.left = {candidate.path: candidate for candidate in candidates}
        self.found: dict[str, IssueId | None] = {candidate.path: None for candidate in candidates}
        self.doubts: dict[str, Doubt] = {}

    def run(self) -> None:
        for candidate in self.candidates:
            issue = self.at_home.get(candidate.path)
            if issue and issue.blob == candidate.blob:
                self._match(candidate, issue)
        if not self.left:
            return
        self.like = _Likeness(self.known)
        # What went away before anything became of it leaves no title behind that others could be taken for.
        self.titles = Counter(_plain(issue.title) for issue in self.known if issue.settled or not issue.gone)
        self.new_titles = Counter(_plain(candidate.title) for candidate in self.left.values())
        self.ids = Counter(issue.explicit for issue in self.known)
        self.ids_here = Counter(candidate.explicit for candidate in self.candidates)
        self.sharing = self._sharing()
        home = [(candidate, self.at_home[path]) for path, candidate in self.left.items() if path in self.at_home]
        self._by_explicit_id()
        self._match_all(pair for pair in home if self._same_to_a_reader(*pair))
        self._by_bytes()
        self._match_all(pair for pair in home if _same_day(*pair) and not self._other_ids(*pair))
        self._by_text()
        self._by_place(home)
        self._by_title_and_day()
        self._by_remains()
        self._beside_others()

    def _match(self, candidate: Candidate, issue: Known) -> None:
        if candidate.path in self.left and issue.id in self.free:
            del self.left[candidate.path], self.free[issue.id]
            self.found[candidate.path] = issue.id

    def _match_all(self, pairs: Iterable[tuple[Candidate, Known]]) -> None:
        for candidate, issue in list(pairs):
            self._match(candidate, issue)

    def _doubt(self, candidate: Candidate, issue: IssueId | None, why: str) -> None:
        if candidate.path in self.left:
            del self.left[candidate.path]
            self.doubts[candidate.path] = Doubt(issue=issue, why=why)

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

    # What speaks for and against

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
        if self._likeness(candidate, issue) >= SIMILAR:
            return True
        if _plain(candidate.title) == _plain(issue.title) and _same_day(candidate, issue):
            return True
        return self._same_title(candidate, issue)

    def _has_better_home(self, candidate: Candidate, issue: Known) -> bool:
        """Tell whether a file stands in the place of a settled issue, from which one that is not settled may not draw it away."""
        home = self.at_home.get(candidate.path)
        return home is not None and home.id in self.free and home.settled and not issue.settled

    # The steps

    def _by_explicit_id(self) -> None:
        unique = {issue.explicit: issue for issue in self.free.values() if issue.explicit and self.ids[issue.explicit] == 1}
        for candidate in list(self.left.values()):
            issue = unique.get(candidate.explicit or "")
            if issue and self.ids_here[candidate.explicit] == 1 and not self._alien(candidate, issue):
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
        if _plain(candidate.title) == _plain(issue.title) or _near(candidate, issue):
            return True
        enough = self.like.shared(candidate.text, issue.fingerprint) >= ENOUGH
        return not issue.gone and likeness >= STRONG and enough

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
                    self._doubt(candidate, issue.id, f"it stands in the place of '{issue.title}', of the same day, with another id")
            elif not self._alien(candidate, issue):
                self._match(candidate, issue)
            else:
                why = f"it stands in the place of '{issue.title}', and title, date and text are all different"
                self._doubt(candidate, issue.id, why)

    def _by_title_and_day(self) -> None:
        by_title: defaultdict[str, list[Known]] = defaultdict(list)
        for issue in self.free.values():
            if issue.settled and self._away(issue):
                by_title[_plain(issue.title)].append(issue)
        for candidate in list(self.left.values()):
            for issue in by_title.get(_plain(candidate.title), ()):
                if not self._same_title(candidate, issue) or self._other_ids(candidate, issue):
                    continue
                if _same_day(candidate, issue) and self._just_left(issue):
                    self._match(candidate, issue)
                elif _same_day(candidate, issue) or self._just_left(issue):
                    self._doubt(candidate, issue.id, f"it has the title of '{issue.title}', which was in {issue.path}")

    def _by_remains(self) -> None:
        """Doubt the files in which something is left of an issue that went away."""
        for candidate in list(self.left.values()):
            for issue in self._relatives(candidate):
                if issue.id in self.free and issue.settled and self._away(issue) and self._resembles(candidate, issue):
                    self._doubt(candidate, issue.id, f"it says much of what '{issue.title}' said, which was in {issue.path}")

    def _resembles(self, candidate: Candidate, issue: Known) -> bool:
        likeness = self._likeness(candidate, issue)
        if likeness < RESEMBLING or self.like.shared(candidate.text, issue.fingerprint) < ENOUGH:
            return False
        return not issue.gone or likeness >= STRONG or _near(candidate, issue)

    def _beside_others(self) -> None:
        """Doubt the files that stand beside an original: copies, the same in another format, translations."""
        here = {issue: path for path, issue in self.found.items() if issue is not None}
        texts = {issue.id: issue for issue in self.known}
        by_name: defaultdict[str, list[tuple[_Place, IssueId | None]]] = defaultdict(list)
        for issue, path in here.items():
            place = _Place.of(path, texts[issue].date)
            by_name[place.name].append((place, issue))
        by_title: defaultdict[str, list[Candidate]] = defaultdict(list)
        for candidate in sorted(self.left.values(), key=lambda file: _Place.of(file.path, file.date).rank):
            place = _Place.of(candidate.path, candidate.date)
            for other, issue in by_name[place.name]:
                if why := place.doubt(other):
                    self._doubt(candidate, issue, why)
            for known in self._relatives(candidate):
                if known.id in here and self._is_copy(candidate, known.title, known, known.fingerprint):
                    self._doubt(candidate, known.id, f"it says the same as {here[known.id]}")
            for other_file in by_title[_plain(candidate.title)]:
                if self._is_copy(candidate, other_file.title, other_file, other_file.text):
                    self._doubt(candidate, None, f"it says the same as {other_file.path}")
            by_name[place.name].append((place, None))
            by_title[_plain(candidate.title)].append(candidate)

    def _is_copy(self, candidate: Candidate, title: str, other: Known | Candidate, text: Fingerprint) -> bool:
        if not candidate.title or _plain(candidate.title) != _plain(title):
            return False
        least = SIMILAR if _near(candidate, other) else NEARLY_ALL
        return self.like.of(candidate.text, text) >= least and self.like.shared(candidate.text, text) >= ENOUGH


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A path without its suffix and language, and what was left out."""

    path: str
    name: str
    language: str
    suffix: str
    date: dt.date | dt.datetime | None

    @classmethod
    def of(cls, path: str, day: dt.date | dt.datetime | None) -> "_Place":
        """Take a path apart."""
        pure = PurePosixPath(path)
        stem, dot, tail = pure.stem.rpartition(".")
        languages = [tail] if dot and _is_language(tail) else []
        name = stem if languages else pure.stem
        folders = [part for part in pure.parts[:-1] if not _is_language(part)]
        languages += [part for part in pure.parts[:-1] if _is_language(part)]
        language = "/".join(languages).lower()
        return cls(path=path, name="/".join([*folders, name]), language=language, suffix=pure.suffix.lower(), date=day)

    @property
    def rank(self) -> tuple[bool, bool, str]:
        """Originals come first: no language or English, Markdown before what it is made of, then by path."""
        return (self.language not in {"", "en"}, self.suffix not in {".md", ".markdown", ".mdx"}, self.path)

    def doubt(self, other: "_Place") -> str:
        """Say what a file beside another one is, "" when it is an issue of its own."""
        if self.date and other.date and abs(_day(self.date).toordinal() - _day(other.date).toordinal()) > 1:
            return ""
        if self.language != other.language:
            return f"it looks like a translation of {other.path}"
        return f"it looks like {other.path} in another format" if self.suffix != other.suffix else ""


def _is_language(part: str) -> bool:
    return bool(_LANGUAGE.fullmatch(part)) and part[:2].lower() in _LANGUAGES


def _plain(title: str) -> str:
    """Return a title without what editors change in passing: case, punctuation, spaces."""
    return _NOT_TEXT.sub(" ", unicodedata.normalize("NFKC", title).casefold()).strip()


def _day(when: dt.date | dt.datetime) -> dt.date:
    return when.date() if isinstance(when, dt.datetime) else when


def _same_day(one: Known | Candidate, other: Known | Candidate) -> bool:
    """Tell whether two dates are one day."""
    return one.date is not None and other.date is not None and _day(one.date) == _day(other.date)


def _near(one: Known | Candidate, other: Known | Candidate) -> bool:
    """Tell whether two dates are at most a day apart, which is what a time zone makes of one date."""
    if one.date is None or other.date is None:
        return False
    return abs(_day(one.date).toordinal() - _day(other.date).toordinal()) <= 1
