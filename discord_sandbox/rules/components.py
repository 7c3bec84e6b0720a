"""What components may be: the old rows of buttons and selects, and Components V2 (docs, *Component reference*)."""

from collections.abc import Iterator
from enum import IntEnum
from typing import Final

from discord_sandbox.api_errors import Json
from discord_sandbox.rules.form import Form


class Component(IntEnum):
    """Kinds of components."""

    ACTION_ROW = 1
    BUTTON = 2
    STRING_SELECT = 3
    TEXT_INPUT = 4
    USER_SELECT = 5
    ROLE_SELECT = 6
    MENTIONABLE_SELECT = 7
    CHANNEL_SELECT = 8
    SECTION = 9
    TEXT_DISPLAY = 10
    THUMBNAIL = 11
    MEDIA_GALLERY = 12
    FILE = 13
    SEPARATOR = 14
    CONTAINER = 17
    LABEL = 18
    FILE_UPLOAD = 19
    RADIO_GROUP = 21
    CHECKBOX_GROUP = 22
    CHECKBOX = 23


COMPONENTS: Final = 40
"""Components of a message in all, nested ones included."""
TEXT_TOTAL: Final = 4000
"""Characters of all text displays together (reported)."""
LEGACY_ROWS: Final = 5

USERS, ROLES, CHANNELS = "user", "role", "channel"
ENTITY_SELECTS: Final = {
    Component.USER_SELECT: frozenset({USERS}),
    Component.ROLE_SELECT: frozenset({ROLES}),
    Component.MENTIONABLE_SELECT: frozenset({USERS, ROLES}),
    Component.CHANNEL_SELECT: frozenset({CHANNELS}),
}
"""The selects that offer what the server has, and the kinds of it."""
SELECTS: Final = frozenset({Component.STRING_SELECT, *ENTITY_SELECTS})
_CONTENT: Final = frozenset(
    {Component.SECTION, Component.TEXT_DISPLAY, Component.MEDIA_GALLERY, Component.FILE, Component.SEPARATOR}
)
_IN_CONTAINER: Final = _CONTENT | {Component.ACTION_ROW}
_TOP_LEVEL: Final = _IN_CONTAINER | {Component.CONTAINER}
_LINK, _PREMIUM = 5, 6
_MEDIA_SCHEMES: Final = ("http", "https", "attachment")


def walk(components: list[Json]) -> Iterator[Json]:
    """Yield components and all that they hold."""
    for component in components:
        yield component
        yield from walk(component.get("components", []))
        if component.get("accessory"):
            yield from walk([component["accessory"]])


def component_texts(components: list[Json]) -> list[str]:
    """Return the texts of all text displays."""
    return [str(component["content"]) for component in walk(components) if component.get("type") == Component.TEXT_DISPLAY]


def read_components(form: Form, *, modern: bool) -> list[Json]:
    """Read a message's components; ``modern`` tells whether it has the flag of Components V2."""
    allowed, most = (_TOP_LEVEL, COMPONENTS) if modern else (frozenset({Component.ACTION_ROW}), LEGACY_ROWS)
    components = ComponentReader().inner(form, allowed, least=0, most=most)
    if modern and len(list(walk(components))) > COMPONENTS:
        message = f"The total number of components cannot exceed {COMPONENTS}"
        form.fault("components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", message)
    if sum(map(len, component_texts(components))) > TEXT_TOTAL:
        message = f"The combined text of a message cannot exceed {TEXT_TOTAL} characters"
        form.fault("components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", message)
    return components


