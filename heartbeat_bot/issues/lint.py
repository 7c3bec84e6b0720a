"""What authors want to know of an issue before it is posted, beyond what reading and composing it already say."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import islice
from typing import Final

from bs4.element import NavigableString, Tag

from heartbeat_bot.issues.directives import VERBATIM
from heartbeat_bot.issues.issue import Issue, Section
from heartbeat_bot.issues.issue_date import date_in_path
from heartbeat_bot.issues.markdown import block_tokens
from heartbeat_bot.issues.metadata import DATE_KEYS, KNOWN_KEYS, TITLE_KEYS, key_line
from heartbeat_bot.issues.model import Finding
from heartbeat_bot.issues.rules import finding
from heartbeat_bot.issues.sections import level_of
from heartbeat_bot.issues.tree import elements, line_of

_MEANT: Final = str.split(
    "title date slug description summary excerpt picture image cover thumbnail author authors tags keywords draft published publishdate "
    "unlisted status"
)
"""Keys that a misspelt one may have been meant for."""
_OTHERS: Final = frozenset({"data", "covers", "dated", "page", "updated", "titles"})
"""Keys of site generators that look like one of ours and are not."""
_LONG_WORD: Final = 8
_DAYS_APART: Final = timedelta(days=7)
"""Issues come out up to a week after the day in their file's name."""
_TITLE: Final = 256
"""Characters of an embed's title on Discord, as rendering/limits.py has it."""
_MENTION = re.compile(r"(?<![\w./])@(?:everyone|here)\b|<@[!&]?\d{15,20}>")
_TODO = re.compile(r"\b(?:TODO|FIXME|XXX)\b(?=\s*(?:[:(\])]|$))|^\W*(?:TODO|FIXME|XXX)\b|\b[Ll]orem ipsum\b")
_UNFINISHED_TITLE = re.compile(r"(?:^|[:#\d\s–—-])\s*(?:\.{3,}|…)$|\b(?:TODO|FIXME|TBD)\b")
_HEADING_LINE = re.compile(r"^ {0,3}#{1,6}[ \t]+\S")
_MAY_SWALLOW = re.compile(r"\S[^\S\n]*\n.*#[ \t]|<[!?]")
"""A heading right below a line of text, or HTML that goes on over blank lines: where neither is, the blocks need not be read again."""


def lint(issue: Issue) -> Iterator[Finding]:
    """Yield what an author may want to mend; the order is not that of the lines."""
    yield from _front_matter(issue)
    yield from _outline(issue)
    for block in _blocks(issue):
        yield from _pictures(block)
        yield from _marks(block)
    yield from _source(issue)


def _front_matter(issue: Issue) -> Iterator[Finding]:
    if issue.date is None and not any(found.rule == "bad-date" for found in issue.findings):
        yield finding("no-date", 1, "The issue has no date; write `date: 2026-01-31` into its front matter.")
    named = date_in_path(issue.path)
    if named and issue.day and abs(issue.day - named) > _DAYS_APART:
        line = key_line(issue.key_lines, DATE_KEYS) or 1
        message = f"The date is {issue.day}, but the file's name says {named}. Correct the one that is wrong."
        yield finding("date-differs", line, message)
    if _UNFINISHED_TITLE.search(issue.title):
        line = key_line(issue.key_lines, TITLE_KEYS) or issue.body_line
        yield finding("todo-marker", line, f"The title {issue.title[:80]!r} looks unfinished. Finish it.")
    present = {key.lower() for key in issue.metadata}
    for key in present - KNOWN_KEYS - _OTHERS:
        meant = next((known for known in _MEANT if known not in present and _is_slip(key, known)), None)
        if meant:
            message = f"The key {key!r} is not known; was {meant!r} meant? Correct it."
            yield finding("unknown-key", issue.key_lines.get(key, 1), message)


def _is_slip(key: str, known: str) -> bool:
    """Tell whether a key is a known one with one slip of a finger in it (two in a long word)."""
    return key != known and _within(key, known, 2 if len(known) >= _LONG_WORD else 1)


def _within(one: str, two: str, most: int) -> bool:
    """Tell whether so many insertions, deletions, replacements and swaps of neighbours make one word another."""
    while one and one[:1] == two[:1]:
        one, two = one[1:], two[1:]
    if one == two or not most:
        return one == two
    rests = [(one[1:], two), (one, two[1:]), (one[1:], two[1:])]
    if one[:2] == two[1::-1]:
        rests.append((one[2:], two[2:]))
    return any(_within(*rest, most - 1) for rest in rests)


