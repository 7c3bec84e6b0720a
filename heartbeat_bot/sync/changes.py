"""What a pass finds before it does anything: which files are new or changed, who they are, and what is to become of each issue.

Only files whose path and bytes are not known are read, and only when there are such files (or doubts about others) is what is
known of all texts looked at: an unchanged pass costs the listing of the tree and one query.
"""

import hashlib
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from heartbeat_bot import __version__
from heartbeat_bot.config import AnnounceConfig, NewsletterConfig
from heartbeat_bot.errors import IssueError, SourceError
from heartbeat_bot.faults import apart
from heartbeat_bot.identity.evidence import Candidate, Known
from heartbeat_bot.identity.fingerprint import Fingerprint
from heartbeat_bot.identity.matching import Resolution, are_plain_edits, identify
from heartbeat_bot.ids import ChannelId, IssueId
from heartbeat_bot.isolation.bounds import EndedError, TooMuchError
from heartbeat_bot.isolation.worker import Runner
from heartbeat_bot.issues.model import DateOrder
from heartbeat_bot.issues.reading import read_head
from heartbeat_bot.sources.snapshot import BlobId, Snapshot
from heartbeat_bot.store.approval import text_of
from heartbeat_bot.store.decisions import Code, Decision, Reason, State
from heartbeat_bot.store.deliveries import Delivery, DeliveryId, DeliveryKind, Destination, DestinationId
from heartbeat_bot.store.issues import NO_DUTIES, Duties, IssueRecord, SourceFile, instants
from heartbeat_bot.store.store import Store
from heartbeat_bot.sync.policy import Facts, Removal, Rules, decide, decide_removals

_TITLE: Final = 500
"""Characters of a title that are kept: twice what an embed's title may have."""
_MOST_LINES: Final = 1_000_000
"""Lines of new and changed files that one pass compares: five thousand long issues."""

Reading = Callable[[int, int], None]
"""Is told how many files are read, and how many there are to read."""


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

    policy: "Policy"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A destination's rules, at one time. ``rendering`` names how issues are rendered (see :func:`rendering_of`)."""

    destination: Destination
    announce: AnnounceConfig
    rules: Rules
    retract: bool
    rendering: str
    dates: DateOrder | None
    always_look: bool
    last_pass: datetime | None
    first_run: bool
    now: datetime
    duties: Duties = NO_DUTIES


def policy_of(
    newsletter: NewsletterConfig,
    announce: AnnounceConfig,
    destination: Destination,
    *,
    duties: Duties = NO_DUTIES,
    last_pass: datetime | None = None,
    first_run: bool,
    now: datetime,
) -> Policy:
    """Read a destination's rules out of the configuration; ``duties``: what moderators must approve; ``last_pass``: when it was done."""
    rules = Rules(
        hold=announce.hold,
        max_age=announce.max_age,
        max_new_per_pass=0 if duties.issues else announce.max_new_per_pass,
        edit_window=announce.edit_window,
        max_gone_per_pass=announce.max_new_per_pass,  # that every issue is approved says nothing of what goes
    )
    return Policy(
        destination=destination,
        announce=announce,
        rules=rules,
        retract=announce.on_remove == "retract",
        rendering=rendering_of(newsletter, announce),
        dates=newsletter.dates,
        # Pictures may change without their issue, so that only a look at them tells whether something is to be sent.
        always_look=newsletter.images.attach,
        last_pass=last_pass,
        first_run=first_run,
        now=now,
        duties=duties,
    )


def rendering_of(newsletter: NewsletterConfig, announce: AnnounceConfig) -> str:
    """Name the way in which this program renders the issues of a newsletter somewhere: equal names, equal messages for equal files."""
    patterns = [[pattern.pattern for pattern in newsletter.sections.skip]]
    # Without a word about dates the name stays what it was before there was one.
    dates = [newsletter.dates] if newsletter.dates else []
    settings = (newsletter.site_url, newsletter.issue_url, newsletter.images, patterns, *dates)
    told = repr((__version__, settings, announce.channel, announce.layout, announce.ping_role, announce.publish))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def at_path(rendering: str, path: str) -> str:
    """Name how the file at a path is rendered: its address may follow from its path."""
    return hashlib.sha256(f"{rendering}\0{path}".encode()).hexdigest()[:16]


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


