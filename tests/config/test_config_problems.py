"""What a person is told about a file that cannot be used: everything, with lines, and nothing that is secret."""

from pathlib import Path

import pytest
from config_texts import CHANNEL, SMALLEST, problem, problems, read, with_key

from heartbeat_bot.config import DiscordConfig, load_config
from heartbeat_bot.errors import ConfigError

# Of a token's shape, and nobody's.
TOKEN = "MTAwMDAwMDAwMDAwMDAwMDAwMQ.Gabcde.abcdefghijklmnopqrstuvwxyz0123456789-_"
SIGNATURE = TOKEN.rpartition(".")[2][:12]


# -- unknown and missing keys --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (f"discrod: {{}}\n{SMALLEST}", "config.yaml:1: unknown key 'discrod'; did you mean 'discord'?"),
        (SMALLEST.replace("announce:", "annouce:"), "unknown key 'annouce' in newsletters.heartbeat; did you mean 'announce'?"),
        (with_key("Hold", "1m"), "config.yaml:7: unknown key 'Hold' in newsletters.heartbeat.announce; did you mean 'hold'?"),
        (
            with_key("path", "a", "source"),
            "config.yaml:5: unknown key 'path' in newsletters.heartbeat.source; did you mean 'paths'?",
        ),
        (f"{SMALLEST}moderation:\n  role: []\n", "config.yaml:8: unknown key 'role' in moderation; did you mean 'roles'?"),
        (
            f"hold: 5m\n{SMALLEST}",
            "config.yaml:1: unknown key 'hold'; it belongs in newsletters.NAME.announce",
        ),
        (with_key("poll", "5m"), "unknown key 'poll' in newsletters.heartbeat.announce; it belongs in newsletters.NAME"),
        (with_key("state", "a", ""), "unknown key 'state' in newsletters.heartbeat; it belongs in the top of the file"),
        (with_key("zzz", "1", "images"), "unknown key 'zzz' in newsletters.heartbeat.images; known are base_url, attach"),
        (
            f"discord:\n  token: abc\n{SMALLEST}",
            "config.yaml:2: unknown key 'token' in discord: secrets do not belong in this file",
        ),
    ],
)
def test_an_unknown_key_is_told_with_its_line_and_the_nearest_known_one(text: str, sentence: str) -> None:
    assert any(sentence in said for said in problems(text))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("state: sqlite:///a.db\n", "config.yaml:1: the file needs 'newsletters': The newsletters, each under a name"),
        ("newsletters: {}\n", "config.yaml:1: newsletters is empty; config.example.yaml shows what belongs in it"),
        ("newsletters:\n", "newsletters must hold keys and values, not nothing"),
        ("newsletters: [a]\n", "newsletters must hold keys and values, not a list"),
        (
            SMALLEST.replace(f"      channel: {CHANNEL}", "      hold: 1m"),
            "config.yaml:5: newsletters.heartbeat.announce needs 'channel'",
        ),
        (f"discord:\n{SMALLEST}", "config.yaml:1: discord must hold keys and values, not nothing"),
        (f"discord: 5\n{SMALLEST}", "config.yaml:1: discord must hold keys and values, not the number 5"),
    ],
)
def test_what_is_missing_is_asked_for_with_its_meaning(text: str, sentence: str) -> None:
    assert sentence in problem(text)


def test_every_problem_is_told_at_once_in_the_order_of_the_lines() -> None:
    said = problems(
        "discord: {token_env: 'no name'}\n"
        "newsletters:\n"
        "  one:\n"
        "    source: {git: 'ext::sh', branch: 'a b', paths: ['[']}\n"
        "    pol: 5m\n"
        "    announce:\n"
        "      channel: 12\n"
        "      hold: ten\n"
        "  two:\n"
        "    source: {directory: .}\n"
        "moderation: {approval: maybe}\n"
    )
    assert [sentence.split(": ")[0] for sentence in said] == [f"config.yaml:{line}" for line in (1, 4, 4, 4, 5, 7, 8, 9, 11)]


def test_what_yaml_trips_over_hides_nothing_else_on_its_line() -> None:
    said = problems(f"{SMALLEST}moderation: {{channel: 0123, aproval: true}}\n")
    assert len(said) == 2
    assert "another number than it looks" in said[0]
    assert "did you mean 'approval'?" in said[1]


def test_a_problem_that_two_places_share_is_told_once() -> None:
    assert "another number than it looks" in problem(f"{SMALLEST}moderation: {{channel: &id 0123, roles: [*id]}}\n")


def test_a_file_name_with_a_colon_hides_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "a: b.yaml"
    path.write_text(f"{SMALLEST}moderation:\n  channel: 0123\n  aproval: true\n")
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert len(caught.value.problems) == 2


def test_a_file_that_may_not_be_opened_says_so(tmp_path: Path) -> None:
    (tmp_path / "circle.yaml").symlink_to("circle.yaml")
    with pytest.raises(ConfigError, match=r"circle\.yaml: the file cannot be read \("):
        load_config(tmp_path / "circle.yaml")


