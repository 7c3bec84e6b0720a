"""Posting once more, and taking back: said first what will happen, then done when it is confirmed, once."""

import secrets
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

from heartbeat_bot.delivery.ledger import IssueRecord
from heartbeat_bot.delivery.plan import ChannelId
from heartbeat_bot.delivery.receipts import ANNOUNCEMENT, Receipt
from heartbeat_bot.errors import UserError
from heartbeat_bot.messages import limits
from heartbeat_bot.messages.answers import Answer
from heartbeat_bot.messages.components import Style, button, press, row
from heartbeat_bot.messages.dialect import escape
from heartbeat_bot.messages.post import COVER, Post, PostKey, is_of
from heartbeat_bot.service.asking import Asker
from heartbeat_bot.service.auditing import Act, Auditing
from heartbeat_bot.service.desk import Desk, typed
from heartbeat_bot.service.known_issues import OUT, KnownIssues
from heartbeat_bot.service.looking import Looking
from heartbeat_bot.service.moderating import shortened_lines
from heartbeat_bot.service.presses import Pressable, arguments_of, id_of

REPOST: Final = "repost"
RETRACT: Final = "retract"
CANCEL: Final = "cancel"

REPLACE: Final = "replace"
AGAIN: Final = "again"

_LISTED: Final = 12


