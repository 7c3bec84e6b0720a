"""Reads the files of a snapshot that are new or changed, and tells which file is which issue."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from heartbeat_bot.errors import IssueError, SourceError
from heartbeat_bot.faults import isolate_faults
from heartbeat_bot.identity.evidence import Candidate, Known
from heartbeat_bot.identity.fingerprint import Fingerprint
from heartbeat_bot.identity.matching import Resolution, are_plain_edits, identify
from heartbeat_bot.ids import IssueId
from heartbeat_bot.isolation.bounds import EndedError, TooMuchError
from heartbeat_bot.isolation.named import NamedFunction
from heartbeat_bot.isolation.worker import Runner
from heartbeat_bot.issues.model import DateOrder, Head
from heartbeat_bot.sources.snapshot import BlobId, Snapshot
from heartbeat_bot.store.issues import IssueRecord, SourceFile
from heartbeat_bot.store.store import Store

_READ_HEAD: Final = NamedFunction[[str, bytes, DateOrder | None], Head]("heartbeat_bot.issues.reading:read_head")
_TITLE: Final = 500
"""Characters of a title that are kept: twice what an embed's title may have."""
_MOST_LINES: Final = 1_000_000
"""Lines of new and changed files that one pass compares: five thousand long issues."""

Reading = Callable[[int, int], None]
"""Is told how many files are read, and how many there are to read."""


async def read_changes(
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
        with isolate_faults(path):
            if blob not in prints:
                prints[blob] = await runner.run(_fingerprint, data)
            fingerprint = prints[blob]
            head = await runner.run(_READ_HEAD, path, data, dates)
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
