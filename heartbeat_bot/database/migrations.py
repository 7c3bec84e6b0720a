"""Bring a database's schema up to this program's, forwards only.

A new database gets today's tables at once; an older one is led there step by step. To change the schema: change ``tables.py``,
raise ``LATEST``, and write the step that leads an older database there.
"""

from collections.abc import Callable, Mapping
from typing import Final

from sqlalchemy import Connection, insert, inspect, select, text, update

from heartbeat_bot.database.former_sentences import doubt_of, reason_of
from heartbeat_bot.database.tables import metadata, schema_version
from heartbeat_bot.errors import StateError

Step = Callable[[Connection], None]

LATEST: Final = 8
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


_ANNOUNCEMENT: Final = "state, reason, until, baseline, announced_at, pinged_at, shown, shown_as, late, asked_at, error, error_at"
"""What an issue said of its announcement until version 6."""


def _deliveries(connection: Connection) -> None:
    """Version 7: destinations, deliveries, their messages and the outbox, in place of series of receipts, copies and intents.

    A newsletter had one channel until now. Where nothing says which, its destination has none until the first pass. What had been posted to
    other channels, before the configuration named another one, is of destinations that are declared no more.
    """
    _make_tables_of_deliveries(connection)
    _found_destinations(connection)
    _found_announcements(connection)
    _found_notices_and_reposts(connection)
    _filled_outbox(connection)
    _run(
        connection,
        *(f"DROP TABLE {table}" for table in ("receipts", "intents", "copies", "lost_sends")),
        "ALTER TABLE late_sends RENAME TO lost_sends",
        "CREATE INDEX lost_sends_delivery ON lost_sends (delivery)",
        "DROP INDEX issues_path",
        "UPDATE issues SET gone_at = COALESCE(gone_at, changed_at) WHERE state = 'gone'",
        "UPDATE issues SET gone_at = NULL WHERE state <> 'gone'",
        *(f"ALTER TABLE issues DROP COLUMN {column.strip()}" for column in _ANNOUNCEMENT.split(",")),
        "CREATE UNIQUE INDEX issues_path ON issues (newsletter, path) WHERE gone_at IS NULL",
    )


def _make_tables_of_deliveries(connection: Connection) -> None:
    on_postgresql = connection.dialect.name == "postgresql"
    instant, number = ("TIMESTAMP WITH TIME ZONE", "SERIAL") if on_postgresql else ("TIMESTAMP", "INTEGER NOT NULL")
    _run(
        connection,
        f"""
        CREATE TABLE destinations (
            id {number}, newsletter VARCHAR REFERENCES newsletters (name), channel BIGINT, guild BIGINT, declared VARCHAR NOT NULL,
            baseline_at {instant}, removed_at {instant}, PRIMARY KEY (id)
        )
        """,
        "CREATE UNIQUE INDEX destinations_channel ON destinations (newsletter, channel, declared)",
        f"""
        CREATE TABLE deliveries (
            id {number}, destination INTEGER NOT NULL REFERENCES destinations (id), issue INTEGER NOT NULL REFERENCES issues (id),
            kind VARCHAR NOT NULL, sections JSON, created_at {instant} NOT NULL, ended_at {instant}, state VARCHAR, reason TEXT,
            until {instant}, baseline BOOLEAN DEFAULT FALSE NOT NULL, announced_at {instant}, pinged_at {instant}, shown VARCHAR,
            shown_as VARCHAR, late VARCHAR, asked_at {instant}, approved VARCHAR, error TEXT, error_at {instant}, PRIMARY KEY (id)
        )
        """,
        "CREATE INDEX deliveries_issue ON deliveries (issue, kind)",
        "CREATE UNIQUE INDEX deliveries_once ON deliveries (destination, issue, kind) WHERE kind <> 'repost'",
        f"""
        CREATE TABLE messages (
            message BIGINT NOT NULL, delivery INTEGER NOT NULL REFERENCES deliveries (id), channel BIGINT NOT NULL,
            "key" VARCHAR NOT NULL, digest VARCHAR NOT NULL, sent_at {instant} NOT NULL, published_at {instant}, not_before {instant},
            released_at {instant}, PRIMARY KEY (message)
        )
        """,
        "CREATE INDEX messages_delivery ON messages (delivery)",
        "CREATE INDEX messages_published ON messages (channel, published_at)",
        f"""
        CREATE TABLE outbox (
            id {number}, target VARCHAR NOT NULL, kind VARCHAR NOT NULL, delivery INTEGER NOT NULL REFERENCES deliveries (id),
            channel BIGINT NOT NULL, "key" VARCHAR, message BIGINT, nonce VARCHAR NOT NULL, payload JSON NOT NULL,
            digest VARCHAR NOT NULL, created_at {instant} NOT NULL, PRIMARY KEY (id), UNIQUE (target), UNIQUE (nonce)
        )
        """,
        "CREATE INDEX outbox_delivery ON outbox (delivery)",
        f"""
        CREATE TABLE late_sends (
            id {number}, delivery INTEGER NOT NULL REFERENCES deliveries (id), channel BIGINT NOT NULL, body JSON NOT NULL,
            after BIGINT NOT NULL, given_up_at {instant} NOT NULL, PRIMARY KEY (id)
        )
        """,
    )


