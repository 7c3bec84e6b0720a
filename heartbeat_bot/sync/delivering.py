"""One delivery at a time: what a file is rendered as is sent, edited or deleted, if it may be, and noted with the delivery."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from heartbeat_bot.clock import Clock
from heartbeat_bot.errors import SourceError, UserError
from heartbeat_bot.ids import GuildId, IssueId
from heartbeat_bot.policy.approval import Version, is_same, version_of
from heartbeat_bot.policy.decisions import Code, Decision, Reason, State
from heartbeat_bot.rendering.post import Post, Rendered, is_of
from heartbeat_bot.sources.directory import blob_id
from heartbeat_bot.store.deliveries import Delivery
from heartbeat_bot.store.issues import Duties, IssueRecord
from heartbeat_bot.store.store import Store
from heartbeat_bot.sync.changes import ChangeSet, DestinationChanges
from heartbeat_bot.sync.channels import KnownChannels
from heartbeat_bot.sync.destinations import at_path
from heartbeat_bot.sync.outcome import Outcome, ReadFile, Step
from heartbeat_bot.sync.publisher import Publisher
from heartbeat_bot.sync.renderer import Renderer, shown_of
from heartbeat_bot.sync.report import PassReport, is_lost
from heartbeat_bot.sync.result import Result, ResultCode
from heartbeat_bot.sync.wording import line_of

_LOG = logging.getLogger(__name__)

_REPOST_CHANGED: Final = "its text changed after a moderator had confirmed a copy of it: use /repost again"

Progress = Callable[[str, int, int], None]
"""Is told what is being done, how much of it is done, and how much there is."""


@dataclass(eq=False, kw_only=True, slots=True)
class Deliverer:
    """Brings deliveries of issues in step with their files, for a pass."""

    store: Store
    publisher: Publisher
    channels: KnownChannels
    renderer: Renderer
    duties: Duties
    clock: Clock
    progress: Progress

    async def deliver(self, found: ChangeSet, place: DestinationChanges, path: str, delivery: Delivery, report: PassReport) -> None:
        """Bring an issue's announcement, or a repost of it, in step with its file."""
        issue, title, announce, channel = delivery.issue, found.title(path), place.policy.announce, delivery.channel
        report.tried.add(issue)
        if channel in report.closed:
            return

        def progress(step: Step) -> None:
            self.progress(f"posting {title}", step.number, step.total)

        preview = None
        try:
            preview = await self.renderer.render(report.newsletter, found.snapshot, path, announce)
            version = version_of(found.snapshot.files[path], preview.posts, preview)
            if not await self._may_send(delivery, version, report):
                return
            posts = shown_of(preview.posts, found.record(path))
            facts = await self.channels.facts(channel)
            outcome = await self.publisher.deliver(
                await self._placed(delivery, facts.guild),
                delivery.posts(posts),
                publish=announce.publish and facts.announcement,
                read_file=_checked(found.snapshot.contents.read_picture, posts),
                progress=progress,
                yields=not delivery.is_repost,
            )
        except UserError as error:
            outcome = Outcome(error=error)
            await self.store.deliveries.failed(delivery.id, str(error), now=self.clock())
        if delivery.is_repost and is_lost(outcome.error):
            await self._forget(delivery, title, report)
            return
        if preview and outcome.done:
            blob, rendering = found.snapshot.files[path], at_path(place.policy.rendering, path)
            version = version_of(blob, preview.posts, preview)
            await self.store.deliveries.delivered(delivery, blob=blob, rendering=rendering, version=version)
        _log(report.delivered(outcome, issue, title, channel))
        if preview and outcome.requests:
            _tell_of_pictures(preview, issue, title, report)

    async def _placed(self, delivery: Delivery, guild: GuildId) -> Delivery:
        """Write down of which server a delivery's channel is, once that is known."""
        if delivery.guild != guild:
            await self.store.destinations.known_guild(delivery.channel, guild)
        return replace(delivery, guild=guild)

    async def _may_send(self, delivery: Delivery, version: Version, report: PassReport) -> bool:
        """Tell whether a version may be sent at this instant, by what the store says now; what is to be asked is noted.

        The pass may have begun before a moderator decided otherwise, and the pictures are known only when the issue is rendered.
        """
        record = await self.store.issue(delivery.issue)
        if delivery.is_repost:
            if record.may_repost(delivery, version, self.duties):
                return True
            if delivery.error != _REPOST_CHANGED:
                await self.store.deliveries.failed(delivery.id, _REPOST_CHANGED, now=self.clock())
                report.note(Result(ResultCode.REPOST_CHANGED, record.id, title=record.title))
            return False
        here = record.announcement(delivery.destination) or delivery
        if (here.announced_at is None and here.state is not State.ANNOUNCE) or record.is_held_back(now=self.clock()):
            return False
        if not record.may_send(version, self.duties):
            if record.asks != version and not (record.declined and is_same(record.declined, version)):
                await self.store.ask_about(record.id, version)
                report.note(Result(ResultCode.APPROVE_ANEW, record.id, title=record.title))
            return False
        if self.duties.edits and record.announced_at is None and not is_same(record.approved, version):
            await self.store.let_through(record.id, version)  # what is sent from now on is an edit of this
        return True

    async def _forget(self, repost: Delivery, title: str, report: PassReport) -> None:
        """Keep a repost in step no more; its messages, which went with its channel, are orphans."""
        await self.store.deliveries.end([repost.id], now=self.clock())
        report.note(Result(ResultCode.REPOST_FORGOTTEN, repost.issue, title=title, channel=repost.channel))

    async def clear(self, record: IssueRecord, report: PassReport) -> None:
        """Delete the messages of those sections that moderators took back."""
        report.tried.add(record.id)
        held = await self.store.messages.held(record.id)
        with_some = {message.delivery for message in held if is_of(message.key, record.withheld)}
        for delivery in await self.store.deliveries.of(record.id):
            if delivery.id in with_some:
                outcome = await self.publisher.clear(delivery, keys=record.withheld)
                _log(report.delivered(outcome, record.id, record.title))

    async def withdraw(self, delivery: Delivery, record: IssueRecord, report: PassReport) -> None:
        """Delete the messages of what is gone or was taken back."""
        report.tried.add(record.id)
        outcome = await self.publisher.withdraw(delivery)
        _log(report.delivered(outcome, record.id, record.title))
        if outcome.done and record.retracted_at is None and not delivery.is_repost:
            await self.store.withdrawn(delivery, now=self.clock())

    async def settle_late_change(self, found: ChangeSet, place: DestinationChanges, path: str, record: IssueRecord) -> None:
        """Find out whether readers would see a change that came after the edit window; one that they would not is none."""
        blob, announcement = found.snapshot.files[path], place.announcement(record)
        if announcement is None or announcement.late == blob:
            return
        try:
            rendered = await self.renderer.render(record.newsletter, found.snapshot, path, place.policy.announce)
            facts = await self.channels.facts(place.destination.channel)
            version = version_of(blob, rendered.posts, rendered)
        except UserError:
            return  # the next pass looks again
        posts = shown_of(rendered.posts, record)
        # What no message shows, an event in a section that is left out, say, members may find in other ways.
        if not record.may_send(version, self.duties) or await self.publisher.operations(
            announcement, posts, guild=facts.guild, publish=place.policy.announce.publish and facts.announcement
        ):
            await self.store.deliveries.too_late(announcement.id, blob=blob)
        else:
            rendering = at_path(place.policy.rendering, path)
            await self.store.deliveries.delivered(announcement, blob=blob, rendering=rendering, version=version)
            settled = Decision(state=State.ANNOUNCED, reason=Reason(Code.ANNOUNCED))
            await self.store.decided(place.destination, {record.id: settled}, now=self.clock())


