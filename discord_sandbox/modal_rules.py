"""What a modal may be, and what a person may submit with it (docs, *Component reference*, *Receiving and Responding*)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from discord_sandbox.api_errors import Json
from discord_sandbox.component_rules import SELECTS, Component, ComponentReader, walk
from discord_sandbox.interactions import NotOfferedError
from discord_sandbox.offers import chosen
from discord_sandbox.resolving import Resolved
from discord_sandbox.validation import Form

TITLE: Final = 45
TOP_LEVEL: Final = 5
INPUT: Final = 4000

_SHORT: Final = 1
_ALLOWED: Final = frozenset({Component.ACTION_ROW, Component.LABEL, Component.TEXT_DISPLAY})
_IN_LABEL: Final = SELECTS | {
    Component.TEXT_INPUT,
    Component.FILE_UPLOAD,
    Component.RADIO_GROUP,
    Component.CHECKBOX_GROUP,
    Component.CHECKBOX,
}


def read_modal(form: Form) -> Json:
    """Read a modal; the caller raises the faults."""
    reader = _ModalReader(form)
    body: Json = {
        "custom_id": form.text("custom_id", least=1, most=100, required=True),
        "title": form.text("title", least=1, most=TITLE, required=True),
    }
    children = form.children("components", least=1, most=TOP_LEVEL)
    if children is None:
        form.fault("components", "BASE_TYPE_REQUIRED", "This field is required")
    return body | {"components": [part for child in children or () if (part := reader.read(child, _ALLOWED))]}


class _ModalReader(ComponentReader):
    def content(self, kind: Component, form: Form) -> Json:
        match kind:
            case Component.ACTION_ROW:
                inputs = form.children("components", least=1, most=1) or []
                for child in inputs:
                    child.text("label", least=1, most=45, required=True)
                return {"components": [part for child in inputs if (part := self.read(child, frozenset({Component.TEXT_INPUT})))]}
            case Component.LABEL:
                return self._label(form)
            case Component.TEXT_INPUT:
                return self._input(form)
            case Component.TEXT_DISPLAY:
                return super().content(kind, form)
            case Component.CHECKBOX:
                return {"custom_id": self.custom_id(form), "default": bool(form.boolean("default"))}
            case _:
                return self._field(kind, form)

    def _label(self, form: Form) -> Json:
        inner = form.child("component")
        if inner is None:
            form.fault("component", "BASE_TYPE_REQUIRED", "This field is required")
        return {
            "label": form.text("label", least=1, most=45, required=True),
            "description": form.text("description", most=100),
            "component": self.read(inner, _IN_LABEL) if inner else None,
        }

    def _input(self, form: Form) -> Json:
        if form.data.get("style") is None:
            form.fault("style", "BASE_TYPE_REQUIRED", "This field is required")
        least, most = form.integer("min_length", least=0, most=INPUT), form.integer("max_length", least=1, most=INPUT)
        if least is not None and most is not None and least > most:
            form.fault("min_length", "BASE_TYPE_BAD_LENGTH", "min_length must not be greater than max_length.")
        return {
            "custom_id": self.custom_id(form),
            "style": form.choice("style", (_SHORT, 2)),
            "label": form.text("label", most=45),
            "value": form.text("value", most=INPUT),
            "placeholder": form.text("placeholder", most=100),
            "required": form.boolean("required") is not False,
            "min_length": least or 0,
            "max_length": most or INPUT,
        }

    def _field(self, kind: Component, form: Form) -> Json:
        if form.boolean("disabled"):
            form.fault("disabled", "BASE_TYPE_CHOICES", "A select in a modal cannot be disabled.")
        required = {"required": form.boolean("required") is not False}
        if kind in SELECTS:
            return self.select(form) | required
        body: Json = {"custom_id": self.custom_id(form), **required, "min_values": 1, "max_values": 1}
        if kind != Component.RADIO_GROUP:
            options = len(cast("list[Any]", form.data.get("options") or ()))
            body["min_values"] = form.integer("min_values", least=0, most=10) if form.has("min_values") else 1
            body["max_values"] = form.integer("max_values", least=1, most=10) or max(options, 1)
        if kind != Component.FILE_UPLOAD:
            fewest = 2 if kind == Component.RADIO_GROUP else 1
            if form.data.get("options") is None:
                form.fault("options", "BASE_TYPE_REQUIRED", "This field is required")
            body["options"] = [
                {
                    "label": option.text("label", least=1, most=100, required=True),
                    "value": option.text("value", least=1, most=100, required=True),
                    "default": bool(option.boolean("default")),
                }
                for option in form.children("options", least=fewest, most=10) or ()
            ]
        return body


def filled(modal: Json, values: Mapping[str, object], resolved: Resolved) -> Json:
    """Return the data of a submitted modal: every field with the person's value, or with what stood there from the first.

    Raises NotOfferedError for what Discord's clients would not let the person submit.
    """
    fields = {part["component"]["custom_id"] for part in modal["components"] if "component" in part}
    fields |= {part["custom_id"] for part in walk(modal["components"]) if "custom_id" in part}
    if set(values) - fields:
        raise NotOfferedError(f"The modal has no fields {sorted(set(values) - fields)}, only {sorted(fields)}.")
    components: list[Json] = []
    for part in modal["components"]:
        head: Json = {"type": part["type"], "id": part["id"]}
        if part["type"] == Component.ACTION_ROW:
            head["components"] = [_value(field, values, resolved) for field in part["components"]]
        elif part["type"] == Component.LABEL:
            head["component"] = _value(part["component"], values, resolved)
        components.append(head)
    return {"custom_id": modal["custom_id"], "components": components, "resolved": resolved.data}


def _value(field: Json, values: Mapping[str, object], resolved: Resolved) -> Json:
    name, kind = field["custom_id"], field["type"]
    given = values.get(name)
    body: Json = {"type": kind, "id": field["id"], "custom_id": name}
    if kind == Component.TEXT_INPUT:
        return body | {"value": _text(field, given)}
    if kind == Component.CHECKBOX:
        return body | {"value": field["default"] if given is None else bool(given)}
    if kind == Component.FILE_UPLOAD:
        if given or field["required"]:
            raise NotOfferedError(f"The sandbox takes no files in a modal ({name!r}).")
        return body | {"values": []}
    if given is None:
        defaults: list[Any] = [option["value"] for option in field.get("options", ()) if option.get("default")]
        given = defaults or [default["id"] for default in field.get("default_values", ())]
    several = [given] if isinstance(given, str) or not isinstance(given, Sequence) else cast("Sequence[Any]", given)
    if not several and field["required"]:
        raise NotOfferedError(f"{name!r} is required.")
    keys = chosen(field, several, resolved) if several else []
    return body | ({"value": keys[0] if keys else None} if kind == Component.RADIO_GROUP else {"values": keys})


def _text(field: Json, given: object) -> str:
    name = field["custom_id"]
    text = (field["value"] or "") if given is None else str(given)
    if not text and field["required"]:
        raise NotOfferedError(f"{name!r} is required.")
    if text and not field["min_length"] <= len(text) <= field["max_length"]:
        raise NotOfferedError(f"{name!r} takes {field['min_length']} to {field['max_length']} characters, not {len(text)}.")
    if field["style"] == _SHORT and "\n" in text:
        raise NotOfferedError(f"{name!r} has but one line.")
    return text
