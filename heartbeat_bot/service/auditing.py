"""Who decided what, when, and what came of it: written down, and told in the moderators' channel."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from heartbeat_bot.delivery.ledger import IssueRecord
from heartbeat_bot.delivery.plan import ChannelId
from heartbeat_bot.errors import UserError
from heartbeat_bot.languages import language
from heartbeat_bot.messages import limits
from heartbeat_bot.messages.components import Component, shortened
from heartbeat_bot.messages.dialect import escape
from heartbeat_bot.service.asking import Asker
from heartbeat_bot.service.desk import Desk
from heartbeat_bot.service.lines import titled

_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class Act:
    """Something that a moderator does; ``outcome`` is a sentence, in English, to be set by who does it."""

    outcome: str = "done"


class AlreadyDoneError(UserError):
    """Somebody pressed a button whose act was done before, or is being done."""


class Auditing:
    """Keeps the book of what moderators do."""

    def __init__(self, desk: Desk) -> None:
        """Write to the ledger, and to the moderators' channel when there is one."""
        self._desk = desk

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
    ) -> AsyncGenerator[Act]:
        """Write down that something is begun, and in the end what came of it.

        What is cut off by the bot's end has no outcome: the next start goes on with it, and :meth:`settle` says so.
        A ``token`` is used once: raises AlreadyDoneError for one that was used before, so that a double click does nothing twice.
        """
        actions, clock = self._desk.ledger.actions, self._desk.clock
        newsletter = issue.newsletter if issue else newsletter
        number = await actions.begin(
            token=token,
            who=asker.user,
            name=asker.name,
            verb=verb,
            newsletter=newsletter,
            issue=issue.id if issue else None,
            detail=detail,
            now=clock(),
        )
        if number is None:
            raise AlreadyDoneError(asker.words.say("moderation.already_done"))

        async def end(outcome: str) -> None:
            await actions.end(number, outcome, now=clock())
            await self._tell(asker.name, verb, issue.title if issue else newsletter or "", detail, outcome, f"act-{number}")

        act = Act()
        try:
            yield act
        except Exception as error:
            await end(f"failed: {error}" if isinstance(error, UserError) else "failed")
            raise
        await end(act.outcome)

    async def settle(self) -> None:
        """Write down of what was cut off that it was, and tell so. To be called once, on start."""
        ledger, outcome = self._desk.ledger, "cut off: the bot was stopped meanwhile"
        for action in await ledger.actions.unfinished():
            await ledger.actions.end(action.id, outcome, now=self._desk.clock())
            records = await ledger.records(action.newsletter or "")
            issue = None if action.issue is None else records.get(action.issue)
            what = issue.title if issue else action.newsletter or ""
            await self._tell(action.name, action.verb, what, action.detail, outcome, f"act-{action.id}")

    async def tell(self, text: str, *, nonce: str, components: tuple[Component, ...] = ()) -> bool:
        """Say something in the moderators' channel, when there is one; that it cannot be said is logged.

        Return False when it was not said and is worth another try.
        """
        channel = self._desk.config.moderation.channel
        if channel is None:
            return True
        body: dict[str, Any] = {"content": shortened(text, limits.CONTENT), "embeds": [], "allowed_mentions": {"parse": []}}
        body |= {"components": list(components)} if components else {}
        try:
            await self._desk.outlet.send(ChannelId(channel), body, (), nonce)
        except UserError as error:
            _LOG.warning("the moderators could not be told: %s", error)
            return False
        return True

    async def _tell(self, who: str, verb: str, what: str, detail: str, outcome: str, nonce: str) -> None:
        about = " ".join(part for part in (f"**{titled(what)}**" if what else "", escape(detail)) if part)
        words = language()
        sentence = words.say("moderation.told", who=escape(who), verb=verb, about=about, outcome=escape(outcome))
        await self.tell(sentence, nonce=nonce)
