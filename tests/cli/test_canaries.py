"""Secrets of every character, in a bot that everything goes wrong for: they are in nothing that it says or keeps."""

import asyncio
import json
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count
from pathlib import Path
from urllib.parse import quote

import pytest
from forked import start
from home import ISSUE, Home

from discord_sandbox.clock import ManualClock
from discord_sandbox.faults import Respond
from discord_sandbox.ratelimits import RateLimits
from discord_sandbox.server import Sandbox
from heartbeat_bot.config import parse_config
from heartbeat_bot.errors import ConfigError, IssueError, OutletError, SourceError, StateError, UserError
from heartbeat_bot.redaction import keep_address, keep_secret, redact, shown_address, without_credentials, without_secrets

CANARY = "k4n4rI"
EVERY = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ ä"
"""Every character of an address that means something, or must be escaped."""
PASSWORD = f"{CANARY}1{EVERY}{CANARY}2"
SAFE = f"{CANARY}3!$&'()*+,;=-._~{CANARY}4"
"""What may stand in an address as it is."""


def traces(text: str) -> list[str]:
    """Return what a text gives away of the secrets."""
    encoded = [b64encode(f"ann:{PASSWORD}".encode()).decode()]
    return [sign for sign in (CANARY, CANARY.lower(), *encoded) if sign in text]


# -- the registry --------------------------------------------------------------------------------------------------------


def forms(secret: str) -> Iterator[str]:
    """Write a secret in the ways in which programs write it."""
    yield from (secret, repr(secret), repr(repr(secret)), json.dumps(secret), json.dumps(secret, ensure_ascii=False))
    yield from (
        quote(secret),
        quote(secret, safe=""),
        quote(secret, safe="!$&'()*+,;=:@"),
        re.sub("%..", lambda code: code.group().lower(), quote(secret)),
    )
    yield from (f"https://ann:{secret}@example.org/", f"<{secret}>", f"'{secret}'", f"x{secret}y", f"?token={secret}&a=b")


@pytest.mark.parametrize("number", range(13))
@pytest.mark.parametrize("known_as", [PASSWORD, quote(PASSWORD, safe="")], ids=["as it is", "encoded"])
def test_a_known_secret_is_blotted_out_however_it_is_written(number: int, known_as: str) -> None:
    keep_secret(known_as)
    form = list(forms(PASSWORD))[number]
    for text in (form, f"before {form} behind", f"{form}{form}"):
        assert traces(redact(text)) == []
        assert traces(without_secrets(text)) == []
    assert "before [secret" in redact(f"before {form} behind") or number > 0


@pytest.mark.parametrize("character", [*EVERY, *map(chr, range(0x21, 0x7F))])
def test_whatever_stands_around_a_secret_it_is_blotted_out(character: str) -> None:
    keep_secret("hunter2hunter2")
    assert redact(f"{character}hunter2hunter2{character}") == f"{character}[secret]{character}"
    assert redact(f"https://ann:hunter2hunter2{character}@example.org").count("hunter2") == 0


@pytest.mark.parametrize("value", ["", "a", "12", "git"])
def test_what_is_too_short_blots_out_nothing(value: str) -> None:
    keep_secret(value)
    assert redact("a git repository of 12 files") == "a git repository of 12 files"


