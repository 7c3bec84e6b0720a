"""An issue → the jobs it tells of, and the walk through headings and entries that finding events and jobs share."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from bs4.element import Tag

from heartbeat_bot.issues.model import Issue, Section
from heartbeat_bot.issues.tree import line_of

_HEADING = re.compile(
    r"\b(?:hiring|open (?:positions?|roles?|jobs)|vacanc(?:y|ies)|job (?:board|openings?|offers?|ads|postings?|listings?|opportunities|corner))\b"
    r"|^(?:the )?(?:careers?|positions)\b(?: at .*| opportunities)?\W*$|^(?:join our team|work with us)\W*$"
    r"|^(?:[^\W\d]+ ){0,2}jobs(?: (?:board|corner|of the (?:week|month)|in .*|at .*|from .*|[&/] .*|and .*))?\W*$",
    re.IGNORECASE,
)
_TRAP = re.compile(
    r"\bnew hires?\b|\bhiring (?:process|tips|managers?|guide|practices|mistakes)\b|\bon the job\b|^q\b"
    r"|\b(?:cron|batch|ci|background|failing|build|kubernetes|k8s|spark|scheduled|important|running) jobs\b"
    r"|^(?:how|why|what|when)\b|\bjobs (?:requiring|for|that|which|to|with)\b",
    re.IGNORECASE,
)
_MOST_WORDS: Final = 8
_ROLE = re.compile(
    r"\b(?:engineer|developer|scientist|manager|director|advocate|designer|analyst|architect|intern|internship|writer|recruiter"
    r"|officer|coordinator|gardener|administrator|admin|researcher|professor|post-?doc(?:toral)?|ph\.?d|fellow|fellowship|consultant"
    r"|specialist|dev-?ops|sre|sysadmin|programmer|editor|technician|vp|cto|ceo|head of [\w]+|lead|position|maintainer|evangelist"
    r"|practitioner|assistant|associate|instructor|teacher|lecturer|tester|moderator|job|role|vacancy)s?\b",
    re.IGNORECASE,
)
_DUTY = re.compile(
    r"^(?:write|lead \w+s\b|develop |work|actively|submit|mentor|you|your|we|our|be |help|build|maintain|design |manage |support |own "
    r"|collaborate|provide|ensure|experience|strong|knowledge|ability|familiar|competitive|family|join|participate|contribute)",
    re.IGNORECASE,
)
_JOB_URL = re.compile(
    r"jobs?\b|careers?|hiring|recruit|greenhouse\.io|lever\.co|workable|weworkremotely|positions?|vacanc|openings", re.IGNORECASE
)
_GENERIC = re.compile(
    r"^(?:please )?(?:use this|this|here|apply|link|source link|details?|more|learn|read|see|find|check|click|job description|careers?|"
    r"(?:our )?(?:careers?|jobs) page|open (?:positions|roles)|positions|jobs|website|jobs\.\S+|https?:)\b.{0,50}$",
    re.IGNORECASE,
)
_SOUGHT = re.compile(
    r"\b(?:looking for|hiring|seeking|search continues for|searching for|in search of|need)\s+(?:an?\s+)?$", re.IGNORECASE
)
_HIRES = re.compile(r"^(.{2,60}?) (?:is|are) (?:hiring|looking for|seeking)(?: for)? (?:an? )?(.+)$", re.IGNORECASE)
_AWAY = r"(?:fully )?(?:remote|on-?site|hybrid|anywhere|worldwide)"
_PLACE_ASIDE = re.compile(rf"\s*\(([^()]*\b{_AWAY}\b[^()]*|[^\W\d_a-z][\w .'-]+, [^\W\d_a-z][\w .'-]+)\)\s*$", re.IGNORECASE)
_PLACE = re.compile(rf"^((?:{_AWAY}|[^\W\d_a-zß-ÿ][\w'’.-]*)(?:(?:, | or | and |/| |-)(?:[^\W\d_a-zß-ÿ][\w'’.-]*|{_AWAY}))*)")
_POSTED = re.compile(
    r"[\s,;(]*\b(?:posted|deadline|closes|apply by|starting|starts?|january|february|march|april|june|july|august|september|october|november|december)\b.*$",
    re.IGNORECASE | re.DOTALL,
)
_CARD: Final = frozenset({"iframe", "video", "audio", "img", "hr", "pre"})
_LABEL_LONGEST: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One position, or a pointer to where positions are listed. ``url`` is the target as written."""

    title: str
    company: str | None
    location: str | None
    url: str | None
    section: str
    line: int | None

    def as_json(self) -> dict[str, Any]:
        """Return the shape that ``preview --format json`` promises."""
        return {
            "title": self.title,
            "company": self.company,
            "location": self.location,
            "url": self.url,
            "section": self.section,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a topic: a paragraph, list item, table row, link card or heading.

    ``heading`` is the title of the subsection it stands in, "" directly below the topic; ``details`` are nested list items.
    """

    tag: Tag
    heading: str
    details: tuple[Tag, ...] = ()
    card: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A heading that promises what is sought, and the entries below it."""

    title: str
    line: int | None
    entries: list[Entry] = field(default_factory=lambda: list[Entry]())  # noqa: PLW0108


def topics(issue: Issue, wanted: Callable[[str], bool], trap: re.Pattern[str], patterns: Sequence[str]) -> Iterator[Topic]:  # noqa: C901
    """Yield the parts of an issue below the headings that ``wanted`` or ``patterns`` accept, subsections included.

    A subsection that ``trap`` matches is left out. A heading that is a dated line in the middle of a topic ("# 2025-07-23 | …",
    a bullet typed as a heading) is an entry. A short bold paragraph, or one that ends with a colon, serves as a heading too.
    """
    extra = tuple(_pattern(words) for words in patterns)

    def accepts(title: str) -> bool:
        return any(pattern.search(title) for pattern in extra) or wanted(title)

    topic: Topic | None = None
    floor, muted, heading = 0, 0, ""
    for level, tag, details, card in _stream(issue):
        if not level:
            if topic and not muted:
                topic.entries.append(Entry(tag=tag, heading=heading, details=details, card=card))
            continue
        title = _plain(tag)
        if topic and re.match(r"\d{4}-\d\d-\d\d\b", title):
            topic.entries.append(Entry(tag=tag, heading=""))
            continue
        if muted and level <= muted:
            muted = 0
        if topic and level <= floor:
            yield topic
            topic = None
        if topic is None:
            if accepts(title):
                topic, floor, muted, heading = Topic(title=title, line=line_of(tag)), level, 0, ""
            elif level >= _LABEL:
                continue
        elif trap.search(title) and not any(pattern.search(title) for pattern in extra):
            muted = muted or level
        elif not muted:
            heading = title
            topic.entries.append(Entry(tag=tag, heading=""))
    if topic:
        yield topic


@lru_cache(maxsize=256)
def _pattern(words: str) -> re.Pattern[str]:
    try:
        return re.compile(words, re.IGNORECASE)
    except re.error:
        return re.compile(re.escape(words), re.IGNORECASE)


_LABEL: Final = 7
"""The level of a paragraph that serves as a heading: below every real one."""

_Part = tuple[int, Tag, tuple[Tag, ...], bool]


def _stream(issue: Issue) -> Iterator[_Part]:
    """Yield an issue as one line of parts: heading level (0 for text), element, nested items, whether it is a link card."""
    for block in issue.intro:
        yield from _open(block, 0)
    for section in issue.sections:
        yield from _section(section)


def _section(section: Section) -> Iterator[_Part]:
    yield section.level, section.heading, (), False
    for block in section.blocks:
        yield from _open(block, 0)
    for subsection in section.subsections:
        yield from _section(subsection)


def _open(block: Tag, quotes: int) -> Iterator[_Part]:  # noqa: C901
    match block.name:
        case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
            yield int(block.name[1]) + 10 * quotes, block, (), False
        case "blockquote" if "embedly-card" in (block.get("class") or []):
            yield 0, block, (), True
        case "blockquote":
            for child in block.find_all(True, recursive=False):  # noqa: FBT003
                yield from _open(child, quotes + 1)
        case "ul" | "ol":
            for item in block.find_all("li", recursive=False):
                yield from _item(item, quotes)
        case "table":
            for row in block.find_all("tr"):
                yield 0, row, (), False
        case "p":
            label = _is_label(block)
            yield (_LABEL + 10 * quotes if label else 0), block, (), False
        case name if name in _CARD:
            return
        case _:
            yield 0, block, (), block.has_attr("href") and block.name != "a"


def _item(item: Tag, quotes: int) -> Iterator[_Part]:
    """Yield a list item with its nested items; an item that is only the title of its list opens into it."""
    inner = item.find(["h1", "h2", "h3", "h4", "h5", "h6"], recursive=False)
    if inner is not None:
        # An indented heading ends the list in the reader's eyes; the parser took it and what follows into the item.
        children = item.find_all(True, recursive=False)  # noqa: FBT003
        for number, child in enumerate(children):
            if child is inner:
                for later in children[number:]:
                    yield from _open(later, quotes)
                return
            yield from _open(child, quotes)
        return
    nested = tuple(item.select(":scope > ul > li, :scope > ol > li"))
    own = " ".join(child.get_text() for child in item.find_all(True, recursive=False) if child.name not in {"ul", "ol"})  # noqa: FBT003
    if (
        nested
        and not re.search(r"\d", own)
        and any(re.search(r"\d", part.get_text()) for part in nested)
        and not item.select_one(":scope > p a")
    ):
        for part in nested:
            yield from _item(part, quotes)
        return
    yield 0, item, nested, False


def _is_label(block: Tag) -> bool:
    text = block.get_text().strip()
    if not text or len(text) > _LABEL_LONGEST or re.search(r"\d", text):
        return False
    bold = block.find("strong", recursive=False)
    return (text.endswith(":") and block.find("a") is None) or (
        bold is not None and bold.get_text().strip() == text and not bold.find("a")
    )


def _plain(tag: Tag) -> str:
    text = " ".join(tag.get_text().split())
    return re.sub(r"^[^\w(\"'“]+|[\s:]+$|[^\w)!?.\"'”]+$", "", text)


def find_jobs(issue: Issue, patterns: Sequence[str] = ()) -> tuple[Job, ...]:
    """Return the positions of an issue in reading order; where a section only points to a list elsewhere, that pointer.

    ``patterns`` are headings to search below besides the built-in ones: words or regular expressions, whatever their case.
    """
    found: dict[tuple[str, str | None], Job] = {}
    for topic in topics(issue, _is_job_heading, _TRAP, patterns):
        for job in _jobs(topic):
            found.setdefault((job.title.casefold(), job.url), job)
    return tuple(found.values())


def _is_job_heading(title: str) -> bool:
    return len(title.split()) <= _MOST_WORDS and bool(_HEADING.search(title)) and not _TRAP.search(title)


def _jobs(topic: Topic) -> Iterator[Job]:
    pointer = _pointer(topic)
    found = [job for entry in topic.entries for job in _of_entry(entry, topic, pointer)]
    if found:
        yield from found
    elif pointer is not None:
        text = _tidy(pointer.get_text())
        generic = _GENERIC.match(text) or "\n" in text
        yield _job(topic.title if generic else text, pointer, str(pointer.get("href")), topic)


def _job(title: str, tag: Tag, url: str | None, topic: Topic, company: str | None = None, location: str | None = None) -> Job:
    return Job(title=title, company=company, location=location, url=url or None, section=topic.title, line=line_of(tag))


def _pointer(topic: Topic) -> Tag | None:
    """Return the link that leads to all positions: in a paragraph, generic, or to an address that sounds like jobs."""
    links = [link for entry in topic.entries if entry.tag.name == "p" for link in entry.tag.find_all("a", href=True)]
    links = [link for link in links if not _ROLE.search(link.get_text()) or _GENERIC.match(_tidy(link.get_text()))] or links
    by_url = [link for link in links if _JOB_URL.search(str(link["href"]))]
    by_text = [link for link in links if _GENERIC.match(_tidy(link.get_text())) or "hiring" in link.get_text().lower()]
    return next(iter(by_url or by_text), None)


def _of_entry(entry: Entry, topic: Topic, pointer: Tag | None) -> Iterator[Job]:  # noqa: C901
    tag = entry.tag
    text = _tidy(tag.get_text())
    own = _tidy((tag.find("p", recursive=False) or tag).get_text()) if tag.name == "li" else text
    all_jobs = str(pointer["href"]) if pointer else None
    if tag.name.startswith("h") or (tag.name == "p" and _is_bold(tag)):
        if _ROLE.search(text):
            yield _finish(text, "", tag, all_jobs, topic)
        return
    for link in tag.find_all("a", href=True):
        title = _tidy(link.get_text())
        before, _, after = own.partition(title)
        leads = len(before.strip(" *-–—:")) <= 3 or before.strip().endswith(":")  # noqa: PLR2004 - an article or emoji
        if link is pointer and _GENERIC.match(title):
            continue
        role = bool(_ROLE.search(title)) and not _GENERIC.match(title)
        listed = tag.name in {"li", "tr"} and leads and not _GENERIC.match(title)
        if role or listed:
            yield _finish(title, after, tag, str(link["href"]), topic)
            if tag.name == "li":
                return
    if tag.name == "li" and tag.find("a") is None:
        if _ROLE.search(own) and not _DUTY.match(own) and len(own.split()) <= 12 and not own.endswith((".", "!")):  # noqa: PLR2004 - a title's length
            yield _finish(own, "", tag, all_jobs, topic)
        return
    for words in tag.find_all(["em", "strong"]):
        before = _tidy(tag.get_text()).partition(_tidy(words.get_text()))[0]
        if (
            words.find_parent("a") is None
            and words.find("a") is None
            and _ROLE.search(words.get_text())
            and _SOUGHT.search(before + " ")
        ):
            yield _finish(_tidy(words.get_text()), "", tag, all_jobs, topic)


def _is_bold(tag: Tag) -> bool:
    bold = tag.find("strong", recursive=False)
    return bold is not None and _tidy(bold.get_text()) == _tidy(tag.get_text()) and not bold.find("a")


def _tidy(text: str) -> str:
    return " ".join(text.split()).strip(" ,;*")


def _finish(words: str, after: str, tag: Tag, url: str | None, topic: Topic) -> Job:
    """Take company and place out of a title and of what follows it: ``Title: Company, City``, ``Title – City``, ``Title (Remote)``."""
    title, company, location = words.rstrip(".:"), None, None
    if aside := _PLACE_ASIDE.search(title):
        title, location = title[: aside.start()].strip(), aside[1].strip()
    if hires := _HIRES.match(title):
        company, title = hires[1].strip(), hires[2].strip()
    if place := re.search(r" in ([^\W\d_a-zß-ÿ][\w'’.-]*(?:(?:, |/| )[^\W\d_a-zß-ÿ][\w'’.-]*)*)$", title):
        title, location = title[: place.start()], location or place[1]
    if at := re.search(r" (?:at|@) ([^\W_a-z].*)$", title):
        title, company = title[: at.start()], company or at[1].strip()
    rest = _POSTED.sub("", after).strip()
    mark = re.match(r"^(:|[-–—|,]+|\(|at |@ |in )\s*", rest)
    if mark:
        text = re.split(r"(?<=[\w)])\.(?:\s|$)", rest[mark.end() :].rstrip(") "))[0]
        sign = mark[1].strip()
        if sign in {":", "at", "@"} and text[:1].isupper() and not re.match(_AWAY, text, re.IGNORECASE):
            name, _, where = text.partition(",")
            if len(name.split()) <= 6:  # noqa: PLR2004 - longer is a sentence
                company = company or name.strip(" .")
                location = location or where.strip(" .") or None
        elif sign != ":" and (where := _PLACE.match(text)):
            location = location or where[1].strip(" ,.")
    if location is None and (away := re.search(r"(?:^|[.;(]\s)(Remote(?:, [A-Z]\w+)*)", rest)):
        location = away[1]
    return _job(title.strip(), tag, url, topic, company, location)
