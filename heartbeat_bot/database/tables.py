"""The store's tables. Whatever must be unique is so by an index. Instants are UTC; Discord's tokens are nowhere."""

from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    false,
    text,
)

from heartbeat_bot.identity.doubts import Doubt
from heartbeat_bot.policy.decisions import Reason, dump_doubt, load_doubt


class RequestKind(StrEnum):
    """What is about to be asked of Discord."""

    SEND = "send"
    EDIT = "edit"
    DELETE = "delete"
    PUBLISH = "publish"


class Instant(TypeDecorator[datetime]):
    """An aware instant, kept in UTC also by databases that know no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Turn an instant of any zone into UTC; a time without a zone is a fault of the program."""
        if value is None:
            return None
        assert value.tzinfo is not None, "instants carry their zone"
        return value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Say that what was read is UTC."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


_reason = lru_cache(maxsize=1024)(Reason.load)
"""Reads a reason; most issues of a newsletter have one of a few."""


class ReasonColumn(TypeDecorator[Reason]):
    """A reason, kept as its code and its parameters, in JSON: never as a sentence."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Reason | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Write a reason down."""
        return None if value is None else value.dump()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Reason | None:  # noqa: ARG002
        """Read what was written down."""
        return None if value is None else _reason(value)


class DoubtColumn(TypeDecorator[Doubt]):
    """A doubt, kept as :class:`ReasonColumn` keeps a reason."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Doubt | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Write a doubt down."""
        return None if value is None else dump_doubt(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Doubt | None:  # noqa: ARG002
        """Read what was written down."""
        return None if value is None else load_doubt(value)


def _unique_where(name: str, *columns: Column[Any], where: str) -> None:
    """Let no two rows have the same columns, of those that a condition holds of.

    SQLAlchemy has a keyword per database; each loads the whole dialect, which stays in memory for as long as `run` runs. So another
    database adds its own when it is opened.
    """
    Index(name, *columns, unique=True, sqlite_where=text(where))


metadata = MetaData()

schema_version = Table("schema_version", metadata, Column("version", Integer, primary_key=True, autoincrement=False))

newsletters = Table(
    "newsletters",
    metadata,
    Column("name", String, primary_key=True),
    Column("commit_id", String),
    Column("baseline_at", Instant),  # when the first pass was done
    Column("last_pass_at", Instant),  # when the last pass that succeeded was done
    Column("error", Text),  # why the last pass failed, null when it did not
    Column("error_at", Instant),
    Column("paused_at", Instant),  # since when a moderator wants nothing done about it
)

issues = Table(
    "issues",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("newsletter", String, ForeignKey("newsletters.name"), nullable=False),
    Column("explicit", String),  # the id in its front matter, which others may have too
    Column("path", String, nullable=False),
    Column("slug", String, nullable=False),
    Column("title", Text, nullable=False),
    Column("date", String),  # ISO 8601, a day or an instant, as the issue has it
    Column("blob", String, nullable=False),
    Column("fingerprint", Text, nullable=False),  # see identity.Fingerprint
    Column("first_seen", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),  # when its content became what it is
    Column("draft", Boolean, nullable=False, server_default=false()),  # what its file says
    Column("broken", Text),  # why its file cannot be read, null when it can
    Column("listed_at", Instant),  # since when it is there, can be read and is no draft; as it was when it was announced
    Column("gone_at", Instant),  # when a pass first missed its file
    Column("doubt", DoubtColumn),  # why it is unsure who it is, and which issue it may be
    Column("approved_at", Instant),
    Column("retracted_at", Instant),
    Column("on_hold_at", Instant),  # since when a moderator holds it back
    Column("scheduled_at", Instant),  # when a moderator wants it announced
    Column("skipped_at", Instant),  # when a moderator said that it is no news
    Column("withheld", JSON(none_as_null=True)),  # the keys of sections that a moderator took back, null for none
    Column("approved", String),  # the version (see approval.py) that was let through last: by a moderator, or by the policy
    Column("approved_posts", LargeBinary),  # what a moderator approved looks like (see approval.dump), to tell small changes by
    Column(
        "approval_binds", Boolean, nullable=False, server_default=false()
    ),  # something made it wait: the approval is of that text
    Column("asks", String),  # the version that moderators are asked about although another one was let through
    Column("declined", String),  # the version of an edit that a moderator does not want
)
_unique_where("issues_path", issues.c.newsletter, issues.c.path, where="gone_at IS NULL")

destinations = Table(
    "destinations",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("newsletter", String, ForeignKey("newsletters.name")),  # null for the moderators' channel
    Column("channel", BigInteger),  # null for one of an earlier version until a pass has seen the configuration
    Column("guild", BigInteger),  # null until Discord has said which
    Column("declared", String, nullable=False),  # where it comes from, see deliveries.Declared
    Column("baseline_at", Instant),  # when the first pass that knew it was done
    Column("removed_at", Instant),  # since when it is declared no more
)
Index("destinations_channel", destinations.c.newsletter, destinations.c.channel, destinations.c.declared, unique=True)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("destination", Integer, ForeignKey("destinations.id"), nullable=False),
    Column("issue", Integer, ForeignKey("issues.id"), nullable=False),
    Column("kind", String, nullable=False),  # see deliveries.Kind
    Column("sections", JSON(none_as_null=True)),  # the keys of the sections that it has, null for the whole issue
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant),  # since when it is wanted no more: what is left of it is an orphan
    Column("state", String),  # what has become of the issue here, null for what is no announcement
    Column("reason", ReasonColumn),  # why
    Column("until", Instant),  # from when on time alone may change the state
    Column("baseline", Boolean, nullable=False, server_default=false()),  # it was there before the destination
    Column("announced_at", Instant),  # when its first post was about to be sent
    Column("pinged_at", Instant),  # when the post with its one role ping was sent
    Column("shown", String),  # the blob whose text its messages show, null until they show one whole
    Column("shown_as", String),  # how that was rendered (see changes.rendering_of), "" while it is being changed
    Column("late", String),  # the blob that came after the edit window and is not sent
    Column("asked_at", Instant),  # when a moderator asked for that to be sent, or sending a change began
    Column("approved", String),  # of a repost: the version that a moderator confirmed, or that it shows
    Column("error", Text),  # why it could not be read or posted, null when it could
    Column("error_at", Instant),
    Column("says", String),  # of an open notice: names what it says (see notices.py), null while nobody knows
)
Index("deliveries_issue", deliveries.c.issue, deliveries.c.kind)
_unique_where("deliveries_once", deliveries.c.destination, deliveries.c.issue, deliveries.c.kind, where="kind <> 'repost'")