def test_a_short_secret_is_blotted_out_where_it_is_a_word_of_its_own() -> None:
    keep_secret("main")
    assert redact("main, domain, 'main'") == "[secret], domain, '[secret]'"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("https://ann:geheim-12@h/a", "geheim-12"),
        ("https://ann:geheim%2D12@h/a", "geheim-12"),
        ("https://ghp_0123456789abcdefghij@h/a", "ghp_0123456789abcdefghij"),
        ("https://ghp_0123456789abcdefghij:x-oauth-basic@h/a", "ghp_0123456789abcdefghij"),
        ("https://ann:geheim/12@h/a", "geheim/12"),
        ("https://ann:geheim?12@h/a", "geheim?12"),
        ("https://ann:geheim#12@h/a", "geheim#12"),
        ("https://ann:ge heim'<12@h/a", "ge heim'<12"),
        ("https://h/a?private_token=geheim-12&ref=main", "geheim-12"),
        ("https://h/a#access_token=geheim-12", "geheim-12"),
        ("see https://a:b@c and https://ann:geheim-12@h", "geheim-12"),
        ("ssh://git:geheim-12@h/a", "geheim-12"),
        ("https://ann:12?34-geheim@h/a", "12?34-geheim"),
    ],
)
def test_the_secrets_of_an_address_are_known_once_it_was_read(address: str, said: str) -> None:
    keep_address(address)
    assert said not in redact(f"they said {said}.")
    assert redact("main ann git x-oauth-basic, https: h a") == "main ann git x-oauth-basic, https: h a"


@pytest.mark.parametrize(
    "address", ["https://example.org:8443/team/@ann/a", "https://example.org/@ann", "https://[::1]/@ann", "a@b.org:c"]
)
def test_an_address_without_a_secret_blots_out_nothing(address: str) -> None:
    keep_address(address)
    assert redact(address) == address


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://ann:pw@example.org:8443/a%20b.git", "https://example.org:8443/a%20b.git"),
        ("https://example.org/a?token=pw&b#pw", "https://example.org/a?…"),
        ("https://example.org/a#pw", "https://example.org/a"),
        ("https://example.org?pw", "https://example.org?…"),
        ("https://ann:p'w<@example.org/a", "https://example.org/a"),
        ("https://ann:p w@example.org/a", "https://example.org/a"),
        ("https://ann:p@w@example.org/a", "https://example.org/a"),
        ("https://ann:p?w@example.org/a", "https://[address]"),
        ("https://ann:p/w@example.org/a", "https://[address]"),
        ("https://ann:p#w@example.org/a", "https://[address]"),
        ("https://[::1]:80/a", "https://[::1]:80/a"),
        ("ssh://git:pw@example.org/a", "ssh://git@example.org/a"),
        ("git@example.org:a/b.git", "git@example.org:a/b.git"),
        ("git:pw@example.org:a/b.git", "git@example.org:a/b.git"),
        ("file:///srv/a?b#c", "file:///srv/a?b#c"),
        ("/srv/a b?c", "/srv/a b?c"),
        ("https://example.org/@ann/a", "https://example.org/@ann/a"),
    ],
)
def test_an_address_is_shown_by_its_parts(address: str, shown: str) -> None:
    assert shown_address(address) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("fatal: unable to access 'https://a:p'w<@h/r/?token=pw#pw': no", "fatal: unable to access 'https://h/r/?…': no"),
        ("https://h?, and https://h/a#: both", "https://h?, and https://h/a#: both"),
        ("(see https://h/a?b=c).", "(see https://h/a?…)."),
        ("url://url://a:b@c", "url://url://c"),
    ],
)
def test_addresses_in_a_text_lose_what_is_not_to_be_shown(text: str, shown: str) -> None:
    assert without_credentials(text) == shown


@pytest.mark.parametrize("piece", ["a-", "a.b:", "://", "a://", "https://a:", "@", "?", "k4n4rI", "%6b", "\\"])
def test_long_texts_are_no_work(piece: str) -> None:
    keep_secret(PASSWORD)
    assert redact(piece * 100_000) is not None


@pytest.mark.parametrize("kind", [UserError, SourceError, StateError, ConfigError])
def test_no_error_carries_a_secret(kind: type[UserError]) -> None:
    keep_secret(PASSWORD)
    assert traces(str(kind(f"so: {PASSWORD}"))) == []


def test_neither_do_those_with_more_than_a_sentence() -> None:
    keep_secret(PASSWORD)
    issue = IssueError(PASSWORD, path="a.md", line=1)
    assert traces(str(issue) + issue.reason + str(OutletError(PASSWORD, status=None, permanent=True))) == []
    assert traces("".join(ConfigError("a", PASSWORD).problems)) == []


# -- the configuration ---------------------------------------------------------------------------------------------------


