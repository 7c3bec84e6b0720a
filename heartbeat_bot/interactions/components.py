"""Buttons and menus, as Discord's API takes them, and what a press of one says. Pure.

Everything that a press needs stands in its custom_id, so that buttons work for as long as their message does, also after a restart.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from heartbeat_bot.languages import Language
from heartbeat_bot.rendering import limits
from heartbeat_bot.rendering.nodes import weight
from heartbeat_bot.rendering.plain import shortened

Component = Mapping[str, Any]

_ROW: Final = 1
_BUTTON: Final = 2
_SELECT: Final = 3
_TEXT_INPUT: Final = 4
_LINK: Final = 5
_SEPARATOR: Final = "|"
_ESCAPED: Final = {"\\": "\\\\", _SEPARATOR: "\\p"}

_MARKED = re.compile(r"\\(.)", re.DOTALL)


class Style(IntEnum):
    """How a button looks (docs, *Button Styles*)."""

    PRIMARY = 1
    SECONDARY = 2
    SUCCESS = 3
    DANGER = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """What a press of a button or a choice in a menu asks for: a verb and its arguments, which may hold any character."""

    verb: str
    arguments: tuple[str, ...] = ()

    def custom_id(self) -> str:
        """Write it as a custom_id; raise ValueError when it has more characters than Discord keeps."""
        text = _SEPARATOR.join(written(part) for part in (self.verb, *self.arguments))
        if len(text) > limits.CUSTOM_ID:
            raise ValueError(f"A custom_id may have {limits.CUSTOM_ID} characters, this has {len(text)}: {text}")
        return text


def written(argument: str) -> str:
    """Return an argument as it stands in a custom_id, where it may be up to twice as long."""
    return "".join(_ESCAPED.get(character, character) for character in argument)


def press(verb: str, *arguments: object) -> Press:
    """Return a press; arguments are written as text, None as ""."""
    return Press(verb=verb, arguments=tuple("" if argument is None else str(argument) for argument in arguments))


def read_press(custom_id: str) -> Press:
    """Read a custom_id back; whatever its text is, it is some press."""
    verb, *arguments = (_MARKED.sub(_unmarked, part) for part in custom_id.split(_SEPARATOR))
    return Press(verb=verb, arguments=tuple(arguments))


def _unmarked(match: re.Match[str]) -> str:
    return _SEPARATOR if match[1] == "p" else match[1]


def button(label: str, does: Press, *, style: Style = Style.SECONDARY, disabled: bool = False) -> Component:
    """Return a button; its label is cut where Discord's limit is."""
    return {
        "type": _BUTTON,
        "style": int(style),
        "label": shortened(label, limits.BUTTON_LABEL),
        "custom_id": does.custom_id(),
        "disabled": disabled,
    }


def link_button(label: str, url: str) -> Component | None:
    """Return a button that opens an address, None for one that Discord would refuse."""
    if not url.startswith(("http://", "https://")) or len(url) > limits.BUTTON_URL:
        return None
    return {"type": _BUTTON, "style": _LINK, "label": shortened(label, limits.BUTTON_LABEL), "url": url}


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A line of a menu: what is shown, what is chosen by it (at most 100 characters), a line below."""

    label: str
    value: str
    description: str = ""
    chosen: bool = False


def select(does: Press, options: Sequence[Option], *, placeholder: str = "") -> Component:
    """Return a menu of which one line is chosen; raise ValueError for no options or more than Discord shows."""
    if not 1 <= len(options) <= limits.SELECT_OPTIONS:
        raise ValueError(f"A menu has 1 to {limits.SELECT_OPTIONS} lines, not {len(options)}.")
    lines: list[dict[str, Any]] = []
    for option in options:
        line: dict[str, Any] = {"label": shortened(option.label, limits.SELECT_TEXT) or "…", "value": option.value}
        if option.description:
            line["description"] = shortened(option.description, limits.SELECT_TEXT)
        if option.chosen:
            line["default"] = True
        lines.append(line)
    body: dict[str, Any] = {"type": _SELECT, "custom_id": does.custom_id(), "options": lines}
    return body | ({"placeholder": shortened(placeholder, limits.SELECT_PLACEHOLDER)} if placeholder else {})


def row(*components: Component | None) -> tuple[Component, ...]:
    """Return a row of those components that are not None; no row when none is left."""
    kept = [component for component in components if component is not None]
    return ({"type": _ROW, "components": kept},) if kept else ()


def text_input(label: str, name: str, *, placeholder: str = "", most: int = 100) -> Component:
    """Return a line to type into, for a dialog."""
    body: dict[str, Any] = {"type": _TEXT_INPUT, "style": 1, "custom_id": name, "required": True, "max_length": most}
    body["label"] = shortened(label, limits.LABEL)
    return body | ({"placeholder": shortened(placeholder, limits.INPUT_PLACEHOLDER)} if placeholder else {})


def pages(entries: Iterable[str], *, most: int, characters: int, joint: str = "\n") -> list[list[str]]:
    """Deal entries out to pages in order: at most ``most`` on each, and ``characters`` with the joints between them.

    A page also keeps what else Discord's limits ask of a text, bytes and Markdown nodes, with a third of each left for what stands
    around it. An entry that alone is longer has a page to itself. No entries, no pages.
    """
    dealt: list[list[str]] = []
    most_of = (characters, limits.MESSAGE_BYTES * 2 // 3, 2 * limits.NODES * 2 // 3)
    used = (0, 0, 0)
    for entry in entries:
        size = (len(entry) + len(joint), len(entry.encode(errors="replace")) + len(joint), weight(entry))
        grown = tuple(a + b for a, b in zip(used, size, strict=True))
        if not dealt or len(dealt[-1]) == most or any(is_ > may for is_, may in zip(grown, most_of, strict=True)):
            dealt.append([])
            grown = (len(entry), *size[1:])
        dealt[-1].append(entry)
        used = grown
    return dealt


def turning(words: Language, page: int, count: int, to: Callable[[int], Press]) -> tuple[Component, ...]:
    """Return what turns the pages of ``count``, of which ``page`` (from 0) is shown; nothing for a single one.

    ``to`` makes the press that leads to a page.
    """
    if count <= 1:
        return ()
    here = words.say("buttons.page", page=page + 1, pages=count)
    return (
        button(words.say("buttons.previous"), to(page - 1), disabled=page == 0),
        button(here, press("here"), disabled=True),
        button(words.say("buttons.next"), to(page + 1), disabled=page == count - 1),
    )


def leafing(
    words: Language,
    page: int,
    count: int,
    to: Callable[[object], Press],
    *,
    name: Callable[[int], str],
    links: Sequence[Component | None] = (),
) -> tuple[Component, ...]:
    """Return the rows of what is read page by page: a menu of the pages, and below it what turns them, with ``links`` beside that.

    ``to`` makes the press that leads to a page, or that opens the menu; ``name`` says what the menu calls a page.
    """
    options = [Option(label=name(index), value=str(index), chosen=index == page) for index in _offered(page, count)]
    menu = select(to("menu"), options, placeholder=words.say("reading.sections"))
    return (*row(menu), *row(*turning(words, page, count, to), *links))


def _offered(page: int, count: int) -> list[int]:
    """Return which pages a menu offers: all when it has room, else the first, the last, and those around the one that is shown."""
    room = limits.SELECT_OPTIONS - 2
    if count <= limits.SELECT_OPTIONS:
        return list(range(count))
    first = min(max(1, page - room // 2), count - 1 - room)
    return [0, *range(first, first + room), count - 1]
