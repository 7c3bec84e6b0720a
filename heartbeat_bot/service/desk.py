"""What all verbs work with: the configuration, what is known, what was said, and the way out to Discord."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from heartbeat_bot.archive.store import Archive
from heartbeat_bot.config import Config, NewsletterConfig
from heartbeat_bot.delivery.ledger import Clock, Ledger
from heartbeat_bot.delivery.outlet import DiscordOutlet
from heartbeat_bot.delivery.plan import message_url
from heartbeat_bot.delivery.receipts import Receipt
from heartbeat_bot.errors import UserError
from heartbeat_bot.messages.components import shortened
from heartbeat_bot.messages.dialect import escape
from heartbeat_bot.service.asking import Asker
from heartbeat_bot.service.passes import Passes


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What was opened elsewhere, for all who answer. ``clock`` tells the time for every rule."""

    config: Config
    ledger: Ledger
    archive: Archive
    outlet: DiscordOutlet
    passes: Passes
    clock: Clock

    async def address(self, receipt: Receipt) -> str:
        """Return the address of a message."""
        return message_url((await self.passes.channel(receipt.channel)).guild, receipt.channel, receipt.message)

    def names(self) -> Sequence[str]:
        """Return the newsletters' names."""
        return list(self.config.newsletters)

    def newsletter(self, asker: Asker, name: str | None) -> str | None:
        """Return the newsletter that a person named, None for none named; raise UserError for one that there is not."""
        if not name:
            return None
        wanted = name.strip().casefold()
        for known in self.config.newsletters:
            if wanted in {known.casefold(), short_name(known)}:
                return known
        raise UserError(asker.words.say("errors.no_newsletter", name=typed(name), names=", ".join(self.names())))

    def one_newsletter(self, asker: Asker, name: str | None) -> tuple[str, NewsletterConfig]:
        """Return the newsletter that a person named, or the only one; raise UserError when it takes a choice."""
        found = self.newsletter(asker, name) or (self.names()[0] if len(self.names()) == 1 else None)
        if found is None:
            raise UserError(asker.words.say("errors.several_newsletters", names=", ".join(self.names())))
        return found, self.config.newsletters[found]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """How long what people look for may be: it goes through the custom_id of every button of the answer."""

    most: int

    def cut(self, query: str | None) -> str:
        """Return what is looked for of what a person typed: one line, cut."""
        return " ".join((query or "").replace("\0", " ").split())[: self.most]


QUERY = Query(most=48)
"""The custom_id has 100 characters; a query may double in length there when it is made of separators (see components.py)."""


def short_name(newsletter: str | None) -> str:
    """Return a newsletter's name for a custom_id, which has few characters: the same from run to run."""
    return "" if newsletter is None else sha256(newsletter.encode()).hexdigest()[:6]


def typed(text: str, most: int = 80) -> str:
    """Return what a person typed as it may stand in a sentence: one line, cut, its Markdown escaped."""
    return escape(shortened("".join(character if character.isprintable() else " " for character in text), most))
