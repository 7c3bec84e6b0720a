"""The role that a newsletter pings in a server: people take it and give it back themselves."""

from http import HTTPStatus

from heartbeat_bot.errors import OutletError, UserError
from heartbeat_bot.features.actor import Asker
from heartbeat_bot.features.desk import Desk, typed
from heartbeat_bot.features.moderation.auditing import Auditing
from heartbeat_bot.features.readers import Readers
from heartbeat_bot.ids import ChannelId, GuildId
from heartbeat_bot.rendering.answers import Answer


class Subscribing:
    """Gives and takes the configured ping role."""

    def __init__(self, desk: Desk, readers: Readers, auditing: Auditing) -> None:
        """Answer from what is on the desk, and write down who takes a role and who gives it back."""
        self._desk = desk
        self._readers = readers
        self._auditing = auditing

    async def subscribe(self, asker: Asker, *, newsletter: str | None = None) -> Answer:
        """Give a member the role that a newsletter pings in their server."""
        return await self._change(asker, newsletter, wanted=True)

    async def unsubscribe(self, asker: Asker, *, newsletter: str | None = None) -> Answer:
        """Take the role from a member again."""
        return await self._change(asker, newsletter, wanted=False)

    async def _change(self, asker: Asker, newsletter: str | None, *, wanted: bool) -> Answer:
        name = await self._readers.one(asker, newsletter)
        words, (guild, role) = asker.words, await self._role(asker, name)
        mention = f"<@&{role}>"
        if (role in asker.roles) == wanted:
            return Answer(content=words.say("subscribe.already" if wanted else "subscribe.never", role=mention))
        verb = "subscribe" if wanted else "unsubscribe"
        try:
            # It is everybody's own affair: written down, and not told to the moderators each time.
            async with self._auditing.act(asker, verb, newsletter=name, detail=f"role {role}", tell=False):
                await self._desk.outlet.set_role(guild, asker.user, role, wanted=wanted)
        except OutletError as error:
            if error.status == HTTPStatus.FORBIDDEN:
                return Answer(content=words.say("subscribe.refused", role=mention))
            if error.status == HTTPStatus.NOT_FOUND:
                return Answer(content=words.say("subscribe.lost", newsletter=typed(name)))
            raise
        return Answer(content=words.say("subscribe.done" if wanted else "subscribe.undone", role=mention, newsletter=typed(name)))

    async def _role(self, asker: Asker, name: str) -> tuple[GuildId, int]:
        """Return the role that a newsletter pings in the server where somebody asks, the first of several; raise UserError when there is none."""
        words, places = asker.words, self._desk.config.newsletters[name].places
        if all(place.ping_role is None for place in places):
            raise UserError(words.say("subscribe.none", newsletter=typed(name)))
        channels = self._desk.passes.channels
        here = [place for place in places if asker.guild and await channels.guild(ChannelId(place.channel)) == asker.guild]
        if asker.guild is None or not here:
            raise UserError(words.say("subscribe.elsewhere", newsletter=typed(name)))
        for place in here:
            if place.ping_role is not None:
                return GuildId(asker.guild), place.ping_role
        raise UserError(words.say("subscribe.none_here", newsletter=typed(name)))
