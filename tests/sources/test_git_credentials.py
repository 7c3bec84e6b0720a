"""A password for a remote: git gets it, and nobody else sees it."""

import asyncio
import base64
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from urllib.parse import quote

import pytest
from origins import ENVIRONMENT, Origin

from heartbeat_bot.config import GitSourceConfig
from heartbeat_bot.config.remotes import Credentials, read_credentials, without_userinfo
from heartbeat_bot.errors import ConfigError, SourceError
from heartbeat_bot.sources.git.source import GitSource
from heartbeat_bot.sources.open_source import open_source

# Every character that means something in a URL, a shell, a quoted string or git's configuration, and some that are not ASCII.
CANARY = "Kana\"ri'<en>  %41%@:/#?&=+;,$!*()[]{}|\\^`~\u00e9\u2603\U0001f426-vogel"
TOKEN = "bot-token-canary"
USER = "ann@example.org"


class Keeper:
    """A Git server on loopback that lets in whoever knows the user and the password, through git's own ``http-backend``."""

    def __init__(self, server: ThreadingHTTPServer, origin: Origin, user: str, password: str) -> None:
        self._server = server
        self._origin = origin
        self._wanted = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.seen: list[str | None] = []
        """What was shown to get in, request by request."""
        self.elsewhere: str | None = None
        """Where whoever asks is sent instead."""
        self.held = Event()
        self.go_on = Event()
        self.go_on.set()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def address(self, userinfo: str = "") -> str:
        return f"http://{userinfo}{self.host}/site"

    def lets_in(self, shown: str | None) -> bool:
        self.seen.append(shown)
        return shown == f"Basic {self._wanted}"

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> tuple[list[tuple[str, str]], bytes]:
        path, _, query = path.partition("?")
        environ = ENVIRONMENT | {
            "GIT_PROJECT_ROOT": str(self._origin.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": method,
            "PATH_INFO": path.replace("/site", "/.git", 1),
            "QUERY_STRING": query,
            "CONTENT_TYPE": headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": headers.get("Git-Protocol", ""),
            "REMOTE_USER": "ann",
        }
        done = subprocess.run(["git", "http-backend"], input=body, env=environ, capture_output=True, timeout=30, check=True)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        lines = [line.partition(": ") for line in head.decode().split("\r\n")]
        return [(name, value) for name, _, value in lines], content


@contextmanager
def kept(origin: Origin, *, user: str = USER, password: str = CANARY) -> Iterator[Keeper]:
    keepers: list[Keeper] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_about: object) -> None:
            pass

        def do_GET(self) -> None:
            keeper = keepers[0]
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if keeper.elsewhere:
                self.send_response(302)
                self.send_header("Location", keeper.elsewhere + self.path)
                self.end_headers()
            elif not keeper.lets_in(self.headers.get("Authorization")):
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="site"')
                self.end_headers()
            else:
                keeper.held.set()
                keeper.go_on.wait(20)
                headers, content = keeper.answer(self.command, self.path, self.headers, body)
                self.send_response(200)
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

        def do_POST(self) -> None:
            self.do_GET()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    keepers.append(Keeper(server, origin, user, password))
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield keepers[0]
    finally:
        keepers[0].go_on.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    origin = Origin(tmp_path / "origin")
    origin.commit({"a.md": b"1"})
    return origin


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


Open = Callable[[Keeper, Path], GitSource]


def in_the_address(keeper: Keeper, cache: Path) -> GitSource:
    userinfo = f"{quote(USER, safe='')}:{quote(CANARY, safe='')}@"
    return GitSource(keeper.address(userinfo), ["*.md"], cache_dir=cache, branch="main", environ=ENVIRONMENT, timeout=30)


def in_the_environment(keeper: Keeper, cache: Path) -> GitSource:
    config = GitSourceConfig(git=keeper.address(), paths=("*.md",), branch="main", auth_env="SITE_LOGIN")
    environ = ENVIRONMENT | {"SITE_LOGIN": f"{USER}:{CANARY}", "DISCORD_TOKEN": TOKEN, "AWS_SECRET": TOKEN}
    source = open_source(config, cache, environ)
    assert isinstance(source, GitSource)
    return source


WAYS: dict[str, Open] = {"in the address": in_the_address, "in the environment": in_the_environment}


def everything_in(folder: Path) -> bytes:
    return b"\n".join(str(place).encode() + (place.read_bytes() if place.is_file() else b"") for place in folder.rglob("*"))


def forms_of(secret: str) -> list[bytes]:
    """Return a secret as it may be written down: as it is, percent-encoded, in base64, and a piece of it that needs no quoting."""
    basic = base64.b64encode(f"{USER}:{secret}".encode())
    return [secret.encode(), quote(secret, safe="").encode(), quote(secret).encode(), basic, b"-vogel"]


def processes_below(process: int) -> list[int]:
    below: list[int] = []
    for place in Path("/proc").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            if place.name.isdigit() and int((place / "stat").read_text().rpartition(")")[2].split()[1]) == process:
                below += [int(place.name), *processes_below(int(place.name))]
    return below


