"""Who decided what, when, and what came of it: written down, and told in the moderators' channel."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from heartbeat_bot.clock import Clock
from heartbeat_bot.config import Config
from heartbeat_bot.errors import UserError
from heartbeat_bot.ids import ChannelId, sent_at
from heartbeat_bot.interactions.actor import Actor
from heartbeat_bot.interactions.components import Component
from heartbeat_bot.interactions.lines import said, titled
from heartbeat_bot.languages import language
from heartbeat_bot.ports import Discord
from heartbeat_bot.rendering import limits
from heartbeat_bot.rendering.dialect import inert
from heartbeat_bot.rendering.plain import shortened
from heartbeat_bot.store.audit import Action, ActionId
from heartbeat_bot.store.deliveries import DeliveryKind
from heartbeat_bot.store.issues import IssueRecord
from heartbeat_bot.store.store import Store
from heartbeat_bot.sync.channels import KnownChannels
from heartbeat_bot.sync.recovery import is_same
from heartbeat_bot.sync.requests import CLOCK_SKEW

TROUBLE: Final = "trouble"
TROUBLE_OVER: Final = "trouble_over"
"""The verbs of what tells of a trouble and of its end (see ``alarms.py``)."""
REFUSED: Final = "refused: they may not"
MOST_NOTED: Final = 50
"""Refused attempts of one person in an hour that are written down."""
MOST_TOLD: Final = 10
MOST_TOLD_OF_ONE: Final = 3
"""Refused attempts in an hour that are told in the moderators' channel, of all and of one person."""
SUPPRESS_EMBEDS: Final = 1 << 2
"""The flag of a message whose links show no previews (docs, *Message Flags*)."""
_TOLD_WITHIN: Final = timedelta(days=1)
_WHILE: Final = timedelta(hours=1)
_REMEMBERED: Final = 5000
_NAME: Final = 80
_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class AuditedAct:
    """Something that a moderator does; ``outcome`` is a sentence, in English, to be set by who does it."""

    outcome: str = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refusal:
    """That somebody tried what they may not, when, and whether the moderators were told of it."""

    at: datetime
    who: int
    told: bool


class AlreadyDoneError(UserError):
    """Somebody pressed a button whose act was done before, or is being done."""


