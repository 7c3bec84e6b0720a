"""The keys of front matter by what they mean, and what their values say. docs/front-matter.md tells it to authors."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import PurePosixPath
from typing import Any, Final, cast

from heartbeat_bot.issues.frontmatter import Document
from heartbeat_bot.issues.model import Finding
from heartbeat_bot.issues.rules import finding

TITLE_KEYS: Final = ("title", "headline", "subject")
DATE_KEYS: Final = tuple(
    str.split("publishdate publish_date published_at publishedat pubdate date published published_date published_on posted created")
)
"""In order of preference: where there is a date of publication beside the date, the site shows the issue from then on."""
DESCRIPTION_KEYS: Final = ("description", "summary", "excerpt", "subtitle", "abstract", "teaser_text", "lead", "intro")
PICTURE_KEYS: Final = tuple(
    str.split(
        "picture image cover cover_image coverimage featured_image featuredimage feature_image hero hero_image heroimage banner header "
        "thumbnail thumb social_image socialimage og_image previewimage ogimage images"
    )
)
_PICTURE_PARTS: Final = ("image", "src", "url", "path", "file", "feature", "overlay_image", "teaser", "thumbnail")
PICTURE_ALT_KEYS: Final = ("picturealt", "picture_alt", "imagealt", "image_alt", "cover_alt", "coveralt", "alt")
AUTHOR_KEYS: Final = ("authors", "author", "editors", "editor", "byline", "by")
TAG_KEYS: Final = ("tags", "tag", "keywords")
FLAG_KEYS: Final = ("draft", "unlisted", "hidden", "private", "eleventyexcludefromcollections")
"""Flags that keep an issue back when they are set."""
PUBLIC_KEYS: Final = ("published", "publish", "public", "render")
"""Flags that keep an issue back when they are set to false."""
STATUS_KEYS: Final = ("status", "state", "visibility")
EVENT_KEYS: Final = ("events", "event")
"""Lists of events."""
NESTED: Final = ("taxonomies", "extra", "params")
"""Tables in which Zola and Hugo keep keys that others keep at the top."""
KNOWN_KEYS: Final = frozenset({"id", "slug", *TITLE_KEYS, *DATE_KEYS, *DESCRIPTION_KEYS, *PICTURE_KEYS, *PICTURE_ALT_KEYS}).union(
    AUTHOR_KEYS, TAG_KEYS, FLAG_KEYS, PUBLIC_KEYS, STATUS_KEYS, EVENT_KEYS, NESTED
)

_DRAFT_FOLDERS: Final = frozenset({"draft", "drafts", "_draft", "_drafts", ".drafts", "unpublished"})
_DRAFT_WORDS: Final = frozenset({"draft", "hidden", "private", "unlisted", "unpublished", "pending", "wip", "skip"})
_TRUE: Final = frozenset({"true", "yes", "on", "1", "y"})
_FALSE: Final = frozenset({"false", "no", "off", "0", "n", "", "none", "null", "~"})
TRUE_OR_FALSE: Final = _TRUE | _FALSE
"""What is written for a flag, in lower case."""
_MAX_NAMES: Final = 100


def flat(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return metadata with lower-case keys; what only a nested table of Zola or Hugo has is brought to the top."""
    metadata = {key.lower(): value for key, value in given.items()}
    for name in NESTED:
        if isinstance(table := metadata.get(name), dict):
            for key, value in cast("Mapping[object, Any]", table).items():
                metadata.setdefault(str(key).lower(), value)
    return metadata


def key_line(key_lines: Mapping[str, int], keys: Sequence[str]) -> int | None:
    """Return the line where the first of some keys stands, None when none does."""
    return next((key_lines[key] for key in keys if key in key_lines), None)


def text(metadata: Mapping[str, Any], *keys: str) -> str:
    """Return what the first of some keys says in words or a number, on one line; "" for nothing."""
    for key in keys:
        value = metadata.get(key)
        if isinstance(value, (str, int, float, date)) and not isinstance(value, bool) and str(value).strip():
            return " ".join(str(value).split())
    return ""


def picture(metadata: Mapping[str, Any]) -> tuple[str, str]:
    """Return the picture's target and its alternative text, from a string, a list of pictures or a mapping of its parts."""
    for key in PICTURE_KEYS:
        value = metadata.get(key)
        if isinstance(value, list) and value:
            value = cast("Sequence[Any]", value)[0]
        if isinstance(value, str) and value.strip():
            return value.strip(), ""
        if isinstance(value, dict):
            parts = {str(name).lower(): part for name, part in cast("Mapping[object, Any]", value).items()}
            target = next((str(parts[name]).strip() for name in _PICTURE_PARTS if isinstance(parts.get(name), str)), "")
            if target:
                return target, text(parts, "alt", "image_alt", "description", "caption")
    return "", ""


def names(metadata: Mapping[str, Any], keys: Sequence[str]) -> tuple[str, ...]:
    """Return the names that the first of some keys holds, each once."""
    every = (tuple(dict.fromkeys(_names(metadata.get(key)))) for key in keys)
    return next(filter(None, every), ())[:_MAX_NAMES]


def _names(value: Any, depth: int = 0) -> Iterator[str]:
    """Yield names from what people write them in: text with commas or semicolons, lists, mappings with a ``name``."""
    match value:
        case str():
            parts = [value] if depth else re.split(r"[;\n]" if re.search(r"[;\n]", value) else ",", value.strip().strip("[]"))
            yield from filter(None, map(_name, parts))
        case dict():
            mapping = cast("Mapping[str, Any]", value)
            name = next((mapping[key] for key in ("name", "title", "label", "id") if mapping.get(key)), None)
            yield from [_name(name)] if isinstance(name, str) else list(map(str, mapping)) if not depth else []
        case list() if depth <= 1:
            for item in cast("Sequence[Any]", value)[:_MAX_NAMES]:
                yield from _names(item, depth + 1)
        case int() | float() | date() if not isinstance(value, bool):
            yield str(value)
        case _:
            return


def _name(written: str) -> str:
    """Return a name without quotes and without the mail address behind it."""
    return " ".join(re.sub(r"<[^<>@\s]+@[^<>\s]+>", " ", written).strip().strip("\"'").split())


def is_draft(metadata: Mapping[str, Any], path: str, document: Document, findings: list[Finding]) -> bool:
    """Tell whether an author keeps an issue back. A flag that is neither true nor false is read as the author's doubt: a draft."""
    words = {key: str(metadata.get(key, "")).strip().lower() for key in (*FLAG_KEYS, *PUBLIC_KEYS, *STATUS_KEYS)}
    for key in FLAG_KEYS:
        if words[key] not in TRUE_OR_FALSE:
            message = f"`{key}: {words[key][:40]}` is neither true nor false; the issue is taken for a draft. Write true or false."
            findings.append(finding("bad-flag", document.key_lines.get(key, 1), message))
    return (
        any(words[key] not in _FALSE for key in FLAG_KEYS)
        or any(words[key] in _FALSE - {"", "none"} for key in PUBLIC_KEYS)
        or any(words[key] in _DRAFT_WORDS for key in STATUS_KEYS)
        or any(part.lower() in _DRAFT_FOLDERS for part in PurePosixPath(path).parts[:-1])
    )
