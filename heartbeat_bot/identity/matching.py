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
or a path without a number or a month (see ``paths.py``) is the newsletter's and not an issue's.

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

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from heartbeat_bot.identity.doubting import doubts_about
from heartbeat_bot.identity.doubts import Doubt, DoubtCode
from heartbeat_bot.identity.evidence import Candidate, Evidence, Known, is_untitled, same_day, same_words
from heartbeat_bot.identity.fingerprint import SIMILAR, plain
from heartbeat_bot.identity.paths import edition_tokens, is_rolling
from heartbeat_bot.ids import IssueId
from heartbeat_bot.sources.snapshot import BlobId


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
    ordered = sorted(known, key=lambda issue: (issue.gone, -issue.id))
    sure = [issue for issue in ordered if not issue.doubtful]
    doubtful = [issue for issue in ordered if issue.doubtful]
    matching = _Matching(sure, sorted(candidates, key=lambda candidate: candidate.path))
    matching.run(doubtful)
    by_path = {issue.path: issue for issue in doubtful}
    reused = {path: by_path[path].id for path, issue in matching.found.items() if issue is None and path in by_path}
    vanished = {issue.id for issue in doubtful if issue.path not in matching.found}
    absorbed = {issue.id for issue in doubtful} - set(reused.values()) - vanished
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
    known, now = Counter(map(plain, titles)), Counter(plain(candidate.title) for candidate, _, _ in edits)
    return all(
        candidate.explicit == explicit
        and not is_untitled(candidate)
        and (edition_tokens(title) or not is_rolling(candidate.path))
        and (words := plain(title))
        and words == plain(candidate.title)
        and known[words] == now[words] == 1
        for candidate, explicit, title in edits
    )


class _Matching:
    """One run of the rule: ``left`` are the files and ``free`` the issues that are not matched yet."""

    evidence: Evidence

    def __init__(self, known: Sequence[Known], candidates: Sequence[Candidate]) -> None:
        self.known = known
        self.candidates = candidates
        self.at_home = {issue.path: issue for issue in known if not issue.gone}
        self.free = {issue.id: issue for issue in known}
        self.left = {candidate.path: candidate for candidate in candidates}
        self.found: dict[str, IssueId | None] = dict.fromkeys(self.left)
        self.doubts: dict[str, Doubt] = {}

    def run(self, doubtful: Sequence[Known]) -> None:
        for candidate in self.candidates:
            issue = self.at_home.get(candidate.path)
            if issue and issue.blob == candidate.blob:
                self._match(candidate, issue)
        if not self.left:
            return
        evidence = self.evidence = Evidence(self.known, doubtful, self.candidates, list(self.left.values()))
        self._by_explicit_id()
        self._match_all(pair for pair in evidence.home if evidence.same_to_a_reader(*pair))
        self._by_bytes()
        self._match_all(pair for pair in evidence.home if same_day(*pair) and self._stays(*pair))
        self._by_text()
        self._by_place()
        self._by_title_and_day()
        here = {issue: path for path, issue in self.found.items() if issue is not None}
        self.doubts |= doubts_about(list(self.left.values()), self.free, here, evidence)

    def _match(self, candidate: Candidate, issue: Known) -> None:
        if candidate.path in self.left and issue.id in self.free:
            del self.left[candidate.path], self.free[issue.id]
            self.found[candidate.path] = issue.id

    def _match_all(self, pairs: Iterable[tuple[Candidate, Known]]) -> None:
        for candidate, issue in list(pairs):
            self._match(candidate, issue)

    def _doubt(self, candidate: Candidate, doubt: Doubt) -> None:
        if self.left.pop(candidate.path, None):
            self.doubts[candidate.path] = doubt

    def _stays(self, candidate: Candidate, issue: Known) -> bool:
        return issue.id not in self.evidence.moved and not self.evidence.other_ids(candidate, issue)

    def _has_better_home(self, candidate: Candidate, issue: Known) -> bool:
        """Tell whether a file stands in the place of a settled issue, from which one that is not settled may not draw it away."""
        home = self.at_home.get(candidate.path)
        return home is not None and home.id in self.free and home.settled and not issue.settled

    def _by_explicit_id(self) -> None:
        ids, new_ids = self.evidence.ids, self.evidence.new_ids
        unique = {issue.explicit: issue for issue in self.free.values() if issue.explicit and ids[issue.explicit] == 1}
        for candidate in list(self.left.values()):
            issue = unique.get(candidate.explicit or "")
            if not issue or new_ids[candidate.explicit] > 1 or self.evidence.alien(candidate, issue):
                continue
            if edition_tokens(issue.explicit or "") or not self.evidence.has_moved_on(candidate, issue):
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
            for issue in self.evidence.relatives(candidate):
                likeness = self.evidence.likeness(candidate, issue) if issue.id in self.free else 0
                if likeness < SIMILAR or self._has_better_home(candidate, issue):
                    continue
                if self.evidence.found_again(candidate, issue, likeness):
                    agreement = (candidate.slug == issue.slug) + same_words(candidate, issue) + same_day(candidate, issue)
                    scored.append((-likeness, -agreement, issue.gone, -issue.id, candidate, issue))
        self._match_all(entry[-2:] for entry in sorted(scored, key=lambda entry: (*entry[:4], entry[4].path)))

    def _by_place(self) -> None:
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
        for candidate, issue in (*self.evidence.home, *former):
            if issue.id not in self.free:
                continue
            if not issue.settled:
                self._match(candidate, issue)
            elif self.evidence.other_ids(candidate, issue):
                if same_day(candidate, issue):
                    self._doubt(candidate, issue.doubt(DoubtCode.OTHER_ID, elsewhere=False))
            elif self.evidence.alien(candidate, issue):
                self._doubt(candidate, issue.doubt(DoubtCode.ALL_DIFFERENT, elsewhere=False))
            elif is_rolling(issue.path) and self.evidence.has_moved_on(candidate, issue):
                self._doubt(candidate, issue.doubt(DoubtCode.NEXT_ISSUE, elsewhere=False))
            else:
                self._match(candidate, issue)

    def _by_title_and_day(self) -> None:
        by_title: defaultdict[str, list[Known]] = defaultdict(list)
        for issue in self.free.values():
            if issue.settled and self.evidence.away(issue):
                by_title[plain(issue.title)].append(issue)
        for candidate in list(self.left.values()):
            for issue in by_title.get(plain(candidate.title), ()):
                alone = self.evidence.same_title(candidate, issue)
                day = same_day(candidate, issue) and (alone or self.evidence.only_one_of_its_day(candidate))
                if not (alone or day) or self.evidence.other_ids(candidate, issue):
                    continue
                if day and not issue.gone:
                    self._match(candidate, issue)
                elif day or not issue.gone:
                    self._doubt(candidate, issue.doubt(DoubtCode.SAME_TITLE, elsewhere=True))
