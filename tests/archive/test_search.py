"""What members type is found, the best first, and nothing they type does harm."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import entry

from heartbeat_bot.archive import fulltext
from heartbeat_bot.archive.archive import Archive, SearchPage, open_archive
from heartbeat_bot.archive.fulltext import expression

ISSUES = [
    entry(
        "april.md",
        "Spring is here.",
        "News: We released the parser. The parsers of old are gone.",
        "Events: A meeting in Zürich, near the café. Straße.",
        title="Owl Post: April",
        date=date(2026, 4, 1),
    ),
    entry(
        "may.md",
        "May is here, and so is the parser.",
        "Parser: It has been rewritten. Now it reads twice as fast.",
        "東京勉強会: 来週は東京でPython勉強会を開催します。ﾊﾟｲｿﾝ入門もあります。",
        title="Owl Post: May",
        date=date(2026, 5, 1),
    ),
    entry(
        "june.md",
        "Summer.",
        "Korea: 서울에서 개발자 모임이 열립니다.",
        "Thailand: ประชุมนักพัฒนาที่กรุงเทพ",
        "Code: Run `pip install --upgrade owl-post` or say C++ twice. See github.com/owl/post.",
        title="Owl Post: June, the release",
        date=date(2026, 6, 1),
    ),
    entry("lynx.md", "The parser of another newsletter.", newsletter="lynx", title="Lynx Letter", date=date(2026, 6, 2)),
    entry("hidden.md", "The hidden parser.", title="Hidden", date=date(2026, 7, 1)),
]


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("search") / "archive.db"


@pytest.fixture
async def archive(catalog: Path) -> AsyncIterator[Archive]:
    async with open_archive(catalog) as opened:
        if not opened.known("owl"):
            for number, one in enumerate(ISSUES):
                await opened.put(one, issue=number, visible=one.path != "hidden.md")
        yield opened


def places(found: SearchPage) -> list[str]:
    return [f"{hit.listed.path.removesuffix('.md')} {hit.part}" for hit in found.hits]


FINDS = {
    "a word": ("rewritten", ["may parser"]),
    "any case": ("REWRITTEN", ["may parser"]),
    "a plural for a singular": ("meetings", ["april events"]),
    "another form of a verb": ("rewrite reading", ["may parser"]),
    "a form with the same stem": ("releasing parser", ["april news"]),
    "no accents for some": ("zurich cafe", ["april events"]),
    "accents for none": ("sprìng", ["april cover"]),
    "a decomposed accent": ("cafe\u0301", ["april events"]),
    "words of one section only": ("spring parser", []),
    "words of the issue's title and a section's text": ("april zurich", ["april events"]),
    "a phrase": ('"twice as fast"', ["may parser"]),
    "no phrase out of order": ('"fast as twice"', []),
    "curly quotes": ("“twice as fast”", ["may parser"]),
    "a quote that is not closed": ('"twice as', ["may parser"]),
    "a word and none of another": ("here -parser", ["april cover"]),
    "a word and none of a phrase": ('here -"is the parser"', ["april cover"]),
    "a minus inside a word": ("owl-post upgrade", ["june code"]),
    "what programs are told": ("--upgrade", ["june code"]),
    "an address": ("github.com/owl/post", ["june code"]),
    "signs beside a letter": ("c++", ["june code"]),
    "Japanese inside a run": ("勉強会", ["may 東京勉強会"]),
    "one Chinese character": ("東", ["may 東京勉強会"]),
    "Latin letters in a Japanese run": ("python", ["may 東京勉強会"]),
    "half-width letters": ("ﾊﾟｲｿﾝ", ["may 東京勉強会"]),
    "full-width letters": ("Ｐｙｔｈｏｎ", ["may 東京勉強会"]),
    "characters that do not stand together": ("東会", []),
    "characters of two words": ("東京 入門", ["may 東京勉強会"]),
    "Korean without its ending": ("모임", ["june korea"]),
    "Thai": ("กรุงเทพ", ["june thailand"]),
    "the beginning of a word, when nothing says it whole": ("rewrit", ["may parser"]),
    "the beginning of every word": ("rewrit fas", ["may parser"]),
    "nothing hidden": ("hidden", []),
}


@pytest.mark.parametrize(("query", "expected"), FINDS.values(), ids=FINDS)
async def test_a_search_finds(archive: Archive, query: str, expected: list[str]) -> None:
    found = await archive.search(query)
    assert places(found) == expected
    assert found.total == len(expected)


async def test_what_titles_say_comes_first_and_each_issue_once(archive: Archive) -> None:
    found = await archive.search("parser", newsletter="owl")
    assert places(found) == ["may parser", "april news"]
    assert (await archive.search("release")).hits[0].listed.path == "june.md"


async def test_an_issue_whose_title_alone_matches_is_found_by_its_cover(archive: Archive) -> None:
    assert set(places(await archive.search("owl post", newsletter="owl"))) == {"june code", "may cover", "april cover"}
    assert places(await archive.search("lynx letter")) == ["lynx cover"]


async def test_a_newsletter_is_searched_alone(archive: Archive) -> None:
    assert {hit.listed.newsletter for hit in (await archive.search("parser")).hits} == {"owl", "lynx"}
    assert places(await archive.search("parser", newsletter="lynx")) == ["lynx cover"]
    assert (await archive.search("parser", newsletter="nobody")).total == 0


async def test_titles_may_be_searched_alone(archive: Archive) -> None:
    assert places(await archive.search("parser", titles_only=True)) == ["may parser"]
    assert places(await archive.search("owl -parser", titles_only=True, newsletter="owl"))


async def test_pages_add_up_and_each_knows_the_total(archive: Archive) -> None:
    whole = await archive.search("the", limit=100)
    assert whole.total == len(whole.hits) > 2
    paged: list[str] = []
    for offset in range(whole.total):
        page = await archive.search("the", limit=1, offset=offset)
        assert page.total == whole.total
        paged += places(page)
    assert paged == places(whole)
    assert await archive.search("the", limit=5, offset=100) == SearchPage(total=whole.total, hits=())


async def test_the_words_that_were_asked_for_are_marked(archive: Archive) -> None:
    (hit,) = (await archive.search("twice fast")).hits
    assert hit.excerpt == (
        ("It has been rewritten. Now it reads ", False),
        ("twice", True),
        (" as ", False),
        ("fast", True),
        (".", False),
    )
    (hit,) = (await archive.search("勉強会")).hits
    assert ("勉強会", True) in hit.excerpt
    assert "".join(text for text, _ in hit.excerpt).startswith("来週は東京でPython勉強会を開催します。")


async def test_an_excerpt_of_a_long_text_is_short_and_shows_the_word(archive: Archive) -> None:
    await archive.put(
        entry("long.md", "lorem ipsum " * 400 + "needle " + "dolor sit " * 400, newsletter="long"), issue=9, visible=True
    )
    await archive.put(entry("run.md", "山" * 2000 + "針" + "川" * 2000, newsletter="long"), issue=10, visible=True)
    for asked in ("needle", "針"):
        (hit,) = (await archive.search(asked, newsletter="long")).hits
        assert (asked, True) in hit.excerpt
        shown = "".join(text for text, _ in hit.excerpt)
        assert 60 < len(shown) <= 245
        assert shown.startswith("…")
        assert shown.endswith("…")


HOSTILE = {
    "nothing": "",
    "blanks": " \t\n\u3000",
    "signs": "^ : * ( ) { } + , . ; %",
    "quotes": '""" \' “',
    "minus words only": "-parser -news",
    "a lone minus": "-",
    "emoji": "🎉 🦉",
    "a NUL": "\0",
    "a combining mark alone": "\u0301",
    "half a character": "\ud83e",
}


