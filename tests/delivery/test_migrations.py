"""Databases that earlier versions wrote are led to this one, and nothing of what they know is lost."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, create_engine, inspect, text

from discord_sandbox.clock import ManualClock
from heartbeat_bot.config.address import DatabaseAddress
from heartbeat_bot.database.migrations import LATEST, migrate, version_of
from heartbeat_bot.errors import StateError
from heartbeat_bot.ids import IssueId
from heartbeat_bot.policy.approval import Difference
from heartbeat_bot.sources.snapshot import BlobId
from heartbeat_bot.store.deliveries import DeliveryKind
from heartbeat_bot.store.issues import SourceFile
from heartbeat_bot.store.opening import open_store
from heartbeat_bot.sync.facts import facts_of

See = Callable[..., SourceFile]

SECOND = """
CREATE TABLE schema_version (version INTEGER NOT NULL, PRIMARY KEY (version));
CREATE TABLE newsletters (
    name VARCHAR NOT NULL, commit_id VARCHAR, baseline_at DATETIME, last_pass_at DATETIME, error TEXT, error_at DATETIME,
    PRIMARY KEY (name)
);
CREATE TABLE issues (
    id INTEGER NOT NULL, newsletter VARCHAR NOT NULL, explicit VARCHAR, path VARCHAR NOT NULL, slug VARCHAR NOT NULL,
    title TEXT NOT NULL, date VARCHAR, blob VARCHAR NOT NULL, fingerprint TEXT NOT NULL, first_seen DATETIME NOT NULL,
    changed_at DATETIME NOT NULL, draft BOOLEAN DEFAULT 0 NOT NULL, broken TEXT, listed_at DATETIME, gone_at DATETIME, doubt TEXT,
    doubt_issue INTEGER, state VARCHAR NOT NULL, reason TEXT NOT NULL, until DATETIME, baseline BOOLEAN NOT NULL,
    approved_at DATETIME, announced_at DATETIME, pinged_at DATETIME, retracted_at DATETIME, shown VARCHAR, shown_as VARCHAR,
    late VARCHAR, asked_at DATETIME, error TEXT, error_at DATETIME,
    PRIMARY KEY (id), FOREIGN KEY(newsletter) REFERENCES newsletters (name)
);
CREATE UNIQUE INDEX issues_path ON issues (newsletter, path) WHERE state <> 'gone';
CREATE TABLE receipts (
    message BIGINT NOT NULL, issue INTEGER NOT NULL, channel BIGINT NOT NULL, "key" VARCHAR NOT NULL, digest VARCHAR NOT NULL,
    sent_at DATETIME NOT NULL, published_at DATETIME, not_before DATETIME, released_at DATETIME,
    PRIMARY KEY (message), FOREIGN KEY(issue) REFERENCES issues (id)
);
CREATE INDEX receipts_issue ON receipts (issue, channel);
CREATE INDEX receipts_published ON receipts (channel, published_at);
CREATE TABLE intents (
    id INTEGER NOT NULL, thing VARCHAR NOT NULL, kind VARCHAR NOT NULL, issue INTEGER NOT NULL, channel BIGINT NOT NULL,
    "key" VARCHAR, message BIGINT, nonce VARCHAR NOT NULL, payload JSON NOT NULL, digest VARCHAR NOT NULL,
    created_at DATETIME NOT NULL,
    PRIMARY KEY (id), UNIQUE (thing), FOREIGN KEY(issue) REFERENCES issues (id), UNIQUE (nonce)
);
CREATE INDEX intents_issue ON intents (issue, channel);
INSERT INTO schema_version (version) VALUES (2)
"""

FIRST_ISSUES = """
CREATE TABLE issues (
    id INTEGER NOT NULL PRIMARY KEY, newsletter VARCHAR NOT NULL, explicit VARCHAR, path VARCHAR NOT NULL, slug VARCHAR NOT NULL,
    title TEXT NOT NULL, date VARCHAR, blob VARCHAR NOT NULL, fingerprint TEXT NOT NULL, first_seen TIMESTAMP NOT NULL,
    changed_at TIMESTAMP NOT NULL, state VARCHAR NOT NULL, reason TEXT NOT NULL, until TIMESTAMP, baseline BOOLEAN NOT NULL,
    approved_at TIMESTAMP, announced_at TIMESTAMP, pinged_at TIMESTAMP, retracted_at TIMESTAMP, error TEXT, error_at TIMESTAMP
)
"""

FIRST = f"""
{SECOND};
DROP TABLE issues;
{FIRST_ISSUES};
CREATE UNIQUE INDEX issues_explicit ON issues (newsletter, explicit);
CREATE UNIQUE INDEX issues_path ON issues (newsletter, path) WHERE state <> 'gone';
UPDATE schema_version SET version = 1
"""


@pytest.fixture
def engine(state: DatabaseAddress) -> Iterator[Engine]:
    engine = create_engine(str(state))
    yield engine
    engine.dispose()


def carry_out(connection: Connection, statements: str) -> None:
    for statement in statements.split(";\n"):
        connection.execute(text(statement))


def test_an_older_database_is_led_forward_step_by_step(engine: Engine) -> None:
    def one_more(connection: Connection) -> None:
        connection.execute(text("ALTER TABLE issues ADD COLUMN second INTEGER"))

    def and_another(connection: Connection) -> None:
        connection.execute(text("UPDATE issues SET second = 3"))

    with engine.begin() as connection:
        assert version_of(connection) == 0
        migrate(connection)
        assert version_of(connection) == LATEST
        migrate(connection, latest=LATEST + 2, steps={LATEST + 1: one_more, LATEST + 2: and_another})
        assert "second" in {column["name"] for column in inspect(connection).get_columns("issues")}
        with pytest.raises(StateError):
            migrate(connection)


@pytest.mark.parametrize("older", [FIRST, SECOND], ids=["1", "2"])
def test_a_migrated_database_has_the_tables_columns_and_indexes_of_a_new_one(engine: Engine, older: str) -> None:
    fresh = create_engine("sqlite://")
    with engine.begin() as connection, fresh.begin() as new:
        migrate(new)
        carry_out(connection, older)
        migrate(connection)
        assert shape(connection) == shape(new)
    fresh.dispose()


def shape(connection: Connection) -> dict[str, object]:
    found = inspect(connection)

    def indexes(table: str) -> list[tuple[object, ...]]:
        unique = [(*constraint["column_names"], 1) for constraint in found.get_unique_constraints(table)]
        return sorted((*unique, *((*index["column_names"], index["unique"]) for index in found.get_indexes(table))), key=str)

    return {
        table: (
            {column["name"]: column["nullable"] for column in found.get_columns(table)},
            found.get_pk_constraint(table)["constrained_columns"],
            sorted(key["constrained_columns"] for key in found.get_foreign_keys(table)) if table != "issues" else None,
            indexes(table),
        )
        for table in found.get_table_names()
    }


async def test_a_database_of_the_first_version_is_led_to_this_one(
    engine: Engine, state: DatabaseAddress, clock: ManualClock, see: See
) -> None:
    with engine.begin() as connection:
        carry_out(connection, FIRST)
        connection.execute(text("INSERT INTO newsletters (name) VALUES ('weekly')"))
        for number, (name, announced) in enumerate(
            {"announced": "'2026-07-01 08:00:00.000000'", "draft": "NULL", "gone": "NULL"}.items()
        ):
            connection.execute(
                text(
                    "INSERT INTO issues (newsletter, path, slug, title, blob, fingerprint, first_seen, changed_at, state, reason, "
                    f"baseline, announced_at) VALUES ('weekly', '{number}.md', 's', 't', 'b', '', '2026-07-01 07:00:00.000000', "
                    f"'2026-07-01 07:00:00.000000', '{name}', 'r', FALSE, {announced})"
                )
            )
    with pytest.raises(StateError, match="older heartbeat-bot"):
        async with open_store(state, read_only=True):
            pass
    async with open_store(state, clock=clock) as store:
        announced, draft, gone = sorted((await store.records("weekly")).values(), key=lambda record: record.path)
        assert (announced.shown, announced.listed_at, announced.draft) == ("b", announced.changed_at, False)
        assert (draft.draft, draft.listed_at, draft.shown) == (True, None, None)
        assert gone.gone_at == gone.changed_at
        await store.record("weekly", [see("x.md", explicit="e"), see("y.md", explicit="e")], now=clock())
    async with open_store(state, read_only=True) as reader:
        assert len(await reader.issues("weekly")) == 5


async def test_in_a_database_of_the_second_version_every_message_and_request_is_of_an_announcement(
    engine: Engine, state: DatabaseAddress, clock: ManualClock
) -> None:
    with engine.begin() as connection:
        carry_out(connection, SECOND)
        carry_out(
            connection,
            """