messages = Table(
    "messages",
    metadata,
    Column("message", BigInteger, primary_key=True, autoincrement=False),
    Column("delivery", Integer, ForeignKey("deliveries.id"), nullable=False),
    Column("channel", BigInteger, nullable=False),
    Column("key", String, nullable=False),
    Column("digest", String, nullable=False),  # "" when it is not known what the message shows
    Column("sent_at", Instant, nullable=False),
    Column("published_at", Instant),
    Column("not_before", Instant),  # Discord asked to leave the message alone until then
    Column("released_at", Instant),  # since then it is not kept in step any more, but still known as the bot's
)
Index("messages_delivery", messages.c.delivery)
Index("messages_published", messages.c.channel, messages.c.published_at)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("target", String, nullable=False, unique=True),  # what is being done to what: nothing is begun twice
    Column("kind", String, nullable=False),
    Column("delivery", Integer, ForeignKey("deliveries.id"), nullable=False),
    Column("channel", BigInteger, nullable=False),
    Column("key", String),
    Column("message", BigInteger),  # null for a send
    Column("nonce", String, nullable=False, unique=True),
    Column("payload", JSON, nullable=False),
    Column("digest", String, nullable=False),
    Column("created_at", Instant, nullable=False),
)
Index("outbox_delivery", outbox.c.delivery)

lost_sends = Table(
    "lost_sends",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("delivery", Integer, ForeignKey("deliveries.id"), nullable=False),
    Column("channel", BigInteger, nullable=False),
    Column("body", JSON, nullable=False),  # what was asked for; Discord may carry it out yet
    Column("after", BigInteger, nullable=False),  # the newest message known of the channel before it
    Column("given_up_at", Instant, nullable=False),
)
Index("lost_sends_delivery", lost_sends.c.delivery)

actions = Table(
    "actions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("token", String, unique=True),  # what a second request for the same has too, null when there is no such thing
    Column("who", BigInteger, nullable=False),
    Column("name", String, nullable=False),  # that person's, as it was then
    Column("verb", String, nullable=False),
    Column("newsletter", String),
    Column("issue", Integer),  # which may be forgotten by now
    Column("detail", Text, nullable=False),
    Column("guild", BigInteger),  # the server where that person did it, null in a direct message
    Column("channel", BigInteger),
    Column("begun_at", Instant, nullable=False),
    Column("outcome", Text),  # null while it is under way
    Column("done_at", Instant),
    Column("note", Text),  # what the moderators are still to be told of it, null for nothing
)
Index("actions_newsletter", actions.c.newsletter, actions.c.id)

server_events = Table(
    "server_events",
    metadata,
    Column("guild", BigInteger, primary_key=True, autoincrement=False),
    Column("key", String, primary_key=True),  # names the event that was found, the same from run to run
    Column("scheduled_event", BigInteger),  # Discord's, null until Discord is known to have made it
    Column("newsletter", String, nullable=False),
    Column("path", String, nullable=False),  # of the issue in which it was found
    Column("digest", String, nullable=False),  # what Discord's event shows, or is about to
    Column("told_digest", String),  # the change of which moderators have been told
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)
Index("server_events_newsletter", server_events.c.newsletter)

troubles = Table(
    "troubles",
    metadata,
    Column("newsletter", String, primary_key=True),
    Column("about", String, primary_key=True),  # what is in trouble: the source, Discord, the state, a channel
    Column("words", Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("looks", Integer, nullable=False),  # how many looks found it
    Column("told_at", Instant),  # since when the moderators know
)

waits = Table(
    "waits",
    metadata,
    Column("key", String, primary_key=True),  # names what of Discord is left alone
    Column("since", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("why", Text, nullable=False),
    Column("times", Integer, nullable=False),  # how often it was refused in a row, 0 when Discord asked to wait
    Column("status", Integer, nullable=False),
    Column("code", Integer, nullable=False),
)
