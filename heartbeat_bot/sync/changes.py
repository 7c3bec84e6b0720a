"""What a pass finds before it does anything: which files are new or changed, who they are, and what is to become of each issue.

Only files whose path and bytes are not known are read, and only when there are such files (or doubts about others) is what is
known of all texts looked at: an unchanged pass costs the listing of the tree and one query.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from heartbeat_bot import __version__
from heartbeat_bot.config import NewsletterConfig
from heartbeat_bot.errors import IssueError, SourceError
from heartbeat_bot.faults import apart
from heartbeat_bot.identity.matching import Candidate, Fingerprint, Known, Resolution, are_plain_edits, identify
from heartbeat_bot.ids import IssueId
from heartbeat_bot.isolation.bounds import EndedError, TooMuchError
from heartbeat_bot.isolation.worker import Runner
from heartbeat_bot.issues.reading import read_head
from heartbeat_bot.sources.snapshot import BlobId, Snapshot
from heartbeat_bot.store.approval import text_of
from heartbeat_bot.store.copies import Copy
from heartbeat_bot.store.decisions import Code, Decision, Reason, State
from heartbeat_bot.store.ledger import NO_DUTIES, Duties, IssueRecord, Ledger, Sighting, instants
from heartbeat_bot.sync.policy import Facts, Removal, Rules, decide, decide_removals

_TITLE: Final = 500
"""Characters of a title that are kept: twice what an embed's title may have."""
_MOST_LINES: Final = 1_000_000
"""Lines of new and changed files that one pass compares: five thousand long issues."""

Reading = Callable[[int, int], None]
"""Is told how many files are read, and how many there are to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a pass found. Issues are named by their paths, since new ones have no number yet.

    ``seen`` is when what is new or changed came (UTC). ``missed`` are issues that the last pass saw and this one does not; ``leaving`` are those that are gone or taken back whose
    messages are to be deleted now, and ``farewells`` says why each of those that are gone has its messages still, or no more.
    """

    snapshot: Snapshot
    seen: datetime
    records: Mapping[IssueId, IssueRecord]
    issues: Mapping[str, IssueId | None]
    decisions: Mapping[str, Decision]
    sightings: tuple[Sighting, ...] = ()
    missed: frozenset[IssueId] = frozenset()
    absorbed: frozenset[IssueId] = frozenset()
    leaving: frozenset[IssueId] = frozenset()
    farewells: Mapping[IssueId, Reason] = field(default_factory=dict[IssueId, Reason])

    def record(self, path: str) -> IssueRecord | None:
        """Return what was known of a file's issue before this pass, None for a new one."""
        issue = self.issues[path]
        return None if issue is None else self.records.get(issue)

    def title(self, path: str) -> str:
        """Return a file's title, its path when nothing is known of it."""
        seen = next((sighting for sighting in self.sightings if sighting.path == path), None)
        if seen:
            return seen.title
        record = self.record(path)
        return record.title if record else path


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A newsletter's rules, at one time. ``rendering`` names how issues are rendered (see :func:`rendering_of`)."""

    rules: Rules
    retract: bool
    rendering: str
    always_look: bool
    last_pass: datetime | None
    first_run: bool
    now: datetime
    duties: Duties = NO_DUTIES


def policy_of(
    newsletter: NewsletterConfig,
    *,
    duties: Duties = NO_DUTIES,
    last_pass: datetime | None = None,
    first_run: bool,
    now: datetime,
) -> Policy:
    """Read a newsletter's rules out of its configuration; ``duties``: what moderators must approve; ``last_pass``: when it was done."""
    announce = newsletter.announce
    rules = Rules(
        hold=announce.hold,
        max_age=announce.max_age,
        max_new_per_pass=0 if duties.issues else announce.max_new_per_pass,
        edit_window=announce.edit_window,
        max_gone_per_pass=announce.max_new_per_pass,  # that every issue is approved says nothing of what goes
    )
    return Policy(
        rules=rules,
        retract=announce.on_remove == "retract",
        rendering=rendering_of(newsletter),
        # Pictures may change without their issue, so that only a look at them tells whether something is to be sent.
        always_look=newsletter.images.attach,
        last_pass=last_pass,
        first_run=first_run,
        now=now,
        duties=duties,
    )