@pytest.mark.parametrize("query", HOSTILE.values(), ids=HOSTILE)
async def test_nothing_to_search_for_finds_nothing(archive: Archive, query: str) -> None:
    assert expression(query) == ""
    assert await archive.search(query) == SearchPage(total=0, hits=())


WORDS = {
    "operators": "parser AND NOT OR NEAR",
    "near": "NEAR(parser news, 2)",
    "a column": "text: parser",
    "an initial": "^parser",
    "a star": "pars*",
    "a bracket": "(parser",
    "a quote inside": 'par"ser',
    "a NUL inside": "parser\0news",
    "half a character beside": "parser \ud83e",
    "very much": "parser " * 2000,
    "a very long word": "x" * 10_000,
    "SQL": "parser'; DROP TABLE texts; --",
    "many signs": '-"' * 5000 + "parser",
    "an emoji beside": "🎉parser -🎉",
}


@pytest.mark.parametrize("query", WORDS.values(), ids=WORDS)
async def test_signs_and_operators_are_harmless(archive: Archive, query: str) -> None:
    found = await archive.search(query)
    assert found.total >= len(found.hits)
    assert (await archive.search("parser")).total >= 3


async def test_operators_are_words_and_signs_are_not(archive: Archive) -> None:
    everything = places(await archive.search("parser"))
    for query in ("^parser", "parser*", "(parser", "parser:", "🎉 parser", "%parser%", "parser\0"):
        assert places(await archive.search(query)) == everything, query
    assert (await archive.search("parser AND released")).total == 0


