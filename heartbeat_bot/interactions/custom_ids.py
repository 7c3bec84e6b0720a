"""What stands in the custom_ids of buttons and menus, and what is read out of those that come back: anybody may forge them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import accumulate, takewhile
from typing import Final

from heartbeat_bot.interactions.components import written

_DIGITS: Final = 6
"""More than any page and any issue's number have; with a long query beside it, a custom_id has room for no more."""
_ID_DIGITS: Final = 20
"""What 64 bits need."""


class OutdatedError(Exception):
    """A button asks for something that no button of this version asks for, or that is not there any more."""


def arguments_of(arguments: Sequence[str], count: int) -> Sequence[str]:
    """Return the arguments of a press that has ``count`` of them; raise OutdatedError when an earlier version meant something else."""
    if len(arguments) != count:
        raise OutdatedError
    return arguments


def number_of(argument: str, digits: int = _DIGITS) -> int:
    """Return a page or the number of an issue; raise OutdatedError for what is none."""
    if not (argument.isascii() and argument.isdecimal() and len(argument) <= digits):
        raise OutdatedError
    return int(argument)


def id_of(argument: str) -> int:
    """Return one of Discord's ids; raise OutdatedError for what is none."""
    return number_of(argument, _ID_DIGITS)


def short_name(newsletter: str | None) -> str:
    """Return a newsletter's name for a custom_id, which has few characters: the same from run to run; "" for None."""
    return "" if newsletter is None else sha256(newsletter.encode()).hexdigest()[:6]


def newsletter_of(short: str, newsletters: Iterable[str]) -> str | None:
    """Return the one of the configured newsletters that :func:`short_name` names, None for ""; raise OutdatedError when there is none."""
    if not short:
        return None
    for name in newsletters:
        if short_name(name) == short:
            return name
    raise OutdatedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """How long what people search for may be: it goes through the custom_id of every button of the answer."""

    most: int

    def cut(self, query: str | None) -> str:
        """Return what is searched for of what a person typed: one line, cut after a word, no longer than ``most`` in a custom_id."""
        line = " ".join((query or "")[: 2 * self.most].replace("\0", " ").split())
        lengths = accumulate(len(written(character)) for character in line)
        size = sum(1 for _ in takewhile(lambda length: length <= self.most, lengths))
        if size == len(line) or line[size].isspace():
            return line[:size].rstrip()
        return line[:size].rpartition(" ")[0] or line[:size]
