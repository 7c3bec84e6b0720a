"""An issue → the events it tells of: what, when, where, and where to read on. What counts, and why, stands in docs/events.md.

A list in the front matter says all. Without one, events are looked for below headings (or paragraphs that serve as headings) that
promise events, and in lines marked by a calendar; a dated line there is an event unless it is a deadline, a release, or a talk that
has been given. What has no date is no event.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Final

from bs4.element import Tag

from heartbeat_bot.extract.dates import When, at_time, find_dates
from heartbeat_bot.extract.items import EVENT_PAGE, Event, EventKind
from heartbeat_bot.extract.lines import ListedLine, quotations_apart, read_line
from heartbeat_bot.extract.listed import listed_events
from heartbeat_bot.extract.places import is_online, pinned, place_of, where
from heartbeat_bot.extract.titles import choose_title, clean, is_generic, plain_title
from heartbeat_bot.extract.topics import ListEntry, Topic, marked, topics
from heartbeat_bot.issues.issue import Issue
from heartbeat_bot.issues.tree import line_of

_HEADING = re.compile(
    r"\b(?:events?|co-?working|seminars?|hangouts?|study groups?|meet-?ups?|meetings?|conferences?|confs|workshops?|webinars?|hackathons?|hack days?|office hours|gatherings?"
    r"|community calls?|calendar|key dates|important dates|save the dates?|summits?|where to (?:find|meet|see) us|what['’]s on"
    # German, Dutch
    r"|\w*veranstaltungen|\w*veranstaltung|termine|\w*treffen|konferenz(?:en)?|tagung(?:en)?|stammtische?|\w*kalender"
    r"|evenementen|bijeenkomsten|conferenties"
    # French, Spanish, Portuguese, Italian
    r"|[ée]v[ée]nements?|rencontres?|conférences?|rendez-vous|eventos?|encuentros?|conferencias?|quedadas|talleres|calendario"
    r"|encontros?|conferências?|oficinas|eventi|incontri|conferenze|appuntamenti"
    # Polish, Russian
    r"|wydarzenia|spotkania|события|мероприятия|встречи|конференции)\b"
    r"|^(?:l['’])?agenda\W*$|イベント|勉強会|カンファレンス|ミートアップ|活动|活動|会议|會議|聚会|행사|이벤트|모임",
    re.IGNORECASE,
)
_TRAP = re.compile(
    r"^q\b|\bat\b.{0,80}\bconference\b|\b(?:recap|videos?|recordings?|highlights|reports?|retrospective|summary|minutes|notes|cfp"
    r"|call for|calls for|rückblick|compte[- ]rendus?|resumen|resumo)\b"
    r"|\bevents? (?:loop|sourcing|handl|emit|bus|stream|queue|log|driven|system|api)|\bevent-driven\b"
    r"|^(?:organi[sz]ing|running|hosting|planning|handling|tracking|creating|how|why|when)\b",
    re.IGNORECASE,
)
_BACK = re.compile(rf"{_TRAP.pattern}|^(?:\W*(?:past|previous)\b(?!.{{0,60}}\b(?:upcoming|next)\b))", re.IGNORECASE)
"""What is left out below a heading of events: subsections that tell of those that have been."""
_MARK = re.compile(r"^\W{0,4}(?:[^.!?\n🗓📅]{0,60}:\s)?(?:🗓|📅)")
_LOOKS_BACK = re.compile(r"\b(?:past|previous|recent|vergangene|passés?|pasados?|passados?)\b", re.IGNORECASE)
_LOOKS_AHEAD = re.compile(r"\b(?:upcoming|next|future|kommende)\b", re.IGNORECASE)
_ONE = re.compile(r"meet-?up|webinar|workshop|hackathon|stammtisch", re.IGNORECASE)
"""What a longer heading announces by its name; one conference or event is named in headings about other things, too."""
_SIGN_UP = re.compile(
    r"\b(?:sign[- ]?up|regist\w+|rsvp|tickets?|join (?:us )?(?:here|at)|anmeld\w+|inscri\w+|details?)\b", re.IGNORECASE
)
_MOST_WORDS: Final = 8
_WORDS_OF_KIND: Final = 4
"""A heading of more words names the event itself ("CI/CD for Beginners, a Webinar"), one of fewer only its kind."""
_MOST_WORDS_OF_ONE: Final = 14
_NO_EVENT = re.compile(
    r"\bETA\b|\bend[- ]of[- ]life\b|\bEOL\b|\bcancell?ed\b|\babgesagt\b|\bannulé|\bcancelad[oa]|\bevents?\b.{0,20}\bbetween\b"
    r"|\b(?:was|were|got) released\b|\bposted\b",
    re.IGNORECASE,
)
_DEADLINE = re.compile(
    r"\bdeadline|\bdue\b|\bcfp\b|\bcall for (?:papers|proposals|speakers|talks|participation)"
    r"|\b(?:closes?|closing|open until|opens until|submit|submissions?|apply by|early[- ]bird|registration (?:opens|closes|ends))\b"
    r"|\b(?:anmeldeschluss|einreichungsfrist|einsendeschluss|frist|bewerbungsschluss|date limite|fecha límite|plazo|prazo|scadenza)\b"
    r"|締め?切り?|截止|마감",
    re.IGNORECASE,
)
_LAST_DAY = re.compile(r"\b(?:until|by|no later than|bis spätestens|avant le|antes del?)\s+\W*$", re.IGNORECASE)
_DEBUT = re.compile(r"\bdebut on\s+\W*$", re.IGNORECASE)
_NOT_THEN = re.compile(r"\b(?:no|not|except|kein\w*|pas de)(?: [\w-]+){0,2} (?:on|am|le)\s?$", re.IGNORECASE)
_CLAUSE = re.compile(r"[|;()\n]|\s[–—]\s")
_GIVEN = re.compile(
    r"\b(?:spoke|gave|delivered|chaired|participated|took place|appeared|happened|talked|was held|were held|missed|joined|attended|released|fand|fanden|hielt)\b"
    r"|(?<!are )(?<!is )(?<!be )\b(?:hosted|held|led|organi[sz]ed)\b(?! (?:by|at|in|on|online|via|over)\b)|\bpresented\b(?! by\b)",
    re.IGNORECASE,
)
_COMING = re.compile(
    r"\b(?:will|we['’]ll|join|rsvp|register|is hosting|are hosting|upcoming|next|be held|wird|werden)\b", re.IGNORECASE
)
_OF_LIST = re.compile(r"\b(?:events|meet-?ups|between|week of|termine|événements|eventos|conferences)\b", re.IGNORECASE)
_DATE_COLUMN = re.compile(r"date|when|day|datum|wann|tag|quand|fecha|cuándo|data\b|quando|日", re.IGNORECASE)
_PLACE_COLUMN = re.compile(
    r"where|place|location|venue|city|country|\bort\b|\bwo\b|lieu|ville|lugar|local|cidade|luogo|場所|会場", re.IGNORECASE
)
_TITLE_COLUMN = re.compile(
    r"event|title|name|what|talk|topic|meet-?up|conference|titel|\bwas\b|thema|titre|quoi|título|titolo|イベント", re.IGNORECASE
)
_LONGEST: Final = 20_000
_MOST_DETAILS: Final = 50
_MOST_ENTRIES: Final = 1000
_NEAR: Final = 300
"""Characters of a nested item that may name the place that a time zone is read by."""


def find_events(issue: Issue, patterns: Sequence[str] = (), *, deadlines: bool = False) -> tuple[Event, ...]:
    """Return the events of an issue in reading order, each once; with ``deadlines`` also the last days of calls and the like.

    ``patterns`` are headings to search below besides the built-in ones: words or regular expressions, whatever their case.
    Days without a year are read by the issue's day, so an issue without a date has only events that say their year.
    """
    events = listed_events(issue)
    if events is None:
        events = [event for topic in topics(issue, _is_event_heading, _BACK, patterns) for event in _events(topic, issue)]
        events += [event for topic in marked(issue, _MARK) for event in _events(topic, issue)]
    found: dict[tuple[EventKind, date | datetime, str], Event] = {}
    for event in events:
        if deadlines or event.kind is EventKind.EVENT:
            found.setdefault((event.kind, event.start, event.url or event.title), event)
    return tuple(found.values())


def _is_event_heading(title: str) -> bool:
    found = _HEADING.search(title)
    most = _MOST_WORDS_OF_ONE if found and _ONE.fullmatch(found.group()) else _MOST_WORDS
    return found is not None and len(title.split()) <= most and not title.endswith("?") and not _TRAP.search(title)


def _events(topic: Topic, issue: Issue) -> Iterator[Event]:
    recap = bool(_LOOKS_BACK.search(topic.title)) and not _LOOKS_AHEAD.search(topic.title)
    waiting: list[Event] = []
    title_line: ListedLine | None = None
    day: When | None = None
    below_heading = False
    for entry in topic.entries[:_MOST_ENTRIES]:
        if entry.card:
            waiting = [_from_card(entry, topic, waiting, issue)] if waiting or _card_dates(entry, issue) else []
            continue
        heading = entry.tag.name.startswith("h")
        line = read_line(entry.tag)
        if heading:
            day = _day_alone(line, issue)
        found = [] if heading and day else list(_of_entry(entry, line, topic, issue, title_line, recap=recap))
        if not found and day and entry.tag.name in {"li", "tr"} and not heading:
            found = list(_below_day(entry, line, topic, day))
        if found and waiting and below_heading and not heading and found[0].day == waiting[0].day:
            found[0], waiting = _told_again(waiting[0], found[0]), waiting[1:]
        if found or heading:
            yield from waiting
            waiting, below_heading = found, heading
            title_line = None
        elif waiting and (more := _told_more(waiting[-1], line)) != waiting[-1]:
            waiting[-1] = more
        elif len(line.names) == 1 and len(line.text) - len(line.names[0].text) < 4:  # noqa: PLR2004 - an emoji or two
            title_line = line
            if waiting and waiting[-1].url is None:
                named = clean(line.names[0].text) if below_heading and line.names[0].url else ""
                waiting[-1] = replace(waiting[-1], url=line.names[0].url, title=named or waiting[-1].title)
    yield from waiting


def _told_again(heading: Event, text: Event) -> Event:
    """Return what a heading with a day and the text below it say of one event: the heading names it, the text tells more."""
    return replace(
        text,
        title=heading.title,
        url=text.url or heading.url,
        location=text.location or heading.location,
        online=heading.online or text.online,
    )


def _told_more(event: Event, line: ListedLine) -> Event:
    """Return an event with the place and the page that a line below it says, where it has none."""
    place = pinned(line.text) if event.location is None else None
    online = event.online or (place is not None and is_online(line.text))
    return replace(event, location=event.location or place, online=online, url=event.url or _sign_up(line))


def _sign_up(line: ListedLine) -> str | None:
    """Return the link of a line that says where to sign up for what stands above it."""
    if not _SIGN_UP.search(line.text[:_LONGEST]):
        return None
    return next((name.url for name in line.names if name.url and is_generic(name.text)), None)


def _card_dates(entry: ListEntry, issue: Issue) -> tuple[When, ...]:
    text = f"{entry.tag.get('title') or ''} . {entry.tag.get('description') or ''}"[:_LONGEST]
    return () if _NO_EVENT.search(text) or _DEADLINE.search(text) else find_dates(text, issue.day, order=issue.date_order)


def _from_card(entry: ListEntry, topic: Topic, before: Sequence[Event], issue: Issue) -> Event:
    """A link card names the event whose date stands in it or in the paragraph before; of several, the card's date counts."""  # noqa: D401
    link = entry.tag.find("a") if entry.tag.name == "blockquote" else None
    title = " ".join((link.get_text() if link else str(entry.tag.get("title") or topic.title)).split())
    url = str((link or entry.tag).get("href") or "") or None
    dates = _card_dates(entry, issue)
    day = _day(dates[0].start) if dates else None
    same = next((event for event in before if day is None or event.day == day), None)
    if same:
        return replace(same, title=title, url=url or same.url)
    when = dates[0]
    online = is_online(str(entry.tag.get("description") or "")[:_LONGEST])
    return _event(title, when, topic, entry, url=url, location=None, online=online, kind=EventKind.EVENT)