def rendering_of(newsletter: NewsletterConfig) -> str:
    """Name the way in which this program renders the issues of a newsletter: equal names, equal messages for equal files."""
    announce = newsletter.announce
    patterns = [[pattern.pattern for pattern in newsletter.sections.skip]]
    settings = (newsletter.site_url, newsletter.issue_url, newsletter.images, patterns)
    told = repr((__version__, settings, announce.channel, announce.layout, announce.ping_role, announce.publish))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def at_path(rendering: str, path: str) -> str:
    """Name how the file at a path is rendered: its address may follow from its path."""
    return hashlib.sha256(f"{rendering}\0{path}".encode()).hexdigest()[:16]


def is_due(copy: Copy, record: IssueRecord, *, rendering: str, looked: bool, window: timedelta | None, now: datetime) -> bool:
    """Tell whether a copy is to be brought in step now, after its issue's announcement was; ``record`` is as that left it.

    A copy that is not whole is finished as long as its file can be read. One that is follows its announcement: when that was
    ``looked`` at, or shows the file as it would be rendered now (``rendering``), and stays as it is when that does, as with changes after the
    edit window. A copy of an issue that was never announced follows the file within the ``window`` after it was made.
    """
    if record.broken is not None or (record.announced_at is not None and record.shown is None):
        return False
    if copy.shown is None:
        return True
    wanted = (record.blob, rendering)
    if record.draft:
        return False
    if record.announced_at is None:
        return (copy.shown, copy.shown_as) != wanted and (window is None or now <= copy.created_at + window)
    if looked and record.shown == record.blob:
        return True
    return (record.shown, record.shown_as) == wanted != (copy.shown, copy.shown_as)


async def survey(name: str, ledger: Ledger, snapshot: Snapshot, policy: Policy, runner: Runner, reading: Reading) -> Survey:
    """Look at a snapshot of a newsletter. Raises SourceError when a file cannot be had, or there is too much to compare."""
    records = await ledger.records(name)
    at_home = {record.path: record for record in records.values() if record.present}
    changed = [path for path, blob in snapshot.files.items() if path not in at_home or at_home[path].blob != blob]
    sightings: dict[str, Sighting] = {}
    prints: dict[BlobId, Fingerprint] = {}
    lines = 0
    for number, path in enumerate(changed):
        reading(number + 1, len(changed))
        try:
            data = await snapshot.contents.read(path)
        except IssueError as error:
            # Too large to be loaded: nothing is known of its text.
            sightings[path] = _unreadable(path, snapshot, Fingerprint({}), at_home.get(path), error)
        else:
            known_text = snapshot.files[path] in prints
            sightings[path] = await _look(runner, path, data, snapshot, at_home.get(path), prints)
            lines += 0 if known_text else len(sightings[path].fingerprint.lines)
        if lines > _MOST_LINES:
            raise SourceError(
                f"{len(changed)} files are new or changed, and the first {number + 1} have more than {_MOST_LINES:,} lines, more than can "
                "be compared at once; narrow `paths` to the issues of this newsletter, or add them in several commits"
            )
    here: dict[str, IssueId | None] = {path: record.id for path, record in at_home.items() if path in snapshot.files}
    resolution = Resolution(issues=here, gone=frozenset(records) - frozenset(id_ for id_ in here.values() if id_))
    if _is_in_question(snapshot, sightings, at_home, records):
        known = await ledger.known(name, records)
        candidates = _candidates(snapshot, sightings, at_home, known)
        try:
            resolution = await runner.run(identify, known, candidates)
        except TooMuchError as error:
            raise SourceError(
                f"telling which file is which issue {error}: {len(candidates)} files with {len(known)} known issues are too many; "
                "narrow `paths` to the issues of this newsletter"
            ) from error
        sightings = _resolved(sightings, resolution, records, known)
    else:
        sightings = {path: replace(sighting, issue=here[path]) for path, sighting in sightings.items()}
    # Whoever commits sets the commit's time; what the last pass did not see came after it, whatever that time says.
    seen = min(policy.now, max(snapshot.time, policy.last_pass or snapshot.time))
    facts = {
        path: _facts(records.get(issue) if issue else None, sightings.get(path), policy, path, seen)
        for path, issue in resolution.issues.items()
    }
    decisions = decide(facts, policy.rules, now=policy.now, first_run=policy.first_run)
    decisions = {path: decision for path, decision in decisions.items() if not _taken_back(records, resolution.issues[path])}
    doubted = {doubt.issue for doubt in resolution.doubts.values()} | {
        record.doubt.issue for record in records.values() if record.doubt and record.doubtful and record.path in snapshot.files
    }
    holding = await ledger.holding(name) if resolution.gone or any(record.retracted_at for record in records.values()) else ()
    leaving, farewells = _removals(resolution.gone, records, policy, holding, doubted)
    return Survey(
        snapshot=snapshot,
        seen=seen,
        records=records,
        issues=resolution.issues,
        decisions=decisions,
        sightings=tuple(sightings.values()),
        missed=frozenset(issue for issue in resolution.gone if records[issue].present),
        absorbed=resolution.absorbed,
        leaving=leaving,
        farewells=farewells,
    )