INSERT INTO newsletters (name, baseline_at) VALUES ('weekly', '2026-07-01 07:00:00.000000');
INSERT INTO issues (id, newsletter, path, slug, title, blob, fingerprint, first_seen, changed_at, state, reason, baseline,
    announced_at, shown) VALUES (7, 'weekly', 'a.md', 's', 't', 'b', '', '2026-07-01 07:00:00.000000', '2026-07-01 07:00:00.000000',
    'announced', 'r', FALSE, '2026-07-01 08:00:00.000000', 'b');
INSERT INTO receipts (message, issue, channel, key, digest, sent_at) VALUES (90, 7, 5, 'cover', 'd', '2026-07-01 08:00:00.000000');
INSERT INTO intents (thing, kind, issue, channel, key, message, nonce, payload, digest, created_at) VALUES
    ('send:7:5:news', 'send', 7, 5, 'news', NULL, 'n', '{"body": {}, "files": [], "after": 90}', 'e', '2026-07-01 08:00:00.000000')
""",
        )
    async with open_store(state, clock=clock) as store:
        record = await store.issue(IssueId(7))
        assert [(message.key, message.kind) for message in record.messages] == [("cover", DeliveryKind.ANNOUNCEMENT)]
        assert (record.shown, record.on_hold_at, record.scheduled_at, record.skipped_at) == ("b", None, None, None)
        (written,) = await store.outbox.unfinished()
        again = replace(written.request, nonce="m")
        with pytest.raises(Exception, match="UNIQUE"):
            await store.outbox.begin(again, now=clock() + timedelta(hours=1))
        assert (await store.newsletter("weekly")).paused_at is None
        assert list(await store.deliveries.reposts("weekly")) == await store.actions.latest(5) == []


async def test_what_was_approved_scheduled_posted_or_there_before_versions_were_kept_stands_for_its_text(
    engine: Engine, state: DatabaseAddress, clock: ManualClock
) -> None:
    with engine.begin() as connection:
        carry_out(connection, SECOND)
        connection.execute(text("INSERT INTO newsletters (name) VALUES ('weekly')"))
        for number, (columns, values) in enumerate(
            {
                "approved_at": "'2026-07-01 08:00:00.000000'",
                "announced_at, shown": "'2026-07-01 08:00:00.000000', 'shown'",
                "until": "NULL",
            }.items()
        ):
            connection.execute(
                text(
                    "INSERT INTO issues (newsletter, path, slug, title, blob, fingerprint, first_seen, changed_at, state, reason, "
                    f"baseline, {columns}) VALUES ('weekly', '{number}.md', 's', 't', 'b', '', '2026-07-01 07:00:00.000000', "
                    f"'2026-07-01 07:00:00.000000', 'waiting', 'r', FALSE, {values})"
                )
            )
    async with open_store(state, clock=clock) as store:
        approved, posted, waiting = sorted((await store.records("weekly")).values(), key=lambda record: record.path)
        assert (approved.approved, approved.approval_binds) == ("b+?", True)
        assert (posted.approved, posted.approval_binds) == ("shown+?", False)
        assert (waiting.approved, waiting.asks, waiting.declined) == (None, None, None)
        assert facts_of(approved, approved.announcements[0], "", BlobId("other")).other_than_approved is Difference.TEXT
        assert facts_of(approved, approved.announcements[0], "").other_than_approved is None


async def test_nothing_that_was_done_before_notes_were_kept_is_told_again(
    engine: Engine, state: DatabaseAddress, clock: ManualClock
) -> None:
    with engine.begin() as connection:
        carry_out(connection, SECOND)
        migrate(connection, latest=4)
        done = "'2026-07-01 08:00:00.000000'"
        connection.execute(
            text(
                f"INSERT INTO actions (who, name, verb, detail, begun_at, outcome, done_at) VALUES (1, 'Mo', 'sync', '', {done}, 'x', {done})"
            )
        )
    async with open_store(state, clock=clock) as store:
        (action,) = await store.actions.latest(5)
        assert (action.outcome, await store.actions.untold()) == ("x", [])
        assert await store.outbox.lost_sends("weekly") == []
