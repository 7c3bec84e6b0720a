"""The routes of scheduled events, those at a place outside Discord (docs, *Guild Scheduled Event*)."""

from typing import Final

from discord_sandbox.api_errors import Json, refusal
from discord_sandbox.objects.guilds import scheduled_event_object
from discord_sandbox.permissions import Permission, guild_permissions
from discord_sandbox.rest.call import Call, Routes
from discord_sandbox.rules.scheduled_events import read_event
from discord_sandbox.world import EventStatus, Guild, Intent, ScheduledEvent

MOST: Final = 100
"""Events of a guild that are to come or going on."""
_TRANSITIONS: Final = {
    (EventStatus.SCHEDULED, EventStatus.ACTIVE),
    (EventStatus.SCHEDULED, EventStatus.CANCELED),
    (EventStatus.ACTIVE, EventStatus.COMPLETED),
}
_MANY: Final = "/guilds/{guild_id}/scheduled-events"
_ONE: Final = "/guilds/{guild_id}/scheduled-events/{event_id}"

routes: Final = Routes()


@routes("GET", _MANY)
def read_all(call: Call) -> object:
    """List Scheduled Events for Guild: those to come and going on."""
    events = call.guild.scheduled_events.values()
    return [_shown(call, event) for event in events if event.is_open(call.world.clock())]


@routes("POST", _MANY)
def create(call: Call) -> object:
    """Create Guild Scheduled Event."""
    world, guild, now = call.world, call.guild, call.world.clock()
    _demand(call, guild, Permission.CREATE_EVENTS)
    form = call.form()
    form.require("privacy_level", "scheduled_start_time", "scheduled_end_time", "entity_type")
    blank = ScheduledEvent(id=world.new_id(), guild_id=guild.id, creator=world.bot, name="", location="", start=now, end=now)
    event = read_event(form, blank, now, new=True)
    if sum(other.is_open(now) for other in guild.scheduled_events.values()) >= MOST:
        raise refusal(30038)
    guild.scheduled_events[event.id] = event
    return _tell(call, "GUILD_SCHEDULED_EVENT_CREATE", event)


@routes("GET", _ONE)
def read(call: Call) -> object:
    """Get Guild Scheduled Event."""
    return _shown(call, _found(call)[1])


@routes("PATCH", _ONE)
def edit(call: Call) -> object:
    """Modify Guild Scheduled Event, its status among the rest; a finished one stays as it is."""
    now = call.world.clock()
    guild, before = _found(call)
    _demand_over(call, guild, before)
    status = before.status_at(now)
    if not before.is_open(now):
        raise refusal(180000)
    form = call.form()
    wanted = form.choice("status", list(EventStatus))
    if wanted is not None and wanted != status and (status, wanted) not in _TRANSITIONS:
        form.fault("status", "BASE_TYPE_CHOICES", f"An event that is {status.name} cannot become {EventStatus(wanted).name}.")
    event = read_event(form, before, now, new=False)
    event.status = EventStatus(wanted) if wanted is not None else status
    guild.scheduled_events[event.id] = event
    return _tell(call, "GUILD_SCHEDULED_EVENT_UPDATE", event)


@routes("DELETE", _ONE)
def delete(call: Call) -> object:
    """Delete Guild Scheduled Event."""
    guild, event = _found(call)
    _demand_over(call, guild, event)
    del guild.scheduled_events[event.id]
    _tell(call, "GUILD_SCHEDULED_EVENT_DELETE", event)


def _found(call: Call) -> tuple[Guild, ScheduledEvent]:
    event = call.guild.scheduled_events.get(call.id("event_id"))
    if event is None:
        raise refusal(10070)
    return call.guild, event


def _shown(call: Call, event: ScheduledEvent) -> Json:
    body = scheduled_event_object(event, call.world.clock())
    return body | {"user_count": 0} if call.asks("with_user_count") else body


def _tell(call: Call, name: str, event: ScheduledEvent) -> Json:
    """Tell everyone of an event, and return it as they are told."""
    body = scheduled_event_object(event, call.world.clock())
    call.world.tell(name, body, Intent.GUILD_SCHEDULED_EVENTS)
    return body


def _demand(call: Call, guild: Guild, enough: int) -> None:
    if not guild_permissions(guild, guild.members[call.world.bot.id], call.world.clock()) & enough:
        raise refusal(50013)


def _demand_over(call: Call, guild: Guild, event: ScheduledEvent) -> None:
    """Refuse to change an event: one's own takes CREATE_EVENTS or MANAGE_EVENTS, another's MANAGE_EVENTS."""
    own = Permission.CREATE_EVENTS if event.creator.id == call.world.bot.id else 0
    _demand(call, guild, Permission.MANAGE_EVENTS | own)