@pytest.fixture(scope="module")
def table() -> Iterator[sqlite3.Connection]:
    """An index like the archive's, with one row."""
    connection = sqlite3.connect(":memory:")
    connection.execute(
        "CREATE VIRTUAL TABLE texts USING fts5(issue_title, part_title, text, tokenize = 'porter unicode61 remove_diacritics 2')"
    )
    connection.execute("INSERT INTO texts VALUES ('a', 'b', 'c')")
    yield connection
    connection.close()


@pytest.mark.parametrize("titles_only", [False, True])
@pytest.mark.parametrize("prefix", [False, True])
@given(st.text() | st.text(alphabet="\"-*^:(){}+,.'\\ ANDORTNE\u0301🦉東ก\0", max_size=60))
def test_any_text_becomes_an_expression_that_sqlite_takes(
    table: sqlite3.Connection,
    titles_only: bool,  # noqa: FBT001 - a parameter
    prefix: bool,  # noqa: FBT001 - a parameter
    query: str,
) -> None:
    asked = expression(query, titles_only=titles_only, prefix=prefix)
    if asked:
        table.execute("SELECT rowid FROM texts WHERE texts MATCH ?", (asked,)).fetchall()
    else:
        assert not any(
            character.isalnum()
            for word in query.split()
            if not word.startswith(("-", "−"))
            for character in word
            if '"' not in query
        )


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "Zs", "Mn", "So"]), min_size=1, max_size=40))
def test_a_text_is_found_by_any_of_its_own_words(said: str) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute(
        "CREATE VIRTUAL TABLE texts USING fts5(issue_title, part_title, text, tokenize = 'porter unicode61 remove_diacritics 2')"
    )
    connection.execute("INSERT INTO texts VALUES ('', '', ?)", (fulltext._indexed(said),))  # noqa: SLF001
    for word in said.split():
        if word[0] in '-−"' or not word.isascii():
            continue
        asked = expression(word)
        if asked:
            assert connection.execute("SELECT count(*) FROM texts WHERE texts MATCH ?", (asked,)).fetchone() == (1,)
    connection.close()


PIECES = st.lists(st.tuples(st.text(alphabet="ab 東…\x1f\n", max_size=200), st.booleans()), max_size=12)


@given(PIECES)
def test_an_excerpt_is_short_and_holds_no_marks(pieces: list[tuple[str, bool]]) -> None:
    segments = fulltext._segments("".join(f"\x02{said}\x03" if marked else said for said, marked in pieces))  # noqa: SLF001
    assert sum(len(text) for text, _ in segments) <= 245
    assert not any(character in text for text, _ in segments for character in "\x02\x03\x1f\n")
    assert all(text for text, _ in segments)


async def test_a_long_phrase_is_shown_as_far_as_there_is_room(archive: Archive) -> None:
    phrase = " ".join(f"word{number}" for number in range(60))
    await archive.put(entry("phrase.md", f"Before. {phrase} After.", newsletter="phrase"), issue=11, visible=True)
    (hit,) = (await archive.search(f'"{phrase}"', newsletter="phrase")).hits
    assert hit.excerpt[0] == ("Before. ", False)
    assert hit.excerpt[1][0].startswith("word0 word1")
    assert hit.excerpt[1][1]
