"""Every key: its default, what it may hold, and that the example names it."""

import re
import typing
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from config_texts import CHANNEL, FOLDER, SMALLEST, problem, read, with_key
from pydantic import BaseModel

from heartbeat_bot.config import (
    AnnounceConfig,
    Config,
    DirectorySourceConfig,
    GitSourceConfig,
    ImagesConfig,
    ModerationConfig,
    NewsletterConfig,
    SectionsConfig,
    config_file,
    load_config,
)
from heartbeat_bot.config.address import DatabaseAddress
from heartbeat_bot.errors import ConfigError
from heartbeat_bot.headings import HeadingPattern
from heartbeat_bot.rendering.layouts import LAYOUTS

EXAMPLE = Path(__file__).parents[2] / "config.example.yaml"
# The example shows a Git source; a folder takes its place, and stands in a comment.
COMMENTED = {"directory"}


def newsletter(text: str) -> NewsletterConfig:
    return read(text).newsletters["heartbeat"]


def fields(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Give every key of a model and of the models in it, with its sentence."""
    for name, field in model.model_fields.items():
        yield name, field.description or ""
        for part in models(field.annotation):
            yield from fields(part)


def models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in typing.get_args(annotation):
        yield from models(part)


def keys(values: object) -> Iterator[str]:
    if isinstance(values, Mapping):
        for key, value in values.items():
            yield key
            yield from keys(value)


# -- the example ---------------------------------------------------------------------------------------------------------


def test_the_example_loads() -> None:
    config = load_config(EXAMPLE)
    assert isinstance(config.newsletters["heartbeat"].source, GitSourceConfig)


def test_the_example_names_every_key_of_the_model_and_no_other() -> None:
    model = {name for name, _ in fields(Config)}
    named = set(keys(yaml.safe_load(EXAMPLE.read_text())))
    commented = set(re.findall(r"^ *#  +(\w+): \S", EXAMPLE.read_text(), re.MULTILINE))
    assert commented == COMMENTED
    assert named - {"heartbeat"} == model - COMMENTED


def test_every_key_of_the_example_stands_under_its_sentence() -> None:
    lines = EXAMPLE.read_text().splitlines()
    bare = [
        line
        for above, line in pairwise(lines)
        if re.match(r" *\w+:", line) and not above.lstrip().startswith("#") and line.strip() not in {"discord:", "heartbeat:"}
    ]
    assert bare == []


def test_every_key_has_a_sentence() -> None:
    assert [name for name, sentence in fields(Config) if not sentence.endswith(".")] == []


def test_the_example_shows_the_defaults() -> None:
    """What differs is what has none, or what a person fills in."""
    example = load_config(EXAMPLE)
    smallest = newsletter(SMALLEST)
    shown = example.newsletters["heartbeat"]
    assert example.discord == read(SMALLEST).discord
    assert example.moderation == read(SMALLEST).moderation
    assert shown.announce == smallest.announce
    assert shown.sections == smallest.sections
    assert shown.poll == smallest.poll


# -- defaults ------------------------------------------------------------------------------------------------------------


def test_the_smallest_file_has_the_documented_defaults() -> None:
    config = read(SMALLEST)
    only = config.newsletters["heartbeat"]
    assert (config.discord.token_env, config.discord.api_url, config.discord.gateway_url) == (
        "DISCORD_TOKEN",
        "https://discord.com/api/v10",
        None,
    )
    assert config.moderation == ModerationConfig(channel=None, roles=(), approval=False)
    assert only.poll == timedelta(minutes=5)
    assert (only.site_url, only.issue_url) == (None, None)
    assert only.images == ImagesConfig(base_url=None, attach=False)
    assert only.sections == SectionsConfig(events=(), jobs=(), skip=())
    assert only.announce == AnnounceConfig(
        channel=CHANNEL,
        layout="embeds",
        publish=True,
        ping_role=None,
        hold=timedelta(minutes=10),
        max_age=timedelta(days=14),
        max_new_per_pass=3,
    )
    assert only.source.paths == ("**/*.md",)


def test_the_default_branch_is_the_remotes_own() -> None:
    source = newsletter(SMALLEST.replace("directory: site", "git: https://example.org/a.git")).source
    assert isinstance(source, GitSourceConfig)
    assert source.branch is None


# -- single keys ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", [str(CHANNEL), f"'{CHANNEL}'", f'" {CHANNEL} "'])
def test_an_id_may_be_a_number_or_text(written: str) -> None:
    assert newsletter(SMALLEST.replace(str(CHANNEL), written)).announce.channel == CHANNEL


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("123", "is not a Discord id: those are numbers of 17 to 20 digits"),
        ("99999999999999999999", "is not a Discord id"),
        ("general", "is not a Discord id; turn on Developer Mode"),
        (f'"<#{CHANNEL}>"', f"write {CHANNEL} alone"),
        ("true", "true is not a Discord id"),
        ("1.5", "1.5 is not a Discord id"),
        ("[1]", "is not a Discord id"),
        ("0100000000000000001", "YAML reads 0100000000000000001 as another number than it looks"),
    ],
)
def test_what_is_no_id_is_said_to_be_none(written: str, sentence: str) -> None:
    said = problem(SMALLEST.replace(str(CHANNEL), written))
    assert said.startswith("config.yaml:6: ")
    assert sentence in said


def test_ids_of_roles_are_a_list() -> None:
    assert read(f"{SMALLEST}moderation: {{roles: [{CHANNEL}, '{CHANNEL + 1}']}}").moderation.roles == (CHANNEL, CHANNEL + 1)
    assert "moderation.roles must be a list" in problem(f"{SMALLEST}moderation:\n  roles: {CHANNEL}\n")


def test_a_pattern_may_stand_alone() -> None:
    assert newsletter(with_key("paths", "posts/*.md", "source")).source.paths == ("posts/*.md",)


@pytest.mark.parametrize("written", ["5", "[5]", "[]", "['!a']", "['../x']", "['[z-a]']", "{a: b}"])
def test_patterns_that_cannot_match_are_a_problem(written: str) -> None:
    assert problem(with_key("paths", written, "source")).startswith("config.yaml:5: newsletters.heartbeat.source.paths")


@pytest.mark.parametrize(
    ("key", "written", "sentence"),
    [
        ("publish", '"true"', "must be true or false, not text"),
        ("publish", "1", "must be true or false, not the number 1"),
        ("publish", "null", "must be true or false, not nothing"),
        ("max_new_per_pass", "0", "must be 1 or more"),
        ("max_new_per_pass", '"3"', "must be a whole number, not text"),
        ("max_new_per_pass", "2.5", "must be a whole number, not the number 2.5"),
        ("layout", "thread", "the layout 'thread' is not built yet; write embeds"),
        ("layout", "tiles", "unknown layout 'tiles'; write embeds"),
        ("layout", "[embeds]", "unknown layout"),
        ("layout", "null", "unknown layout"),
    ],
)
def test_a_value_of_the_wrong_kind_is_told_with_its_line(key: str, written: str, sentence: str) -> None:
    said = problem(with_key(key, written))
    assert said.startswith(f"config.yaml:7: newsletters.heartbeat.announce.{key}")
    assert sentence in said


def test_yes_and_on_are_true_as_in_any_yaml() -> None:
    assert newsletter(with_key("publish", "yes")).announce.publish
    assert not newsletter(with_key("publish", "off")).announce.publish


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("", "site_url", "example.org"),
        ("", "site_url", "ftp://example.org"),
        ("", "site_url", "https://"),
        ("", "site_url", '"https://exa mple.org"'),
        ("", "site_url", "https://example.org:0/"),
        ("", "site_url", '"https://[::1/"'),
        ("images", "base_url", "/pictures"),
    ],
)
def test_an_address_is_written_in_full(part: str, key: str, value: str) -> None:
    assert "is not an address; write it in full, beginning with http:// or https://" in problem(with_key(key, value, part))


def test_the_gateway_is_a_web_socket() -> None:
    assert read(f"discord: {{gateway_url: 'wss://localhost:9/'}}\n{SMALLEST}").discord.gateway_url == "wss://localhost:9"
    assert "beginning with ws:// or wss://" in problem(f"discord: {{gateway_url: 'https://localhost'}}\n{SMALLEST}")


def test_an_api_address_loses_its_last_slash() -> None:
    assert read(f"discord: {{api_url: 'http://localhost:9/api/'}}\n{SMALLEST}").discord.api_url == "http://localhost:9/api"


def test_pictures_are_linked_or_uploaded_and_not_both() -> None:
    said = problem(f"{SMALLEST}    images: {{base_url: 'https://example.org', attach: true}}\n")
    assert "keep one of the two" in said


# -- addresses of issues -------------------------------------------------------------------------------------------------


def page(template: str, day: date | None = date(2026, 3, 2)) -> str:
    return newsletter(with_key("issue_url", f'"{template}"', "")).page_url(slug="märz", path="a b/x.md", day=day)


def test_an_issues_address_is_filled_in_and_quoted() -> None:
    assert page("https://example.org/{year}/{month}/{day}/{slug}") == "https://example.org/2026/03/02/m%C3%A4rz"
    assert page("https://example.org/{path}?{stem}") == "https://example.org/a%20b/x.md?x"
    assert page("https://example.org/{{a}}/{slug}") == "https://example.org/{a}/m%C3%A4rz"


def test_an_address_that_wants_a_date_is_empty_without_one() -> None:
    assert page("https://example.org/{year}/{slug}", None) == ""
    assert page("https://example.org/{slug}", None) == "https://example.org/m%C3%A4rz"
    assert newsletter(SMALLEST).page_url(slug="a", path="a.md", day=None) == ""


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("https://example.org/{slg}", "unknown placeholder {slg}; the placeholders are {slug}, {year}"),
        ("https://example.org/{slug.__class__}", "unknown placeholder"),
        ("https://example.org/{slug!r}", "unknown placeholder"),
        ("https://example.org/{slug:>9}", "unknown placeholder"),
        ("https://example.org/{}", "unknown placeholder"),
        ("https://example.org/{slug", "a brace without its partner"),
        ("/blog/{slug}", "is not an address"),
    ],
)
def test_a_template_holds_known_placeholders_only(template: str, sentence: str) -> None:
    assert sentence in problem(with_key("issue_url", f'"{template}"', ""))


# -- sections ------------------------------------------------------------------------------------------------------------


def test_heading_patterns_ignore_case() -> None:
    (pattern,) = newsletter(with_key("events", '["up.?coming"]', "sections")).sections.events
    assert pattern.search("UPCOMING things")


@pytest.mark.parametrize(
    ("pattern", "title"),
    [
        (r"^\w+$", "Événements"),
        (r"^[\w ]+$", "Новости недели"),
        (r"^\d\d$", "٢٣"),
        (r"\sx", "a\u3000x"),
        (r"a\Z", "ba"),
        ("évén", "ÉVÉNEMENTS"),
        (r"(^|\W)évén", "Les événements"),
        (r"\[x\]|[]x]y", "]y"),
    ],
)
def test_a_heading_pattern_knows_the_letters_of_all_languages(pattern: str, title: str) -> None:
    assert HeadingPattern(pattern).search(title)


@pytest.mark.parametrize("key", ["events", "jobs", "skip"])
@pytest.mark.parametrize("pattern", [r"^(\w+\s?)+$", "^(a|a)*.$", "^(a*)*b", "(.*a){20}b", r"^([a-z]+)*\d$"])
def test_no_heading_takes_a_pattern_long(key: str, pattern: str) -> None:
    """Python's own engine takes hours for each, as it is written in the configuration."""
    (configured,) = getattr(newsletter(with_key(key, f"['{pattern}']", "sections")).sections, key)
    assert not configured.search("a" * 5000 + "!\n")


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("['(']", "is not a regular expression that can be used here"),
        ("['']", "an empty pattern would match every heading"),
        ("['(?=x)y']", "look-around, back references and possessive repeats are not taken"),
        (r"['(x)\1']", "look-around, back references and possessive repeats are not taken"),
        ("['((x{1000}){1000}){1000}']", "is not a regular expression that can be used here"),
        (r"['\bÉvents']", "knows the edges of words of the letters A to Z only"),
        (r"['[\W]x']", "cannot stand in brackets"),
        (r'["\ud800"]', "half a character"),
        ("['x*']", "matches the empty text, and so every heading"),
        ("[5]", "5 is not text; write the pattern in quotes"),
        ("events", "must be a list"),
    ],
)
def test_a_heading_pattern_matches_something_and_not_everything(written: str, sentence: str) -> None:
    assert sentence in problem(with_key("events", written, "sections"))


