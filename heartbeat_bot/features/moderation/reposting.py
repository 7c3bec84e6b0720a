"""Posting once more, and taking back: said first what will happen, then done when it is confirmed, once."""

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from heartbeat_bot.clock import Clock
from heartbeat_bot.config import Config
from heartbeat_bot.errors import UserError
from heartbeat_bot.features.message_links import MessageLinks
from heartbeat_bot.features.passes import Passes
from heartbeat_bot.ids import ChannelId
from heartbeat_bot.interactions.actor import Actor
from heartbeat_bot.interactions.answers import Answer
from heartbeat_bot.interactions.components import Style, button, press, row
from heartbeat_bot.interactions.custom_ids import OutdatedError, arguments_of, id_of
from heartbeat_bot.interactions.lines import as_content, listed, part_name, titled, typed
from heartbeat_bot.interactions.router import PressHandler
from heartbeat_bot.moderators.auditing import AuditedAct, Auditing
from heartbeat_bot.moderators.known_issues import KnownIssues
from heartbeat_bot.policy.approval import Version, seal, text_of
from heartbeat_bot.policy.decisions import OUT
from heartbeat_bot.ports import Discord
from heartbeat_bot.rendering import limits
from heartbeat_bot.rendering.dialect import inert
from heartbeat_bot.rendering.post import Post, PostKey, is_of
from heartbeat_bot.store.deliveries import Delivery, DeliveryKind
from heartbeat_bot.store.issues import Duties, IssueRecord
from heartbeat_bot.store.messages import DeliveredMessage
from heartbeat_bot.store.store import Store
from heartbeat_bot.sync.channels import KnownChannels
from heartbeat_bot.sync.publisher import Publisher
from heartbeat_bot.sync.renderer import Renderer
from heartbeat_bot.sync.report import PassReport
from heartbeat_bot.sync.wording import line_of

REPOST: Final = "repost"
RETRACT: Final = "retract"
CANCEL: Final = "cancel"

REPLACE: Final = "replace"
AGAIN: Final = "again"

_LISTED: Final = 12