def processes_of_ours() -> tuple[list[bytes], list[tuple[int, bytes]]]:
    """Return the arguments of all processes that this one started, and the modes and contents of their environments."""
    arguments: list[bytes] = []
    environments: list[tuple[int, bytes]] = []
    for process in processes_below(os.getpid()):
        place = Path(f"/proc/{process}")
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            arguments.append((place / "cmdline").read_bytes())
            environments.append(((place / "environ").stat().st_mode, (place / "environ").read_bytes()))
    return arguments, environments


@pytest.mark.parametrize("way", WAYS)
async def test_a_password_of_any_characters_opens_the_remote(origin: Origin, cache: Path, way: str) -> None:
    with kept(origin) as keeper:
        snapshot = await WAYS[way](keeper, cache).snapshot()
        assert await snapshot.contents.read("a.md") == b"1"


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks at processes in /proc")
@pytest.mark.parametrize("way", WAYS)
async def test_no_argument_of_a_process_shows_the_password_and_no_environment_but_gits_holds_it(
    origin: Origin, cache: Path, way: str
) -> None:
    with kept(origin) as keeper:
        keeper.go_on.clear()
        source = WAYS[way](keeper, cache)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(source.snapshot())
            assert await asyncio.to_thread(keeper.held.wait, 20)
            arguments, environments = processes_of_ours()
            assert any(b"remote-http" in line for line in arguments), "git's helper is under way"
            for form in forms_of(CANARY):
                assert not [line for line in arguments if form in line]
            for mode, environment in environments:
                assert mode & 0o077 == 0, "an environment is for its own user"
                assert TOKEN.encode() not in environment
                assert b"SITE_LOGIN" not in environment
            keeper.go_on.set()
        assert list(task.result().files) == ["a.md"]
    for form in forms_of(CANARY):
        assert form not in everything_in(cache)


@pytest.mark.parametrize("way", WAYS)
async def test_what_goes_wrong_is_told_without_the_password(
    origin: Origin, cache: Path, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with kept(origin, password="another") as keeper:
        source = WAYS[way](keeper, cache)
        with pytest.raises(SourceError, match=r"access was refused; give the bot's user .* source\.auth_env") as refused:
            await source.snapshot()
    with pytest.raises(SourceError, match="the host does not answer") as away:
        await source.snapshot()
    for form in forms_of(CANARY):
        for told in (str(refused.value), str(away.value), repr(source), caplog.text):
            assert form.decode() not in told
        assert form not in everything_in(cache)


async def test_a_redirect_to_another_host_does_not_get_the_password(origin: Origin, cache: Path, tmp_path: Path) -> None:
    other = Origin(tmp_path / "other")
    other.commit({"b.md": b"2"})
    with kept(origin) as first, kept(other) as second:
        first.elsewhere = f"http://{second.host}"
        for open_it in WAYS.values():
            with pytest.raises(SourceError):
                await open_it(first, cache).snapshot()
        assert second.seen
        assert set(second.seen) == {None}


async def test_a_token_alone_comes_with_the_user_that_hosts_take_or_with_the_addresss_own(origin: Origin, cache: Path) -> None:
    for user, userinfo in (("x-access-token", ""), ("x-token-auth", "x-token-auth@")):
        with kept(origin, user=user, password="t0ken") as keeper:
            config = GitSourceConfig(git=keeper.address(userinfo), paths=("*.md",), branch="main", auth_env="SITE_LOGIN")
            snapshot = await open_source(config, cache, ENVIRONMENT | {"SITE_LOGIN": "t0ken\n"}).snapshot()
            assert list(snapshot.files) == ["a.md"]


def settings(tmp_path: Path, text: str) -> dict[str, str]:
    """Return an environment whose git has settings of its own, as the machine's user may have."""
    (tmp_path / "gitconfig").write_text(text)
    return ENVIRONMENT | {"GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig")}


def machines_helper(tmp_path: Path, password: str) -> str:
    """Write a credential helper that notes what it is asked and told, as settings of git's."""
    helper = tmp_path / "helper"
    helper.write_text(
        f"#!/bin/sh\necho $1 >> '{tmp_path}/asked'; cat >> '{tmp_path}/asked'\n"
        f"if [ $1 = get ]; then echo username={USER}; echo password={password}; fi\n"
    )
    helper.chmod(0o755)
    return f"[credential]\n\thelper = {helper}\n"


async def test_a_credential_helper_of_the_machine_still_works(origin: Origin, cache: Path, tmp_path: Path) -> None:
    environ = settings(tmp_path, machines_helper(tmp_path, "plain"))
    with kept(origin, password="plain") as keeper:
        for userinfo in ("", f"{quote(USER, safe='')}@"):
            source = GitSource(keeper.address(userinfo), ["*.md"], cache_dir=cache, branch="main", environ=environ)
            assert list((await source.snapshot()).files) == ["a.md"]


