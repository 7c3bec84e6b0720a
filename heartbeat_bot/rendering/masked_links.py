"""Masked links, ``[text](address)``: nothing can be escaped in their texts, so what Discord would read as markup is taken out of them."""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Final

from heartbeat_bot.rendering.dialect import EMOJI, escape
from heartbeat_bot.rendering.hosts import another_host, names_scheme

_HAZARDS = re.compile(
    r"\*|_(?=[^_]*_(?![A-Za-z0-9_]))|(?<=_)_|(?<=[^_])_(?![A-Za-z0-9_])|`|~~|\|\||<(?=[@#:/]|[A-Za-z]+:)|:(?=[A-Za-z0-9_+-]+:)|@(?=everyone|here)|\]\("
)
# Code protects its text from marks in a link's text too, but not from what is live there.
_CODE_HAZARDS = re.compile(r"<(?=[@#:/]|[A-Za-z]+:)|@(?=everyone|here)|\]\(|https?://")
_CONTENT_HAZARDS = re.compile(f"{_HAZARDS.pattern}|{EMOJI.pattern}")
_MAX_SPLITS: Final = 6


def masked_text(text: str, url: str) -> str:
    """Write plain text as a masked link."""
    return masked(text, url, label=lambda: text, parts=lambda: parts_of(text), plain=lambda: escape(text))


def masked(
    text: str,
    url: str,
    *,
    label: Callable[[], str],
    parts: Callable[[], Iterable[tuple[bool, str]]],
    plain: Callable[[], str],
    in_embed: bool = True,
    styled: bool = False,
) -> str:
    """Write a link; behind one whose text names another host stands the host that it leads to.

    ``label`` and ``plain`` return the text as it is written in a link and outside of one, ``parts`` as :func:`parts_of` does. ``styled``
    tells whether a style is open around it.
    """
    written = ""
    if not _is_hazardous(text, in_embed=in_embed, styled=styled):
        written = _wrap_link(shown, url) if (shown := label()).strip() else f"<{url}>"
    elif not names_scheme(text):
        written = _split_link(parts(), url)
    if written:
        kept, real = written.rstrip(), another_host(text, url)
        return kept + (f" ({escape(real)})" if real else "") + written[len(kept) :]
    said = plain()
    return f"{said.rstrip()} (<{url}>){' ' if said.endswith(' ') else ''}"


def _is_hazardous(text: str, *, in_embed: bool, styled: bool) -> bool:
    """Tell whether a link's text holds what Discord would read as markup."""
    found = [match.group() for match in _HAZARDS.finditer(text)]
    if len(found) == 1 and found[0] in {"*", "`", "~~", "||"} and not styled:
        found = []
    emoji = not in_embed and EMOJI.search(text) is not None
    return bool(found) or emoji or not _balanced(text) or names_scheme(text)


def holds_marks(text: str, *, in_embed: bool, is_code: bool) -> bool:
    """Tell whether a part of a link's text holds what cannot stand there, whatever stands beside it."""
    pattern = _CODE_HAZARDS if is_code else _HAZARDS if in_embed else _CONTENT_HAZARDS
    return pattern.search(text) is not None or not _balanced(text)


def parts_of(text: str, *, in_embed: bool = True) -> Iterator[tuple[bool, str]]:
    """Yield the parts of a text that can stand in a link's text, with True, and what stands between them escaped, with False."""
    position = 0
    spots = [match.span() for match in (_HAZARDS if in_embed else _CONTENT_HAZARDS).finditer(text)]
    if not _balanced(text):
        spots = sorted({*spots, *((n, n + 1) for n, c in enumerate(text) if c in "[]")})
    for start, end in spots:
        if start >= position:
            yield True, text[position:start]
            yield False, escape(text[start:end])
            position = end
    yield True, text[position:]


def _split_link(parts: Iterable[tuple[bool, str]], url: str) -> str:
    r"""Write a link for each part that can be one: `[a](u)\*[b](u)` reads as one line. "" when it would get too many pieces."""
    said = groupby((part for part in parts if part[1]), key=itemgetter(0))
    runs = [(linked, "".join(label for _, label in run)) for linked, run in said]
    if len(runs) > _MAX_SPLITS or not any(linked and label.strip() for linked, label in runs):
        return ""
    return "".join(_wrap_link(label, url) if linked and label.strip() else label for linked, label in runs)


def _balanced(text: str) -> bool:
    if "[" not in text and "]" not in text:
        return True
    depth = 0
    for character in text:
        depth += (character == "[") - (character == "]")
        if depth < 0:
            return False
    return depth == 0


def _wrap_link(label: str, url: str) -> str:
    """Write a masked link, white space at the label's ends moved out of it."""
    stripped = label.strip()
    lead, tail = label[: len(label) - len(label.lstrip())], label[len(label.rstrip()) :]
    return f"{lead}[{' '.join(stripped.split())}]({url}){tail}"
