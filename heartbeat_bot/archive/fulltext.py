"""Searching what was said: the one file that knows a full-text search, SQLite's FTS5 (https://sqlite.org/fts5.html).

A row per post: its issue's title, its section's title, its text, and the post's id. English endings, accents and case do not matter.
Characters of scripts without spaces are words of their own, and what is asked for in them is a phrase: so any part of a run is found.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, text

from heartbeat_bot.archive.words import UNSPACED

_TABLE: Final = text(
    "CREATE VIRTUAL TABLE texts USING fts5(issue_title, part_title, text, tokenize = 'porter unicode61 remove_diacritics 2')"
)
_INSERT: Final = text("INSERT INTO texts (rowid, issue_title, part_title, text) VALUES (:id, :issue, :part, :text)")
_DELETE: Final = text("DELETE FROM texts WHERE rowid = :id")
_TEXTS: Final = text("SELECT rowid, text FROM texts WHERE rowid IN :ids").bindparams(bindparam("ids", expanding=True))
_WEIGHTS: Final = "8.0, 4.0, 1.0"
"""How much a word counts in the issue's title, in the section's, in the text."""
_OWN_WEIGHTS: Final = "0.0, 4.0, 1.0"
"""The same without the issue's title, which all its posts share: what makes one post of an issue the best of them."""

_FOUND: Final = text(f"""
WITH matching AS MATERIALIZED (
    SELECT rowid AS part, bm25(texts, {_WEIGHTS}) AS score, bm25(texts, {_OWN_WEIGHTS}) AS own FROM texts WHERE texts MATCH :asked
), ranked AS MATERIALIZED (
    SELECT parts.id, parts.key, parts.title, parts.entry, entries.newsletter, entries.path, entries.date, matching.score,
        row_number() OVER (PARTITION BY parts.entry ORDER BY matching.own, parts.position) AS place
    FROM matching JOIN parts ON parts.id = matching.part JOIN entries ON entries.id = parts.entry
    WHERE entries.visible AND entries.newsletter IN :newsletters
)
SELECT id, key, title, newsletter, path, count(*) OVER () AS total FROM ranked WHERE place = 1
ORDER BY score, date DESC, path DESC LIMIT :limit OFFSET :offset
""").bindparams(bindparam("newsletters", expanding=True))  # noqa: S608 - constants of this file
_OPENS, _CLOSES, _PARTED = "\x02", "\x03", "\x1f"
_EXCERPTS: Final = text(f"""
SELECT rowid, snippet(texts, 2, '{_OPENS}', '{_CLOSES}', '…', 64) AS excerpt FROM texts WHERE texts MATCH :asked AND rowid IN :parts
""").bindparams(bindparam("parts", expanding=True))  # noqa: S608 - likewise

_JOINTS = re.compile(rf"(?<={UNSPACED.pattern})(?=\w)|(?<=\w)(?={UNSPACED.pattern})")
_FULL_WIDTH = re.compile(r"[\uff00-\uffef]+")
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»「」『』", '"'))
_ASKED = re.compile(r'(?P<minus>(?<!\S)[-−])?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')
_LONGEST: Final = 1000
_MOST_TERMS: Final = 32
_SHORTEST_PREFIX: Final = 3
_EXCERPT: Final = 240
"""Characters of an excerpt; before the first word that was asked for, a third of them."""

