"""What waits for a moderator is told in the moderators' channel, with buttons to decide; and then what was decided.

A notice is a function of its issue's state, brought in step by every pass as the issue's own messages are: it is sent once, whatever
stops the bot, it changes when somebody decides, here or by a command, and it is left alone when all is decided. When many wait at once
(a bulk import), one notice tells of all of them.

What a notice says is noted with its delivery, as values: while these are the same the notice stands as it is, also when a later version
of the program has other words for the same.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from heartbeat_bot.clock import Clock
from heartbeat_bot.config import Config
from heartbeat_bot.errors import MissingPermissionsError, OutletError, UserError
from heartbeat_bot.ids import ChannelId, IssueId
from heartbeat_bot.interactions.components import Component, Option, Style, button, press, row, select
from heartbeat_bot.interactions.custom_ids import short_name
from heartbeat_bot.interactions.lines import TITLE, day_of, said, whole_lines
from heartbeat_bot.interactions.router import APPROVE, DECIDE_ALL, PREVIEW, SCHEDULE, SKIP
from heartbeat_bot.issues.model import Finding
from heartbeat_bot.languages import Language, language
from heartbeat_bot.policy.approval import Version, seal, unseen
from heartbeat_bot.policy.decisions import PENDING, State
from heartbeat_bot.rendering import limits
from heartbeat_bot.rendering.dialect import code_span, inert
from heartbeat_bot.rendering.links import is_web
from heartbeat_bot.rendering.plain import shortened
from heartbeat_bot.rendering.post import COVER, Embed, Post, PostKey, Rendered, texts
from heartbeat_bot.store.issues import IssueRecord
from heartbeat_bot.store.messages import NOTICE_OF_ONE, DeliveredMessage
from heartbeat_bot.store.store import Store
from heartbeat_bot.sync.channels import KnownChannels
from heartbeat_bot.sync.publisher import Publisher
from heartbeat_bot.sync.renderer import Renderer
from heartbeat_bot.sync.wording import why

MANY: Final = PostKey("notice-of-many")

_LAYOUT: Final = 1
"""To be raised when notices get other parts or other buttons, so that those that are open are made anew: words alone do not matter."""
_FINDINGS: Final = 8
_LISTED: Final = 25
_NAME: Final = 60
"""Characters of a title in the notice of many: its Markdown may double them, and all that are listed must fit an embed."""
_OPEN: Final = PENDING | {State.NEW}
"""The states in which something is still to be decided, or to happen."""
_ASKS: Final = frozenset({State.WAITING, State.UNSURE})
"""The states in which an issue waits for a moderator."""
_LOG = logging.getLogger(__name__)


@dataclass(eq=False, kw_only=True, slots=True)
class Notices:
    """Keeps the notices in step."""

    config: Config
    store: Store
    channels: KnownChannels
    renderer: Renderer
    publisher: Publisher
    clock: Clock
    _closed: bool = False
    """Whether the bot lacks a permission in the moderators' channel: said once, and asked again by the next pass."""
    _versions: dict[IssueId, tuple[list[object], Version]] = field(default_factory=dict[IssueId, tuple[list[object], Version]])
    """The versions of what waits together, and of which files: an import is not rendered anew with each that is decided."""

    _unread: dict[IssueId, list[object]] = field(default_factory=dict[IssueId, list[object]])
    """What notices are made of whose issues could not be read: some texts take a minute to fail."""

    async def reconcile(self, name: str) -> None:
        """Bring the notices of a newsletter in step with what the last pass found. What goes wrong is logged, and tried again."""
        number = self.config.moderation.channel
        if number is None:
            return
        channel, newsletter = ChannelId(number), self.config.newsletters[name]
        self._closed = False
        records = await self.store.records(name)
        notices = await self.store.messages.notices(name)
        held = {notice.issue: notice for notice in notices}
        known = await self.store.deliveries.notices(name) if held else {}
        says = {issue: known[notice.delivery].says for issue, notice in held.items() if notice.channel == channel}
        carrier = next((records[issue] for issue, notice in held.items() if notice.key == MANY and issue in records), None)
        alone = [records[issue] for issue, notice in held.items() if notice.key == NOTICE_OF_ONE and issue in records]
        alone += [record for record in records.values() if record.state in _ASKS and record.on_hold_at and record.id not in held]
        asking = asked_together(records, notices)
        await self._clear_away([notice for notice in notices if notice.channel != channel])
        if carrier is not None or len(asking) > newsletter.announce.max_new_per_pass:
            carrier = carrier or asking[0]
            await self._tell_of_many(channel, carrier, asking, says=says.get(carrier.id))
            asking = []
        for record in (*alone, *sorted(asking, key=lambda record: record.id)):
            await self._tell_of_one(channel, record, says=says.get(record.id))

    async def _clear_away(self, notices: Sequence[DeliveredMessage]) -> None:
        """Delete notices in what was the moderators' channel before: nobody would keep them in step."""
        for notice in notices:
            delivery = await self.store.deliveries.get(notice.delivery)
            outcome = await self.publisher.withdraw(delivery)
            if outcome.error:
                _LOG.warning("a notice stays in channel %s: %s", notice.channel, outcome.error)
                await self.store.messages.release(delivery.id, now=self.clock())

    async def _tell_of_one(self, channel: ChannelId, record: IssueRecord, *, says: str | None) -> None:
        """Bring an issue's notice in step, unless it ``says`` that already."""
        until, asks = record.until and record.until.isoformat(), record.asks
        made_of = [*self._made_of(record), record.state.value, record.reason.dump(), until, asks]
        pictures = self.config.newsletters[record.newsletter].images.attach
        if (
            says is not None
            and not (pictures and is_open(record))
            and (says == _digest(made_of) or self._unread.get(record.id) == made_of)
        ):
            return
        preview, version, problem = None, unseen(record.blob, record.path), ""
        if is_open(record):
            try:
                preview, version = await self.renderer.seen(record)
            except UserError as error:
                problem, self._unread[record.id] = str(error), made_of  # it may pass: the next run tries again
        saying = _digest([*made_of, version] if pictures or problem else made_of)
        if says != saying:
            if problem:
                _LOG.warning("%s has no preview: %s", record.path, problem)
            await self._show(channel, record, notice_of(record, preview, version), saying)

    async def _tell_of_many(
        self, channel: ChannelId, carrier: IssueRecord, waiting: Sequence[IssueRecord], *, says: str | None
    ) -> None:
        """Bring the notice of many, which is ``carrier``'s, in step, unless it ``says`` that already."""
        made_of: list[object] = [[record.id, *self._made_of(record), record.reason.dump()] for record in waiting]
        pictures = self.config.newsletters[carrier.newsletter].images.attach
        versions = {record.id: await self._version(record, pictures=pictures) for record in waiting}
        self._versions = {issue: kept for issue, kept in self._versions.items() if issue in versions}
        saying = _digest([*made_of, *versions.values()])  # its buttons carry them all
        if says != saying:
            await self._show(channel, carrier, _notice_of_many(carrier.newsletter, waiting, versions), saying)

    def _made_of(self, record: IssueRecord) -> list[object]:
        """Return what a notice shows of an issue's file, its pictures aside: values for JSON."""
        newsletter, date = self.config.newsletters[record.newsletter], record.date and record.date.isoformat()
        return [record.path, record.title, date, record.blob, newsletter.site_url, newsletter.issue_url]

    async def _version(self, record: IssueRecord, *, pictures: bool) -> Version:
        """Return the version of one of many, rendered again only when its file or its ``pictures`` may have changed."""
        made_of, kept = self._made_of(record), self._versions.get(record.id)
        if pictures or kept is None or kept[0] != made_of:
            kept = self._versions[record.id] = (made_of, await self.renderer.version(record))
        return kept[1]

    async def _show(self, channel: ChannelId, record: IssueRecord, post: Post, saying: str) -> None:
        """Make the notice of an issue read as it should, and note what it says once it does; one that is settled is left alone from now on."""
        if self._closed:
            return
        try:
            guild = (await self.channels.facts(channel)).guild
        except OutletError as error:
            _LOG.warning("the moderators' channel %s cannot be seen: %s", channel, error)
            return
        delivery = await self.store.deliveries.notice(record.id, channel, guild, now=self.clock())
        # Until the edit is done nobody knows how it reads, also when its issue is as before again.
        if delivery.says is not None:
            await self.store.deliveries.notice_says(delivery.id, None)
        outcome = await self.publisher.deliver(delivery, (post,))
        if outcome.error:
            _LOG.warning("the moderators' notice of %s is not in step: %s", record.path, outcome.error)
            self._closed = isinstance(outcome.error, MissingPermissionsError)
        if outcome.done and not post.components:
            await self.store.messages.release(delivery.id, now=self.clock())
        elif outcome.done:
            await self.store.deliveries.notice_says(delivery.id, saying)