def _log(result: Result | None) -> None:
    if result:
        _LOG.info("%s", line_of(result))


def _tell_of_pictures(preview: Rendered, issue: IssueId, title: str, report: PassReport) -> None:
    """Say what only shows against the source; the rest is what `check` told the authors."""
    for one in preview.findings:
        if one.rule == "picture-not-attached":
            report.note(Result(ResultCode.ISSUE_FAILED, issue, title=title, text=one.message))


def _checked(read: ReadFile, posts: Sequence[Post]) -> ReadFile:
    """Return what reads pictures, and refuses one that is not what the posts were rendered with: a folder may change meanwhile."""
    blobs = {file.path: file.blob for post in posts for file in post.files}

    async def checked(path: str) -> bytes:
        content = await read(path)
        if path in blobs and blob_id(content) != blobs[path]:
            raise SourceError(f"{path}: the picture changed while the issue was being posted; the next pass looks at it anew")
        return content

    return checked


def is_due(
    repost: Delivery,
    record: IssueRecord,
    announcement: Delivery | None,
    *,
    rendering: str,
    looked: bool,
    window: timedelta | None,
    now: datetime,
) -> bool:
    """Tell whether a repost is to be brought in step now, after its issue's announcement was; ``record`` is as that left it.

    A repost that is not whole is finished as long as its file can be read. One that is follows its announcement: when that was
    ``looked`` at, or shows the file as it would be rendered now (``rendering``), and stays as it is when that does, as with changes after the
    edit window. A repost of an issue that was never announced follows the file within the ``window`` after it was made.
    """
    if record.broken is not None or (announcement is not None and announcement.announced_at and announcement.shown is None):
        return False
    if repost.shown is None:
        return True
    wanted = (record.blob, rendering)
    if record.draft:
        return False
    if announcement is None or announcement.announced_at is None:
        return (repost.shown, repost.shown_as) != wanted and (window is None or now <= repost.created_at + window)
    if looked and announcement.shown == record.blob:
        return True
    return (announcement.shown, announcement.shown_as) == wanted != (repost.shown, repost.shown_as)
