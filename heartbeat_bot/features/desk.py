"""What all verbs work with: the configuration, what is known, what was said, and the way out to Discord."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from itertools import accumulate, takewhile
from typing import Final

from heartbeat_bot.archive.archive import Archive
from heartbeat_bot.clock import Clock
from heartbeat_bot.config import Config
from heartbeat_bot.features.actor import Actor
from heartbeat_bot.features.router import OutdatedError
from heartbeat_bot.ids import ChannelId, GuildId, IssueId, MessageId, message_url
from heartbeat_bot.ports import Discord
from heartbeat_bot.rendering.components import shortened, written
from heartbeat_bot.rendering.dialect import inert
from heartbeat_bot.store.deliveries import DeliveryKind
from heartbeat_bot.store.outbox import DeliveredMessage
from heartbeat_bot.store.store import Store
from heartbeat_bot.sync.reconciler import Reconciler

_MOST_DELETED: Final = 1000
"""Deleted messages that are remembered: of these channels few are deleted by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What was opened elsewhere, for all who answer. ``clock`` tells the time for every rule.

    ``unread`` says how many issues of a newsletter the archive is still to read; one that is not in it has not been looked at since
    the start.
    """

    config: Config
    store: Store
    archive: Archive
    outlet: Discord
    reconciler: Reconciler
    clock: Clock
    unread: dict[str, int] = field(default_factory=dict[str, int])
    _deleted: deque[MessageId] = field(default_factory=partial(deque[MessageId], maxlen=_MOST_DELETED))

    async def address(self, message: DeliveredMessage) -> str:
        """Return the address of a message."""
        return message_url((await self.reconciler.channels.facts(message.channel)).guild, message.channel, message.message)

    async def posted(self, actor: Actor, issue: int, key: str) -> str:
        """Return the address of the message that shows a post of an issue, "" when it was not posted or somebody deleted it.

        Of several, it is the one in the server where that person asks. Discord is asked nothing, since an answer may have many links:
        the store knows what the bot sent and deleted, and the gateway tells what others delete. Of what was deleted while the bot was not
        connected nobody tells; a link to that leads to the place in the channel where it stood.
        """
        found: dict[GuildId, str] = {}
        for message in await self.store.outbox.held(IssueId(issue)):
            guild = self.outlet.server_of(message.channel)
            if guild and message.key == key and message.kind is DeliveryKind.ANNOUNCEMENT and message.message not in self._deleted:
                found.setdefault(guild, message_url(guild, message.channel, message.message))
        here = None if actor.guild is None else found.get(GuildId(actor.guild))
        return here or next(iter(found.values()), "")

    def deleted(self, channel: ChannelId, messages: Iterable[MessageId]) -> None:
        """Give no link any more to messages that were deleted, as the gateway tells."""
        if any(place.channel == channel for newsletter in self.config.newsletters.values() for place in newsletter.places):
            self._deleted.extend(messages)

    @property
    def is_bound(self) -> bool:
        """Whether members read what a moderator, or the policy, let through, rather than what the source says now."""
        return self.reconciler.duties.issues or self.reconciler.duties.edits

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
