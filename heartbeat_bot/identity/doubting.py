"""The files that are no known issue: why they may be no news all the same. Pure."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final

from heartbeat_bot.identity.doubts import Doubt, DoubtCode
from heartbeat_bot.identity.evidence import Candidate, Evidence, Known, lines_of, near, numbers
from heartbeat_bot.identity.fingerprint import ENOUGH, NEARLY_ALL, RESEMBLING, SIMILAR, STRONG, Fingerprint, plain
from heartbeat_bot.identity.paths import PathParts, day_of, edition_tokens, unpublished
from heartbeat_bot.ids import IssueId

_LITTLE: Final = 0.2
"""A text with no more than this of its own has a title and a date, and nothing below them."""


def doubts_about(
    left: Sequence[Candidate], free: Mapping[IssueId, Known], here: Mapping[IssueId, str], evidence: Evidence
) -> dict[str, Doubt]:
    """Return the doubts about the files ``left`` that no step has matched, by path: of each the first.

    ``free`` are the issues that no file is, ``here`` the paths of the others.
    """
    doubting = _Doubting(free, here, evidence)
    doubts: dict[str, Doubt] = {}
    for step in (doubting.remains, doubting.day_or_number, doubting.name, doubting.neighbours, doubting.lack_of_text):
        for candidate, doubt in step([candidate for candidate in left if candidate.path not in doubts]):
            doubts.setdefault(candidate.path, doubt)
    return doubts


_Doubts = Iterator[tuple[Candidate, Doubt]]


class _Doubting:
    """The reasons, each looked for among the files that none before it has named."""

    def __init__(self, free: Mapping[IssueId, Known], here: Mapping[IssueId, str], evidence: Evidence) -> None:
        self.away = [issue for issue in free.values() if issue.settled and evidence.away(issue)]
        self.here = here
        self.evidence = evidence
        self.unsure = {issue.path for issue in evidence.doubtful}

    def remains(self, left: Sequence[Candidate]) -> _Doubts:
        """Doubt the files in which something is left of an issue that went away."""
        away = {issue.id for issue in self.away}
        for candidate in left:
            for issue in self.evidence.relatives(candidate):
                if issue.id in away and self._resembles(candidate, issue):
                    yield candidate, issue.doubt(DoubtCode.REMAINS, elsewhere=True)

    def _resembles(self, candidate: Candidate, issue: Known) -> bool:
        likeness = self.evidence.likeness(candidate, issue)
        if likeness < RESEMBLING or not self.evidence.shares_enough(candidate, issue):
            return False
        return not issue.gone or likeness >= STRONG or near(candidate, issue)

    def day_or_number(self, left: Sequence[Candidate]) -> _Doubts:
        """Doubt the files that have the day of an issue that went away, or the number of one that left in this very pass.

        All else may have been changed at once: a site that moves gets new names, titles and line breaks.
        """
        days = {day_of(issue.date): issue for issue in self.away if issue.date is not None}
        shared = Counter(chain.from_iterable(map(numbers, self.evidence.known)))
        just_left = [issue for issue in self.away if not issue.gone]
        numbered = {number: issue for issue in just_left for number in numbers(issue) if shared[number] == 1}
        for candidate in left:
            if candidate.date is not None and (issue := days.get(day_of(candidate.date))):
                yield candidate, issue.doubt(DoubtCode.SAME_DATE, elsewhere=True)
            for number in numbers(candidate):
                if issue := numbered.get(number):
                    yield candidate, issue.doubt(DoubtCode.SAME_NUMBER, elsewhere=True)

    def name(self, left: Sequence[Candidate]) -> _Doubts:
        """Doubt the files whose names are not those of issues."""
        places = {issue.path for issue in self.evidence.known if issue.settled}
        for candidate in left:
            if candidate.path not in places and (code := unpublished(candidate.path, dated=candidate.date is not None)):
                yield candidate, Doubt(code=code)

    def neighbours(self, left: Sequence[Candidate]) -> _Doubts:
        """Doubt the files that stand beside an original: copies, the same in another format, translations."""
        beside = _Neighbours()
        known = {issue.id: issue for issue in self.evidence.known}
        for issue, path in self.here.items():
            beside.add(PathParts.of(path, known[issue].date), issue)
        by_title: defaultdict[str, list[Candidate]] = defaultdict(list)
        for candidate in sorted(left, key=lambda file: PathParts.of(file.path, file.date).rank):
            place = PathParts.of(candidate.path, candidate.date)
            for doubt in (*beside.doubts(place), *self._copies(candidate)):
                yield candidate, doubt
            for other in by_title[plain(candidate.title)]:
                if self._is_copy(candidate, other, other.text):
                    yield candidate, Doubt(code=DoubtCode.COPY, path=other.path)
            beside.add(place, None)
            by_title[plain(candidate.title)].append(candidate)

    def _copies(self, candidate: Candidate) -> Iterator[Doubt]:
        # An issue that is begun as a copy is edited bit by bit: it is one until most of it is written anew.
        unfinished = candidate.path in self.unsure
        for known in self.evidence.relatives(candidate):
            if known.id not in self.here:
                continue
            if self._is_copy(candidate, known, known.fingerprint):
                yield Doubt(code=DoubtCode.COPY, issue=known.id, path=self.here[known.id])
            elif unfinished and self.evidence.settled_like.of(candidate.text, known.fingerprint) >= RESEMBLING:
                yield Doubt(code=DoubtCode.UNFINISHED_COPY, issue=known.id, path=self.here[known.id])

    def _is_copy(self, candidate: Candidate, other: Known | Candidate, text: Fingerprint) -> bool:
        if not candidate.title:
            return False
        like = self.evidence.like
        if plain(candidate.title) == plain(other.title):
            least = SIMILAR if near(candidate, other) else NEARLY_ALL
        elif near(candidate, other) and not _other_edition(candidate.title, other.title) and like.knows_boilerplate(text):
            least = STRONG
        else:
            return False
        return like.of(candidate.text, text) >= least and like.shared(candidate.text, text) >= ENOUGH

    def lack_of_text(self, left: Sequence[Candidate]) -> _Doubts:
        """Doubt the files that say next to nothing which others do not say as well: templates that nobody has filled in yet."""
        new = Counter(chain.from_iterable(candidate.text.lines for candidate in left))

        def is_empty(text: Fingerprint, known: Container[str]) -> bool:
            # What two new files share may be an issue beside its twin; what three share is a template.
            own = sum(weight for line, weight in text.lines.items() if line not in known and new[line] <= 2)  # noqa: PLR2004
            return text.weight >= 2 * ENOUGH and own < min(ENOUGH, _LITTLE * text.weight)

        suspects = [candidate for candidate in left if is_empty(candidate.text, self.evidence.like.having)]
        if not suspects:
            return
        # An issue of which a part became another one does not say any more what it said.
        known = [issue for issue in self.evidence.known if issue.settled or not issue.gone]
        texts = [self.evidence.texts.get(self.here.get(issue.id, "")) or issue.fingerprint for issue in known]
        having = Counter(chain.from_iterable(text.lines for text in texts))
        # What one other issue says is no template: a newsletter may say again what it said, under a new title and date.
        common = {line for line, count in having.items() if count > 1}
        if 2 * sum(is_empty(text, common) for text in texts) > len(texts):
            return  # its issues are like that
        templates = (issue for issue in self.evidence.known if unpublished(issue.path, dated=issue.date is not None))
        common.update(lines_of((*self.evidence.doubtful, *templates)))
        yield from ((one, Doubt(code=DoubtCode.LITTLE_TEXT)) for one in suspects if is_empty(one.text, common))


class _Neighbours:
    """The places of issues and of new files, by name, and by day together with folder or file name."""

    def __init__(self) -> None:
        self._places: defaultdict[str | tuple[str, dt.date], list[tuple[PathParts, IssueId | None]]] = defaultdict(list)

    def add(self, place: PathParts, issue: IssueId | None) -> None:
        self._places[place.name].append((place, issue))
        if place.date is not None:
            for known_by in (place.folder, place.last):
                self._places[known_by, day_of(place.date)].append((place, issue))

    def doubts(self, place: PathParts) -> Iterator[Doubt]:
        """Give what a file looks like beside the others."""
        for other, issue in self._places[place.name]:
            if code := place.doubt(other):
                yield Doubt(code=code, issue=issue, path=other.path)
        if place.date is not None and place.is_translated:
            day = day_of(place.date)
            for other, issue in (*self._places[place.folder, day], *self._places[place.last, day]):
                if other.language != place.language:
                    yield Doubt(code=DoubtCode.TRANSLATION, issue=issue, path=other.path)


def _other_edition(one: str, other: str) -> bool:
    """Tell whether two titles say that they are of two editions: each has numbers or months, and not the same."""
    return bool(edition_tokens(one) and edition_tokens(other)) and edition_tokens(one) != edition_tokens(other)