@dataclass(eq=False, kw_only=True, slots=True)
class Reposting:
    """Posts once more, and takes back."""

    config: Config
    store: Store
    discord: Discord
    channels: KnownChannels
    renderer: Renderer
    publisher: Publisher
    duties: Duties
    clock: Clock
    links: MessageLinks
    known: KnownIssues
    auditing: Auditing
    passes: Passes

    def presses(self) -> Mapping[str, PressHandler]:
        """Return the handlers of this feature's buttons, menus and dialogs, by verb."""
        return {
            REPOST: PressHandler(handle=self._repost),
            RETRACT: PressHandler(handle=self._retract),
            CANCEL: PressHandler(handle=_cancelled),
        }

    async def sections(self, actor: Actor, issue: str, typed_so_far: str) -> list[tuple[str, str]]:
        """Return the sections of an issue to choose from: what is shown, and what names it."""
        try:
            record = await self.known.chosen(actor, issue, "sections")
            posts = (await self.renderer.preview(record)).posts
        except UserError:
            return []
        wanted = typed_so_far.casefold()
        named = [(part_name(post, actor.words), post.key) for post in _firsts(posts)]
        return [(title, _short(key)) for title, key in named if wanted in title.casefold()][: limits.CHOICES]

    # -- /repost ----------------------------------------------------------------------------------------------------------

    async def repost(
        self, actor: Actor, *, issue: str, section: str | None = None, channel: int | None = None, how: str = REPLACE
    ) -> Answer:
        """Say what posting once more would do, and ask."""
        record = await self.known.chosen(actor, issue, REPOST)
        words, target = actor.words, ChannelId(channel or self._own(record))
        posts = await self._postable(actor, record, target)
        key = _named(posts, section) if section else None
        if section and key is None:
            return Answer(content=words.say("repost.no_section", section=typed(section)))
        wish = _Wish(record=record, key=key, target=target, own=self._own(record, target), how=how)
        _check_withheld(actor, wish)
        wanted = [post for post in posts if (record.shows(post.key) if key is None else is_of(post.key, (key,)))]
        replaced = await self._replaced(wish)
        lines = [words.say("repost.asks", issue=titled(record.title), channel=f"<#{target}>")]
        if replaced:
            lines += [words.say("repost.deletes", count=len(replaced)), *await self._listed(replaced)]
        lines.append(words.say("repost.sends", count=len(wanted)))
        lines += [f"- {inert(post.title) or words.say('reading.cover')}" for post in wanted[:_LISTED]]
        if replaced and key is not None and wish.announcement:
            lines.append(words.say("repost.shifts"))
        version = await self._version(record)
        if record.shown not in {None, text_of(version)} and self.duties.bind:
            lines.append(words.say("repost.changed"))
        seen = seal(version) if self.duties.bind else ""
        does = press(REPOST, secrets.token_urlsafe(6), record.id, _short(key) if key else "", target, how, seen)
        confirm = button(words.say("repost.confirm"), does, style=Style.DANGER if replaced else Style.SUCCESS)
        return Answer(content=as_content(lines), components=row(confirm, button(words.say("repost.cancel"), press(CANCEL))))

    async def _version(self, record: IssueRecord) -> Version:
        return (await self.renderer.seen(record))[1]

    def _own(self, record: IssueRecord, target: int | None = None) -> ChannelId:
        """Return the newsletter's channel that a target is, its first one for any other target."""
        channels = [place.channel for place in self.config.newsletters[record.newsletter].places]
        return ChannelId(next((channel for channel in channels if channel == target), channels[0]))

    async def _postable(self, actor: Actor, record: IssueRecord, target: ChannelId) -> Sequence[Post]:
        """Return what is to be posted of an issue; raise UserError when it is not to be posted once more, or not there, or not now."""
        words, title = actor.words, titled(record.title)
        if (await self.store.newsletter(record.newsletter)).paused_at:
            raise UserError(words.say("moderation.paused", newsletter=typed(record.newsletter)))
        if record.retracted_at is not None:
            raise UserError(words.say("retract.done_already", issue=title))
        if record.present and record.state not in OUT:
            raise UserError(words.say("repost.not_out", issue=title))
        if record.draft:  # it was out, and its author withdrew it: nobody is to read what it says now
            raise UserError(words.say("repost.draft", issue=title))
        if self.discord.server_of(target) not in {None, actor.guild}:
            raise UserError(words.say("repost.elsewhere"))
        facts = await self.discord.describe(target)
        if facts.guild != actor.guild:
            raise UserError(words.say("repost.elsewhere"))
        if facts.missing:
            raise UserError(words.say("status.missing", channel=f"<#{target}>", permissions=", ".join(facts.missing)))
        return (await self.renderer.preview(record)).posts

    async def _reposts(self, wish: "_Wish") -> list[Delivery]:
        """Return the reposts that replacing replaces: those of the same posts, unless it is the announcement that is replaced."""
        if wish.how != REPLACE or wish.announcement:
            return []
        return [
            repost
            for repost in await self.store.deliveries.of(wish.record.id, DeliveryKind.REPOST)
            if repost.channel == wish.target and repost.sections == wish.keys
        ]

    async def _replaced(self, wish: "_Wish") -> list[DeliveredMessage]:
        """Return the messages that replacing deletes."""
        replaced = {repost.id for repost in await self._reposts(wish)}
        if wish.how == REPLACE and wish.announcement:
            replaced = {wish.announcement.id}
        held = await self.store.messages.held(wish.record.id)
        return [one for one in held if one.delivery in replaced and (wish.keys is None or is_of(one.key, wish.keys))]

    async def _repost(self, actor: Actor, arguments: Sequence[str], values: Sequence[str]) -> Answer:  # noqa: ARG002
        token, number, short, channel, how, seen = arguments_of(arguments, 6)
        if how not in {REPLACE, AGAIN}:
            raise OutdatedError
        record = await self.known.chosen(actor, number, REPOST, pressed=True)
        target = ChannelId(id_of(channel))
        own = self._own(record, target)
        key = await self._section(actor, record, short)
        about = ", ".join(part for part in (key or "", f"in channel {target}" if target != own else "", how) if part)
        async with (
            self.auditing.act(actor, "repost", issue=record, detail=about, token=token) as act,
            self.passes.alone(record.newsletter) as make_pass,
        ):
            try:
                wish = _Wish(record=record, key=key, target=target, own=own, how=how)
                await self._decide(actor, await self._renewed(actor, wish, await make_pass(), seen))
            except UserError as error:  # the button is used up, so the answer takes its place
                act.outcome = f"failed: {error}"
                return Answer(content=str(error))
            return await self._carried_out(actor, record, act, make_pass)

    async def _renewed(self, actor: Actor, wish: "_Wish", report: PassReport, seen: str) -> "_Wish":
        """Return a wish after a pass over the newsletter; raise UserError when it cannot be fulfilled any more.

        What is deleted must be there, and be fit, to be posted again: much may have changed since the question was asked.
        """
        record = await self.store.issue(wish.record.id)
        posts = await self._postable(actor, record, wish.target)
        if report.blocked_by:
            raise UserError(line_of(report.blocked_by, actor.words))
        if wish.key is not None and all(post.key != wish.key for post in posts):
            raise UserError(actor.words.say("reading.gone"))
        version = await self._version(record)
        if self.duties.bind and seen != seal(version):
            raise UserError(actor.words.say("repost.other_text", issue=titled(record.title)))
        return replace(wish, record=record, version=version)

    async def _decide(self, actor: Actor, wish: "_Wish") -> None:
        """Delete what is to be replaced, and write down what is to be posted."""
        store, record, now = self.store, wish.record, self.clock()
        _check_withheld(actor, wish)
        assert wish.version is not None, "what is decided was looked at"
        if self.duties.bind and not wish.is_repost and record.announced_at is not None:
            await store.approve_edit(record.id, wish.version, now=now)
        replaced = await self._reposts(wish)
        if wish.how == REPLACE and wish.announcement:
            outcome = await self.publisher.clear(wish.announcement, keys=wish.keys)
            if outcome.error:
                raise outcome.error
        if wish.key in record.withheld:
            await store.withhold(record.id, [one for one in record.withheld if one != wish.key], now=now)
        if wish.is_repost:
            guild = (await self.channels.facts(wish.target)).guild
            await store.deliveries.repost(
                record.id,
                guild=guild,
                channel=wish.target,
                sections=wish.keys,
                instead_of=replaced,
                version=wish.version,
                now=now,
            )
        elif wish.announcement is None:
            await store.approve(record.id, wish.version, now=now)
            await store.deliveries.end([repost.id for repost in replaced], now=now)

    # -- /retract ---------------------------------------------------------------------------------------------------------

    async def retract(self, actor: Actor, *, issue: str, section: str | None = None) -> Answer:
        """Say what taking back would do, and ask."""
        record = await self.known.chosen(actor, issue, RETRACT)
        words, title = actor.words, titled(record.title)
        if record.retracted_at is not None:
            return Answer(content=words.say("retract.done_already", issue=title))
        key: PostKey | None = None
        if section:
            key = _named((await self.renderer.preview(record)).posts, section)
            if key is None:
                return Answer(content=words.say("repost.no_section", section=typed(section)))
        held = await self.store.messages.held(record.id)
        going = [message for message in held if key is None or is_of(message.key, (key,))]
        lines = [words.say("retract.asks" if key is None else "retract.asks_section", issue=title)]
        if going:
            lines += [words.say("repost.deletes", count=len(going)), *await self._listed(going)]
        does = press(RETRACT, secrets.token_urlsafe(6), record.id, _short(key) if key else "")
        buttons = row(
            button(words.say("retract.confirm"), does, style=Style.DANGER), button(words.say("repost.cancel"), press(CANCEL))
        )
        return Answer(content=as_content(lines), components=buttons)

    async def _retract(self, actor: Actor, arguments: Sequence[str], values: Sequence[str]) -> Answer:  # noqa: ARG002
        token, number, short = arguments_of(arguments, 3)
        record = await self.known.chosen(actor, number, RETRACT, pressed=True)
        key = await self._section(actor, record, short)
        async with self.auditing.act(actor, "retract", issue=record, detail=key or "", token=token) as act:
            if key is None:
                await self.store.retract(record.id, now=self.clock())
            async with self.passes.alone(record.newsletter) as make_pass:
                if key is not None:
                    withheld = (await self.store.issue(record.id)).withheld  # others may have taken back something, too
                    await self.store.withhold(record.id, [*withheld, key], now=self.clock())
                return await self._carried_out(actor, record, act, make_pass)

    async def _section(self, actor: Actor, record: IssueRecord, short: str) -> PostKey | None:
        """Return the section that a button names, None when it is of the whole issue; raise UserError when it is not there any more."""
        if not short:
            return None
        key = _named((await self.renderer.preview(record)).posts, short)
        if key is None:
            raise UserError(actor.words.say("reading.gone"))
        return key

    async def _listed(self, messages: Sequence[DeliveredMessage]) -> list[str]:
        """Return a line for each of the first messages: where it is."""
        return [f"- {await self.links.address(message)}" for message in messages[:_LISTED]]

    async def _carried_out(
        self, actor: Actor, record: IssueRecord, act: AuditedAct, make_pass: Callable[[], Awaitable[PassReport]]
    ) -> Answer:
        """Carry out what was decided, and say what came of it."""
        report = await make_pass()
        told = report.about(record.id)
        act.outcome = "; ".join(told) or "nothing was left to do"
        lines = [actor.words.say("repost.done", issue=titled(record.title)), *listed(report.about(record.id, actor.words))]
        return Answer(content=as_content(lines))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What is to be posted once more: a section, or with no ``key`` the whole issue, in a channel. ``own`` is the newsletter's."""

    record: IssueRecord
    key: PostKey | None
    target: ChannelId
    own: ChannelId
    how: str
    version: Version | None = None

    @property
    def keys(self) -> tuple[PostKey] | None:
        """The sections of it, as a repost has them."""
        return None if self.key is None else (self.key,)

    @property
    def announcement(self) -> Delivery | None:
        """The announcement that it is beside, or in the place of; None when there is none in that channel."""
        return next((one for one in self.record.announcements if one.channel == self.target and one.announced_at), None)

    @property
    def is_repost(self) -> bool:
        """Whether it stands beside the announcement, and is not the announcement itself."""
        return self.how == AGAIN or self.target != self.own or (self.announcement is None and self.key is not None)


def _check_withheld(actor: Actor, wish: _Wish) -> None:
    """Raise UserError for a copy of a section that was taken back, which is shown nowhere: it must be brought back first."""
    if wish.key in wish.record.withheld and (wish.how == AGAIN or wish.target != wish.own):
        raise UserError(actor.words.say("repost.withheld", channel=f"<#{wish.own}>"))


async def _cancelled(actor: Actor, arguments: Sequence[str], values: Sequence[str]) -> Answer:  # noqa: ARG001 - a press's shape
    return Answer(content=actor.words.say("repost.cancelled"))


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