# -- paths of this machine -----------------------------------------------------------------------------------------------


def test_relative_paths_start_from_the_files_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "config.yaml").write_text(f"state: sqlite:///data/x.db\n{SMALLEST}")
    monkeypatch.chdir(tmp_path)
    config = load_config(Path("conf/config.yaml"))
    source = config.newsletters["heartbeat"].source
    assert isinstance(source, DirectorySourceConfig)
    assert source.directory == tmp_path / "conf" / "site"
    assert config.state == DatabaseAddress(tmp_path / "conf" / "data" / "x.db")


def test_a_local_repository_starts_from_there_too_and_remotes_stay() -> None:
    def address(written: str) -> str:
        source = newsletter(SMALLEST.replace("directory: site", f"git: {written}")).source
        assert isinstance(source, GitSourceConfig)
        return source.git

    assert address("../site.git") == str((FOLDER / "../site.git").resolve())
    assert address("git@example.org:a/b.git") == "git@example.org:a/b.git"
    assert address("file:///srv/a.git") == "file:///srv/a.git"


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    source = newsletter(SMALLEST.replace("site", "~/site")).source
    assert isinstance(source, DirectorySourceConfig)
    assert source.directory == Path("/home/ann/site")
    assert read(f"state: sqlite:///~/a.db\n{SMALLEST}").state.file == Path("/home/ann/a.db")


