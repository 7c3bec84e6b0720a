"""Who asks the service for something, and where."""

from dataclasses import dataclass

from heartbeat_bot.languages import Language, language


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A person on Discord: ``user`` and ``roles`` are ids, ``guild`` and ``channel`` where they ask (None: in a direct message).

    ``manages`` tells whether they may manage the server; ``locale`` is the language of their Discord.
    """

    user: int
    name: str
    guild: int | None
    channel: int | None
    roles: frozenset[int] = frozenset()
    manages: bool = False
    locale: str = "en-US"

    @property
    def words(self) -> Language:
        """The language to answer in."""
        return language(self.locale)