Segment = tuple[str, bool]
"""A piece of an excerpt, and whether it is what was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMatch:
    """The post of an issue that matches best."""

    newsletter: str
    path: str
    key: str
    title: str
    excerpt: tuple[Segment, ...]


def expression(asked: str, *, titles_only: bool = False, prefix: bool = False) -> str:
    """Return FTS5's expression for what someone typed, "" when there is nothing to search for.

    All words must be there, "words in quotes" beside each other, and none of those with a minus before them. Everything else is a word,
    whatever FTS5 might read in it. With ``prefix`` a word of three letters or more also stands for those that begin with it.
    At most 32 words and phrases of the first 1000 characters count.
    """
    wanted: list[str] = []
    unwanted: list[str] = []
    for match in list(_ASKED.finditer(asked[:_LONGEST].translate(_QUOTES)))[:_MOST_TERMS]:
        term = _indexed(match["word"] or match["phrase"] or "")
        # "--release" is what programs are told, not a word to leave out.
        minus = match["minus"] and not term.startswith("-")
        if not any(_is_word(character) for character in term):
            continue
        quoted = '"{}"'.format(term.replace('"', " "))
        if minus:
            unwanted.append(quoted)
        elif prefix and match["word"] and len(term) >= _SHORTEST_PREFIX:
            wanted.append(f"{quoted} *")
        else:
            wanted.append(quoted)
    if not wanted:
        return ""
    said = " AND ".join(wanted)
    if unwanted:
        said = f"({said}) NOT ({' OR '.join(unwanted)})"
    return f"{{issue_title part_title}} : ({said})" if titles_only else said


def create(connection: Connection) -> None:
    """Make the table."""
    connection.execute(_TABLE)


def insert(connection: Connection, issue_title: str, posts: Iterable[tuple[int, str, str]]) -> None:
    """Make the posts of an issue findable: each by its id, its section's title ("" for the cover) and its text."""
    issue = _indexed(issue_title)
    values = [{"id": id_, "issue": issue, "part": _indexed(title), "text": _indexed(text)} for id_, title, text in posts]
    connection.execute(_INSERT, values)


def delete(connection: Connection, ids: Sequence[int]) -> None:
    """Forget posts."""
    if ids:
        connection.execute(_DELETE, [{"id": one} for one in ids])


def texts(connection: Connection, ids: Sequence[int]) -> dict[int, str]:
    """Return the texts of posts."""
    return {row.rowid: row.text.replace(_PARTED, "") for row in connection.execute(_TEXTS, {"ids": list(ids)})}


def search(
    connection: Connection, asked: str, *, newsletters: Collection[str], limit: int, offset: int
) -> tuple[int, list[TextMatch]]:
    """Return how many issues of newsletters that members see match an expression, and so many of them, the best first, each by its best post."""
    values = {"asked": asked, "newsletters": list(newsletters)}
    rows = connection.execute(_FOUND, values | {"limit": limit, "offset": offset}).all()
    if not rows:
        first = connection.execute(_FOUND, values | {"limit": 1, "offset": 0}).first() if offset else None
        return (first.total if first else 0), []
    parts = [row.id for row in rows]
    excerpts = {row.rowid: row.excerpt for row in connection.execute(_EXCERPTS, {"asked": asked, "parts": parts})}
    return rows[0].total, [
        TextMatch(
            newsletter=row.newsletter, path=row.path, key=row.key, title=row.title, excerpt=_segments(excerpts.get(row.id, ""))
        )
        for row in rows
    ]


def _indexed(said: str) -> str:
    """Return a text as it is indexed: full-width letters made plain, characters of scripts without spaces parted."""
    said = _FULL_WIDTH.sub(lambda match: unicodedata.normalize("NFKC", match[0]), said)
    said = re.sub(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]", " ", unicodedata.normalize("NFC", said))
    return _JOINTS.sub(_PARTED, said)


def _is_word(character: str) -> bool:
    """Tell whether the tokenizer takes a character as part of a word."""
    category = unicodedata.category(character)
    return category[0] in "LN" or category == "Co"


def _segments(excerpt: str) -> tuple[Segment, ...]:
    """Cut an excerpt at its marks, and to its length."""
    pieces = re.split(f"({_OPENS}[^{_CLOSES}]*{_CLOSES})", " ".join(excerpt.replace(_PARTED, "").split()))
    return tuple(_shortened([(said, piece[0] == _OPENS) for piece in pieces if (said := piece.strip(_OPENS + _CLOSES))]))


def _shortened(segments: list[Segment]) -> Iterator[Segment]:
    room = _EXCERPT
    for n, (said, marked) in enumerate(segments):
        piece = said
        if n == 0 and not marked and len(segments) > 1 and len(said) > _EXCERPT // 3:
            cut = said[-(_EXCERPT // 3) :]
            piece = "…" + (cut.partition(" ")[2] or cut)
        if len(piece) > room:
            # A word that was asked for is shown whole or, but for the first, not at all.
            cut = "" if marked and n > 1 else piece[:room]
            yield (cut.rpartition(" ")[0] or cut).rstrip(" …") + "…", marked and bool(cut)
            return
        yield piece, marked
        room -= len(piece)
