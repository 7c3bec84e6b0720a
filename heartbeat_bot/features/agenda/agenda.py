"""What people plan by: events and open positions, out of all issues; and events for a calendar."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from heartbeat_bot.archive.agenda_items import MergedItem
from heartbeat_bot.archive.archive import Archive
from heartbeat_bot.archive.calendar import calendar
from heartbeat_bot.archive.words import UNSPACED, folded_words
from heartbeat_bot.clock import Clock
from heartbeat_bot.config import Config
from heartbeat_bot.extract.items import ONLINE, Event, EventKind, Job, JobKind
from heartbeat_bot.features.indexing import Indexing
from heartbeat_bot.features.readers import Readers, Scope
from heartbeat_bot.interactions.actor import Actor
from heartbeat_bot.interactions.answers import Answer, Attachment
from heartbeat_bot.interactions.components import Component, Option, pages, press, row, select, turning
from heartbeat_bot.interactions.custom_ids import OutdatedError, Query, arguments_of, newsletter_of, number_of, short_name
from heartbeat_bot.interactions.lines import FACT, TITLE, fact, linked, said, since, typed
from heartbeat_bot.interactions.router import PressHandler, PressKind
from heartbeat_bot.languages import Language
from heartbeat_bot.rendering import limits
from heartbeat_bot.rendering.post import Embed

EVENTS: Final = "events"
HIRING: Final = "hiring"
CALENDAR: Final = "ics"

WINDOWS: Final = ("upcoming", "week", "month", "past", "all")
PLACES: Final = ("online", "in_person")

JOBS_LAST: Final = timedelta(days=90)
"""How long a list of open positions is worth showing."""

_WEST: Final = timedelta(hours=12)
"""How far behind UTC it may still be the day before: an event of a day is over when that day is over everywhere."""

_PER_PAGE: Final = 10
_CHARACTERS: Final = 3400
"""Characters of a page's lines: what may stand above them has its place, too."""
_QUERY: Final = Query(most=60)
"""What a custom_id has left for a query."""
_ALL: Final = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """What events somebody asks for; it goes through every button of the answer."""

    when: str
    where: str
    scope: Scope
    query: str

    def arguments(self) -> tuple[str, ...]:
        return (self.when, self.where, short_name(self.scope.newsletter), self.query)


