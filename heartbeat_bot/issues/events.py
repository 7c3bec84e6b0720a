"""An issue → the events it tells of: what, when, where, and where to read on.

Events are looked for below headings (or paragraphs that serve as headings) that promise events; a dated line there is an event
unless it is a deadline, a release, or a talk that has been given. What has no date is no event.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

from bs4.element import NavigableString, Tag

from heartbeat_bot.issues.dates import When, find_dates
from heartbeat_bot.issues.jobs import Entry, Topic, topics
from heartbeat_bot.issues.model import Issue
from heartbeat_bot.issues.tree import line_of

_HEADING = re.compile(
    r"\b(?:events?|meet-?ups?|meetings?|conferences?|confs|workshops?|webinars?|hackathons?|hack days?|office hours|gatherings?"
    r"|community calls?|calendar|key dates|important dates|save the dates?|summits?|where to (?:find|meet|see) us|what['’]s on)\b",
    re.IGNORECASE,
)
_TRAP = re.compile(
    r"^q\b|\bat\b.*\bconference\b|\b(?:recap|videos?|recordings?|highlights|reports?|retrospective|summary|minutes|notes|cfp"
    r"|call for|calls for)\b|\bevents? (?:loop|sourcing|handl|emit|bus|stream|queue|log|driven|system|api)|\bevent-driven\b"
    r"|^(?:organi[sz]ing|running|hosting|planning|handling|tracking|creating|how|why|when)\b",
    re.IGNORECASE,
)
_LOOKS_BACK = re.compile(r"\b(?:past|previous|recent)\b", re.IGNORECASE)
_MOST_WORDS: Final = 8
_NO_EVENT = re.compile(
    r"\bdeadline|\bdue\b|\bETA\b|\bend[- ]of[- ]life\b|\bEOL\b|\bcfp\b|\bcall for (?:papers|proposals|speakers|talks|participation)"
    r"|\b(?:closes?|closing|open until|opens until|submit|submissions?|apply by|early[- ]bird|registration (?:opens|closes|ends))\b"
    r"|\bcancell?ed\b|\bevents?\b.{0,20}\bbetween\b|\b(?:was|were|got) released\b|\bposted\b",
    re.IGNORECASE,
)
_GIVEN = re.compile(
    r"\b(?:spoke|gave|presented|took place|appeared|happened|talked|was held|were held|hosted|held|led|missed|joined|attended|released)\b",
    re.IGNORECASE,
)
_COMING = re.compile(r"\b(?:will|we['’]ll|join|rsvp|register|is hosting|are hosting|upcoming|next|be held)\b", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<![ap]\.m)(?<!\bSt)(?<!\bDr)(?<!\bMr)(?<!\bvs)[.!?]\s+(?=[^\W\d_a-z]|[\"“\[])|\n")
_EVENT_URL = re.compile(
    r"/events?/[\w-]*\d|eventbrite\.[\w.]+/e/|\.eventbrite\.com|//(?:lu\.ma|luma\.com)/|/e/[\w-]+\d{6}|guild\.host/events|ti\.to/",
    re.IGNORECASE,
)
_PERSON_URL = re.compile(
    r"linkedin\.com/in/|//(?:www\.)?(?:twitter|x|github|gitlab)\.com/[\w-]+/?(?:\?.*)?$|matrix\.to/#/@|^mailto:|/@[\w.]+$",
    re.IGNORECASE,
)
_PERSON_BEFORE = re.compile(
    r"\b(?:with|by|of|featuring|ambassador|host|speakers?|(?:working|works|student|engineer|scientist|researcher|developer)s? at)\s*$",
    re.IGNORECASE,
)
_OTHER_BEFORE = re.compile(r"\b(?:before|after|following|prior to|since)\s*$", re.IGNORECASE)
_GENERIC = re.compile(
    r"^(?:(?:please |to |and )*(?:rsvp|register|registration|sign[- ]?up|join|get|book|find|see|read|learn|check|watch|more|click|apply|buy"
    r"|reserve|details?|info(?:rmation)?|here|links?|this|website|event page|tickets?|recording|slides|call for|cfp|agenda|calendar"
    r"|schedule|zoom|on (?:eventbrite|meetup|zoom)|eventbrite|streamed|online)\b.{0,30}|https?:.*)$",
    re.IGNORECASE,
)
_KIND = re.compile(
    r"^(?:our |the |next |online |virtual )*(meet-?up|event|conference|workshop|webinar|meeting|hackathon|summit|session|talk)$",
    re.IGNORECASE,
)
_ONLINE = re.compile(
    r"\b(?:online|on-line|virtual(?:ly)?|webinar|hybrid|live-?stream(?:ed)?|(?:on|via|over) (?:zoom|discord|twitch|youtube|jitsi|teams|google meet))\b",
    re.IGNORECASE,
)
_NAME = r"(?:St\. )?[^\W\d_a-zß-ÿ][\w'’-]*(?:\.(?=[A-Z])\w+)*\.?(?<!\.)"
_PLACE = (
    rf"{_NAME}(?:[ /-](?:(?:de|del|la|le|am|an|der|den|do|da|of|upon|or|und)[ ])*{_NAME})*"
    rf"(?:,? (?:and|&) {_NAME}(?: {_NAME})*|, {_NAME}(?: {_NAME})*)*(?: \([^\W\d_a-z][\w ,.]*\))?"
)
_IN = re.compile(rf"\bin (?:the )?({_PLACE})")
_AT = re.compile(rf"(?:\bat|@) (?:the )?({_PLACE})")
_JUST_BEFORE = re.compile(rf"(?:^|[-–—,|(:]) ?({_PLACE}),?[ |–—:-]*$")
_JUST_AFTER = re.compile(rf"^[ )]*[,|@–—-] ?(?:(?:Hybrid|Virtual|Online)\b[ (]*)?({_PLACE})(?=\s*(?:[|).,;:!–—-]|$))")
_PIN = re.compile(r"(?:📍|📌|🗺️?|(?:^|\s)(?:Location|Where|Venue|Place):)\s*([^\n|🗓📅⏰🕒🔗👉🎟]{2,100})")
_NO_PLACE = re.compile(
    r"^(?:online|on-line|virtual|hybrid|zoom|discord|twitch|youtube|free|tb[ad]|january|february|march|april|may|june|july|august|september"
    r"|october|november|december|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun|monday|tuesday|wednesday"
    r"|thursday|friday|saturday|sunday|utc|gmt|english|german|french|spanish|python|rust|go|r|julia|jupyter|we|the|this|join|i)\b",
    re.IGNORECASE,
)
_QUOTE = re.compile(r"[“\"]([^”\"]{4,150})[”\"]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event. ``start`` and ``end`` are dates, or aware datetimes when a time and its zone are written.

    ``end`` is inclusive for dates, and None when it is the start. ``timezone`` is an IANA name, or an offset such as ``+05:30``.
    ``online`` is also true for hybrid events. ``url`` is the target as written. ``section`` is the heading it stands under.
    """

    title: str
    start: date | datetime
    end: date | datetime | None
    timezone: str | None
    location: str | None
    online: bool
    url: str | None
    section: str
    line: int | None

    def as_json(self) -> dict[str, Any]:
        """Return the shape that ``preview --format json`` promises: dates as ISO 8601."""
        return {
            "title": self.title,
            "start": self.start.isoformat(),
            "end": self.end.isoformat() if self.end else None,
            "timezone": self.timezone,
            "location": self.location,
            "online": self.online,
            "url": self.url,
            "section": self.section,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Name:
    """Something in a line that may be the event's name: a link, words set off, or a quotation."""

    text: str
    url: str | None
    weight: int
    span: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """The text of an entry, struck-out words left out, with what stands out in it."""

    text: str
    names: tuple[_Name, ...]


def find_events(issue: Issue, patterns: Sequence[str] = ()) -> tuple[Event, ...]:
    """Return the events of an issue in reading order, each once.

    ``patterns`` are headings to search below besides the built-in ones: words or regular expressions, whatever their case.
    """
    found: dict[tuple[date | datetime, str], Event] = {}
    for topic in topics(issue, _is_event_heading, _TRAP, patterns):
        for event in _events(topic, issue.day):
            found.setdefault((event.start, event.url or event.title), event)
    return tuple(found.values())


def _is_event_heading(title: str) -> bool:
    return (
        len(title.split()) <= _MOST_WORDS and not title.endswith("?") and bool(_HEADING.search(title)) and not _TRAP.search(title)
    )


def _events(topic: Topic, issued: date | None) -> Iterator[Event]:
    recap = bool(_LOOKS_BACK.search(topic.title)) and "upcoming" not in topic.title.lower()
    waiting: list[Event] = []
    title_line: Tag | None = None
    for entry in topic.entries:
        if entry.card:
            waiting = [_from_card(entry, topic, waiting, issued)] if waiting or _card_dates(entry, issued) else []
            continue
        found = list(_of_entry(entry, topic, issued, title_line, recap=recap))
        if found or entry.tag.name.startswith("h"):
            yield from waiting
            waiting = found
            title_line = None
            continue
        line = _read(entry.tag)
        pin = _PIN.search(line.text)
        if waiting and pin and waiting[-1].location is None:
            waiting[-1] = replace(waiting[-1], location=pin[1].strip(" .,"))
        elif len(line.names) == 1 and len(line.text) - len(line.names[0].text) < 4:  # noqa: PLR2004 - an emoji or two
            title_line = entry.tag
            link = line.names[0].url
            if waiting and link and waiting[-1].url is None:
                waiting[-1] = replace(waiting[-1], url=link)
    yield from waiting


def _card_dates(entry: Entry, issued: date | None) -> tuple[When, ...]:
    text = f"{entry.tag.get('title') or ''} . {entry.tag.get('description') or ''}"
    return () if _NO_EVENT.search(text) else find_dates(text, issued)


def _from_card(entry: Entry, topic: Topic, before: Sequence[Event], issued: date | None) -> Event:
    """A link card names the event whose date stands in it or in the paragraph before; of several, the card's date counts."""  # noqa: D401
    link = entry.tag.find("a") if entry.tag.name == "blockquote" else None
    title = " ".join((link.get_text() if link else str(entry.tag.get("title") or topic.title)).split())
    url = str((link or entry.tag).get("href") or "") or None
    dates = _card_dates(entry, issued)
    day = _day(dates[0].start) if dates else None
    same = next((event for event in before if day is None or _day(event.start) == day), None)
    if same:
        return replace(same, title=title, url=url or same.url)
    when = dates[0]
    return Event(
        title=title,
        start=when.start,
        end=when.end,
        timezone=when.timezone,
        location=None,
        online=bool(_ONLINE.search(str(entry.tag.get("description") or ""))),
        url=url,
        section=topic.title,
        line=line_of(entry.tag),
    )


def _day(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _of_entry(entry: Entry, topic: Topic, issued: date | None, title_line: Tag | None, *, recap: bool) -> Iterator[Event]:
    line = _read(entry.tag)
    dates = [when for when in find_dates(line.text, issued, recap=recap) if _is_event(line.text, when)]
    details = [_read(tag) for tag in entry.details]
    for when in dates:
        title, url = _title(line, when, [other for other in dates if other.span != when.span])
        led = when.span[0] <= 3  # noqa: PLR2004 - a bullet's emoji or an opening bracket
        detail = next((name for item in details for name in item.names if not _GENERIC.match(name.text)), None)
        if detail and (led or not title):
            title, url = detail.text, detail.url or url
        named = entry.heading and (len(dates) == 1 or not title)
        if named and not led:
            title = entry.heading
        if not title and title_line:
            name = _read(title_line).names[0]
            title, url = _clean(name.text), url or name.url
        if not title:
            title = _plain_title(line.text, when) or entry.heading or topic.title
        url = url or next((name.url for item in details for name in item.names if name.url), None)
        place, online = _where(line, when, dates)
        pin = next((match for item in details if (match := _PIN.search(item.text))), None)
        yield Event(
            title=title,
            start=when.start,
            end=when.end,
            timezone=when.timezone,
            location=place or (pin[1].strip(" .,") if pin else None),
            online=online or bool(entry.heading and _ONLINE.search(entry.heading)),
            url=url,
            section=topic.title,
            line=line_of(entry.tag),
        )


def _sentence(text: str, span: tuple[int, int]) -> tuple[int, int]:
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    start = max((end for end in ends if end <= span[0]), default=0)
    return start, min((end for end in ends if end >= span[1]), default=len(text))


def _is_event(text: str, when: When) -> bool:
    start, end = _sentence(text, when.span)
    sentence = text[start:end]
    if _NO_EVENT.search(_QUOTE.sub("", sentence)):
        return False
    before = sentence[: when.span[0] - start]
    if re.search(r"\b(?:until|by|debut on)\s+\W*$", before, re.IGNORECASE):
        return False
    return not (_GIVEN.search(sentence) and not _COMING.search(sentence))


def _read(tag: Tag) -> _Line:
    parts: list[str] = []
    names: list[_Name] = []

    def walk(node: Tag) -> None:
        for child in node.children:
            if isinstance(child, NavigableString):
                text = str(child).replace("\xa0", " ")
                parts.append(text.lstrip() if not parts or parts[-1].endswith((" ", "\n")) else text)
            elif isinstance(child, Tag):
                if child.name in {"s", "ul", "ol", "pre", "img", "blockquote"}:
                    continue
                if child.name == "br":
                    parts.append("\n")
                    continue
                start = sum(map(len, parts))
                walk(child)
                if child.name in {"a", "strong", "em"} and not (child.name != "a" and child.find_parent("a")):
                    text = "".join(parts)[start:]
                    url = str(child.get("href") or "") or None
                    if child.name != "a" and child.find("a"):
                        continue
                    weight = {"a": 30, "strong": 20}.get(child.name, 15)
                    names.append(_Name(text=text.strip(), url=url, weight=weight, span=(start, start + len(text))))
                if child.name in {"p", "div", "td", "th"}:
                    parts.append(" ")

    walk(tag)
    text = "".join(parts)
    names.extend(_Name(text=match[1], url=None, weight=22, span=match.span()) for match in _QUOTE.finditer(text))
    names = [name for name in names if name.text]
    return _Line(text=text.rstrip(), names=tuple(names))


def _title(line: _Line, when: When, others: Sequence[When]) -> tuple[str, str | None]:  # noqa: C901, PLR0912
    """Choose the name and the link nearest to a date, leaving people, generic words and the names of other dates aside."""
    best: tuple[float, str, str | None] | None = None
    link: tuple[float, str | None] | None = None
    group = ""
    start, end = _sentence(line.text, when.span)
    for name in line.names:
        before = line.text[max(0, name.span[0] - 40) : name.span[0]]
        text = _clean(_without(line.text, name.span, [when, *others]))
        score: float = name.weight
        covers = name.span[0] <= when.span[0] and when.span[1] <= name.span[1]
        if covers:
            score += 40
        elif name.span[1] <= when.span[0]:
            score += 5 - (when.span[0] - name.span[1]) / 10
        else:
            score -= (name.span[0] - when.span[1]) / 10
        score += 10 if start <= name.span[0] < end else 0
        score -= 40 * any(_lies_between(other, name.span, when.span) for other in others)
        person = bool(name.url and _PERSON_URL.search(name.url)) or bool(_PERSON_BEFORE.search(before))
        if person:
            score -= 40
        if _OTHER_BEFORE.search(before):
            score -= 60
        event_url = bool(name.url and _EVENT_URL.search(name.url))
        score += 20 * event_url
        if name.url and not person and (link is None or score > link[0]):
            link = (score, name.url)
        if not text or _GENERIC.match(text) or person:
            continue
        if not _KIND.match(text) and name.span[1] <= when.span[1] and name.url:
            group = text
        if score > -30 and (best is None or score > best[0]):  # noqa: PLR2004 - too far to belong together
            best = (score, text, name.url)
    if best is None:
        return "", link[1] if link and link[0] > -30 else None  # noqa: PLR2004
    title = best[1]
    if (kind := _KIND.match(title)) and group:
        title = f"{group} {kind[1]}"
    url = best[2]
    if link and link[1] and (url is None or (_EVENT_URL.search(link[1]) and not _EVENT_URL.search(url))):
        url = link[1]
    return title, url


def _lies_between(other: When, one: tuple[int, int], two: tuple[int, int]) -> bool:
    low, high = (one[1], two[0]) if one[1] <= two[0] else (two[1], one[0])
    return low <= other.span[0] and other.span[1] <= high


def _without(text: str, span: tuple[int, int], dates: Sequence[When]) -> str:
    kept = text[span[0] : span[1]]
    for when in sorted(dates, key=lambda when: -when.span[0]):
        if span[0] <= when.span[0] and when.span[1] <= span[1]:
            kept = kept[: when.span[0] - span[0]] + " " + kept[when.span[1] - span[0] :]
    return kept


def _clean(text: str) -> str:
    text = " ".join(text.split()).strip(' -–—|:,;.·•*"“”()[]')
    text = re.sub(r"^(?:[^\w\s]+\s+)+", "", text)
    return re.sub(r"\s+(?:on|from|at|this|the|-|–|@)$", "", text, flags=re.IGNORECASE).strip(" -–—|:,;.")


def _plain_title(text: str, when: When) -> str:
    """A name out of plain words: what stands before the date in its sentence, else what follows it."""  # noqa: D401
    start, end = _sentence(text, when.span)
    before = _clean(text[start : when.span[0]])
    if 3 <= len(before) <= 100 and before.lower() not in {"on", "from", "join us", "join us on"}:  # noqa: PLR2004 - a name's length
        return before
    after = re.sub(
        r"^\s*[,|–—:-]?\s*(?:at |from )?\d[\d:.apmh–-]*\s?(?:[ap]m)?\s?(?:[A-Z]{2,4}\b)?",
        "",
        text[when.span[1] : end],
        flags=re.IGNORECASE,
    )
    return _clean(after)[:100]


def _where(line: _Line, when: When, dates: Sequence[When]) -> tuple[str | None, bool]:
    """Read the place near a date, and whether one can take part from afar."""
    start, end = _sentence(line.text, when.span)
    stop = min((other.span[0] for other in dates if other.span[0] >= when.span[1]), default=end)
    begin = max((other.span[1] for other in dates if other.span[1] <= when.span[0]), default=start)
    hidden = list(line.text)
    for name in line.names:
        if name.url is None or name.text.startswith("http"):
            hidden[name.span[0] : name.span[1]] = "\x00" * (name.span[1] - name.span[0])
    text = "".join(hidden)
    after, before = text[when.span[1] : min(stop, end)], text[max(begin, start) : when.span[0]]
    online = bool(_ONLINE.search(line.text[start:end]))
    if pin := _PIN.search(line.text):
        place = _clean(pin[1])
        return (None if _NO_PLACE.match(place) else place), online or bool(_ONLINE.search(place))
    if "|" in line.text[start:end]:
        for cell in line.text[when.span[1] : end].split("|")[1:2]:
            hybrid = re.fullmatch(r"(?:virtual|hybrid|online)\b[\s,/]*\(?([^)]*)\)?", cell.strip(), re.IGNORECASE)
            place = hybrid[1] if hybrid else cell.strip()
            return (place.strip() or None if not find_dates(place, None) else None), online
    for pattern, part in ((_IN, after), (_JUST_AFTER, after), (_IN, before), (_JUST_BEFORE, before), (_AT, after)):
        for match in pattern.finditer(part):
            place = match[1].strip(" ,")
            linked = any(name.url and name.text.strip(" ,.!") == place for name in line.names)
            if not _NO_PLACE.match(place) and not (linked and pattern is not _IN) and len(place) > 1:
                return place, online
    return None, online
