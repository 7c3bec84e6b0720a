"""What a pass would do: a dry run asks Discord for channels alone, and writes down nothing."""

from heartbeat_bot.config import NewsletterConfig
from heartbeat_bot.ids import ChannelId, IssueId
from heartbeat_bot.store.deliveries import Delivery
from heartbeat_bot.store.store import Store
from heartbeat_bot.sync.changes import ChangeSet, DestinationChanges
from heartbeat_bot.sync.channels import KnownChannels
from heartbeat_bot.sync.plan import Delete, Edit, Operation, Publish, Rekey, Send, plan
from heartbeat_bot.sync.publisher import held_of
from heartbeat_bot.sync.renderer import Renderer, shown_of
from heartbeat_bot.sync.report import PassReport
from heartbeat_bot.sync.result import Result, ResultCode


async def forecast(
    found: ChangeSet,
    newsletter: NewsletterConfig,
    store: Store,
    renderer: Renderer,
    channels: KnownChannels,
    report: PassReport,
) -> None:
    """Note in the report what a pass that found this would send, edit and delete."""
    several = len(newsletter.places) > 1
    for place in found.places:
        where = place.destination.channel if several else None
        for path, decision in place.decisions.items():
            if decision.deliver:
                continue
            if not place.is_noted(path, found.record(path)):
                report.note(
                    Result(
                        ResultCode.WOULD_NOTE,
                        found.issues[path],
                        title=found.title(path),
                        state=decision.state,
                        reason=decision.reason,
                        channel=where,
                    )
                )
    for place, path, delivery in await _targets(found, store, report.newsletter):
        issue, title = found.issues[path], found.title(path)
        rendered = await renderer.render(report.newsletter, found.snapshot, path, place.policy.announce)
        posts = shown_of(rendered.posts, found.record(path))
        channel = delivery.channel if delivery else place.destination.channel
        facts = await channels.facts(channel)
        held = [held_of(message) for message in await store.messages.held_of(delivery.id)] if delivery else []
        posts = delivery.posts(posts) if delivery else posts
        publish = place.policy.announce.publish and facts.announcement
        for operation in plan(posts, held, guild=facts.guild, channel=channel, publish=publish):
            _would(report, issue, title, operation, channel if several else None)
    for place in found.places:
        for delivery in place.leaving:
            for message in await store.messages.held_of(delivery.id):
                title = found.records[delivery.issue].title
                report.note(Result(ResultCode.WOULD_DELETE, delivery.issue, title=title, message=message.message))


async def _targets(found: ChangeSet, store: Store, name: str) -> list[tuple[DestinationChanges, str, Delivery | None]]:
    """Return what would be brought in step: the announcements, where nothing is known of new ones, and then the reposts."""
    targets: list[tuple[DestinationChanges, str, Delivery | None]] = [
        (place, path, place.announcement(found.record(path)))
        for place in found.places
        for path, decision in place.decisions.items()
        if decision.deliver
    ]
    first = found.places[0]
    paths = {found.issues[path]: path for path in first.decisions}
    for repost in await store.deliveries.reposts(name):
        path = paths.get(repost.issue)
        if path is not None and (repost.shown is None or first.decisions[path].deliver):
            targets.append((first, path, repost))
    return targets


def _would(report: PassReport, issue: IssueId | None, title: str, operation: Operation, where: ChannelId | None) -> None:
    match operation:
        case Send(post=post):
            report.note(Result(ResultCode.WOULD_SEND, issue, title=title, key=post.key, channel=where))
        case Edit(post=post, message=message):
            report.note(Result(ResultCode.WOULD_EDIT, issue, title=title, message=message, key=post.key))
        case Delete(message=message):
            report.note(Result(ResultCode.WOULD_DELETE, issue, title=title, message=message))
        case Publish(message=message):
            report.note(Result(ResultCode.WOULD_PUBLISH, issue, title=title, message=message))
        case Rekey():
            pass