class ComponentReader:
    """Reads the components of one message or modal, and sees that no id stands twice."""

    def __init__(self) -> None:
        """Begin with no ids taken."""
        self._ids: set[int] = set()
        self._custom_ids: set[str] = set()
        self._next_id = 1

    def inner(self, form: Form, allowed: frozenset[Component], *, most: int, least: int = 1) -> list[Json]:
        """Read the components that a message, a modal or a component holds."""
        children = form.children("components", least=least, most=most) or ()
        return [component for child in children if (component := self.read(child, allowed))]

    def read(self, form: Form, allowed: frozenset[Component]) -> Json | None:
        """Read a component and all in it; None when it is of no kind that is ``allowed`` here."""
        kind = form.choice("type", [int(component) for component in allowed], required=True)
        return None if kind is None else {"type": kind, "id": self._id(form), **self.content(Component(kind), form)}

    def content(self, kind: Component, form: Form) -> Json:  # noqa: PLR0911 - one per kind
        """Read what a component of a kind has beside type and id."""
        match kind:
            case Component.ACTION_ROW:
                return self._row(form)
            case Component.BUTTON:
                return self._button(form)
            case Component.SECTION:
                return self._section(form)
            case Component.TEXT_DISPLAY:
                return {"content": form.text("content", least=1, most=4000, required=True) or ""}
            case Component.THUMBNAIL:
                return self._media(form)
            case Component.MEDIA_GALLERY:
                return {"items": [self._media(item) for item in form.children("items", least=1, most=10) or ()]}
            case Component.FILE:
                url, body = self._address(form, "file", ("attachment",))
                return body | {"name": url.removeprefix("attachment://"), "size": 0, "spoiler": bool(form.boolean("spoiler"))}
            case Component.SEPARATOR:
                divider = form.boolean("divider")
                return {"divider": divider is not False, "spacing": form.choice("spacing", (1, 2)) or 1}
            case Component.CONTAINER:
                return {
                    "components": self.inner(form, _IN_CONTAINER, most=COMPONENTS),
                    "accent_color": form.integer("accent_color", least=0, most=0xFFFFFF),
                    "spoiler": bool(form.boolean("spoiler")),
                }
            case _:
                return self.select(kind, form)

    def _id(self, form: Form) -> int:
        given = form.integer("id", least=0, most=(1 << 31) - 1)
        if given in self._ids:
            form.fault("id", "COMPONENT_DUPLICATE_ID", f"Component id {given} is used twice.")
        while not given and self._next_id in self._ids:
            self._next_id += 1
        number = given or self._next_id
        self._ids.add(number)
        return number

    def custom_id(self, form: Form) -> str:
        """Read a custom id, which stands once in a message or modal."""
        custom_id = form.text("custom_id", least=1, most=100, required=True) or ""
        if custom_id and custom_id in self._custom_ids:
            form.fault("custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
        self._custom_ids.add(custom_id)
        return custom_id

    def _row(self, form: Form) -> Json:
        inner = self.inner(form, SELECTS | {Component.BUTTON}, most=5)
        if len(inner) > 1 and any(component["type"] in SELECTS for component in inner):
            form.fault("components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "A row holds up to five buttons, or one select.")
        return {"components": inner}

    def _button(self, form: Form) -> Json:
        style = form.choice("style", range(1, 7))
        body: Json = {"style": style, "disabled": bool(form.boolean("disabled"))}
        if form.has("label"):
            body["label"] = form.text("label", most=80) or ""
        if form.has("emoji"):
            body["emoji"] = form.data["emoji"]
        if style == _LINK:
            body["url"] = form.url("url", schemes=("http", "https", "discord"), most=512, required=True)
        elif style == _PREMIUM:
            body["sku_id"] = str(form.snowflake("sku_id"))
        elif style is not None:
            body["custom_id"] = self.custom_id(form)
        return body

    def select(self, kind: Component, form: Form) -> Json:
        """Read a select of any kind."""
        body: Json = {
            "custom_id": self.custom_id(form),
            "placeholder": form.text("placeholder", most=150),
            "min_values": form.integer("min_values", least=0, most=25) if form.has("min_values") else 1,
            "max_values": form.integer("max_values", least=1, most=25) if form.has("max_values") else 1,
            "disabled": bool(form.boolean("disabled")),
        }
        if kind == Component.STRING_SELECT:
            body["options"] = [
                {
                    "label": option.text("label", least=1, most=100, required=True),
                    "value": option.text("value", least=1, most=100, required=True),
                    **({"description": text} if (text := option.text("description", most=100)) else {}),
                    **({"default": True} if option.boolean("default") else {}),
                }
                for option in form.children("options", least=1, most=25) or ()
            ]
        else:
            body["default_values"] = form.values("default_values", most=25)
        if kind == Component.CHANNEL_SELECT:
            body["channel_types"] = form.values("channel_types", most=20)
        return {name: value for name, value in body.items() if value is not None}

    def _section(self, form: Form) -> Json:
        body: Json = {"components": self.inner(form, frozenset({Component.TEXT_DISPLAY}), most=3)}
        accessory = form.child("accessory", required=True)
        if accessory:
            body["accessory"] = self.read(accessory, frozenset({Component.BUTTON, Component.THUMBNAIL}))
        return body

    def _media(self, form: Form) -> Json:
        _, body = self._address(form, "media", _MEDIA_SCHEMES)
        body["media"] |= {"width": 0, "height": 0}
        return body | {"description": form.text("description", most=1024), "spoiler": bool(form.boolean("spoiler"))}

    def _address(self, form: Form, name: str, schemes: tuple[str, ...]) -> tuple[str, Json]:
        """Return where a picture or file is, and how it is told of under ``name``."""
        media = form.child(name, required=True)
        url = (media and media.url("url", schemes=schemes, most=2048, required=True)) or ""
        return url, {name: {"id": str(self._next_id), "url": url, "proxy_url": url}}