async def find_changes(
    name: str, store: Store, snapshot: Snapshot, policies: Sequence[Policy], runner: Runner, reading: Reading
) -> ChangeSet:
    """Look at a snapshot of a newsletter. Raises SourceError when a file cannot be had, or there is too much to compare."""
    records = await store.records(name)
    source_files, resolution = await _read(name, store, snapshot, records, runner, reading, policies[0].dates)
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
            path: _facts(records.get(issue) if issue else None, source_files.get(path), policy, path, seen)
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


async def _read(
    name: str,
    store: Store,
    snapshot: Snapshot,
    records: Mapping[IssueId, IssueRecord],
    runner: Runner,
    reading: Reading,
    dates: DateOrder | None,
) -> tuple[dict[str, SourceFile], Resolution]:
    """Read the files that are new or changed, and tell which file is which issue."""
    at_home = {record.path: record for record in records.values() if record.present}
    changed = [path for path, blob in snapshot.files.items() if path not in at_home or at_home[path].blob != blob]
    source_files: dict[str, SourceFile] = {}
    prints: dict[BlobId, Fingerprint] = {}
    lines = 0
    for number, path in enumerate(changed):
        reading(number + 1, len(changed))
        try:
            data = await snapshot.contents.read(path)
        except IssueError as error:
            # Too large to be loaded: nothing is known of its text.
            source_files[path] = _unreadable(path, snapshot, Fingerprint({}), at_home.get(path), error)
        else:
            known_text = snapshot.files[path] in prints
            source_files[path] = await _look(runner, path, data, snapshot, at_home.get(path), prints, dates)
            lines += 0 if known_text else len(source_files[path].fingerprint.lines)
        if lines > _MOST_LINES:
            raise SourceError(
                f"{len(changed)} files are new or changed, and the first {number + 1} have more than {_MOST_LINES:,} lines, more than can "
                "be compared at once; narrow `paths` to the issues of this newsletter, or add them in several commits"
            )
    here: dict[str, IssueId | None] = {path: record.id for path, record in at_home.items() if path in snapshot.files}
    resolution = Resolution(issues=here, gone=frozenset(records) - frozenset(id_ for id_ in here.values() if id_))
    if _is_in_question(snapshot, source_files, at_home, records):
        known = await store.known(name, records)
        candidates = _candidates(snapshot, source_files, at_home, known)
        try:
            resolution = await runner.run(identify, known, candidates)
        except TooMuchError as error:
            raise SourceError(
                f"telling which file is which issue {error}: {len(candidates)} files with {len(known)} known issues are too many; "
                "narrow `paths` to the issues of this newsletter"
            ) from error
        source_files = _resolved(source_files, resolution, records, known)
    else:
        source_files = {path: replace(source_file, issue=here[path]) for path, source_file in source_files.items()}
    return source_files, resolution


def _is_in_question(
    snapshot: Snapshot,
    source_files: Mapping[str, SourceFile],
    at_home: Mapping[str, IssueRecord],
    records: Mapping[IssueId, IssueRecord],
) -> bool:
    """Tell whether it takes a look at what is known of all texts to say who is who."""
    same_places = snapshot.files.keys() == at_home.keys()
    if not source_files and (same_places or not any(record.doubtful for record in records.values())):
        return False
    if not same_places or any(record.doubtful for record in at_home.values()):
        return True
    edits = [
        (_candidate(source_file, source_file.blob), at_home[path].explicit, at_home[path].title)
        for path, source_file in source_files.items()
    ]
    return not are_plain_edits(edits, [record.title for record in records.values()])


