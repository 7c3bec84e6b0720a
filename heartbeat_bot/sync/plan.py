"""What to ask of Discord so that a channel reads as if an issue had just been posted, in the fewest requests. Pure.

New messages can only be appended, so the messages that exist carry the first posts, in order, by being edited in place; those left
over are deleted; the posts left over are sent at the tail. Which messages carry which posts is chosen by dynamic programming
(:func:`plan`). A plan depends only on the posts and the messages: whoever stops half-way simply plans again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from heartbeat_bot.ids import ChannelId, GuildId, MessageId, message_url
from heartbeat_bot.rendering.post import Digest, Post, PostKey

Urls = Mapping[PostKey, str]
"""The addresses of the messages that carry posts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A message that Discord holds for an issue: the post it carries, what it shows, and whether it has been crossposted."""

    message: MessageId
    key: PostKey
    digest: Digest
    published: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Append a message that carries ``post``. ``urls`` are the addresses known when it was planned, for its jumps."""

    post: Post
    urls: Urls = field(default_factory=dict[PostKey, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Make ``message`` carry ``post``."""

    message: MessageId
    post: Post
    urls: Urls = field(default_factory=dict[PostKey, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Rekey:
    """Note that ``message``, which already reads as it should, is the post ``key`` now. No request."""

    message: MessageId
    key: PostKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """Delete ``message``."""

    message: MessageId


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """Crosspost ``message`` to the channels that follow its announcement channel."""

    message: MessageId


Operation = Send | Edit | Rekey | Delete | Publish


@dataclass(frozen=True, slots=True, order=True)
class _Cost:
    """What an assignment costs, compared from left to right.

    Requests first. Then sends and deletes: a send notifies people, a delete breaks the links that lead to it, an edit does neither.
    Then messages whose key changes, so that a message keeps its section where it can.
    """

    requests: int = 0
    sends_and_deletes: int = 0
    rekeyed: int = 0

    def __add__(self, other: "_Cost") -> "_Cost":
        return _Cost(
            self.requests + other.requests,
            self.sends_and_deletes + other.sends_and_deletes,
            self.rekeyed + other.rekeyed,
        )


_DELETE = _Cost(1, 1)


def plan(
    posts: Sequence[Post], held: Sequence[Held], *, guild: GuildId, channel: ChannelId, publish: bool
) -> tuple[Operation, ...]:
    """Return the operations that make the channel read as if ``posts`` had just been posted; none when it does.

    ``posts`` are one issue's, in reading order, with distinct keys; ``held`` is what the channel holds of it, in any order.
    ``publish`` tells whether messages are to be crossposted.

    A post with jumps to messages that this plan only sends is left as it is, or sent without those links: the plan after this one
    knows all addresses and edits it once. So plans are made and carried out until one is empty; the third always is, and a fresh
    issue of a cover and n sections costs n + 1 sends and one edit.

    The operations stand in the order that is kindest to a reader, and to one who comes after a plan was cut off half-way: what is
    appended comes first, and a text is overwritten or deleted only when it stands elsewhere already (a text that stands twice for
    a moment is better than one that is missing); links are mended before the messages they led to are deleted; and messages are
    crossposted, in reading order, when the whole issue has its final form, since edits of crossposted messages are rationed.
    """
    messages = sorted(held, key=lambda message: message.message)

    def url(message: Held) -> str:
        return message_url(guild, channel, message.message)

    carriers = _carriers(posts, messages, url, publish=publish)
    carried = list(zip(posts, carriers, strict=False))
    urls = {post.key: url(message) for post, message in carried}
    unsent = posts[len(carriers) :]
    awaited = {post.key for post in unsent}
    sends = [Send(post=post, urls=urls) for post in unsent]

    rekeys: list[Operation] = []
    edits: list[tuple[Held, Edit]] = []
    deferred = False
    for post, message in carried:
        if any(jump.to in awaited for jump in post.jumps):
            deferred = True
        elif post.digest(urls) != message.digest:
            edits.append((message, Edit(message=message.message, post=post, urls=urls)))
        elif post.key != message.key:
            rekeys.append(Rekey(message=message.message, key=post.key))

    kept = {message.message for message in carriers}
    deletes = [Delete(message=message.message) for message in reversed(messages) if message.message not in kept]
    publishes = [Publish(message=message.message) for message in carriers if publish and not message.published]
    operations: list[Operation] = [*rekeys, *sends, *_edits_without_loss(edits)]
    if not deferred:
        operations += deletes
        if not sends:
            operations += publishes
    return tuple(operations)


def _edits_without_loss(edits: Sequence[tuple[Held, Edit]]) -> Iterator[Edit]:
    """Order edits so that, where possible, no text is overwritten before it stands at its new place; jumps come last."""
    pending = [
        (message, edit, edit.post.digest(edit.urls)) for message, edit in sorted(edits, key=lambda pair: bool(pair[1].post.jumps))
    ]
    while pending:
        wanted = {digest for _, _, digest in pending}
        free = (number for number, (message, _, _) in enumerate(pending) if message.digest not in wanted)
        _, edit, _ = pending.pop(next(free, 0))  # two texts that swap places cannot both be spared
        yield edit


@dataclass(frozen=True, slots=True)
class _Assignment:
    """The messages that carry the first posts, in order, and what the rest of the plan costs then."""

    cost: _Cost
    carriers: Sequence[Held]


def _carriers(posts: Sequence[Post], messages: Sequence[Held], urls_of: Callable[[Held], str], *, publish: bool) -> Sequence[Held]:
    """Choose the messages that carry the first posts, one each, in order.

    Whether a post with jumps needs an edit depends on which messages carry the posts it leads to. It can stay as it is only when
    all of those stay where they are; so the cheapest assignment is the cheaper of the best one that keeps them there and the best
    one that does not care and pays the edit. (With several posts that jump, all of them stay or none; issues have one, the cover.)
    """
    place = {post.key: number for number, post in enumerate(posts)}
    last_target = [max((place[jump.to] for jump in post.jumps if jump.to in place), default=-1) for post in posts]
    targets = {jump.to for post in posts for jump in post.jumps if jump.to in place}
    linked = {message.key: message for message in messages if message.key in place}
    digests = [post.digest({key: urls_of(message) for key, message in linked.items()}) for post in posts]

    def send(number: int, carried: int) -> _Cost:
        return _Cost(1 + publish + (last_target[number] >= carried), 1, 0)

    def carry(number: int, message: Held, *, edited: bool) -> _Cost:
        return _Cost(edited + (publish and not message.published), 0, posts[number].key != message.key)

    def carry_moving(number: int, message: Held) -> _Cost:
        return carry(number, message, edited=last_target[number] >= 0 or digests[number] != message.digest)

    def carry_staying(number: int, message: Held) -> _Cost | None:
        if posts[number].key in targets and linked.get(posts[number].key) is not message:
            return None
        return carry(number, message, edited=digests[number] != message.digest)

    moving = _cheapest(len(posts), messages, carry_moving, send)
    staying = _cheapest(len(posts), messages, carry_staying, send, at_least=max(last_target, default=-1) + 1) if targets else None
    assert moving is not None, "carrying nothing is always possible"
    return min((found for found in (staying, moving) if found), key=lambda found: found.cost).carriers


def _cheapest(
    posts: int,
    messages: Sequence[Held],
    carry: Callable[[int, Held], _Cost | None],
    send: Callable[[int, int], _Cost],
    *,
    at_least: int = 0,
) -> _Assignment | None:
    """Return the cheapest way to carry the first k posts, k >= ``at_least``, by k messages in order; None when there is none.

    ``carry`` tells the cost of a post (counted from 0) on a message, None for never; ``send`` that of a post when k are carried.
    """
    # best[k]: the first k posts on some of the messages seen so far, those not chosen deleted
    best: list[_Assignment | None] = [_Assignment(_Cost(), ())] + [None] * min(posts, len(messages))
    for message in messages:
        for k in range(len(best) - 1, -1, -1):
            ways: list[_Assignment] = []
            before = best[k - 1] if k else None
            cost = carry(k - 1, message) if before else None
            if before and cost is not None:
                ways.append(_Assignment(before.cost + cost, (*before.carriers, message)))
            without = best[k]
            if without:
                ways.append(_Assignment(without.cost + _DELETE, without.carriers))
            best[k] = min(ways, key=lambda way: way.cost, default=None)
    whole = [
        _Assignment(sum((send(number, k) for number in range(k, posts)), way.cost), way.carriers)
        for k, way in enumerate(best)
        if way and k >= at_least
    ]
    return min(whole, key=lambda way: way.cost, default=None)
