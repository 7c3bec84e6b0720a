"""Which paths a pattern takes in."""

import time
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from slow_patterns import slowly

from heartbeat_bot.config.patterns import PathPatterns


def taken(patterns: str | list[str], *paths: str) -> list[str]:
    compiled = PathPatterns([patterns] if isinstance(patterns, str) else patterns)
    return [path for path in paths if compiled.match(path)]


def test_a_star_stays_within_a_folder() -> None:
    assert taken("a/*.md", "a/x.md", "a/.md", "a/b/x.md", "x.md", "a/x.mdx", "b/a/x.md") == ["a/x.md"]
    assert taken("a/*/c.md", "a/b/c.md", "a/c.md", "a/b/b/c.md") == ["a/b/c.md"]
    assert taken("a**b", "ab", "axxb", "a/b") == ["ab", "axxb"]


def test_two_stars_are_any_number_of_folders() -> None:
    assert taken("**/*.md", "x.md", "a/x.md", "a/b/c/x.md") == ["x.md", "a/x.md", "a/b/c/x.md"]
    assert taken("a/**/x.md", "a/x.md", "a/b/x.md", "a/b/c/x.md", "x.md", "ab/x.md") == ["a/x.md", "a/b/x.md", "a/b/c/x.md"]
    assert taken("a/**", "a/x", "a/b/x", "a", "b/x") == ["a/x", "a/b/x"]
    assert taken("a/", "a/x", "a/b/x", "a") == ["a/x", "a/b/x"]


def test_a_question_mark_is_one_character() -> None:
    assert taken("?.md", "a.md", "é.md", "📰.md", "ab.md", "/.md", ".md") == ["a.md", "é.md", "📰.md"]


def test_brackets_are_one_of_some_characters() -> None:
    assert taken("[ab].md", "a.md", "b.md", "c.md") == ["a.md", "b.md"]
    assert taken("[0-9][!0-9]", "1a", "12", "a1") == ["1a"]
    assert taken("[]]x", "]x", "[x") == ["]x"]
    assert taken("[^a]x", "bx", "ax") == ["bx"]
    assert taken("[[&~|]x", "[x", "&x", "~x", "|x", "ax") == ["[x", "&x", "~x", "|x"]
    assert taken("[+--]x", "+x", ",x", "-x", ".x") == ["+x", ",x", "-x"]
    assert taken("a[!b]c", "a/c", "axc") == ["axc"]


def test_braces_are_one_of_some_words() -> None:
    assert taken("{a,b}/*.{md,mdx}", "a/x.md", "b/x.mdx", "c/x.md", "a/x.txt") == ["a/x.md", "b/x.mdx"]
    assert taken("{a,b/{c,d}}/x", "a/x", "b/c/x", "b/d/x", "b/x") == ["a/x", "b/c/x", "b/d/x"]
    assert taken("x{,-{1,2}}.md", "x.md", "x-1.md", "x-2.md", "x-.md") == ["x.md", "x-1.md", "x-2.md"]
    assert taken("{a/,}x", "a/x", "x") == ["a/x", "x"]


def test_the_last_pattern_that_matches_decides() -> None:
    patterns = ["**/*.md", "!drafts/**", "drafts/now.md", "!**/README.md"]
    assert taken(patterns, "a.md", "drafts/x.md", "drafts/now.md", "README.md", "a/README.md") == ["a.md", "drafts/now.md"]


def test_a_backslash_takes_a_character_for_itself() -> None:
    assert taken(r"\!x\*\{\[\\", r"!x*{[" + "\\", "!xy{[\\") == ["!x*{[\\"]


def test_hidden_names_match_only_when_the_dot_is_spelt() -> None:
    assert taken(["**/*.md", "**/*"], ".x.md", ".git/x.md", "a/.b/x.md", "a/.x.md") == []
    assert taken(["?x", "[.]x", "*x"], ".x") == []
    assert taken([".*", ".a/**", "**/.b/*"], ".x", ".a/x", ".a/.x", "c/.b/x") == [".x", ".a/x", "c/.b/x"]
    assert taken("{.,}x", ".x", "x") == [".x", "x"]


def test_case_matters() -> None:
    assert taken("News/*.MD", "News/a.MD", "news/a.MD", "News/a.md") == ["News/a.MD"]


def test_accents_match_however_they_are_encoded() -> None:
    for form in ("NFC", "NFD"):
        for other in ("NFC", "NFD"):
            path = unicodedata.normalize(other, "Café/été.md")
            assert taken(unicodedata.normalize(form, "Café/?té.md"), path) == [path]