@dataclass(eq=False, kw_only=True, slots=True)
class Auditing:
    """Keeps the book of what moderators do."""

    config: Config
    store: Store
    discord: Discord
    channels: KnownChannels
    clock: Clock
    _telling: asyncio.Lock = field(default_factory=asyncio.Lock)
    _unsaid: set[ActionId] = field(default_factory=set[ActionId])
    """What was done in this run and has not been told yet nor tried: of all else some request may have been carried out."""
    _refusals: deque[_Refusal] = field(default_factory=partial(deque[_Refusal], maxlen=_REMEMBERED))

    @asynccontextmanager
    async def act(
        self,
        actor: Actor,
        verb: str,
        *,
        newsletter: str | None = None,
        issue: IssueRecord | None = None,
        detail: str = "",
        token: str | None = None,
        tell: bool = True,
    ) -> AsyncGenerator[AuditedAct]:
        """Write down that something is begun, and in the end what came of it.

        What is cut off by the bot's end has no outcome: the next start goes on with it, and :meth:`settle` says so.
        What reaches beyond the server where that person acts says so. Without ``tell`` it is written down only.
        A ``token`` is used once: raises AlreadyDoneError for one that was used before, so that a double click does nothing twice.
        """
        newsletter = issue.newsletter if issue else newsletter
        reach = await self._reach(actor, newsletter, issue)
        detail = "; ".join(part for part in (detail, reach) if part)
        number = await self._begin(actor, verb, newsletter, issue, detail=detail, token=token)
        if number is None:
            raise AlreadyDoneError(actor.words.say("moderation.already_done"))

        async def end(outcome: str) -> None:
            note = self._note(_person(actor.name, actor.user), verb, _about(issue, newsletter), detail, outcome) if tell else None
            await self.store.actions.end(number, outcome, note=note, now=self.clock())
            self._unsaid.add(number)
            await self.tell_untold()

        act = AuditedAct()
        try:
            yield act
        except Exception as error:
            await end(f"failed: {error}" if isinstance(error, UserError) else "failed")
            raise
        await end(act.outcome)

    async def refused(
        self, actor: Actor, verb: str, *, newsletter: str | None = None, issue: IssueRecord | None = None, detail: str = ""
    ) -> None:
        """Write down that somebody tried what they may not, and tell so: a few times in an hour, so that nobody floods the channel.

        Of one person no more than :data:`MOST_NOTED` attempts in an hour are written down, either.
        """
        now = self.clock()
        while self._refusals and abs(now - self._refusals[0].at) >= _WHILE:  # the clock may have gone back
            self._refusals.popleft()
        noted = sum(refusal.who == actor.user for refusal in self._refusals)
        if noted >= MOST_NOTED:
            return
        told = sum(refusal.told for refusal in self._refusals)
        tells = told < MOST_TOLD and sum(one.told for one in self._refusals if one.who == actor.user) < MOST_TOLD_OF_ONE
        self._refusals.append(_Refusal(at=now, who=actor.user, told=tells))
        where = f"in server {actor.guild}" if actor.guild else "in a direct message"
        who, about = _person(actor.name, actor.user), _about(issue, newsletter)
        note = self._note(who, verb, about, where, REFUSED) if tells else None
        number = await self._begin(actor, verb, newsletter, issue, detail=detail, outcome=REFUSED, note=note)
        if tells and number is not None:
            self._unsaid.add(number)
            await self.tell_untold()

    async def _begin(
        self,
        actor: Actor,
        verb: str,
        newsletter: str | None,
        issue: IssueRecord | None,
        *,
        detail: str,
        token: str | None = None,
        outcome: str | None = None,
        note: str | None = None,
    ) -> ActionId | None:
        """Write down that a person begins something; see :meth:`Actions.begin`."""
        return await self.store.actions.begin(
            token=token,
            who=actor.user,
            name=actor.name,
            verb=verb,
            newsletter=newsletter,
            issue=issue.id if issue else None,
            detail=detail,
            guild=actor.guild,
            channel=actor.channel,
            outcome=outcome,
            note=note,
            now=self.clock(),
        )

    async def _reach(self, actor: Actor, newsletter: str | None, issue: IssueRecord | None) -> str:
        """Say which other servers than the one where a person acts are reached by it."""
        if newsletter is None or newsletter not in self.config.newsletters:
            return ""
        places = self.config.newsletters[newsletter].places
        channels = [ChannelId(place.channel) for place in places]
        channels += [repost.channel for repost in await self.store.deliveries.of(issue.id, DeliveryKind.REPOST)] if issue else []
        reached = {await self.channels.guild(channel) for channel in channels}
        others = sorted(guild for guild in reached if guild is not None and guild != actor.guild)
        return f"from server {actor.guild}, reaching server {', '.join(map(str, others))}" if others else ""

    async def settle(self) -> None:
        """Write down of what was cut off that it was, and tell so. To be called once, on start."""
        store, outcome = self.store, "cut off: the bot was stopped meanwhile"
        for action in await store.actions.unfinished():
            records = await store.records(action.newsletter or "")
            issue = None if action.issue is None else records.get(action.issue)
            who = _person(action.name, action.who)
            note = self._note(who, action.verb, _about(issue, action.newsletter), action.detail, outcome)
            await store.actions.end(action.id, outcome, note=note, now=self.clock())
        await self.tell_untold()

    def is_unsaid(self, number: ActionId) -> None:
        """Keep in mind that what is to be told of an action has not been tried yet, so that it need not be looked for in the channel."""
        self._unsaid.add(number)

    async def tell_untold(self) -> None:
        """Tell the moderators what they have not been told yet, in order; what Discord does not take is tried again by the next pass.

        What a request may have been made for before, in this run or one that was killed, is looked for in the channel first. Notes that
        are older than a day are let go: a channel that is put right after a week is not to be flooded. What tells of a trouble that
        stands still is none of those: it would stand in silence.
        """
        office = self.config.moderation.channel
        async with self._telling:
            before = frozenset(self._unsaid)
            untold = await self.store.actions.untold()
            self._unsaid -= before - {action.id for action in untold}  # those that nobody is told of, or will be any more
            try:
                found = await self._found(untold) if office is not None else set[ActionId]()
            except UserError as error:
                _LOG.warning("the moderators could not be told: %s", error)
                return
            for action in untold:
                late = abs(self.clock() - (action.done_at or action.begun_at)) > _TOLD_WITHIN
                if late and not await self._stands(action):
                    _LOG.warning("the moderators were never told: %s", action.note)
                elif action.id not in found:
                    self._unsaid.discard(action.id)
                    if not await self.tell(action.note or "", nonce=f"act-{action.id}"):
                        return
                await self.store.actions.notified(action.id)

    async def _stands(self, action: Action) -> bool:
        """Tell whether an action tells of a trouble, and of one that stands."""
        if action.verb != TROUBLE or action.newsletter is None:
            return False
        trouble = (await self.store.troubles.standing(action.newsletter)).get(action.detail)
        return trouble is not None and trouble.token(TROUBLE) == action.token

    async def _found(self, untold: Sequence[Action]) -> set[ActionId]:
        """Return which notes stand in the moderators' channel already, among those that may have been sent before."""
        office = self.config.moderation.channel
        doubtful = [action for action in untold if action.id not in self._unsaid]
        if office is None or not doubtful:
            return set()
        since = min(action.done_at or action.begun_at for action in doubtful) - CLOCK_SKEW
        await self.discord.check_permissions(ChannelId(office))  # without Read Message History it would look empty
        own = list((await self.discord.history(ChannelId(office), since=since)).own)
        found: set[ActionId] = set()
        for action in doubtful:
            begun = (action.done_at or action.begun_at) - CLOCK_SKEW
            # No two troubles began at the same instant, which their notes say: one of them is known however wrong this machine's clock was.
            known = action.verb in {TROUBLE, TROUBLE_OVER}
            body = _body(action.note or "")
            same = next((seen for seen in own if (known or sent_at(seen.message) >= begun) and is_same(body, seen)), None)
            if same:
                own.remove(same)
                found.add(action.id)
        return found

    async def tell(self, text: str, *, nonce: str, components: tuple[Component, ...] = ()) -> bool:
        """Say something in the moderators' channel, when there is one; that it cannot be said is logged.

        Return False when it was not said and is worth another try.
        """
        channel = self.config.moderation.channel
        if channel is None:
            return True
        body = _body(text)
        body |= {"components": list(components)} if components else {}
        try:
            await self.discord.send(ChannelId(channel), body, (), nonce)
        except UserError as error:
            _LOG.warning("the moderators could not be told: %s", error)
            return False
        return True

    def _note(self, who: str, verb: str, about: str, detail: str, outcome: str) -> str | None:
        """Return what the moderators are told of an action, None when there is no channel to tell them in."""
        if self.config.moderation.channel is None:
            return None
        about = " ".join(part for part in (about, inert(detail)) if part)
        return language().say("moderation.told", who=who, verb=verb, about=about, outcome=inert(outcome))


def _body(text: str) -> dict[str, Any]:
    """Return the body of a message to the moderators: it pings nobody, and nothing in it is to unfurl, whatever Discord may find."""
    return {
        "content": shortened(text, limits.CONTENT),
        "embeds": [],
        "allowed_mentions": {"parse": []},
        "flags": SUPPRESS_EMBEDS,
    }


def _person(name: str, user: int) -> str:
    """Write who somebody is: the name, which is anybody's choice, and the id, which is not."""
    return f"**{inert(said(name, _NAME))}** (`{user}`)"


def _about(issue: IssueRecord | None, newsletter: str | None) -> str:
    if issue:
        return f"**{titled(issue.title)}** (#{issue.id})"
    return f"**{titled(newsletter)}**" if newsletter else ""
