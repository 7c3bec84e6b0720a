"""What components may be: the old rows of buttons and selects, and Components V2 (docs, *Component reference*)."""

from collections.abc import Iterator
from enum import IntEnum
from typing import Any, Final

from discord_sandbox.api_errors import Json
from discord_sandbox.validation import Form, as_list, as_object


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

SELECTS: Final = frozenset(
    {
        Component.STRING_SELECT,
        Component.USER_SELECT,
        Component.ROLE_SELECT,
        Component.MENTIONABLE_SELECT,
        Component.CHANNEL_SELECT,
    }
)
_TOP_LEVEL: Final = frozenset(
    {
        Component.ACTION_ROW,
        Component.SECTION,
        Component.TEXT_DISPLAY,
        Component.MEDIA_GALLERY,
        Component.FILE,
        Component.SEPARATOR,
        Component.CONTAINER,
    }
)
_LINK, _PREMIUM = 5, 6
_MEDIA_SCHEMES: Final = ("http", "https", "attachment")


def walk(components: list[Json]) -> Iterator[Json]:
    """Yield components and all that they hold."""
    for component in components:
        yield component
        for inner in as_list(component.get("components")) or ():
            nested = as_object(inner)
            if nested is not None:
                yield from walk([nested])
        accessory = as_object(component.get("accessory"))
        if accessory is not None:
            yield from walk([accessory])


def component_texts(components: list[Json]) -> list[str]:
    """Return the texts of all text displays."""
    return [str(component["content"]) for component in walk(components) if component.get("type") == Component.TEXT_DISPLAY]


def read_components(form: Form, *, modern: bool) -> list[Json]:
    """Read a message's components; ``modern`` tells whether it has the flag of Components V2."""
    reader = ComponentReader(form)
    allowed = _TOP_LEVEL if modern else frozenset({Component.ACTION_ROW})
    children = form.children("components", most=COMPONENTS if modern else LEGACY_ROWS) or []
    components = [component for child in children if (component := reader.read(child, allowed))]
    everything = list(walk(components))
    if modern and len(everything) > COMPONENTS:
        form.fault(
            "components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", f"The total number of components cannot exceed {COMPONENTS}"
        )
    if sum(map(len, component_texts(components))) > TEXT_TOTAL:
        message = f"The combined text of a message cannot exceed {TEXT_TOTAL} characters"
        form.fault("components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", message)
    return components


class ComponentReader:
    """Reads components, and sees that no id stands twice."""

    def __init__(self, form: Form) -> None:
        """Begin with no ids taken, for the components of one message or modal."""
        self._ids: set[int] = set()
        self._custom_ids: set[str] = set()
        self._problems = form.problems
        self._next_id = 1

    def read(self, form: Form, allowed: frozenset[Component]) -> Json | None:
        """Read a component and all in it; None when it is of no kind that is ``allowed`` here."""
        kind = form.choice("type", [int(component) for component in allowed])
        if kind is None:
            if form.data.get("type") is None:
                form.fault("type", "BASE_TYPE_REQUIRED", "This field is required")
            return None
        return {"type": kind, "id": self._id(form), **self.content(Component(kind), form)}

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
                return self._media(form, "media")
            case Component.MEDIA_GALLERY:
                return {"items": [self._media(item, "media") for item in form.children("items", least=1, most=10) or ()]}
            case Component.FILE:
                return self._file(form)
            case Component.SEPARATOR:
                divider = form.boolean("divider")
                return {"divider": divider is not False, "spacing": form.choice("spacing", (1, 2)) or 1}
            case Component.CONTAINER:
                return self._container(form)
            case _:
                return self.select(form)

    def _id(self, form: Form) -> int:
        given = form.integer("id", least=0, most=(1 << 31) - 1)
        if given:
            if given in self._ids:
                form.fault("id", "COMPONENT_DUPLICATE_ID", f"Component id {given} is used twice.")
            self._ids.add(given)
            return given
        while self._next_id in self._ids:
            self._next_id += 1
        self._ids.add(self._next_id)
        return self._next_id

    def custom_id(self, form: Form) -> str:
        """Read a custom id, which stands once in a message or modal."""
        custom_id = form.text("custom_id", least=1, most=100, required=True) or ""
        if custom_id and custom_id in self._custom_ids:
            form.fault("custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
        self._custom_ids.add(custom_id)
        return custom_id

    def _row(self, form: Form) -> Json:
        children = form.children("components", least=1, most=5) or []
        inner = [component for child in children if (component := self.read(child, SELECTS | {Component.BUTTON}))]
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

    def select(self, form: Form) -> Json:
        """Read a select of any kind."""
        body: Json = {
            "custom_id": self.custom_id(form),
            "placeholder": form.text("placeholder", most=150),
            "min_values": form.integer("min_values", least=0, most=25) if form.has("min_values") else 1,
            "max_values": form.integer("max_values", least=1, most=25) if form.has("max_values") else 1,
            "disabled": bool(form.boolean("disabled")),
        }
        if form.data.get("type") == Component.STRING_SELECT:
            body["options"] = [
                {
                    "label": option.text("label", least=1, most=100, required=True),
                    "value": option.text("value", least=1, most=100, required=True),
                    **({"description": text} if (text := option.text("description", most=100)) else {}),
                    **({"default": True} if option.boolean("default") else {}),
                }
                for option in form.children("options", least=1, most=25) or ()
            ]
        if form.data.get("type") == Component.CHANNEL_SELECT:
            body["channel_types"] = form.values("channel_types", most=20)
        if form.data.get("type") != Component.STRING_SELECT:
            body["default_values"] = form.values("default_values", most=25)
        return {name: value for name, value in body.items() if value is not None}

    def _section(self, form: Form) -> Json:
        children = form.children("components", least=1, most=3) or []
        texts = [text for child in children if (text := self.read(child, frozenset({Component.TEXT_DISPLAY})))]
        accessory = form.child("accessory")
        if accessory is None:
            form.fault("accessory", "BASE_TYPE_REQUIRED", "This field is required")
            return {"components": texts}
        return {"components": texts, "accessory": self.read(accessory, frozenset({Component.BUTTON, Component.THUMBNAIL}))}

    def _media(self, form: Form, name: str) -> Json:
        media = form.child(name)
        if media is None:
            form.fault(name, "BASE_TYPE_REQUIRED", "This field is required")
            return {}
        url = media.url("url", schemes=_MEDIA_SCHEMES, most=2048, required=True) or ""
        body: Json = {name: {"id": str(self._next_id), "url": url, "proxy_url": url, "width": 0, "height": 0}}
        body |= {"description": form.text("description", most=1024), "spoiler": bool(form.boolean("spoiler"))}
        return body

    def _file(self, form: Form) -> Json:
        media = form.child("file")
        if media is None:
            form.fault("file", "BASE_TYPE_REQUIRED", "This field is required")
            return {}
        url = media.url("url", schemes=("attachment",), most=2048, required=True) or ""
        body: Json = {"id": str(self._next_id), "url": url, "proxy_url": url}
        return {"file": body, "name": url.removeprefix("attachment://"), "size": 0, "spoiler": bool(form.boolean("spoiler"))}

    def _container(self, form: Form) -> Json:
        allowed = _TOP_LEVEL - {Component.CONTAINER}
        children = form.children("components", least=1, most=COMPONENTS) or []
        inner: list[Any] = [component for child in children if (component := self.read(child, allowed))]
        return {
            "components": inner,
            "accent_color": form.integer("accent_color", least=0, most=0xFFFFFF),
            "spoiler": bool(form.boolean("spoiler")),
        }
