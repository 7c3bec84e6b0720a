"""What an event is called: the name and the link nearest to a date, people and empty words left aside."""

import re
from collections.abc import Sequence
from typing import Final

from heartbeat_bot.extract.dates import When
from heartbeat_bot.extract.items import EVENT_PAGE
from heartbeat_bot.extract.lines import ListedLine, Name

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
    r"|schedule|zoom|on (?:eventbrite|meetup|zoom)|eventbrite|streamed|online|mehr|anmeld\w+|hier|infos?|inscri\w+|ici|plus|aqui|aquí|más"
    r"|mais|registr\w+|qui|詳細|申し込み|参加)\b.{0,30}|https?:.*|\d{1,2}[:h.]\d\d\b.*"
    r"|\W*(?:extended|new (?:date|time)|updated?|moved|postponed|verschoben|neu|reporté|aplazado|adiado)\b.{0,15})$",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"\b(?:local time|time ?zones?|add to calendar|our calendar|in your timezone|on the map|directions|propose topics)\b",
    re.IGNORECASE,
)
"""Links that help to get there, to a clock or a map: they name nothing, and what they lead to is no event."""
_KIND = re.compile(
    r"^(?:our |the |next |online |virtual )*(meet-?up|event|conference|workshop|webinar|meeting|hackathon|summit|session|talk)$",
    re.IGNORECASE,
)
_CLOCK = r"\d{1,2}(?:[:.h]\d\d|\d\d(?!\d))?\s?(?:[ap]m\b)?(?:\s?Uhr)?"
_TIMES_AFTER = re.compile(
    rf"^[\s,|–—::-]{{0,4}}(?:(?:at |from |um )?{_CLOCK}(?:\s?(?:[–-]|to)\s?{_CLOCK})?\s?(?:\(?[A-Z]{{2,5}}\b\)?)?)?[\s:,–—-]{{0,4}}",
    re.IGNORECASE,
)
"""The time of day between a date and the name that follows it."""
_TOO_FAR: Final = -30
"""The score below which a name stands too far from a date to belong to it."""
_LONGEST: Final = 200
_SHORT: Final = 100
"""Characters of a name that is taken out of plain words; more is a sentence."""
_MARKS: Final = ' -–—|,:;.·•*"“”・、。'


def is_generic(text: str) -> bool:
    """Tell whether the words of a link name nothing: "RSVP here"."""
    return bool(_GENERIC.match(text[:_LONGEST]))


def choose_title(line: ListedLine, when: When, others: Sequence[When]) -> tuple[str, str | None]:
    """Choose the name and the link nearest to a date; "" and None where there is none. ``others`` are the dates beside it."""
    best: tuple[float, str, str | None] | None = None
    link: tuple[float, str | None] | None = None
    group = ""
    sentence = line.sentence(when.span)
    for name in line.names:
        if name.url and _ASIDE.search(name.text[:_LONGEST]):
            continue
        text = clean(_without(line.text, name.span, [when, *others]))
        person = _is_person(line, name)
        score = _score(line, name, when, others, sentence) - 40 * person
        if name.url and not person and (link is None or score > link[0]):
            link = (score, name.url)
        if not text or is_generic(text) or person:
            continue
        if not _KIND.match(text) and name.span[1] <= when.span[1] and name.url:
            group = text
        if score > _TOO_FAR and (best is None or score > best[0]):
            best = (score, text, name.url)
    if best is None:
        return "", link[1] if link and link[0] > _TOO_FAR else None
    title, url = best[1], best[2]
    if (kind := _KIND.match(title)) and group:
        title = f"{group} {kind[1]}"
    if link and link[1] and (url is None or (EVENT_PAGE.search(link[1]) and not EVENT_PAGE.search(url))):
        url = link[1]
    return title, url


def _score(line: ListedLine, name: Name, when: When, others: Sequence[When], sentence: tuple[int, int]) -> float:
    score: float = name.weight
    if name.span[0] <= when.span[0] and when.span[1] <= name.span[1]:
        score += 40
    elif name.span[1] <= when.span[0]:
        score += 5 - (when.span[0] - name.span[1]) / 10
    else:
        score -= (name.span[0] - when.span[1]) / 10
    score += 10 if sentence[0] <= name.span[0] < sentence[1] else 0
    score -= 40 * any(_lies_between(other, name.span, when.span) for other in others)
    if _OTHER_BEFORE.search(line.text[max(0, name.span[0] - 40) : name.span[0]]):
        score -= 60
    return score + 20 * bool(name.url and EVENT_PAGE.search(name.url))


