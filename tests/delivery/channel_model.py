"""A model of a channel: what it would hold after a plan's requests."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never

from heartbeat_bot.ids import ChannelId, GuildId, MessageId, message_url
from heartbeat_bot.rendering.post import Digest, Post
from heartbeat_bot.sync.plan import Delete, Edit, Held, Operation, Publish, Rekey, Send, plan

GUILD = GuildId(1)
CHANNEL = ChannelId(2)


@dataclass
class Channel:
    """A channel that keeps what was sent, and counts the requests."""

    messages: dict[MessageId, dict[str, Any]] = field(default_factory=dict[MessageId, dict[str, Any]])
    receipts: dict[MessageId, Held] = field(default_factory=dict[MessageId, Held])
    requests: list[Operation] = field(default_factory=list[Operation])
    next_id: int = 100

    def plan(self, posts: Sequence[Post], *, publish: bool = False) -> tuple[Operation, ...]:
        return plan(posts, list(self.receipts.values()), guild=GUILD, channel=CHANNEL, publish=publish)

    def carry_out(self, operation: Operation) -> None:
        if not isinstance(operation, Rekey):
            self.requests.append(operation)
        match operation:
            case Send(post=post, urls=urls):
                message = MessageId(self.next_id)
                self.next_id += 1
                self.messages[message] = post.body(urls)
                self.receipts[message] = Held(message=message, key=post.key, digest=Digest(post.digest(urls)))
            case Edit(message=message, post=post, urls=urls):
                assert message in self.messages
                self.messages[message] = post.body(urls)
                published = self.receipts[message].published
                self.receipts[message] = Held(message=message, key=post.key, digest=Digest(post.digest(urls)), published=published)
            case Rekey(message=message, key=key):
                old = self.receipts[message]
                self.receipts[message] = Held(message=message, key=key, digest=old.digest, published=old.published)
            case Delete(message=message):
                del self.messages[message], self.receipts[message]
            case Publish(message=message):
                old = self.receipts[message]
                assert not old.published
                self.receipts[message] = Held(message=message, key=old.key, digest=old.digest, published=True)
            case _:
                assert_never(operation)

    def reconcile(self, posts: Sequence[Post], *, publish: bool = False, at_most: int = 10**9) -> int:
        """Plan and carry out until a plan is empty or ``at_most`` requests are made; return how many plans had something to do."""
        before = len(self.requests)
        for rounds in range(5):
            operations = self.plan(posts, publish=publish)
            if not operations:
                return rounds
            for operation in operations:
                if len(self.requests) - before >= at_most:
                    return rounds
                self.carry_out(operation)
        raise AssertionError("no end of plans")

    def texts(self) -> list[str]:
        return [text_of(self.messages[message]) for message in sorted(self.messages)]


def text_of(body: dict[str, Any]) -> str:
    return body["content"] + "|" + "|".join(embed.get("description", "") for embed in body["embeds"])


def as_if_fresh(posts: Sequence[Post], channel: Channel) -> list[str]:
    """What the channel must read, given the ids of its messages."""
    urls = {post.key: message_url(GUILD, CHANNEL, message) for post, message in zip(posts, sorted(channel.messages), strict=True)}
    return [text_of(post.body(urls)) for post in posts]