def _found_destinations(connection: Connection) -> None:
    """Make the destinations of what was posted, and of newsletters of which nothing was yet."""
    posted = "SELECT issue, channel, series FROM receipts UNION SELECT issue, channel, series FROM intents"
    _run(
        connection,
        f"""
        INSERT INTO destinations (newsletter, channel, declared, baseline_at)
        SELECT DISTINCT issues.newsletter, posted.channel, 'config', newsletters.baseline_at FROM ({posted}) AS posted
        JOIN issues ON issues.id = posted.issue JOIN newsletters ON newsletters.name = issues.newsletter WHERE posted.series = ''
        """,
        """
        INSERT INTO destinations (newsletter, declared, baseline_at) SELECT name, 'config', baseline_at FROM newsletters
        WHERE name NOT IN (SELECT newsletter FROM destinations)
        """,
        f"""
        INSERT INTO destinations (channel, declared)
        SELECT DISTINCT posted.channel, 'moderation' FROM ({posted}) AS posted WHERE posted.series = 'notice'
        """,
        f"""
        INSERT INTO destinations (newsletter, channel, declared, guild)
        SELECT issues.newsletter, once_more.channel, 'repost', MAX(once_more.guild) FROM (
            SELECT issue, channel, guild FROM copies
            UNION SELECT issue, channel, NULL FROM ({posted}) AS posted WHERE series NOT IN ('', 'notice')
        ) AS once_more JOIN issues ON issues.id = once_more.issue GROUP BY issues.newsletter, once_more.channel
        """,
    )


def _found_announcements(connection: Connection) -> None:
    """Make the announcements: where an issue was posted, else where its newsletter is posted."""
    posted = "SELECT issue, channel, series FROM receipts UNION SELECT issue, channel, series FROM intents"
    values = ", ".join(f"issues.{column.strip()}" for column in _ANNOUNCEMENT.split(","))
    announced = f"INSERT INTO deliveries (destination, issue, kind, created_at, {_ANNOUNCEMENT})"
    _run(
        connection,
        f"""
        {announced} SELECT destinations.id, issues.id, 'announcement', issues.first_seen, {values} FROM issues
        JOIN ({posted}) AS posted ON posted.issue = issues.id AND posted.series = ''
        JOIN destinations ON destinations.newsletter = issues.newsletter AND destinations.channel = posted.channel
        AND destinations.declared = 'config'
        """,
    )
    for (name,) in connection.execute(text("SELECT name FROM newsletters")).all():
        newest = """
            SELECT destinations.id FROM destinations LEFT JOIN (
                SELECT receipts.channel, MAX(receipts.message) AS message FROM receipts JOIN issues ON issues.id = receipts.issue
                WHERE receipts.series = '' AND issues.newsletter = :name GROUP BY receipts.channel
            ) AS last ON last.channel = destinations.channel
            WHERE destinations.newsletter = :name AND destinations.declared = 'config'
            ORDER BY COALESCE(last.message, 0) DESC LIMIT 1
        """
        statement = f"""
            {announced} SELECT :place, issues.id, 'announcement', issues.first_seen, {values} FROM issues
            WHERE issues.newsletter = :name AND issues.id NOT IN (SELECT issue FROM deliveries WHERE kind = 'announcement')
        """
        place = connection.execute(text(newest), {"name": name}).scalar_one()
        connection.execute(text(statement), {"place": place, "name": name})


