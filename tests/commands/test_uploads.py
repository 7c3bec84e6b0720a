"""Pictures that Discord does not take: which one, and what to do, is said; other issues are posted, and this one once it is mended."""

import pytest
from test_approval import PIXEL, SAILS
from test_moderating import JUNE, by_mo, posted
from town import Town

from discord_sandbox.faults import Close, Fault, Raw, Respond

TOO_LARGE = "Request entity too large"
FORM = {"errors": {"attachments": {"0": {"_errors": [{"code": "BASE_TYPE_BAD", "message": "This file cannot be processed."}]}}}}
REFUSALS: dict[str, Fault] = {
    "413": Respond(status=413, code=40005, message=TOO_LARGE),
    "413 of a proxy": Raw(status=413, body=b"<html><h1>413</h1></html>", content_type="text/html", headers={"Via": None}),
    "400": Respond(status=400, code=40005, message=TOO_LARGE),
    "form": Respond(status=400, code=50035, message="Invalid Form Body", extra=FORM),
    "cut": Close(unread=True),
}


def said(shown: str) -> str:
    """Return what stands in an answer without what keeps Discord from making links of it."""
    return shown.replace("\u200b", "").replace("\u2060", "")


@pytest.mark.parametrize("fault", REFUSALS.values(), ids=REFUSALS)
async def test_a_picture_that_discord_does_not_take_is_named_and_keeps_no_other_issue_from_being_posted(
    town: Town, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("heartbeat_bot.discord.wire._TRIES", 1)
    town.newsletter = "    images: {attach: true}\n"
    picture = town.folder / "sail.png"
    picture.write_bytes(PIXEL + bytes(200_000))
    async with town.running():
        town.sandbox.faults.add("POST", f"/channels/{town.news.id}/messages", fault, times=None, uploads=True)
        town.write("sails", SAILS)
        town.write("june", JUNE)
        for _ in range(3):
            await town.sync()
            town.clock.advance(300)
        assert [title for title in posted(town) if title == "June's Heat"] == ["June's Heat"]
        status = said(town.shown(await by_mo(town, "status")))
        assert "sail.png" in status
        assert "0.2 MiB" in status
        assert "smaller" in status
        assert "<html>" not in status
        town.sandbox.faults.clear()
        picture.write_bytes(PIXEL)
        for _ in range(2):
            town.clock.advance(300)
            await town.sync()
        assert len(posted(town)) == 6
        assert [a.content for message in town.news.messages.values() for a in message.attachments] == [PIXEL]
        assert "sail" not in said(town.shown(await by_mo(town, "status")))
