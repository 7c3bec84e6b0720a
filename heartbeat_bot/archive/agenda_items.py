"""What the issues of a newsletter tell of events, brought together."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from heartbeat_bot.archive.entry import Listed
from heartbeat_bot.extract.agenda import agenda
from heartbeat_bot.extract.items import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedItem:
    """An event with its latest details, and the issue that told of it last. ``key`` names it within its newsletter, for good."""

    key: str
    event: Event
    listed: Listed

    @property
    def newsletter(self) -> str:
        """The newsletter that told of it."""
        return self.listed.newsletter

    @property
    def mark(self) -> str:
        """What menus, buttons and the store call it by, in few characters: the same as long as it is the same event."""
        return sha256(f"{self.newsletter}\0{self.key}".encode()).hexdigest()[:16]


def merged_items(issues: Sequence[tuple[Listed, Sequence[Event]]]) -> tuple[MergedItem, ...]:
    """Return the events of one newsletter's issues, each once, by day."""
    items = agenda((listed.day, events) for listed, events in issues)
    return tuple(MergedItem(key=item.key, event=item.event, listed=issues[item.issue][0]) for item in items)


def in_order(told: Sequence[MergedItem]) -> tuple[MergedItem, ...]:
    """Return the events of several newsletters, each newsletter's in order, by day."""
    return tuple(sorted(told, key=lambda one: one.event.day))
