"""How single values of the configuration are written: durations, Discord ids, addresses, templates, heading patterns."""

import re
import string
from collections.abc import Collection
from datetime import timedelta
from typing import Annotated, cast
from urllib.parse import urlsplit

from pydantic import BeforeValidator

from heartbeat_bot.headings import HeadingPattern
from heartbeat_bot.redaction import redact

_DURATION = re.compile(r"(?:(?P<days>\d{1,6})d)?(?:(?P<hours>\d{1,6})h)?(?:(?P<minutes>\d{1,6})m)?(?:(?P<seconds>\d{1,9})s)?")
_DURATION_HELP = "durations are written like 90s, 10m, 5m30s, 2h or 14d"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SNOWFLAKE_LENGTHS = range(15, 21)
# Snowflakes are 64-bit numbers (Discord's reference, "Snowflakes"). The oldest have 17 digits; two less leave room for sandboxes.
_SNOWFLAKE_END = 1 << 64
_WEB = frozenset({"http", "https"})
ISSUE_PLACEHOLDERS = ("slug", "year", "month", "day", "path", "stem")
"""What ``issue_url`` may hold in braces."""


def parse_duration(text: str) -> timedelta:
    """Read ``90s``, ``10m``, ``5m30s``, ``2h`` or ``14d`` (larger units first, each once); raise ValueError with a sentence."""
    match = _DURATION.fullmatch(text.strip().lower().replace(" ", ""))
    if not match or not match.group():
        raise ValueError(f"{short(text)} is not a duration; {_DURATION_HELP}")
    return timedelta(**{unit: int(number) for unit, number in match.groupdict().items() if number})


def format_duration(duration: timedelta) -> str:
    """Write a duration as the configuration does (``5m30s``), cut to whole seconds."""
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return (
        "".join(f"{number}{unit}" for number, unit in ((days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s")) if number) or "0s"
    )


def _duration(value: object) -> timedelta:
    match value:
        case timedelta():
            return value
        case str():
            return parse_duration(value)
        case 0 if not isinstance(value, bool):
            return timedelta()
        case _:
            raise ValueError(f"{short(value)} has no unit; {_DURATION_HELP}")


def _snowflake(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        text = str(value)
    elif isinstance(value, str):
        text = value.strip()
    else:
        raise ValueError(f"{short(value)} is not a Discord id; {_ID_HELP}")  # noqa: TRY004 (pydantic collects ValueError only)
    if mention := re.fullmatch(r"<(?:#|@&|@!?)(\d+)>", text):
        raise ValueError(f"a mention stands where a Discord id is wanted; write {mention[1]} alone")
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"{short(text)} is not a Discord id; {_ID_HELP}")
    number = int(text)
    if len(text) not in _SNOWFLAKE_LENGTHS or text.startswith("0") or number >= _SNOWFLAKE_END:
        raise ValueError(f"{short(text)} is not a Discord id: those are numbers of 17 to 20 digits; {_ID_HELP}")
    return number


_ID_HELP = "turn on Developer Mode in Discord (Settings, Advanced), right-click the channel or role and choose Copy ID"


def _public_address(value: object) -> object:
    address = _address(value, _WEB)
    if isinstance(address, str) and "@" in urlsplit(address).netloc:
        raise ValueError("a user name or password stands in this address, and everyone who sees a link sees it; take it out")
    return address


def _address(value: object, schemes: Collection[str]) -> object:
    if not isinstance(value, str):
        return value
    wanted = " or ".join(sorted(f"{scheme}://" for scheme in schemes))
    try:
        parts = urlsplit(value)
        usable = parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or re.search(r"[\s<>]", value):
        # What may hold a password, a token or a part of one is not repeated.
        shown = "this" if re.search(r"[@?#]", value) else short(value)
        raise ValueError(f"{shown} is not an address; write it in full, beginning with {wanted}")
    return value


def _issue_template(value: object) -> object:
    if not isinstance(value, str):
        return value
    known = ", ".join(f"{{{name}}}" for name in ISSUE_PLACEHOLDERS)
    try:
        fields = [(name, spec, conversion) for _, name, spec, conversion in string.Formatter().parse(value) if name is not None]
    except ValueError as error:
        raise ValueError(f"{short(value)} has a brace without its partner; the placeholders are {known}") from error
    for name, spec, conversion in fields:
        if name not in ISSUE_PLACEHOLDERS or spec or conversion:
            raise ValueError(f"unknown placeholder {{{name}}}; the placeholders are {known}")
    _public_address(string.Formatter().vformat(value, (), dict.fromkeys(ISSUE_PLACEHOLDERS, "x")))
    return value


def _heading_pattern(value: object) -> HeadingPattern:
    if not isinstance(value, str):
        raise ValueError(f"{short(value)} is not text; write the pattern in quotes")  # noqa: TRY004 (pydantic collects ValueError only)
    if not value.strip():
        raise ValueError("an empty pattern would match every heading; remove it")
    try:
        pattern = HeadingPattern(value)
    except ValueError as error:
        raise ValueError(f"{short(value)}: {error}") from error
    if pattern.search(""):
        raise ValueError(f"{short(value)} matches the empty text, and so every heading; make it match at least one character")
    return pattern


def checked_variable(name: str, example: str, secret: str) -> str:
    """Return the name of an environment variable that holds a secret; raise ValueError with an example when it is none."""
    if _VARIABLE.fullmatch(name):
        return name
    raise ValueError(
        f"this is not the name of an environment variable; write a name such as {example} here, and keep the {secret} itself out of this file"
    )


def as_tuple(value: object) -> object:
    """Return what YAML has as a list as the tuple that a setting keeps."""
    return tuple(cast("list[object]", value)) if isinstance(value, list) else value


def short(value: object) -> str:
    """Quote a value in a sentence as YAML writes it, cut when long; without a token that strayed here, of which a cut leaves half."""
    match value:
        case str():
            text = redact(repr(value))
        case None | bool():
            text = "null" if value is None else str(value).lower()
        case _:
            text = redact(str(value))
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 1]}…"


_SHORT = 60

Duration = Annotated[timedelta, BeforeValidator(_duration)]
Snowflake = Annotated[int, BeforeValidator(_snowflake)]
WebAddress = Annotated[str, BeforeValidator(lambda value: _address(value, _WEB))]
PublicAddress = Annotated[str, BeforeValidator(_public_address)]
GatewayAddress = Annotated[str, BeforeValidator(lambda value: _address(value, {"ws", "wss"}))]
IssueTemplate = Annotated[str, BeforeValidator(_issue_template)]
HeadingPatterns = Annotated[tuple[Annotated[HeadingPattern, BeforeValidator(_heading_pattern)], ...], BeforeValidator(as_tuple)]
Snowflakes = Annotated[tuple[Snowflake, ...], BeforeValidator(as_tuple)]
