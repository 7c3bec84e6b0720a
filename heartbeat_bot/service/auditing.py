"""Who decided what, when, and what came of it: written down, and told in the moderators' channel."""

import logging
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from heartbeat_bot.delivery.ledger import IssueRecord
from heartbeat_bot.delivery.plan import ChannelId, GuildId
from heartbeat_bot.errors import UserError
from heartbeat_bot.languages import language
from heartbeat_bot.messages import limits
from heartbeat_bot.messages.components import Component, shortened
from heartbeat_bot.messages.dialect import inert
from heartbeat_bot.service.asking import Asker
from heartbeat_bot.service.desk import Desk
from heartbeat_bot.service.lines import said, titled

REFUSED: Final = "refused: they may not"
MOST_NOTED: Final = 50
"""Refused attempts of one person in an hour that are written down."""
MOST_TOLD: Final = 10
MOST_TOLD_OF_ONE: Final = 3
"""Refused attempts in an hour that are told in the moderators' channel, of all and of one person."""
SUPPRESS_EMBEDS: Final = 1 << 2
"""The flag of a message whose links show no previews (docs, *Message Flags*)."""
_WHILE: Final = timedelta(hours=1)
_REMEMBERED: Final = 5000
_NAME: Final = 80
_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class Act:
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


class Auditing:
    """Keeps the book of what moderators do."""

    def __init__(self, desk: Desk) -> None:
        """Write to the ledger, and to the moderators' channel when there is one."""
        self._desk = desk
        self._refusals: deque[_Refusal] = deque(maxlen=_REMEMBERED)

    @asynccontextmanager
    async def act(
        self,
        asker: Asker,
        verb: str,
        *,
        newsletter: str | None = None,
        issue: IssueRecord | None = None,
        detail: str = "",
        token: str | None = None,
        tell: bool = True,
    ) -> AsyncGenerator[Act]:
        """Write down that something is begun, and in the end what came of it.

        What is cut off by the bot's end has no outcome: the next start goes on with it, and :meth:`settle` says so.
        What reaches beyond the server where that person acts says so. Without ``tell`` it is written down only.
        A ``token`` is used once: raises AlreadyDoneError for one that was used before, so that a double click does nothing twice.
        """
        actions, clock = self._desk.ledger.actions, self._desk.clock
        newsletter = issue.newsletter if issue else newsletter
        reach = await self._reach(asker, newsletter, issue)
        detail = "; ".join(part for part in (detail, reach) if part)
        number = await actions.begin(
            token=token,
            who=asker.user,
            name=asker.name,
            verb=verb,
            newsletter=newsletter,
            issue=issue.id if issue else None,
            detail=detail,
            guild=asker.guild,
            channel=asker.channel,
            now=clock(),
        )
        if number is None:
            raise AlreadyDoneError(asker.words.say("moderation.already_done"))

        async def end(outcome: str) -> None:
            await actions.end(number, outcome, now=clock())
            if tell:
                who = _person(asker.name, asker.user)
                await self._tell(who, verb, _about(issue, newsletter), detail, outcome, f"act-{number}")

        act = Act()
        try:
            yield act
        except Exception as error:
            await end(f"failed: {error}" if isinstance(error, UserError) else "failed")
            raise
        await end(act.outcome)

    async def refused(
        self, asker: Asker, verb: str, *, newsletter: str | None = None, issue: IssueRecord | None = None, detail: str = ""
    ) -> None:
        """Write down that somebody tried what they may not, and tell so: a few times in an hour, so that nobody floods the channel.

        Of one person no more than :data:`MOST_NOTED` attempts in an hour are written down, either.
        """
        now = self._desk.clock()
        while self._refusals and self._refusals[0].at <= now - _WHILE:
            self._refusals.popleft()
        noted = sum(refusal.who == asker.user for refusal in self._refusals)
        if noted >= MOST_NOTED:
            return
        told = sum(refusal.told for refusal in self._refusals)
        tells = told < MOST_TOLD and sum(one.told for one in self._refusals if one.who == asker.user) < MOST_TOLD_OF_ONE
        self._refusals.append(_Refusal(at=now, who=asker.user, told=tells))
        number = await self._desk.ledger.actions.begin(
            token=None,
            who=asker.user,
            name=asker.name,
            verb=verb,
            newsletter=newsletter,
            issue=issue.id if issue else None,
            detail=detail,
            guild=asker.guild,
            channel=asker.channel,
            outcome=REFUSED,
            now=now,
        )
        if tells:
            where = f"in server {asker.guild}" if asker.guild else "in a direct message"
            await self._tell(_person(asker.name, asker.user), verb, _about(issue, newsletter), where, REFUSED, f"act-{number}")

    async def _reach(self, asker: Asker, newsletter: str | None, issue: IssueRecord | None) -> str:
        """Say which other servers than the one where a person acts are reached by it."""
        if newsletter is None or newsletter not in self._desk.config.newsletters:
            return ""
        reached = {copy.guild for copy in await self._desk.ledger.copies.of(issue.id)} if issue else set[GuildId]()
        own = await self._desk.passes.guild(ChannelId(self._desk.config.newsletters[newsletter].announce.channel))
        others = sorted((reached | ({own} if own is not None else set[GuildId]())) - {asker.guild})
        return f"from server {asker.guild}, reaching server {', '.join(map(str, others))}" if others else ""

    async def settle(self) -> None:
        """Write down of what was cut off that it was, and tell so. To be called once, on start."""
        ledger, outcome = self._desk.ledger, "cut off: the bot was stopped meanwhile"
        for action in await ledger.actions.unfinished():
            await ledger.actions.end(action.id, outcome, now=self._desk.clock())
            records = await ledger.records(action.newsletter or "")
            issue = None if action.issue is None else records.get(action.issue)
            who = _person(action.name, action.who)
            await self._tell(who, action.verb, _about(issue, action.newsletter), action.detail, outcome, f"act-{action.id}")

    async def tell(self, text: str, *, nonce: str, components: tuple[Component, ...] = ()) -> bool:
        """Say something in the moderators' channel, when there is one; that it cannot be said is logged.

        Return False when it was not said and is worth another try.
        """
        channel = self._desk.config.moderation.channel
        if channel is None:
            return True
        body: dict[str, Any] = {"content": shortened(text, limits.CONTENT), "embeds": [], "allowed_mentions": {"parse": []}}
        body["flags"] = SUPPRESS_EMBEDS  # nothing in it is to unfurl, whatever Discord may find
        body |= {"components": list(components)} if components else {}
        try:
            await self._desk.outlet.send(ChannelId(channel), body, (), nonce)
        except UserError as error:
            _LOG.warning("the moderators could not be told: %s", error)
            return False
        return True

    async def _tell(self, who: str, verb: str, about: str, detail: str, outcome: str, nonce: str) -> None:
        about = " ".join(part for part in (about, inert(detail)) if part)
        sentence = language().say("moderation.told", who=who, verb=verb, about=about, outcome=inert(outcome))
        await self.tell(sentence, nonce=nonce)


def _person(name: str, user: int) -> str:
    """Write who somebody is: the name, which is anybody's choice, and the id, which is not."""
    return f"**{inert(said(name, _NAME))}** (`{user}`)"


def _about(issue: IssueRecord | None, newsletter: str | None) -> str:
    if issue:
        return f"**{titled(issue.title)}** (#{issue.id})"
    return f"**{titled(newsletter)}**" if newsletter else ""
