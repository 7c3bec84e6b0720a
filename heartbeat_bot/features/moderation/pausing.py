"""Whether, and when, a newsletter is kept in step: /pause, /resume and /sync."""

import asyncio
from dataclasses import dataclass
from typing import Final

from heartbeat_bot.clock import Clock
from heartbeat_bot.features.passes import Passes
from heartbeat_bot.interactions.actor import Actor
from heartbeat_bot.interactions.answers import Answer
from heartbeat_bot.interactions.lines import as_content, listed, typed
from heartbeat_bot.moderators.auditing import Auditing
from heartbeat_bot.moderators.authority import Authority
from heartbeat_bot.store.store import Store

_PATIENCE: Final = 5.0
"""Seconds until somebody is answered although a pass goes on: a remote may hang for minutes."""


@dataclass(eq=False, kw_only=True, slots=True)
class Pausing:
    """Stops a newsletter, lets it go on, and makes passes at once."""

    store: Store
    clock: Clock
    authority: Authority
    auditing: Auditing
    passes: Passes

    async def pause(self, actor: Actor, *, newsletter: str | None = None) -> Answer:
        """Let nothing be posted, changed or deleted of a newsletter."""
        name = await self.authority.one_newsletter(actor, "pause", newsletter)
        if (await self.store.newsletter(name)).paused_at:
            return Answer(content=actor.words.say("moderation.paused_already", newsletter=typed(name)))
        async with self.auditing.act(actor, "pause", newsletter=name):
            await self.store.pause(name, now=self.clock())
            said = "moderation.paused" if await self._is_still(name) else "moderation.paused_soon"
        return Answer(content=actor.words.say(said, newsletter=typed(name)))

    async def _is_still(self, name: str) -> bool:
        """Wait until no look at a newsletter is under way, which finishes the issue that it is posting; return False when that takes long."""
        try:
            async with asyncio.timeout(_PATIENCE), self.passes.alone(name):
                return True
        except TimeoutError:
            return False

    async def resume(self, actor: Actor, *, newsletter: str | None = None) -> Answer:
        """Go on with a newsletter, and make good at once what was left undone."""
        name = await self.authority.one_newsletter(actor, "resume", newsletter)
        if not (await self.store.newsletter(name)).paused_at:
            return Answer(content=actor.words.say("moderation.not_paused", newsletter=typed(name)))
        async with self.auditing.act(actor, "resume", newsletter=name) as act:
            await self.store.resume(name)
            report = await self.passes.make(name)
            act.outcome = "; ".join(report.lines())
        lines = [actor.words.say("moderation.resumed", newsletter=typed(name)), *listed(report.lines(actor.words))]
        return Answer(content=as_content(lines))

    async def sync(self, actor: Actor, *, newsletter: str | None = None) -> Answer:
        """Look at a newsletter, or at all that a person may decide about, now."""
        await self.authority.check(actor, "sync")
        names = [await self.authority.one_newsletter(actor, "sync", newsletter)] if newsletter else None
        names = names or await self.authority.newsletters(actor)
        lines: list[str] = []
        for name in names:
            async with self.auditing.act(actor, "sync", newsletter=name) as act:
                report = await self.passes.make(name)
                act.outcome = "; ".join(report.lines())
            lines += listed(report.lines(actor.words))
        return Answer(content=as_content(lines))
