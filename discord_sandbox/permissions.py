"""Who may do what where: Discord's permission bits, and how roles and channel overwrites add up (docs, *Permissions*)."""

from datetime import datetime
from enum import IntFlag
from typing import Final

from discord_sandbox.api_errors import refusal
from discord_sandbox.world import Channel, Guild, Member, User


class Permission(IntFlag):
    """The bits that the sandbox knows and checks."""

    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    MANAGE_ROLES = 1 << 28
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_EVENTS = 1 << 33
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38
    CREATE_EVENTS = 1 << 44
    SEND_POLLS = 1 << 49
    USE_EXTERNAL_APPS = 1 << 50


ALL: Final = (1 << 53) - 1
"""Every bit that Discord has given out."""

_WRITING: Final = (
    Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
)
_TALKING: Final = Permission.ADD_REACTIONS | Permission.USE_EXTERNAL_EMOJIS | Permission.USE_APPLICATION_COMMANDS
CORE: Final = _WRITING | Permission.CREATE_PUBLIC_THREADS | Permission.SEND_MESSAGES_IN_THREADS
"""What a bot that posts and edits its own messages needs."""
EVERYONE: Final = CORE | _TALKING
"""What @everyone may do in a new sandbox guild. USE_EXTERNAL_APPS is left out: apps that are not in it answer in private."""
DIRECT: Final = _WRITING | _TALKING | Permission.MENTION_EVERYONE | Permission.SEND_POLLS
"""What those who are in direct messages may do there."""

_TIMED_OUT: Final = Permission.VIEW_CHANNEL | Permission.READ_MESSAGE_HISTORY
_NEEDS_SENDING: Final = Permission.MENTION_EVERYONE | Permission.ATTACH_FILES | Permission.EMBED_LINKS


def guild_permissions(guild: Guild, member: Member, now: datetime) -> int:
    """Return what a member may do where no channel says otherwise."""
    if member.user.id == guild.owner_id:
        return ALL
    bits = guild.roles[guild.id].permissions
    for role in member.roles:
        bits |= guild.roles[role].permissions
    if bits & Permission.ADMINISTRATOR:
        return ALL
    return bits & _TIMED_OUT if member.timed_out_until and member.timed_out_until > now else bits


def channel_permissions(guild: Guild, channel: Channel, member: Member, now: datetime) -> int:
    """Return what a member may do in a channel, the bits that void others already applied. A thread has its parent's overwrites."""
    bits = guild_permissions(guild, member, now)
    if bits & Permission.ADMINISTRATOR:
        return bits
    place = channel if channel.thread is None or channel.parent_id is None else guild.channels[channel.parent_id]
    # @everyone's overwrite comes first, those of the roles as one, the member's own last (docs, *Permissions*, Overwrites).
    for numbers in ([guild.id], member.roles, [member.user.id]):
        found = [place.overwrites[number] for number in numbers if number in place.overwrites]
        for overwrite in found:
            bits &= ~overwrite.deny
        for overwrite in found:
            bits |= overwrite.allow
    if member.timed_out_until and member.timed_out_until > now:
        bits &= _TIMED_OUT
    if not bits & Permission.VIEW_CHANNEL:
        return 0
    sending = Permission.SEND_MESSAGES if channel.thread is None else Permission.SEND_MESSAGES_IN_THREADS
    return bits if bits & sending else bits & ~_NEEDS_SENDING


def permissions_in(guild: Guild | None, channel: Channel, user: User, now: datetime) -> int:
    """Return what a user may do in a channel of a guild or in direct messages: nothing for one who is not there."""
    if guild is None:
        return DIRECT if user in channel.recipients else 0
    member = guild.members.get(user.id)
    return channel_permissions(guild, channel, member, now) if member else 0


def demand(bits: int, *needed: Permission) -> None:
    """Raise 50001 when the channel cannot be seen, 50013 when another of the ``needed`` bits is missing."""
    if not bits & Permission.VIEW_CHANNEL:
        raise refusal(50001)
    for permission in needed:
        if not bits & permission:
            raise refusal(50013)