@dataclass(eq=False, kw_only=True, slots=True)
class Agenda:
    """Answers people who plan."""

    config: Config
    archive: Archive
    readers: Readers
    indexing: Indexing
    clock: Clock
    _computing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Years of a large newsletter's events take a tenth of a second: one question at a time, beside the loop."""

    def presses(self) -> Mapping[str, PressHandler]:
        """Return the handlers of this feature's buttons, menus and dialogs, by verb."""
        return {
            EVENTS: PressHandler(handle=self._turn_events),
            HIRING: PressHandler(handle=self._turn_jobs),
            CALENDAR: PressHandler(kind=PressKind.REPLY, handle=self._calendar),
        }

    # -- events -----------------------------------------------------------------------------------------------------------

    async def events(
        self,
        actor: Actor,
        *,
        when: str = "upcoming",
        where: str | None = None,
        query: str | None = None,
        newsletter: str | None = None,
    ) -> Answer:
        """Return events: ``when`` is one of :data:`WINDOWS`, ``where`` of :data:`PLACES`; sorted by day, past ones backwards."""
        question = _Question(
            when=when if when in WINDOWS else WINDOWS[0],
            where=where if where in PLACES else "",
            scope=await self.readers.scope(actor, newsletter),
            query=_QUERY.cut(query),
        )
        return await self._events_page(actor, question, 0)

    async def _turn_events(self, actor: Actor, arguments: Sequence[str], values: Sequence[str]) -> Answer:  # noqa: ARG002
        page, question = await self._read(actor, arguments)
        return await self._events_page(actor, question, page)

    async def _read(self, actor: Actor, arguments: Sequence[str]) -> tuple[int, _Question]:
        page, when, where, newsletter, query = arguments_of(arguments, 5)
        if when not in WINDOWS or where not in {"", *PLACES}:
            raise OutdatedError
        scope = await self.readers.scope_of(actor, newsletter_of(newsletter, self.config.newsletters))
        question = _Question(when=when, where=where, scope=scope, query=query)
        return number_of(page), question

    async def _asked_for(self, question: _Question, words: Language) -> tuple[list[MergedItem], list[list[str]]]:
        """Return the events that are asked for, and their lines dealt out to pages."""
        items = await self.archive.events()
        async with self._computing:
            return await asyncio.to_thread(_answered, items, question, words, self.clock())

    async def _events_page(self, actor: Actor, question: _Question, page: int) -> Answer:
        words = actor.words
        found, dealt = await self._asked_for(question, words)
        if not found:
            plain = question.when == "upcoming" and not (question.where or question.query)
            items = [item for item in await self.archive.events() if item.newsletter in question.scope.names]
            lines = [words.say("events.none_ever" if not items else "events.none_upcoming" if plain else "events.none")]
            lines += [words.say("reading.filling")] if self.indexing.is_filling(question.scope.names) else []
            return Answer(content="\n".join(lines))
        page = min(page, len(dealt) - 1)
        shown = _shown(found, dealt, page)
        embed = Embed(
            title=words.say(f"events.title.{question.when}"),
            description="\n".join(dealt[page]),
            footer=words.say("events.found", count=len(found)),
        )
        return Answer(embeds=(embed.body(),), components=_event_controls(words, question, page, len(dealt), shown))

    async def _calendar(self, actor: Actor, arguments: Sequence[str], values: Sequence[str]) -> Answer:
        page, question = await self._read(actor, arguments)
        if values and values[0] != _ALL:
            events = await self.archive.events()
            chosen = [item for item in events if item.mark == values[0] and item.newsletter in question.scope.names]
        else:
            chosen = _shown(*await self._asked_for(question, actor.words), page)
        if not chosen:
            return Answer(content=actor.words.say("events.gone"))
        name = question.scope.newsletter or ", ".join(dict.fromkeys(item.newsletter for item in chosen))
        content = await asyncio.to_thread(calendar, chosen, name=name, now=self.clock())
        count = actor.words.say("events.found", count=len(chosen))
        return Answer(content=actor.words.say("events.file", count=count), files=(Attachment(name="events.ics", content=content),))

    # -- jobs -------------------------------------------------------------------------------------------------------------

    async def hiring(self, actor: Actor, *, query: str | None = None, newsletter: str | None = None) -> Answer:
        """Return the open positions of the newest issue that has some, and how old they are."""
        return await self._jobs_page(actor, await self.readers.scope(actor, newsletter), _QUERY.cut(query), 0)

    async def _turn_jobs(self, actor: Actor, arguments: Sequence[str], values: Sequence[str]) -> Answer:  # noqa: ARG002
        page, newsletter, query = arguments_of(arguments, 3)
        scope = await self.readers.scope_of(actor, newsletter_of(newsletter, self.config.newsletters))
        return await self._jobs_page(actor, scope, query, number_of(page))

    async def _jobs_page(self, actor: Actor, scope: Scope, query: str, page: int) -> Answer:
        words = actor.words
        found = await self.archive.jobs(among=scope.names)
        if found is None:
            return Answer(content=words.say("reading.filling" if self.indexing.is_filling(scope.names) else "hiring.none"))
        listed, jobs = found
        issue = linked(listed.title, listed.url)
        when = f", {since(listed.date)}" if listed.date else ""
        if listed.day is not None and self.clock().date() - listed.day > JOBS_LAST:
            return Answer(content=words.say("hiring.expired", issue=issue, when=when))
        fitting = [job for job in jobs if _fits(query, (job.title, job.company or "", job.location or "", job.section))]
        if not fitting:
            return Answer(content=words.say("hiring.no_match", query=typed(query)))
        newest = self.archive.complete("", limit=1, among=scope.names)[0]
        head = words.say("hiring.age" if newest.issue == listed.issue else "hiring.newer", issue=issue, when=when)
        dealt = pages(_job_lines(fitting, words), most=_PER_PAGE, characters=_CHARACTERS)
        page = min(page, len(dealt) - 1)
        count = sum(job.kind is JobKind.POSITION for job in fitting)
        embed = Embed(
            title=words.say("hiring.title"),
            description="\n".join((head, "", *dealt[page])),
            footer=words.say("hiring.found", count=count) if count else "",
        )
        controls = turning(words, page, len(dealt), lambda to: press(HIRING, to, short_name(scope.newsletter), query))
        return Answer(embeds=(embed.body(),), components=row(*controls))


def _answered(
    items: Sequence[MergedItem], question: _Question, words: Language, now: datetime
) -> tuple[list[MergedItem], list[list[str]]]:
    found = [
        one
        for one in items
        if one.newsletter in question.scope.names
        and _is_in(one.event, question.when, now)
        and (not question.where or _is_there(one.event, question.where))
        and _fits(question.query, (one.event.title, one.event.location or "", one.event.section, str(one.event.day)))
    ]
    found.sort(key=_begins, reverse=question.when == "past")
    lines = (_event_line(item, words, newsletter=question.scope.several) for item in found)
    return found, pages(lines, most=_PER_PAGE, characters=_CHARACTERS)


