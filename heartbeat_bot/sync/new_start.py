"""Whether a newsletter's first pass is one: a channel full of issues that the database knows nothing of says that it was lost."""

from datetime import datetime, timedelta
from typing import Final

from heartbeat_bot.config import AnnounceConfig, NewsletterConfig
from heartbeat_bot.errors import OutletError, StateError
from heartbeat_bot.ids import ChannelId, message_url
from heartbeat_bot.ports import Discord
from heartbeat_bot.store.store import Store
from heartbeat_bot.sync.recovery import posts_of_issues

_LOOK_BACK: Final = timedelta(days=90)
"""How far back a channel is looked through: three issues of a monthly newsletter. The newest hundred messages are in any case."""


async def check_new_start(name: str, newsletter: NewsletterConfig, store: Store, outlet: Discord, *, now: datetime) -> None:
    """Raise StateError when the channel of a newsletter of which no issue is known holds issues that this bot posted.

    A first pass would take all that is in the repository for known, in silence: what came since the loss would never be posted, and
    what stands in the channel would not be kept in step. Raises OutletError when the channel cannot be looked through.
    """
    if await store.records(name):
        return
    errors: list[OutletError] = []
    for place in newsletter.places:
        try:
            await _check_channel(name, newsletter, place, store, outlet, now)
        except OutletError as error:
            errors.append(error)
    if len(errors) == len(newsletter.places):  # one that can be looked through says what the others would
        raise errors[0]


async def _check_channel(
    name: str, newsletter: NewsletterConfig, place: AnnounceConfig, store: Store, outlet: Discord, now: datetime
) -> None:
    channel = ChannelId(place.channel)
    await outlet.check_permissions(channel)  # without Read Message History it would look empty
    history = await outlet.history(channel, since=now - _LOOK_BACK)
    claimed = await store.messages.claimed([seen.message for seen in history.own])
    begin = (newsletter.issue_url or "").partition("{")[0]
    found = [seen.message for seen in posts_of_issues(history.own, begin=begin) if seen.message not in claimed]
    if found:
        facts = await outlet.describe(channel)
        raise StateError(
            f"The database knows nothing of {name}, but messages of issues that this bot posted stand in #{facts.name} (the last: "
            f"{message_url(facts.guild, channel, found[-1])}): it was lost, was emptied or is another one. Nothing is posted, edited or "
            "noted, and readers see what stood there before. Stop the bot and restore the database from its copy, or let `state` name the "
            "right one. To begin anew instead, with all that is in the repository taken for known and those messages left as they are: "
            f"`heartbeat-bot sync --start-over --newsletter {name}`."
        )
