"""Months and weekdays as people name them, in the languages that newsletters of this kind are written in."""

import re
from typing import Final

ENGLISH_MONTH: Final = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)(?![^\W\d_])\.?"
)
"""A month that may stand before its day: only English does that."""

# English, German, Dutch, French, Spanish, Portuguese, Italian. Short forms that are English words ("set", "out", "gen", "mag")
# are left out.
_MONTHS: Final = (
    "january jan januar jänner januari janvier janv enero ene janeiro gennaio",
    "february feb februar februari février fevrier févr fév febrero fevereiro fev febbraio",
    "march mar märz maerz maart mrt mars marzo março",
    "april apr avril avr abril abr aprile",
    "may mai mei mayo maio maggio",
    "june jun juni juin junio junho giugno",
    "july jul juli juillet juil julio julho luglio",
    "august aug augustus août aout agosto",
    "september sept sep septembre septiembre setiembre setembro settembre",
    "october oct oktober okt octobre octubre outubro ottobre",
    "november nov novembre noviembre novembro",
    "december dec dezember dez décembre déc diciembre dic dezembro dicembre",
)
_WEEKDAYS: Final = (
    "monday mon montag maandag lundi lunes segunda-feira segunda lunedì",
    "tuesday tues tue dienstag dinsdag mardi martes terça-feira terça martedì",
    "wednesday wednes wed mittwoch woensdag mercredi miércoles quarta-feira quarta mercoledì",
    "thursday thurs thur thu donnerstag donderdag jeudi jueves quinta-feira quinta giovedì",
    "friday fri freitag vrijdag vendredi viernes sexta-feira sexta venerdì",
    "saturday satur sat samstag sonnabend zaterdag samedi sábado sabato",
    "sunday sun sonntag zondag dimanche domingo domenica",
)


def _numbered(rows: tuple[str, ...], first: int) -> dict[str, int]:
    return {word: number for number, row in enumerate(rows, first) for word in row.split()}


_MONTH_NUMBERS: Final = _numbered(_MONTHS, 1)
_WEEKDAY_NUMBERS: Final = _numbered(_WEEKDAYS, 0)


def _any_of(words: dict[str, int]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


MONTH: Final = rf"(?:{_any_of(_MONTH_NUMBERS)})(?![^\W\d_])\.?"
"""A month of any language; behind its day, in any case."""

WEEKDAY: Final = rf"(?:(?:{_any_of(_WEEKDAY_NUMBERS)})(?![\w-])\.?,?\s?(?:(?:the|den|der|dem|le|el|il)\s)?)"
"""A weekday, and what stands between it and a day."""

_WEEKDAY_NAME: Final = re.compile(rf"(?:{_any_of(_WEEKDAY_NUMBERS)})(?![\w-])", re.IGNORECASE)


def month_names(number: int) -> tuple[str, ...]:
    """Return how people name a month (1-12), in lower case, in every language."""
    return tuple(_MONTHS[number - 1].split())


def month_number(word: str) -> int:
    """Return 1 to 12 for a word that ``MONTH`` matched."""
    return _MONTH_NUMBERS[word.lower().rstrip(".")]


def weekday_number(text: str) -> int | None:
    """Return 0 (Monday) to 6 for the weekday that a text begins with, None when it begins with none."""
    match = _WEEKDAY_NAME.match(text)
    return _WEEKDAY_NUMBERS[match.group().lower()] if match else None
