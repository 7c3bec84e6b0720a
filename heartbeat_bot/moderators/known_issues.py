"""Every issue that the store knows, for moderators: those that wait, are drafts or were taken back too."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from heartbeat_bot.archive.words import begins_words_of, folded_words
from heartbeat_bot.config import Config
from heartbeat_bot.errors import UserError
from heartbeat_bot.interactions.actor import Actor
from heartbeat_bot.interactions.lines import as_content, day_of, named, since, titled, typed
from heartbeat_bot.languages import Language
from heartbeat_bot.moderators.authority import Authority
from heartbeat_bot.policy.decisions import OUT, PENDING, State
from heartbeat_bot.rendering import limits
from heartbeat_bot.rendering.dialect import inert
from heartbeat_bot.store.issues import IssueRecord
from heartbeat_bot.store.store import Store
from heartbeat_bot.sync.wording import why

UNDECIDED: Final = PENDING | {State.NEW, State.TOO_OLD}
"""What may still be announced, and what a moderator may say otherwise of."""

FITTING: Final[Mapping[str, Collection[State]]] = {
    "approve": UNDECIDED | {State.BASELINE, State.RETRACTED},
    "hold": UNDECIDED,
    "skip": UNDECIDED,
    "schedule": UNDECIDED | {State.BASELINE, State.RETRACTED},
    "repost": OUT,
    "retract": {State.ANNOUNCED, State.GONE},
    "preview": frozenset(State) - {State.GONE},
}
"""The states in which an issue is offered for a command."""

_NUMBER: Final = re.compile(r"[-+#\s]*\d+\.?")
_MOST_ASKED: Final = 10


@dataclass(eq=False, kw_only=True, slots=True)
class KnownIssues:
    """Finds the issue that a moderator means."""

    config: Config
    store: Store
    authority: Authority

    async def complete(self, actor: Actor, typed_so_far: str, command: str) -> list[tuple[str, str]]:
        """Return the issues to choose from for a command: what is shown, and the number that :meth:`chosen` takes."""
        wanted = folded_words(typed_so_far)
        states = FITTING.get(command, frozenset(State))
        edits = command in {"approve", "skip"}
        fitting = [
            record
            for record in await self._all(actor)
            if (record.state in states or (edits and record.asks_about_edit)) and _fits(record, wanted)
        ]
        if command == "retract":  # what is gone has something to retract only while messages of it are left
            holding = {name: await self.store.holding(name) for name in {record.newsletter for record in fitting}}
            fitting = [record for record in fitting if record.present or record.id in holding[record.newsletter]]
        return [(_line(record, actor.words), str(record.id)) for record in fitting[: limits.CHOICES]]

    async def chosen(self, actor: Actor, issue: str, verb: str, *, pressed: bool = False) -> IssueRecord:
        """Return the issue of a number, or the one that a text fits or whose title it is (not when ``pressed``: buttons carry numbers).

        Raises UserError when there is none that they may decide about, and when there are several: what is decided cannot be taken back
        where readers have seen it, so nothing is guessed. ``verb`` is what they want to do with it: who names an issue of others is told
        that there is none, and it is written down.
        """
        wanted = issue.strip().removeprefix("#")
        records = await self._all(actor)
        if not records:
            await self.authority.check(actor, verb)
        for record in records:
            if str(record.id) == wanted:
                return record
        found = [] if pressed else _fitting(records, issue)
        if not found:
            none = actor.words.say("moderation.no_issue", issue=typed(issue))
            if foreign := await self._foreign(actor, wanted):
                await self.authority.refuse(actor, verb, newsletter=foreign.newsletter, issue=foreign, words=none)
            raise UserError(none)
        if len(found) > 1:
            raise UserError(_which(issue, found, actor.words))
        return found[0]

    async def _foreign(self, actor: Actor, number: str) -> IssueRecord | None:
        """Return the issue of a number that others decide about."""
        own = await self.authority.newsletters(actor)
        for name in set(self.config.newsletters) - set(own):
            for record in (await self.store.records(name)).values():
                if str(record.id) == number:
                    return record
        return None

    async def _all(self, actor: Actor) -> list[IssueRecord]:
        """Return the issues that a person may decide about, the newest first."""
        found: list[IssueRecord] = []
        for name in await self.authority.newsletters(actor):
            found += (await self.store.records(name)).values()
        return sorted(found, key=_age)


def _age(record: IssueRecord) -> tuple[float, int]:
    when = record.date
    if isinstance(when, date) and not isinstance(when, datetime):
        when = datetime(when.year, when.month, when.day, tzinfo=UTC)
    return -(when or record.first_seen).timestamp(), -record.id


def _fitting(records: Sequence[IssueRecord], typed_text: str) -> list[IssueRecord]:
    """Return the issues that a person may mean: those of that title, else those with its words. A number is no word of any."""
    title = typed_text.strip().casefold()
    same = [record for record in records if record.title.casefold() == title]
    if same or _NUMBER.fullmatch(title):
        return same
    words = folded_words(title)
    return [record for record in records if words and _fits(record, words)]


def _which(typed_text: str, found: Sequence[IssueRecord], words: Language) -> str:
    """Ask which of several issues is meant."""
    lines = [f"- `{record.id}` {inert(_line(record, words))}" for record in found[:_MOST_ASKED]]
    rest = len(found) - len(lines)
    lines += [words.say("notices.more", count=rest)] if rest else []
    return as_content([words.say("moderation.several_issues", issue=typed(typed_text)), *lines])


def _fits(record: IssueRecord, wanted: Collection[str]) -> bool:
    return begins_words_of(wanted, f"{record.title} {record.date or ''} {record.slug}")


def _line(record: IssueRecord, words: Language) -> str:
    return named(record.title, day_of(record.date, words), words.say(f"states.{record.state.value}"))


def standing_of(record: IssueRecord, words: Language) -> str:
    """Say in a line how an issue stands."""
    until = f" ({since(record.until)})" if record.until else ""
    state = words.say(f"states.{record.state.value}")
    return words.say("moderation.standing", issue=titled(record.title), state=state, why=inert(why(record.reason, words))) + until