def asked_together(records: Mapping[IssueId, IssueRecord], notices: Sequence[DeliveredMessage]) -> list[IssueRecord]:
    """Return the issues that wait for a moderator and are told of, and may be decided about, together.

    Not those with notices of their own, nor those that somebody holds: what was decided about one is no matter of all.
    """
    own = {notice.issue for notice in notices if notice.key == NOTICE_OF_ONE}
    asking = (record for record in records.values() if record.state in _ASKS or record.asks_about_edit)
    return [record for record in asking if not record.on_hold_at and record.id not in own]


def seal_of_many(waiting: Mapping[IssueId, Version]) -> str:
    """Return what the buttons of the notice of many carry of the versions that it tells of: others ask again."""
    return seal(Version(" ".join(sorted(f"{issue}:{version}" for issue, version in waiting.items()))))


def is_open(record: IssueRecord) -> bool:
    """Tell whether something is still to be decided about an issue that is there, or to happen."""
    return record.present and (record.state in _OPEN or record.asks_about_edit)


def notice_of(record: IssueRecord, preview: Rendered | None, version: Version, words: Language | None = None) -> Post:
    """Return the notice of an issue: how it stands, what there is to look at, its beginning, and buttons for the ``version`` that it shows."""
    words = words or language()
    url = preview.url if preview and is_web(preview.url) else ""
    lines = [
        words.say(f"notices.{'open' if is_open(record) else 'settled'}", state=words.say(f"states.{record.state.value}")),
        _sentence(why(record.reason, words)),
    ]
    if record.until:
        lines.append(f"<t:{int(record.until.timestamp())}:F>")
    lines.append(" · ".join(part for part in (day_of(record.date, words), code_span(said(record.path, 2 * TITLE))) if part))
    if preview:
        lines += ["", words.say("notices.messages", count=len(preview.posts)), *_findings(preview.findings, words)]
    embed = Embed(
        title=inert(shortened(record.title, limits.EMBED_TITLE // 2)),
        url=url,
        description=whole_lines("\n".join(lines), limits.EMBED_DESCRIPTION),
    )
    embeds = [embed]
    cover = next((post for post in preview.posts if post.key == COVER), None) if preview else None
    for beginning in cover.embeds if cover and not cover.files else ():
        if len(embeds) < limits.EMBEDS and _fit_together(*embeds, beginning):
            embeds.append(beginning)
    return Post(key=NOTICE_OF_ONE, embeds=tuple(embeds), components=_buttons(record, version, words))


def _digest(values: Sequence[object]) -> str:
    """Name what a notice says: values for JSON."""
    return sha256(json.dumps([_LAYOUT, *values]).encode()).hexdigest()[:32]


def _sentence(reason: str) -> str:
    return inert(reason[:1].upper() + reason[1:]) + "."


def _fit_together(*embeds: Embed) -> bool:
    size = sum(len(text.encode()) for text in texts({"embeds": [embed.body() for embed in embeds]}))
    return sum(embed.characters for embed in embeds) <= limits.EMBED_TOTAL and size <= limits.MESSAGE_BYTES


def _findings(findings: Sequence[Finding], words: Language) -> list[str]:
    lines = [f"- {finding.severity.value}: {inert(shortened(finding.message, 200))}" for finding in findings[:_FINDINGS]]
    rest = len(findings) - len(lines)
    return [*lines, *([words.say("notices.more", count=rest)] if rest > 0 else [])]


def _buttons(record: IssueRecord, version: Version, words: Language) -> tuple[Component, ...]:
    if not is_open(record):
        return ()
    number, seen = record.id, seal(version)
    return row(
        button(words.say("notices.approve"), press(APPROVE, number, seen), style=Style.SUCCESS),
        None if record.asks_about_edit else button(words.say("notices.schedule"), press(SCHEDULE, number, seen)),
        button(words.say("notices.skip"), press(SKIP, number, seen), style=Style.DANGER),
        button(words.say("notices.preview"), press(PREVIEW, number)),
    )


def _notice_of_many(name: str, waiting: Sequence[IssueRecord], versions: Mapping[IssueId, Version]) -> Post:
    words = language()
    if not waiting:
        embed = Embed(title=inert(name), description=words.say("notices.none_left"))
        return Post(key=MANY, embeds=(embed,), components=())
    shown = sorted(waiting, key=lambda record: (str(record.date or ""), record.id), reverse=True)[:_LISTED]
    lines = [words.say("notices.many", count=len(waiting)), _sentence(why(waiting[0].reason, words)), ""]
    lines += [f"- {inert(said(record.title, _NAME))} · {day_of(record.date, words)}" for record in shown]
    rest = len(waiting) - len(shown)
    lines += [words.say("notices.more", count=rest)] if rest else []
    options = [
        Option(label=record.title, value=f"{record.id}:{seal(versions[record.id])}", description=day_of(record.date, words))
        for record in shown
    ]
    return Post(
        key=MANY,
        embeds=(Embed(title=inert(shortened(name, limits.EMBED_TITLE // 2)), description="\n".join(lines)),),
        components=(
            *row(select(press(APPROVE), options, placeholder=words.say("notices.approve_one"))),
            *row(
                button(words.say("notices.approve_all"), press(DECIDE_ALL, APPROVE, short_name(name), seal_of_many(versions))),
                button(
                    words.say("notices.skip_all"),
                    press(DECIDE_ALL, SKIP, short_name(name), seal_of_many(versions)),
                    style=Style.DANGER,
                ),
            ),
        ),
    )
