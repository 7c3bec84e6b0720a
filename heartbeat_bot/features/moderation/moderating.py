"""What moderators decide about issues that wait, and about newsletters: approve, hold, skip, schedule, retract, pause, status."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from heartbeat_bot.errors import StateError, UserError
from heartbeat_bot.features.actor import Actor
from heartbeat_bot.features.desk import Desk, typed
from heartbeat_bot.features.lines import as_content, listed, since, titled, whole_lines
from heartbeat_bot.features.moderation.auditing import Auditing
from heartbeat_bot.features.moderation.authority import Authority
from heartbeat_bot.features.moderation.known_issues import KnownIssues
from heartbeat_bot.features.moderation.notices import asked_together, is_open, notice_of, seal_of_many
from heartbeat_bot.features.moderation.times import read_time
from heartbeat_bot.features.passes import Passes
from heartbeat_bot.features.router import (
    APPROVE,
    DECIDE_ALL,
    SCHEDULE,
    SKIP,
    OutdatedError,
    PressHandler,
    PressKind,
    arguments_of,
    number_of,
)
from heartbeat_bot.ids import ChannelId, IssueId
from heartbeat_bot.languages import Language, language
from heartbeat_bot.rendering import limits
from heartbeat_bot.rendering.answers import Answer, Dialog
from heartbeat_bot.rendering.components import press, row, shortened, text_input
from heartbeat_bot.rendering.dialect import inert
from heartbeat_bot.rendering.post import Embed, Rendered, texts
from heartbeat_bot.store.approval import SEAL, Version, dump, seal, unseen
from heartbeat_bot.store.decisions import PENDING
from heartbeat_bot.store.issues import IssueRecord
from heartbeat_bot.store.newsletters import Newsletter
from heartbeat_bot.store.troubles import Trouble
from heartbeat_bot.sync.wording import why

SCHEDULED: Final = "scheduled"

_MOST_WAITING: Final = 10
_PATIENCE: Final = 5.0
"""Seconds until somebody is answered although a look goes on: a remote may hang for minutes."""
_SHORTEST: Final = 100
"""Characters that are left of each text at least, when several must fit one message."""
_BYTES: Final = limits.MESSAGE_BYTES - 500


class Moderating:
    """Does what moderators decide."""

    def __init__(self, desk: Desk, *, authority: Authority, known: KnownIssues, auditing: Auditing, passes: Passes) -> None:
        """Write decisions to the store; a look at the newsletter then carries them out."""
        self._desk = desk
        self._authority = authority
        self._known = known
        self._auditing = auditing
        self._passes = passes
        self._deciding: defaultdict[IssueId, asyncio.Lock] = defaultdict(asyncio.Lock)
        """One decision about an issue at a time; carrying it out may take long, and somebody may decide otherwise meanwhile."""
        self.presses: Mapping[str, PressHandler] = {
            APPROVE: PressHandler(kind=PressKind.REPLY, handle=self._press_approve),
            SKIP: PressHandler(kind=PressKind.REPLY, handle=self._press_skip),
            SCHEDULE: PressHandler(kind=PressKind.REPLY, ask=_ask_time),
            DECIDE_ALL: PressHandler(kind=PressKind.REPLY, handle=self._decide_all),
            SCHEDULED: PressHandler(kind=PressKind.REPLY, handle=self._press_schedule),
        }

    # -- issues -----------------------------------------------------------------------------------------------------------

    async def approve(self, actor: Actor, *, issue: str, seen: str | None = None) -> Answer:
        """Let an issue be announced, or an edit of one that was be shown: the text that a moderator saw.

        ``seen`` is what a button carries of the version that its message shows (see :func:`approval.seal`); None stands for what is known.
        """
        record = await self._known.chosen(actor, issue, APPROVE, pressed=seen is not None)
        preview, version = await self._now(record)
        edit = record.announced_at is not None and record.retracted_at is None
        if edit and not (record.asks_about_edit or record.late):
            return Answer(content=actor.words.say("moderation.out_already", issue=titled(record.title)))
        if not _is_seen(seen, version):
            return await self._shown_anew(actor, record, preview, version)
        approve = self._desk.store.approve_edit if edit else self._desk.store.approve
        decision = partial(approve, version=version, posts=self._dumped(preview), now=self._desk.clock())
        return await self._decide(actor, APPROVE, record, decision, pressed=seen is not None)

    async def hold(self, actor: Actor, *, issue: str) -> Answer:
        """Keep an issue from being announced."""
        record = await self._known.chosen(actor, issue, "hold")
        return await self._decide(actor, "hold", record, partial(self._desk.store.hold, now=self._desk.clock()))

    async def skip(self, actor: Actor, *, issue: str, seen: str | None = None) -> Answer:
        """Let an issue be known without being announced, or an edit of one that was not be shown."""
        pressed = seen is not None
        record = await self._known.chosen(actor, issue, SKIP, pressed=pressed)
        if not record.asks_about_edit:
            skip = partial(self._desk.store.skip, now=self._desk.clock())
            return await self._decide(actor, SKIP, record, skip, pressed=pressed)
        preview, version = await self._now(record)
        if not _is_seen(seen, version):
            return await self._shown_anew(actor, record, preview, version)
        decline = partial(self._desk.store.decline_edit, version=version)
        return await self._decide(actor, SKIP, record, decline, "its edit", pressed=pressed)

    async def schedule(self, actor: Actor, *, issue: str, time: str, seen: str | None = None) -> Answer:
        """Let an issue be announced at a time, as people write times; ``seen`` as in :meth:`approve`."""
        record = await self._known.chosen(actor, issue, SCHEDULE, pressed=seen is not None)
        now = self._desk.clock()
        at = read_time(time, now=now)
        if at is None:
            return Answer(content=actor.words.say("moderation.no_time", time=typed(time)))
        if at <= now:
            return Answer(content=actor.words.say("moderation.past_time", time=f"<t:{int(at.timestamp())}:f>"))
        preview, version = await self._now(record)
        if not _is_seen(seen, version):
            return await self._shown_anew(actor, record, preview, version)
        decision = partial(self._desk.store.schedule, at=at, version=version, posts=self._dumped(preview))
        return await self._decide(actor, SCHEDULE, record, decision, f"for {at:%Y-%m-%d %H:%M} UTC", pressed=seen is not None)

    async def _now(self, record: IssueRecord) -> tuple[Rendered | None, Version]:
        """Return what an issue looks like as the last pass saw it, None when it cannot be read, and which version that is."""
        try:
            return await self._desk.reconciler.renderer.seen(record)
        except UserError:
            return None, unseen(record.blob, record.path)

    async def _shown_anew(self, actor: Actor, record: IssueRecord, preview: Rendered | None, version: Version) -> Answer:
        """Show an issue that is not what a button was about, after a look at it when its file is not what the last pass saw."""
        if preview is None:
            await self._passes.make(record.newsletter)
            record = await self._desk.store.issue(record.id)
            preview, version = await self._now(record)
        return _changed(actor, record, preview, version)

    def _dumped(self, preview: Rendered | None) -> bytes | None:
        """Return what small changes are measured against, None where none is let through."""
        allowed = self._desk.config.moderation.small_changes == "allow"
        return dump(preview.posts) if preview and allowed else None

    async def _decide(
        self,
        actor: Actor,
        verb: str,
        record: IssueRecord,
        decision: Callable[[IssueId], Awaitable[None]],
        detail: str = "",
        *,
        pressed: bool = False,
    ) -> Answer:
        """Write a decision about an issue to the store and carry it out; one by a button (``pressed``) only while there is one to make."""
        async with self._auditing.act(actor, verb, issue=record, detail=detail) as act:
            async with self._deciding[record.id]:
                now = await self._desk.store.issue(record.id)
                if pressed and _is_decided(now):
                    act.outcome = "nothing was done: it had been decided about already"
                    return _decided_already(actor, now)
                await decision(record.id)
            answer, act.outcome = await self._carried_out(actor, record)
        return answer

    async def _carried_out(self, actor: Actor, before: IssueRecord) -> tuple[Answer, str]:
        """Look at the newsletter at once, and say how the issue stands then: to the person, and in English for the book.

        When its text turns out to have changed meanwhile, it is shown as it is now, to be decided about again.
        """
        report = await self._passes.make(before.newsletter)
        record = await self._desk.store.issue(before.id)
        lines = [_standing(record, actor.words), *listed(report.about(before.id, actor.words))]
        outcome = f"{language().say(f'states.{record.state.value}')} ({why(record.reason)})"
        answer = Answer(content=as_content(lines))
        if record.asks_about_edit or record.is_other_than_approved:
            preview, version = await self._now(record)
            answer = replace(_changed(actor, record, preview, version), content=answer.content)
        return answer, "; ".join([outcome, *report.about(before.id)])

    # -- newsletters ------------------------------------------------------------------------------------------------------

    async def pause(self, actor: Actor, *, newsletter: str | None = None) -> Answer:
        """Let nothing be posted, changed or deleted of a newsletter."""
        name = await self._authority.one_newsletter(actor, "pause", newsletter)
        if (await self._desk.store.newsletter(name)).paused_at:
            return Answer(content=actor.words.say("moderation.paused_already", newsletter=typed(name)))
        async with self._auditing.act(actor, "pause", newsletter=name):
            await self._desk.store.pause(name, now=self._desk.clock())
            said = "moderation.paused" if await self._is_still(name) else "moderation.paused_soon"
        return Answer(content=actor.words.say(said, newsletter=typed(name)))

    async def _is_still(self, name: str) -> bool:
        """Wait until no look at a newsletter is under way, which finishes the issue that it is posting; return False when that takes long."""
        try:
            async with asyncio.timeout(_PATIENCE), self._passes.alone(name):
                return True
        except TimeoutError:
            return False

    async def resume(self, actor: Actor, *, newsletter: str | None = None) -> Answer:
        """Go on with a newsletter, and make good at once what was left undone."""
        name = await self._authority.one_newsletter(actor, "resume", newsletter)
        if not (await self._desk.store.newsletter(name)).paused_at:
            return Answer(content=actor.words.say("moderation.not_paused", newsletter=typed(name)))
        async with self._auditing.act(actor, "resume", newsletter=name) as act:
            await self._desk.store.resume(name)
            report = await self._passes.make(name)
            act.outcome = "; ".join(report.lines())
        lines = [actor.words.say("moderation.resumed", newsletter=typed(name)), *listed(report.lines(actor.words))]
        return Answer(content=as_content(lines))

    async def sync(self, actor: Actor, *, newsletter: str | None = None) -> Answer:
        """Look at a newsletter, or at all that a person may decide about, now."""
        await self._authority.check(actor, "sync")
        names = [await self._authority.one_newsletter(actor, "sync", newsletter)] if newsletter else None
        names = names or await self._authority.newsletters(actor)
        lines: list[str] = []
        for name in names:
            async with self._auditing.act(actor, "sync", newsletter=name) as act:
                report = await self._passes.make(name)
                act.outcome = "; ".join(report.lines())
            lines += listed(report.lines(actor.words))
        return Answer(content=as_content(lines))

    async def status(self, actor: Actor) -> Answer:
        """Say how things stand with the newsletters that a person may decide about."""
        await self._authority.check(actor, "status")
        standing = self._desk.store.troubles.standing
        troubles = {name: (await standing(name)).values() for name in await self._authority.newsletters(actor)}
        names = sorted(troubles, key=lambda name: not troubles[name])  # there is room for ten: nothing wrong is left out
        shown = names[: limits.EMBEDS]
        channels = {ChannelId(place.channel) for name in shown for place in self._desk.config.newsletters[name].places}
        missing = {channel: await self._missing(channel, actor.words) for channel in channels}  # newsletters may share one
        embeds = [await self._status_of(name, troubles[name], missing, actor.words) for name in shown]
        others = ", ".join(typed(name) for name in names[limits.EMBEDS :])
        content = shortened(actor.words.say("status.others", names=others), limits.CONTENT) if others else ""
        return Answer(content=content, embeds=within_one_message(embeds))

    async def _status_of(
        self, name: str, troubles: Collection[Trouble], missing: Mapping[ChannelId, Sequence[str]], words: Language
    ) -> Embed:
        store, settings = self._desk.store, self._desk.config.newsletters[name]
        state = await store.newsletter(name)
        records = await store.records(name)
        waiting = [record for record in records.values() if record.state in PENDING]
        unfinished = [request for request in await store.outbox.unfinished() if request.issue in records]
        lines = list(_passes(state, settings.poll, words))
        lines += [words.say("status.trouble", when=since(one.since), trouble=inert(one.words)) for one in troubles]
        lines += [words.say("status.posting", issue=titled(record.title)) for record in records.values() if record.is_half_posted]
        posted = (
            record for record in records.values() if record.announced_at and record.shown is not None and not record.retracted_at
        )
        out = max(posted, key=_announced, default=None)
        if out:
            lines.append(words.say("status.last_issue", issue=titled(out.title), when=since(_announced(out))))
        if unfinished:
            lines.append(words.say("status.unfinished", count=len(unfinished)))
        lines += [
            words.say("status.publishing", issue=titled(limited.title), when=since(limited.until))
            for limited in await store.outbox.limited(now=self._desk.clock())
            if limited.newsletter == name
        ]
        for place in settings.places:
            lines += missing[ChannelId(place.channel)]
        lines += [
            words.say("status.error", issue=titled(record.title), error=inert(record.error))
            for record in records.values()
            if record.error
        ]
        if waiting:
            lines += ["", words.say("status.waiting", count=len(waiting))]
            shown = sorted(waiting, key=lambda record: record.changed_at, reverse=True)[:_MOST_WAITING]
            lines += [f"- {_standing(record, words)}" for record in shown]
        return Embed(title=inert(shortened(name, limits.EMBED_TITLE // 2)), description="\n".join(lines))

    async def _missing(self, channel: ChannelId, words: Language) -> list[str]:
        try:
            facts = await self._desk.outlet.describe(channel)
        except UserError as error:
            return [f"⚠️ {inert(str(error))}"]
        missing = ", ".join(facts.missing)
        return [words.say("status.missing", channel=f"<#{channel}>", permissions=missing)] if missing else []

    # -- buttons ----------------------------------------------------------------------------------------------------------

    async def _press_approve(self, actor: Actor, arguments: Sequence[str], values: Sequence[str]) -> Answer:
        issue, seen = _chosen(arguments, values)
        return await self.approve(actor, issue=issue, seen=seen)

    async def _press_skip(self, actor: Actor, arguments: Sequence[str], values: Sequence[str]) -> Answer:
        issue, seen = _chosen(arguments, values)
        return await self.skip(actor, issue=issue, seen=seen)

    async def _decide_all(self, actor: Actor, arguments: Sequence[str], values: Sequence[str]) -> Answer:  # noqa: ARG002
        """Approve or skip all issues of a newsletter that the notice of many tells of, and edits among them."""
        verb, short, seen = arguments_of(arguments, 3)
        name = self._desk.newsletter_of(short)
        if name is None or verb not in {APPROVE, SKIP}:
            raise OutdatedError
        await self._authority.check(actor, f"{verb} all", name)
        store = self._desk.store
        waiting = asked_together(await store.records(name), await store.outbox.notices(name))
        now: dict[IssueId, tuple[Version, bytes | None]] = {}
        for record in waiting:
            preview, version = await self._now(record)
            now[record.id] = (version, self._dumped(preview))
        if seal_of_many({issue: version for issue, (version, _) in now.items()}) != seen:
            await self._passes.make(name)  # the notice shows then what there is to decide about
            return Answer(content=actor.words.say("moderation.many_changed"))
        async with self._auditing.act(actor, f"{verb} all", newsletter=name) as act:
            decided = 0
            for record in waiting:
                async with self._deciding[record.id]:
                    if _is_decided(await store.issue(record.id)):
                        continue
                    try:
                        await self._decide_one(verb, record, *now[record.id])
                    except StateError:  # somebody else decided about it at the same moment
                        continue
                decided += 1
            report = await self._passes.make(name)
            act.outcome = f"{decided} issues; {'; '.join(report.lines())}"
        head = actor.words.say(f"moderation.all_{verb}", count=decided)
        return Answer(content=as_content([head, *listed(report.lines(actor.words))]))

    async def _decide_one(self, verb: str, record: IssueRecord, version: Version, posts: bytes | None) -> None:
        """Write down what was decided about one of many: of the version that was listed."""
        store, now = self._desk.store, self._desk.clock()
        match verb, record.asks_about_edit:
            case "approve", False:
                await store.approve(record.id, version, posts=posts, now=now)
            case "approve", True:
                await store.approve_edit(record.id, version, posts=posts, now=now)
            case _, False:
                await store.skip(record.id, now=now)
            case _:
                await store.decline_edit(record.id, version)

    async def _press_schedule(self, actor: Actor, arguments: Sequence[str], values: Sequence[str]) -> Answer:
        number, seen = arguments_of(arguments, 2)
        if len(values) != 1:
            raise OutdatedError
        return await self.schedule(actor, issue=number, time=values[0], seen=seen)


def _chosen(arguments: Sequence[str], values: Sequence[str]) -> Sequence[str]:
    """Return the issue of a button and what was seen of it, or those chosen from a menu, whose press names none."""
    if not arguments and len(values) == 1:
        return arguments_of(values[0].split(":"), 2)
    return arguments_of(arguments, 2)


def _is_seen(seen: str | None, version: Version) -> bool:
    """Tell whether a version is what a button's message, or a line of its menu, was about."""
    return seen is None or seen == seal(version)


