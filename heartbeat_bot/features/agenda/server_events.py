"""Events that issues tell of, made events of a server; when an issue tells otherwise later, moderators hear of it.

Discord has nothing that keeps a second request from making a second event. So the store is told before, and whoever finds no number
there looks among the server's events before one is made: what was cut off, or lost with a store, is found again.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from heartbeat_bot.archive.agenda_items import MergedItem
from heartbeat_bot.archive.archive import Archive
from heartbeat_bot.archive.words import begins_words_of, folded_words
from heartbeat_bot.clock import Clock
from heartbeat_bot.errors import OutletError, RateLimitedError, UserError
from heartbeat_bot.ids import GuildId
from heartbeat_bot.interactions.actor import Actor
from heartbeat_bot.interactions.answers import Answer
from heartbeat_bot.interactions.components import Component, button, press, row
from heartbeat_bot.interactions.custom_ids import arguments_of
from heartbeat_bot.interactions.lines import isolated, named, said, typed
from heartbeat_bot.interactions.router import PressHandler, PressKind
from heartbeat_bot.languages import Language, language
from heartbeat_bot.moderators.auditing import Auditing
from heartbeat_bot.moderators.authority import Authority
from heartbeat_bot.ports import (
    FINISHED_SERVER_EVENT,
    MISSING_PERMISSION,
    TOO_MANY_SERVER_EVENTS,
    UNKNOWN_SERVER_EVENT,
    Discord,
    SeenServerEvent,
)
from heartbeat_bot.rendering import limits
from heartbeat_bot.rendering.dialect import inert
from heartbeat_bot.rendering.plain import composed, shortened
from heartbeat_bot.rendering.scheduled import Scheduled, scheduled
from heartbeat_bot.store.server_events import ServerEvent, ServerEventRows
from heartbeat_bot.sync.renderer import Renderer

SERVER_EVENT: Final = "server-event"

_GONE: Final = "gone"
"""Stands for the change that an event is told of no more."""

_REFUSALS: Final[Mapping[int, str]] = {
    MISSING_PERMISSION: "server_event.refused",
    TOO_MANY_SERVER_EVENTS: "server_event.full",
}
_ENDED: Final = frozenset({UNKNOWN_SERVER_EVENT, FINISHED_SERVER_EVENT})
_LISTED: Final = 5
_TITLE: Final = 60
_PAST: Final = timedelta(days=2)
_LOG = logging.getLogger(__name__)


@dataclass(eq=False, kw_only=True, slots=True)
class ServerEvents:
    """Makes server events, changes them, and watches what issues say of them afterwards."""

    rows: ServerEventRows
    archive: Archive
    discord: Discord
    renderer: Renderer
    clock: Clock
    authority: Authority
    auditing: Auditing
    _locks: defaultdict[GuildId, asyncio.Lock] = field(default_factory=partial(defaultdict[GuildId, asyncio.Lock], asyncio.Lock))
    """One thing at a time is done to a server's events: so a second press finds what the first one made."""

    def presses(self) -> Mapping[str, PressHandler]:
        """Return the handlers of this feature's buttons, menus and dialogs, by verb."""
        return {SERVER_EVENT: PressHandler(kind=PressKind.REPLY, handle=self._press)}

    # -- /server-event ----------------------------------------------------------------------------------------------------

    async def complete(self, actor: Actor, typed_so_far: str) -> list[tuple[str, str]]:
        """Return the events to choose from, those to come: what is shown, and the mark that :meth:`make` takes."""
        wanted, now = folded_words(typed_so_far), self.clock()
        fitting = [one for one in await self._of(actor) if _fits(one, wanted) and _is_to_come(one, now)]
        return [(_choice(one, actor.words), one.mark) for one in fitting[: limits.CHOICES]]

    async def make(self, actor: Actor, *, event: str) -> Answer:
        """Make an event of an issue an event of the server where one asks; one that is there already is brought in step.

        ``event`` is a mark, or words that fit one event to come.
        """
        await self.authority.check(actor, SERVER_EVENT)
        assert actor.guild is not None, "moderators decide in servers"
        return await self._make(actor, GuildId(actor.guild), await self._chosen(actor, event))

    async def _press(self, actor: Actor, arguments: Sequence[str], values: Sequence[str]) -> Answer:  # noqa: ARG002
        """Bring an event in step in the server where it is, which need not be the moderators'."""
        mark, server = arguments_of(arguments, 2)
        await self.authority.check(actor, SERVER_EVENT)
        item = next((one for one in await self._of(actor) if one.mark == mark), None)
        if item is None:
            return Answer(content=actor.words.say("events.gone"))
        guild = next((row.guild for row in await self.rows.of_newsletter(item.newsletter) if str(row.guild) == server), None)
        if guild is None:
            return Answer(content=actor.words.say("errors.old_button"))
        if not await self.authority.may_in(actor, guild):
            await self.authority.refuse(actor, SERVER_EVENT, newsletter=item.newsletter)
        return await self._make(actor, guild, item)

    async def _of(self, actor: Actor) -> list[MergedItem]:
        """Return the events of the newsletters that a person may decide about, by day."""
        names = await self.authority.newsletters(actor)
        return [one for one in await self.archive.events() if one.newsletter in names]

    async def _chosen(self, actor: Actor, event: str) -> MergedItem:
        every, wanted, now = await self._of(actor), folded_words(event), self.clock()
        marked = next((one for one in every if one.mark == event.strip()), None)
        if marked:
            return marked
        fitting = [one for one in every if wanted and _fits(one, wanted)]
        coming = [one for one in fitting if _is_to_come(one, now)]
        exact = [one for one in coming if folded_words(one.event.title) == wanted]
        match exact if len(exact) == 1 else coming:
            case []:
                key = "server_event.over" if fitting else "server_event.none"
                raise UserError(actor.words.say(key, event=typed(fitting[-1].event.title if fitting else event)))
            case [one]:
                return one
            case several:
                choices = "; ".join(inert(_choice(one, actor.words)) for one in several[:_LISTED])
                raise UserError(actor.words.say("server_event.several", event=typed(event), events=choices))

    async def _make(self, actor: Actor, guild: GuildId, item: MergedItem) -> Answer:
        wanted = _scheduled(item)
        if wanted is None or wanted.is_over(self.clock()):
            return Answer(content=actor.words.say("server_event.over", event=typed(item.event.title)))
        async with self._locks[guild], _in_words(actor.words):
            done, number = await self._reconcile(actor, guild, item, wanted)
        url = _url(guild, number)
        return Answer(content=actor.words.say(f"server_event.{done}", event=isolated(inert(wanted.name)), url=url))

    async def _reconcile(self, actor: Actor, guild: GuildId, item: MergedItem, wanted: Scheduled) -> tuple[str, int]:
        """Make an event, or change it where it shows something else; return what was done, and its number."""
        now, reason = self.clock(), f"/{SERVER_EVENT} by {said(actor.name, _TITLE)} ({actor.user})"
        there = await self._there(guild, item, wanted)
        changes = wanted.changes(there.shows, now) if there else {}
        if there and not changes:
            await self.rows.changed(guild, item.mark, digest=wanted.digest, now=now)
            return "already", there.number
        detail = shortened(item.event.title, _TITLE)
        async with self.auditing.act(actor, SERVER_EVENT, newsletter=item.newsletter, detail=detail) as act:
            if there and await self._changed(guild, there.number, changes, reason):
                await self.rows.changed(guild, item.mark, digest=wanted.digest, now=now)
                done, number = "updated", there.number
            else:
                done, number = "made", await self._made(guild, item, wanted, reason)
            act.outcome = f"{done}: event {number} of server {guild}"
        return done, number

    async def _there(self, guild: GuildId, item: MergedItem, wanted: Scheduled) -> SeenServerEvent | None:
        """Return the server's event that was made of an event and is not over, None for none; the store then knows it by that name.

        Besides the one that the store knows it is one that it lost, or that was made when the issue told of another day.
        """
        open_ = await self._open(guild)
        rows = {row.key: row for row in await self.rows.of_guild(guild)}
        known = rows.get(item.mark)
        if known and known.scheduled_event in open_:
            return open_[known.scheduled_event]
        numbers = {row.scheduled_event for row in rows.values()}
        lost = next((one for one in open_.values() if one.number not in numbers and one.shows.is_of(wanted)), None)
        now = self.clock()
        if lost:
            await self.rows.begin(
                guild, item.mark, newsletter=item.newsletter, path=item.listed.path, digest=wanted.digest, now=now
            )
            await self.rows.made(guild, item.mark, lost.number, now=now)
            return lost
        marks = {one.mark for one in await self.archive.events()}
        others = [row for row in rows.values() if row.newsletter == item.newsletter and row.key not in marks]
        moved = [row for row in others if row.scheduled_event in open_ and open_[row.scheduled_event].shows.is_like(wanted)]
        if len(moved) != 1:
            return None
        if known:
            await self.rows.forget(guild, item.mark)
        await self.rows.rename(guild, moved[0].key, item.mark)
        return open_.get(moved[0].scheduled_event or 0)

    async def _changed(self, guild: GuildId, number: int, changes: Mapping[str, Any], reason: str) -> bool:
        """Change an event; return False when it turns out to be there no more."""
        try:
            await self.discord.edit_server_event(guild, number, changes, reason=reason)
        except OutletError as error:
            if error.code in _ENDED:
                return False
            raise
        return True

    async def _made(self, guild: GuildId, item: MergedItem, wanted: Scheduled, reason: str) -> int:
        """Make an event that is not there, written down before and after."""
        now = self.clock()
        await self.rows.forget(guild, item.mark)
        await self.rows.begin(guild, item.mark, newsletter=item.newsletter, path=item.listed.path, digest=wanted.digest, now=now)
        try:
            number = await self.discord.make_server_event(guild, wanted.body(now), reason=reason)
        except OutletError as error:
            if not _is_unclear(error):
                await self.rows.forget(guild, item.mark)
            raise
        await self.rows.made(guild, item.mark, number, now=self.clock())
        return number

    async def _open(self, guild: GuildId) -> dict[int, SeenServerEvent]:
        """Return the bot's events of a server that are to come or going on, by number."""
        return {event.number: event for event in await self.discord.server_events(guild) if event.own}

    # -- what a pass does -------------------------------------------------------------------------------------------------

    async def are_made(self, name: str) -> bool:
        """Tell whether there are events of servers that were made of a newsletter's issues."""
        return bool(await self.rows.of_newsletter(name))

    async def reconcile(self, name: str) -> None:
        """Compare a newsletter's server events with what its issues tell now, and tell moderators of a change, once.

        To be called when the archive is in step. Without a change nothing is asked of Discord. What goes wrong is logged, and tried
        again by the next pass.
        """
        rows = await self.rows.of_newsletter(name)
        snapshot = self.renderer.snapshots.get(name)
        if not rows or snapshot is None:
            return
        items = {one.mark: one for one in await self.archive.events() if one.newsletter == name}
        unread = snapshot.files.keys() - self.archive.known(name).keys()
        for made in rows:
            if made.key not in items and made.path in unread:
                continue  # what cannot be read has not said that the event is off
            try:
                await self._look_at(made, items)
            except UserError as error:
                _LOG.warning("moderators were not told of a change of a server event (%s): %s", name, error)

    async def _look_at(self, known: ServerEvent, items: Mapping[str, MergedItem]) -> None:
        one = items.get(known.key)
        wanted = _scheduled(one) if one else None
        if one and wanted is None:
            return
        digest = wanted.digest if wanted else _GONE
        if known.scheduled_event is not None and digest == known.told_digest:
            return
        if known.scheduled_event is not None and digest == known.digest:
            if known.told_digest is not None:  # the change is taken back
                await self.rows.changed(known.guild, known.key, digest=digest, now=self.clock())
            return
        async with self._locks[known.guild]:
            if await self.rows.find(known.guild, known.key) == known:
                await self._compare(known, items, one, wanted)

    async def _compare(
        self, known: ServerEvent, items: Mapping[str, MergedItem], one: MergedItem | None, wanted: Scheduled | None
    ) -> None:
        """Settle an event whose making was cut off; tell of one that shows something else than is told now."""
        guild, now = known.guild, self.clock()
        if one and wanted:
            there = await self._there(guild, one, wanted)
        else:
            there = (await self._open(guild)).get(known.scheduled_event or 0)
        if there is None:  # it was never made, or it is over or was deleted: there is nothing left to say of it
            await self.rows.forget(guild, known.key)
        elif wanted is None:
            successor = await self._successor(guild, there, items)
            if await self._tell(known, there, successor, None if successor is None else successor[1]):
                await self.rows.notified(guild, known.key, digest=_GONE, now=now)
        elif not wanted.changes(there.shows, now):
            await self.rows.changed(guild, known.key, digest=wanted.digest, now=now)
        elif await self._tell(known, there, one and (one, wanted), wanted):
            await self.rows.notified(guild, known.key, digest=wanted.digest, now=now)

    async def _successor(
        self, guild: GuildId, there: SeenServerEvent, items: Mapping[str, MergedItem]
    ) -> tuple[MergedItem, Scheduled] | None:
        """Return the event that is told of instead of one that is not any more: at another time, or by another name."""
        made, now = {row.key for row in await self.rows.of_guild(guild)}, self.clock()
        coming = [(one, _scheduled(one)) for one in items.values() if one.mark not in made]
        like = [(one, wanted) for one, wanted in coming if wanted and not wanted.is_over(now) and there.shows.is_like(wanted)]
        return like[0] if len(like) == 1 else None

    async def _tell(
        self, known: ServerEvent, there: SeenServerEvent, now_told: tuple[MergedItem, Scheduled] | None, wanted: Scheduled | None
    ) -> bool:
        words, now = language(), self.clock()
        event, url = isolated(inert(there.shows.name)), _url(known.guild, there.number)
        if now_told is None or wanted is None:
            text = words.say("server_event.gone", event=event, newsletter=inert(known.newsletter), url=url)
            return await self.auditing.tell(text, nonce=_nonce(known, _GONE))
        one, _ = now_told
        changed = ", ".join(_said(wanted, wanted.changes(there.shows, now), words))
        text = words.say("server_event.changed", event=event, issue=isolated(inert(one.listed.title)), changes=changed, url=url)
        update: tuple[Component, ...] = ()
        if not wanted.is_over(now):
            update = row(button(words.say("server_event.update"), press(SERVER_EVENT, one.mark, known.guild)))
        return await self.auditing.tell(text, nonce=_nonce(known, wanted.digest), components=update)


