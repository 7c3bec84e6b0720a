"""The role that a newsletter pings in a server: people take it and give it back themselves."""

from dataclasses import dataclass
from http import HTTPStatus

from heartbeat_bot.config import Config
from heartbeat_bot.errors import OutletError, UserError
from heartbeat_bot.features.readers import Readers
from heartbeat_bot.ids import ChannelId, GuildId
from heartbeat_bot.interactions.actor import Actor
from heartbeat_bot.interactions.answers import Answer
from heartbeat_bot.interactions.lines import typed
from heartbeat_bot.moderators.auditing import Auditing
from heartbeat_bot.ports import Discord
from heartbeat_bot.sync.channels import KnownChannels


@dataclass(eq=False, kw_only=True, slots=True)
class Subscribing:
    """Gives and takes the configured ping role."""

    config: Config
    discord: Discord
    channels: KnownChannels
    readers: Readers
    auditing: Auditing

    async def subscribe(self, actor: Actor, *, newsletter: str | None = None) -> Answer:
        """Give a member the role that a newsletter pings in their server."""
        return await self._change(actor, newsletter, wanted=True)

    async def unsubscribe(self, actor: Actor, *, newsletter: str | None = None) -> Answer:
        """Take the role from a member again."""
        return await self._change(actor, newsletter, wanted=False)

    async def _change(self, actor: Actor, newsletter: str | None, *, wanted: bool) -> Answer:
        name = await self.readers.one(actor, newsletter)
        words, (guild, role) = actor.words, await self._role(actor, name)
        mention = f"<@&{role}>"
        if (role in actor.roles) == wanted:
            return Answer(content=words.say("subscribe.already" if wanted else "subscribe.never", role=mention))
        verb = "subscribe" if wanted else "unsubscribe"
        try:
            # It is everybody's own affair: written down, and not told to the moderators each time.
            async with self.auditing.act(actor, verb, newsletter=name, detail=f"role {role}", tell=False):
                await self.discord.set_role(guild, actor.user, role, wanted=wanted)
        except OutletError as error:
            if error.status == HTTPStatus.FORBIDDEN:
                return Answer(content=words.say("subscribe.refused", role=mention))
            if error.status == HTTPStatus.NOT_FOUND:
                return Answer(content=words.say("subscribe.lost", newsletter=typed(name)))
            raise
        return Answer(content=words.say("subscribe.done" if wanted else "subscribe.undone", role=mention, newsletter=typed(name)))

    async def _role(self, actor: Actor, name: str) -> tuple[GuildId, int]:
        """Return the role that a newsletter pings in the server where somebody asks, the first of several; raise UserError when there is none."""
        words, places = actor.words, self.config.newsletters[name].places
        if all(place.ping_role is None for place in places):
            raise UserError(words.say("subscribe.none", newsletter=typed(name)))
        channels = self.channels
        here = [place for place in places if actor.guild and await channels.guild(ChannelId(place.channel)) == actor.guild]
        if actor.guild is None or not here:
            raise UserError(words.say("subscribe.elsewhere", newsletter=typed(name)))
        for place in here:
            if place.ping_role is not None:
                return GuildId(actor.guild), place.ping_role
        raise UserError(words.say("subscribe.none_here", newsletter=typed(name)))
