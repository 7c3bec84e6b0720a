"""What moderators see with /status: how things stand with the newsletters that they decide about."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from heartbeat_bot.clock import Clock
from heartbeat_bot.config import Config
from heartbeat_bot.errors import UserError
from heartbeat_bot.ids import ChannelId
from heartbeat_bot.interactions.actor import Actor
from heartbeat_bot.interactions.answers import Answer
from heartbeat_bot.interactions.lines import since, titled, typed, whole_lines
from heartbeat_bot.languages import Language
from heartbeat_bot.moderators.authority import Authority
from heartbeat_bot.moderators.known_issues import standing_of
from heartbeat_bot.policy.decisions import PENDING
from heartbeat_bot.ports import Channels
from heartbeat_bot.rendering import limits
from heartbeat_bot.rendering.dialect import inert
from heartbeat_bot.rendering.plain import shortened
from heartbeat_bot.rendering.post import Embed, texts
from heartbeat_bot.store.issues import IssueRecord
from heartbeat_bot.store.newsletters import Newsletter
from heartbeat_bot.store.store import Store
from heartbeat_bot.store.troubles import Trouble

_MOST_WAITING: Final = 10
_SHORTEST: Final = 100
"""Characters that are left of each text at least, when several must fit one message."""
_BYTES: Final = limits.MESSAGE_BYTES - 500


@dataclass(eq=False, kw_only=True, slots=True)
class ModeratorsStatus:
    """Says how things stand."""

    config: Config
    store: Store
    channels: Channels
    clock: Clock
    authority: Authority

    async def show(self, actor: Actor) -> Answer:
        """Say how things stand with the newsletters that a person may decide about."""
        await self.authority.check(actor, "status")
        standing = self.store.troubles.standing
        troubles = {name: (await standing(name)).values() for name in await self.authority.newsletters(actor)}
        names = sorted(troubles, key=lambda name: not troubles[name])  # there is room for ten: nothing wrong is left out
        shown = names[: limits.EMBEDS]
        channels = {ChannelId(place.channel) for name in shown for place in self.config.newsletters[name].places}
        missing = {channel: await self._missing(channel, actor.words) for channel in channels}  # newsletters may share one
        embeds = [await self._status_of(name, troubles[name], missing, actor.words) for name in shown]
        others = ", ".join(typed(name) for name in names[limits.EMBEDS :])
        content = shortened(actor.words.say("status.others", names=others), limits.CONTENT) if others else ""
        return Answer(content=content, embeds=within_one_message(embeds))

    async def _status_of(
        self, name: str, troubles: Collection[Trouble], missing: Mapping[ChannelId, Sequence[str]], words: Language
    ) -> Embed:
        store, settings = self.store, self.config.newsletters[name]
        state = await store.newsletter(name)
        records = await store.records(name)
        waiting = [record for record in records.values() if record.state in PENDING]
        unfinished = [request for request in await store.outbox.unfinished() if request.issue in records]
        lines = list(_passes(state, settings.poll, words))
        lines += [words.say("status.trouble", when=since(one.since), trouble=inert(one.words)) for one in troubles]
        lines += [words.say("status.posting", issue=titled(record.title)) for record in records.values() if record.is_half_posted]
        posted = (
            record for record in records.values() if record.announced_at and record.shown is not None and not record.retracted_at
        )
        out = max(posted, key=_announced, default=None)
        if out:
            lines.append(words.say("status.last_issue", issue=titled(out.title), when=since(_announced(out))))
        if unfinished:
            lines.append(words.say("status.unfinished", count=len(unfinished)))
        lines += [
            words.say("status.publishing", issue=titled(limited.title), when=since(limited.until))
            for limited in await store.messages.limited(now=self.clock())
            if limited.newsletter == name
        ]
        for place in settings.places:
            lines += missing[ChannelId(place.channel)]
        lines += [
            words.say("status.error", issue=titled(record.title), error=inert(record.error))
            for record in records.values()
            if record.error
        ]
        if waiting:
            lines += ["", words.say("status.waiting", count=len(waiting))]
            shown = sorted(waiting, key=lambda record: record.changed_at, reverse=True)[:_MOST_WAITING]
            lines += [f"- {standing_of(record, words)}" for record in shown]
        return Embed(title=inert(shortened(name, limits.EMBED_TITLE // 2)), description="\n".join(lines))

    async def _missing(self, channel: ChannelId, words: Language) -> list[str]:
        try:
            facts = await self.channels.describe(channel)
        except UserError as error:
            return [f"⚠️ {inert(str(error))}"]
        missing = ", ".join(facts.missing)
        return [words.say("status.missing", channel=f"<#{channel}>", permissions=missing)] if missing else []


def _announced(record: IssueRecord) -> datetime:
    return record.announced_at or datetime.min.replace(tzinfo=UTC)


def _passes(state: Newsletter, poll: timedelta, words: Language) -> list[str]:
    lines: list[str] = []
    if state.paused_at:
        lines.append(words.say("status.paused", when=since(state.paused_at)))
    if state.last_pass_at is None:
        lines.append(words.say("status.no_pass"))
    else:
        last, following = since(state.last_pass_at), since(state.last_pass_at + poll)
        lines.append(words.say("status.passes", last=last, next=following))
    return lines


def within_one_message(embeds: Sequence[Embed]) -> tuple[Mapping[str, object], ...]:
    """Return the bodies of embeds, their texts cut line by line so that all fit one message."""
    share = min(limits.EMBED_DESCRIPTION, (limits.EMBED_TOTAL - 500) // max(1, len(embeds)))
    while True:
        bodies = tuple(embed.body() | {"description": whole_lines(embed.description, share)} for embed in embeds)
        if share < _SHORTEST or sum(len(text.encode()) for text in texts({"embeds": bodies})) <= _BYTES:
            return bodies
        share = share * 4 // 5
