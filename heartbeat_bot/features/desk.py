"""What all verbs work with: the configuration, what is known, what was said, and the way out to Discord."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import accumulate, takewhile
from typing import Final

from heartbeat_bot.archive.store import Archive
from heartbeat_bot.clock import Clock
from heartbeat_bot.config import Config
from heartbeat_bot.errors import OutletError
from heartbeat_bot.features.router import OutdatedError
from heartbeat_bot.ids import IssueId, MessageId, message_url
from heartbeat_bot.ports import Discord
from heartbeat_bot.rendering.components import shortened, written
from heartbeat_bot.rendering.dialect import inert
from heartbeat_bot.store.deliveries import Kind
from heartbeat_bot.store.ledger import Ledger
from heartbeat_bot.store.outbox import DeliveredMessage
from heartbeat_bot.sync.reconciler import Reconciler

_LOG = logging.getLogger(__name__)
_BELIEVED: Final = timedelta(minutes=10)
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What was opened elsewhere, for all who answer. ``clock`` tells the time for every rule.

    ``unread`` says how many issues of a newsletter the archive is still to read; one that is not in it has not been looked at since
    the start.
    """

    config: Config
    ledger: Ledger
    archive: Archive
    outlet: Discord
    passes: Reconciler
    clock: Clock
    unread: dict[str, int] = field(default_factory=dict[str, int])
    _seen: dict[MessageId, datetime] = field(default_factory=dict[MessageId, datetime])

    async def address(self, message: DeliveredMessage) -> str:
        """Return the address of a message."""
        return message_url((await self.passes.channels.facts(message.channel)).guild, message.channel, message.message)

    async def posted(self, issue: int, key: str) -> str:
        """Return the address of the message that shows a post of an issue, "" when it was not posted or somebody deleted it."""
        held = await self.ledger.outbox.held(IssueId(issue))
        found = next((message for message in held if message.key == key and message.kind is Kind.ANNOUNCEMENT), None)
        try:
            return await self.address(found) if found and await self._is_there(found) else ""
        except OutletError as error:
            _LOG.warning("an answer goes without a link to message %s: %s", found and found.message, error)
            return ""

    async def _is_there(self, message: DeliveredMessage) -> bool:
        """Ask Discord whether a message is still there, and believe it for some minutes."""
        now = self.clock()
        if abs(now - self._seen.get(message.message, _NEVER)) > _BELIEVED:  # the clock may have gone back
            if not await self.outlet.has(message.channel, message.message):
                return False
            self._seen[message.message] = now
        return True

    @property
    def is_bound(self) -> bool:
        """Whether members read what a moderator, or the policy, let through, rather than what the source says now."""
        return self.passes.duties.issues or self.passes.duties.edits

    def is_filling(self, names: Iterable[str]) -> bool:
        """Tell whether the archive may lack issues of one of some newsletters because it has not read all of them yet."""
        return any(self.unread.get(name, 0 if self.archive.known(name) else 1) for name in names)

    def names(self) -> Sequence[str]:
        """Return the newsletters' names."""
        return list(self.config.newsletters)

    def newsletter_of(self, short: str) -> str | None:
        """Return the newsletter of a button (see :func:`short_name`); raise OutdatedError when it is not configured any more."""
        found = [name for name in self.names() if short_name(name) == short]
        if short and not found:
            raise OutdatedError
        return found[0] if short else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """How long what people look for may be: it goes through the custom_id of every button of the answer."""

    most: int

    def cut(self, query: str | None) -> str:
        """Return what is looked for of what a person typed: one line, cut after a word, no longer than ``most`` in a custom_id."""
        line = " ".join((query or "")[: 2 * self.most].replace("\0", " ").split())
        lengths = accumulate(len(written(character)) for character in line)
        size = sum(1 for _ in takewhile(lambda length: length <= self.most, lengths))
        if size == len(line) or line[size].isspace():
            return line[:size].rstrip()
        return line[:size].rpartition(" ")[0] or line[:size]


def short_name(newsletter: str | None) -> str:
    """Return a newsletter's name for a custom_id, which has few characters: the same from run to run."""
    return "" if newsletter is None else sha256(newsletter.encode()).hexdigest()[:6]


def typed(text: str, most: int = 80) -> str:
    """Return what a person typed as it may stand in a sentence that others read: one line, cut, with no mark, mention, link or invite left."""
    return inert(shortened("".join(character if character.isprintable() else " " for character in text), most))
