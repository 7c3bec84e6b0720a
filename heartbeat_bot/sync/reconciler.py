"""Passes over the newsletters: each brings the destinations of one in step with its source, and says what it did."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from heartbeat_bot.clock import Clock
from heartbeat_bot.config import AnnounceConfig, Config
from heartbeat_bot.errors import MachineError, OutletError, SourceError, StateError, UserError
from heartbeat_bot.ids import ChannelId, DestinationId, IssueId
from heartbeat_bot.isolation.worker import Runner
from heartbeat_bot.machine import machine_errors
from heartbeat_bot.policy.decisions import State
from heartbeat_bot.ports import Discord
from heartbeat_bot.sources.snapshot import Snapshot, Source
from heartbeat_bot.store.destinations import Destination
from heartbeat_bot.store.issues import Duties, IssueRecord
from heartbeat_bot.store.store import Store
from heartbeat_bot.sync.approvals import Approvals
from heartbeat_bot.sync.changes import ChangeSet, DestinationChanges, find_changes
from heartbeat_bot.sync.channels import KnownChannels
from heartbeat_bot.sync.delivering import Deliverer, Progress, is_due
from heartbeat_bot.sync.destinations import at_path, policy_of
from heartbeat_bot.sync.forecast import forecast
from heartbeat_bot.sync.new_start import check_new_start
from heartbeat_bot.sync.publisher import Publisher
from heartbeat_bot.sync.renderer import Renderer
from heartbeat_bot.sync.report import DISCORD, PassReport, in_trouble
from heartbeat_bot.sync.result import Result, ResultCode
from heartbeat_bot.sync.wording import line_of

_LOG = logging.getLogger(__name__)

_LONGEST_QUIET: Final = timedelta(hours=1)
"""What waits for a moderator may become too old meanwhile: so often all is compared, whether anything changed or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Quiet:
    """A pass that left nothing to do: until something changes, or at the latest at ``until`` (UTC), the next one has nothing to compare."""

    commit: str
    revision: int
    since: datetime
    until: datetime


class Reconciler:
    """Brings newsletters' destinations in step with their sources. Whoever calls it makes one pass of a newsletter at a time (see ``passes.py``)."""

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
        self.duties = Duties(issues=config.moderation.approval, edits=config.moderation.approve_edits)
        self.publisher = Publisher(store, outlet, clock=clock)
        self.channels = KnownChannels(outlet, clock)
        self.renderer = Renderer(config.newsletters, runner)
        self._deliverer = Deliverer(
            store=store,
            publisher=self.publisher,
            channels=self.channels,
            renderer=self.renderer,
            duties=self.duties,
            clock=clock,
            progress=progress,
        )
        self._approvals = Approvals(config, store, self.renderer, self.duties)
        self._quiet: dict[str, _Quiet] = {}

    async def settle(self) -> None:
        """Settle what an earlier run left unfinished. To be called once, before any pass."""
        for error in await self.publisher.settle():
            _LOG.warning("%s", error)

    async def sync(self, name: str, *, dry_run: bool = False) -> PassReport:
        """Make one pass over a newsletter. What goes wrong stands in the report, and is tried again by the next pass."""
        report = PassReport(newsletter=name)
        try:
            with machine_errors():
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
        seen = [destination.id for destination, _ in destinations]
        await self._store.pass_done(name, destinations=seen, commit=found.snapshot.commit, now=self._clock())
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
        known = {one.channel: one for one in await self._store.destinations.declared(name)}
        if known.keys() == set(channels):
            found = [known[channel] for channel in channels]
        elif not dry_run:
            found = await self._store.destinations.declare(name, channels, now=self._clock())
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
                    await self._deliverer.deliver(found, place, path, announcement, report)
                else:
                    return
        await self._deliver_reposts(name, found, ids, report)
        for place in found.places:
            for delivery in place.leaving:
                if not await self._goes_on(name, report):
                    return
                await self._deliverer.withdraw(delivery, found.records[delivery.issue], report)
        for orphan in await self._store.deliveries.orphans(name):
            report.tried.add(orphan.issue)
            report.delivered(await self.publisher.withdraw(orphan), orphan.issue, found.records[orphan.issue].title)
        await self._forget_errors(found, report)
        await self._delete_late(name, report)

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
            await self._deliverer.settle_late_change(found, place, path, now)
        elif record is None:
            return
        elif decision.asks:
            await self._approvals.ask_about(record, found, path)
            if record.announced_at is not None:
                await self._deliverer.clear(record, report)
        elif record.asks_about_edit and not found.asks(path):  # the file says again what is shown
            await self._store.ask_about(record.id, None)

    async def _goes_on(self, name: str, report: PassReport) -> bool:
        """Tell whether nobody has paused a newsletter while a pass over it is under way."""
        if (await self._store.newsletter(name)).paused_at is None:
            return True
        report.block(Result(ResultCode.PAUSED_MEANWHILE))
        return False

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
                await self._deliverer.clear(record, report)

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
                await self._deliverer.deliver(found, place, path, repost, report)


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