def _is_decided(record: IssueRecord) -> bool:
    """Tell whether nothing is left to be decided about an issue that is there: a button about it is too late."""
    return record.present and not is_open(record)


def _decided_already(actor: Actor, record: IssueRecord) -> Answer:
    """Say that somebody else was faster, and how the issue stands."""
    return Answer(content=as_content([actor.words.say("moderation.decided_already"), _standing(record, actor.words)]))


def _changed(actor: Actor, record: IssueRecord, preview: Rendered | None, version: Version) -> Answer:
    """Say that a text is not what it was when it was shown, show it as it is now, and ask again."""
    notice = notice_of(record, preview, version, actor.words)
    return Answer(
        content=actor.words.say("moderation.changed", issue=titled(record.title)),
        embeds=tuple(embed.body() for embed in notice.embeds),
        components=notice.components or (),
    )


def _ask_time(actor: Actor, arguments: Sequence[str]) -> Dialog:
    words = actor.words
    number, seen = arguments_of(arguments, 2)
    line = text_input(words.say("moderation.time_label"), "time", placeholder=words.say("moderation.time_example"))
    return Dialog(
        custom_id=press(SCHEDULED, number_of(number), _sealed(seen)).custom_id(),
        title=shortened(words.say("moderation.time_title"), limits.DIALOG_TITLE),
        components=row(line),
    )


