"""Who may decide: checked here for every verb of moderators, whatever Discord showed or hid."""

from heartbeat_bot.config import Config
from heartbeat_bot.delivery.plan import ChannelId
from heartbeat_bot.errors import UserError
from heartbeat_bot.service.asking import Asker
from heartbeat_bot.service.passes import Passes


class Authority:
    """Knows the moderators: those with a role of the configuration, and those who may manage the server.

    Only in the servers that the newsletters are posted to, and in the one of the moderators' channel: the bot may be in others,
    whose owners have no say.
    """

    def __init__(self, config: Config, passes: Passes) -> None:
        """Read who may decide from the configuration."""
        self._config = config
        self._passes = passes

    async def check(self, asker: Asker, newsletter: str | None = None) -> None:
        """Raise UserError unless a person may decide about a newsletter (None: about any)."""
        if not await self.may(asker, newsletter):
            raise UserError(asker.words.say("errors.not_allowed"))

    async def newsletters(self, asker: Asker) -> list[str]:
        """Return the newsletters that a person may decide about."""
        return [name for name in self._config.newsletters if await self.may(asker, name)]

    async def may(self, asker: Asker, newsletter: str | None = None) -> bool:
        """Tell whether a person may decide about a newsletter (None: about any)."""
        if asker.guild is None or not (asker.manages or asker.roles & set(self._config.moderation.roles)):
            return False
        channels = [self._config.newsletters[newsletter]] if newsletter else list(self._config.newsletters.values())
        wanted = {ChannelId(settings.announce.channel) for settings in channels}
        if self._config.moderation.channel:
            wanted.add(ChannelId(self._config.moderation.channel))
        for channel in wanted:
            if (await self._passes.channel(channel)).guild == asker.guild:
                return True
        return False
