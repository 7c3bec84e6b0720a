"""Tells the moderators what keeps a newsletter from being kept in step: once when it stands, and once when it is over."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from heartbeat_bot.clock import Clock
from heartbeat_bot.config import Config
from heartbeat_bot.errors import OutletError
from heartbeat_bot.ids import ChannelId
from heartbeat_bot.interactions.lines import since, titled
from heartbeat_bot.languages import language
from heartbeat_bot.moderators.auditing import TROUBLE, TROUBLE_OVER, Auditing
from heartbeat_bot.ports import Discord
from heartbeat_bot.rendering.dialect import inert
from heartbeat_bot.store.store import Store
from heartbeat_bot.store.troubles import Trouble
from heartbeat_bot.sync.channels import KnownChannels
from heartbeat_bot.sync.report import DISCORD, MACHINE, SOURCE, STATE, PassReport, channel_of

_PASSING: Final = frozenset({SOURCE, DISCORD, MACHINE})
"""What mostly passes by itself in a moment."""
_PATIENCE: Final = timedelta(minutes=10)
"""How long what may pass by itself stands until the moderators are told: a remote that restarts is no news."""


@dataclass(eq=False, kw_only=True, slots=True)
class Alarms:
    """Keeps in mind what stands, from pass to pass and from run to run."""

    config: Config
    store: Store
    discord: Discord
    channels: KnownChannels
    clock: Clock
    auditing: Auditing
    unchecked: set[str] = field(default_factory=set[str])
    """The newsletters whose channels are looked at with their next pass, whether anything is to be posted there or not."""

    def check_again(self) -> None:
        """Look at the channels of all newsletters with their next pass: permissions, or channels, may have changed."""
        self.unchecked = set(self.config.newsletters)
        self.channels.forget()

    async def reconcile(self, name: str, report: PassReport) -> None:
        """Compare what a pass found with what stood before, and tell what is new and what is over."""
        troubles, clock = self.store.troubles, self.clock
        before = await troubles.standing(name)
        found = dict(report.troubles)
        if found.keys().isdisjoint({SOURCE, STATE, MACHINE}):
            found |= await self._of_channels(name, {about for about in before if about not in found})
        else:  # nothing was looked at but what is in trouble
            found = {about: trouble.words for about, trouble in before.items()} | found
        for about, words in found.items():
            await troubles.found(name, about, words, now=clock())
        standing = await troubles.standing(name) if found else before
        for about, trouble in standing.items():
            if about not in found:
                await self._end(trouble)
            elif trouble.told_at is None and (about not in _PASSING or clock() - trouble.since >= _PATIENCE):
                await self._tell(trouble, TROUBLE)
                await troubles.notified(name, about, now=clock())
        await self.auditing.tell_untold()

    async def _of_channels(self, name: str, stood: set[str]) -> dict[str, str]:
        """Look at the newsletter's channels where that is due, and at those that were in trouble; return what is the matter, by what."""
        own = {ChannelId(place.channel) for place in self.config.newsletters[name].places}
        reposted = {repost.channel for repost in await self.store.deliveries.reposts(name)}
        due = {channel for channel in own | reposted if channel_of(channel) in stood}
        if name in self.unchecked or DISCORD in stood:
            due |= own
        self.unchecked.discard(name)
        found: dict[str, str] = {}
        for channel in sorted(due):
            try:
                await self.discord.check_permissions(channel)
            except OutletError as error:
                found[channel_of(channel) if error.permanent else DISCORD] = str(error)
        return found

    async def _end(self, trouble: Trouble) -> None:
        if trouble.told_at is not None:
            await self._tell(trouble, TROUBLE_OVER)
        await self.store.troubles.over(trouble.newsletter, trouble.about)

    async def _tell(self, trouble: Trouble, what: str) -> None:
        """Write down what the moderators are to be told, once: a run that is killed before it noted that does not tell it again."""
        note = None
        if self.config.moderation.channel is not None:
            note = language().say(
                f"alarms.{what}", newsletter=titled(trouble.newsletter), trouble=inert(trouble.words), when=since(trouble.since)
            )
        number = await self.store.actions.begin(
            token=trouble.token(what),
            who=0,
            name="heartbeat-bot",
            verb=what,
            newsletter=trouble.newsletter,
            issue=None,
            detail=trouble.about,
            outcome=trouble.words,
            note=note,
            now=self.clock(),
        )
        if number is not None:
            self.auditing.is_unsaid(number)
