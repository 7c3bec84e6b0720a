"""The words for what is said about an issue: what is read of it first, and findings. Nothing here needs its tree."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

DateOrder = Literal["day-first", "month-first"]
"""What comes first in a numeric date, as the configuration writes it."""


class Severity(StrEnum):
    """How much a finding matters: an error keeps an issue from being posted, a warning loses something, info is good to know."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that `check` has to say about an issue; ``line`` counts from 1 in the file as received, None for the whole file."""

    rule: str
    severity: Severity
    line: int | None
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What an issue says of itself before its text; see :class:`Issue` for the fields."""

    slug: str
    title: str
    date: dt.date | dt.datetime | None
    draft: bool
    explicit_id: str | None
