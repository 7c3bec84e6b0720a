"""Interactions that no client makes, such as a dialog without its values, and answers that Discord fails to take: the bot goes on."""

import asyncio
import logging
from types import SimpleNamespace
from typing import Any

import discord
import pytest
from town import Town

from discord_sandbox.faults import Close, Fault, Malformed, Raw, Respond
from discord_sandbox.interactions import InteractionType, interaction_object
from discord_sandbox.people.scenes import scene_of
from discord_sandbox.world import WorldEvent

DIALOG = "schedule:1"
ODD: dict[str, tuple[InteractionType, dict[str, Any]]] = {
    "no lines": (InteractionType.MODAL_SUBMIT, {"custom_id": DIALOG, "components": []}),
    "lines missing": (InteractionType.MODAL_SUBMIT, {"custom_id": DIALOG}),
    "lines null": (InteractionType.MODAL_SUBMIT, {"custom_id": DIALOG, "components": None}),
    "a line without a value": (
        InteractionType.MODAL_SUBMIT,
        {"custom_id": DIALOG, "components": [{"type": 1, "components": [{"type": 4, "custom_id": "text"}]}]},
    ),
    "a line that is null": (InteractionType.MODAL_SUBMIT, {"custom_id": DIALOG, "components": [{"type": 18, "component": None}]}),
    "lines that are none": (InteractionType.MODAL_SUBMIT, {"custom_id": DIALOG, "components": ["x", 7]}),
    "a dialog without a name": (InteractionType.MODAL_SUBMIT, {"components": []}),
    "a press without a name": (InteractionType.COMPONENT, {"component_type": 2}),
    "a menu without values": (InteractionType.COMPONENT, {"component_type": 3, "custom_id": DIALOG}),
    "a menu with null": (InteractionType.COMPONENT, {"component_type": 3, "custom_id": DIALOG, "values": None}),
    "a command that is not there": (InteractionType.COMMAND, {"id": "1", "name": "gone", "type": 1}),
    "nothing": (InteractionType.COMPONENT, {}),
}


@pytest.mark.parametrize(("kind", "data"), ODD.values(), ids=ODD)
async def test_an_interaction_that_no_client_makes_stops_nothing(
    mill: Town, caplog: pytest.LogCaptureFixture, kind: InteractionType, data: dict[str, Any]
) -> None:
    before = list(mill.sandbox.gateway.connections)
    scene = scene_of(mill.sandbox.world, mill.talk, mill.ann)
    with caplog.at_level(logging.WARNING):
        interaction = mill.sandbox.interactions.begin(mill.sandbox.world, kind, scene, data, owners={}, source=None, opener=None)
        mill.sandbox.world.emit(
            WorldEvent(name="INTERACTION_CREATE", body=interaction_object(mill.sandbox.world, scene, interaction))
        )
        async with asyncio.timeout(10):
            assert "July's Heat" in mill.shown(await mill.call("latest"))
    assert mill.sandbox.gateway.connections == before
    assert [record for record in caplog.records if record.exc_info] == []


@pytest.mark.parametrize("path", ["/interactions/**", "/webhooks/**"])
@pytest.mark.parametrize("body", [b"", b"null", b"[1]", b"slow down"])
async def test_an_answer_that_is_limited_in_any_shape_is_given_all_the_same(mill: Town, path: str, body: bytes) -> None:
    mill.sandbox.faults.add("*", path, Raw(status=429, body=body, headers={"Retry-After": "0.01"}), times=2)
    assert "July's Heat" in mill.shown(await mill.call("latest"))


@pytest.mark.parametrize("path", ["/interactions/**", "/webhooks/**"])
@pytest.mark.parametrize("body", [b"null", b"slow down"])
async def test_an_answer_that_is_limited_for_nobody_knows_how_long_is_tried_again(
    mill: Town, path: str, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("heartbeat_bot.discord.wire._PAUSE", 0.01)
    mill.sandbox.faults.add("*", path, Raw(status=429, body=body))
    assert "July's Heat" in mill.shown(await mill.call("latest"))


FAILING: dict[str, Fault] = {
    "ban": Raw(status=429, body=b"error code: 1015", content_type="text/plain", headers={"Via": None}),
    "null": Raw(status=429, body=b"null"),
    "cut": Close(),
    "malformed": Malformed(),
    "503": Respond(status=503),
}


@pytest.mark.parametrize("path", ["/interactions/**", "/webhooks/**"])
@pytest.mark.parametrize("fault", FAILING.values(), ids=FAILING)
async def test_an_answer_that_discord_does_not_take_is_a_line_in_the_log(
    mill: Town, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, path: str, fault: Fault
) -> None:
    # discord.py waits for seconds before it repeats a request; nothing else of its asyncio is changed.
    monkeypatch.setattr(discord.webhook.async_, "asyncio", SimpleNamespace(**{**vars(asyncio), "sleep": _no_time}))
    monkeypatch.setattr("heartbeat_bot.discord.wire._PAUSE", 0.01)
    mill.sandbox.faults.add("*", path, fault, times=None)
    with caplog.at_level(logging.WARNING):
        async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
            calling = tasks.create_task(mill.call("latest"))
            while not [record for record in caplog.records if record.name.startswith("heartbeat_bot")]:  # noqa: ASYNC110 - a log
                await asyncio.sleep(0.01)
            calling.cancel()
        mill.sandbox.faults.clear()
        assert "July's Heat" in mill.shown(await mill.call("latest"))
    assert [record for record in caplog.records if record.exc_info] == []


async def _no_time(_: float) -> None:
    """Let others go on, and time stand."""