def _outline(issue: Issue) -> Iterator[Finding]:
    yield from _duplicates(issue.sections)
    for section in issue.sections:
        yield from _duplicates(section.subsections)
        for part in (section, *section.subsections):
            # A heading that is a link or a picture says what it has to say.
            if not part.blocks and not part.subsections and not part.heading.find(["img", "a"]):
                message = f"Nothing stands below the heading {_short(part.title)}. Write the section, or remove the heading."
                yield finding("empty-section", part.line, message)
        for part in section.subsections:
            if len(part.title) > _TITLE:
                message = f"The heading has {len(part.title)} characters; above {_TITLE} it is shown as a line of text. Shorten it."
                yield finding("long-heading", part.line, message)
    deep = [block for block in _blocks(issue) if level_of(block) > 3]  # noqa: PLR2004 - Discord's levels
    if deep:
        count = f"{len(deep)} headings are" if len(deep) > 1 else "A heading is"
        yield finding(
            "deep-heading",
            line_of(deep[0]),
            f"{count} deeper than Discord's three levels, shown as bold text. Fewer levels read better.",
        )


def _duplicates(sections: Sequence[Section]) -> Iterator[Finding]:
    first: dict[str, Section] = {}
    for section in sections:
        title = section.title.casefold()
        if title and title in first:
            message = f"The heading {_short(section.title)} stands in line {first[title].line} too. Make them tell what differs."
            yield finding("duplicate-heading", section.line, message)
        first.setdefault(title, section)


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:59]}…")  # noqa: PLR2004 - a line's worth


def _blocks(issue: Issue) -> Iterator[Tag]:
    """Yield headings and top-level blocks, in order."""
    yield from issue.intro
    for section in issue.sections:
        for part in (section, *section.subsections):
            yield part.heading
            yield from part.blocks


def _pictures(block: Tag) -> Iterator[Finding]:
    for image in [block] if block.name == "img" else elements(block, {"img"}):
        if not str(image.get("alt") or "").strip():
            name = str(image.get("src") or "").rsplit("/", 1)[-1][:60]
            message = f"The picture {name!r} has no alternative text. Say in its brackets what it shows."
            yield finding("image-without-alt", line_of(image), message)


def _marks(block: Tag) -> Iterable[Finding]:
    """Look through the text of a block, code aside; what stands in a line twice is one finding."""
    found: dict[tuple[int | None, str], Finding] = {}
    for node in block.descendants:
        if not isinstance(node, NavigableString):
            continue
        mentions = _MENTION.findall(node)
        match = _TODO.search(node) if _starts_text(node) else _TODO.search(f" x {node}")
        # Where a text stands is asked last: nearly none has a mark, and the way up to its parents is long.
        if not (mentions or match) or node.find_parent(["code", "pre"]):
            continue
        line = line_of(node.parent)
        for mention in mentions:
            message = f"{mention} is shown as text and pings nobody on Discord. Leave it so, or remove it."
            found.setdefault((line, mention), finding("mention", line, message))
        if match:
            message = f"{match.group().strip()!r} marks unfinished work. Finish it, or remove the mark."
            found.setdefault((line, "todo"), finding("todo-marker", line, message))
    return found.values()


def _starts_text(node: NavigableString) -> bool:
    """Tell whether a text is the first of its paragraph or item."""
    previous = node.previous_sibling
    return not (isinstance(previous, NavigableString) and previous.strip()) and not isinstance(previous, Tag)


def _source(issue: Issue) -> Iterator[Finding]:
    """Look through the Markdown, block by block: what the tree does not show any more."""
    for token in block_tokens(issue.body) if _MAY_SWALLOW.search(issue.body) else ():
        if token.map is None or token.type != "html_block" or VERBATIM.match(token.content):
            continue
        headings = ((n, line) for n, line in enumerate(token.content.split("\n")) if n and _HEADING_LINE.match(line))
        for number, text in islice(headings, 1):
            message = (
                f"The heading {_short(text.strip())} follows HTML without a blank line and is HTML to a site. Put one before it."
            )
            yield finding("heading-swallowed", issue.body_line + token.map[0] + number, message)