def _sealed(seen: str) -> str:
    """Return what a button carries of what was seen; raise OutdatedError for what no button carries."""
    if not re.fullmatch(rf"[\w-]{{{SEAL}}}", seen, re.ASCII):
        raise OutdatedError
    return seen


def _standing(record: IssueRecord, words: Language) -> str:
    """Say in a line how an issue stands."""
    until = f" ({since(record.until)})" if record.until else ""
    state = words.say(f"states.{record.state.value}")
    return words.say("moderation.standing", issue=titled(record.title), state=state, why=inert(why(record.reason, words))) + until


def _announced(record: IssueRecord) -> datetime:
    return record.announced_at or datetime.min.replace(tzinfo=UTC)


def _passes(state: Newsletter, poll: timedelta, words: Language) -> list[str]:
    lines: list[str] = []
    if state.paused_at:
        lines.append(words.say("status.paused", when=since(state.paused_at)))
    if state.last_pass_at is None:
        lines.append(words.say("status.no_pass"))
    else:
        last, following = since(state.last_pass_at), since(state.last_pass_at + poll)
        lines.append(words.say("status.passes", last=last, next=following))
    return lines


def within_one_message(embeds: Sequence[Embed]) -> tuple[Mapping[str, object], ...]:
    """Return the bodies of embeds, their texts cut line by line so that all fit one message."""
    share = min(limits.EMBED_DESCRIPTION, (limits.EMBED_TOTAL - 500) // max(1, len(embeds)))
    while True:
        bodies = tuple(embed.body() | {"description": whole_lines(embed.description, share)} for embed in embeds)
        if share < _SHORTEST or sum(len(text.encode()) for text in texts({"embeds": bodies})) <= _BYTES:
            return bodies
        share = share * 4 // 5
