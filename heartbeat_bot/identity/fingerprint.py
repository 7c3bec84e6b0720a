"""What is kept of a text to recognise it, how alike two texts are, and from where on that says something. Pure."""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Self

MOST_LINES: Final = 2000
"""Different lines of a text that are kept, the heaviest: ten times as many as a long issue has."""

SIMILAR: Final = 0.6
"""From here on two texts are the same issue's. Issues of moved sites measured 0.89 to 1 line by line; different issues of one
newsletter share at most 0.57 of all their text in ten newsletters measured, and less than 0.15 of what is distinctive in two."""

STRONG: Final = 0.8
"""From here on the text alone says that an issue which has just left its place is found again."""

TWIN: Final = 0.95
"""From here on a text is found again even when nobody can tell yet how much of it is boilerplate."""

NEARLY_ALL: Final = 0.9
"""From here on a file of another day is a copy all the same."""

RESEMBLING: Final = 0.35
"""From here on, up to SIMILAR, a text leaves a doubt: twice as much as different issues of one newsletter were seen to share."""

ALIEN: Final = 0.15
"""Below this two texts have nothing to do with each other."""

ENOUGH: Final = 120
"""So many distinctive characters must two texts share for the text alone to count: two or three lines."""

COMMON: Final = 50
"""Lines that more issues than this have are not followed from one to the other; they weigh next to nothing."""

_MANY = 5
"""Among so many issues that share nothing, there is no boilerplate; among fewer, nobody can tell yet."""

_NOT_TEXT = re.compile(r"[\W_]+")


def plain(line: str) -> str:
    """Return a line or a title without what editors change in passing: case, punctuation, spaces."""
    return _NOT_TEXT.sub(" ", unicodedata.normalize("NFKC", line).casefold()).strip()


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The lines of a text, hashed, each with its weight (characters times occurrences)."""

    lines: Mapping[str, int]

    @classmethod
    def of(cls, text: str) -> Self:
        """Take the fingerprint of a text. Case, punctuation, indentation, blank lines and the order of lines do not count."""
        weights: Counter[str] = Counter()
        for line in text.splitlines():
            if bare := plain(line):
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


class Likeness:
    """How alike texts are, measured by what is distinctive in them among all that is known."""

    def __init__(self, having: Counter[str], everywhere: Counter[str], *, known: int) -> None:
        """Take the number of known issues that have each line, and of all texts that tell of boilerplate; how many issues are ``known``."""
        self.having = having
        self._everywhere = everywhere
        self._many = known >= _MANY
        # By id: the texts outlive this. Without it, to tell who is who among a thousand that moved takes three times as long.
        self._weights: dict[int, float] = {}

    def shared(self, one: Fingerprint, other: Fingerprint) -> float:
        """Return how many distinctive characters two texts share."""
        return sum(weight / max(1, self.having[line]) for line, weight in _in_both(one, other))

    def of(self, one: Fingerprint, other: Fingerprint) -> float:
        """Return the share of distinctive text that two texts have in common, from 0 (also for texts without any) to 1."""
        whole = self._weight(one) + self._weight(other)
        return 2 * sum(weight * self._rarity(line) for line, weight in _in_both(one, other)) / whole if whole else 0.0

    def least(self, text: Fingerprint) -> float:
        """Return from where on a known text is found again by itself."""
        return STRONG if self.knows_boilerplate(text) else TWIN

    def knows_boilerplate(self, text: Fingerprint) -> bool:
        """Tell whether enough is known to tell what is distinctive in a known text: others share some of it, or there are many."""
        return self._many or any(self._everywhere[line] > 1 for line in text.lines)

    def _weight(self, text: Fingerprint) -> float:
        if id(text) not in self._weights:
            self._weights[id(text)] = sum(weight * self._rarity(line) for line, weight in text.lines.items())
        return self._weights[id(text)]

    def _rarity(self, line: str) -> float:
        return 1 / max(1, self._everywhere[line]) ** 2


def _in_both(one: Fingerprint, other: Fingerprint) -> Iterator[tuple[str, int]]:
    """Give the lines that two texts share, each with the lesser of its weights."""
    fewer, more = sorted((one.lines, other.lines), key=len)
    return ((line, min(weight, more[line])) for line, weight in fewer.items() if line in more)
