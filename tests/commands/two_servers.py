"""Two servers with a newsletter each, an operator's server, and people of all kinds who have no say in the other one."""

from dataclasses import dataclass

from town import JULY, Town

from discord_sandbox.permissions import Permission
from discord_sandbox.world import Channel, Guild, User
from heartbeat_bot.interactions.actor import Actor

MILL_SECRET = "millcanary"
ABBEY_SECRET = "abbeycanary"
ABBEY_PUBLIC = "abbeypublic"


@dataclass
class Abbey:
    """The second server, whose newsletter ``abbey`` is nobody else's."""

    town: Town
    guild: Guild
    news: Channel
    hall: Channel
    abbot: User
    monk: User

    def write(self, name: str, text: str) -> None:
        (self.town.folder.parent / "abbey" / f"{name}.md").write_text(text)


def found(town: Town, *, readers: str = "servers", ping: bool = True) -> Abbey:
    """Found the abbey, in a configuration whose moderators' channel is the mill's, or none."""
    guild = town.sandbox.create_guild("Abbey")
    news = town.sandbox.create_channel(guild, "abbey-news")
    hall = town.sandbox.create_channel(guild, "hall")
    role = town.sandbox.create_role(guild, "moderators", permissions=int(Permission.MANAGE_GUILD | Permission.MANAGE_MESSAGES))
    readers_role = town.sandbox.create_role(guild, "bell")
    folder = town.folder.parent / "abbey"
    folder.mkdir()
    abbey = Abbey(
        town=town,
        guild=guild,
        news=news,
        hall=hall,
        abbot=town.sandbox.create_user(guild, "abbot", roles=[role]),
        monk=town.sandbox.create_user(guild, "monk"),
    )
    town.more = (
        f"  abbey:\n    source: {{directory: '{folder}', paths: ['*.md']}}\n    readers: {readers}\n"
        f"    site_url: https://example.org/\n    announce: {{channel: {news.id}, hold: 0s, max_age: null"
        f"{f', ping_role: {readers_role.id}' if ping else ''}}}\n"
    )
    abbey.write("psalm", told("Psalm", ABBEY_PUBLIC))
    return abbey


def told(title: str, canary: str, day: str = "2026-07-20", more: str = "") -> str:
    """Return an issue that says a word in its title, in every section, in its events and jobs."""
    text = JULY.replace("July's Heat", f"{title} {canary}").replace("2026-07-06", day).replace("warm", canary)
    text = text.replace("Pond party", f"Party {canary}").replace("Harvest", f"Feast {canary}").replace("title:", f"{more}title:", 1)
    text = text.replace("August 3-5", "August 13-15").replace("September 9", "September 19")  # other events than July's
    return f"{text}\n## Jobs\n\n- [Job {canary}](https://example.org/jobs) at {canary}, Porto\n"


def actor(user: User, guild: Guild | None, *, roles: frozenset[int] = frozenset(), manages: bool = False) -> Actor:
    """Return a person as the service hears of them, who may be lying about nothing: Discord says where they are."""
    return Actor(
        user=user.id,
        name=user.name,
        guild=guild.id if guild else None,
        channel=1,
        roles=roles,
        manages=manages,
    )
