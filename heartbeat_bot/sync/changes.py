"""What a pass finds before it does anything: which files are new or changed, who they are, and what is to become of each issue.

Only files whose path and bytes are not known are read, and only when there are such files (or doubts about others) is what is
known of all texts looked at: an unchanged pass costs the listing of the tree and one query.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from heartbeat_bot.ids import IssueId
from heartbeat_bot.isolation.worker import Runner
from heartbeat_bot.policy.decisions import Decision, Reason, State
from heartbeat_bot.policy.policy import Removal, decide, decide_removals
from heartbeat_bot.sources.snapshot import Snapshot
from heartbeat_bot.store.deliveries import Delivery, DeliveryId
from heartbeat_bot.store.destinations import Destination
from heartbeat_bot.store.issues import IssueRecord, SourceFile
from heartbeat_bot.store.store import Store
from heartbeat_bot.sync.destinations import DestinationPolicy
from heartbeat_bot.sync.facts import facts_now
from heartbeat_bot.sync.identification import Reading, read_changes


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSet:
    """What a pass found. Issues are named by their paths, since new ones have no number yet.

    ``seen`` is when what is new or changed came (UTC). ``missed`` are issues that the last pass saw and this one does not; ``places`` is what
    the policy says in each destination.
    """

    snapshot: Snapshot
    seen: datetime
    records: Mapping[IssueId, IssueRecord]
    issues: Mapping[str, IssueId | None]
    places: tuple["DestinationChanges", ...]
    source_files: tuple[SourceFile, ...] = ()
    missed: frozenset[IssueId] = frozenset()
    absorbed: frozenset[IssueId] = frozenset()

    def record(self, path: str) -> IssueRecord | None:
        """Return what was known of a file's issue before this pass, None for a new one."""
        issue = self.issues[path]
        return None if issue is None else self.records.get(issue)

    def asks(self, path: str) -> bool:
        """Tell whether moderators must say something about a file's text for any of the destinations."""
        return any(path in place.decisions and place.decisions[path].asks for place in self.places)

    def title(self, path: str) -> str:
        """Return a file's title, its path when nothing is known of it."""
        seen = next((source_file for source_file in self.source_files if source_file.path == path), None)
        if seen:
            return seen.title
        record = self.record(path)
        return record.title if record else path


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationChanges:
    """What the policy says in one destination: of each issue that is there, and of those that are gone or taken back.

    ``leaving`` are the deliveries whose messages are to be deleted now, and ``removal_reasons`` says of issues that are gone what becomes of their
    messages.
    """

    policy: DestinationPolicy
    decisions: Mapping[str, Decision]
    leaving: tuple[Delivery, ...] = ()
    removal_reasons: Mapping[IssueId, Reason] = field(default_factory=dict[IssueId, Reason])

    @property
    def destination(self) -> Destination:
        """Where that is."""
        return self.policy.destination

    def announcement(self, record: IssueRecord | None) -> Delivery | None:
        """Return what is known of an issue's announcement here, None when nothing is."""
        return record.announcement(self.destination.id) if record else None

    def is_noted(self, path: str, record: IssueRecord | None) -> bool:
        """Tell whether the store says already what the policy says of a file's issue here; ``record`` is what it knows of that."""
        here = self.announcement(record)
        if record is None or here is None or not record.present:
            return False
        decision = self.decisions[path]
        return (here.state, here.reason, here.until) == (decision.state, decision.reason, decision.until)


async def find_changes(
    name: str, store: Store, snapshot: Snapshot, policies: Sequence[DestinationPolicy], runner: Runner, reading: Reading
) -> ChangeSet:
    """Look at a snapshot of a newsletter. Raises SourceError when a file cannot be had, or there is too much to compare."""
    records = await store.records(name)
    source_files, resolution = await read_changes(name, store, snapshot, records, runner, reading, policies[0].dates)
    # Whoever commits sets the commit's time; what the last pass did not see came after it, whatever that time says.
    now, last_pass = policies[0].now, policies[0].last_pass
    seen = min(now, max(snapshot.time, last_pass or snapshot.time))
    doubted = {doubt.issue for doubt in resolution.doubts.values()} | {
        record.doubt.issue for record in records.values() if record.doubt and record.doubtful and record.path in snapshot.files
    }
    holding: frozenset[DeliveryId] = frozenset()
    if resolution.gone or any(record.retracted_at for record in records.values()):
        holding = await store.holding(name)
    places: list[DestinationChanges] = []
    for policy in policies:
        facts = {
            path: facts_now(records.get(issue) if issue else None, source_files.get(path), policy, path, seen)
            for path, issue in resolution.issues.items()
        }
        decisions = decide(facts, policy.rules, now=policy.now, first_run=policy.first_run)
        leaving, removal_reasons = _removals(resolution.gone, records, policy, holding, doubted)
        places.append(
            DestinationChanges(
                policy=policy,
                decisions={
                    path: decision for path, decision in decisions.items() if not _taken_back(records, resolution.issues[path])
                },
                leaving=leaving,
                removal_reasons=removal_reasons,
            )
        )
    return ChangeSet(
        snapshot=snapshot,
        seen=seen,
        records=records,
        issues=resolution.issues,
        places=tuple(places),
        source_files=tuple(source_files.values()),
        missed=frozenset(issue for issue in resolution.gone if records[issue].present),
        absorbed=resolution.absorbed,
    )


def _taken_back(records: Mapping[IssueId, IssueRecord], issue: IssueId | None) -> bool:
    return issue is not None and records[issue].retracted_at is not None


def _removals(
    gone: Iterable[IssueId],
    records: Mapping[IssueId, IssueRecord],
    policy: DestinationPolicy,
    holding: Container[DeliveryId],
    doubted: Iterable[IssueId | None],
) -> tuple[tuple[Delivery, ...], dict[IssueId, Reason]]:
    """Return which deliveries' messages are to be deleted now, and why those of issues that are gone are as they are."""
    lost = [*gone, *(issue for issue, record in records.items() if record.retracted_at)]
    held = {issue: found for issue in lost if (found := _held(records[issue], policy, holding))}
    unsure = set(doubted)
    removals = {
        issue: Removal(
            gone_at=records[issue].gone_at or policy.now,
            confirmed=not records[issue].present,
            shown=issue in held,
            doubted=issue in unsure,
            taken_back=records[issue].retracted_at is not None,
        )
        for issue in gone
    }
    leaving, removal_reasons = decide_removals(removals, policy.rules, now=policy.now, retract=policy.retract)
    leaving |= {issue for issue in held if records[issue].retracted_at is not None}
    told: dict[IssueId, Reason] = {}
    for issue, reason in removal_reasons.items():
        here = records[issue].announcement(policy.destination.id)
        noted = here is not None and here.state is State.GONE and here.reason == reason
        if (issue in held or records[issue].present) and not noted:
            told[issue] = reason
    return tuple(one for issue in sorted(leaving) for one in held.get(issue, ())), told


def _held(record: IssueRecord, policy: DestinationPolicy, holding: Container[DeliveryId]) -> list[Delivery]:
    """Return what of an issue goes with its announcement in a destination and still has messages; reposts go with any of them.

    What a moderator took back goes from destinations that are declared no more, too.
    """
    mine = [one for one in record.announcements if record.retracted_at or one.destination == policy.destination.id]
    return [one for one in (*mine, *record.reposts) if one.id in holding]
