"""What keeps a newsletter from being kept in step, for as long as it stands: found by one pass after the other, told to the moderators."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from heartbeat_bot.database import tables
from heartbeat_bot.database.protocol import DatabasePart, reading, writing


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A trouble that stands ``since`` an instant (UTC) and was found by ``looks`` looks; ``words`` are those of the last one, a sentence.

    ``about`` names what is in trouble: the source, Discord, the state, or a channel. ``told_at``: since when the moderators know.
    """

    newsletter: str
    about: str
    words: str
    since: datetime
    looks: int
    told_at: datetime | None = None

    def token(self, what: str) -> str:
        """Return what tells a note of this trouble from one of any other, or of an earlier one of its kind; see :class:`Action`."""
        return f"{what} {self.newsletter} {self.about} {self.since.timestamp()}"


class Troubles(DatabasePart):
    """The troubles that stand. Each method is one transaction."""

    @reading
    def standing(self, connection: Connection, newsletter: str) -> Mapping[str, Trouble]:
        """Return the troubles of a newsletter, by what they are about."""
        table = tables.troubles
        query = select(table).where(table.c.newsletter == newsletter).order_by(table.c.since, table.c.about)
        return {row["about"]: Trouble(**row) for row in connection.execute(query).mappings()}

    @writing
    def found(self, connection: Connection, newsletter: str, about: str, words: str, *, now: datetime) -> None:
        """Write down that a pass found a trouble, for the first time or again."""
        table = tables.troubles
        this = update(table).where(table.c.newsletter == newsletter, table.c.about == about)
        if not connection.execute(this.values(words=words, looks=table.c.looks + 1)).rowcount:
            values = {"newsletter": newsletter, "about": about, "words": words, "since": now, "looks": 1}
            connection.execute(insert(table).values(values))

    @writing
    def notified(self, connection: Connection, newsletter: str, about: str, *, now: datetime) -> None:
        """Write down that the moderators know of a trouble."""
        table = tables.troubles
        connection.execute(update(table).where(table.c.newsletter == newsletter, table.c.about == about).values(told_at=now))

    @writing
    def over(self, connection: Connection, newsletter: str, about: str) -> None:
        """Forget a trouble that stands no more."""
        table = tables.troubles
        connection.execute(delete(table).where(table.c.newsletter == newsletter, table.c.about == about))
