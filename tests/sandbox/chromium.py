"""A real browser for tests, where one is installed: Chromium without a window, driven by its DevTools protocol."""

import asyncio
import json
import os
import re
import selectors
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
_START = 30  # seconds
_STEP = 15  # seconds


class NoBrowserError(Exception):
    """There is no Chromium here, or it does not start."""


@contextmanager
def running(profile: Path) -> Iterator[str]:
    """Start a browser in which every name leads to this computer; yield the address of its DevTools."""
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        raise NoBrowserError(f"none of {', '.join(NAMES)} is on PATH")
    switches = [
        "--headless=new",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--no-first-run",
        f"--user-data-dir={profile}",
        "--host-resolver-rules=MAP * 127.0.0.1",
        "--remote-debugging-port=0",
        *(["--no-sandbox"] if os.geteuid() == 0 else []),
    ]
    with subprocess.Popen([program, *switches, "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            yield _address(process)
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()


def _address(process: subprocess.Popen[bytes]) -> str:
    assert process.stderr
    told, end = b"", time.monotonic() + _START
    with selectors.DefaultSelector() as selector:
        selector.register(process.stderr, selectors.EVENT_READ)
        while time.monotonic() < end and selector.select(timeout=end - time.monotonic()):
            part = os.read(process.stderr.fileno(), 65536)
            told += part
            if found := re.search(rb"DevTools listening on (\S+)\s", told):
                return found[1].decode()
            if not part:
                break
    raise NoBrowserError(f"Chromium does not start: {told[-500:].decode(errors='replace')}")


class Tab:
    """A tab of the browser."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = count(1)
        self._session: dict[str, str] = {}

    async def call(self, method: str, **parameters: Any) -> Any:
        """Call a method of the DevTools protocol; events that come meanwhile are passed over."""
        number = next(self._numbers)
        await self._socket.send_str(json.dumps({"id": number, "method": method, "params": parameters, **self._session}))
        async with asyncio.timeout(_STEP):
            while (answer := json.loads(await self._socket.receive_str())).get("id") != number:
                pass
        assert "error" not in answer, (method, answer)
        return answer["result"]

    async def open(self, url: str) -> None:
        """Go to an address."""
        if not self._session:
            target = await self.call("Target.createTarget", url="about:blank")
            attached = await self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
            self._session = {"sessionId": attached["sessionId"]}
        await self.call("Page.navigate", url=url)
        await self.until("location.href !== 'about:blank' && document.readyState === 'complete'")

    async def run(self, script: str) -> Any:
        """Return what an expression is, or what its promise becomes, in the page."""
        done = await self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    async def until(self, condition: str) -> None:
        """Wait until an expression is true."""
        async with asyncio.timeout(_STEP):
            while not await self._holds(condition):  # noqa: ASYNC110 - the browser tells of nothing
                await asyncio.sleep(0.02)

    async def _holds(self, condition: str) -> bool:
        # While a page goes away its context is gone with it: not yet.
        done = await self.call("Runtime.evaluate", expression=f"Boolean({condition})", returnByValue=True)
        return done["result"].get("value") is True

    async def frames(self) -> list[dict[str, Any]]:
        """Return the frames within the page."""
        tree = await self.call("Page.getFrameTree")
        return [child["frame"] for child in tree["frameTree"].get("childFrames", [])]


@asynccontextmanager
async def tab(devtools: str) -> AsyncIterator[Tab]:
    """Open a tab."""
    async with aiohttp.ClientSession() as session, session.ws_connect(devtools, max_msg_size=0) as socket:
        yield Tab(socket)
