"""What a person may submit with a modal (docs, *Receiving and Responding*)."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from discord_sandbox.api_errors import Json
from discord_sandbox.interactions import NotOfferedError
from discord_sandbox.people.offers import chosen
from discord_sandbox.people.resolving import Resolved
from discord_sandbox.rules.components import Component, walk
from discord_sandbox.rules.modals import SHORT


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
    if field["style"] == SHORT and "\n" in text:
        raise NotOfferedError(f"{name!r} has but one line.")
    return text
