"""The store: the database of what is known and what was done, put together of its parts.

Newsletters, source files and moderation are written by its own methods (``newsletters.py``, ``source_files.py``, ``moderation.py``); where issues
go is in ``destinations.py`` and ``deliveries.py``, messages are in ``messages.py``, requests in ``outbox.py``, what moderators did in ``audit.py``.
"""

from sqlalchemy import Connection, select

from heartbeat_bot.database import tables
from heartbeat_bot.database.protocol import Database, reading
from heartbeat_bot.ids import IssueId
from heartbeat_bot.store.audit import Actions
from heartbeat_bot.store.deliveries import Deliveries, deliveries_of
from heartbeat_bot.store.destinations import Destinations
from heartbeat_bot.store.issues import RECORD, IssueRecord, find_issue, issue_of
from heartbeat_bot.store.messages import DeliveredMessage, DeliveredMessages, messages_held
from heartbeat_bot.store.moderation import Moderation
from heartbeat_bot.store.newsletters import Newsletters
from heartbeat_bot.store.outbox import Outbox
from heartbeat_bot.store.server_events import ServerEventRows
from heartbeat_bot.store.source_files import SourceFiles
from heartbeat_bot.store.troubles import Troubles
from heartbeat_bot.store.waits import WaitRows


class Store(Newsletters, SourceFiles, Moderation):
    """The open database.

    Its parts are ``destinations`` and ``deliveries`` (what goes where), ``messages``, ``outbox`` (requests), ``actions`` (who did what), ``server_events``, ``waits`` and
    ``troubles``.
    """

    def __init__(self, database: Database) -> None:
        """Use a database whose schema is up to date; see ``opening.py``."""
        super().__init__(database)
        self.destinations = Destinations(database)
        self.deliveries = Deliveries(database)
        self.messages = DeliveredMessages(database)
        self.outbox = Outbox(database)
        self.actions = Actions(database)
        self.server_events = ServerEventRows(database)
        self.waits = WaitRows(database)
        self.troubles = Troubles(database)

    async def check(self) -> None:
        """Look through the whole database; raise StateError when it is damaged. 100 MB take about a second."""
        await self.database.check()

    @reading
    def issues(self, connection: Connection, newsletter: str | None = None) -> list[IssueRecord]:
        """Return every known issue (of one newsletter), the latest seen first, with its messages that are kept in step."""
        query = select(*RECORD).order_by(tables.issues.c.first_seen.desc(), tables.issues.c.id.desc())
        if newsletter is not None:
            query = query.where(tables.issues.c.newsletter == newsletter)
        held: dict[IssueId, list[DeliveredMessage]] = {}
        for message in messages_held(connection):
            held.setdefault(message.issue, []).append(message)
        found = deliveries_of(connection, newsletter=newsletter)
        return [issue_of(row, found.get(row.id, ()), tuple(held.get(row.id, ()))) for row in connection.execute(query)]

    @reading
    def issue(self, connection: Connection, issue: IssueId) -> IssueRecord:
        """Return one issue with its messages; raise StateError when there is none of that id."""
        return find_issue(connection, issue)
