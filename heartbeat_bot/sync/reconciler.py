"""Passes over the newsletters: each brings the destinations of one in step with its source, and says what it did."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from heartbeat_bot.clock import Clock
from heartbeat_bot.config import AnnounceConfig, Config
from heartbeat_bot.errors import MachineError, OutletError, SourceError, StateError, UserError
from heartbeat_bot.ids import ChannelId, GuildId, IssueId
from heartbeat_bot.isolation.worker import Runner
from heartbeat_bot.machine import told_apart
from heartbeat_bot.ports import Discord
from heartbeat_bot.rendering.post import Post, Rendered, is_of
from heartbeat_bot.sources.directory import blob_id
from heartbeat_bot.sources.snapshot import Snapshot, Source
from heartbeat_bot.store.approval import Version, is_same, version_of
from heartbeat_bot.store.decisions import Code, Decision, Reason, State
from heartbeat_bot.store.deliveries import Delivery, Destination, DestinationId
from heartbeat_bot.store.issues import Duties, IssueRecord
from heartbeat_bot.store.store import Store
from heartbeat_bot.sync.approvals import Approvals
from heartbeat_bot.sync.changes import ChangeSet, DestinationChanges, at_path, find_changes, is_due, policy_of
from heartbeat_bot.sync.channels import KnownChannels
from heartbeat_bot.sync.forecast import forecast
from heartbeat_bot.sync.new_start import check_new_start
from heartbeat_bot.sync.publisher import Outcome, Publisher, ReadFile, Step
from heartbeat_bot.sync.renderer import Renderer
from heartbeat_bot.sync.report import DISCORD, PassReport, in_trouble, is_lost
from heartbeat_bot.sync.result import Result, ResultCode
from heartbeat_bot.sync.wording import line_of

_LOG = logging.getLogger(__name__)

_LONGEST_QUIET: Final = timedelta(hours=1)
"""What waits for a moderator may become too old meanwhile: so often all is compared, whether anything changed or not."""

Progress = Callable[[str, int, int], None]
"""Is told what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Quiet:
    """A pass that left nothing to do: until something changes, or at the latest at ``until`` (UTC), the next one has nothing to compare."""

    commit: str
    revision: int
    since: datetime
    until: datetime