async def test_a_helper_of_the_machine_neither_answers_first_nor_learns_the_password(
    origin: Origin, cache: Path, tmp_path: Path
) -> None:
    environ = settings(tmp_path, machines_helper(tmp_path, "wrong"))
    with kept(origin, password="plain") as keeper:
        credentials = Credentials(user=USER, password="plain")
        source = GitSource(keeper.address(), ["*.md"], cache_dir=cache, branch="main", environ=environ, credentials=credentials)
        assert list((await source.snapshot()).files) == ["a.md"]
    assert not (tmp_path / "asked").exists()


async def test_a_rule_of_the_machine_that_rewrites_addresses_leaves_one_with_a_password(
    origin: Origin, cache: Path, tmp_path: Path
) -> None:
    with kept(origin) as keeper:
        rule = f'[url "git@example.invalid:"]\n\tinsteadOf = http://{keeper.host}/\n'
        userinfo = f"{quote(USER, safe='')}:{quote(CANARY, safe='')}@"
        environ = settings(tmp_path, rule)
        source = GitSource(keeper.address(userinfo), ["*.md"], cache_dir=cache, branch="main", environ=environ)
        assert list((await source.snapshot()).files) == ["a.md"]


@pytest.mark.parametrize(
    ("address", "bare", "user", "password"),
    [
        ("https://example.org/a", "https://example.org/a", None, None),
        ("https://ann:ge%40%2Fheim@example.org:8443/a?b#c", "https://example.org:8443/a?b#c", "ann", "ge@/heim"),
        ("https://ann:ge@he:im@example.org/a", "https://example.org/a", "ann", "ge@he:im"),
        ("https://ann:ge\"<h e>im'@example.org/a", "https://example.org/a", "ann", "ge\"<h e>im'"),
        ("HTTPS://t0ken@example.org", "HTTPS://example.org", "t0ken", None),
        ("https://:geheim@example.org/a", "https://example.org/a", "", "geheim"),
        ("https://ann:@[::1]/a", "https://[::1]/a", "ann", ""),
        ("https://@example.org/a", "https://example.org/a", None, None),
        ("ssh://git:geheim@example.org/a", "ssh://git@example.org/a", None, None),
        ("git://ann:geheim@example.org/a", "git://example.org/a", None, None),
        ("file:///srv/ann@home/a", "file:///srv/ann@home/a", None, None),
        ("git@example.org:a@b", "git@example.org:a@b", None, None),
        ("/srv/ann@home", "/srv/ann@home", None, None),
    ],
)
def test_user_and_password_are_taken_out_of_an_address(address: str, bare: str, user: str | None, password: str | None) -> None:
    without, given = without_userinfo(address)
    assert without == bare
    assert (given.user if given else None, given.password if given else None) == (user, password)


@pytest.mark.parametrize(
    "address",
    [
        "https://ann:12/geheim@example.org/a",
        "https://ann:#geheim@example.org/a",
        "https://ann:?geheim@example.org/a",
        "https://ann:ge@he/geheim@example.org/a",
        "https://ann:%0Ageheim@example.org/a",
        'ftp://ann:ge"heim geheim@example.org/a',
    ],
)
def test_an_address_whose_password_cannot_be_told_or_carried_is_refused_without_showing_it(address: str) -> None:
    with pytest.raises(ValueError, match=r"\S") as caught:
        without_userinfo(address)
    assert "geheim" not in str(caught.value)
    with pytest.raises(ValueError, match=r"\S"):
        GitSourceConfig(git=address)


def test_credentials_never_show_their_password() -> None:
    assert "geheim" not in repr(read_credentials("ann:geheim", "https://example.org/a"))


def test_a_variable_that_is_unset_or_unusable_is_named_and_not_shown() -> None:
    config = GitSourceConfig(git="https://example.org/a", auth_env="SITE_LOGIN")
    for value, sentence in (
        ("", "SITE_LOGIN is not set; put user:password, or a token, for https://example.org/a into it"),
        ("ge\nheim", "SITE_LOGIN holds a line break"),
    ):
        with pytest.raises(ConfigError, match=sentence) as caught:
            config.credentials({"SITE_LOGIN": value})
        assert "heim" not in str(caught.value)


@pytest.mark.parametrize(
    ("git", "auth_env", "sentence"),
    [
        (
            "https://example.org/a",
            "ghp_geheim-",
            "this is not the name of an environment variable; write a name such as GIT_TOKEN here",
        ),
        ("git@example.org:a", "SITE_LOGIN", "auth_env is for an https:// address; ssh proves itself by a key"),
        ("https://ann:geheim@example.org/a", "SITE_LOGIN", "take the one out of the address"),
    ],
)
def test_a_key_for_credentials_that_cannot_be_used_says_why(git: str, auth_env: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        GitSourceConfig(git=git, auth_env=auth_env)
    assert "geheim" not in str(caught.value)