def _day(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _event(
    title: str, when: When, topic: Topic, entry: ListEntry, *, url: str | None, location: str | None, online: bool, kind: EventKind
) -> Event:
    start, end = when.start, when.end
    if kind is EventKind.DEADLINE and end and not isinstance(start, datetime):
        start, end = end, None
    return Event(
        title=title,
        start=start,
        end=end,
        timezone=when.timezone,
        location=location,
        online=online,
        url=url or None,
        section=topic.title,
        line=line_of(entry.tag),
        kind=kind,
        place=topic.place,
    )


def _day_alone(line: ListedLine, issue: Issue) -> When | None:
    """Return the day that a heading consists of: what is listed below it takes place then."""
    dates = find_dates(line.text, issue.day, order=issue.date_order)
    if len(dates) != 1 or dates[0].end:
        return None
    rest = line.text[: dates[0].span[0]] + line.text[dates[0].span[1] :]
    return None if re.search(r"[^\W\d_]{2}", rest) else dates[0]


def _below_day(entry: ListEntry, line: ListedLine, topic: Topic, day: When) -> Iterator[Event]:
    """Yield the event of an item that stands below its day; a time in the item is that of the event."""
    title, url = choose_title(line, replace(day, span=(0, 0)), ())
    if title and url:
        when = at_time(day, line.text)
        place = pinned(line.text)
        yield _event(title, when, topic, entry, url=url, location=place, online=is_online(line.text), kind=EventKind.EVENT)


def _of_entry(
    entry: ListEntry, line: ListedLine, topic: Topic, issue: Issue, title_line: ListedLine | None, *, recap: bool
) -> Iterator[Event]:
    details = [read_line(tag) for tag in entry.details[:_MOST_DETAILS]]
    near = " ".join([entry.heading, *(item.text[:_NEAR] for item in details)])
    every = find_dates(line.text, issue.day, order=issue.date_order, recap=recap, near=near)
    dated = [(when, kind) for when in every if (kind := _kind(line, when, every, entry))]
    dates = [when for when, _ in dated]
    for number, (when, kind) in enumerate(dated):
        if entry.columns and (event := _of_row(entry, line, topic, when, kind)):
            yield event
            continue
        title, url = choose_title(line, when, dates[max(0, number - 1) : number] + dates[number + 1 : number + 2])
        led = when.span[0] <= 3  # noqa: PLR2004 - a bullet's emoji or an opening bracket
        named = next((name for item in details for name in item.names if not is_generic(name.text)), None)
        several = _several(details) if led else ()
        if named and (led or not title):
            title, url = clean(named.text), named.url or url
        if entry.heading and (len(dates) == 1 or not title) and not led:
            title = entry.heading
        if kind is EventKind.DEADLINE:
            title, url = _deadline_title(line, when, title, url)
        if not title and title_line:
            name = title_line.names[0]
            title, url = clean(name.text), url or name.url
        if not title:
            plain = plain_title(line, when, dates)
            long = len(topic.title.split()) > _WORDS_OF_KIND
            plain = "" if is_generic(plain) else plain
            title = topic.title if long and entry.tag.name == "p" else plain or entry.heading or topic.title
        url = url or next((name.url for item in details for name in item.names if name.url), None)
        place, online = where(line, when, dates, title)
        place = place or next((pin for item in details if (pin := pinned(item.text))), None)
        timed = next((timed for item in details if (timed := at_time(when, item.text, line.text)) is not when), when)
        event = _event(title, timed, topic, entry, url=url, location=place, online=online or is_online(entry.heading), kind=kind)
        if len(several) > 1 and len(dates) == 1:
            yield from (replace(event, title=title, url=url) for title, url in several)
        else:
            yield event


def _deadline_title(line: ListedLine, when: When, title: str, url: str | None) -> tuple[str, str | None]:
    """A deadline is called by the words that say so, and leads to the first link of its sentence."""  # noqa: D401
    start, end = line.sentence(when.span)
    words = plain_title(line, when)
    link = next((name.url for name in line.names if name.url and start <= name.span[0] < end), None)
    return (words if _DEADLINE.search(words) else title), link or url


def _several(details: Sequence[ListedLine]) -> Sequence[tuple[str, str]]:
    """Return name and page of each nested item, when every one has its own: one date and group, several events."""
    pages = [
        next(((clean(name.text), name.url) for name in item.names if name.url and EVENT_PAGE.search(name.url)), None)
        for item in details
    ]
    kept = [page for page in pages if page]
    return kept if len({url for _, url in kept}) == len(details) else ()


def _of_row(entry: ListEntry, line: ListedLine, topic: Topic, when: When, kind: EventKind) -> Event | None:
    """Read a row by the headings of its table; None when they do not say which cell is the name."""
    cells: list[Tag] = entry.tag.find_all(["td", "th"])
    if len(cells) > len(entry.columns):
        return None
    read = [read_line(cell) for cell in cells]

    def column(pattern: re.Pattern[str], taken: Sequence[int] = ()) -> int | None:
        return next((n for n in range(len(cells)) if n not in taken and pattern.search(entry.columns[n])), None)

    day = column(_DATE_COLUMN)
    place = column(_PLACE_COLUMN, [day] if day is not None else [])
    name = column(_TITLE_COLUMN, [n for n in (day, place) if n is not None])
    if name is None or not read[name].text:
        return None
    url = next((n.url for item in [read[name], *read] for n in item.names if n.url), None)
    said = read[place].text if place is not None else ""
    online = is_online(line.text)
    return _event(clean(read[name].text), when, topic, entry, url=url, location=place_of(said), online=online, kind=kind)


def _kind(line: ListedLine, when: When, dates: Sequence[When], entry: ListEntry) -> EventKind | None:
    """Tell what a date is the date of; None when it is of something past, a release, or of the list itself."""
    start, end = line.sentence(when.span)
    sentence = line.text[start:end]
    if _NO_EVENT.search(quotations_apart(sentence)):
        return None
    if entry.tag.name != "li" and when.end and not any(name.url for name in line.names) and _OF_LIST.search(sentence):
        return None
    before, after = _clause(line.text, when, dates, (start, end))
    if _DEBUT.search(before) or _NOT_THEN.search(before):
        return None
    if _LAST_DAY.search(before) or _DEADLINE.search(quotations_apart(before)) or _DEADLINE.search(quotations_apart(after)):
        return EventKind.DEADLINE
    given = _GIVEN.search(sentence) and not _COMING.search(sentence)
    return None if given else EventKind.EVENT


def _clause(text: str, when: When, dates: Sequence[When], sentence: tuple[int, int]) -> tuple[str, str]:
    """Return what stands before and after a date in its clause, between bars, brackets, dashes and other dates.

    Where another date follows in the clause, only the words up to a comma belong to this one.
    """
    start = max([sentence[0], *(other.span[1] for other in dates if other.span[1] <= when.span[0])])
    following = min((other.span[0] for other in dates if other.span[0] >= when.span[1]), default=len(text))
    before, after = text[start : when.span[0]], text[when.span[1] : min(sentence[1], following)]
    before = _CLAUSE.split(before)[-1]
    after = _CLAUSE.split(after, maxsplit=1)[0]
    return before, after.split(",", maxsplit=1)[0] if following < sentence[1] else after
