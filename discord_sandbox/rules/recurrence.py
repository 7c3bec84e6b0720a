"""How a scheduled event may recur (docs, *Guild Scheduled Event*, Recurrence Rule)."""

from typing import Any, Final

from discord_sandbox.api_errors import Json
from discord_sandbox.rules.form import Form

YEARLY, MONTHLY, WEEKLY, DAILY = range(4)
_DAILY_SETS: Final = ([0, 1, 2, 3, 4], [1, 2, 3, 4, 5], [0, 1, 2, 3, 6], [4, 5], [5, 6], [0, 6])
"""The sets of days that a daily event may be limited to; Monday is 0."""
_NOT_SETTABLE: Final = ("count", "end", "by_year_day")


def read_recurrence(form: Form) -> Json | None:
    """Read ``recurrence_rule``; the caller raises the faults."""
    rule = form.child("recurrence_rule")
    if rule is None:
        return None
    rule.require("start", "frequency", "interval")
    for name in _NOT_SETTABLE:
        if rule.data.get(name) is not None:
            rule.fault(name, "BASE_TYPE_CHOICES", "This field cannot be set.")
    frequency = rule.choice("frequency", (YEARLY, MONTHLY, WEEKLY, DAILY))
    body: Json = {
        "start": rule.instant("start"),
        "end": None,
        "frequency": frequency,
        "interval": rule.integer("interval", least=1, most=2 if frequency == WEEKLY else 1),
        "by_weekday": rule.values("by_weekday", most=7),
        "by_n_weekday": rule.values("by_n_weekday", most=7),
        "by_month": rule.values("by_month", most=12),
        "by_month_day": rule.values("by_month_day", most=31),
        "by_year_day": None,
        "count": None,
    }
    for name, fits in _fitting(frequency, body).items():
        if not fits:
            rule.fault(name, "BASE_TYPE_CHOICES", "This does not fit the frequency.")
    return body


def _fitting(frequency: int | None, body: Json) -> dict[str, bool]:
    days: list[Any] = body["by_weekday"] or []
    weekday_fits = {DAILY: not days or sorted(days) in _DAILY_SETS, WEEKLY: len(days) == 1}

    def only(name: str, kind: int) -> bool:
        return len(body[name] or ()) == (1 if frequency == kind else 0)

    return {
        "by_weekday": weekday_fits.get(frequency or 0, not days),
        "by_n_weekday": only("by_n_weekday", MONTHLY),
        "by_month": only("by_month", YEARLY),
        "by_month_day": only("by_month_day", YEARLY),
    }
