"""What a modal may be (docs, *Component reference*, *Receiving and Responding*)."""

from typing import Any, Final, cast

from discord_sandbox.api_errors import Json
from discord_sandbox.rules.components import SELECTS, Component, ComponentReader
from discord_sandbox.rules.form import Form

TITLE: Final = 45
TOP_LEVEL: Final = 5
INPUT: Final = 4000

SHORT: Final = 1
_ALLOWED: Final = frozenset({Component.ACTION_ROW, Component.LABEL, Component.TEXT_DISPLAY})
_CHECKED: Final = frozenset({Component.RADIO_GROUP, Component.CHECKBOX_GROUP, Component.CHECKBOX})
_IN_LABEL: Final = SELECTS | _CHECKED | {Component.TEXT_INPUT, Component.FILE_UPLOAD}


def read_modal(form: Form) -> Json:
    """Read a modal; the caller raises the faults."""
    form.require("components")
    return {
        "custom_id": form.text("custom_id", least=1, most=100, required=True),
        "title": form.text("title", least=1, most=TITLE, required=True),
        "components": _ModalReader().inner(form, _ALLOWED, most=TOP_LEVEL),
    }


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
        inner = form.child("component", required=True)
        return {
            "label": form.text("label", least=1, most=45, required=True),
            "description": form.text("description", most=100),
            "component": self.read(inner, _IN_LABEL) if inner else None,
        }

    def _input(self, form: Form) -> Json:
        least, most = form.integer("min_length", least=0, most=INPUT), form.integer("max_length", least=1, most=INPUT)
        if least is not None and most is not None and least > most:
            form.fault("min_length", "BASE_TYPE_BAD_LENGTH", "min_length must not be greater than max_length.")
        return {
            "custom_id": self.custom_id(form),
            "style": form.choice("style", (SHORT, 2), required=True),
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
            return self.select(kind, form) | required
        body: Json = {"custom_id": self.custom_id(form), **required, "min_values": 1, "max_values": 1}
        if kind != Component.RADIO_GROUP:
            options = len(cast("list[Any]", form.data.get("options") or ()))
            body["min_values"] = form.integer("min_values", least=0, most=10) if form.has("min_values") else 1
            body["max_values"] = form.integer("max_values", least=1, most=10) or max(options, 1)
        if kind != Component.FILE_UPLOAD:
            fewest = 2 if kind == Component.RADIO_GROUP else 1
            form.require("options")
            body["options"] = [
                {
                    "label": option.text("label", least=1, most=100, required=True),
                    "value": option.text("value", least=1, most=100, required=True),
                    "default": bool(option.boolean("default")),
                }
                for option in form.children("options", least=fewest, most=10) or ()
            ]
        return body