class Reposting:
    """Posts once more, and takes back."""

    def __init__(self, desk: Desk, *, known: KnownIssues, auditing: Auditing, looking: Looking) -> None:
        """Decide in the ledger; a look at the newsletter then carries it out, by the same plan as ever."""
        self._desk = desk
        self._known = known
        self._auditing = auditing
        self._looking = looking
        self.presses: Mapping[str, Pressable] = {
            REPOST: Pressable(handle=self._repost),
            RETRACT: Pressable(handle=self._retract),
            CANCEL: Pressable(handle=_cancelled),
        }

    async def sections(self, asker: Asker, issue: str, typed_so_far: str) -> list[tuple[str, str]]:
        """Return the sections of an issue to choose from: what is shown, and what names it."""
        try:
            record = await self._known.chosen(asker, issue)
            posts = (await self._desk.passes.preview(record)).composition.posts
        except UserError:
            return []
        wanted = typed_so_far.casefold()
        named = [
            (asker.words.say("reading.cover") if post.key == COVER else post.title or post.key, post.key) for post in _firsts(posts)
        ]
        return [(title, _short(key)) for title, key in named if wanted in title.casefold()][: limits.CHOICES]

    # -- /repost ----------------------------------------------------------------------------------------------------------

    async def repost(
        self, asker: Asker, *, issue: str, section: str | None = None, channel: int | None = None, how: str = REPLACE
    ) -> Answer:
        """Say what posting once more would do, and ask."""
        record = await self._known.chosen(asker, issue)
        words, title = asker.words, escape(record.title)
        if record.state not in OUT:
            return Answer(content=words.say("repost.not_out", issue=title))
        if record.draft:  # it was out, and its author withdrew it: nobody is to read what it says now
            return Answer(content=words.say("repost.draft", issue=title))
        own = ChannelId(self._desk.config.newsletters[record.newsletter].announce.channel)
        target = ChannelId(channel) if channel else own
        facts = await self._desk.outlet.describe(target)
        if facts.guild != asker.guild:
            return Answer(content=words.say("repost.elsewhere"))
        if facts.missing:
            return Answer(content=words.say("status.missing", channel=f"<#{target}>", permissions=", ".join(facts.missing)))
        posts = (await self._desk.passes.preview(record)).composition.posts
        key = _named(posts, section) if section else None
        if section and key is None:
            return Answer(content=words.say("repost.no_section", section=typed(section)))
        wanted = [post for post in posts if key is None or is_of(post.key, (key,))]
        replaced = await self._replaced(record, target, own, key) if how == REPLACE else []
        lines = [words.say("repost.asks", issue=title, channel=f"<#{target}>")]
        if replaced:
            lines.append(words.say("repost.deletes", count=len(replaced)))
            lines += [f"- {await self._desk.address(receipt)}" for receipt in replaced[:_LISTED]]
        lines.append(words.say("repost.sends", count=len(wanted)))
        lines += [f"- {escape(post.title) or words.say('reading.cover')}" for post in wanted[:_LISTED]]
        if replaced and key is not None and target == own:
            lines.append(words.say("repost.shifts"))
        does = press(REPOST, secrets.token_urlsafe(6), record.id, _short(key) if key else "", target, how)
        confirm = button(words.say("repost.confirm"), does, style=Style.DANGER if replaced else Style.SUCCESS)
        return Answer(content=shortened_lines(lines), components=row(confirm, button(words.say("repost.cancel"), press(CANCEL))))

    async def _replaced(self, record: IssueRecord, target: ChannelId, own: ChannelId, key: PostKey | None) -> list[Receipt]:
        """Return the messages that replacing deletes: those of the announcement in its own channel, of copies elsewhere."""
        held = await self._desk.ledger.receipts.held(record.id, target)
        return [
            receipt
            for receipt in held
            if (target != own or receipt.series == ANNOUNCEMENT) and (key is None or is_of(receipt.key, (key,)))
        ]

    async def _repost(self, asker: Asker, arguments: Sequence[str], values: Sequence[str]) -> Answer:  # noqa: ARG002
        token, number, short, channel, how = arguments_of(arguments, 5)
        record = await self._known.chosen(asker, number)
        own = ChannelId(self._desk.config.newsletters[record.newsletter].announce.channel)
        target = ChannelId(id_of(channel))
        posts = (await self._desk.passes.preview(record)).composition.posts
        key = _named(posts, short) if short else None
        if short and key is None:
            return Answer(content=asker.words.say("reading.gone"))
        about = ", ".join(part for part in (key or "", f"in channel {target}" if target != own else "", how) if part)
        async with self._auditing.act(asker, "repost", issue=record, detail=about, token=token) as act:
            if how == REPLACE:
                await self._make_room(record, target, own, key)
            if how == AGAIN or target != own or (record.announced_at is None and key is not None):
                guild = (await self._desk.passes.channel(target)).guild
                keys = None if key is None else (key,)
                await self._desk.ledger.copies.add(record.id, guild=guild, channel=target, keys=keys, now=self._desk.clock())
            elif record.announced_at is None:
                await self._desk.ledger.approve(record.id, now=self._desk.clock())
            elif key in record.withheld:
                await self._desk.ledger.withhold(record.id, [one for one in record.withheld if one != key], now=self._desk.clock())
            return await self._looked(asker, record, act)

    async def _make_room(self, record: IssueRecord, target: ChannelId, own: ChannelId, key: PostKey | None) -> None:
        """Delete what is to be replaced."""
        publisher = self._desk.passes.publisher
        if target == own:
            if record.announced_at is not None:
                outcome = await publisher.clear(record.id, channel=target, keys=None if key is None else (key,))
                if outcome.error:
                    raise outcome.error
            return
        for copy in await self._desk.ledger.copies.of(record.id):
            if copy.channel == target and copy.keys == (None if key is None else (key,)):
                await self._desk.ledger.copies.drop(record.id, copy.channel, copy.series)

    # -- /retract ---------------------------------------------------------------------------------------------------------

    async def retract(self, asker: Asker, *, issue: str, section: str | None = None) -> Answer:
        """Say what taking back would do, and ask."""
        record = await self._known.chosen(asker, issue)
        words, title = asker.words, escape(record.title)
        if record.retracted_at is not None:
            return Answer(content=words.say("retract.done_already", issue=title))
        key: PostKey | None = None
        if section:
            key = _named((await self._desk.passes.preview(record)).composition.posts, section)
            if key is None:
                return Answer(content=words.say("repost.no_section", section=typed(section)))
        held = await self._desk.ledger.receipts.held(record.id)
        going = [receipt for receipt in held if key is None or is_of(receipt.key, (key,))]
        lines = [words.say("retract.asks" if key is None else "retract.asks_section", issue=title)]
        if going:
            lines.append(words.say("repost.deletes", count=len(going)))
            lines += [f"- {await self._desk.address(receipt)}" for receipt in going[:_LISTED]]
        does = press(RETRACT, secrets.token_urlsafe(6), record.id, _short(key) if key else "")
        buttons = row(
            button(words.say("retract.confirm"), does, style=Style.DANGER), button(words.say("repost.cancel"), press(CANCEL))
        )
        return Answer(content=shortened_lines(lines), components=buttons)

    async def _retract(self, asker: Asker, arguments: Sequence[str], values: Sequence[str]) -> Answer:  # noqa: ARG002
        token, number, short = arguments_of(arguments, 3)
        record = await self._known.chosen(asker, number)
        key: PostKey | None = None
        if short:
            key = _named((await self._desk.passes.preview(record)).composition.posts, short)
            if key is None:
                return Answer(content=asker.words.say("reading.gone"))
        async with self._auditing.act(asker, "retract", issue=record, detail=key or "", token=token) as act:
            if key is None:
                await self._desk.ledger.retract(record.id, now=self._desk.clock())
            else:
                await self._desk.ledger.withhold(record.id, [*record.withheld, key], now=self._desk.clock())
            return await self._looked(asker, record, act)

    async def _looked(self, asker: Asker, record: IssueRecord, act: Act) -> Answer:
        """Carry out what was decided, and say what came of it."""
        report = await self._looking.look(record.newsletter)
        told = [line for line in (*report.done, *report.problems) if record.title in line]
        act.outcome = "; ".join(told) or "nothing was left to do"
        lines = [asker.words.say("repost.done", issue=escape(record.title)), *(f"- {escape(line)}" for line in told)]
        return Answer(content=shortened_lines(lines))


async def _cancelled(asker: Asker, arguments: Sequence[str], values: Sequence[str]) -> Answer:  # noqa: ARG001 - a press's shape
    return Answer(content=asker.words.say("repost.cancelled"))


def _firsts(posts: Sequence[Post]) -> list[Post]:
    """Return the first post of each section, whose key names the section."""
    return [post for post in posts if not any(is_of(post.key, (other.key,)) for other in posts if other.key != post.key)]


def _named(posts: Sequence[Post], section: str) -> PostKey | None:
    """Return the key of the section that a choice names, or that is called so; None when there is none."""
    wanted = section.strip().casefold()
    for post in _firsts(posts):
        if wanted in {_short(post.key), post.key.casefold(), post.title.casefold()} - {""}:
            return post.key
    return None


def _short(key: PostKey) -> str:
    """Name a section in few characters, for a custom_id."""
    return sha256(key.encode()).hexdigest()[:8]
