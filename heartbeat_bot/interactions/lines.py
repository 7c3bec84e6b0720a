"""What a list says of an issue, an event or a position: names and days, of a length that leaves room for the rest."""

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Final

from heartbeat_bot.languages import Language
from heartbeat_bot.rendering import limits
from heartbeat_bot.rendering.dialect import inert
from heartbeat_bot.rendering.links import is_web
from heartbeat_bot.rendering.masked_links import masked_text
from heartbeat_bot.rendering.plain import shortened
from heartbeat_bot.rendering.post import COVER, Post

TITLE: Final = 120
"""Characters of a title in a list: its Markdown may double them, and a line of two titles and their addresses must fit a page."""
FACT: Final = 80
_ADDRESS: Final = 1000
"""Characters of an address in a list: with one that is longer a line might be too long for a message; it is left out."""


def linked(title: str, url: str | None, most: int = TITLE) -> str:
    """Write a title as a link, its Markdown escaped, in one line; the title alone when there is no address that fits."""
    name = said(title, most)
    if url and is_web(url) and len(url) <= _ADDRESS:
        if "://" in name:  # it cannot be a link's text, and beside the link it would be a link of its own
            return f"{inert(name)} (<{url}>)"
        return masked_text(name, url)
    return inert(name)


def titled(title: str) -> str:
    """Write a title in one line, cut, its Markdown escaped."""
    return inert(said(title, TITLE))


def fact(text: str | None) -> str:
    """Write a place, a company or the like in one line, its Markdown escaped; "" for none."""
    return inert(said(text, FACT)) if text and text.strip() else ""


def whole_lines(text: str, most: int) -> str:
    """Cut a text after a line, with a line that says so, when it is longer than ``most`` characters."""
    if len(text) <= most:
        return text
    end = text.rfind("\n", 0, most - 1)
    return f"{text[:end]}\n…" if end > 0 else shortened(text, most)


def as_content(lines: Sequence[str]) -> str:
    """Join lines to a message's content; those that are too many are left out, with a line that says so."""
    return whole_lines("\n".join(lines), limits.CONTENT)


def listed(sentences: Iterable[str]) -> list[str]:
    """Write sentences as the lines of a list, their Markdown escaped."""
    return [f"- {inert(sentence)}" for sentence in sentences]


def part_name(post: Post, words: Language) -> str:
    """Return what a menu calls a post: its section's title."""
    return words.say("reading.cover") if post.key == COVER else post.title or post.key


def said(text: str, most: int) -> str:
    """Return what somebody wrote in one line, cut, without characters that are not to be seen: "…" when nothing is left."""
    visible = "".join(character if character.isprintable() or character in _JOINERS else " " for character in text)
    return isolated(shortened(visible, most - 2)) if _is_right_to_left(visible) else shortened(visible, most) or "…"


def typed(text: str, most: int = 80) -> str:
    """Return what a person typed as it may stand in a sentence that others read: one line, cut, with no mark, mention, link or invite left."""
    return inert(shortened("".join(character if character.isprintable() else " " for character in text), most))


def isolated(text: str) -> str:
    """Return what somebody wrote so that its direction ends with it: behind Hebrew, a number or mark of ours would read as part of it."""
    return f"\u2068{text}\u2069" if _is_right_to_left(text) else text


def _is_right_to_left(text: str) -> bool:
    return not text.isascii() and any(unicodedata.bidirectional(character) in {"R", "AL"} for character in text)


_JOINERS: Final = frozenset("\u200c\u200d")
"""Invisible, but parts of words and emoji."""


def day_of(when: date | datetime | None, words: Language) -> str:
    """Write a day, in UTC where there is a time; "" for none."""
    if when is None:
        return ""
    return words.day(when.astimezone(UTC).date() if isinstance(when, datetime) else when)


def since(when: date | datetime) -> str:
    """Write how long ago a day or an instant is, as Discord counts it for each reader."""
    instant = when if isinstance(when, datetime) else datetime(when.year, when.month, when.day, 12, tzinfo=UTC)
    return f"<t:{int(instant.timestamp())}:R>"


def named(title: str, *about: str) -> str:
    """Name something for a list of plain texts: its title, cut so that what is said about it (its day, …) stays readable."""
    end = "".join(f" · {part}" for part in about if part)
    return said(title, limits.CHOICE_TEXT - len(end)) + end
