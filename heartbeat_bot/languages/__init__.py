"""The words that people read on Discord: one file per language, English complete; a key that another language lacks is English.

A file is named by a locale of Discord's (https://discord.com/developers/docs/reference#locales), the one for English speakers
everywhere ``en``. Its keys are nested; here they are joined by dots: ``events.none``. A text may hold fields in braces, filled in by
:meth:`Language.say`. A text that counts something is a mapping: ``one`` for exactly one, ``other`` for the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Final

import yaml

ENGLISH: Final = "en"
_SUFFIX: Final = ".yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """The texts of one language by key, the English ones where it has none. ``code`` is the name of its file."""

    code: str
    texts: Mapping[str, str]

    def say(self, key: str, **values: object) -> str:
        """Return a text with its fields filled in; ``count`` (an int) chooses between the forms of a text that counts.

        Raises KeyError for a key that no language has: that is a fault of the program.
        """
        form = f"{key}.{'one' if values.get('count') == 1 else 'other'}"
        text = self.texts.get(form) if "count" in values else None
        return (self.texts[key] if text is None else text).format_map(values)

    def day(self, day: date) -> str:
        """Write a day as people write it who speak this language."""
        weekday = self.texts["dates.weekdays"].split()[day.weekday()]
        month = self.texts["dates.months"].split()[day.month - 1]
        return self.say("dates.day", weekday=weekday, day=day.day, month=month, year=day.year)

    def days(self, first: date, last: date) -> str:
        """Write a span of days, without saying a month or a year twice."""
        if first == last:
            return self.day(first)
        if first.year != last.year:
            return self.say("dates.days", first=self.day(first), last=self.day(last))
        key = "dates.days_in_month" if first.month == last.month else "dates.days_in_year"
        weekday = self.texts["dates.weekdays"].split()[first.weekday()]
        month = self.texts["dates.months"].split()[first.month - 1]
        return self.say(key, weekday=weekday, day=first.day, month=month, last=self.day(last))


@cache
def codes() -> tuple[str, ...]:
    """Return the languages that there are files of, English first."""
    names = (entry.name for entry in files(__name__).iterdir())
    found = {name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)}
    return (ENGLISH, *sorted(found - {ENGLISH}))


@cache
def own_texts(code: str) -> Mapping[str, str]:
    """Return the texts that a language's own file has, by key."""
    return dict(_flat(yaml.safe_load(files(__name__).joinpath(code + _SUFFIX).read_bytes()), ""))


@cache
def language(locale: str = ENGLISH) -> Language:
    """Return the language of a locale of Discord's: its own, else that of the same language elsewhere, else English."""
    wanted = (locale, locale.split("-", 1)[0])
    code = next((code for code in wanted if code in codes()), ENGLISH)
    return Language(code=code, texts={**own_texts(ENGLISH), **own_texts(code)})


def _flat(node: Any, place: str) -> list[tuple[str, str]]:
    if not isinstance(node, Mapping):
        return [(place, str(node))]
    entries: Mapping[str, Any] = node  # pyright: ignore[reportUnknownVariableType] - what YAML gives
    return [pair for key, inner in entries.items() for pair in _flat(inner, f"{place}.{key}" if place else str(key))]