@pytest.mark.parametrize(
    "text",
    [
        SMALLEST.replace("site", "~nobody-here/site"),
        SMALLEST.replace("directory: site", "git: ~nobody-here/site.git"),
        f"state: sqlite:///~nobody-here/a.db\n{SMALLEST}",
    ],
)
def test_the_home_of_a_user_who_does_not_exist_is_a_problem_and_no_crash(text: str) -> None:
    assert "knows no home folder for ~nobody-here; write the path in full" in problem(text)


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("''", "an empty name stands here"),
        ("' '", "an empty name stands here"),
        (r'"a\0b"', "an empty name stands here"),
        ("5", "a folder's path must stand here"),
        ("[a]", "a folder's path must stand here"),
    ],
)
def test_a_folder_needs_a_path(written: str, sentence: str) -> None:
    assert sentence in problem(SMALLEST.replace("site", written))


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("postgresql://ann:geheim@db/x", "PostgreSQL is not built yet"),
        ("heartbeat.db", "this is not a database; write sqlite:///"),
        ("sqlite:///", "this is not a database"),
        ("sqlite:///a.db?mode=ro", "this is not a database"),
        (r'"sqlite:///a\0.db"', "this is not a database"),
        ("5", "must be text, not the number 5; put it in quotes"),
    ],
)
def test_the_state_is_a_file_of_sqlite(state: str, sentence: str) -> None:
    said = problem(f"state: {state}\n{SMALLEST}")
    assert said.startswith("config.yaml:1: state")
    assert sentence in said
    assert "geheim" not in said


