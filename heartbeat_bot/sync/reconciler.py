"""Passes over the newsletters: what the clock asks for again and again, and now and then a person."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from heartbeat_bot.clock import Clock
from heartbeat_bot.config import Config
from heartbeat_bot.errors import IssueError, MachineError, MissingPermissionsError, OutletError, SourceError, StateError, UserError
from heartbeat_bot.ids import ChannelId, GuildId, IssueId
from heartbeat_bot.isolation.bounds import EndedError
from heartbeat_bot.isolation.turns import Turn, Turns
from heartbeat_bot.isolation.worker import Runner
from heartbeat_bot.machine import told_apart
from heartbeat_bot.ports import UNKNOWN_CHANNEL, ChannelFacts, Discord
from heartbeat_bot.rendering.post import Post, is_of
from heartbeat_bot.rendering.preview import Rendered
from heartbeat_bot.sources.directory import blob_id
from heartbeat_bot.sources.snapshot import BlobId, Snapshot, Source
from heartbeat_bot.store.approval import Version, is_same, is_small, text_of, unseen, version_of
from heartbeat_bot.store.copies import Copy
from heartbeat_bot.store.decisions import Code, Decision, Reason, State
from heartbeat_bot.store.ledger import Duties, IssueRecord, Ledger
from heartbeat_bot.store.receipts import ANNOUNCEMENT
from heartbeat_bot.sync.changes import Survey, at_path, is_due, policy_of, rendering_of, survey
from heartbeat_bot.sync.new_start import check_new_start
from heartbeat_bot.sync.plan import Delete, Edit, Operation, Publish, Rekey, Send, plan
from heartbeat_bot.sync.publisher import Outcome, Publisher, ReadFile, Step, held_of
from heartbeat_bot.sync.renderer import render_from
from heartbeat_bot.sync.wording import why

_LOG = logging.getLogger(__name__)
_REMEMBERED: Final = 1000
"""Files that cannot be read and are not tried again."""

SOURCE, DISCORD, STATE, MACHINE = "source", "discord", "state", "machine"
"""What may be in trouble besides channels; see :func:`channel_of`."""


def channel_of(channel: ChannelId) -> str:
    """Name a channel as what is in trouble."""
    return f"channel:{channel}"


Progress = Callable[[str, int, int], None]
"""Is told what is being done, how much of it is done, and how much there is."""


@dataclass(slots=True)
class PassReport:
    """What a pass over one newsletter did, in sentences; ``blocked_by`` says why it did nothing at all, or None."""

    newsletter: str
    done: list[str] = field(default_factory=list[str])
    problems: list[str] = field(default_factory=list[str])
    failed: bool = False
    requests: int = 0
    blocked_by: str | None = None
    closed: set[ChannelId] = field(default_factory=set[ChannelId])
    """The channels where the bot lacks a permission: said once, and left alone for the rest of the pass."""

    troubles: dict[str, str] = field(default_factory=dict[str, str])
    """What keeps more than one issue from being kept in step, in sentences, by what is in trouble."""
    tried: set[IssueId] = field(default_factory=set[IssueId])
    """The issues of which something was sent, edited or deleted, or was to be."""

    def about(self, title: str) -> list[str]:
        """Return what was done of the issue of a title, and what kept everything from being done."""
        return [line for line in (*self.done, *self.problems) if title in line or line == self.blocked_by]

    def lines(self) -> list[str]:
        """Return the report for a terminal."""
        return [f"{self.newsletter}: {line}" for line in (*self.done, *self.problems)] or [f"{self.newsletter}: nothing to do"]


class Passes:
    """Passes over the newsletters of a configuration. One pass of a newsletter runs at a time."""

    def __init__(
        self,
        *,
        config: Config,
        ledger: Ledger,
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
        self._ledger = ledger
        self._outlet = outlet
        self._sources = sources
        self._clock = clock
        self._progress = progress
        self._start_over = start_over
        self.duties = Duties(issues=config.moderation.approval, edits=config.moderation.approve_edits)
        self.publisher = Publisher(ledger, outlet, clock=clock)
        self._channels: dict[int, ChannelFacts] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.turns: defaultdict[str, Turn] = defaultdict(Turns(runner).new)
        """Where the texts of each newsletter are read."""
        self._unreadable: dict[tuple[str, str, BlobId], tuple[str, int | None]] = {}
        """Why files could not be read, and in which line, by newsletter, path and bytes: to find that out again would take as long in every pass."""
        self.snapshots: dict[str, Snapshot] = {}
        """What the last pass over each newsletter saw of its source."""

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
                await self._stand_still(name, report, error, dry_run=dry_run)
        return report

    async def _stand_still(self, name: str, report: PassReport, error: UserError, *, dry_run: bool) -> None:
        """Report what kept a pass from going on."""
        report.blocked_by = str(error)
        report.problems.append(report.blocked_by)
        report.failed = True
        own = ChannelId(self._config.newsletters[name].announce.channel)
        report.troubles[_in_trouble(error, own) or DISCORD] = report.blocked_by
        if not dry_run:
            await self._take_back(name, report)
            await self._ledger.pass_failed(name, error=str(error), now=self._clock())

    async def _sync(self, name: str, report: PassReport, *, dry_run: bool) -> None:
        self.turns[name].begin_pass()
        snapshot = self.snapshots[name] = await self._sources[name].snapshot()
        state = await self._ledger.newsletter(name)
        first_run = state.baseline_at is None or (self._start_over and not await self._ledger.records(name))
        if not self._start_over and snapshot.files:
            now = self._clock()
            await check_new_start(name, self._config.newsletters[name], self._ledger, self._outlet, now=now)
        if not dry_run:
            await self._ledger.put_right(name, now=self._clock())
        found = await self._survey(name, snapshot, first_run=first_run, last_pass=state.last_pass_at)
        if not dry_run and await self._let_small_changes_through(name, found):
            found = await self._survey(name, snapshot, first_run=first_run, last_pass=state.last_pass_at)
        report.problems += _news_of_trouble(found)
        paused = state.paused_at
        if paused:
            report.blocked_by = f"a moderator paused it at {paused:%Y-%m-%d %H:%M} UTC: nothing is sent, edited or deleted"
            report.done.append(report.blocked_by)
        if dry_run:
            if not paused:
                await self._foretell(name, found, report)
            return
        ids = await self._note(name, found, first_run=first_run)
        if not paused:
            await self._make_agree(name, found, ids, report)
        await self._ledger.pass_done(name, commit=found.snapshot.commit, now=self._clock())

    async def _make_agree(self, name: str, found: Survey, ids: Mapping[str, IssueId], report: PassReport) -> None:
        """Send, edit and delete what the pass found to be otherwise."""
        for path, decision in found.decisions.items():
            if not decision.deliver:
                await self._leave(name, found, path, ids[path], report)
            elif await self._goes_on(name, report):
                await self._deliver(name, found, path, ids[path], report)
            else:
                return
        await self._deliver_copies(name, found, ids, report)
        for issue in sorted(found.leaving):
            if not await self._goes_on(name, report):
                return
            report.tried.add(issue)
            outcome = await self.publisher.withdraw(issue)
            self._tell(report, found.records[issue].title, outcome)
            if outcome.done and found.records[issue].retracted_at is None:
                await self._ledger.withdrawn(issue)
        for stray in await self._ledger.copies.strays(name):
            report.tried.add(stray.issue)
            outcome = await self.publisher.bring_in_step(
                stray.issue, guild=GuildId(0), channel=stray.channel, series=stray.series, posts=()
            )
            self._tell(report, found.records[stray.issue].title, outcome)
        for issue, record in found.records.items():
            if record.error and issue not in report.tried:  # it was reverted, or deleted: nothing is wanted any more
                await self._ledger.issue_error(issue, None, now=self._clock())
        await self._delete_strays(name, report)

    async def _delete_strays(self, name: str, report: PassReport) -> None:
        """Delete what Discord carried out late, when it had been sent anew already, and say so."""
        try:
            issues = await self.publisher.delete_strays(name)
        except OutletError as error:
            report.problems.append(f"messages that Discord may have carried out late are looked for by the next pass: {error}")
            return
        for issue in issues:
            title = (await self._ledger.issue(issue)).title
            report.requests += 1
            report.done.append(
                f"{title}: 1 deleted, which Discord carried out late, when it had been sent anew already: it stood there twice"
            )
            _LOG.warning("%s: %s", name, report.done[-1])

    async def _leave(self, name: str, found: Survey, path: str, issue: IssueId, report: PassReport) -> None:
        """Note why an issue's messages are left as they are."""
        decision, record = found.decisions[path], found.record(path)
        if decision.late:
            await self._look_at_late_change(name, found, path, issue)
        elif decision.asks:
            await self._ask_about(name, found, path, issue, report)
        elif record and record.asks_about_edit:  # the file says again what is shown
            await self._ledger.ask_about(issue, None)

    async def _goes_on(self, name: str, report: PassReport) -> bool:
        """Tell whether nobody has paused a newsletter while a pass over it is under way."""
        if (await self._ledger.newsletter(name)).paused_at is None:
            return True
        report.blocked_by = "a moderator paused it meanwhile: nothing more is sent, edited or deleted"
        if report.blocked_by not in report.done:
            report.done.append(report.blocked_by)
        return False

    async def _survey(self, name: str, snapshot: Snapshot, *, first_run: bool, last_pass: datetime | None) -> Survey:
        policy = policy_of(
            self._config.newsletters[name],
            duties=self.duties,
            last_pass=last_pass,
            first_run=first_run,
            now=self._clock(),
        )

        def reading(done: int, total: int) -> None:
            self._progress(f"reading {name}", done, total)

        return await survey(name, self._ledger, snapshot, policy, self.turns[name], reading)

    async def _note(self, name: str, found: Survey, *, first_run: bool) -> dict[str, IssueId]:
        """Write down what a pass found; return the numbers of all issues that are there, by path."""
        ids = {path: id_ for path, id_ in found.issues.items() if id_ is not None}
        now = self._clock()
        if found.sightings or found.missed or found.absorbed:
            ids |= await self._ledger.record(
                name,
                found.sightings,
                before=found.records,
                gone=found.missed,
                absorbed=found.absorbed,
                now=found.seen,
                missed_at=now,
                duties=self.duties,
            )
        changed = {ids[path]: decision for path, decision in found.decisions.items() if not _is_noted(found.record(path), decision)}
        # Under approval only the first run lets texts through unseen: what comes back later with another text is not what was there then.
        await self._ledger.decided(changed, trusting=first_run or not self.duties.issues)
        if found.farewells:
            await self._ledger.explain(found.farewells)
        return ids

    async def _look_at_late_change(self, name: str, found: Survey, path: str, issue: IssueId) -> None:
        """Find out whether readers would see a change that came after the edit window; one that they would not is none."""
        blob = found.snapshot.files[path]
        record = found.record(path)
        if record is None or record.late == blob:
            return
        try:
            rendered = await self._rendered(name, found.snapshot, path)
            operations = await self._operations(name, found, path, rendered.posts)
            version = version_of(blob, rendered.posts, rendered)
        except UserError:
            return  # the next pass looks again
        # What no message shows, an event in a section that is left out, say, members may find in other ways.
        if operations or not record.may_send(version, self.duties):
            await self._ledger.too_late(issue, blob=blob)
        else:
            rendering = at_path(rendering_of(self._config.newsletters[name]), path)
            await self._ledger.delivered(issue, blob=blob, rendering=rendering, version=version)
            await self._ledger.decided({issue: replace(found.decisions[path], reason=Reason(Code.ANNOUNCED), late=False)})

    async def _let_small_changes_through(self, name: str, found: Survey) -> bool:
        """Let a change through that is small enough (see ``approval.py``), where the configuration says so; tell whether there was any."""
        if self._config.moderation.small_changes != "allow" or self._config.newsletters[name].sections.skip:
            return False  # what is in a section that is left out, no message shows, and members find its events and jobs
        through = False
        for path, decision in found.decisions.items():
            record = found.record(path)
            before = await self._ledger.approved_posts(record.id) if record and decision.asks else None
            if record is None or before is None:
                continue
            try:
                rendered = await self._rendered(name, found.snapshot, path)
            except UserError:
                continue
            if await asyncio.to_thread(is_small, before, rendered.posts):
                await self._ledger.let_through(record.id, version_of(found.snapshot.files[path], rendered.posts, rendered))
                through = True
        return through

    async def _ask_about(self, name: str, found: Survey, path: str, issue: IssueId, report: PassReport) -> None:
        """Note what moderators are asked about, as it is now; what they took back of an announced issue goes all the same."""
        record = found.record(path)
        if record is None:
            return
        blob = found.snapshot.files[path]
        looks_the_same = record.announced_at is None and text_of(record.approved) == blob
        if looks_the_same or (record.announced_at is not None and text_of(record.asks) != blob):
            try:
                rendered = await self._rendered(name, found.snapshot, path)
            except UserError:
                return  # the next pass looks again
            version = version_of(blob, rendered.posts, rendered)
            if is_same(record.approved, version):  # what was approved is there again
                await self._ledger.ask_about(issue, None)
            elif record.asks != version:
                await self._ledger.ask_about(issue, version)
        if record.announced_at is not None:
            await self._clear(record, report)

    async def _take_back(self, name: str, report: PassReport) -> None:
        """Delete what moderators took back, which takes no look at the source."""
        if (await self._ledger.newsletter(name)).paused_at:
            return
        records = await self._ledger.records(name)
        holding = await self._ledger.holding(name)
        for issue, record in records.items():
            if not (record.withheld or (record.retracted_at and issue in holding)):
                continue
            if record.retracted_at:
                self._tell(report, record.title, await self.publisher.withdraw(issue))
            else:
                await self._clear(record, report)

    async def _clear(self, record: IssueRecord, report: PassReport) -> None:
        """Delete the messages of those sections that moderators took back."""
        report.tried.add(record.id)
        taken_back = [one for one in await self._ledger.receipts.held(record.id) if is_of(one.key, record.withheld)]
        for channel, series in sorted({(receipt.channel, receipt.series) for receipt in taken_back}):
            outcome = await self.publisher.clear(record.id, channel=channel, series=series, keys=record.withheld)
            self._tell(report, record.title, outcome)

    async def _operations(
        self, name: str, found: Survey, path: str, posts: Sequence[Post], copy: Copy | None = None
    ) -> tuple[Operation, ...]:
        """Return what would bring the announcement of the issue at a path, or a copy, in step with its file, rendered as ``posts``."""
        newsletter = self._config.newsletters[name]
        channel = copy.channel if copy else ChannelId(newsletter.announce.channel)
        facts = await self.channel(channel)
        record = found.record(path)
        series = copy.series if copy else ANNOUNCEMENT
        receipts = await self._ledger.receipts.held(record.id, channel, series) if record else []
        posts = _shown(posts, record)
        posts = copy.posts(posts) if copy else posts
        publish = newsletter.announce.publish and facts.announcement
        return plan(posts, [held_of(receipt) for receipt in receipts], guild=facts.guild, channel=channel, publish=publish)

    async def preview(self, record: IssueRecord) -> Rendered:
        """Return what would be posted of an issue, as the last pass saw its file.

        Raises UserError (IssueError, SourceError) when it cannot be read.
        """
        snapshot = self.snapshots.get(record.newsletter)
        if snapshot is None or record.path not in snapshot.files:
            raise SourceError(f"{record.path} is not in the source of {record.newsletter}.")
        return await self._rendered(record.newsletter, snapshot, record.path)

    async def seen(self, record: IssueRecord) -> tuple[Rendered, Version]:
        """Return what would be posted of an issue, as the last pass saw its file, and which version that is.

        Raises UserError as :meth:`preview` does.
        """
        preview = await self.preview(record)
        return preview, version_of(self.snapshots[record.newsletter].files[record.path], preview.posts, preview)

    async def version(self, record: IssueRecord) -> Version:
        """Return which version of an issue the last pass saw, also of one that cannot be rendered now."""
        try:
            return (await self.seen(record))[1]
        except UserError:
            return unseen(record.blob, record.path)

    async def _rendered(self, name: str, snapshot: Snapshot, path: str) -> Rendered:
        contents, file = snapshot.contents, (name, path, snapshot.files[path])
        if told := self._unreadable.get(file):
            raise IssueError(told[0], path=path, line=told[1])
        try:
            return await render_from(self.turns[name], contents, path, await contents.read(path), self._config.newsletters[name])
        except IssueError as error:
            if not isinstance(error.__cause__, EndedError):
                if len(self._unreadable) >= _REMEMBERED:
                    self._unreadable.clear()
                self._unreadable[file] = (error.reason, error.line)
            raise

    async def _deliver_copies(self, name: str, found: Survey, ids: Mapping[str, IssueId], report: PassReport) -> None:
        """Bring in step what moderators posted again, where that is due and its announcement is in step."""
        newsletter = self._config.newsletters[name]
        for copy, path in await self._copies(name, found, ids):
            due = is_due(
                copy,
                (await self._ledger.records(name))[copy.issue],
                rendering=at_path(rendering_of(newsletter), path),
                looked=found.decisions[path].deliver,
                window=newsletter.announce.edit_window,
                now=self._clock(),
            )
            if due and await self._goes_on(name, report):
                await self._deliver(name, found, path, copy.issue, report, copy)

    async def _copies(self, name: str, found: Survey, ids: Mapping[str, IssueId | None]) -> list[tuple[Copy, str]]:
        """Return the copies of issues that are there and were not taken back, and the issues' paths."""
        copies = await self._ledger.copies.of_newsletter(name)
        paths = {ids[path]: path for path in found.decisions} if copies else {}
        return [(copy, paths[copy.issue]) for copy in copies if copy.issue in paths]

    async def _deliver(
        self, name: str, found: Survey, path: str, issue: IssueId, report: PassReport, copy: Copy | None = None
    ) -> None:
        """Bring an issue's announcement, or a copy of it, in step with its file."""
        report.tried.add(issue)
        newsletter = self._config.newsletters[name]
        title = found.title(path)
        channel = copy.channel if copy else ChannelId(newsletter.announce.channel)
        if channel in report.closed:
            return

        def progress(step: Step) -> None:
            self._progress(f"posting {title}", step.number, step.total)

        try:
            preview = await self._rendered(name, found.snapshot, path)
            version = version_of(found.snapshot.files[path], preview.posts, preview)
            if not await self._may_send(issue, version, copy, report):
                return
            posts = _shown(preview.posts, found.record(path))
            facts = await self.channel(channel)
            outcome = await self.publisher.bring_in_step(
                issue,
                guild=facts.guild,
                channel=channel,
                series=copy.series if copy else ANNOUNCEMENT,
                posts=copy.posts(posts) if copy else posts,
                publish=newsletter.announce.publish and facts.announcement,
                read_file=_checked(found.snapshot.contents.read_picture, posts),
                progress=progress,
                yields=copy is None,
            )
        except UserError as error:
            if copy and _is_lost(error):
                await self._forget(copy, title, report)
                return
            _failed(report, title, error, channel)
            await self._ledger.issue_error(issue, str(error), now=self._clock())
            return
        if copy and _is_lost(outcome.error):
            await self._forget(copy, title, report)
            return
        if outcome.done:
            blob, rendering = found.snapshot.files[path], at_path(rendering_of(newsletter), path)
            if copy:
                await self._ledger.copies.delivered(copy, blob=blob, rendering=rendering, version=version)
            else:
                await self._ledger.delivered(issue, blob=blob, rendering=rendering, version=version)
        self._tell(report, title, outcome, channel)
        if outcome.requests:
            # What only shows against the source; the rest is what `check` told the authors.
            report.problems += [f"{title}: {one.message}" for one in preview.findings if one.rule == "picture-not-attached"]

    async def _may_send(self, issue: IssueId, version: Version, copy: Copy | None, report: PassReport) -> bool:
        """Tell whether a version may be sent at this instant, by what the ledger says now; what is to be asked is noted.

        The pass may have begun before a moderator decided otherwise, and the pictures are known only when the issue is rendered.
        """
        record = await self._ledger.issue(issue)
        if copy:
            if record.may_copy(copy, version, self.duties):
                return True
            if record.error != _COPY_CHANGED:
                await self._ledger.issue_error(issue, _COPY_CHANGED, now=self._clock())
                report.problems.append(f"{record.title}: {_COPY_CHANGED}")
            return False
        if (record.announced_at is None and record.state is not State.ANNOUNCE) or record.is_held_back(now=self._clock()):
            return False
        if not record.may_send(version, self.duties):
            if record.asks != version and not (record.declined and is_same(record.declined, version)):
                await self._ledger.ask_about(issue, version)
                report.problems.append(
                    f"{record.title}: it changed after a moderator had approved it: a moderator must approve it anew"
                )
            return False
        if self.duties.edits and record.announced_at is None and not is_same(record.approved, version):
            await self._ledger.let_through(issue, version)  # what is sent from now on is an edit of this
        return True

    async def _forget(self, copy: Copy, title: str, report: PassReport) -> None:
        """Keep a copy in step no more; its messages, which went with its channel, are strays."""
        await self._ledger.copies.drop(copy.issue, copy.channel, copy.series)
        await self._ledger.issue_error(copy.issue, None, now=self._clock())
        report.done.append(f"{title}: its copy in channel {copy.channel} is forgotten: somebody deleted the channel")

    async def channel(self, channel: ChannelId) -> ChannelFacts:
        """Return what must be known of a channel, asked once until something changes; raise OutletError when the bot cannot see it."""
        if channel not in self._channels:
            self._channels[channel] = await self._outlet.describe(channel)
        return self._channels[channel]

    def forget_channels(self) -> None:
        """Ask Discord anew what must be known of each channel, once something changed: its kind, say."""
        self._channels.clear()

    async def guild(self, channel: ChannelId) -> GuildId | None:
        """Return the server of a channel, None when the bot cannot see it: then nobody has a say or a look because of it."""
        if told := self._outlet.server_of(channel):
            return told
        try:
            return (await self.channel(channel)).guild
        except OutletError as error:
            _LOG.warning("the server of channel %s is not known: %s", channel, error)
            return None

    def _tell(self, report: PassReport, title: str, outcome: Outcome, channel: ChannelId | None = None) -> None:
        report.requests += outcome.requests
        numbers = {"sent": outcome.sent, "edited": outcome.edited, "deleted": outcome.deleted, "published": outcome.published}
        said = ", ".join(f"{number} {what}" for what, number in numbers.items() if number)
        if said:
            report.done.append(f"{title}: {said}")
            _LOG.info("%s: %s", title, said)
        if outcome.waits_until:
            report.problems.append(
                f"{title}: the rest waits until {outcome.waits_until:%Y-%m-%d %H:%M} UTC, as Discord's limits ask."
            )
        if outcome.error:
            _failed(report, title, outcome.error, channel)

    async def _foretell(  # noqa: C901 - one case per operation
        self, name: str, found: Survey, report: PassReport
    ) -> None:
        """Say what a pass would do."""
        targets: list[tuple[Copy | None, str]] = []
        for path, decision in found.decisions.items():
            if decision.deliver:
                targets.append((None, path))
            elif not _is_noted(found.record(path), decision):
                report.done.append(f"{found.title(path)}: would be noted as {decision.state.value}: {why(decision.reason)}")
        copies = await self._copies(name, found, found.issues)
        targets += [(copy, path) for copy, path in copies if copy.shown is None or found.decisions[path].deliver]
        for copy, path in targets:
            title = found.title(path)
            rendered = await self._rendered(name, found.snapshot, path)
            for operation in await self._operations(name, found, path, rendered.posts, copy):
                match operation:
                    case Send(post=post):
                        report.done.append(f"{title}: would send {post.key}")
                    case Edit(post=post, message=message):
                        report.done.append(f"{title}: would edit message {message} ({post.key})")
                    case Delete(message=message):
                        report.done.append(f"{title}: would delete message {message}")
                    case Publish(message=message):
                        report.done.append(f"{title}: would publish message {message}")
                    case Rekey():
                        pass
        for issue in sorted(found.leaving):
            for receipt in await self._ledger.receipts.held(issue):
                report.done.append(f"{found.records[issue].title}: would delete message {receipt.message}")


