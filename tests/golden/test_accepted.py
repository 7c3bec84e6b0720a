"""The golden bodies are such as Discord takes: each is sent to the sandbox, which keeps its rules, with the files that it names."""

import json
from pathlib import Path

import aiohttp
import pytest

from discord_sandbox.server import Sandbox

HERE = Path(__file__).parent


@pytest.mark.parametrize("case", sorted(path.parent.name for path in HERE.glob("*/messages.json")))
async def test_discord_takes_every_body(case: str, sandbox: Sandbox) -> None:
    channel = sandbox.create_channel(sandbox.create_guild("Readers"), "news")
    url = f"{sandbox.url}/channels/{channel.id}/messages"
    (entry,) = json.loads((HERE / case / "messages.json").read_text())
    async with aiohttp.ClientSession(headers={"Authorization": f"Bot {sandbox.token}"}) as session:
        for message in entry["messages"]:
            form = aiohttp.FormData()
            form.add_field(
                "payload_json",
                json.dumps({name: part for name, part in message.items() if name != "key"}),
                content_type="application/json",
            )
            for attachment in message.get("attachments", ()):
                (file,) = (HERE / case).rglob(attachment["filename"])
                form.add_field(f"files[{attachment['id']}]", file.read_bytes(), filename=file.name)
            async with session.post(url, data=form) as answer:
                assert answer.status == 200, (message["key"], await answer.text())