def addresses(secret: str = quote(PASSWORD, safe="")) -> dict[str, str]:
    userinfo = f"ann:{secret}@"
    return {
        "api_url": "http://127.0.0.1:1",
        "gateway_url": f"ws://{userinfo}127.0.0.1:1/?token={secret}#{secret}",
        "git": f"http://{userinfo}127.0.0.1:1/repo.git",
    }


CONFIG = """
discord: {{token_env: HB_TOKEN, api_url: "{api_url}", gateway_url: "{gateway_url}"}}
newsletters:
  lamp:
    source: {{git: "{git}", branch: main}}
    announce: {{channel: 100000000000000001}}
"""


def test_no_repr_of_a_configuration_shows_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HB_TOKEN", SAFE)
    config = parse_config(CONFIG.format(**addresses()).encode(), name="config.yaml", folder=tmp_path)
    parts = [config, config.discord, config.discord.token(), *config.newsletters.values(), config.newsletters["lamp"].source]
    for part in parts:
        assert traces(repr(part) + str(part)) == []
    assert "127.0.0.1:1" in repr(config.discord)


@pytest.mark.parametrize("key", ["site_url", "issue_url", "images: {base_url"])
def test_a_password_in_an_address_that_everyone_sees_is_refused(tmp_path: Path, key: str) -> None:
    text = (
        CONFIG.format(**addresses())
        + f"    {key}: 'https://ann:{quote(PASSWORD, safe='')}@example.org/'"
        + ("}" if "{" in key else "")
    )
    with pytest.raises(ConfigError, match="everyone who sees a link sees it") as caught:
        parse_config(text.encode(), name="config.yaml", folder=tmp_path)
    assert traces(str(caught.value)) == []


@pytest.mark.parametrize("behind", [f"?token={SAFE}", f"#{SAFE}", f"/?{SAFE}"])
@pytest.mark.parametrize("before", [f"ann:{SAFE}@", f"{SAFE}@", ""])
def test_the_address_of_the_api_holds_no_secret(tmp_path: Path, before: str, behind: str) -> None:
    text = CONFIG.format(**addresses() | {"api_url": f"http://{before}127.0.0.1:1{behind}"})
    with pytest.raises(ConfigError, match="api_url: this address holds a user name, a password") as caught:
        parse_config(text.encode(), name="config.yaml", folder=tmp_path)
    assert traces(str(caught.value)) == []


@pytest.mark.parametrize("character", EVERY)
@pytest.mark.parametrize(
    "key", ["api_url", "gateway_url", "git", "site_url", "issue_url", "token_env", "state", "directory", "channel", "unknown"]
)
def test_no_problem_of_a_configuration_shows_a_secret(tmp_path: Path, key: str, character: str) -> None:
    secret = f"{CANARY}1{character}{CANARY}2"
    value = json.dumps(f"ftp://ann:{secret}@example.org/" if key != "token_env" else secret)
    texts = [
        f"discord: {{{key}: {value}}}\nnewsletters: {{}}\n",
        f"{key}: {value}\n{value}: 1\n",
        f"newsletters: {{a: {{{key}: {value}, poll: {value}, source: {{{key}: {value}}}, announce: {{{key}: {value}, hold: {value}}}}}}}\n",
        f"newsletters: {{a: {{source: {{git: {value}, branch: {value}, paths: [{value}]}}}}}}\n",
    ]
    for text in texts:
        with pytest.raises(ConfigError) as caught:
            parse_config(text.encode(), name="config.yaml", folder=tmp_path)
        if key != "token_env":
            assert traces(str(caught.value)) == [], text


# -- the whole bot -------------------------------------------------------------------------------------------------------


def kept(folder: Path) -> Iterator[tuple[Path, str]]:
    """Give all that lies in a folder, save the configuration and the repository."""
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "config.yaml" and "repo" not in path.parts:
            yield path, path.read_bytes().decode("latin-1")


