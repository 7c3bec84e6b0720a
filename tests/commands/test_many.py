"""Much of everything at once: newsletters, issues, edits, each more than fits a message of Discord's."""

from test_moderating import by_mo
from test_troubles import told
from town import JULY, Town

from discord_sandbox.world import Channel

NEWSLETTERS = 30


def found(town: Town, count: int) -> dict[str, Channel]:
    """Found newsletters beside the mill's, each with a folder, a channel and an issue of its own."""
    channels: dict[str, Channel] = {}
    for number in range(count):
        name = f"guild-{number:02}"
        folder = town.folder.parent / name
        folder.mkdir()
        (folder / "july.md").write_text(JULY.replace("July's Heat", f"Heat of {name}"))
        channels[name] = channel = town.sandbox.create_channel(town.guild, name)
        town.more += (
            f"  {name}:\n    source: {{directory: '{folder}', paths: ['*.md']}}\n"
            f"    announce: {{channel: {channel.id}, hold: 0s, max_age: null}}\n"
        )
    return channels


async def test_thirty_newsletters_are_kept_in_step_and_those_in_trouble_are_the_first_in_status(town: Town) -> None:
    channels = found(town, NEWSLETTERS - 1)
    last = f"guild-{NEWSLETTERS - 2:02}"
    async with town.running(read=False):
        for name in (*channels, "mill"):
            await town.sync(name)
        (town.folder.parent / last).rename(town.folder.parent / "away")
        for name in channels:
            if name != last:
                (town.folder.parent / name / "august.md").write_text(
                    JULY.replace("July's Heat", f"August of {name}")
                    .replace("2026-07-06", "2026-07-20")
                    .replace("pond", f"pond of {name}")
                )
        for _ in range(2):
            town.clock.advance(700)
            for name in (*channels, "mill"):
                await town.sync(name)
        for name, channel in channels.items():
            shown = "".join(str(message) for message in town.sandbox.messages(channel))
            assert shown.count(f"'title': 'August of {name}'") == (name != last), name
        (note,) = told(town)
        assert f"**{last}**" in note
        answer = await by_mo(town, "status")
        text = town.shown(answer)
        assert text.index(last) < text.index("guild-00")
        assert "There is no room for these: guild-08" in text
        choices = await town.choices("latest", "newsletter", "")
        assert len(choices) == 25
        assert [choice["value"] for choice in await town.choices("latest", "newsletter", last)] == [last]
        assert f"Heat of {last}" in town.shown(await town.call("latest", newsletter=last))
