"""Who may read which newsletter, by commands, completions, buttons, menus and search."""

from dataclasses import dataclass

from heartbeat_bot.config import Config
from heartbeat_bot.errors import UserError
from heartbeat_bot.ids import ChannelId
from heartbeat_bot.interactions.actor import Actor
from heartbeat_bot.interactions.lines import typed
from heartbeat_bot.store.store import Store
from heartbeat_bot.sync.channels import KnownChannels


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What somebody asks about: the newsletter that they named (None: all they may read), and ``names``, which these are."""

    newsletter: str | None
    names: frozenset[str]

    @property
    def several(self) -> bool:
        """Whether an answer must say of which newsletter it speaks."""
        return self.newsletter is None and len(self.names) > 1


@dataclass(eq=False, kw_only=True, slots=True)
class Readers:
    """Knows who may read what: a newsletter that is for everyone, everyone; else people in a server that it is posted to.

    A newsletter is posted to the server of its channel, and to those of what moderators posted once more. In a direct message nobody can
    show that they are in a server: Discord tells the bot of servers, not of their members. Nor does it count where people brought the
    bot themselves.
    """

    config: Config
    store: Store
    channels: KnownChannels

    async def names(self, actor: Actor) -> list[str]:
        """Return the newsletters that a person may read here."""
        return [name for name in self.config.newsletters if await self._may(actor, name)]

    async def scope(self, actor: Actor, name: str | None) -> Scope:
        """Return what a person asks about who named a newsletter, or none; raise UserError when they may not read it here."""
        names = await self.names(actor)
        wanted = (name or "").strip().casefold()
        if not name:
            if not names:
                raise UserError(actor.words.say("errors.only_in_servers"))
            return Scope(newsletter=None, names=frozenset(names))
        known = next((one for one in self.config.newsletters if one.casefold() == wanted), None)
        if known is None:
            shown = ", ".join(map(typed, names)) or "–"
            raise UserError(actor.words.say("errors.no_newsletter", name=typed(name or ""), names=shown))
        return await self.scope_of(actor, known)

    async def scope_of(self, actor: Actor, known: str | None) -> Scope:
        """Return what a person asks about with a button of a newsletter, or of all; raise UserError as :meth:`scope` does."""
        if known is None:
            return await self.scope(actor, None)
        if not await self._may(actor, known):
            raise UserError(actor.words.say("errors.only_in_its_servers", newsletter=typed(known)))
        return Scope(newsletter=known, names=frozenset([known]))

    async def one(self, actor: Actor, name: str | None) -> str:
        """Return the newsletter that a person named, or the only one; raise UserError when it takes a choice, or they may not read it."""
        scope = await self.scope(actor, name)
        if len(scope.names) > 1:
            raise UserError(actor.words.say("errors.several_newsletters", names=", ".join(map(typed, self._in_order(scope)))))
        return next(iter(scope.names))

    async def _may(self, actor: Actor, name: str) -> bool:
        newsletter = self.config.newsletters[name]
        if newsletter.readers == "everyone":
            return True
        if actor.guild is None:
            return False
        for place in newsletter.places:
            if await self.channels.guild(ChannelId(place.channel)) == actor.guild:
                return True
        return any(repost.guild == actor.guild for repost in await self.store.deliveries.reposts(name))

    def _in_order(self, scope: Scope) -> list[str]:
        return [name for name in self.config.newsletters if name in scope.names]
