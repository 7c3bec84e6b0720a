"""Who may decide: checked here for every verb of moderators, whatever Discord showed or hid."""

from dataclasses import dataclass
from typing import NoReturn

from heartbeat_bot.config import Config
from heartbeat_bot.errors import UserError
from heartbeat_bot.ids import ChannelId, GuildId
from heartbeat_bot.interactions.actor import Actor
from heartbeat_bot.interactions.lines import typed
from heartbeat_bot.moderators.auditing import Auditing
from heartbeat_bot.store.issues import IssueRecord
from heartbeat_bot.sync.channels import KnownChannels


@dataclass(eq=False, kw_only=True, slots=True)
class Authority:
    """Knows the moderators: those with a role of the configuration, and those who may manage the server.

    Those of a server decide about what goes to that server; those of the server with the moderators' channel are the operator's own,
    and decide about every newsletter. Nobody else does: the bot may be in other servers, whose owners have no say. Who tries what they
    may not is written down.
    """

    config: Config
    channels: KnownChannels
    auditing: Auditing

    async def check(self, actor: Actor, verb: str, newsletter: str | None = None) -> None:
        """Raise UserError unless a person may decide about a newsletter (None: about any of them)."""
        if not await self.may(actor, newsletter):
            await self.refuse(actor, verb, newsletter=newsletter)

    async def refuse(
        self, actor: Actor, verb: str, *, newsletter: str | None = None, issue: IssueRecord | None = None, words: str | None = None
    ) -> NoReturn:
        """Write down what a person tried and may not, and raise UserError; ``words`` say something else than that."""
        await self.auditing.refused(actor, verb, newsletter=newsletter, issue=issue)
        raise UserError(words or actor.words.say("errors.not_allowed"))

    async def one_newsletter(self, actor: Actor, verb: str, name: str | None) -> str:
        """Return the newsletter that a person named, or the only one they decide about; raise UserError when there is none."""
        own = await self.newsletters(actor)
        if not own:
            await self.refuse(actor, verb)
        wanted = (name or "").strip().casefold()
        named = next((known for known in self.config.newsletters if known.casefold() == wanted), None)
        if named is not None and named not in own:
            await self.refuse(actor, verb, newsletter=named)
        if named is None and wanted:
            raise UserError(actor.words.say("errors.no_newsletter", name=typed(name or ""), names=", ".join(map(typed, own))))
        if named is None and len(own) > 1:
            raise UserError(actor.words.say("errors.several_newsletters", names=", ".join(map(typed, own))))
        return named or own[0]

    async def newsletters(self, actor: Actor) -> list[str]:
        """Return the newsletters that a person may decide about."""
        return [name for name in self.config.newsletters if await self.may(actor, name)]

    async def may(self, actor: Actor, newsletter: str | None = None) -> bool:
        """Tell whether a person may decide about a newsletter (None: about any of them)."""
        if actor.guild is None or not (actor.manages or actor.roles & set(self.config.moderation.roles)):
            return False
        if await self._is_operators(GuildId(actor.guild)):
            return True
        names = self.config.newsletters if newsletter is None else [newsletter]
        channels = [ChannelId(self.config.newsletters[name].announce.channel) for name in names]
        return any([await self.channels.guild(channel) == actor.guild for channel in channels])

    async def may_in(self, actor: Actor, guild: GuildId) -> bool:
        """Tell whether a person who may decide about a newsletter may do so in a server: in their own; the operator's own in any."""
        return actor.guild is not None and (actor.guild == guild or await self._is_operators(GuildId(actor.guild)))

    async def _is_operators(self, guild: GuildId) -> bool:
        office = self.config.moderation.channel
        return office is not None and await self.channels.guild(ChannelId(office)) == guild
