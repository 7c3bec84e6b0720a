"""An answer to a person: the parts of a message that is not a post. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from heartbeat_bot.interactions.components import Component
from heartbeat_bot.rendering.post import Upload, attachments


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment(Upload):
    """A file that comes with an answer; ``alt`` says what a picture shows, "" for nothing."""

    alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a person gets to see. It never pings.

    ``embeds`` are as Discord's API takes them, so are ``components``: rows (see ``components.py``). Whoever makes an answer keeps
    Discord's limits.
    """

    content: str = ""
    embeds: tuple[Mapping[str, Any], ...] = ()
    components: tuple[Component, ...] = ()
    files: tuple[Attachment, ...] = ()

    def body(self) -> dict[str, Any]:
        """Return the body of the request that answers, or changes an answer: nothing of an earlier one is left."""
        return {
            "content": self.content,
            "embeds": list(self.embeds),
            "components": list(self.components),
            "attachments": attachments((file.name, file.alt) for file in self.files),
            "allowed_mentions": {"parse": []},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialog:
    """A dialog that asks a person for a line of text: the press that its submission counts as, and its rows."""

    custom_id: str
    title: str
    components: tuple[Component, ...]

    def body(self) -> dict[str, Any]:
        """Return the dialog as Discord's API takes it."""
        return {"custom_id": self.custom_id, "title": self.title, "components": list(self.components)}
