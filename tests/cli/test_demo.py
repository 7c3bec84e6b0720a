"""The demonstration as a person starts it, and as their browser and another page meet it."""

import asyncio
import re
import signal
import sys
from urllib.parse import urlsplit

import aiohttp


async def test_the_demo_prints_the_address_that_opens_it_and_lets_in_nobody_else() -> None:
    words = [sys.executable, "-m", "heartbeat_bot", "demo", "--no-browser"]
    process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    assert process.stdout
    try:
        async with asyncio.timeout(60):
            printed = urlsplit((await process.stdout.readline()).decode().strip())
            found = re.fullmatch("key=([0-9a-f]{64})", printed.fragment)
            assert found
            own = f"{printed.scheme}://{printed.netloc}"
            assert printed.hostname == "127.0.0.1"
            async with aiohttp.ClientSession(own) as session:

                async def status(path: str, **headers: str) -> int:
                    async with session.get(path, headers=headers) as response:
                        return response.status

                state = f"/live/state?key={found[1]}"
                assert [await status(path) for path in ("/", "/static/page.js", state)] == [200, 200, 200]
                assert [await status(path) for path in ("/live/state", "/api/v10/users/@me")] == [403, 401]
                assert await status("/api/v10/users/@me", Authorization="Bot sandbox-token") == 401
                assert await status(state, Host=f"news.example:{printed.port}") == 421
                assert await status(state, Origin="https://news.example") == 403
                async with session.get(state) as response:
                    people = {person["name"]: person["id"] for person in (await response.json())["people"]}
                    channel = (await response.json())["channels"][0]["id"]
                said = {"as": people["Mo"], "channel": channel, "content": "hello"}
                async with session.post(f"/live/say?key={found[1]}", json=said, headers={"Origin": own}) as response:
                    assert response.status == 200
            process.send_signal(signal.SIGTERM)
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0
    assert found[1] not in out.decode() + err.decode()  # it was printed once
