"""Finds what handles a press of a button, a choice in a menu and the submission of a dialog: by the verb of its custom_id."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from heartbeat_bot.errors import UserError
from heartbeat_bot.interactions.actor import Actor
from heartbeat_bot.interactions.answers import Answer, Dialog
from heartbeat_bot.interactions.components import Press
from heartbeat_bot.interactions.custom_ids import OutdatedError

Handle = Callable[[Actor, Sequence[str], Sequence[str]], Awaitable[Answer]]
"""Gets who pressed, the arguments of the press, and what was chosen or typed."""

Ask = Callable[[Actor, Sequence[str]], Dialog]
"""Gets who pressed and the arguments of the press; returns the dialog to open."""

APPROVE: Final = "approve"
SKIP: Final = "skip"
SCHEDULE: Final = "schedule"
DECIDE_ALL: Final = "decide-all"
PREVIEW: Final = "preview"
"""The verbs of the buttons of notices, which other features handle."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Router:
    """Hands presses to their handlers, which it finds by verb."""

    handlers: Mapping[str, PressHandler]

    def kind(self, press: Press) -> PressKind:
        """Tell what becomes of the message whose button is pressed."""
        handler = self.handlers.get(press.verb)
        return handler.kind if handler else PressKind.REPLY

    def dialog(self, actor: Actor, press: Press) -> Dialog | None:
        """Return the dialog that a press opens, None when it opens none."""
        handler = self.handlers.get(press.verb)
        try:
            return handler.ask(actor, press.arguments) if handler and handler.ask else None
        except OutdatedError:
            return None  # it is answered as any other press that is outdated

    async def press(self, actor: Actor, press: Press, values: Sequence[str]) -> Answer:
        """Do what a press asks for; ``values`` are what was chosen in a menu or typed into a dialog."""
        handler = self.handlers.get(press.verb)
        if handler is None or handler.handle is None:
            return Answer(content=actor.words.say("errors.old_button"))
        try:
            return await handler.handle(actor, press.arguments, values)
        except OutdatedError:
            raise UserError(actor.words.say("errors.old_button")) from None
