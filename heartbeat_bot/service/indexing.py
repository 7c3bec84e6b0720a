"""Keeps the archive in step with what the last pass saw: what was said is read once, and again when it was changed."""

import logging
from dataclasses import replace

from heartbeat_bot.archive.entry import Entry
from heartbeat_bot.archive.shelf import Kept
from heartbeat_bot.delivery.ledger import IssueRecord
from heartbeat_bot.delivery.schema import OUT
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
        """Read what is new or changed in a newsletter since the archive last saw it, newest first. Members see what is :data:`OUT`.

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
        await desk.archive.remove(name, known.keys() - {record.path for record in records})
        await desk.archive.mark(name, {record.path: (record.id, record.state in OUT) for record in records if record.path in known})
        stale = [
            record
            for record in sorted(records, key=lambda record: str(record.date or ""), reverse=True)
            if not (record.broken or record.draft)
            and not _is_read(known.get(record.path), snapshot.files[record.path], _shown_as(rendering, record))
        ]
        for number, record in enumerate(stale):
            desk.unread[name] = len(stale) - number
            path, blob = record.path, snapshot.files[record.path]
            shown_as = _shown_as(rendering, record)
            try:
                data = await snapshot.contents.read(path)
                entry = await entry_from(
                    desk.passes.runner, snapshot.contents, path, data, newsletter, name=name, blob=blob, rendering=shown_as
                )
            except UserError as error:
                _LOG.warning("%s is not in the archive: %s", path, error)
                continue
            await desk.archive.put(_shown(entry, record), issue=record.id, visible=record.state in OUT)
        desk.unread[name] = 0


def _is_read(kept: Kept | None, blob: str, shown_as: str) -> bool:
    return kept is not None and (kept.blob, kept.rendering) == (blob, shown_as)


def _shown_as(rendering: str, record: IssueRecord) -> str:
    """Name how an issue is shown to members: rendered so, and without these sections."""
    return " ".join([at_path(rendering, record.path), *record.withheld])


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
