"""The service: every feature, each given what it uses, and the router of their buttons."""

from dataclasses import dataclass

from heartbeat_bot.archive.archive import Archive
from heartbeat_bot.clock import Clock
from heartbeat_bot.config import Config
from heartbeat_bot.features.agenda.agenda import Agenda
from heartbeat_bot.features.agenda.server_events import ServerEvents
from heartbeat_bot.features.browse.reading import Reading
from heartbeat_bot.features.browse.searching import Searching
from heartbeat_bot.features.indexing import Indexing
from heartbeat_bot.features.message_links import MessageLinks
from heartbeat_bot.features.moderation.deciding import Deciding
from heartbeat_bot.features.moderation.pausing import Pausing
from heartbeat_bot.features.moderation.previewing import Previewing
from heartbeat_bot.features.moderation.reposting import Reposting
from heartbeat_bot.features.passes import Passes
from heartbeat_bot.features.readers import Readers
from heartbeat_bot.features.status import ModeratorsStatus
from heartbeat_bot.features.subscriptions import Subscribing
from heartbeat_bot.interactions.router import Router
from heartbeat_bot.moderators.alarms import Alarms
from heartbeat_bot.moderators.auditing import Auditing
from heartbeat_bot.moderators.authority import Authority
from heartbeat_bot.moderators.known_issues import KnownIssues
from heartbeat_bot.moderators.notices import Notices
from heartbeat_bot.ports import Discord
from heartbeat_bot.store.store import Store
from heartbeat_bot.sync.reconciler import Reconciler


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """What was opened elsewhere, for this file to hand out: no feature gets all of it."""

    config: Config
    store: Store
    archive: Archive
    discord: Discord
    reconciler: Reconciler
    clock: Clock


class Service:
    """What people, and the clock, may ask for: a feature each."""

    def __init__(
        self,
        *,
        config: Config,
        store: Store,
        archive: Archive,
        discord: Discord,
        reconciler: Reconciler,
        clock: Clock,
        answers: bool = True,
    ) -> None:
        """Give each feature what it uses; a process that ``answers`` nobody makes passes alone."""
        opened = _Opened(config=config, store=store, archive=archive, discord=discord, reconciler=reconciler, clock=clock)
        channels, renderer = reconciler.channels, reconciler.renderer
        self.auditing = Auditing(config=config, store=store, discord=discord, channels=channels, clock=clock)
        self.authority = Authority(config=config, channels=channels, auditing=self.auditing)
        self.known = KnownIssues(config=config, store=store, authority=self.authority)
        self.indexing = Indexing(config=config, store=store, archive=archive, renderer=renderer, duties=reconciler.duties)
        self.readers = Readers(config=config, store=store, channels=channels)
        self.links = MessageLinks(config=config, messages=store.messages, discord=discord, channels=channels)
        self.passes = self._make_passes(opened, answers=answers)
        self._make_for_moderators(opened)
        self._make_for_members(opened)
        features = (self.reading, self.agenda, self.searching, self.deciding, self.previewing, self.reposting, self.server_events)
        self.router = Router(handlers={verb: handler for feature in features for verb, handler in feature.presses().items()})

    def _make_passes(self, opened: _Opened, *, answers: bool) -> Passes:
        """Make what a pass consists of."""
        config, store, reconciler = opened.config, opened.store, opened.reconciler
        self.alarms = Alarms(
            config=config,
            store=store,
            discord=opened.discord,
            channels=reconciler.channels,
            clock=opened.clock,
            auditing=self.auditing,
            unchecked=set(config.newsletters) if answers else set[str](),
        )
        self.server_events = ServerEvents(
            rows=store.server_events,
            archive=opened.archive,
            discord=opened.discord,
            renderer=reconciler.renderer,
            clock=opened.clock,
            authority=self.authority,
            auditing=self.auditing,
        )
        return Passes(
            reconciler=reconciler,
            notices=Notices(
                config=config,
                store=store,
                channels=reconciler.channels,
                renderer=reconciler.renderer,
                publisher=reconciler.publisher,
                clock=opened.clock,
            ),
            alarms=self.alarms,
            indexing=self.indexing,
            server_events=self.server_events,
            answers=answers,
        )

    def _make_for_moderators(self, opened: _Opened) -> None:
        """Make what moderators may ask for."""
        config, store, clock, renderer = opened.config, opened.store, opened.clock, opened.reconciler.renderer
        self.deciding = Deciding(
            config=config,
            store=store,
            renderer=renderer,
            clock=clock,
            known=self.known,
            authority=self.authority,
            auditing=self.auditing,
            passes=self.passes,
        )
        self.reposting = Reposting(
            config=config,
            store=store,
            discord=opened.discord,
            channels=opened.reconciler.channels,
            renderer=renderer,
            publisher=opened.reconciler.publisher,
            duties=opened.reconciler.duties,
            clock=clock,
            links=self.links,
            known=self.known,
            auditing=self.auditing,
            passes=self.passes,
        )
        self.pausing = Pausing(store=store, clock=clock, authority=self.authority, auditing=self.auditing, passes=self.passes)
        self.status = ModeratorsStatus(config=config, store=store, channels=opened.discord, clock=clock, authority=self.authority)
        self.previewing = Previewing(renderer=renderer, known=self.known)

    def _make_for_members(self, opened: _Opened) -> None:
        """Make what members may ask for."""
        config, archive, reconciler = opened.config, opened.archive, opened.reconciler
        self.reading = Reading(
            messages=opened.store.messages,
            archive=archive,
            renderer=reconciler.renderer,
            duties=reconciler.duties,
            readers=self.readers,
            indexing=self.indexing,
            links=self.links,
        )
        self.searching = Searching(config=config, archive=archive, readers=self.readers, indexing=self.indexing, links=self.links)
        self.agenda = Agenda(config=config, archive=archive, readers=self.readers, indexing=self.indexing, clock=opened.clock)
        self.subscribing = Subscribing(
            config=config, discord=opened.discord, channels=reconciler.channels, readers=self.readers, auditing=self.auditing
        )
