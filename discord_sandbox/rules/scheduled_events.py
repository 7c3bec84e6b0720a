"""What a scheduled event may be, one at a place outside Discord (docs, *Guild Scheduled Event*)."""

import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from discord_sandbox.rules.form import Form
from discord_sandbox.rules.recurrence import read_recurrence
from discord_sandbox.world import ScheduledEvent

NAME: Final = 100
LOCATION: Final = 100
DESCRIPTION: Final = 1000
_GUILD_ONLY: Final = 2
_EXTERNAL: Final = 3
_IMAGE: Final = re.compile(r"data:image/(?:png|jpeg|gif);base64,[A-Za-z0-9+/=]+")


def read_event(form: Form, before: ScheduledEvent, now: datetime, *, new: bool) -> ScheduledEvent:
    """Return what a request makes of an event; raise 50035 with all faults."""
    event = replace(before)
    form.choice("privacy_level", (_GUILD_ONLY,))
    kind = form.integer("entity_type")
    if kind is not None and kind != _EXTERNAL:
        form.fault("entity_type", "BASE_TYPE_CHOICES", "The sandbox has no stage or voice channels: 3 (EXTERNAL) is all it takes.")
    if form.data.get("channel_id") is not None:
        form.fault("channel_id", "BASE_TYPE_CHOICES", "An external event has no channel.")
    if form.has("name"):
        event.name = form.text("name", least=1, most=NAME, required=True) or event.name
    if form.has("description"):
        event.description = form.text("description", least=1, most=DESCRIPTION) or None
    if new or form.has("entity_metadata"):
        metadata = form.child("entity_metadata") or Form({}, (*form.path, "entity_metadata"), form.faults)
        event.location = metadata.text("location", least=1, most=LOCATION, required=True) or event.location
    if form.has("image"):
        event.image = _image(form)
    if form.has("recurrence_rule"):
        event.recurrence = read_recurrence(form)
    _read_times(form, event, now, new=new)
    form.raise_any()
    return event


def _read_times(form: Form, event: ScheduledEvent, now: datetime, *, new: bool) -> None:
    start, end = _instant(form, "scheduled_start_time"), _instant(form, "scheduled_end_time")
    if not new and form.has("scheduled_end_time"):
        form.require("scheduled_end_time")
    if start and start <= now and (new or start != event.start):
        form.fault("scheduled_start_time", "GUILD_SCHEDULED_EVENT_SCHEDULE_PAST", "Cannot schedule event in the past.")
    event.start, event.end = start or event.start, end or event.end
    if (start or end) and event.end <= event.start:
        form.fault("scheduled_end_time", "GUILD_SCHEDULED_EVENT_END_BEFORE_START", "The event must end after it starts.")


def _instant(form: Form, name: str) -> datetime | None:
    text = form.instant(name)
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def _image(form: Form) -> str | None:
    value = form.data["image"]
    if value is None:
        return None
    if not isinstance(value, str) or not _IMAGE.fullmatch(value):
        return form.fault("image", "IMAGE_INVALID", "Invalid image")
    return hashlib.sha256(value.encode()).hexdigest()[:32]
