"""Where something takes place, as it is written near its date, and whether one can take part from afar."""

import re
from collections.abc import Sequence
from typing import Final

from heartbeat_bot.extract.calendar_words import MONTH, WEEKDAY
from heartbeat_bot.extract.dates import When, find_dates
from heartbeat_bot.extract.lines import ListedLine

_ONLINE = re.compile(
    r"\b(?:online|on-line|virtual(?:ly|mente)?|virtuell|webinare?|hybride?|híbrid[oa]s?|en ligne|en línea|live-?stream(?:ed)?"
    r"|(?:on|via|over|auf|über|sur) (?:zoom|discord|twitch|youtube|jitsi|teams|google meet|big ?blue ?button))\b"
    r"|オンライン|ハイブリッド|线上|線上|온라인|онлайн",
    re.IGNORECASE,
)
# Possessive: a name that holds hyphens is one name, or matching would take a time that doubles with each of them.
_NAME = r"(?:St\. )?+[^\W\d_a-zß-ÿ][\w'’-]*+(?:\.(?=[A-Z])\w++)*+"
_PLACE = (
    rf"{_NAME}(?:[ /](?:(?:de|del|da|do|la|le|am|an|der|den|of|upon|or|und)[ ])?{_NAME}){{0,5}}"
    rf"(?:,? (?:and|&) {_NAME}(?: {_NAME}){{0,3}}|, {_NAME}(?: {_NAME}){{0,3}}){{0,3}}(?: \([^\W\d_a-z][\w ,.]{{0,40}}\))?"
)
_IN = re.compile(rf"\b(?:in|à|en|em|nach) (?:the |der |la )?({_PLACE})")
_AT = re.compile(rf"(?:\bat|@|\bim|\bau|\bbei) (?:the |der )?({_PLACE})")
_JUST_BEFORE = re.compile(rf"(?:^|[-–—,|(:]) ?(?:(?:and|und|et|y|e) )?({_PLACE}),?[ |–—:-]{{0,4}}$")
_JUST_AFTER = re.compile(
    rf"^[ )]{{0,3}}[,|@–—-] ?(?:(?:Hybrid|Virtual|Online)\b[ (]{{0,2}})?({_PLACE})(?=\s{{0,2}}(?:[|).,;:!–—-]|$))"
)
_HOUR = r"\d{1,2}(?:[:h.][0-5]\d(?:\s?[ap]\.?m\b\.?)?|\s?[ap]\.?m\b\.?|\s?Uhr\b)"
_TIME = re.compile(
    rf"^,?\s?(?:at |from |um |à )?{_HOUR}(?:\s?(?:[-–—]|to|bis)\s?{_HOUR})?(?:\s[A-Z][\w+/:-]{{1,20}})?(?:\s?\([^()]{{1,60}}\))?(?=\s?[,|@–—-])",
    re.IGNORECASE,
)
"""A time of day right behind a date, behind which a place may stand as it does behind a date."""
_UNKNOWN = re.compile(r"(?:tb[acd]|to be (?:announced|confirmed|decided)|unknown|none|n/?a|-+|\?+)\.?", re.IGNORECASE)
_HERE = r"(?:Location|Where|Venue|Place|Ort|Wo|Lieu|Où|Lugar|Dónde|Local|Onde|Luogo|Dove|Plaats|場所|会場)\s?[::]"
_PIN = re.compile(rf"(?:(?:📍|📌|🗺️?)\s{{0,3}}(?:{_HERE})?|(?:^|[\s(]){_HERE})\s{{0,3}}([^\n|🗓📅⏰🕒🔗👉🎟]{{2,100}})")
_NO_PLACE = re.compile(
    rf"^(?:online|on-line|virtual|virtuell|hybrid|zoom|discord|twitch|youtube|free|tb[acd]|utc|gmt|english|german|french|spanish|python"
    rf"|rust|go|r|julia|jupyter|we|our|the|this|that|join|i|on|at|in|am|an|to|for|if|see|here|he|she|they|with|from|please|register|rsvp"
    rf"|{MONTH}|{WEEKDAY})(?![\w'’-])",
    re.IGNORECASE,
)
_NEWS = re.compile(r",? (?:CFP|RSVP|FREE|TBA|TBC|Call|Deadline|Register|Tickets)\b.*$")
_CLOCK = re.compile(r"\d[:h.]\d\d|\d\s?[ap]\.?m\b|\bUhr\b", re.IGNORECASE)
_REMOTE = re.compile(
    r"(?:virtual|hybrid|online|virtuell|hybride|híbrido|en ligne|en línea|in[ -]person|vor ort|on-?site)\b[\s,/:–-]{0,3}\(?([^()]{0,80})\)?",
    re.IGNORECASE,
)
_FAR: Final = 1000
"""Characters round a date in which a pin or a word such as "Where:" says its place."""
_BEFORE_AND_AFTER: Final = 400
"""Characters round a date in which its place is looked for."""