def _failed(report: PassReport, title: str, error: UserError, channel: ChannelId | None) -> None:
    """Report what went wrong with an issue; a channel where the bot lacks a permission is left alone for the rest of the pass."""
    report.problems.append(f"{title}: {error}")
    # A text that cannot be read is its author's to mend: the same pass again would not.
    report.failed = report.failed or not isinstance(error, IssueError)
    if isinstance(error, SourceError | OutletError | MachineError) and (about := _in_trouble(error, channel)):
        report.troubles[about] = str(error)
    if channel is not None and isinstance(error, MissingPermissionsError):
        report.closed.add(channel)


def _in_trouble(error: UserError, channel: ChannelId | None) -> str:
    """Name what is in trouble when an error came of a channel; "" when it is one message alone."""
    match error:
        case SourceError():
            return SOURCE
        case OutletError(permanent=True):
            shut_out = isinstance(error, MissingPermissionsError) or error.status in {401, 403} or error.code == UNKNOWN_CHANNEL
            return "" if channel is None or not shut_out else channel_of(channel)
        case OutletError():
            return DISCORD
        case MachineError():
            return MACHINE
        case _:
            return STATE


def _shown(posts: Sequence[Post], record: IssueRecord | None) -> Sequence[Post]:
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


def _is_lost(error: UserError | None) -> bool:
    """Tell whether an error says that a channel is not there any more."""
    return isinstance(error, OutletError) and error.code == UNKNOWN_CHANNEL


def _is_noted(record: IssueRecord | None, decision: Decision) -> bool:
    """Tell whether the ledger says already what the policy says."""
    if record is None or not record.present:
        return False
    return (record.state, record.reason, record.until) == (decision.state, decision.reason, decision.until)


def _news_of_trouble(found: Survey) -> list[str]:
    """Say what a person should look at, once: when it comes up."""
    told = {State.BROKEN, State.UNSURE, State.WAITING}
    troubles = [
        f"{found.title(path)} ({path}): {why(decision.reason)}"
        for path, decision in found.decisions.items()
        if decision.state in told and not _is_noted(found.record(path), decision)
    ]
    broken = [
        f"{sighting.path}: {sighting.broken}. It is left as it was."
        for sighting in found.sightings
        if sighting.broken and found.decisions.get(sighting.path, _NOT_DECIDED).state is not State.BROKEN
    ]
    return troubles + broken


_COPY_CHANGED: Final = "its text changed after a moderator had confirmed a copy of it: use /repost again"
_NOT_DECIDED: Final = Decision(state=State.RETRACTED, reason=Reason(Code.TAKEN_BACK))
