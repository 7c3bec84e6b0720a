"""Bring a database's schema up to this program's, forwards only.

A new database gets today's tables at once; an older one is led there step by step. To change the schema: change ``tables.py``,
raise ``LATEST``, and write the step that leads an older database there.
"""

from collections.abc import Callable, Mapping
from typing import Final

from sqlalchemy import Connection, insert, inspect, select, text, update

from heartbeat_bot.errors import StateError
from heartbeat_bot.store.former_sentences import doubt_of, reason_of
from heartbeat_bot.store.tables import metadata, schema_version

Step = Callable[[Connection], None]

LATEST: Final = 7
"""The version of the schema in ``tables.py``."""


def _hard_histories(connection: Connection) -> None:
    """Version 2: what files say about themselves, what messages show, doubts; ids that several issues may have.

    Written in SQL, not by way of ``tables.py``, which goes on changing. Messages of announced issues were kept in step by every
    pass until now, so they show the text that is known.
    """
    instant = "TIMESTAMP WITH TIME ZONE" if connection.dialect.name == "postgresql" else "TIMESTAMP"
    columns = {
        "draft": "BOOLEAN DEFAULT FALSE NOT NULL",
        "broken": "TEXT",
        "listed_at": instant,
        "gone_at": instant,
        "doubt": "TEXT",
        "doubt_issue": "INTEGER",
        "shown": "VARCHAR",
        "shown_as": "VARCHAR",
        "late": "VARCHAR",
        "asked_at": instant,
    }
    for name, kind in columns.items():
        connection.execute(text(f"ALTER TABLE issues ADD COLUMN {name} {kind}"))
    for statement in (
        "DROP INDEX issues_explicit",
        "UPDATE issues SET draft = TRUE WHERE state = 'draft'",
        "UPDATE issues SET listed_at = changed_at WHERE state NOT IN ('draft', 'gone')",
        "UPDATE issues SET gone_at = changed_at WHERE state = 'gone'",
        "UPDATE issues SET shown = blob, shown_as = '' WHERE announced_at IS NOT NULL",
    ):
        connection.execute(text(statement))


def _moderators(connection: Connection) -> None:
    """Version 3: series of messages, copies, what moderators decided and did, and Discord's events.

    All messages until now were announcements.
    """
    on_postgresql = connection.dialect.name == "postgresql"
    instant, document, number = (
        ("TIMESTAMP WITH TIME ZONE", "JSON", "SERIAL") if on_postgresql else ("TIMESTAMP", "JSON", "INTEGER NOT NULL")
    )
    for statement in (
        "ALTER TABLE receipts ADD COLUMN series VARCHAR DEFAULT '' NOT NULL",
        "ALTER TABLE intents ADD COLUMN series VARCHAR DEFAULT '' NOT NULL",
        f"ALTER TABLE issues ADD COLUMN on_hold_at {instant}",
        f"ALTER TABLE issues ADD COLUMN scheduled_at {instant}",
        f"ALTER TABLE issues ADD COLUMN skipped_at {instant}",
        f"ALTER TABLE issues ADD COLUMN withheld {document}",
        f"ALTER TABLE newsletters ADD COLUMN paused_at {instant}",
        f"""
        CREATE TABLE copies (
            id {number}, issue INTEGER NOT NULL REFERENCES issues (id), guild BIGINT NOT NULL, channel BIGINT NOT NULL,
            series VARCHAR NOT NULL, keys {document}, created_at {instant} NOT NULL, shown VARCHAR, shown_as VARCHAR,
            PRIMARY KEY (id)
        )
        """,
        "CREATE UNIQUE INDEX copies_series ON copies (issue, channel, series)",
        f"""
        CREATE TABLE actions (
            id {number}, token VARCHAR, who BIGINT NOT NULL, name VARCHAR NOT NULL, verb VARCHAR NOT NULL, newsletter VARCHAR,
            issue INTEGER, detail TEXT NOT NULL, begun_at {instant} NOT NULL, outcome TEXT, done_at {instant},
            PRIMARY KEY (id), UNIQUE (token)
        )
        """,
        "CREATE INDEX actions_newsletter ON actions (newsletter, id)",
        f"""
        CREATE TABLE server_events (
            guild BIGINT NOT NULL, key VARCHAR NOT NULL, scheduled_event BIGINT, newsletter VARCHAR NOT NULL, path VARCHAR NOT NULL,
            digest VARCHAR NOT NULL, told_digest VARCHAR, created_at {instant} NOT NULL, updated_at {instant} NOT NULL,
            PRIMARY KEY (guild, key)
        )
        """,
        "CREATE INDEX server_events_newsletter ON server_events (newsletter)",
    ):
        connection.execute(text(statement))