def is_online(text: str) -> bool:
    """Tell whether a text says that one can take part from afar, also beside those who are there."""
    return bool(_ONLINE.search(text))


def pinned(text: str) -> str | None:
    """Return the place that stands behind a pin or a word such as "Where:", None when there is none."""
    match = _PIN.search(text)
    return place_of(re.split(r"[.!?]\s|\s[–—-]\s", match[1])[0]) if match else None


def place_of(words: str) -> str | None:
    """Return a place out of words that say one, None for those that only say that it is online or not known."""
    words = " ".join(words.split()).strip(" -–—|,:;.*()")
    remote = _REMOTE.fullmatch(words)
    words = remote[1].strip(" -–—|,:;.*()") if remote else words
    return None if not words or _NO_PLACE.match(words) or _CLOCK.search(words) else words


def stated_place(words: str) -> str | None:
    """Return the place that somebody wrote down as one, None for words that only say that it is online or not known."""
    stated = " ".join(words.split())
    return place_of(stated) or (None if is_online(stated) or _UNKNOWN.fullmatch(stated) else stated or None)


def where(line: ListedLine, when: When, dates: Sequence[When], title: str) -> tuple[str | None, bool]:
    """Return the place near a date, None when there is none, and whether one can take part from afar."""
    start, end = line.sentence(when.span)
    online = is_online(line.text[start:end])
    around = line.text[max(0, when.span[0] - _FAR) : when.span[1] + _FAR]
    if place := pinned(around):
        return place, online or is_online(around)
    if "|" in line.text[start:end]:
        return _cell(line, when, (start, end), title), online
    stop = min((other.span[0] for other in dates if other.span[0] >= when.span[1]), default=end)
    begin = max((other.span[1] for other in dates if other.span[1] <= when.span[0]), default=start)
    text = _without_names(line)
    after = text[when.span[1] : min(stop, end, when.span[1] + _BEFORE_AND_AFTER)]
    before = text[max(begin, start, when.span[0] - _BEFORE_AND_AFTER) : when.span[0]]
    linked = {name.text.strip(" ,.!") for name in line.names if name.url}
    timed = _TIME.match(after)
    ways = [
        (_IN, after),
        (_JUST_AFTER, after[timed.end() :] if timed else after),
        (_IN, before),
        (_JUST_BEFORE, before),
        (_AT, after),
    ]
    if len(dates) > 1 and not _JUST_AFTER.search(text[dates[-1].span[1] : dates[-1].span[1] + _BEFORE_AND_AFTER]):
        # "Oslo June 5, Bergen June 9": the places stand before their days.
        ways.insert(0, ways.pop(3))
    for pattern, part in ways:
        for match in pattern.finditer(part):
            place = _NEWS.sub("", match[1]).strip(" ,")
            named = place in linked or place.casefold() in title.casefold()
            if len(place) > 1 and not _NO_PLACE.match(place) and not (named and pattern is not _IN):
                return place, online
    return None, online


def _cell(line: ListedLine, when: When, sentence: tuple[int, int], title: str) -> str | None:
    """Return the cell that says the place: the first after the date that is no name, link, time or other date, else one before it."""
    position = sentence[0]
    before: list[str] = []
    after: list[str] = []
    for cell in line.text[sentence[0] : sentence[1]].split("|"):
        span = (position, position + len(cell))
        position = span[1] + 1
        if span[0] <= when.span[0] < span[1]:
            continue
        named = any(name.url and span[0] <= name.span[0] < span[1] for name in line.names)
        words = cell.strip()
        if words and not named and title not in words and not find_dates(words, None):
            (after if span[0] > when.span[0] else before).append(words)
    return next((place for words in [*after, *reversed(before)] if (place := place_of(words))), None)


def _without_names(line: ListedLine) -> str:
    """Blank what is set off without a link, a talk's title and the like: its capitals are no place's."""
    hidden = list(line.text)
    for name in line.names:
        if name.url is None or name.text.startswith("http"):
            hidden[name.span[0] : name.span[1]] = "\x00" * (min(name.span[1], len(line.text)) - name.span[0])
    return "".join(hidden)