@pytest.mark.parametrize("name", ["a\nb.md", "\n.md", "a\rb.md", "a\u2028b.md", "#1.md", "a b.md", "a\\b.md", "a\tb.md"])
def test_any_character_may_stand_in_a_name(name: str) -> None:
    assert taken("**/*.md", name, f"x/{name}") == [name, f"x/{name}"]
    assert taken("*.m", f"{name}\n") == []


def test_a_pattern_starts_from_the_root_with_or_without_saying_so() -> None:
    assert taken("/a/x", "a/x") == taken("./a/x", "a/x") == ["a/x"]


@pytest.mark.parametrize(
    ("patterns", "sentence"),
    [
        ([], "there is no pattern; write at least one"),
        ([""], "is an empty pattern"),
        (["/"], "is an empty pattern|leaves the source, or has an empty folder"),
        (["!a"], "every pattern takes files out"),
        (["../a"], "leaves the source"),
        (["a/../b"], "leaves the source"),
        (["a//b"], "has an empty folder in it"),
        (["{..,a}/b"], "leaves the source"),
        (["{/etc,a}/b"], "leaves the source, or has an empty folder"),
        (["a/{,b}/c"], "has an empty folder"),
        (["{a"], "opens a brace and does not close it"),
        (["[a"], "opens a bracket and does not close it"),
        (["[!]"], "opens a bracket and does not close it|make no set"),
        (["[!]]"], "make no set|opens a bracket"),
        (["[z-a]"], "between brackets that make no set"),
        (["a\\"], "has a backslash with nothing behind it"),
        (["{a,b}" * 12], "stands for more than 1000 patterns"),
    ],
)
def test_a_pattern_that_cannot_match_is_refused_with_a_sentence(patterns: list[str], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        PathPatterns(patterns)


def test_the_folders_to_look_into_are_known() -> None:
    def folders(*patterns: str) -> tuple[str, ...]:
        return PathPatterns(patterns).folders

    assert folders("content/blog/*.md") == ("content/blog",)
    assert folders("a/b/*.md", "a/*.md", "c/{d,e}/x") == ("a", "c/d", "c/e")
    assert folders("**/*.md", "a/x") == ("",)
    assert folders("a*/b/x", "!c/x") == ("",)
    assert folders(r"a\b/c/x") == ("",)


def test_many_stars_take_no_time() -> None:
    deep = "/".join(["a"] * 60)
    started = time.process_time()
    assert taken(f"{'**/' * 20}b", deep) == []
    assert taken("*****************b", "a" * 200) == []
    assert time.process_time() - started < 10, "seconds of computing; under one on an idle machine"


@given(st.lists(st.text("ab.*?[]{}!,/\\-^&~|# é\n", max_size=12), max_size=3), st.text("ab./é\n", max_size=12))
def test_every_pattern_is_compiled_or_refused_and_never_leaves_the_root(patterns: list[str], path: str) -> None:
    try:
        compiled = PathPatterns(patterns)
    except ValueError:
        return
    compiled.match(path)
    for folder in compiled.folders:
        assert not folder.startswith("/")
        assert not {".", ".."}.intersection(folder.split("/"))


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("**/*a*a*a*a*a*a*a*a*a*a*.md", "a" * 250 + ".mx"),
        ("*?a*?a*?a*?a*?a*?a*?a*?a*?a", "a" * 250 + "b"),
        ("*[ab]*[ab]*[ab]*[ab]*[ab]*[ab]*[ab]*c", "ab" * 120),
        ("**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/b", "a/" * 2000 + "c"),
        ("**/*a*/**/*a*/**/*a*/**/*a*/**/b", "aaa/" * 1000 + "c"),
        ("{*a*a*a*a*a*b,**/*a*a*a*a*a*b}", "a" * 250),
        ("**/*a*a*a*a*a*a*a*.md", "/".join(["a" * 250] * 16) + "/x"),
    ],
)
def test_a_pattern_of_many_stars_is_matched_in_a_moment(pattern: str, path: str) -> None:
    """Each took minutes when every star was tried at every place."""
    assert not PathPatterns([pattern]).match(path)


_PARTS = st.sampled_from(["**", "**", "*", ".*", "a", ".a", "b"]) | st.text("ab*?.", min_size=1, max_size=5)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(_PARTS.filter(lambda part: part not in {".", ".."}), min_size=1, max_size=6),
    st.lists(st.text("ab.", min_size=1, max_size=5), min_size=1, max_size=6),
)
@example(["**", ".b", "**", "x"], [".b", ".b", "x"])
@example(["**", "a", ".b", "**", "a"], ["a", "a", ".b", "a"])
def test_a_pattern_takes_in_what_trying_everything_takes_in(parts: list[str], names: list[str]) -> None:
    pattern, path = "/".join(parts), "/".join(names)
    assert PathPatterns([pattern]).match(path) == slowly(pattern, path)
