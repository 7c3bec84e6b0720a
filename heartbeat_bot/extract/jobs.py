"""An issue → the jobs it tells of: title, company, place, and where to apply. What counts, and why, stands in docs/events.md."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from bs4.element import Tag

from heartbeat_bot.extract.items import Job, JobKind
from heartbeat_bot.extract.listed import listed_jobs
from heartbeat_bot.extract.topics import ListEntry, Topic, marked, topics
from heartbeat_bot.issues.issue import Issue
from heartbeat_bot.issues.tree import line_of

_HEADING = re.compile(
    r"\b(?:hiring|open (?:positions?|roles?|jobs)|vacanc(?:y|ies)|job (?:board|openings?|offers?|ads|postings?|listings?|opportunities|corner))\b"
    r"|^(?:the )?(?:careers?|positions)\b(?: at .*| opportunities)?\W*$|^(?:join our team|work with us)\W*$"
    r"|^(?:[^\W\d]+ ){0,2}jobs(?: (?:board|corner|of the (?:week|month)|in .*|at .*|from .*|[&/] .*|and .*))?\W*$"
    # German, Dutch, French, Spanish, Portuguese, Italian, Polish, Russian
    r"|\bstellen(?:angebote?|anzeigen?|ausschreibung(?:en)?|markt|börse)\b|\boffene stellen\b|^wir (?:suchen|stellen ein)\b|\bvacatures?\b"
    r"|\boffres? d['’]emplois?\b|^emplois?\W*$|\brecrutements?\b|\b(?:on|nous) recrut(?:e|ons)\b|\bofertas? de (?:empleo|trabajo)\b"
    r"|^empleos?\W*$|\bvacantes\b|\bbolsa de (?:trabajo|empleo)\b|^vagas\b|\bvagas de emprego\b|^empregos?\W*$|\bofferte di lavoro\b"
    r"|\bposizioni aperte\b|\boferty pracy\b|\bвакансии\b|求人|採用情報|招聘|招募|职位|채용|구인",
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
    r"|practitioner|assistant|associate|instructor|teacher|lecturer|tester|moderator|job|role|vacancy)s?\b"
    r"|\b(?:softwareentwickler|entwickler|ingenieur|administrator|forscher|mitarbeiter)(?:in|:in|\*in|/in|innen)?\b|ontwikkelaar"
    r"|\b(?:développeu[rs]e?|ingénieure?|chercheu[rs]e?|desarrollador|ingenier[oa]|investigador|desenvolvedor|engenheir[oa]"
    r"|sviluppatore|sviluppatrice|ingegnere|programista|разработчик)\w{0,3}\b|エンジニア|開発者|工程师|工程師|开发者|개발자",
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


_ROLE_COLUMN = re.compile(r"role|position|title|job|stelle|poste|puesto|cargo|vaga|職種", re.IGNORECASE)
_COMPANY_COLUMN = re.compile(
    r"company|employer|organi[sz]ation|who|firma|unternehmen|entreprise|empresa|azienda|bedrijf|会社", re.IGNORECASE
)
_PLACE_COLUMN = re.compile(r"where|place|location|city|\bort\b|\bwo\b|lieu|lugar|local|luogo|plaats|勤務地", re.IGNORECASE)
_MARK = re.compile(
    r"^\W{0,4}(?:💼|(?:job|hiring|vacancy|open position|stelle|stellenangebot|offre d['’]emploi|emploi|empleo|vaga|vacature)s?\s?:)",
    re.IGNORECASE,
)
_LONGEST: Final = 5000
"""Characters of an entry that are looked at; a job is said in fewer."""
_TITLE_LONGEST: Final = 300
_MOST_LINKS: Final = 100


def find_jobs(issue: Issue, patterns: Sequence[str] = ()) -> tuple[Job, ...]:
    """Return the positions of an issue in reading order; where a section only points to a list elsewhere, that pointer.

    ``patterns`` are headings to search below besides the built-in ones: words or regular expressions, whatever their case.
    """
    jobs = listed_jobs(issue)
    if jobs is None:
        jobs = [job for topic in topics(issue, _is_job_heading, _TRAP, patterns) for job in _jobs(topic)]
        jobs += [job for topic in marked(issue, _MARK) for job in _marked(topic)]
    found: dict[tuple[str, str | None], Job] = {}
    for job in jobs:
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
        title = topic.title if generic else text
        yield _job(title[:_TITLE_LONGEST], pointer, str(pointer.get("href")), topic, kind=JobKind.POINTER)


def _marked(topic: Topic) -> Iterator[Job]:
    """A marked line tells of one job, when what follows the mark is a position."""  # noqa: D401
    tag = topic.entries[0].tag
    words = _MARK.sub("", _tidy(tag.get_text()[:_LONGEST])).strip(" :")
    link = tag.find("a", href=True)
    title = _MARK.sub("", _tidy(link.get_text())).strip(" :") if link else ""
    if title and not _GENERIC.match(title):
        after = words.partition(title)[2]
    else:
        title, after = re.split(r"[.!?](?:\s|$)|\s[–—-]\s", words, maxsplit=1)[0], ""
    if _ROLE.search(title) and len(title) <= _TITLE_LONGEST:
        yield _finish(title, after, tag, str(link["href"]) if link else None, topic)


def _job(
    title: str,
    tag: Tag,
    url: str | None,
    topic: Topic,
    company: str | None = None,
    location: str | None = None,
    kind: JobKind = JobKind.POSITION,
) -> Job:
    return Job(
        title=title,
        company=company,
        location=location,
        url=url or None,
        section=topic.title,
        line=line_of(tag),
        kind=kind,
        place=topic.place,
    )


def _pointer(topic: Topic) -> Tag | None:
    """Return the link that leads to all positions: in a paragraph, generic, or to an address that sounds like jobs."""
    links = [link for entry in topic.entries if entry.tag.name == "p" for link in entry.tag.find_all("a", href=True)]
    links = [link for link in links if not _ROLE.search(link.get_text()) or _GENERIC.match(_tidy(link.get_text()))] or links
    by_url = [link for link in links if _JOB_URL.search(str(link["href"]))]
    by_text = [link for link in links if _GENERIC.match(_tidy(link.get_text())) or "hiring" in link.get_text().lower()]
    return next(iter(by_url or by_text), None)


def _of_entry(entry: ListEntry, topic: Topic, pointer: Tag | None) -> Iterator[Job]:  # noqa: C901
    tag = entry.tag
    text = _tidy(tag.get_text()[:_LONGEST])
    own = _tidy((tag.find("p", recursive=False) or tag).get_text()[:_LONGEST]) if tag.name == "li" else text
    all_jobs = str(pointer["href"]) if pointer else None
    if tag.name.startswith("h") or (tag.name == "p" and _is_bold(tag)):
        if _ROLE.search(text):
            yield _finish(text, "", tag, all_jobs, topic)
        return
    if entry.columns and (job := _of_row(entry, topic, all_jobs)):
        yield job
        return
    for link in tag.find_all("a", href=True, limit=_MOST_LINKS):
        title = _tidy(link.get_text()[:_TITLE_LONGEST])
        before, _, after = own.partition(title) if title else ("", "", own)
        leads = len(before.strip(" *-–—:")) <= 3 or before.strip().endswith(":")  # noqa: PLR2004 - an article or emoji
        if link is pointer and _GENERIC.match(title):
            continue
        role = bool(_ROLE.search(title)) and not _GENERIC.match(title)
        listed = tag.name in {"li", "tr"} and leads and not _GENERIC.match(title)
        if title and (role or listed):
            yield _finish(title, after, tag, str(link["href"]), topic)
            if tag.name == "li":
                return
    if tag.name == "li" and tag.find("a") is None:
        if _ROLE.search(own) and not _DUTY.match(own) and len(own.split()) <= 12 and not own.endswith((".", "!")):  # noqa: PLR2004 - a title's length
            yield _finish(own, "", tag, all_jobs, topic)
        return
    for words in tag.find_all(["em", "strong"], limit=_MOST_LINKS):
        title = _tidy(words.get_text()[:_TITLE_LONGEST])
        before, _, after = text.partition(title)
        if (
            words.find_parent("a") is None
            and words.find("a") is None
            and _ROLE.search(title)
            and _SOUGHT.search(before[-60:] + " ")
        ):
            yield _finish(title, re.split(r"[.!?]\s", after, maxsplit=1)[0], tag, all_jobs, topic)


def _of_row(entry: ListEntry, topic: Topic, all_jobs: str | None) -> Job | None:
    """Read a row by the headings of its table; None when they do not say which cell is the position."""
    cells = entry.tag.find_all(["td", "th"], limit=len(entry.columns))

    def cell(pattern: re.Pattern[str]) -> Tag | None:
        return next((cell for cell, column in zip(cells, entry.columns, strict=False) if pattern.search(column)), None)

    role, company, place = cell(_ROLE_COLUMN), cell(_COMPANY_COLUMN), cell(_PLACE_COLUMN)
    title = _tidy(role.get_text()[:_TITLE_LONGEST]) if role else ""
    if role is None or not title:
        return None
    link = role.find("a", href=True) or entry.tag.find("a", href=True)
    said = [_tidy(part.get_text()[:_TITLE_LONGEST]) if part and part is not role else "" for part in (company, place)]
    return _job(title, entry.tag, str(link["href"]) if link else all_jobs, topic, said[0] or None, said[1] or None)


def _is_bold(tag: Tag) -> bool:
    bold = tag.find("strong", recursive=False)
    return bold is not None and _tidy(bold.get_text()) == _tidy(tag.get_text()) and not bold.find("a")


def _tidy(text: str) -> str:
    return " ".join(text.split()).strip(" ,;*")


def _finish(words: str, after: str, tag: Tag, url: str | None, topic: Topic) -> Job:
    """Take company and place out of a title and of what follows it: ``Title: Company, City``, ``Title – City``, ``Title (Remote)``."""
    title, company, location = words[:_TITLE_LONGEST].rstrip(".:"), None, None
    if aside := _PLACE_ASIDE.search(title):
        title, location = title[: aside.start()].strip(), aside[1].strip()
    if hires := _HIRES.match(title):
        company, title = hires[1].strip(), hires[2].strip()
    if place := re.search(r" in ([^\W\d_a-zß-ÿ][\w'’.-]*(?:(?:, |/| )[^\W\d_a-zß-ÿ][\w'’.-]*)*)$", title):
        title, location = title[: place.start()], location or place[1]
    if at := re.search(r" (?:at|@) ([^\W_a-z].*)$", title):
        title, company = title[: at.start()], company or at[1].strip()
    rest = _POSTED.sub("", after[:_LONGEST]).strip()
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
    if location is None and (away := re.search(r"(?:^|[.;(]\s?)(Remote(?:,? [A-Z]\w+){0,3})", rest[:_TITLE_LONGEST])):
        location = away[1]
    return _job(title.strip(), tag, url, topic, company, location)
