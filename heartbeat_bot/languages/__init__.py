"""The words that people read on Discord: one file per language, English complete; a key that another language lacks is English.

A file is named by a locale of Discord's (https://discord.com/developers/docs/reference#locales), the one for English speakers
everywhere ``en``. Its keys are nested; here they are joined by dots: ``events.none``. A text may hold fields in braces, filled in by
:meth:`Language.say`. A text that counts something is a mapping of the language's forms: ``one`` for exactly one and ``other`` for the rest,
unless the file says under ``plural`` which ``forms`` there are, by the names that Unicode's CLDR has for them, and the ``rule`` that gives a
number's place among them, as gettext's catalogs write it (https://www.gnu.org/software/gettext/manual/html_node/Plural-forms.html)::

    plural: {forms: one few many, rule: "n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2"}
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from gettext import c2py
from importlib.resources import files
from typing import Any, Final

import yaml

ENGLISH: Final = "en"
_SUFFIX: Final = ".yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """The texts of one language by key; ``code`` is the name of its file, ``english`` says what it has no text for."""

    code: str
    own: Mapping[str, str]
    english: "Language | None" = None

    @property
    def texts(self) -> Mapping[str, str]:
        """All texts by key, the English ones where it has none."""
        return {**(self.english.own if self.english else {}), **self.own}

    def say(self, key: str, **values: object) -> str:
        """Return a text with its fields filled in; ``count`` (an int) chooses between the forms of a text that counts.

        Raises KeyError for a key that no language has: that is a fault of the program.
        """
        count = values.get("count")
        text = self.own.get(f"{key}.{self.form(count)}") if isinstance(count, int) else None
        text = self.own.get(key) if text is None else text
        if text is None and self.english:
            return self.english.say(key, **values)
        return (self.own[key] if text is None else text).format_map(values)

    @property
    def forms(self) -> tuple[str, ...]:
        """The names of the forms that its texts have which count something."""
        return tuple(self.own.get("plural.forms", "one other").split())

    def form(self, count: int) -> str:
        """Return the name of the form for a number."""
        return self.forms[_place(self.own.get("plural.rule", "n != 1"))(abs(count))]

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
def _place(rule: str) -> Callable[[int], int]:
    return c2py(rule)


@cache
def codes() -> tuple[str, ...]:
    """Return the languages that there are files of, English first."""
    names = (entry.name for entry in files(__name__).iterdir())
    found = {name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)}
    return (ENGLISH, *sorted(found - {ENGLISH}))


@cache
def own_texts(code: str) -> Mapping[str, str]:
    """Return the texts that a language's own file has, by key."""
    return read_texts(files(__name__).joinpath(code + _SUFFIX).read_bytes())


def read_texts(content: bytes) -> Mapping[str, str]:
    """Read the texts of a file by key."""
    return dict(_flat(yaml.safe_load(content), ""))


@cache
def language(locale: str = ENGLISH) -> Language:
    """Return the language of a locale of Discord's: its own, else that of the same language elsewhere, else English."""
    wanted = (locale, locale.split("-", 1)[0])
    code = next((code for code in wanted if code in codes()), ENGLISH)
    english = None if code == ENGLISH else language()
    return Language(code=code, own=own_texts(code), english=english)


def _flat(node: Any, place: str) -> list[tuple[str, str]]:
    if not isinstance(node, Mapping):
        return [(place, str(node))]
    entries: Mapping[str, Any] = node  # pyright: ignore[reportUnknownVariableType] - what YAML gives
    return [pair for key, inner in entries.items() for pair in _flat(inner, f"{place}.{key}" if place else str(key))]
