"""The routes of scheduled events, those at a place outside Discord (docs, *Guild Scheduled Event*)."""

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from discord_sandbox.api_errors import Json, refusal
from discord_sandbox.call import Call, Reply, Route, as_json_object
from discord_sandbox.objects import scheduled_event_object
from discord_sandbox.permissions import Permission, guild_permissions
from discord_sandbox.recurrence import read_recurrence
from discord_sandbox.validation import Form, Problems
from discord_sandbox.world import EventStatus, Guild, Intent, ScheduledEvent, World, WorldEvent

MOST: Final = 100
"""Events of a guild that are to come or going on."""
NAME: Final = 100
LOCATION: Final = 100
DESCRIPTION: Final = 1000
_GUILD_ONLY: Final = 2
_EXTERNAL: Final = 3
_IMAGE: Final = re.compile(r"data:image/(?:png|jpeg|gif);base64,[A-Za-z0-9+/=]+")
_TRANSITIONS: Final = {
    (EventStatus.SCHEDULED, EventStatus.ACTIVE),
    (EventStatus.SCHEDULED, EventStatus.CANCELED),
    (EventStatus.ACTIVE, EventStatus.COMPLETED),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledEventRoutes:
    """Answers the routes of scheduled events."""

    def routes(self) -> list[Route]:
        """Return the table."""
        many = "/guilds/{guild_id}/scheduled-events"
        one = f"{many}/{{event_id}}"
        return [
            Route(method="GET", template=many, handler=self.all),
            Route(method="POST", template=many, handler=self.create),
            Route(method="GET", template=one, handler=self.read),
            Route(method="PATCH", template=one, handler=self.edit),
            Route(method="DELETE", template=one, handler=self.delete),
        ]

    def all(self, call: Call) -> Reply:
        """List Scheduled Events for Guild: those to come and going on."""
        events = call.world.guild(call.id("guild_id")).scheduled_events.values()
        return Reply(body=[_shown(call, event) for event in events if event.is_open(call.world.clock())])

    def create(self, call: Call) -> Reply:
        """Create Guild Scheduled Event."""
        world = call.world
        guild = world.guild(call.id("guild_id"))
        _demand(world, guild, Permission.CREATE_EVENTS)
        form = Form(as_json_object(call.json), Problems())
        for name in ("privacy_level", "scheduled_start_time", "scheduled_end_time", "entity_type"):
            if form.data.get(name) is None:
                form.fault(name, "BASE_TYPE_REQUIRED", "This field is required")
        now = world.clock()
        blank = ScheduledEvent(id=world.new_id(), guild_id=guild.id, creator=world.bot, name="", location="", start=now, end=now)
        event = _read(form, blank, now, new=True)
        if sum(other.is_open(now) for other in guild.scheduled_events.values()) >= MOST:
            raise refusal(30038)
        guild.scheduled_events[event.id] = event
        _tell(world, "GUILD_SCHEDULED_EVENT_CREATE", event)
        return Reply(body=scheduled_event_object(event, now))

    def read(self, call: Call) -> Reply:
        """Get Guild Scheduled Event."""
        return Reply(body=_shown(call, self._found(call)[1]))

    def edit(self, call: Call) -> Reply:
        """Modify Guild Scheduled Event, its status among the rest; a finished one stays as it is."""
        world, now = call.world, call.world.clock()
        guild, before = self._found(call)
        _demand_over(world, guild, before)
        status = before.status_at(now)
        if not before.is_open(now):
            raise refusal(180000)
        form = Form(as_json_object(call.json), Problems())
        wanted = form.choice("status", list(EventStatus))
        if wanted is not None and wanted != status and (status, wanted) not in _TRANSITIONS:
            form.fault("status", "BASE_TYPE_CHOICES", f"An event that is {status.name} cannot become {EventStatus(wanted).name}.")
        event = _read(form, before, now, new=False)
        event.status = EventStatus(wanted) if wanted is not None else status
        guild.scheduled_events[event.id] = event
        _tell(world, "GUILD_SCHEDULED_EVENT_UPDATE", event)
        return Reply(body=scheduled_event_object(event, now))

    def delete(self, call: Call) -> Reply:
        """Delete Guild Scheduled Event."""
        guild, event = self._found(call)
        _demand_over(call.world, guild, event)
        del guild.scheduled_events[event.id]
        _tell(call.world, "GUILD_SCHEDULED_EVENT_DELETE", event)
        return Reply(status=204)

    def _found(self, call: Call) -> tuple[Guild, ScheduledEvent]:
        guild = call.world.guild(call.id("guild_id"))
        event = guild.scheduled_events.get(call.id("event_id"))
        if event is None:
            raise refusal(10070)
        return guild, event


def _shown(call: Call, event: ScheduledEvent) -> Json:
    body = scheduled_event_object(event, call.world.clock())
    counted = call.query.get("with_user_count", "").lower() in {"1", "true"}
    return body | {"user_count": 0} if counted else body


def _tell(world: World, name: str, event: ScheduledEvent) -> None:
    body = scheduled_event_object(event, world.clock())
    world.emit(WorldEvent(name=name, body=body, intent=Intent.GUILD_SCHEDULED_EVENTS))


def _demand(world: World, guild: Guild, *any_of: Permission) -> None:
    bits = guild_permissions(guild, guild.members[world.bot.id], world.clock())
    if not any(bits & permission for permission in any_of):
        raise refusal(50013)


def _demand_over(world: World, guild: Guild, event: ScheduledEvent) -> None:
    """Refuse to change an event: one's own takes CREATE_EVENTS or MANAGE_EVENTS, another's MANAGE_EVENTS."""
    own = (Permission.CREATE_EVENTS,) if event.creator.id == world.bot.id else ()
    _demand(world, guild, Permission.MANAGE_EVENTS, *own)


def _read(form: Form, before: ScheduledEvent, now: datetime, *, new: bool) -> ScheduledEvent:
    """Return what a request makes of an event; raise 50035 with all faults."""
    event = replace(before)
    form.choice("privacy_level", (_GUILD_ONLY,))
    kind = form.integer("entity_type")
    if kind is not None and kind != _EXTERNAL:
        form.fault("entity_type", "BASE_TYPE_CHOICES", "The sandbox has no stage or voice channels: 3 (EXTERNAL) is all it takes.")
    if form.data.get("channel_id") is not None:
        form.fault("channel_id", "BASE_TYPE_CHOICES", "An external event has no channel.")
    event.name = (
        (form.text("name", least=1, most=NAME, required=form.has("name")) or event.name) if form.has("name") else event.name
    )
    if form.has("description"):
        event.description = form.text("description", least=1, most=DESCRIPTION) or None
    if new or form.has("entity_metadata"):
        metadata = form.child("entity_metadata") or Form({}, form.problems, (*form.path, "entity_metadata"))
        event.location = metadata.text("location", least=1, most=LOCATION, required=True) or event.location
    if form.has("image"):
        event.image = _image(form)
    if form.has("recurrence_rule"):
        event.recurrence = read_recurrence(form)
    _read_times(form, event, now, new=new)
    form.problems.raise_any()
    return event


def _read_times(form: Form, event: ScheduledEvent, now: datetime, *, new: bool) -> None:
    start, end = _instant(form, "scheduled_start_time"), _instant(form, "scheduled_end_time")
    if not new and form.has("scheduled_end_time") and form.data["scheduled_end_time"] is None:
        form.fault("scheduled_end_time", "BASE_TYPE_REQUIRED", "This field is required")
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