# -- sources -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("{paths: [a]}", "the source says not where the files are; write one of directory: or git: in it"),
        ("{github: owner/name}", "github: sources are not built yet; write git: https://github.com/owner/name.git"),
        ("{git: a, directory: b}", "the source names directory and git; keep one of them"),
        ("site", "must hold keys and values, not text"),
        ("{directory: a, branch: main}", "unknown key 'branch' in newsletters.heartbeat.source"),
        ("{git: a, branch: '-x'}", "'-x' cannot be the name of a branch"),
        ("{git: a, branch: 5}", "must be text, not the number 5; put it in quotes"),
    ],
)
def test_a_source_is_of_one_kind(source: str, sentence: str) -> None:
    said = problem(SMALLEST.replace("source:\n      directory: site\n", f"source: {source}\n"))
    assert said.startswith("config.yaml:3: ")
    assert sentence in said


def test_a_newsletter_is_named_as_it_is_written() -> None:
    for name in ("on", "1", "0x10", "März & more", "a.b"):
        assert list(read(SMALLEST.replace("heartbeat", name)).newsletters) == [name]


@pytest.mark.parametrize("name", ['""', '" a"', r'"a\nb"', "a" * 101])
def test_a_newsletters_name_is_one_short_line(name: str) -> None:
    assert "names are one line of 100 characters at most" in problem(SMALLEST.replace("heartbeat", name))


# -- which file ----------------------------------------------------------------------------------------------------------


def test_the_command_lines_file_wins_over_the_variable_and_that_over_the_default() -> None:
    assert config_file("a.yaml", {"HEARTBEAT_CONFIG": "b.yaml"}) == Path("a.yaml")
    assert config_file(None, {"HEARTBEAT_CONFIG": "b.yaml"}) == Path("b.yaml")
    assert config_file(None, {"HEARTBEAT_CONFIG": ""}) == Path("config.yaml")


def test_a_file_that_is_not_there_or_a_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no such file; copy config\.example\.yaml to it"):
        load_config(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match=r"this is a folder; name the file in it, such as .*config\.yaml"):
        load_config(tmp_path)


def test_the_layouts_that_a_configuration_may_name_are_those_that_are_there() -> None:
    assert set(typing.get_args(AnnounceConfig.model_fields["layout"].annotation)) == set(LAYOUTS)
