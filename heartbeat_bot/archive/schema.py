"""The archive's tables, save the one for searching, which fulltext.py makes. All of it can be made again from the sources."""

from typing import Final

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, String, Table, Text

VERSION: Final = 2
"""To be raised when anything in this room changes what is written: files of another number are emptied and filled anew."""

APPLICATION: Final = 0x48424152
"""Marks a file as an archive of this program (SQLite's ``application_id``): nobody else's is emptied."""

metadata = MetaData()

entries = Table(
    "entries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("newsletter", String, nullable=False),
    Column("path", String, nullable=False),
    Column("blob", String, nullable=False),
    Column("rendering", String, nullable=False),
    Column("issue", Integer, nullable=False),  # its number in the store
    Column("visible", Boolean, nullable=False),
    Column("slug", String, nullable=False),
    Column("title", Text, nullable=False),
    Column("date", String),  # ISO 8601, a day or an instant, as the issue has it
    Column("url", String, nullable=False),
    Column("events", Text),  # JSON, see stored.py; null for none
    Column("jobs", Text),
)
Index("entries_path", entries.c.newsletter, entries.c.path, unique=True)

parts = Table(
    "parts",
    metadata,
    Column("id", Integer, primary_key=True),  # the row of the words in it, too
    Column("entry", Integer, ForeignKey("entries.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("key", String, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),  # JSON, deflated: a third of it
    Column("files", Text),  # JSON, see stored.py; null for none
)
Index("parts_entry", parts.c.entry, parts.c.position, unique=True)
