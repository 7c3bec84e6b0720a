"""What a person, or the clock, may ask for: a pass over a newsletter, its status, its archive."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from heartbeat_bot.config import Config
from heartbeat_bot.delivery.gate import Facts, Rules, Ruling, Verdict, judge
from heartbeat_bot.delivery.identity import Candidate, Fingerprint, IssueId, Resolution, identify
from heartbeat_bot.delivery.ledger import Clock, IssueRecord, Ledger, Sighting, open_ledger
from heartbeat_bot.delivery.outlet import ChannelFacts, DiscordOutlet
from heartbeat_bot.delivery.plan import ChannelId, Delete, Edit, Publish, Rekey, Send, plan
from heartbeat_bot.delivery.publisher import Outcome, Publisher, Step
from heartbeat_bot.delivery.schema import State
from heartbeat_bot.errors import IssueError, SourceError, UserError
from heartbeat_bot.issues.model import Issue
from heartbeat_bot.issues.reading import read_issue
from heartbeat_bot.messages.post import Post
from heartbeat_bot.rendering import attached_pictures, render_issue
from heartbeat_bot.sources.snapshot import Snapshot, Source

_LOG = logging.getLogger(__name__)

Progress = Callable[[str, int, int], None]
"""Is told what is being done, how much of it is done, and how much there is."""


@dataclass(slots=True)
class PassReport:
    """What a pass over one newsletter did, in sentences."""

    newsletter: str
    done: list[str] = field(default_factory=list[str])
    problems: list[str] = field(default_factory=list[str])
    failed: bool = False
    requests: int = 0

    def lines(self) -> list[str]:
        """Return the report for a terminal."""
        return [f"{self.newsletter}: {line}" for line in (*self.done, *self.problems)] or [f"{self.newsletter}: nothing to do"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Survey:
    """What a pass found before it did anything: files read anew, who is who, and what the gate says, by path."""

    snapshot: Snapshot
    read: Mapping[str, Issue]
    sightings: tuple[Sighting, ...]
    resolution: Resolution
    records: Mapping[IssueId, IssueRecord]
    rulings: Mapping[str, Ruling]


class Service:
    """Passes over the newsletters of a configuration. One pass of a newsletter runs at a time."""

    def __init__(
        self,
        *,
        config: Config,
        ledger: Ledger,
        outlet: DiscordOutlet,
        sources: Mapping[str, Source],
        clock: Clock,
        progress: Progress,
    ) -> None:
        """Bring together what was opened elsewhere; ``clock`` tells the time for every rule."""
        self._config = config
        self._ledger = ledger
        self._outlet = outlet
        self._sources = sources
        self._clock = clock
        self._progress = progress
        self._publisher = Publisher(ledger, outlet, clock=clock)
        self._channels: dict[int, ChannelFacts] = {}

    async def settle(self) -> None:
        """Settle what an earlier run left unfinished. To be called once, before any pass."""
        for error in await self._publisher.settle():
            _LOG.warning("%s", error)

    async def sync(self, name: str, *, dry_run: bool = False) -> PassReport:
        """Make one pass over a newsletter. What goes wrong stands in the report, and is tried again by the next pass."""
        report = PassReport(newsletter=name)
        try:
            survey = await self._survey(name, report)
        except SourceError as error:
            report.problems.append(str(error))
            report.failed = True
            if not dry_run:
                await self._ledger.pass_failed(name, error=str(error), now=self._clock())
            return report
        if dry_run:
            await self._foretell(name, survey, report)
            return report
        ids = await self._note(name, survey)
        for path, ruling in survey.rulings.items():
            if ruling.verdict in {Verdict.ANNOUNCE, Verdict.ANNOUNCED}:
                await self._deliver(name, survey, path, ids.get(path) or survey.resolution.issues[path], report)
        for record in await self._ledger.issues(name):
            if record.state in {State.GONE, State.RETRACTED} and self._gone_for_good(name, record):
                outcome = await self._publisher.withdraw(record.id)
                self._tell(report, record.title, outcome)
        await self._ledger.pass_done(name, commit=survey.snapshot.commit, now=self._clock())
        return report

    def _gone_for_good(self, name: str, record: IssueRecord) -> bool:
        """Tell whether messages may go: a file that went away a moment ago may come back, so they stay for as long as `hold`."""
        hold = self._config.newsletters[name].announce.hold
        return bool(record.receipts) and (record.state is State.RETRACTED or self._clock() >= record.changed_at + hold)

    async def _survey(self, name: str, report: PassReport) -> _Survey:
        newsletter = self._config.newsletters[name]
        snapshot = await self._sources[name].snapshot()
        records = {record.id: record for record in await self._ledger.issues(name)}
        known = await self._ledger.known(name)
        current = {record.path: record for record in records.values() if record.state is not State.GONE}
        read: dict[str, Issue] = {}
        candidates: list[Candidate] = []
        sightings: dict[str, Sighting] = {}
        for number, (path, blob) in enumerate(snapshot.files.items()):
            self._progress(f"reading {name}", number + 1, len(snapshot.files))
            before = current.get(path)
            if before and before.blob == blob:
                candidates.append(Candidate(explicit=before.explicit, path=path, blob=blob, slug=before.slug))
                continue
            data = await snapshot.contents.read(path)
            try:
                issue = await asyncio.to_thread(read_issue, path, data)
            except IssueError as error:
                report.problems.append(f"{error}. It is left as it was.")
                if before:
                    candidates.append(Candidate(explicit=before.explicit, path=path, blob=before.blob, slug=before.slug))
                continue
            read[path] = issue
            fingerprint = Fingerprint.of(data.decode("utf-8", "replace"))
            candidates.append(Candidate(explicit=issue.explicit_id, path=path, blob=blob, slug=issue.slug, fingerprint=fingerprint))
            sightings[path] = Sighting(
                issue=None,
                explicit=issue.explicit_id,
                path=path,
                slug=issue.slug,
                title=issue.title,
                date=issue.date,
                blob=blob,
                fingerprint=fingerprint,
            )
        resolution = identify(known, candidates)
        report.problems += [
            f"{path} repeats the id of {other} and is taken for a copy of it." for path, other in resolution.twins.items()
        ]
        kept = tuple(
            replace(sighting, issue=resolution.issues[path]) for path, sighting in sightings.items() if path in resolution.issues
        )
        rested = min(self._clock(), snapshot.time)
        facts = {
            path: _facts(records.get(issue) if issue else None, read.get(path), snapshot, path, rested)
            for path, issue in resolution.issues.items()
        }
        approval = self._config.moderation.approval
        rules = Rules(
            hold=newsletter.announce.hold,
            max_age=newsletter.announce.max_age,
            max_new_per_pass=0 if approval else newsletter.announce.max_new_per_pass,
        )
        first = (await self._ledger.newsletter(name)).baseline_at is None
        rulings = judge(facts, rules, now=self._clock(), first_run=first)
        retracted = {id_ for id_, record in records.items() if record.retracted_at}
        rulings = {path: ruling for path, ruling in rulings.items() if resolution.issues[path] not in retracted}
        return _Survey(snapshot=snapshot, read=read, sightings=kept, resolution=resolution, records=records, rulings=rulings)

    async def _note(self, name: str, survey: _Survey) -> dict[str, IssueId]:
        gone = {id_ for id_ in survey.resolution.gone if survey.records[id_].state is not State.GONE}
        seen = min(self._clock(), survey.snapshot.time)
        ids = await self._ledger.record(name, survey.sightings, gone=gone, now=seen)
        ids |= {path: id_ for path, id_ in survey.resolution.issues.items() if id_ is not None}
        await self._ledger.rule({ids[path]: ruling for path, ruling in survey.rulings.items()})
        return ids

    async def _posts(self, name: str, survey: _Survey, path: str) -> tuple[Post, ...]:
        newsletter = self._config.newsletters[name]
        issue = survey.read.get(path)
        if issue is None:
            data = await survey.snapshot.contents.read(path)
            issue = await asyncio.to_thread(read_issue, path, data)
        files = (await attached_pictures(issue, survey.snapshot.contents))[0] if newsletter.images.attach else None
        preview = await asyncio.to_thread(render_issue, issue, newsletter, files=files)
        return preview.composition.posts

    async def _deliver(self, name: str, survey: _Survey, path: str, issue: IssueId | None, report: PassReport) -> None:
        assert issue is not None, "an issue that was recorded has a number"
        newsletter = self._config.newsletters[name]
        title = survey.read[path].title if path in survey.read else survey.records[issue].title

        def progress(step: Step) -> None:
            self._progress(f"posting {title}", step.number, step.total)

        try:
            posts = await self._posts(name, survey, path)
            channel = ChannelId(newsletter.announce.channel)
            facts = await self._channel(channel)
            outcome = await self._publisher.bring_in_step(
                issue,
                guild=facts.guild,
                channel=channel,
                posts=posts,
                publish=newsletter.announce.publish and facts.announcement,
                read_file=survey.snapshot.contents.read,
                progress=progress,
            )
        except UserError as error:
            report.problems.append(f"{title}: {error}")
            report.failed = True
            await self._ledger.issue_error(issue, str(error), now=self._clock())
            return
        self._tell(report, title, outcome)

    async def _channel(self, channel: ChannelId) -> ChannelFacts:
        if channel not in self._channels:
            self._channels[channel] = await self._outlet.describe(channel)
        return self._channels[channel]

    def _tell(self, report: PassReport, title: str, outcome: Outcome) -> None:
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
            report.problems.append(f"{title}: {outcome.error}")
            report.failed = True

    async def _foretell(  # noqa: C901 - one case per operation
        self, name: str, survey: _Survey, report: PassReport
    ) -> None:
        """Say what a pass would do."""
        newsletter = self._config.newsletters[name]
        channel = ChannelId(newsletter.announce.channel)
        for path, ruling in survey.rulings.items():
            id_ = survey.resolution.issues[path]
            record = survey.records.get(id_) if id_ else None
            title = survey.read[path].title if path in survey.read else record.title if record else path
            if ruling.verdict not in {Verdict.ANNOUNCE, Verdict.ANNOUNCED}:
                if record is None or record.state.value != ruling.verdict.value:
                    report.done.append(f"{title}: would be noted as {ruling.verdict.value}: {ruling.why}")
                continue
            facts = await self._channel(channel)
            held = [receipt.held() for receipt in record.receipts if receipt.channel == channel] if record else []
            publish = newsletter.announce.publish and facts.announcement
            posts = await self._posts(name, survey, path)
            for operation in plan(posts, held, guild=facts.guild, channel=channel, publish=publish):
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
        for id_ in survey.resolution.gone:
            record = survey.records[id_]
            report.done += [f"{record.title}: would delete message {receipt.message}" for receipt in record.receipts]


def _facts(record: IssueRecord | None, issue: Issue | None, snapshot: Snapshot, path: str, rested: datetime) -> Facts:
    """Bring together what the ledger knows and what was read just now."""
    if record is None:
        assert issue is not None, "a file that is not known was read"
        return Facts(draft=issue.draft, date=issue.date, changed_at=rested)
    if issue is None:
        return record.facts(draft=record.state is State.DRAFT)
    facts = record.facts(draft=issue.draft)
    changed = rested if record.blob != snapshot.files[path] else facts.changed_at
    return replace(facts, date=issue.date, changed_at=changed)


# -- what operators see ---------------------------------------------------------------------------------------------------


async def status_json(config: Config) -> dict[str, Any]:
    """Return newsletters, last passes, unfinished intents, and what waits and why. Instants are ISO 8601 in UTC."""
    from heartbeat_bot.delivery.ledger import system_clock  # noqa: PLC0415

    async with open_ledger(config.state, read_only=True) as ledger:
        seen = {newsletter.name: newsletter for newsletter in await ledger.newsletters()}
        entries: list[dict[str, Any]] = []
        for name in config.newsletters:
            issues = await ledger.issues(name)
            announced = sorted(
                (issue for issue in issues if issue.announced_at), key=lambda issue: str(issue.announced_at), reverse=True
            )
            newsletter = seen.get(name)
            waiting = {State.WAITING, State.HELD, State.FUTURE, State.DRAFT, State.ANNOUNCE}
            entries.append(
                {
                    "name": name,
                    "last_pass": _iso(newsletter.last_pass_at if newsletter else None),
                    "commit": newsletter.commit if newsletter else None,
                    "error": newsletter.error if newsletter else None,
                    "last_issue": {"title": announced[0].title, "announced": _iso(announced[0].announced_at)}
                    if announced
                    else None,
                    "waiting": [
                        {"title": issue.title, "state": issue.state.value, "reason": issue.reason, "until": _iso(issue.until)}
                        for issue in issues
                        if issue.state in waiting
                    ],
                    "errors": [{"title": issue.title, "error": issue.error} for issue in issues if issue.error],
                }
            )
        unfinished = [
            {
                "kind": intent.draft.kind.value,
                "key": intent.draft.key or None,
                "channel": str(intent.draft.channel),
                "since": _iso(intent.created_at),
            }
            for intent in await ledger.receipts.unfinished()
        ]
        waits = await ledger.receipts.waits(now=system_clock())
        publishing = [
            {
                "newsletter": wait.newsletter,
                "title": wait.title,
                "channel": str(wait.channel),
                "messages": 1,
                "until": _iso(wait.until),
            }
            for wait in waits
        ]
    return {"newsletters": entries, "unfinished": unfinished, "publishing": publishing}


async def archive_json(config: Config) -> list[dict[str, Any]]:
    """Return every known issue with its state and receipts."""
    async with open_ledger(config.state, read_only=True) as ledger:
        return [
            {
                "id": issue.id,
                "newsletter": issue.newsletter,
                "path": issue.path,
                "slug": issue.slug,
                "title": issue.title,
                "date": issue.date.isoformat() if issue.date else None,
                "state": issue.state.value,
                "reason": issue.reason,
                "announced": _iso(issue.announced_at),
                "receipts": [
                    {
                        "key": receipt.key,
                        "channel": str(receipt.channel),
                        "message": str(receipt.message),
                        "published": receipt.published_at is not None,
                    }
                    for receipt in issue.receipts
                ],
            }
            for issue in await ledger.issues()
        ]


def _iso(when: datetime | None) -> str | None:
    return None if when is None else when.isoformat(timespec="seconds").replace("+00:00", "Z")