@asynccontextmanager
async def _in_words(words: Language) -> AsyncGenerator[None]:
    """Say in a person's language what Discord's refusals mean for them."""
    try:
        yield
    except OutletError as error:
        key = "server_event.unclear" if _is_unclear(error) else _REFUSALS.get(error.code)
        if key is None:
            raise
        raise UserError(words.say(key)) from error


def _is_unclear(error: OutletError) -> bool:
    """Tell whether Discord may have done what it was asked for."""
    return not error.permanent and not isinstance(error, RateLimitedError)


def _scheduled(item: MergedItem) -> Scheduled | None:
    return scheduled(item.event, issue=item.listed.title, issue_url=item.listed.url)


def _is_to_come(item: MergedItem, now: datetime) -> bool:
    last = item.event.end or item.event.start
    if (last.date() if isinstance(last, datetime) else last) < (now - _PAST).date():
        return False
    wanted = _scheduled(item)
    return wanted is not None and not wanted.is_over(now)


def _fits(item: MergedItem, wanted: Sequence[str]) -> bool:
    return begins_words_of(wanted, f"{item.event.title} {item.event.day} {item.event.location or ''}")


def _choice(item: MergedItem, words: Language) -> str:
    return named(composed(item.event.title), words.day(item.event.day))


def _said(wanted: Scheduled, changes: Mapping[str, Any], words: Language) -> list[str]:
    """Say what is told otherwise now."""
    said: list[str] = []
    if "name" in changes:
        said.append(words.say("server_event.new_name", name=isolated(inert(wanted.name))))
    if changes.keys() & {"scheduled_start_time", "scheduled_end_time"}:
        start, end = (int(when.timestamp()) for when in (wanted.start, wanted.end))
        said.append(words.say("server_event.new_time", start=f"<t:{start}:f>", end=f"<t:{end}:f>"))
    if "entity_metadata" in changes:
        said.append(words.say("server_event.new_place", place=isolated(inert(wanted.location))))
    return said or [words.say("server_event.new_description")]


def _nonce(known: ServerEvent, digest: str) -> str:
    return f"{known.key[:10]}-{known.guild % 10**4}-{digest[:8]}"[: limits.NONCE]


def _url(guild: GuildId, number: int) -> str:
    return f"https://discord.com/events/{guild}/{number}"
