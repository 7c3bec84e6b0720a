"""What a pass does about texts that a moderator must approve: small changes let through, and what is asked."""

import asyncio

from heartbeat_bot.config import Config
from heartbeat_bot.errors import UserError
from heartbeat_bot.policy.approval import is_same, is_small, text_of, version_of
from heartbeat_bot.store.issues import Duties, IssueRecord
from heartbeat_bot.store.store import Store
from heartbeat_bot.sync.changes import ChangeSet
from heartbeat_bot.sync.renderer import Renderer


class Approvals:
    """Compares what is there with what a moderator approved."""

    def __init__(self, config: Config, store: Store, renderer: Renderer, duties: Duties) -> None:
        """``duties``: what moderators must approve."""
        self._config = config
        self._store = store
        self._renderer = renderer
        self._duties = duties

    async def let_small_changes_through(self, name: str, found: ChangeSet) -> bool:
        """Let a change through that is small enough (see ``approval.py``), where the configuration says so; tell whether there was any."""
        if self._config.moderation.small_changes != "allow" or self._config.newsletters[name].sections.skip:
            return False  # what is in a section that is left out, no message shows, and members find its events and jobs
        asked = {path for place in found.places for path, decision in place.decisions.items() if decision.asks}
        through = False
        for path in asked:
            record = found.record(path)
            before = await self._store.approved_posts(record.id) if record else None
            if record is None or before is None:
                continue
            try:
                rendered = await self._renderer.render(name, found.snapshot, path)
            except UserError:
                continue
            if await asyncio.to_thread(is_small, before, rendered.posts):
                await self._store.let_through(record.id, version_of(found.snapshot.files[path], rendered.posts, rendered))
                through = True
        return through

    async def ask_about(self, record: IssueRecord, found: ChangeSet, path: str) -> None:
        """Note what moderators are asked about, as it is now."""
        blob = found.snapshot.files[path]
        looks_the_same = record.announced_at is None and text_of(record.approved) == blob
        if not looks_the_same and (record.announced_at is None or text_of(record.asks) == blob):
            return
        try:
            rendered = await self._renderer.render(record.newsletter, found.snapshot, path)
        except UserError:
            return  # the next pass looks again
        version = version_of(blob, rendered.posts, rendered)
        if is_same(record.approved, version):  # what was approved is there again
            await self._store.ask_about(record.id, None)
        elif record.asks != version:
            await self._store.ask_about(record.id, version)
