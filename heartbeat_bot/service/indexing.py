"""Keeps the archive in step with what the last pass saw: what was said is read once, and again when it was changed."""

import logging
from dataclasses import replace

from heartbeat_bot.archive.entry import Entry
from heartbeat_bot.archive.shelf import Kept
from heartbeat_bot.delivery.approval import is_same, version_of
from heartbeat_bot.delivery.ledger import IssueRecord
from heartbeat_bot.delivery.survey import at_path, rendering_of
from heartbeat_bot.errors import UserError
from heartbeat_bot.messages.post import PostKey
from heartbeat_bot.pictures import entry_from
from heartbeat_bot.service.desk import Desk

_LOG = logging.getLogger(__name__)


class Indexing:
    """Fills the archive."""

    def __init__(self, desk: Desk) -> None:
        """Write to the archive on the desk."""
        self._desk = desk

    async def forget_others(self) -> None:
        """Drop what the archive has of newsletters that are configured no more. To be called once, on start."""
        archive = self._desk.archive
        for name in set(archive.newsletters()) - set(self._desk.names()):
            await archive.remove(name, archive.known(name).keys())

    async def index(self, name: str) -> None:
        """Read what is new or changed in a newsletter since the archive last saw it, newest first.

        What members see is said by :meth:`IssueRecord.readable`. Of a text that was let through and stands in the source no more, the
        archive has what it had; when that is lost, members do not see the issue until a text of it is let through again.

        To be called after a pass. An issue that cannot be read, or is a draft again, stays as it was, or is left out.
        """
        desk = self._desk
        snapshot = desk.passes.snapshots.get(name)
        if snapshot is None:
            return
        newsletter = desk.config.newsletters[name]
        rendering = rendering_of(newsletter)
        records = [
            record for record in (await desk.ledger.records(name)).values() if record.path in snapshot.files and record.present
        ]
        known = desk.archive.known(name)
        # What members may read of each: the text of now, or the one that was let through, for as long as the archive has it.
        readable = {record.path: record.readable(desk.passes.duties) for record in records}
        kept = {
            record.path
            for record in records
            if record.path in known and (not desk.is_bound or known[record.path].blob == readable[record.path])
        }
        await desk.archive.remove(name, known.keys() - kept)
        await desk.archive.mark(
            name, {record.path: (record.id, readable[record.path] is not None) for record in records if record.path in kept}
        )
        known = {path: known[path] for path in kept}
        stale = [
            record
            for record in sorted(records, key=lambda record: str(record.date or ""), reverse=True)
            if not (record.broken or record.draft)
            and (not desk.is_bound or snapshot.files[record.path] == readable[record.path])
            and not _is_read(known.get(record.path), snapshot.files[record.path], _shown_as(rendering, record, desk))
        ]
        for number, record in enumerate(stale):
            desk.unread[name] = len(stale) - number
            path, blob = record.path, snapshot.files[record.path]
            shown_as = _shown_as(rendering, record, desk)
            try:
                data = await snapshot.contents.read(path)
                entry = await entry_from(
                    desk.passes.runner, snapshot.contents, path, data, newsletter, name=name, blob=blob, rendering=shown_as
                )
            except UserError as error:
                _LOG.warning("%s is not in the archive: %s", path, error)
                continue
            if desk.is_bound and not is_same(record.approved, version_of(blob, entry.parts, entry)):
                continue  # its pictures, or what its path says, are not what was let through
            await desk.archive.put(_shown(entry, record), issue=record.id, visible=readable[path] is not None)
        desk.unread[name] = 0


def _is_read(kept: Kept | None, blob: str, shown_as: str) -> bool:
    return kept is not None and (kept.blob, kept.rendering) == (blob, shown_as)


def _shown_as(rendering: str, record: IssueRecord, desk: Desk) -> str:
    """Name how an issue is shown to members: rendered so, with the pictures that were let through, and without these sections."""
    pictures = [record.approved or ""] if desk.is_bound else []
    return " ".join([at_path(rendering, record.path), *pictures, *record.withheld])


def _shown(entry: Entry, record: IssueRecord) -> Entry:
    """Leave out the sections that a moderator took back."""
    if not record.withheld:
        return entry
    hidden = {part.title for part in entry.parts if not record.shows(PostKey(part.key))}
    return replace(
        entry,
        parts=tuple(part for part in entry.parts if record.shows(PostKey(part.key))),
        events=tuple(event for event in entry.events if event.section not in hidden),
        jobs=tuple(job for job in entry.jobs if job.section not in hidden),
    )