async def _look(
    runner: Runner,
    path: str,
    data: bytes,
    snapshot: Snapshot,
    before: IssueRecord | None,
    prints: dict[BlobId, Fingerprint],
    dates: DateOrder | None,
) -> SourceFile:
    """Read a file; one that is broken is known by its path, or by what it said before, and by its text.

    ``prints`` holds the fingerprints of the pass: a text at many paths has one.
    """
    fingerprint, blob = Fingerprint({}), snapshot.files[path]
    try:
        with apart(path):
            if blob not in prints:
                prints[blob] = await runner.run(_fingerprint, data)
            fingerprint = prints[blob]
            head = await runner.run(read_head, path, data, dates)
    except IssueError as error:
        return _unreadable(path, snapshot, fingerprint, before, error)
    return SourceFile(
        issue=None,
        explicit=head.explicit_id,
        path=path,
        slug=head.slug,
        title=head.title[:_TITLE],
        date=head.date,
        blob=blob,
        fingerprint=fingerprint,
        draft=head.draft,
    )


def _fingerprint(data: bytes) -> Fingerprint:
    return Fingerprint.of(data.decode("utf-8", "replace"))


def _unreadable(
    path: str, snapshot: Snapshot, fingerprint: Fingerprint, before: IssueRecord | None, error: IssueError
) -> SourceFile:
    place = f" (line {error.line})" if error.line else ""
    name = path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return SourceFile(
        issue=None,
        explicit=before.explicit if before else None,
        path=path,
        slug=before.slug if before else name,
        title=before.title if before else name,
        date=before.date if before else None,
        # What only this pass could not read is read again by the next one, as if it had changed.
        blob=BlobId("") if isinstance(error.__cause__, EndedError) else snapshot.files[path],
        fingerprint=fingerprint,
        draft=before.draft if before else False,
        broken=f"{error.reason}{place}",
    )


def _candidates(
    snapshot: Snapshot, source_files: Mapping[str, SourceFile], at_home: Mapping[str, IssueRecord], known: Iterable[Known]
) -> list[Candidate]:
    prints = {issue.path: issue.fingerprint for issue in known if issue.doubtful}
    candidates: list[Candidate] = []
    for path, blob in snapshot.files.items():
        about = source_files.get(path) or at_home[path]
        fingerprint = about.fingerprint if isinstance(about, SourceFile) else prints.get(path)
        candidates.append(_candidate(about, blob, fingerprint))
    return candidates


def _candidate(about: SourceFile | IssueRecord, blob: BlobId, fingerprint: Fingerprint | None = None) -> Candidate:
    return Candidate(
        explicit=about.explicit,
        path=about.path,
        blob=blob,
        slug=about.slug,
        title=about.title,
        date=about.date,
        fingerprint=fingerprint,
    )


def _resolved(
    source_files: Mapping[str, SourceFile], resolution: Resolution, records: Mapping[IssueId, IssueRecord], known: Iterable[Known]
) -> dict[str, SourceFile]:
    """Return what is to be noted: files that were read, and files of doubtful issues about which something else is thought now."""
    resolved = {
        path: replace(source_file, issue=resolution.issues[path], doubt=resolution.doubts.get(path))
        for path, source_file in source_files.items()
    }
    for issue in known:
        path = issue.path
        if not issue.doubtful or path in source_files or path not in resolution.issues:
            continue
        record, doubt = records[issue.id], resolution.doubts.get(path)
        if resolution.issues[path] == issue.id and doubt == record.doubt:
            continue
        resolved[path] = SourceFile(
            issue=resolution.issues[path],
            explicit=record.explicit,
            path=path,
            slug=record.slug,
            title=record.title,
            date=record.date,
            blob=record.blob,
            fingerprint=issue.fingerprint,
            draft=record.draft,
            broken=record.broken,
            doubt=doubt,
        )
    return resolved