class Reconciler:
    """Brings newsletters' destinations in step with their sources. One pass of a newsletter runs at a time."""

    def __init__(
        self,
        *,
        config: Config,
        store: Store,
        outlet: Discord,
        sources: Mapping[str, Source],
        runner: Runner,
        clock: Clock,
        progress: Progress,
        start_over: bool = False,
    ) -> None:
        """Bring together what was opened elsewhere; ``runner`` reads texts, ``clock`` tells the time for every rule.

        With ``start_over`` a first pass is one, whatever stands in the channel (see ``new_start.py``).
        """
        self._config = config
        self._store = store
        self._outlet = outlet
        self._sources = sources
        self._clock = clock
        self._progress = progress
        self._start_over = start_over
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.duties = Duties(issues=config.moderation.approval, edits=config.moderation.approve_edits)
        self.publisher = Publisher(store, outlet, clock=clock)
        self.channels = KnownChannels(outlet, clock)
        self.renderer = Renderer(config.newsletters, runner)
        self._approvals = Approvals(config, store, self.renderer, self.duties)
        self._quiet: dict[str, _Quiet] = {}

    async def settle(self) -> None:
        """Settle what an earlier run left unfinished. To be called once, before any pass."""
        for error in await self.publisher.settle():
            _LOG.warning("%s", error)

    async def sync(self, name: str, *, dry_run: bool = False) -> PassReport:
        """Make one pass over a newsletter. What goes wrong stands in the report, and is tried again by the next pass."""
        report = PassReport(newsletter=name)
        async with self._locks[name]:
            try:
                with told_apart():
                    await self._sync(name, report, dry_run=dry_run)
            except (SourceError, StateError, OutletError, MachineError) as error:
                await self._blocked(name, report, error, dry_run=dry_run)
        return report

    async def _blocked(self, name: str, report: PassReport, error: UserError, *, dry_run: bool) -> None:
        """Report what kept a pass from going on."""
        report.block(Result(ResultCode.FAILED, text=str(error)))
        report.failed = True
        own = ChannelId(self._config.newsletters[name].announce.channel)
        report.troubles[in_trouble(error, own) or DISCORD] = str(error)
        if not dry_run:
            await self._take_back(name, report)
            await self._store.pass_failed(name, error=str(error), now=self._clock())

    async def _sync(self, name: str, report: PassReport, *, dry_run: bool) -> None:
        self.renderer.turns[name].begin_pass()
        snapshot = self.renderer.snapshots[name] = await self._sources[name].snapshot()
        state = await self._store.newsletter(name)
        if not dry_run and not state.paused_at and self._has_nothing_to_compare(name, snapshot):
            await self._store.pass_done(name, commit=snapshot.commit, now=self._clock())
            return
        first_run = state.baseline_at is None or (self._start_over and not await self._store.records(name))
        if not self._start_over and snapshot.files:
            await check_new_start(name, self._config.newsletters[name], self._store, self._outlet, now=self._clock())
        if not dry_run:
            await self._store.put_right(name, now=self._clock())
        destinations = await self._destinations(name, dry_run=dry_run)
        found = await self._find_changes(name, snapshot, destinations, first_run=first_run, last_pass=state.last_pass_at)
        if not dry_run and await self._approvals.let_small_changes_through(name, found):
            found = await self._find_changes(name, snapshot, destinations, first_run=first_run, last_pass=state.last_pass_at)
        _news_of_trouble(found, report)
        if state.paused_at:
            report.block(Result(ResultCode.PAUSED, at=state.paused_at))
        if dry_run:
            if not state.paused_at:
                await forecast(found, self._config.newsletters[name], self._store, self.renderer, self.channels, report)
            return
        ids = await self._note(name, found, first_run=first_run)
        if not state.paused_at:
            await self._reconcile(name, found, ids, report)
        told = [destination for destination, _ in destinations]
        await self._store.pass_done(name, destinations=told, commit=found.snapshot.commit, now=self._clock())
        await self._note_quiet(name, found, report)

    def _has_nothing_to_compare(self, name: str, snapshot: Snapshot) -> bool:
        quiet, now = self._quiet.get(name), self._clock()
        return (
            quiet is not None
            and (quiet.commit, quiet.revision) == (snapshot.commit, self._store.database.revision)
            and quiet.since <= now < quiet.until  # the clock may have gone back
        )

    async def _note_quiet(self, name: str, found: ChangeSet, report: PassReport) -> None:
        """Note that a pass left nothing to do, and until when time alone changes nothing."""
        self._quiet.pop(name, None)
        newsletter, now = self._config.newsletters[name], self._clock()
        if report.results or report.tried or newsletter.images.attach:  # pictures may change without their issue
            return
        if await self._store.outbox.lost_sends(name):
            return
        if any(place.policy.retract for place in found.places) and await self._store.holding(name):
            return
        due = [decision.until for place in found.places for decision in place.decisions.values() if decision.until]
        until = min([now + _LONGEST_QUIET, *(when for when in due if when > now)])
        revision = self._store.database.revision
        self._quiet[name] = _Quiet(commit=found.snapshot.commit, revision=revision, since=now, until=until)

    async def _destinations(self, name: str, *, dry_run: bool) -> list[tuple[Destination, AnnounceConfig]]:
        """Return where a newsletter goes, and as what; a dry run writes down nothing, so it numbers new ones itself."""
        places = self._config.newsletters[name].places
        channels = [ChannelId(place.channel) for place in places]
        known = {one.channel: one for one in await self._store.deliveries.declared(name)}
        if known.keys() == set(channels):
            found = [known[channel] for channel in channels]
        elif not dry_run:
            found = await self._store.deliveries.declare(name, channels, now=self._clock())
        else:
            found = [
                known.get(channel) or Destination(id=DestinationId(-number), newsletter=name, channel=channel)
                for number, channel in enumerate(channels, 1)
            ]
        return list(zip(found, places, strict=True))

    async def _find_changes(
        self,
        name: str,
        snapshot: Snapshot,
        destinations: Sequence[tuple[Destination, AnnounceConfig]],
        *,
        first_run: bool,
        last_pass: datetime | None,
    ) -> ChangeSet:
        policies = [
            policy_of(
                self._config.newsletters[name],
                announce,
                destination,
                duties=self.duties,
                last_pass=last_pass,
                first_run=first_run,
                now=self._clock(),
            )
            for destination, announce in destinations
        ]

        def reading(done: int, total: int) -> None:
            self._progress(f"reading {name}", done, total)

        return await find_changes(name, self._store, snapshot, policies, self.renderer.turns[name], reading)

    async def _note(self, name: str, found: ChangeSet, *, first_run: bool) -> dict[str, IssueId]:
        """Write down what a pass found; return the numbers of all issues that are there, by path."""
        ids = {path: id_ for path, id_ in found.issues.items() if id_ is not None}
        now = self._clock()
        if found.source_files or found.missed or found.absorbed:
            ids |= await self._store.record(
                name,
                found.source_files,
                before=found.records,
                gone=found.missed,
                absorbed=found.absorbed,
                now=found.seen,
                missed_at=now,
                duties=self.duties,
            )
        for place in found.places:
            changed = {
                ids[path]: decision for path, decision in place.decisions.items() if not place.is_noted(path, found.record(path))
            }
            # Under approval only the first run lets texts through unseen: what comes back later with another text is not what was there then.
            if changed:
                await self._store.decided(place.destination, changed, trusting=first_run or not self.duties.issues, now=now)
            if place.removal_reasons:
                await self._store.explain(place.destination, place.removal_reasons)
        return ids

    async def _reconcile(self, name: str, found: ChangeSet, ids: Mapping[str, IssueId], report: PassReport) -> None:
        """Send, edit and delete what the pass found to be otherwise."""
        records = await self._store.records(name)
        for place in found.places:
            for path, decision in place.decisions.items():
                record = records[ids[path]]
                announcement = place.announcement(record)
                if announcement is None:
                    continue
                if not decision.deliver:
                    await self._leave(found, place, path, record, report)
                elif await self._goes_on(name, report):
                    await self._deliver(found, place, path, announcement, report)
                else:
                    return
        await self._deliver_reposts(name, found, ids, report)
        for place in found.places:
            for delivery in place.leaving:
                if not await self._goes_on(name, report):
                    return
                await self._withdraw(delivery, found.records[delivery.issue], report)
        for orphan in await self._store.deliveries.orphans(name):
            report.tried.add(orphan.issue)
            report.delivered(await self.publisher.withdraw(orphan), orphan.issue, found.records[orphan.issue].title)
        await self._forget_errors(found, report)
        await self._delete_late(name, report)

    async def _withdraw(self, delivery: Delivery, record: IssueRecord, report: PassReport) -> None:
        """Delete the messages of what is gone or was taken back."""
        report.tried.add(record.id)
        outcome = await self.publisher.withdraw(delivery)
        _log(report.delivered(outcome, record.id, record.title))
        if outcome.done and record.retracted_at is None and not delivery.is_repost:
            await self._store.withdrawn(delivery, now=self._clock())

    async def _forget_errors(self, found: ChangeSet, report: PassReport) -> None:
        """Forget what was wrong with what is not wanted any more: it was reverted, or deleted."""
        for issue, record in found.records.items():
            for delivery in (*record.announcements, *record.reposts):
                if delivery.error and issue not in report.tried:
                    await self._store.deliveries.failed(delivery.id, None, now=self._clock())

    async def _delete_late(self, name: str, report: PassReport) -> None:
        """Delete what Discord carried out late, when it had been sent anew already, and say so."""
        try:
            issues = await self.publisher.delete_late(name)
        except OutletError as error:
            report.note(Result(ResultCode.LATE_UNKNOWN, text=str(error)))
            return
        for issue in issues:
            title = (await self._store.issue(issue)).title
            report.requests += 1
            deleted = Result(ResultCode.LATE_DELETED, issue, title=title)
            report.note(deleted)
            _LOG.warning("%s: %s", name, line_of(deleted))

    async def _leave(self, found: ChangeSet, place: DestinationChanges, path: str, now: IssueRecord, report: PassReport) -> None:
        """Note why an issue's messages are left as they are."""
        decision, record = place.decisions[path], found.record(path)
        if decision.late:
            await self._look_at_late_change(found, place, path, now)
        elif record is None:
            return
        elif decision.asks:
            await self._approvals.ask_about(record, found, path)
            if record.announced_at is not None:
                await self._clear(record, report)
        elif record.asks_about_edit and not found.asks(path):  # the file says again what is shown
            await self._store.ask_about(record.id, None)

    async def _goes_on(self, name: str, report: PassReport) -> bool:
        """Tell whether nobody has paused a newsletter while a pass over it is under way."""
        if (await self._store.newsletter(name)).paused_at is None:
            return True
        report.block(Result(ResultCode.PAUSED_MEANWHILE))
        return False

    async def _look_at_late_change(self, found: ChangeSet, place: DestinationChanges, path: str, record: IssueRecord) -> None:
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
            await self._store.deliveries.too_late(announcement.id, blob=blob)
        else:
            rendering = at_path(place.policy.rendering, path)
            await self._store.deliveries.delivered(announcement, blob=blob, rendering=rendering, version=version)
            settled = Decision(state=State.ANNOUNCED, reason=Reason(Code.ANNOUNCED))
            await self._store.decided(place.destination, {record.id: settled}, now=self._clock())

    async def _take_back(self, name: str, report: PassReport) -> None:
        """Delete what moderators took back, which takes no look at the source."""
        if (await self._store.newsletter(name)).paused_at:
            return
        holding = await self._store.holding(name)
        for record in (await self._store.records(name)).values():
            if record.retracted_at:
                for delivery in (*record.announcements, *record.reposts):
                    if delivery.id in holding:
                        report.delivered(await self.publisher.withdraw(delivery), record.id, record.title)
            elif record.withheld:
                await self._clear(record, report)

    async def _clear(self, record: IssueRecord, report: PassReport) -> None:
        """Delete the messages of those sections that moderators took back."""
        report.tried.add(record.id)
        held = await self._store.outbox.held(record.id)
        with_some = {message.delivery for message in held if is_of(message.key, record.withheld)}
        for delivery in await self._store.deliveries.of(record.id):
            if delivery.id in with_some:
                outcome = await self.publisher.clear(delivery, keys=record.withheld)
                _log(report.delivered(outcome, record.id, record.title))

    async def _deliver_reposts(self, name: str, found: ChangeSet, ids: Mapping[str, IssueId], report: PassReport) -> None:
        """Bring in step what moderators posted once more, where that is due and its announcement is in step."""
        reposts = await self._store.deliveries.reposts(name)
        place = found.places[0]  # a repost looks as the newsletter's own destination does
        if not reposts:
            return
        paths = {ids[path]: path for path in place.decisions}
        records = await self._store.records(name)
        for repost in reposts:
            if (path := paths.get(repost.issue)) is None:
                continue
            due = is_due(
                repost,
                records[repost.issue],
                place.announcement(records[repost.issue]),
                rendering=at_path(place.policy.rendering, path),
                looked=place.decisions[path].deliver,
                window=place.policy.announce.edit_window,
                now=self._clock(),
            )
            if due and await self._goes_on(name, report):
                await self._deliver(found, place, path, repost, report)

    async def _deliver(
        self, found: ChangeSet, place: DestinationChanges, path: str, delivery: Delivery, report: PassReport
    ) -> None:
        """Bring an issue's announcement, or a repost of it, in step with its file."""
        issue, title, announce, channel = delivery.issue, found.title(path), place.policy.announce, delivery.channel
        report.tried.add(issue)
        if channel in report.closed:
            return

        def progress(step: Step) -> None:
            self._progress(f"posting {title}", step.number, step.total)

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
            await self._store.deliveries.failed(delivery.id, str(error), now=self._clock())
        if delivery.is_repost and is_lost(outcome.error):
            await self._forget(delivery, title, report)
            return
        if preview and outcome.done:
            blob, rendering = found.snapshot.files[path], at_path(place.policy.rendering, path)
            version = version_of(blob, preview.posts, preview)
            await self._store.deliveries.delivered(delivery, blob=blob, rendering=rendering, version=version)
        _log(report.delivered(outcome, issue, title, channel))
        if preview and outcome.requests:
            _tell_of_pictures(preview, issue, title, report)

    async def _placed(self, delivery: Delivery, guild: GuildId) -> Delivery:
        """Write down of which server a delivery's channel is, once that is known."""
        if delivery.guild != guild:
            await self._store.deliveries.known_guild(delivery.channel, guild)
        return replace(delivery, guild=guild)

    async def _may_send(self, delivery: Delivery, version: Version, report: PassReport) -> bool:
        """Tell whether a version may be sent at this instant, by what the store says now; what is to be asked is noted.

        The pass may have begun before a moderator decided otherwise, and the pictures are known only when the issue is rendered.
        """
        record = await self._store.issue(delivery.issue)
        if delivery.is_repost:
            if record.may_repost(delivery, version, self.duties):
                return True
            if delivery.error != _REPOST_CHANGED:
                await self._store.deliveries.failed(delivery.id, _REPOST_CHANGED, now=self._clock())
                report.note(Result(ResultCode.REPOST_CHANGED, record.id, title=record.title))
            return False
        here = record.announcement(delivery.destination) or delivery
        if (here.announced_at is None and here.state is not State.ANNOUNCE) or record.is_held_back(now=self._clock()):
            return False
        if not record.may_send(version, self.duties):
            if record.asks != version and not (record.declined and is_same(record.declined, version)):
                await self._store.ask_about(record.id, version)
                report.note(Result(ResultCode.APPROVE_ANEW, record.id, title=record.title))
            return False
        if self.duties.edits and record.announced_at is None and not is_same(record.approved, version):
            await self._store.let_through(record.id, version)  # what is sent from now on is an edit of this
        return True

    async def _forget(self, repost: Delivery, title: str, report: PassReport) -> None:
        """Keep a repost in step no more; its messages, which went with its channel, are orphans."""
        await self._store.deliveries.end([repost.id], now=self._clock())
        report.note(Result(ResultCode.REPOST_FORGOTTEN, repost.issue, title=title, channel=repost.channel))


