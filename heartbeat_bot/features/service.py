"""The service: every feature, each given what it uses, and the router of their buttons."""

from heartbeat_bot.archive.archive import Archive
from heartbeat_bot.clock import Clock
from heartbeat_bot.config import Config
from heartbeat_bot.features.agenda.agenda import Agenda
from heartbeat_bot.features.agenda.server_events import ServerEvents
from heartbeat_bot.features.browse.reading import Reading
from heartbeat_bot.features.browse.searching import Searching
from heartbeat_bot.features.indexing import Indexing
from heartbeat_bot.features.message_links import MessageLinks
from heartbeat_bot.features.moderation.auditing import Auditing
from heartbeat_bot.features.moderation.authority import Authority
from heartbeat_bot.features.moderation.deciding import Deciding
from heartbeat_bot.features.moderation.known_issues import KnownIssues
from heartbeat_bot.features.moderation.notices import Notices
from heartbeat_bot.features.moderation.pausing import Pausing
from heartbeat_bot.features.moderation.previewing import Previewing
from heartbeat_bot.features.moderation.reposting import Reposting
from heartbeat_bot.features.passes import Passes
from heartbeat_bot.features.readers import Readers
from heartbeat_bot.features.status.alarms import Alarms
from heartbeat_bot.features.status.moderators import ModeratorsStatus
from heartbeat_bot.features.subscriptions import Subscribing
from heartbeat_bot.interactions.router import Router
from heartbeat_bot.ports import Discord
from heartbeat_bot.store.store import Store
from heartbeat_bot.sync.reconciler import Reconciler


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
        channels, renderer, publisher, duties = reconciler.channels, reconciler.renderer, reconciler.publisher, reconciler.duties
        self.auditing = auditing = Auditing(config=config, store=store, discord=discord, channels=channels, clock=clock)
        self.authority = authority = Authority(config=config, channels=channels, auditing=auditing)
        self.known = known = KnownIssues(config=config, store=store, authority=authority)
        self.indexing = indexing = Indexing(config=config, store=store, archive=archive, renderer=renderer, duties=duties)
        self.readers = readers = Readers(config=config, store=store, channels=channels)
        self.links = links = MessageLinks(config=config, messages=store.messages, discord=discord, channels=channels)
        unchecked = set(config.newsletters) if answers else set[str]()
        self.alarms = Alarms(
            config=config, store=store, discord=discord, channels=channels, clock=clock, auditing=auditing, unchecked=unchecked
        )
        self.server_events = ServerEvents(
            rows=store.server_events,
            archive=archive,
            discord=discord,
            renderer=renderer,
            clock=clock,
            authority=authority,
            auditing=auditing,
        )
        notices = Notices(config=config, store=store, channels=channels, renderer=renderer, publisher=publisher, clock=clock)
        self.passes = passes = Passes(
            reconciler=reconciler,
            notices=notices,
            alarms=self.alarms,
            indexing=indexing,
            server_events=self.server_events,
            answers=answers,
        )
        self.deciding = Deciding(
            config=config,
            store=store,
            renderer=renderer,
            clock=clock,
            known=known,
            authority=authority,
            auditing=auditing,
            passes=passes,
        )
        self.pausing = Pausing(store=store, clock=clock, authority=authority, auditing=auditing, passes=passes)
        self.status = ModeratorsStatus(config=config, store=store, channels=discord, clock=clock, authority=authority)
        self.previewing = Previewing(renderer=renderer, known=known)
        self.reposting = Reposting(
            config=config,
            store=store,
            discord=discord,
            channels=channels,
            renderer=renderer,
            publisher=publisher,
            duties=duties,
            clock=clock,
            links=links,
            known=known,
            auditing=auditing,
            passes=passes,
        )
        self.reading = Reading(
            messages=store.messages,
            archive=archive,
            renderer=renderer,
            duties=duties,
            readers=readers,
            indexing=indexing,
            links=links,
        )
        self.searching = Searching(config=config, archive=archive, readers=readers, indexing=indexing, links=links)
        self.agenda = Agenda(config=config, archive=archive, readers=readers, indexing=indexing, clock=clock)
        self.subscribing = Subscribing(config=config, discord=discord, channels=channels, readers=readers, auditing=auditing)
        self.router = Router(
            handlers={
                **self.reading.presses(),
                **self.agenda.presses(),
                **self.searching.presses(),
                **self.deciding.presses(),
                **self.previewing.presses(),
                **self.reposting.presses(),
                **self.server_events.presses(),
            }
        )
