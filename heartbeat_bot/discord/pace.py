"""How much one person may ask for at once: nobody keeps the bot from answering the others."""

from dataclasses import dataclass, field
from typing import Final

BURST: Final = 20.0
"""Questions that one person may ask at once. Who leafs through an issue, or tries what a button does, asks for less."""
PER_SECOND: Final = 1.0
"""Questions that one person may ask for as long as they like."""
COMPLETION: Final = 0.1
"""What a suggestion while somebody types counts as: there is one for every key."""
_PEOPLE: Final = 10_000
"""People who are remembered; who has not asked for :data:`BURST` / :data:`PER_SECOND` seconds need not be."""


@dataclass(slots=True)
class Pace:
    """Counts what each person asks for (a token bucket of ``burst`` for each). Instants are seconds of one clock that only goes forward."""

    burst: float = BURST
    _left: dict[int, tuple[float, float]] = field(default_factory=dict[int, tuple[float, float]])
    """What each person had left, and when."""

    def wait(self, person: int, now: float, *, cost: float = 1.0) -> float:
        """Return for how many seconds a person should wait; 0.0 when their question is taken, which counts as ``cost`` questions."""
        left, then = self._left.get(person, (self.burst, now))
        left = min(self.burst, left + (now - then) * PER_SECOND)
        if left < cost:
            return (cost - left) / PER_SECOND
        if len(self._left) >= _PEOPLE:
            self._left = {one: kept for one, kept in self._left.items() if now - kept[1] < self.burst / PER_SECOND}
        self._left[person] = (left - cost, now)
        return 0.0
