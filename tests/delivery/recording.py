"""An outlet in memory that keeps Discord's rules, counts requests, and can be killed at any of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from discord_sandbox.clock import ManualClock, Snowflakes, instant_of
from heartbeat_bot.errors import MissingPermissionsError, OutletError, RateLimitedError
from heartbeat_bot.ids import ChannelId, MessageId
from heartbeat_bot.ports import ATTACH_FILES, UNKNOWN_MESSAGE, History, SeenMessage
from heartbeat_bot.rendering.post import Upload


class KilledError(BaseException):
    """The process ends here."""


@dataclass
class Message:
    body: dict[str, Any]
    files: list[Upload]
    published_at: datetime | None = None


@dataclass
class RecordingOutlet:
    """``kill_at`` ends the process at the request of that number (from 0), before its work or (``kill_late``) after it.

    ``requests`` are those that change something; ``looks`` counts how often the channel was read, ``checks`` how often the permissions
    were, of which some may be ``missing``.
    """

    clock: ManualClock
    window: timedelta = timedelta(minutes=3)
    messages: dict[ChannelId, dict[MessageId, Message]] = field(default_factory=dict[ChannelId, dict[MessageId, Message]])
    requests: list[str] = field(default_factory=list[str])
    looks: int = 0
    checks: int = 0
    missing: tuple[str, ...] = ()
    refuse_looks: OutletError | None = None
    created: int = 0
    pings: int = 0
    kill_at: int | None = None
    kill_late: bool = False
    ids: Snowflakes | None = None
    refuse: list[OutletError | None] = field(default_factory=list[OutletError | None])
    nonces: dict[str, tuple[datetime, MessageId]] = field(default_factory=dict[str, tuple[datetime, MessageId]])

    def __post_init__(self) -> None:
        self._own_ids = Snowflakes(self.clock)

    def texts(self, channel: ChannelId) -> list[str]:
        def text(body: dict[str, Any]) -> str:
            return body["content"] + "".join("|" + embed.get("description", "") for embed in body["embeds"])

        return [text(message.body) for _, message in sorted(self.messages.get(channel, {}).items())]

    def _begin(self, what: str) -> None:
        if self.kill_at == len(self.requests) and not self.kill_late:
            raise KilledError
        self.requests.append(what)
        error = self.refuse.pop(0) if self.refuse else None
        if error:
            raise error

    def _end(self) -> None:
        if self.kill_late and self.kill_at == len(self.requests) - 1:
            raise KilledError

    def _find(self, channel: ChannelId, message: MessageId) -> Message:
        found = self.messages.get(channel, {}).get(message)
        if found is None:
            raise OutletError("Unknown Message", status=404, code=UNKNOWN_MESSAGE, permanent=True)
        return found

    async def send(self, channel: ChannelId, body: Mapping[str, Any], files: Sequence[Upload], nonce: str) -> MessageId:
        self._begin("send")
        sent_at, message = self.nonces.get(nonce, (self.clock() - self.window * 2, MessageId(0)))
        if self.clock() - sent_at < self.window:
            self._find(channel, message)
        else:
            message = MessageId((self.ids or self._own_ids)())
            self.messages.setdefault(channel, {})[message] = Message(dict(body), list(files))
            self.nonces[nonce] = (self.clock(), message)
            self.created += 1
            self.pings += bool(body["allowed_mentions"].get("roles"))
        self._end()
        return message

    async def edit(self, channel: ChannelId, message: MessageId, body: Mapping[str, Any], files: Sequence[Upload]) -> None:
        self._begin("edit")
        found = self._find(channel, message)
        found.body, found.files = dict(body), list(files)
        self._end()

    async def delete(self, channel: ChannelId, message: MessageId) -> None:
        self._begin("delete")
        self._find(channel, message)
        del self.messages[channel][message]
        self._end()

    async def publish(self, channel: ChannelId, message: MessageId) -> None:
        self._begin("publish")
        found = self._find(channel, message)
        recent = [other for other in self.messages[channel].values() if other.published_at]
        recent = [other for other in recent if other.published_at and self.clock() - other.published_at < timedelta(hours=1)]
        if len(recent) >= 10:
            raise RateLimitedError("slow down", retry_after=1800)
        if found.published_at:
            raise OutletError("already crossposted", status=400, code=40033, permanent=True)
        found.published_at = self.clock()
        self._end()

    async def check_permissions(self, channel: ChannelId, *, files: bool = False) -> None:
        self.checks += 1
        missing = [name for name in self.missing if files or name != ATTACH_FILES]
        if missing:
            raise MissingPermissionsError(missing, place=f"channel {channel}")

    async def history(self, channel: ChannelId, *, after: MessageId | None = None, since: datetime | None = None) -> History:
        self.looks += 1
        if self.refuse_looks:
            raise self.refuse_looks
        messages = sorted(self.messages.get(channel, {}).items())
        newest = [number for number, _ in messages[-100:]]
        found = [
            SeenMessage(
                message=number,
                content=message.body["content"].strip(),
                embeds=[_as_shown(embed) for embed in message.body["embeds"]],
                components=message.body.get("components", ()),
                published=message.published_at is not None,
            )
            for number, message in messages
            if number > (after or 0) and (number in newest or since is None or instant_of(number) >= since)
        ]
        return History(newest=newest[-1] if newest else None, own=found)


def _as_shown(embed: dict[str, Any]) -> dict[str, Any]:
    shown = {**embed, "type": "rich", "content_scan_version": 1}
    if "image" in embed:
        shown["image"] = {**embed["image"], "proxy_url": "https://proxy.example/x.png", "width": 10}
    return shown
