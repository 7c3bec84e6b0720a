"""Components of a site (``<Card title="…">``, ``<TabItem label="…">``) → what they show there, as far as their attributes say it."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from bs4 import BeautifulSoup
from bs4.element import Tag

from heartbeat_bot.issues.model import Finding
from heartbeat_bot.issues.rules import finding
from heartbeat_bot.issues.templates import media_url
from heartbeat_bot.issues.tree import KNOWN, LINE, STANDING, has_any, line_of, made

_PICTURES: Final = re.compile(r"image|img|picture|figure|photo")
_PICTURE_FILE: Final = re.compile(r"\.(?:png|jpe?g|gif|webp|svg)$", re.IGNORECASE)
_SAID: Final = str.split("title label heading name text description summary caption alt content quote author")
_TITLES: Final = ("title", "label", "heading", "header", "summary")
_PANELS: Final = frozenset(str.split("tab tabitem tab-item accordion accordion-item accordionitem panel callout card step"))
"""Components that stand as blocks whatever is in them."""


def fill_components(soup: BeautifulSoup) -> Iterator[Finding]:
    """Turn components of a site that are empty but for their attributes into what those say; what says nothing is a finding."""
    for element in [node for node in soup.descendants if isinstance(node, Tag) and node.name not in KNOWN]:
        if element.decomposed:
            continue
        if element.get_text().strip() or any(isinstance(child, Tag) for child in element.children):
            _say_title(element)
            continue
        words = {key: " ".join(value) if isinstance(value, list) else value for key, value in element.attrs.items() if key != LINE}
        filled = _component(element.name, words)
        if filled is None:
            line, name = line_of(element), element.name
            element.decompose()
            message = f"The component <{name}> is filled in by the site only; what it shows there is missing here. Write it out."
            yield finding("shortcode", line, message)
        else:
            if line := element.get(LINE):
                filled[LINE] = line
            element.replace_with(filled)


def _say_title(component: Tag) -> None:
    """Write out what a component with content shows round it: its title before, who said it behind."""
    if component.name == "a" or component.get("href"):
        return
    title = next((words for key in _TITLES if (words := str(component.get(key) or "").strip()) and not words.startswith("{")), "")
    if title and (component.name in _PANELS or has_any(component, STANDING)):
        component.insert(0, made("p", made("strong", title)))
    author = str(component.get("author") or "").strip()
    if author and not author.startswith("{"):
        component.append(made("p", f"— {author}"))


def _component(name: str, words: Mapping[str, str]) -> Tag | None:
    """Return the element that says what a component's attributes say, None when they say nothing to a reader."""
    if url := media_url(name, words):
        link = made("a", url)
        link["href"] = url
        return link
    source = words.get("src", "")
    if source and (_PICTURES.search(name) or _PICTURE_FILE.search(source)):
        return Tag(name="img", attrs={"src": source, "alt": words.get("alt") or words.get("caption") or words.get("title") or ""})
    target = next((words[key] for key in ("href", "url", "link", "to") if words.get(key)), "")
    if target and not target.startswith("{"):
        return Tag(name="link-card", attrs={**words, "href": target})
    said = [text for key in _SAID if (text := words.get(key, "").strip()) and not text.startswith("{")]
    return made("p", " – ".join(said)) if said else None
