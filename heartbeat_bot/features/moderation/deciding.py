"""What moderators decide about issues that wait: approve, hold, skip, schedule."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from heartbeat_bot.clock import Clock
from heartbeat_bot.config import Config
from heartbeat_bot.errors import StateError, UserError
from heartbeat_bot.extract.moments import read_time
from heartbeat_bot.features.passes import Passes
from heartbeat_bot.ids import IssueId
from heartbeat_bot.interactions.actor import Actor
from heartbeat_bot.interactions.answers import Answer, Dialog
from heartbeat_bot.interactions.components import press, row, text_input
from heartbeat_bot.interactions.custom_ids import OutdatedError, arguments_of, newsletter_of, number_of
from heartbeat_bot.interactions.lines import as_content, listed, titled, typed
from heartbeat_bot.interactions.router import APPROVE, DECIDE_ALL, SCHEDULE, SKIP, PressHandler, PressKind
from heartbeat_bot.languages import language
from heartbeat_bot.moderators.auditing import Auditing
from heartbeat_bot.moderators.authority import Authority
from heartbeat_bot.moderators.known_issues import KnownIssues, standing_of
from heartbeat_bot.moderators.notices import asked_together, is_open, notice_of, seal_of_many
from heartbeat_bot.policy.approval import SEAL, Version, dump, seal, unseen
from heartbeat_bot.policy.policy import LONGEST_SCHEDULE
from heartbeat_bot.rendering import limits
from heartbeat_bot.rendering.plain import shortened
from heartbeat_bot.rendering.post import Rendered
from heartbeat_bot.store.issues import IssueRecord
from heartbeat_bot.store.store import Store
from heartbeat_bot.sync.renderer import Renderer
from heartbeat_bot.sync.wording import why

SCHEDULED: Final = "scheduled"


@dataclass(eq=False, kw_only=True, slots=True)
class Deciding:
    """Writes what moderators decide to the store; a pass over the newsletter then carries it out."""

    config: Config
    store: Store
    renderer: Renderer
    clock: Clock
    known: KnownIssues
    authority: Authority
    auditing: Auditing
    passes: Passes
    _deciding: defaultdict[IssueId, asyncio.Lock] = field(default_factory=partial(defaultdict[IssueId, asyncio.Lock], asyncio.Lock))
    """One decision about an issue at a time; carrying it out may take long, and somebody may decide otherwise meanwhile."""

    def presses(self) -> Mapping[str, PressHandler]:
        """Return the handlers of this feature's buttons, menus and dialogs, by verb."""
        return {
            APPROVE: PressHandler(kind=PressKind.REPLY, handle=self._press_approve),
            SKIP: PressHandler(kind=PressKind.REPLY, handle=self._press_skip),
            SCHEDULE: PressHandler(kind=PressKind.REPLY, ask=_ask_time),
            DECIDE_ALL: PressHandler(kind=PressKind.REPLY, handle=self._decide_all),
            SCHEDULED: PressHandler(kind=PressKind.REPLY, handle=self._press_schedule),
        }

    async def approve(self, actor: Actor, *, issue: str, seen: str | None = None) -> Answer:
        """Let an issue be announced, or an edit of one that was be shown: the text that a moderator saw.

        ``seen`` is what a button carries of the version that its message shows (see :func:`approval.seal`); None stands for what is known.
        """
        record = await self.known.chosen(actor, issue, APPROVE, pressed=seen is not None)
        preview, version = await self._now(record)
        edit = record.announced_at is not None and record.retracted_at is None
        if edit and not (record.asks_about_edit or record.late):
            return Answer(content=actor.words.say("moderation.out_already", issue=titled(record.title)))
        if not _is_seen(seen, version):
            return await self._shown_anew(actor, record, preview, version)
        approve = self.store.approve_edit if edit else self.store.approve
        decision = partial(approve, version=version, posts=self._dumped(preview), now=self.clock())
        return await self._decide(actor, APPROVE, record, decision, pressed=seen is not None)

    async def hold(self, actor: Actor, *, issue: str) -> Answer:
        """Keep an issue from being announced."""
        record = await self.known.chosen(actor, issue, "hold")
        return await self._decide(actor, "hold", record, partial(self.store.hold, now=self.clock()))

    async def skip(self, actor: Actor, *, issue: str, seen: str | None = None) -> Answer:
        """Let an issue be known without being announced, or an edit of one that was not be shown."""
        pressed = seen is not None
        record = await self.known.chosen(actor, issue, SKIP, pressed=pressed)
        if not record.asks_about_edit:
            skip = partial(self.store.skip, now=self.clock())
            return await self._decide(actor, SKIP, record, skip, pressed=pressed)
        preview, version = await self._now(record)
        if not _is_seen(seen, version):
            return await self._shown_anew(actor, record, preview, version)
        decline = partial(self.store.decline_edit, version=version)
        return await self._decide(actor, SKIP, record, decline, "its edit", pressed=pressed)

    async def schedule(self, actor: Actor, *, issue: str, time: str, seen: str | None = None) -> Answer:
        """Let an issue be announced at a time, as people write times; ``seen`` as in :meth:`approve`."""
        record = await self.known.chosen(actor, issue, SCHEDULE, pressed=seen is not None)
        now = self.clock()
        at = read_time(time, now=now, longest=LONGEST_SCHEDULE)
        if at is None:
            return Answer(content=actor.words.say("moderation.no_time", time=typed(time)))
        if at <= now:
            return Answer(content=actor.words.say("moderation.past_time", time=f"<t:{int(at.timestamp())}:f>"))
        preview, version = await self._now(record)
        if not _is_seen(seen, version):
            return await self._shown_anew(actor, record, preview, version)
        decision = partial(self.store.schedule, at=at, version=version, posts=self._dumped(preview))
        return await self._decide(actor, SCHEDULE, record, decision, f"for {at:%Y-%m-%d %H:%M} UTC", pressed=seen is not None)

    async def _now(self, record: IssueRecord) -> tuple[Rendered | None, Version]:
        """Return what an issue looks like as the last pass saw it, None when it cannot be read, and which version that is."""
        try:
            return await self.renderer.seen(record)
        except UserError:
            return None, unseen(record.blob, record.path)

    async def _shown_anew(self, actor: Actor, record: IssueRecord, preview: Rendered | None, version: Version) -> Answer:
        """Show an issue that is not what a button was about, after a pass when its file is not what the last pass saw."""
        if preview is None:
            await self.passes.make(record.newsletter)
            record = await self.store.issue(record.id)
            preview, version = await self._now(record)
        return _changed(actor, record, preview, version)

    def _dumped(self, preview: Rendered | None) -> bytes | None:
        """Return what small changes are measured against, None where none is let through."""
        allowed = self.config.moderation.small_changes == "allow"
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
        async with self.auditing.act(actor, verb, issue=record, detail=detail) as act:
            async with self._deciding[record.id]:
                now = await self.store.issue(record.id)
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
        report = await self.passes.make(before.newsletter)
        record = await self.store.issue(before.id)
        lines = [standing_of(record, actor.words), *listed(report.about(before.id, actor.words))]
        outcome = f"{language().say(f'states.{record.state.value}')} ({why(record.reason)})"
        answer = Answer(content=as_content(lines))
        if record.asks_about_edit or record.is_other_than_approved:
            preview, version = await self._now(record)
            answer = replace(_changed(actor, record, preview, version), content=answer.content)
        return answer, "; ".join([outcome, *report.about(before.id)])

    async def _press_approve(self, actor: Actor, arguments: Sequence[str], values: Sequence[str]) -> Answer:
        issue, seen = _chosen(arguments, values)
        return await self.approve(actor, issue=issue, seen=seen)

    async def _press_skip(self, actor: Actor, arguments: Sequence[str], values: Sequence[str]) -> Answer:
        issue, seen = _chosen(arguments, values)
        return await self.skip(actor, issue=issue, seen=seen)

    async def _decide_all(self, actor: Actor, arguments: Sequence[str], values: Sequence[str]) -> Answer:  # noqa: ARG002
        """Approve or skip all issues of a newsletter that the notice of many tells of, and edits among them."""
        verb, short, seen = arguments_of(arguments, 3)
        name = newsletter_of(short, self.config.newsletters)
        if name is None or verb not in {APPROVE, SKIP}:
            raise OutdatedError
        await self.authority.check(actor, f"{verb} all", name)
        store = self.store
        waiting = asked_together(await store.records(name), await store.messages.notices(name))
        now: dict[IssueId, tuple[Version, bytes | None]] = {}
        for record in waiting:
            preview, version = await self._now(record)
            now[record.id] = (version, self._dumped(preview))
        if seal_of_many({issue: version for issue, (version, _) in now.items()}) != seen:
            await self.passes.make(name)  # the notice shows then what there is to decide about
            return Answer(content=actor.words.say("moderation.many_changed"))
        async with self.auditing.act(actor, f"{verb} all", newsletter=name) as act:
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
            report = await self.passes.make(name)
            act.outcome = f"{decided} issues; {'; '.join(report.lines())}"
        head = actor.words.say(f"moderation.all_{verb}", count=decided)
        return Answer(content=as_content([head, *listed(report.lines(actor.words))]))

    async def _decide_one(self, verb: str, record: IssueRecord, version: Version, posts: bytes | None) -> None:
        """Write down what was decided about one of many: of the version that was listed."""
        store, now = self.store, self.clock()
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
    return Answer(content=as_content([actor.words.say("moderation.decided_already"), standing_of(record, actor.words)]))


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