def _is_in_question(
    snapshot: Snapshot,
    sightings: Mapping[str, Sighting],
    at_home: Mapping[str, IssueRecord],
    records: Mapping[IssueId, IssueRecord],
) -> bool:
    """Tell whether it takes a look at what is known of all texts to say who is who."""
    same_places = snapshot.files.keys() == at_home.keys()
    if not sightings and (same_places or not any(record.doubtful for record in records.values())):
        return False
    if not same_places or any(record.doubtful for record in at_home.values()):
        return True
    edits = [
        (_candidate(sighting, sighting.blob), at_home[path].explicit, at_home[path].title) for path, sighting in sightings.items()
    ]
    return not are_plain_edits(edits, [record.title for record in records.values()])


async def _look(
    runner: Runner,
    path: str,
    data: bytes,
    snapshot: Snapshot,
    before: IssueRecord | None,
    prints: dict[BlobId, Fingerprint],
) -> Sighting:
    """Read a file; one that is broken is known by its path, or by what it said before, and by its text.

    ``prints`` holds the fingerprints of the pass: a text at many paths has one.
    """
    fingerprint, blob = Fingerprint({}), snapshot.files[path]
    try:
        with apart(path):
            if blob not in prints:
                prints[blob] = await runner.run(_fingerprint, data)
            fingerprint = prints[blob]
            head = await runner.run(read_head, path, data)
    except IssueError as error:
        return _unreadable(path, snapshot, fingerprint, before, error)
    return Sighting(
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


def _unreadable(path: str, snapshot: Snapshot, fingerprint: Fingerprint, before: IssueRecord | None, error: IssueError) -> Sighting:
    place = f" (line {error.line})" if error.line else ""
    name = path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return Sighting(
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
    snapshot: Snapshot, sightings: Mapping[str, Sighting], at_home: Mapping[str, IssueRecord], known: Iterable[Known]
) -> list[Candidate]:
    prints = {issue.path: issue.fingerprint for issue in known if issue.doubtful}
    candidates: list[Candidate] = []
    for path, blob in snapshot.files.items():
        about = sightings.get(path) or at_home[path]
        fingerprint = about.fingerprint if isinstance(about, Sighting) else prints.get(path)
        candidates.append(_candidate(about, blob, fingerprint))
    return candidates


def _candidate(about: Sighting | IssueRecord, blob: BlobId, fingerprint: Fingerprint | None = None) -> Candidate:
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
    sightings: Mapping[str, Sighting], resolution: Resolution, records: Mapping[IssueId, IssueRecord], known: Iterable[Known]
) -> dict[str, Sighting]:
    """Return what is to be noted: files that were read, and files of doubtful issues about which something else is thought now."""
    resolved = {
        path: replace(sighting, issue=resolution.issues[path], doubt=resolution.doubts.get(path))
        for path, sighting in sightings.items()
    }
    for issue in known:
        path = issue.path
        if not issue.doubtful or path in sightings or path not in resolution.issues:
            continue
        record, doubt = records[issue.id], resolution.doubts.get(path)
        if resolution.issues[path] == issue.id and doubt == record.doubt:
            continue
        resolved[path] = Sighting(
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


def facts_of(record: IssueRecord, rendering: str, blob: BlobId | None = None, duties: Duties = NO_DUTIES) -> Facts:
    """Return what the policy needs to know; ``rendering`` names how it would be rendered now (see :meth:`Ledger.delivered`).

    ``blob`` is the text that is there now, when that is not the one that is known.
    """
    blob = blob or record.blob
    same_text = record.shown == blob
    return Facts(
        draft=record.draft,
        date=record.date,
        changed_at=record.changed_at,
        listed_at=record.listed_at,
        announced=record.announced_at is not None,
        baseline=record.baseline,
        too_old=record.state is State.TOO_OLD,
        waiting=record.state is State.WAITING,
        waiting_as_every_one=record.state is State.WAITING and record.reason.code is Code.EVERY_ISSUE,
        approved=record.approved_at is not None,
        on_hold=record.on_hold_at is not None,
        scheduled=record.scheduled_at,
        skipped=record.skipped_at is not None,
        broken=record.broken,
        doubt=record.doubt,
        announced_at=record.announced_at,
        delivered=record.shown is not None,
        current=same_text and record.shown_as == rendering,
        same_text=same_text,
        asked=record.asked_at is not None,
        other_than_approved=record.other_than_approved(blob),
        binding=record.approval_binds,
        cleared=not record.needs_approval(duties) or text_of(record.approved) == blob,
        declined=text_of(record.declined) == blob,
    )


def _facts(record: IssueRecord | None, sighting: Sighting | None, policy: Policy, path: str, seen: datetime) -> Facts:
    """Bring together what the ledger knows and what was read just now."""
    rendering = at_path(policy.rendering, path) if record is not None and record.announced_at else ""
    if sighting is None:
        assert record is not None, "a file that is not known was read"
        facts = facts_of(record, rendering, duties=policy.duties)
        return replace(facts, current=False) if policy.always_look and facts.current else facts
    now = instants(record, sighting, now=seen)
    base = (
        facts_of(record, rendering, sighting.blob, policy.duties)
        if record
        else Facts(draft=sighting.draft, date=sighting.date, changed_at=seen)
    )
    back = record is not None and not record.present
    same_text = record is not None and record.shown == sighting.blob
    return replace(
        base,
        draft=sighting.draft,
        date=sighting.date,
        changed_at=now.changed_at,
        listed_at=now.listed_at,
        too_old=base.too_old and not back,
        waiting=base.waiting and not back,
        broken=sighting.broken,
        doubt=sighting.doubt,
        same_text=same_text,
        current=same_text and record is not None and record.shown_as == rendering and not policy.always_look,
    )


def _taken_back(records: Mapping[IssueId, IssueRecord], issue: IssueId | None) -> bool:
    return issue is not None and records[issue].retracted_at is not None


def _removals(
    gone: Iterable[IssueId],
    records: Mapping[IssueId, IssueRecord],
    policy: Policy,
    holding: Iterable[IssueId],
    doubted: Iterable[IssueId | None],
) -> tuple[frozenset[IssueId], dict[IssueId, Reason]]:
    held, unsure = set(holding), set(doubted)
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
    leaving, farewells = decide_removals(removals, policy.rules, now=policy.now, retract=policy.retract)
    leaving |= {issue for issue in held if records[issue].retracted_at is not None}
    told = {
        issue: reason
        for issue, reason in farewells.items()
        if (issue in held or records[issue].present)
        and not (records[issue].state is State.GONE and records[issue].reason == reason)
    }
    return leaving, told
