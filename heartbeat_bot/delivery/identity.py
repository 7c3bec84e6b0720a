"""Which file of a snapshot is which known issue: the one place where that rule lives. Pure.

In this order, each file and each issue being matched at most once:

1. The explicit id in the front matter. Two different explicit ids are two issues, whatever else agrees.
2. The path.
3. The bytes: a file equal to an issue whose path vanished is that issue, moved.
4. The text: among the files and the issues whose path vanished that are left, the most similar pair first, as long as it is similar
   enough (:data:`SIMILAR`); of equally similar ones, the pair with the same slug.

Names alone never identify: many newsletters have the same one in every file. An issue that went away keeps its row in the ledger,
so that it is recognised when it comes back years later.
"""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NewType, Self

from heartbeat_bot.sources.snapshot import BlobId

IssueId = NewType("IssueId", int)
"""Names an issue in the ledger, for good."""

SIMILAR: Final = 0.6
"""From here on two texts are the same issue. Issues of moved sites measured 0.89 to 1; different issues of one newsletter share
their boilerplate, at most 0.57 in the ten newsletters measured."""

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


def similarity(one: Fingerprint, other: Fingerprint) -> float:
    """Return the share of text that two texts have in common line by line, from 0 (also for empty texts) to 1."""
    whole = one.weight + other.weight
    if not whole:
        return 0.0
    fewer, more = sorted((one.lines, other.lines), key=len)
    return 2 * sum(min(weight, more.get(line, 0)) for line, weight in fewer.items()) / whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An issue of the ledger, also one that is gone: where it was last, and what it said."""

    id: IssueId
    explicit: str | None
    path: str
    blob: BlobId
    slug: str
    fingerprint: Fingerprint
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A file of the snapshot. ``fingerprint`` may be None for a file that was not read because nothing about it changed."""

    explicit: str | None
    path: str
    blob: BlobId
    slug: str
    fingerprint: Fingerprint | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """Who is who.

    ``issues`` maps the path of every file that is an issue to the known issue that it is, None for a new one. ``twins`` maps the
    paths of files that repeat the explicit id of another file to that file's path: they are copies, not issues of their own.
    ``gone`` are the known issues that no file is now, those that went away earlier included.
    """

    issues: Mapping[str, IssueId | None]
    twins: Mapping[str, str]
    gone: frozenset[IssueId]


def identify(known: Iterable[Known], candidates: Iterable[Candidate]) -> Resolution:
    """Match the files of a snapshot (distinct paths) with the known issues of its newsletter (distinct ids, in any order)."""
    # Issues that are there come before those that went away, younger ones before older ones.
    free = {issue.id: issue for issue in sorted(known, key=lambda issue: (issue.gone, -issue.id))}
    left = {candidate.path: candidate for candidate in sorted(candidates, key=lambda candidate: candidate.path)}
    twins = _twins(list(left.values()), list(free.values()))
    left = {path: candidate for path, candidate in left.items() if path not in twins}
    paths = frozenset(left)
    found: dict[str, IssueId | None] = dict.fromkeys(left)

    def match(pairs: Iterable[tuple[Candidate, Known]]) -> None:
        for candidate, issue in pairs:
            if candidate.path in left and issue.id in free:
                del left[candidate.path], free[issue.id]
                found[candidate.path] = issue.id

    def pairs(
        key_of_file: Callable[[Candidate], str | None], key_of_issue: Callable[[Known], str | None]
    ) -> Iterable[tuple[Candidate, Known]]:
        by_key: dict[str, list[Known]] = {}
        for issue in free.values():
            key = key_of_issue(issue)
            if key is not None:
                by_key.setdefault(key, []).append(issue)
        return [
            (candidate, issue)
            for candidate in left.values()
            for issue in by_key.get(key_of_file(candidate) or "", ())
            if _compatible(candidate, issue)
        ]

    def vanished(issue: Known) -> bool:
        return issue.gone or issue.path not in paths

    match(pairs(lambda file: file.explicit, lambda issue: issue.explicit))
    match(pairs(lambda file: file.path, lambda issue: issue.path))
    by_bytes = pairs(lambda file: file.blob, lambda issue: issue.blob if vanished(issue) else None)
    match(sorted(by_bytes, key=lambda pair: pair[0].slug != pair[1].slug))
    match(_most_similar(list(left.values()), [issue for issue in free.values() if vanished(issue)]))
    return Resolution(issues=found, twins=twins, gone=frozenset(free))


def _compatible(candidate: Candidate, issue: Known) -> bool:
    """Tell whether explicit ids allow a file to be an issue: one that is missing may have been added or taken away."""
    return candidate.explicit is None or issue.explicit is None or candidate.explicit == issue.explicit


def _twins(candidates: Sequence[Candidate], known: Sequence[Known]) -> dict[str, str]:
    """Map the files that repeat an explicit id to the file that has it: the one at the known path, else the first."""
    at_home = {(issue.explicit, issue.path) for issue in known}
    originals: dict[str, str] = {}
    twins: dict[str, str] = {}
    for candidate in sorted(candidates, key=lambda file: ((file.explicit, file.path) not in at_home, file.path)):
        if candidate.explicit is not None and originals.setdefault(candidate.explicit, candidate.path) != candidate.path:
            twins[candidate.path] = originals[candidate.explicit]
    return twins


def _most_similar(candidates: Sequence[Candidate], issues: Sequence[Known]) -> list[tuple[Candidate, Known]]:
    """Return the pairs that are similar enough, the most similar first; taken in this order, every match is the best for both."""
    scored = [
        (-similarity(candidate.fingerprint, issue.fingerprint), candidate.slug != issue.slug, number, candidate, issue)
        for candidate in candidates
        if candidate.fingerprint
        for number, issue in enumerate(issues)
        if _compatible(candidate, issue)
    ]
    likely = [entry for entry in scored if -entry[0] >= SIMILAR]
    return [(candidate, issue) for *_, candidate, issue in sorted(likely, key=lambda entry: (*entry[:3], entry[3].path))]