def _approvals(connection: Connection) -> None:
    """Version 4: what was let through, and where people did what they did.

    What was approved, scheduled, posted or there on the first run until now stands for the text that is known of it; which pictures went
    with it is not known. What a moderator decided binds: nobody knows any more whether something made the issue wait.
    """
    binary = "BYTEA" if connection.dialect.name == "postgresql" else "BLOB"
    for statement in (
        "ALTER TABLE issues ADD COLUMN approved VARCHAR",
        f"ALTER TABLE issues ADD COLUMN approved_posts {binary}",
        "ALTER TABLE issues ADD COLUMN approval_binds BOOLEAN DEFAULT FALSE NOT NULL",
        "ALTER TABLE issues ADD COLUMN asks VARCHAR",
        "ALTER TABLE issues ADD COLUMN declined VARCHAR",
        "ALTER TABLE copies ADD COLUMN approved VARCHAR",
        "ALTER TABLE actions ADD COLUMN guild BIGINT",
        "ALTER TABLE actions ADD COLUMN channel BIGINT",
        """
        UPDATE issues SET approved = COALESCE(shown, blob) || '+?'
        WHERE announced_at IS NOT NULL OR approved_at IS NOT NULL OR scheduled_at IS NOT NULL OR baseline
        """,
        "UPDATE issues SET approval_binds = TRUE WHERE announced_at IS NULL AND (approved_at IS NOT NULL OR scheduled_at IS NOT NULL)",
        "UPDATE copies SET approved = COALESCE(shown, (SELECT blob FROM issues WHERE issues.id = copies.issue)) || '+?'",
    ):
        connection.execute(text(statement))


def _lost_answers(connection: Connection) -> None:
    """Version 5: sends whose answer was lost and that were given up, and what moderators are still to be told.

    What was done until now has been told, as far as anybody knows.
    """
    on_postgresql = connection.dialect.name == "postgresql"
    instant, number = ("TIMESTAMP WITH TIME ZONE", "SERIAL") if on_postgresql else ("TIMESTAMP", "INTEGER NOT NULL")
    for statement in (
        f"""
        CREATE TABLE lost_sends (
            id {number}, issue INTEGER NOT NULL REFERENCES issues (id), channel BIGINT NOT NULL, body JSON NOT NULL,
            after BIGINT NOT NULL, given_up_at {instant} NOT NULL,
            PRIMARY KEY (id)
        )
        """,
        "CREATE INDEX lost_sends_issue ON lost_sends (issue)",
        "ALTER TABLE actions ADD COLUMN note TEXT",
    ):
        connection.execute(text(statement))


def _waits(connection: Connection) -> None:
    """Version 6: what of Discord is left alone, and until when; and what keeps newsletters from being kept in step."""
    instant = "TIMESTAMP WITH TIME ZONE" if connection.dialect.name == "postgresql" else "TIMESTAMP"
    connection.execute(
        text(
            f"""
            CREATE TABLE waits (
                "key" VARCHAR NOT NULL, since {instant} NOT NULL, until {instant} NOT NULL, why TEXT NOT NULL, times INTEGER NOT NULL,
                status INTEGER NOT NULL, code INTEGER NOT NULL,
                PRIMARY KEY ("key")
            )
            """
        )
    )
    connection.execute(
        text(
            f"""
            CREATE TABLE troubles (
                newsletter VARCHAR NOT NULL, about VARCHAR NOT NULL, words TEXT NOT NULL, since {instant} NOT NULL,
                looks INTEGER NOT NULL, told_at {instant},
                PRIMARY KEY (newsletter, about)
            )
            """
        )
    )


def _reasons(connection: Connection) -> None:
    """Version 7: reasons and doubts are values in JSON and no sentences any more; what open notices say is noted as values, too.

    What it is that open notices say now is not known: the next look brings them in step, which changes nothing of those that are.
    """
    connection.execute(text("ALTER TABLE issues ADD COLUMN notice VARCHAR"))
    rows = connection.execute(text("SELECT id, reason, until, scheduled_at, doubt, doubt_issue FROM issues")).all()
    written = [
        {
            "issue": row.id,
            "reason": reason_of(row.reason, instants=(row.until, row.scheduled_at), doubt_issue=row.doubt_issue),
            "doubt": None if row.doubt is None else doubt_of(row.doubt, row.doubt_issue),
        }
        for row in rows
    ]
    if written:
        connection.execute(text("UPDATE issues SET reason = :reason, doubt = :doubt WHERE id = :issue"), written)
    connection.execute(text("ALTER TABLE issues DROP COLUMN doubt_issue"))


STEPS: Final[Mapping[int, Step]] = {2: _hard_histories, 3: _moderators, 4: _approvals, 5: _lost_answers, 6: _waits, 7: _reasons}
"""The step that leads to each version from the one before it; versions count from 1, the first needs none."""


def version_of(connection: Connection) -> int:
    """Return the version of the database's schema, 0 for an empty database; raise StateError for one that is newer."""
    found = 0
    if inspect(connection).has_table(schema_version.name):
        found = connection.execute(select(schema_version.c.version)).scalar_one_or_none() or 0
    refuse_newer(found)
    return found


def refuse_newer(version: int, latest: int = LATEST) -> None:
    """Raise StateError for a database that a later version of this program has written."""
    if version > latest:
        raise StateError(
            f"The database was written by a newer heartbeat-bot (its schema is version {version}, this program knows {latest}). "
            "Install that version again, or point `state` to another database."
        )


def migrate(connection: Connection, *, latest: int = LATEST, steps: Mapping[int, Step] = STEPS) -> None:
    """Bring the schema up to ``latest``, within the connection's transaction; raise StateError for a newer database."""
    version = version_of(connection)
    if version == 0:
        metadata.create_all(connection)
        connection.execute(insert(schema_version).values(version=latest))
        return
    for following in range(version + 1, latest + 1):
        steps[following](connection)
        connection.execute(update(schema_version).values(version=following))