@pytest.fixture
async def guarded(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Home]:
    """A home whose Discord takes a token of every character that a token may have."""
    async with Sandbox(clock=clock, token=SAFE, limits=RateLimits.generous()) as sandbox:
        yield Home(tmp_path, sandbox)


async def run(home: Home, *words: str, until: Callable[[], bool] | None = None) -> str:
    """Run a command to its end, or until something holds; return all that it said."""
    process = await start(*words, env=home.environment, both=True)
    try:
        async with asyncio.timeout(60):
            while until and process.returncode is None and not until():  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
            if until and process.returncode is None:
                process.terminate()
            out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    return out.decode()


@pytest.mark.parametrize(
    ("log_format", "secret"), [("text", quote(PASSWORD, safe="")), ("json", SAFE)], ids=["encoded", "as it is"]
)
async def test_nothing_gives_a_secret_away_when_nothing_can_be_reached(guarded: Home, log_format: str, secret: str) -> None:
    guarded.config.write_text(CONFIG.format(**addresses(secret)))
    looks, say = count(), ("-vv", "--log-format", log_format)
    said = [await run(guarded, *say, word) for word in ("doctor", "status", "issues", "sync")]
    # It opens its archive, and then waits for a Discord that cannot be reached.
    said.append(await run(guarded, *say, "run", until=lambda: guarded.archive.exists() and next(looks) > 20))
    assert all(said)
    assert "the bot could not start yet" in said[-1]
    assert "127.0.0.1:1/repo.git" in said[0]
    for text in said:
        assert traces(text) == []
    assert [path for path, text in kept(guarded.config.parent) if traces(text)] == []


@pytest.mark.parametrize(
    ("log_format", "secret"), [("text", quote(PASSWORD, safe="")), ("json", SAFE)], ids=["encoded", "as it is"]
)
async def test_nothing_gives_a_secret_away_when_the_remote_and_then_discord_refuse(
    guarded: Home, log_format: str, secret: str
) -> None:
    own = {key: address.replace("'", "''") for key, address in addresses(secret).items()}  # as YAML wants it between quotes
    text = guarded.config.read_text().replace(guarded.repo.as_uri(), own["git"])
    guarded.config.write_text(text.replace(guarded.sandbox.gateway_url, own["gateway_url"]))
    looks = count()
    say = ("-vv", "--log-format", log_format)
    said = [await run(guarded, *say, word) for word in ("doctor", "sync", "status")]
    assert all("127.0.0.1:1/repo.git" in text for text in said)
    assert "the bot may post in #news" in said[0]
    guarded.sandbox.log.clear()
    # It connects to the gateway after it has told Discord its commands.
    said.append(
        await run(guarded, *say, "run", until=lambda: any(one.method == "PUT" for one in guarded.sandbox.log) and next(looks) > 20)
    )
    assert "the gateway cannot be reached" in said[-1]
    guarded.sandbox.faults.add("GET", "/users/@me", Respond(status=401, message=f"no {SAFE}"), times=None)
    said += [await run(guarded, *say, word) for word in ("doctor", "sync", "run")]
    for text in said:
        assert traces(text) == []
    assert guarded.state.exists()
    assert [path for path, text in kept(guarded.config.parent) if traces(text)] == []


async def test_nothing_gives_a_secret_away_when_discord_repeats_it(guarded: Home) -> None:
    guarded.config.write_text(guarded.config.read_text().replace("hold: 10m", "hold: 0s, max_age: null"))
    await run(guarded, "sync")
    guarded.write("new", ISSUE)
    refusal = Respond(status=400, code=50035, message=f"bad {SAFE} at https://ann:pw@example.org/?a=b")
    guarded.sandbox.faults.add("POST", f"/channels/{guarded.channel.id}/messages", refusal, times=None)
    said = [await run(guarded, "-vv", *words) for words in (("sync",), ("status",), ("status", "--json"), ("issues",))]
    assert all("bad [secret] at https://example.org/?…" in text for text in said[:3])
    for text in said:
        assert traces(text) == []
    assert [path for path, text in kept(guarded.config.parent) if traces(text)] == []
