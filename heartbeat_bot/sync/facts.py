"""What the policy needs to know of an issue in a destination: from what the store knows and what was read just now."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from heartbeat_bot.ids import ChannelId, DestinationId, IssueId
from heartbeat_bot.policy.approval import text_of
from heartbeat_bot.policy.decisions import State
from heartbeat_bot.policy.policy import Facts
from heartbeat_bot.sources.snapshot import BlobId
from heartbeat_bot.store.deliveries import Delivery, DeliveryId, DeliveryKind
from heartbeat_bot.store.issues import NO_DUTIES, Duties, IssueRecord, SourceFile, instants
from heartbeat_bot.sync.destinations import DestinationPolicy, at_path


def facts_of(
    record: IssueRecord, announcement: Delivery | None, rendering: str, blob: BlobId | None = None, duties: Duties = NO_DUTIES
) -> Facts:
    """Return what the policy needs to know of an issue in a destination, where ``announcement`` is what is known of it.

    ``rendering`` names how it would be rendered now (see :meth:`Deliveries.delivered`), and ``blob`` is the text that is there now, when that
    is not the one that is known.
    """
    blob = blob or record.blob
    here = announcement or _NOTHING_KNOWN
    same_text = here.shown == blob
    return Facts(
        draft=record.draft,
        date=record.date,
        changed_at=record.changed_at,
        listed_at=record.listed_at,
        announced=here.announced_at is not None,
        baseline=here.baseline,
        too_old=here.state is State.TOO_OLD,
        waits_for=here.reason.code if here.state is State.WAITING else None,
        approved=record.approved_at is not None,
        on_hold=record.on_hold_at is not None,
        scheduled=record.scheduled_at,
        skipped=record.skipped_at is not None,
        broken=record.broken,
        doubt=record.doubt,
        announced_at=here.announced_at,
        delivered=here.shown is not None,
        current=same_text and here.shown_as == rendering,
        same_text=same_text,
        asked=here.asked_at is not None,
        other_than_approved=record.other_than_approved(blob),
        binding=record.approval_binds,
        cleared=not record.needs_approval(duties) or text_of(record.approved) == blob,
        declined=text_of(record.declined) == blob,
    )


def facts_now(
    record: IssueRecord | None, source_file: SourceFile | None, policy: DestinationPolicy, path: str, seen: datetime
) -> Facts:
    """Bring together what the store knows and what was read just now."""
    here = record.announcement(policy.destination.id) if record else None
    rendering = at_path(policy.rendering, path) if here is not None and here.announced_at else ""
    if source_file is None:
        assert record is not None, "a file that is not known was read"
        facts = facts_of(record, here, rendering, duties=policy.duties)
        facts = replace(facts, current=False) if policy.always_look and facts.current else facts
        return replace(facts, baseline=True) if _was_there(record, here, policy) else facts
    now = instants(record, source_file, now=seen)
    base = (
        facts_of(record, here, rendering, source_file.blob, policy.duties)
        if record
        else Facts(draft=source_file.draft, date=source_file.date, changed_at=seen)
    )
    back = record is not None and not record.present
    same_text = here is not None and here.shown == source_file.blob
    return replace(
        base,
        draft=source_file.draft,
        date=source_file.date,
        changed_at=now.changed_at,
        listed_at=now.listed_at,
        baseline=base.baseline or (record is not None and _was_there(record, here, policy)),
        too_old=base.too_old and not back,
        waits_for=None if back else base.waits_for,
        broken=source_file.broken,
        doubt=source_file.doubt,
        same_text=same_text,
        current=same_text and here is not None and here.shown_as == rendering and not policy.always_look,
    )


def _was_there(record: IssueRecord, here: Delivery | None, policy: DestinationPolicy) -> bool:
    """Tell whether an issue had been dealt with before its destination was added: it is known there, and what is still to come is news."""
    if policy.first_run or policy.destination.baseline_at is not None or (here is not None and here.announced_at is not None):
        return False
    return any(one.announced_at or one.baseline or one.state is State.TOO_OLD for one in record.announcements)


_NOTHING_KNOWN: Final = Delivery(
    id=DeliveryId(0),
    destination=DestinationId(0),
    issue=IssueId(0),
    kind=DeliveryKind.ANNOUNCEMENT,
    channel=ChannelId(0),
    created_at=datetime.min.replace(tzinfo=UTC),
)