def facts_of(
    record: IssueRecord, announcement: Delivery | None, rendering: str, blob: BlobId | None = None, duties: Duties = NO_DUTIES
) -> Facts:
    """Return what the policy needs to know of an issue in a destination, where ``announcement`` is what is known of it.

    ``rendering`` names how it would be rendered now (see :meth:`Deliveries.delivered`), and ``blob`` is the text that is there now, when that
    is not the one that is known.
    """
    blob = blob or record.blob
    here = announcement or _NOTHING_KNOWN
    same_text = here.shown == blob
    return Facts(
        draft=record.draft,
        date=record.date,
        changed_at=record.changed_at,
        listed_at=record.listed_at,
        announced=here.announced_at is not None,
        baseline=here.baseline,
        too_old=here.state is State.TOO_OLD,
        waiting=here.state is State.WAITING,
        waiting_as_every_one=here.state is State.WAITING and here.reason.code is Code.EVERY_ISSUE,
        approved=record.approved_at is not None,
        on_hold=record.on_hold_at is not None,
        scheduled=record.scheduled_at,
        skipped=record.skipped_at is not None,
        broken=record.broken,
        doubt=record.doubt,
        announced_at=here.announced_at,
        delivered=here.shown is not None,
        current=same_text and here.shown_as == rendering,
        same_text=same_text,
        asked=here.asked_at is not None,
        other_than_approved=record.other_than_approved(blob),
        binding=record.approval_binds,
        cleared=not record.needs_approval(duties) or text_of(record.approved) == blob,
        declined=text_of(record.declined) == blob,
    )


def _facts(record: IssueRecord | None, source_file: SourceFile | None, policy: Policy, path: str, seen: datetime) -> Facts:
    """Bring together what the store knows and what was read just now."""
    here = record.announcement(policy.destination.id) if record else None
    rendering = at_path(policy.rendering, path) if here is not None and here.announced_at else ""
    if source_file is None:
        assert record is not None, "a file that is not known was read"
        facts = facts_of(record, here, rendering, duties=policy.duties)
        facts = replace(facts, current=False) if policy.always_look and facts.current else facts
        return replace(facts, baseline=True) if _was_there(record, here, policy) else facts
    now = instants(record, source_file, now=seen)
    base = (
        facts_of(record, here, rendering, source_file.blob, policy.duties)
        if record
        else Facts(draft=source_file.draft, date=source_file.date, changed_at=seen)
    )
    back = record is not None and not record.present
    same_text = here is not None and here.shown == source_file.blob
    return replace(
        base,
        draft=source_file.draft,
        date=source_file.date,
        changed_at=now.changed_at,
        listed_at=now.listed_at,
        baseline=base.baseline or (record is not None and _was_there(record, here, policy)),
        too_old=base.too_old and not back,
        waiting=base.waiting and not back,
        broken=source_file.broken,
        doubt=source_file.doubt,
        same_text=same_text,
        current=same_text and here is not None and here.shown_as == rendering and not policy.always_look,
    )


def _was_there(record: IssueRecord, here: Delivery | None, policy: Policy) -> bool:
    """Tell whether an issue had been dealt with before its destination was added: it is known there, and what is still to come is news."""
    if policy.first_run or policy.destination.baseline_at is not None or (here is not None and here.announced_at is not None):
        return False
    return any(one.announced_at or one.baseline or one.state is State.TOO_OLD for one in record.announcements)


_NOTHING_KNOWN: Final = Delivery(
    id=DeliveryId(0),
    destination=DestinationId(0),
    issue=IssueId(0),
    kind=DeliveryKind.ANNOUNCEMENT,
    channel=ChannelId(0),
    created_at=datetime.min.replace(tzinfo=UTC),
)


def _taken_back(records: Mapping[IssueId, IssueRecord], issue: IssueId | None) -> bool:
    return issue is not None and records[issue].retracted_at is not None


def _removals(
    gone: Iterable[IssueId],
    records: Mapping[IssueId, IssueRecord],
    policy: Policy,
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


def _held(record: IssueRecord, policy: Policy, holding: Container[DeliveryId]) -> list[Delivery]:
    """Return what of an issue goes with its announcement in a destination and still has messages; reposts go with any of them.

    What a moderator took back goes from destinations that are declared no more, too.
    """
    mine = [one for one in record.announcements if record.retracted_at or one.destination == policy.destination.id]
    return [one for one in (*mine, *record.reposts) if one.id in holding]