def _found_notices_and_reposts(connection: Connection) -> None:
    """Make the deliveries of notices and of what was posted once more."""
    posted = "SELECT issue, channel, series FROM receipts UNION SELECT issue, channel, series FROM intents"
    _run(
        connection,
        f"""
        INSERT INTO deliveries (destination, issue, kind, created_at)
        SELECT destinations.id, issues.id, 'notice', issues.first_seen FROM ({posted}) AS posted
        JOIN issues ON issues.id = posted.issue
        JOIN destinations ON destinations.channel = posted.channel AND destinations.declared = 'moderation'
        WHERE posted.series = 'notice'
        """,
        # Nobody but the bot's own statements sees this column, and not for long: a copy was known by its series.
        "ALTER TABLE deliveries ADD COLUMN series VARCHAR",
        f"""
        INSERT INTO deliveries
            (destination, issue, kind, sections, created_at, ended_at, shown, shown_as, approved, series)
        SELECT destinations.id, issues.id, 'repost', copies.keys, COALESCE(copies.created_at, issues.first_seen),
            CASE WHEN copies.id IS NULL THEN issues.changed_at END, copies.shown, copies.shown_as, copies.approved, known.series
        FROM (SELECT issue, channel, series FROM copies UNION {posted}) AS known JOIN issues ON issues.id = known.issue
        JOIN destinations ON destinations.newsletter = issues.newsletter AND destinations.channel = known.channel
        AND destinations.declared = 'repost'
        LEFT JOIN copies ON copies.issue = known.issue AND copies.channel = known.channel AND copies.series = known.series
        WHERE known.series NOT IN ('', 'notice')
        """,
        "UPDATE deliveries SET series = CASE kind WHEN 'announcement' THEN '' WHEN 'notice' THEN 'notice' ELSE series END",
    )


def _filled_outbox(connection: Connection) -> None:
    """Give messages, requests and lost sends to the deliveries that they are of."""
    of = """
        JOIN (
            SELECT deliveries.id, deliveries.issue, deliveries.series, destinations.channel FROM deliveries
            JOIN destinations ON destinations.id = deliveries.destination
        ) AS of ON of.issue = {0}.issue AND of.channel = {0}.channel
    """
    _run(
        connection,
        f"""
        INSERT INTO messages (message, delivery, channel, "key", digest, sent_at, published_at, not_before, released_at)
        SELECT receipts.message, of.id, receipts.channel, receipts."key", digest, sent_at, published_at, not_before, released_at
        FROM receipts {of.format("receipts")} AND of.series = receipts.series
        """,
        f"""
        INSERT INTO outbox (id, target, kind, delivery, channel, "key", message, nonce, payload, digest, created_at)
        SELECT intents.id,
            CASE WHEN message IS NULL THEN kind || ':' || of.id || ':' || COALESCE("key", '') ELSE kind || ':' || message END,
            kind, of.id, intents.channel, "key", message, nonce, payload, digest, created_at
        FROM intents {of.format("intents")} AND of.series = intents.series
        """,
        f"""
        INSERT INTO late_sends (id, delivery, channel, body, after, given_up_at)
        SELECT lost_sends.id, MIN(of.id), lost_sends.channel, body, after, given_up_at
        FROM lost_sends {of.format("lost_sends")} GROUP BY lost_sends.id, lost_sends.channel, body, after, given_up_at
        """,
        "ALTER TABLE deliveries DROP COLUMN series",
    )


def _run(connection: Connection, *statements: str) -> None:
    for statement in statements:
        connection.execute(text(statement))


def _reasons(connection: Connection) -> None:
    """Version 8: reasons and doubts are values in JSON and no sentences any more; what open notices say is noted as values, too.

    What it is that open notices say now is not known: the next pass brings them in step, which changes nothing of those that are.
    """
    _run(connection, "ALTER TABLE deliveries ADD COLUMN says VARCHAR")
    doubts = connection.execute(text("SELECT id, doubt, doubt_issue FROM issues WHERE doubt IS NOT NULL")).all()
    written = [{"issue": row.id, "doubt": doubt_of(row.doubt, row.doubt_issue)} for row in doubts]
    if written:
        connection.execute(text("UPDATE issues SET doubt = :doubt WHERE id = :issue"), written)
    reasons = """
        SELECT deliveries.id, reason, until, scheduled_at, doubt_issue FROM deliveries JOIN issues ON issues.id = deliveries.issue
        WHERE reason IS NOT NULL
    """
    written = [
        {
            "delivery": row.id,
            "reason": reason_of(row.reason, instants=(row.until, row.scheduled_at), doubt_issue=row.doubt_issue),
        }
        for row in connection.execute(text(reasons)).all()
    ]
    if written:
        connection.execute(text("UPDATE deliveries SET reason = :reason WHERE id = :delivery"), written)
    _run(connection, "ALTER TABLE issues DROP COLUMN doubt_issue")


STEPS: Final[Mapping[int, Step]] = {
    2: _hard_histories,
    3: _moderators,
    4: _approvals,
    5: _lost_answers,
    6: _waits,
    7: _deliveries,
    8: _reasons,
}
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