def _log(result: Result | None) -> None:
    if result:
        _LOG.info("%s", line_of(result))


def _tell_of_pictures(preview: Rendered, issue: IssueId, title: str, report: PassReport) -> None:
    """Say what only shows against the source; the rest is what `check` told the authors."""
    for one in preview.findings:
        if one.rule == "picture-not-attached":
            report.note(Result(ResultCode.ISSUE_FAILED, issue, title=title, text=one.message))


def shown_of(posts: Sequence[Post], record: IssueRecord | None) -> Sequence[Post]:
    """Return the posts that are to be seen: those of sections that a moderator took back are not."""
    return [post for post in posts if record is None or record.shows(post.key)]


def _checked(read: ReadFile, posts: Sequence[Post]) -> ReadFile:
    """Return what reads pictures, and refuses one that is not what the posts were rendered with: a folder may change meanwhile."""
    blobs = {file.path: file.blob for post in posts for file in post.files}

    async def checked(path: str) -> bytes:
        content = await read(path)
        if path in blobs and blob_id(content) != blobs[path]:
            raise SourceError(f"{path}: the picture changed while the issue was being posted; the next pass looks at it anew")
        return content

    return checked


def _news_of_trouble(found: ChangeSet, report: PassReport) -> None:
    """Say what a person should look at, once: when it comes up."""
    told = {State.BROKEN, State.UNSURE, State.WAITING}
    for place in found.places:
        for path, decision in place.decisions.items():
            seen = Result(ResultCode.LOOK_AT, found.issues[path], title=found.title(path), path=path, reason=decision.reason)
            if decision.state in told and seen not in report.results and not place.is_noted(path, found.record(path)):
                report.note(seen)
    broken = {path for place in found.places for path, decision in place.decisions.items() if decision.state is State.BROKEN}
    for source_file in found.source_files:
        if source_file.broken and source_file.path not in broken:
            report.note(
                Result(
                    ResultCode.UNREADABLE,
                    source_file.issue,
                    title=source_file.title,
                    path=source_file.path,
                    text=source_file.broken,
                )
            )


_REPOST_CHANGED: Final = "its text changed after a moderator had confirmed a copy of it: use /repost again"
