"""A file of a newsletter → its posts, its archive entry, its pictures taken from the source for upload."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from heartbeat_bot.archive.entry import CatalogEntry, Made
from heartbeat_bot.config import AnnounceConfig, NewsletterConfig
from heartbeat_bot.errors import IssueError, SourceError, UserError
from heartbeat_bot.faults import isolate_faults
from heartbeat_bot.isolation.bounds import EndedError
from heartbeat_bot.isolation.named import NamedFunction
from heartbeat_bot.isolation.turns import Turn, WorkerTurns
from heartbeat_bot.isolation.worker import Runner
from heartbeat_bot.policy.approval import Version, unseen, version_of
from heartbeat_bot.rendering.post import File, Post, Rendered
from heartbeat_bot.sources.pictures import attached_pictures
from heartbeat_bot.sources.snapshot import BlobId, Snapshot
from heartbeat_bot.store.issues import IssueRecord

_MAKE: Final = NamedFunction[[str, bytes, NewsletterConfig, Mapping[str, File], str, str], Made](
    "heartbeat_bot.archive.making:make"
)
_REMEMBERED: Final = 1000
"""Files that cannot be read and are not tried again."""
_KEPT: Final = 48
"""Issues of which all that was made is kept: somebody who chooses a section asks for one with each key. A large one takes a MiB."""


class Renderer:
    """Renders the issues of newsletters as the last pass saw their files."""

    def __init__(self, newsletters: Mapping[str, NewsletterConfig], runner: Runner) -> None:
        """Read texts in ``runner``, where newsletters take turns."""
        self._newsletters = newsletters
        self.turns: defaultdict[str, Turn] = defaultdict(WorkerTurns(runner).new)
        """Where the texts of each newsletter are read."""
        self.snapshots: dict[str, Snapshot] = {}
        """What the last pass over each newsletter saw of its source."""
        self._unreadable: dict[tuple[str, str, BlobId], tuple[str, int | None]] = {}
        """Why files could not be read, and in which line, by newsletter, path and bytes: to find that out again would take as long in every pass."""
        self._made: dict[tuple[object, ...], Made] = {}
        """What was made of files last, by newsletter, path, bytes, destination and pictures, what was asked for last at the end."""

    async def render(self, name: str, snapshot: Snapshot, path: str, announce: AnnounceConfig | None = None) -> Rendered:
        """Return what is posted of a file, as ``announce`` says (the newsletter's own when None); raise UserError (IssueError, SourceError)."""
        return (await self._read(name, snapshot, path, announce)).rendered

    async def entry(self, name: str, snapshot: Snapshot, path: str, *, rendering: str) -> CatalogEntry:
        """Return what the archive keeps of a file, as the newsletter's own ``announce`` says; raise UserError as :meth:`render` does.

        ``rendering`` names how it is shown, see :class:`CatalogEntry`.
        """
        made = await self._read(name, snapshot, path)
        with isolate_faults(path):
            if made.entry is None:
                raise RuntimeError(made.fault)
        return replace(made.entry, rendering=rendering)

    async def _read(self, name: str, snapshot: Snapshot, path: str, announce: AnnounceConfig | None = None) -> Made:
        """Return all that is made of a file, in one reading: a pass, the archive and completions want it one after the other."""
        contents, file = snapshot.contents, (name, path, snapshot.files[path])
        if told := self._unreadable.get(file):
            raise IssueError(told[0], path=path, line=told[1])
        newsletter, runner = self._newsletters[name], self.turns[name]
        if announce is not None and announce is not newsletter.announce:
            newsletter = newsletter.model_copy(update={"announce": announce})
        try:
            with isolate_faults(path):
                data = await contents.read(path)
                files, findings = await attached_pictures(runner, contents, path, data, newsletter)
                # Pictures change without their issue: what was made with others is something else.
                key = (*file, newsletter.announce.channel, *files.items())
                made = self._made.pop(key, None) or await runner.run(_MAKE, path, data, newsletter, files, name, file[2])
        except IssueError as error:
            if not isinstance(error.__cause__, EndedError):
                if len(self._unreadable) >= _REMEMBERED:
                    self._unreadable.clear()
                self._unreadable[file] = (error.reason, error.line)
            raise
        self._made[key] = made
        if len(self._made) > _KEPT:
            del self._made[next(iter(self._made))]
        return replace(made, rendered=replace(made.rendered, findings=(*made.rendered.findings, *findings)))

    async def preview(self, record: IssueRecord) -> Rendered:
        """Return what would be posted of an issue, as the last pass saw its file.

        Raises UserError (IssueError, SourceError) when it cannot be read.
        """
        snapshot = self.snapshots.get(record.newsletter)
        if snapshot is None or record.path not in snapshot.files:
            raise SourceError(f"{record.path} is not in the source of {record.newsletter}.")
        return await self.render(record.newsletter, snapshot, record.path)

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


def shown_of(posts: Sequence[Post], record: IssueRecord | None) -> Sequence[Post]:
    """Return the posts that are to be seen: those of sections that a moderator took back are not."""
    return [post for post in posts if record is None or record.shows(post.key)]
