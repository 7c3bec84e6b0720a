"""Reading a request's JSON: every field checked, every fault remembered at its place, all told at once (code 50035)."""

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlsplit

from discord_sandbox.api_errors import ApiError, Json

Path = tuple[str, ...]


def as_object(value: Any) -> Json | None:
    """Return ``value`` when it is a JSON object, else None."""
    return cast("Json", value) if isinstance(value, dict) else None


def parse_object(text: str | bytes) -> Json | None:
    """Return the JSON object that a text is, else None."""
    try:
        return as_object(json.loads(text))
    except ValueError:
        return None


def as_list(value: Any) -> list[Any] | None:
    """Return ``value`` when it is a JSON array, else None."""
    return cast("list[Any]", value) if isinstance(value, list) else None


def as_snowflake(value: Any) -> int | None:
    """Return an id given as a number or as decimal digits, else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if value >= 0 else None
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else None


class Form:
    """One JSON object of a request. A reader returns None for a field that is absent, null or wrong."""

    def __init__(self, data: Json, path: Path = (), faults: list[tuple[Path, str, str]] | None = None) -> None:
        """Read ``data``, which stands at ``path`` in the request, and add to the ``faults`` that all of the request has."""
        self.data = data
        self.path = path
        self.faults: list[tuple[Path, str, str]] = [] if faults is None else faults

    def has(self, name: str) -> bool:
        """Tell whether the field is there, be it null."""
        return name in self.data

    def fault(self, place: str | Path, code: str, message: str) -> None:
        """Remember a fault of a field, or of what stands at a ``place`` (names and indices) in it, under Discord's ``code``."""
        self.faults.append(((*self.path, *((place,) if isinstance(place, str) else place)), code, message))

    def require(self, *names: str) -> None:
        """Remember a fault for each field that is absent or null."""
        for name in names:
            if self.data.get(name) is None:
                self.fault(name, "BASE_TYPE_REQUIRED", "This field is required")

    def raise_any(self) -> None:
        """Raise one 50035 that tells all faults of the request, nested by place, if there are any."""
        if not self.faults:
            return
        errors: Json = {}
        for path, code, message in self.faults:
            place = errors
            for step in path:
                place = place.setdefault(step, {})
            place.setdefault("_errors", []).append({"code": code, "message": message})
        raise ApiError(400, 50035, "Invalid Form Body", {"errors": errors})

    def text(self, name: str, *, most: int, least: int = 0, required: bool = False) -> str | None:
        """Read a text, trimmed, of ``least`` to ``most`` code points."""
        value = self.data.get(name)
        if value is None:
            return self.require(name) if required else None
        if not isinstance(value, (str, int, float)) or isinstance(value, bool):
            return self.fault(name, "STRING_TYPE_CONVERT", "Could not interpret this value as string.")
        trimmed = str(value).strip()
        if required and not trimmed:
            return self.fault(name, "BASE_TYPE_REQUIRED", "This field is required")
        self._length(name, len(trimmed), least, most)
        return trimmed

    def _length(self, name: str, length: int, least: int, most: int) -> None:
        if least <= length <= most:
            return
        if least:
            self.fault(name, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")
        else:
            self.fault(name, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")

    def integer(self, name: str, *, least: int | None = None, most: int | None = None) -> int | None:
        """Read a whole number of ``least`` to ``most``."""
        value = self.data.get(name)
        if value is None:
            return None
        try:
            number = int(value)
        except (TypeError, ValueError):
            return self.fault(name, "NUMBER_TYPE_COERCE", f'Value "{value}" is not int.')
        if least is not None and number < least:
            return self.fault(name, "NUMBER_TYPE_MIN", f"int value should be greater than or equal to {least}.")
        if most is not None and number > most:
            return self.fault(name, "NUMBER_TYPE_MAX", f"int value should be less than or equal to {most}.")
        return number

    def choice(self, name: str, choices: Collection[int], *, required: bool = False) -> int | None:
        """Read a whole number out of ``choices``."""
        if required:
            self.require(name)
        number = self.integer(name)
        if number is not None and number not in choices:
            return self.fault(name, "BASE_TYPE_CHOICES", f"Value must be one of {{{', '.join(map(str, sorted(choices)))}}}.")
        return number

    def boolean(self, name: str) -> bool | None:
        """Read a truth value."""
        value = self.data.get(name)
        if value is None or isinstance(value, bool):
            return value
        return self.fault(name, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.")

    def child(self, name: str, *, required: bool = False) -> "Form | None":
        """Read an object."""
        value = self.data.get(name)
        if value is None:
            return self.require(name) if required else None
        return self._inner((name,), value)

    def _inner(self, place: Path, value: Any) -> "Form | None":
        data = as_object(value)
        if data is None:
            return self.fault(place, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        return Form(data, (*self.path, *place), self.faults)

    def values(self, name: str, *, most: int, least: int = 0) -> list[Any] | None:
        """Read an array of ``least`` to ``most`` elements."""
        value = self.data.get(name)
        if value is None:
            return None
        values = as_list(value)
        if values is None:
            return self.fault(name, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        self._length(name, len(values), least, most)
        return values

    def children(self, name: str, *, most: int, least: int = 0) -> "list[Form] | None":
        """Read an array of objects."""
        values = self.values(name, most=most, least=least)
        if values is None:
            return None
        return [form for index, value in enumerate(values) if (form := self._inner((name, str(index)), value))]

    def snowflake(self, name: str) -> int | None:
        """Read an id."""
        value = self.data.get(name)
        if value is None:
            return None
        number = as_snowflake(value)
        if number is None:
            return self.fault(name, "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
        return number

    def snowflakes(self, name: str, *, most: int) -> list[int] | None:
        """Read an array of distinct ids."""
        values = self.values(name, most=most)
        if values is None:
            return None
        ids: list[int] = []
        for index, value in enumerate(values):
            number = as_snowflake(value)
            if number is None:
                self.fault((name, str(index)), "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
            elif number in ids:
                self.fault(name, "SET_TYPE_ALREADY_CONTAINS_VALUE", "The set already contains this value")
            else:
                ids.append(number)
        return ids

    def url(self, name: str, *, schemes: Collection[str], most: int, required: bool = False) -> str | None:
        """Read an address with one of ``schemes``; an empty one is refused as a bad scheme, as Discord does."""
        value = self.data.get(name)
        if value is None:
            return self.require(name) if required else None
        if not isinstance(value, str):
            return self.fault(name, "STRING_TYPE_CONVERT", "Could not interpret this value as string.")
        address = value.strip()
        self._length(name, len(address), 0, most)
        try:
            parts = urlsplit(address)
        except ValueError:
            return self.fault(name, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
        if parts.scheme.lower() not in schemes:
            allowed = ", ".join(f"'{scheme}'" for scheme in schemes)
            return self.fault(name, "URL_TYPE_INVALID_SCHEME", f'Scheme "{parts.scheme}" must be one of ({allowed}).')
        if not parts.netloc or any(character.isspace() for character in address):
            return self.fault(name, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
        return address

    def instant(self, name: str) -> str | None:
        """Read an ISO 8601 instant, given back as Discord writes it: in full, with its offset."""
        value = self.data.get(name)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            return self.fault(name, "DATE_TIME_TYPE_PARSE", f"Could not parse {value}. Should be ISO8601.")
        return moment.isoformat() if moment.tzinfo else f"{moment.isoformat()}+00:00"
