"""What the names of files say: which edition, in which language and format, and which files no site publishes. Pure."""

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from heartbeat_bot.extract.calendar_words import MONTH
from heartbeat_bot.identity.doubts import DoubtCode

_LANGUAGE = re.compile(r"(?:[a-z]{2}|zh)(?:[-_](?:[a-z]{2}|hans|hant))?", re.IGNORECASE)
# ISO 639-1: the languages with more than ten million speakers, those of Europe, and "en". Others are rarely translated into.
_LANGUAGES: Final = frozenset(
    str.split(
        "ar az be bg bn bs ca cs cy da de el en eo es et eu fa fi fr ga gl gu he hi hr hu hy id is it ja jv ka kk "
        "km kn ko ky lb lt lv mk ml mn mr ms mt my nb ne nl nn no pa pl ps pt ro ru si sk sl sq sr sv sw ta te tg "
        "th tl tr uk ur uz vi zh zu"
    )
)
_WHICH = re.compile(rf"\d+|(?<![^\W\d_]){MONTH}", re.IGNORECASE)
_YEAR = re.compile(r"(?:19|20)\d\d")
_TEMPLATES: Final = frozenset(
    ["archetypes", "template", "templates", "layouts", "includes", "partials", "issue_template", "pull_request_template"]
)
# What forges and their guides call the files that are about the repository itself.
_ABOUT: Final = frozenset(
    str.split(
        "authors changelog code_of_conduct contributing contributors funding governance history issue_template license licence "
        "maintainers pull_request_template readme releasing security support template"
    )
)


def edition_tokens(name: str) -> tuple[str, ...]:
    """Return what in a title or a path tells one edition from the others: its numbers, unpadded, and months.

    A name without any is the newsletter's, not an edition's: ``latest.md``, "This month".
    """
    return tuple(found.lstrip("0").rstrip(".") for found in _WHICH.findall(name.casefold()))


def is_rolling(path: str) -> bool:
    """Tell whether nothing in a path, or no more than a year, says which edition it holds: the next one may come to stand there."""
    return all(_YEAR.fullmatch(word) for word in edition_tokens(PathParts.of(path, None).name))


def unpublished(path: str, *, dated: bool) -> DoubtCode | None:
    """Return why a file is none that a site shows its readers, None when it may well be.

    Site generators leave out what begins with an underscore. A page about the repository has no date; the README of an issue's own
    folder may be the issue.
    """
    pure = PurePosixPath(path)
    stem = pure.stem.casefold().replace("-", "_")
    if any(part.casefold().lstrip("_.") in _TEMPLATES for part in pure.parts[:-1]) or stem.strip("_") == "template":
        return DoubtCode.TEMPLATE
    own = dated or bool(edition_tokens("/".join(pure.parts[:-1])))
    if stem.startswith("_") and not (own and stem == "_index"):
        return DoubtCode.UNDERSCORE
    if stem in _ABOUT and not own:
        return DoubtCode.ABOUT_REPOSITORY
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class PathParts:
    """A path without its suffix and language, and what was left out."""

    path: str
    name: str
    folder: str
    language: str
    named: bool
    suffix: str
    date: dt.date | dt.datetime | None

    @classmethod
    def of(cls, path: str, day: dt.date | dt.datetime | None) -> "PathParts":
        """Take a path apart."""
        pure = PurePosixPath(path)
        stem, dot, tail = pure.stem.rpartition(".")
        in_name = tail if dot and _is_language(tail) else ""
        in_folders = [part for part in pure.parts[:-1] if _is_language(part)]
        folders = [part for part in pure.parts[:-1] if not _is_language(part)]
        return cls(
            path=path,
            name="/".join([*folders, stem if in_name else pure.stem]),
            folder="/".join(folders),
            language="/".join(filter(None, [in_name, *in_folders])).lower(),
            named=bool(in_name),
            suffix=pure.suffix.lower(),
            date=day,
        )

    @property
    def last(self) -> str:
        """The name without its folders, beginning with a slash: the translations of some sites lie in a tree of their own."""
        return f"/{self.name.rsplit('/', 1)[-1]}"

    @property
    def is_translated(self) -> bool:
        """Whether it has a language, and another one than what most originals are written in."""
        return self.language not in {"", "en"}

    @property
    def rank(self) -> tuple[bool, bool, str]:
        """Originals come first: no language or English, Markdown before what it is made of, then by path."""
        return (self.is_translated, self.suffix not in {".md", ".markdown", ".mdx"}, self.path)

    def doubt(self, other: "PathParts") -> DoubtCode | None:
        """Return what a file beside another one of the same name is, None when it is an issue of its own.

        Translations are often dated when they are made. So a date says nothing against a language in the file's name, nor
        against one of a folder when the name says which edition it is.
        """
        after = 0 if not (self.date and other.date) else day_of(self.date).toordinal() - day_of(other.date).toordinal()
        if self.language != other.language and (abs(after) <= 1 or self.named or (after > 0 and edition_tokens(self.name))):
            return DoubtCode.TRANSLATION
        return DoubtCode.OTHER_FORMAT if self.suffix != other.suffix and abs(after) <= 1 else None


def day_of(when: dt.date | dt.datetime) -> dt.date:
    """Return the day of a date, with or without a time."""
    return when.date() if isinstance(when, dt.datetime) else when


def _is_language(part: str) -> bool:
    return bool(_LANGUAGE.fullmatch(part)) and part[:2].lower() in _LANGUAGES