def _is_person(line: ListedLine, name: Name) -> bool:
    before = line.text[max(0, name.span[0] - 40) : name.span[0]]
    return bool(name.url and _PERSON_URL.search(name.url)) or bool(_PERSON_BEFORE.search(before))


def _lies_between(other: When, one: tuple[int, int], two: tuple[int, int]) -> bool:
    low, high = (one[1], two[0]) if one[1] <= two[0] else (two[1], one[0])
    return low <= other.span[0] and other.span[1] <= high


def _without(text: str, span: tuple[int, int], dates: Sequence[When]) -> str:
    kept = text[span[0] : span[1]]
    for when in sorted(dates, key=lambda when: -when.span[0]):
        if span[0] <= when.span[0] and when.span[1] <= span[1]:
            kept = kept[: when.span[0] - span[0]] + " " + kept[when.span[1] - span[0] :]
    return kept


def clean(text: str) -> str:
    """Return a name without marks and joints round it."""
    text = _bare(text)
    text = re.sub(r"^(?:[^\w\s(\[\"“]{1,8}\s+){1,4}", "", text)
    return _bare(re.sub(r"\s(?:on|from|at|this|the|-|–|@|am|vom|le|du|el|em)$", "", text, flags=re.IGNORECASE))


def _bare(text: str) -> str:
    """Strip marks; a bracket only where its other half is missing."""
    text = " ".join(text.split()).strip(_MARKS)
    for opening, closing in ("()", "[]"):
        while text and text.count(opening) != text.count(closing):
            shorter = text.removeprefix(opening if text.count(opening) > text.count(closing) else closing)
            shorter = (
                shorter if shorter != text else text.removesuffix(closing if text.count(closing) > text.count(opening) else opening)
            )
            if shorter == text:
                break
            text = shorter.strip(_MARKS)
    return text


def plain_title(line: ListedLine, when: When, dates: Sequence[When] = ()) -> str:
    """Return a name out of plain words: what stands before the date in its sentence, else what follows it.

    Of several dates (``dates``, this one among them) each has the words since the last one, unless one name with a colon stands
    before them all.
    """
    start, end = line.sentence(when.span)
    if "|" in line.text[start:end]:
        return _plain_cell(line, when, (start, end))
    inside = [other for other in dates if start <= other.span[0] < end]
    if len(inside) > 1:
        if common := line.text[start : inside[0].span[0]].rpartition(":")[0]:
            return clean(common)[:_SHORT]
        start = max((other.span[1] for other in inside if other.span[1] <= when.span[0]), default=start)
    before = clean(line.text[start : when.span[0]])
    if re.fullmatch(r"\W*(?:when|dates?|wann|datum|quand|cuándo|fecha|quando|data|日時)\W*", before, re.IGNORECASE):
        return ""
    if 3 <= len(before) <= _SHORT and not re.fullmatch(r"(?:on|from|join us|join us on|am|le|el|em|vom)", before, re.IGNORECASE):  # noqa: PLR2004 - a name's length
        return before
    after = _TIMES_AFTER.sub("", line.text[when.span[1] : min(end, when.span[1] + _LONGEST)])
    return clean(after)[:_SHORT]


def _plain_cell(line: ListedLine, when: When, sentence: tuple[int, int]) -> str:
    """Return the first cell that is no date and no time; one with a comma is rather a place, and only taken when there is no other."""
    position = sentence[0]
    cells: list[str] = []
    for cell in line.text[sentence[0] : sentence[1]].split("|"):
        dated = position <= when.span[0] < position + len(cell) + 1
        words = clean(cell)
        if words and not dated and not re.match(r"\d{1,2}[:h.]\d\d", words):
            cells.append(words)
        position += len(cell) + 1
    return next((words for words in cells if "," not in words), cells[0] if cells else "")[:_SHORT]