@pytest.mark.parametrize("name", ["directory", "git", "a git source", "newsletters"])
def test_a_newsletter_may_be_called_as_a_key_is(name: str) -> None:
    text = SMALLEST.replace("heartbeat", name).replace("announce", "annouce")
    assert any(f"config.yaml:5: unknown key 'annouce' in newsletters.{name}; did you mean" in said for said in problems(text))


# -- secrets -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        f"discord: {{token_env: {TOKEN}}}\n{SMALLEST}",
        f"discord: {{token: {TOKEN}}}\n{SMALLEST}",
        f"discord: {{{TOKEN}: here}}\n{SMALLEST}",
        f"{TOKEN}: 1\n{TOKEN}: 2\n{SMALLEST}",
        SMALLEST.replace(str(CHANNEL), TOKEN),
        with_key("hold", TOKEN),
        with_key("hold", f"[{TOKEN}]"),
        with_key("layout", TOKEN),
        with_key("site_url", TOKEN, ""),
        with_key("issue_url", f"'{{{TOKEN}}}'", ""),
        with_key("paths", f"'{TOKEN}/['", "source"),
        with_key("events", f"['{TOKEN}(']", "sections"),
        SMALLEST.replace("heartbeat:", f"' {TOKEN}':"),
        SMALLEST.replace("directory: site", f"git: ext::{TOKEN}"),
        SMALLEST.replace("directory: site", f"{{git: a, branch: '{TOKEN}..'}}").replace("source:\n      {", "source: {"),
        f"state: {TOKEN}\n{SMALLEST}",
    ],
)
def test_a_token_in_the_file_is_a_problem_that_does_not_repeat_it(text: str) -> None:
    said = "\n".join(problems(text))
    assert "a bot token stands in the file itself" in said
    assert SIGNATURE not in said


@pytest.mark.parametrize(
    "text",
    [
        SMALLEST.replace("directory: site", "git: 'https://ann:geheim@exa℀mple.org/a.git'"),
        SMALLEST.replace("directory: site", "git: 'https://ann:ge/heim@example.org/a.git'"),
        SMALLEST.replace("directory: site", "git: 'https://ann:ge#heim@example.org/a.git'"),
        SMALLEST.replace("directory: site", "git: 'ftp://ann:geheim@example.org/a.git'"),
        SMALLEST.replace("directory: site", "git: 'ann:geheim@example.org:a.git'"),
        with_key("site_url", "'https://ann:geheim@exa mple.org'", ""),
        with_key("issue_url", "'https://ann:geheim@example.org/{x'", ""),
        f"discord: {{api_url: 'ftp://ann:geheim@proxy'}}\n{SMALLEST}",
    ],
)
def test_a_password_in_an_address_is_never_shown(text: str) -> None:
    said = problem(text)
    assert "geheim" not in said
    assert "heim" not in said.replace("geheim", "")


def test_no_repr_shows_a_password_of_a_remote() -> None:
    config = read(SMALLEST.replace("directory: site", "git: https://ann:geheim@example.org/a.git"))
    assert "geheim" not in f"{config!r} {config}"
    source = config.newsletters["heartbeat"].source
    assert getattr(source, "address", "") == "https://example.org/a.git"


# -- the token -----------------------------------------------------------------------------------------------------------


def test_the_token_comes_from_the_named_variable_and_hides_itself() -> None:
    token = DiscordConfig(token_env="HB_TOKEN").token({"HB_TOKEN": f" {TOKEN}\n", "DISCORD_TOKEN": "other"})
    assert token.get_secret_value() == TOKEN
    assert SIGNATURE not in f"{token!r} {token}"


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("", "the environment variable DISCORD_TOKEN is not set"),
        ("  ", "is not set; put the bot token into it"),
        (f"Bot {TOKEN}", "begins with 'Bot '; put the token alone into it"),
        (f'"{TOKEN}"', "holds quotes, spaces or letters that no token has"),
        (f"{TOKEN} {TOKEN}", "holds quotes, spaces or letters"),
        (f"{TOKEN}ü", "holds quotes, spaces or letters"),
        ("abcdefghijklmnopqrstuvwxyz012345", "does not hold a bot token: those are three parts joined by dots"),
    ],
)
def test_a_token_that_cannot_work_is_refused_without_showing_it(value: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        DiscordConfig().token({"DISCORD_TOKEN": value})
    assert sentence in str(caught.value)
    assert SIGNATURE not in str(caught.value)
    assert "0123" not in str(caught.value)


def test_a_sandbox_takes_any_token() -> None:
    assert DiscordConfig(api_url="http://localhost:9").token({"DISCORD_TOKEN": "x"}).get_secret_value() == "x"


@pytest.mark.parametrize("name", ["", "1A", "A-B", "A B", "$A", "Ä"])
def test_a_variable_has_a_name_that_an_environment_can_hold(name: str) -> None:
    assert "this is not the name of an environment variable" in problem(f"discord: {{token_env: '{name}'}}\n{SMALLEST}")
