from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import pytest
from recording import RecordingOutlet

from discord_sandbox.clock import ManualClock
from discord_sandbox.server import Sandbox
from discord_sandbox.world import Channel, ChannelType, Guild
from heartbeat_bot.config.address import DatabaseAddress
from heartbeat_bot.identity.fingerprint import Fingerprint
from heartbeat_bot.ids import ChannelId, IssueId
from heartbeat_bot.sources.snapshot import BlobId
from heartbeat_bot.store.destinations import Destination
from heartbeat_bot.store.issues import SourceFile
from heartbeat_bot.store.opening import open_store
from heartbeat_bot.store.store import Store
from heartbeat_bot.sync.publisher import Publisher

HOME = ChannelId(2)


def source_file(path: str, *, issue: IssueId | None = None, explicit: str | None = None, text: str = "one") -> SourceFile:
    return SourceFile(
        issue=issue,
        explicit=explicit,
        path=path,
        slug=path.removesuffix(".md"),
        title=path.title(),
        date=None,
        blob=BlobId(text),
        fingerprint=Fingerprint.of(text),
    )


@pytest.fixture
def see() -> Callable[..., SourceFile]:
    return source_file


@pytest.fixture
def state(tmp_path: Path) -> DatabaseAddress:
    return DatabaseAddress(tmp_path / "heartbeat.db")


@pytest.fixture
async def store(state: DatabaseAddress, clock: ManualClock) -> AsyncIterator[Store]:
    async with open_store(state, clock=clock) as opened:
        await opened.destinations.declare("weekly", [HOME], now=clock())
        yield opened


@pytest.fixture
async def home(store: Store, clock: ManualClock) -> Destination:
    """The newsletter's one destination."""
    return (await store.destinations.declare("weekly", [HOME], now=clock()))[0]


@pytest.fixture
def new_issues(clock: ManualClock) -> Callable[..., object]:
    async def record(store: Store, paths: Sequence[str]) -> list[IssueId]:
        await store.destinations.declare("weekly", [HOME], now=clock())
        ids = await store.record("weekly", [source_file(path) for path in paths], now=clock())
        return [ids[path] for path in paths]

    return record


@pytest.fixture
def news(sandbox: Sandbox, guild: Guild) -> Channel:
    """An announcement channel of the server that a file's tests have."""
    return sandbox.create_channel(guild, "news", ChannelType.ANNOUNCEMENT)


@pytest.fixture
def channel(news: Channel) -> ChannelId:
    return ChannelId(news.id)


@pytest.fixture
def outlet(clock: ManualClock) -> RecordingOutlet:
    return RecordingOutlet(clock)


@pytest.fixture
def publisher(store: Store, outlet: RecordingOutlet, clock: ManualClock) -> Publisher:
    return Publisher(store, outlet, clock=clock)


@pytest.fixture
async def issue(store: Store, new_issues: Callable[..., Awaitable[list[IssueId]]]) -> IssueId:
    return (await new_issues(store, ["a.md"]))[0]