def _begins(item: MergedItem) -> tuple[date, float]:
    """Return what events are sorted by: the day where they take place, and within it the time, those without one first."""
    start = item.event.start
    return item.event.day, start.timestamp() if isinstance(start, datetime) else 0.0


def _is_in(event: Event, when: str, now: datetime) -> bool:
    if when == "all":
        return True
    over = _is_over(event, now)
    if when == "past":
        return over
    if when == "upcoming":
        return not over
    today = now.date()
    if when == "week":
        first = today - timedelta(days=today.weekday())
        last = first + timedelta(days=6)
    else:
        first = today.replace(day=1)
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return event.day <= last and _last_day(event) >= first and not over


def _is_there(event: Event, where: str) -> bool:
    """Tell whether one can take part online, or in person: hybrid events are both."""
    if where == "online":
        return event.online
    return not event.online or not _is_online_only(event.location)


def _is_online_only(location: str | None) -> bool:
    return not location or location.strip().casefold() in ONLINE


def _fits(query: str, texts: Sequence[str]) -> bool:
    """Tell whether every word of a query begins a word of the texts, whatever its accents and case."""
    there = "".join(f" {word}" for text in texts for word in folded_words(text))
    return all((word if UNSPACED.search(word) else f" {word}") in there for word in folded_words(query))


def _last_day(event: Event) -> date:
    end = event.end or event.start
    return end.date() if isinstance(end, datetime) else end


def _is_over(event: Event, now: datetime) -> bool:
    end = event.end or event.start
    if isinstance(end, datetime):
        # Without an end, what begins at a time is taken to last for an evening.
        return end + (timedelta() if event.end else timedelta(hours=3)) < now
    return end < (now - _WEST).date()


def _days(event: Event, words: Language) -> str:
    """Write when an event is: instants as the reader's own time, days as they are where it takes place."""
    if isinstance(event.start, datetime):
        start = f"<t:{int(event.start.timestamp())}:f>"
        if not isinstance(event.end, datetime):
            return start
        style = "t" if event.end.astimezone(event.start.tzinfo).date() == event.start.date() else "f"
        return f"{start} – <t:{int(event.end.timestamp())}:{style}>"
    return words.days(event.start, max(event.start, _last_day(event)))


def _event_line(item: MergedItem, words: Language, *, newsletter: bool) -> str:
    event = item.event
    title = linked(event.title, event.url)
    if event.kind is EventKind.DEADLINE:
        title = words.say("events.deadline", title=title)
    place = fact(event.location) if event.location and not _is_online_only(event.location) else ""
    facts = [
        _days(event, words),
        words.say("events.online") if event.online else "",
        place,
        words.say("events.from", issue=linked(item.listed.title, item.listed.url, FACT)),
        fact(item.newsletter) if newsletter else "",
    ]
    return f"- **{title}** — {' · '.join(part for part in facts if part)}"


def _shown(found: Sequence[MergedItem], dealt: Sequence[Sequence[str]], page: int) -> Sequence[MergedItem]:
    """Return the events of a page."""
    first = sum(len(earlier) for earlier in dealt[:page])
    return found[first : first + len(dealt[page])] if page < len(dealt) else ()


def _event_controls(
    words: Language, question: _Question, page: int, count: int, shown: Sequence[MergedItem]
) -> tuple[Component, ...]:
    arguments = question.arguments()
    options = [
        Option(label=words.say("events.all_shown", count=len(shown)), value=_ALL),
        *(
            Option(label=said(item.event.title, TITLE), value=item.mark, description=_plain_days(item.event, words))
            for item in _distinct(shown)
        ),
    ]
    menu = select(press(CALENDAR, page, *arguments), options[: limits.SELECT_OPTIONS], placeholder=words.say("events.calendar"))
    return (*row(*turning(words, page, count, lambda to: press(EVENTS, to, *arguments))), *row(menu))


def _plain_days(event: Event, words: Language) -> str:
    return words.days(event.day, max(event.day, _last_day(event)))


def _distinct(shown: Sequence[MergedItem]) -> Iterator[MergedItem]:
    yield from {item.mark: item for item in shown}.values()


def _job_lines(jobs: Sequence[Job], words: Language) -> Iterator[str]:
    """Yield a line per position; those that only lead to more come last."""
    for job in sorted(jobs, key=lambda job: job.kind is JobKind.POINTER):
        list_ = words.say("hiring.list") if job.kind is JobKind.POINTER else ""
        about = " · ".join(part for part in (fact(job.company), fact(job.location), list_) if part)
        yield f"- **{linked(job.title, job.url)}**{f' — {about}' if about else ''}"
