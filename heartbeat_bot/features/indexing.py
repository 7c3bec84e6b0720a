"""Keeps the archive in step with what the last pass saw: what was said is read once, and again when it was changed."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from heartbeat_bot.archive.archive import Archive
from heartbeat_bot.archive.catalog import KnownEntry
from heartbeat_bot.archive.entry import CatalogEntry
from heartbeat_bot.config import Config
from heartbeat_bot.errors import UserError
from heartbeat_bot.extract.items import Event, Job
from heartbeat_bot.policy.approval import is_same, version_of
from heartbeat_bot.rendering.post import PostKey
from heartbeat_bot.store.issues import Duties, IssueRecord
from heartbeat_bot.store.store import Store
from heartbeat_bot.sync.destinations import at_path, rendering_of
from heartbeat_bot.sync.renderer import Renderer

_LOG = logging.getLogger(__name__)


@dataclass(eq=False, kw_only=True, slots=True)
class Indexing:
    """Fills the archive."""

    config: Config
    store: Store
    archive: Archive
    renderer: Renderer
    duties: Duties
    unread: dict[str, int] = field(default_factory=dict[str, int])
    """How many issues of a newsletter the archive is still to read; one that is not in it has not been looked at since the start."""
    _read: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])
    """Of which commit, and at which revision of the store, all of a newsletter was read."""

    def is_filling(self, names: Iterable[str]) -> bool:
        """Tell whether the archive may lack issues of one of some newsletters because it has not read all of them yet."""
        return any(self.unread.get(name, 0 if self.archive.known(name) else 1) for name in names)

    async def settle(self) -> None:
        """Drop what the archive has of newsletters that are configured no more, and hide what members may not read (any more) of others.

        To be called once, on start, before anything is answered: a source may be away, and what was decided may be younger than the archive.
        """
        archive = self.archive
        for name in set(archive.newsletters()) - set(self.config.newsletters):
            await archive.remove(name, archive.known(name).keys())
        for name in self.config.newsletters:
            await self._follow_store(name, await self._records(name))

    async def _records(self, name: str) -> list[IssueRecord]:
        """Return the issues of which there are files, as far as is known: the source may not have been looked at yet."""
        snapshot = self.renderer.snapshots.get(name)
        records = (await self.store.records(name)).values()
        return [record for record in records if record.present and (snapshot is None or record.path in snapshot.files)]

    async def _follow_store(self, name: str, records: Sequence[IssueRecord]) -> None:
        """Let members see of what is kept only what the store says they may, whatever became of the files.

        A file's place may be another issue's now: what was kept of the one that stood there is nothing of the other.
        """
        archive = self.archive
        known = archive.known(name)
        readable = {record.path: record.readable(self.duties) for record in records}
        kept = [
            record
            for record in records
            if record.path in known
            and known[record.path].issue == record.id
            and (not self.duties.bind or known[record.path].blob == readable[record.path])
        ]
        await archive.remove(name, known.keys() - {record.path for record in kept})
        await archive.mark(name, {record.path: (record.id, readable[record.path] is not None) for record in kept})
        for record in kept:
            # Its file may say something else by now, or be a draft again: then it is not read anew, but what was taken back goes.
            shown_as = known[record.path].rendering
            taken_back = [key for key in record.withheld if f" {key} " not in f"{shown_as} "]
            entry = await archive.entry(name, record.path) if taken_back else None
            if entry:
                entry = replace(entry, rendering=" ".join([shown_as, *taken_back]))
                await archive.put(_shown(entry, record), issue=record.id, visible=readable[record.path] is not None)

    async def index(self, name: str) -> None:
        """Read what is new or changed in a newsletter since the archive last saw it, newest first.

        What members see is said by :meth:`IssueRecord.readable`. Of a text that was let through and stands in the source no more, the
        archive has what it had; when that is lost, members do not see the issue until a text of it is let through again.

        To be called after a pass. An issue that cannot be read, or is a draft again, stays as it was, or is left out.
        """
        snapshot = self.renderer.snapshots.get(name)
        seen = (snapshot.commit if snapshot else "", self.store.database.revision)
        # An archive that was damaged is a new one, which knows nothing.
        if self._read.get(name) == seen and self.archive.known(name) and not self.config.newsletters[name].images.attach:
            return
        records = await self._records(name)
        await self._follow_store(name, records)
        if snapshot is None:
            return
        newsletter = self.config.newsletters[name]
        rendering = rendering_of(newsletter, newsletter.announce)
        readable = {record.path: record.readable(self.duties) for record in records}
        known = self.archive.known(name)
        stale = [
            record
            for record in sorted(records, key=lambda record: str(record.date or ""), reverse=True)
            if not (record.broken or record.draft)
            and (not self.duties.bind or snapshot.files[record.path] == readable[record.path])
            and not _is_read(known.get(record.path), snapshot.files[record.path], _shown_as(rendering, record, self.duties))
        ]
        for number, record in enumerate(stale):
            self.unread[name] = len(stale) - number
            path, blob = record.path, snapshot.files[record.path]
            shown_as = _shown_as(rendering, record, self.duties)
            try:
                entry = await self.renderer.entry(name, snapshot, path, rendering=shown_as)
            except UserError as error:
                _LOG.warning("%s is not in the archive: %s", path, error)
                seen = ("", 0)
                continue
            if self.duties.bind and not is_same(record.approved, version_of(blob, entry.parts, entry)):
                continue  # its pictures, or what its path says, are not what was let through
            await self.archive.put(_shown(entry, record), issue=record.id, visible=readable[path] is not None)
        self.unread[name] = 0
        self._read[name] = seen


def _is_read(kept: KnownEntry | None, blob: str, shown_as: str) -> bool:
    return kept is not None and (kept.blob, kept.rendering) == (blob, shown_as)


def _shown_as(rendering: str, record: IssueRecord, duties: Duties) -> str:
    """Name how an issue is shown to members: rendered so, with the pictures that were let through, and without these sections."""
    pictures = [record.approved or ""] if duties.bind else []
    return " ".join([at_path(rendering, record.path), *pictures, *record.withheld])


def _shown(entry: CatalogEntry, record: IssueRecord) -> CatalogEntry:
    """Leave out the sections that a moderator took back."""
    if not record.withheld:
        return entry
    return replace(
        entry,
        parts=tuple(part for part in entry.parts if record.shows(PostKey(part.key))),
        events=tuple(event for event in entry.events if _is_shown(event, record)),
        jobs=tuple(job for job in entry.jobs if _is_shown(job, record)),
    )


def _is_shown(item: Event | Job, record: IssueRecord) -> bool:
    """Tell whether an event or a job stands in no section that was taken back: of one whose section is not known, nobody can say."""
    return item.post is not None and record.shows(PostKey(item.post))
