"""The demonstration as a person starts it, and as their browser and another page meet it."""

import asyncio
import os
import pty
import re
import signal
import sys
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp


async def test_the_demo_opens_the_page_and_lets_in_nobody_else(tmp_path: Path) -> None:
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\nprintf %s "$*" >"{opened}"\n')
    browser.chmod(0o700)
    terminal, end = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "heartbeat_bot", "demo"),
        stdout=end,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"BROWSER": f"{browser} %s"},
    )
    os.close(end)
    assert process.stderr
    try:
        async with asyncio.timeout(60):
            shown = await process.stderr.readline()  # comes after the address
            printed = urlsplit(os.read(terminal, 4096).decode().strip())
            while b"Ctrl-C" not in (line := await process.stderr.readline()):
                shown += line
            while not opened.exists() or not opened.read_text():  # noqa: ASYNC110 - the browser tells of nothing
                await asyncio.sleep(0.02)
            found = re.fullmatch("key=([0-9a-f]{64})", printed.fragment)
            assert found
            assert printed.hostname == "127.0.0.1"
            await _visit(f"{printed.scheme}://{printed.netloc}", found[1], opened.read_text())
            process.send_signal(signal.SIGTERM)
            _, rest = await process.communicate()
    finally:
        os.close(terminal)
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0
    assert found[1] not in (shown + rest).decode()  # the key stands in the address, and nowhere else


async def _visit(own: str, key: str, ticket: str) -> None:
    port = urlsplit(own).port
    async with aiohttp.ClientSession(own) as session:

        async def status(path: str, **headers: str) -> int:
            async with session.get(path, headers=headers, allow_redirects=False) as response:
                return response.status

        assert key not in ticket  # other people on this computer read with which words a program was started
        async with session.get(ticket.removeprefix(own), allow_redirects=False) as response:
            assert (response.status, response.headers["Location"]) == (303, f"/#key={key}")
        assert await status(ticket.removeprefix(own)) == 403
        state = f"/live/state?key={key}"
        assert [await status(path) for path in ("/", "/static/page.js", state)] == [200, 200, 200]
        assert [await status(path) for path in ("/live/state", "/api/v10/users/@me")] == [403, 401]
        assert await status("/api/v10/users/@me", Authorization="Bot sandbox-token") == 401
        assert await status(state, Host=f"news.example:{port}") == 421
        assert await status(state, Origin="https://news.example") == 403
        async with session.get(state) as response:
            shown = await response.json()
        mo = next(person["id"] for person in shown["people"] if person["name"] == "Mo")
        said = {"as": mo, "channel": shown["channels"][0]["id"], "content": "hello"}
        async with session.post(f"/live/say?key={key}", json=said, headers={"Origin": own}) as response:
            assert response.status == 200
