"""What a press of a button, a choice in a menu and the submission of a dialog lead to."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from heartbeat_bot.features.actor import Actor
from heartbeat_bot.rendering.answers import Answer, Dialog

Handle = Callable[[Actor, Sequence[str], Sequence[str]], Awaitable[Answer]]
"""Gets who pressed, the arguments of the press, and what was chosen or typed."""

Ask = Callable[[Actor, Sequence[str]], Dialog]
"""Gets who pressed and the arguments of the press; returns the dialog to open."""


APPROVE: Final = "approve"
SKIP: Final = "skip"
SCHEDULE: Final = "schedule"
DECIDE_ALL: Final = "decide-all"
PREVIEW: Final = "preview"
"""What the buttons of notices ask for; others do it."""


class OutdatedError(Exception):
    """A button asks for something that no button of this version asks for, or that is not there any more."""


def arguments_of(arguments: Sequence[str], count: int) -> Sequence[str]:
    """Return the arguments of a press that has ``count`` of them; raise OutdatedError when an earlier version meant something else."""
    if len(arguments) != count:
        raise OutdatedError
    return arguments


_DIGITS: Final = 6
"""More than any page and any issue's number have; with a long query beside it, a custom_id has room for no more."""
_ID_DIGITS: Final = 20
"""What 64 bits need."""


def number_of(argument: str, digits: int = _DIGITS) -> int:
    """Return a page or the number of an issue; raise OutdatedError for what is none."""
    if not (argument.isascii() and argument.isdecimal() and len(argument) <= digits):
        raise OutdatedError
    return int(argument)


def id_of(argument: str) -> int:
    """Return one of Discord's ids; raise OutdatedError for what is none."""
    return number_of(argument, _ID_DIGITS)


class PressKind(Enum):
    """What becomes of the message whose button was pressed."""

    UPDATE = "update"
    """It becomes the answer."""
    REPLY = "reply"
    """It stays, and the answer comes below it, for the person alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PressHandler:
    """One kind of press. With ``ask``, a dialog is opened, whose submission is another press."""

    kind: PressKind = PressKind.UPDATE
    handle: Handle | None = None
    ask: Ask | None = None
