"""The announce policy: whether an issue is news now, and if not, why not, as a code; and what becomes of one that went away. Pure.

**What is news.** An issue is announced once, when all hold:

- its file can be read, and it is no draft;
- its date is not in the future;
- it was not there on the first run: what has been published by then is known, not news. (A draft of the first run is news once it
  is published; a file that could not be read then is not, as nobody knows for how long readers have had it.)
- its date is not older than ``max_age``. A date that was a typo may be put right later, but an issue that has been listed as too old
  for as long as ``max_age`` stays so, whatever becomes of its date: back issues are edited too;
- it is sure who it is (see ``identity/matching.py``): what may have been posted before, or is a copy of what is, waits for a moderator;
- it has rested for ``hold``: since its text changed, and since it was listed (an issue is *listed* from when its file is there, can
  be read and is no draft; one that goes and comes back is listed anew);
- no more than ``max_new_per_pass`` others became news with it: in the same pass, or within ``hold`` before or after it. So an import
  is one however many commits it takes. All of them wait for a moderator, those that are held still are counted in.

A moderator's approval overrides all of these but the first two and the rest. So does a moderator's schedule when its instant has
come; until then the issue is held, also one that was approved. What a moderator put on hold waits until it is approved or scheduled,
and what one skipped is known, not news, until it is approved or scheduled after all.

**An approval is of a text**, and of the pictures that are uploaded with it (see ``approval.py``). So is a schedule. When anything made
the issue wait for a moderator (``moderation.approval``, a doubt, a crowd, its age, a hold, a retraction), and what is there now is not
what was approved, it waits again, and the moderators read why. An approval that nothing had asked for binds to nothing: once the text
is another one, the rules above say again what becomes of it. What is sent is compared once more at the instant of sending.

**A change while an issue is being posted.** What was approved cannot be finished once its file says something else: the old text is
there no more. So nothing more is sent, and nothing that stands is changed or deleted, until a moderator approves the new text (then
the messages are led to it, by edits and by the rest of the sends, none of them doubled), skips it (then it stays as it is), or the
file says again what was approved. Without anything that made it wait, an issue follows its file also while it is being posted.

**Edits** of what was posted follow the file without anybody's approval, unless ``moderation.approve_edits``: then an edit, its pictures
included, is shown when a moderator approved it, and the messages, all copies, and what members read stay as they were until then.

**What was announced stays announced**, whatever becomes of its draft flag, its date or its file: it is never news again, and a
delivery that began is finished. Its messages follow the file, except that

- changes that came later than ``edit_window`` after its announcement are noted and not sent, unless a moderator asks for them;
- while it is a draft again, or cannot be read, its messages stay as they are.

**What went away.** With ``on_remove: keep`` the messages of an issue whose file was removed stay, and are left alone until it comes
back. With ``retract`` they go when the file has been gone for ``hold`` and a pass after the one that missed it misses it too: one
look at a source that lost half its tree deletes nothing. When more than ``max_new_per_pass`` went away at once, or wait to go, a
moderator decides; and nothing goes while it is unsure whether the issue is still there under another name. An issue whose messages
went is news again if it comes back while all of the above holds.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, TypeVar

from heartbeat_bot.identity.doubts import Doubt
from heartbeat_bot.policy.approval import Difference
from heartbeat_bot.policy.decisions import Code, Decision, Reason, State

LONGEST_SCHEDULE: Final = timedelta(days=366)
"""No moderator can schedule anything for later than this."""

_OF_A_CROWD: Final = frozenset({Code.TOO_MANY, Code.WERE_TOO_MANY, Code.UNKNOWN})
"""What an issue goes on waiting for: a later pass does not see any more how many came at once. Any other reason is found anew by each pass."""

_DAY = timedelta(days=1)
_Key = TypeVar("_Key", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The newsletter's rules. ``max_age`` None: no issue is too old. ``edit_window`` None: changes are sent for ever.

    ``max_new_per_pass`` 0: a moderator approves every issue. ``max_gone_per_pass`` None: as many may go at once as may come.
    """

    hold: timedelta
    max_age: timedelta | None
    max_new_per_pass: int
    edit_window: timedelta | None = None
    max_gone_per_pass: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the policy needs to know of an issue that is there.

    ``date`` without a time stands for that whole day in UTC; a time without a zone is UTC. ``changed_at`` (aware) is when its
    content became what it is, ``listed_at`` since when it can be read and is no draft (None: since ``changed_at``).

    ``announced``, ``baseline``, ``too_old``: what an earlier pass made of it; ``waits_for``: why it waits for a moderator since then.
    ``approved``: a moderator wants it announced, however old it is and however many came with it. ``on_hold``: a moderator holds it back, whatever else is said of
    it. ``scheduled`` (aware) is when a moderator wants it announced. ``skipped``: a moderator made it one of the ``baseline``. ``broken`` and
    ``doubt`` say why it cannot be read and why it is unsure who it is. ``other_than_approved`` says what of it is not what
    was approved or scheduled, None when it is that; ``binding``: something had made it wait for that decision.

    For an announced issue: ``announced_at``; whether it was ``delivered`` whole; whether its messages show its ``current`` text as
    it would be rendered now, and whether they show the ``same_text``, rendered however; whether a moderator ``asked`` for changes.
    """

    draft: bool
    date: date | datetime | None
    changed_at: datetime
    listed_at: datetime | None = None
    announced: bool = False
    baseline: bool = False
    too_old: bool = False
    waits_for: Code | None = None
    approved: bool = False
    on_hold: bool = False
    scheduled: datetime | None = None
    skipped: bool = False
    broken: str | None = None
    doubt: Doubt | None = None
    announced_at: datetime | None = None
    delivered: bool = False
    current: bool = False
    same_text: bool = False
    asked: bool = False
    other_than_approved: Difference | None = None
    binding: bool = False
    cleared: bool = True
    declined: bool = False


def decide(issues: Mapping[_Key, Facts], rules: Rules, *, now: datetime, first_run: bool = False) -> dict[_Key, Decision]:
    """Decide about the issues of one newsletter that are there in one pass at ``now`` (aware), in their order.

    ``first_run`` makes the baseline. When more issues than ``max_new_per_pass`` became news at once, none of them is announced: a
    bulk import must not flood a channel. Those that wait go on waiting when a moderator has approved only some of them.
    """
    now = now.astimezone(UTC)
    decisions = {key: _decide_alone(facts, rules, now=now, first_run=first_run) for key, facts in issues.items()}
    ready = [key for key, decision in decisions.items() if decision.state is State.ANNOUNCE and not _is_decided(issues[key])]
    if not ready:
        return decisions
    crowd = sorted(_news_since(facts) for key, facts in issues.items() if _counts(facts, decisions[key]))
    for key in ready:
        since = _news_since(issues[key])
        near = bisect_right(crowd, since + rules.hold) - bisect_left(crowd, since - rules.hold)
        together = max(len(ready), near)
        if together > rules.max_new_per_pass:
            reason = Reason(Code.TOO_MANY, count=together, limit=rules.max_new_per_pass)
            if rules.max_new_per_pass == 0:
                reason = Reason(Code.EVERY_ISSUE)
            decisions[key] = Decision(state=State.WAITING, reason=reason)
    return decisions


def _decide_alone(facts: Facts, rules: Rules, *, now: datetime, first_run: bool) -> Decision:  # noqa: PLR0911 (one per state)
    """Decide about an issue as if it came alone."""
    if facts.announced:
        return _decide_announced(facts, rules, now=now)
    if facts.on_hold:
        return Decision(state=State.WAITING, reason=Reason(Code.ON_HOLD))
    if facts.broken is not None:
        # Nobody knows for how long readers have had a file that the first run could not read.
        state = State.BASELINE if first_run else State.BROKEN
        return Decision(state=state, reason=Reason(Code.BROKEN, text=facts.broken))
    if facts.draft:
        return Decision(state=State.DRAFT, reason=Reason(Code.DRAFT))
    if facts.other_than_approved and (facts.binding or rules.max_new_per_pass == 0) and not first_run:
        reason = Reason(Code.OTHER_THAN_APPROVED, changed=facts.other_than_approved)
        return Decision(state=State.WAITING, reason=reason, asks=True)
    begins, ends = (None, None) if facts.date is None else _span(facts.date)
    if begins and begins > now:
        return Decision(state=State.FUTURE, reason=Reason(Code.DATE_TO_COME, at=begins), until=begins)
    scheduled = facts.scheduled and facts.scheduled.astimezone(UTC)
    if scheduled and scheduled > now:
        return _decide_scheduled(scheduled, now=now)
    objection = None if _is_decided(facts) else _decide_undecided(facts, rules, ends, now=now, first_run=first_run)
    if objection:
        return objection
    rested = max(facts.changed_at.astimezone(UTC), _listed_at(facts)) + rules.hold
    if rested > now:
        return Decision(state=State.HELD, reason=Reason(Code.CHANGED_RECENTLY, at=rested), until=rested)
    return Decision(state=State.ANNOUNCE, reason=Reason(Code.NEW), deliver=True)


def _decide_scheduled(scheduled: datetime, *, now: datetime) -> Decision:
    """Decide about an issue whose instant is yet to come."""
    if scheduled - now > LONGEST_SCHEDULE:
        return Decision(state=State.WAITING, reason=Reason(Code.SCHEDULED_TOO_FAR, at=scheduled))
    return Decision(state=State.HELD, reason=Reason(Code.SCHEDULED, at=scheduled), until=scheduled)


def _decide_undecided(facts: Facts, rules: Rules, ends: datetime | None, *, now: datetime, first_run: bool) -> Decision | None:
    """Say what only a moderator overrides; ``ends`` is the last instant of the issue's date. None: nothing is in the way."""
    if facts.baseline or first_run:
        code = Code.SKIPPED if facts.skipped else Code.BEFORE_FIRST_RUN
        return Decision(state=State.BASELINE, reason=Reason(code))
    if rules.max_age is not None:
        if ends and ends + rules.max_age < now:
            return Decision(state=State.TOO_OLD, reason=Reason(Code.TOO_OLD, date=facts.date, age=rules.max_age))
        if facts.too_old and _listed_at(facts) + rules.max_age < now:
            return Decision(state=State.TOO_OLD, reason=Reason(Code.CAME_TOO_OLD, age=rules.max_age))
    if facts.doubt is not None:
        return Decision(state=State.UNSURE, reason=Reason(Code.UNSURE, doubt=facts.doubt))
    every_one = rules.max_new_per_pass == 0
    if facts.waits_for in _OF_A_CROWD or (facts.waits_for and every_one):
        return Decision(state=State.WAITING, reason=Reason(Code.EVERY_ISSUE if every_one else Code.WERE_TOO_MANY))
    return None


def _decide_announced(facts: Facts, rules: Rules, *, now: datetime) -> Decision:  # noqa: PLR0911 (one per case)
    """Say whether the messages of an announced issue follow its file now."""
    if facts.broken is not None:
        return _announced(Reason(Code.ANNOUNCED_BROKEN, text=facts.broken))
    if facts.draft and facts.delivered:
        return _announced(Reason(Code.ANNOUNCED_DRAFT))
    if facts.current and facts.delivered:
        return _announced()
    if not facts.delivered or facts.asked or _in_edit_window(facts, rules, now):
        if facts.cleared or (facts.delivered and facts.same_text):
            return replace(_announced(), deliver=True)
        if facts.declined:
            return _announced(Reason(Code.EDIT_DECLINED))
        return replace(_announced(Reason(Code.EDIT_WAITS if facts.delivered else Code.CHANGED_MEANWHILE)), asks=True)
    if facts.same_text:
        return _announced()
    return replace(_announced(Reason(Code.EDIT_LATE)), late=True)


def _announced(reason: Reason | None = None) -> Decision:
    return Decision(state=State.ANNOUNCED, reason=reason or Reason(Code.ANNOUNCED))


def _in_edit_window(facts: Facts, rules: Rules, now: datetime) -> bool:
    """Tell whether what is not shown yet is to be sent: what changed in time and could not be sent until now is, too."""
    if rules.edit_window is None or facts.announced_at is None:
        return True
    closes = facts.announced_at.astimezone(UTC) + rules.edit_window
    return now <= closes or (not facts.same_text and facts.changed_at <= closes)


def _is_decided(facts: Facts) -> bool:
    """Tell whether a moderator wants the issue announced as it is now, at once or at an instant."""
    return (facts.approved or facts.scheduled is not None) and facts.other_than_approved is None


def _listed_at(facts: Facts) -> datetime:
    return (facts.listed_at or facts.changed_at).astimezone(UTC)


def _news_since(facts: Facts) -> datetime:
    """Return since when an issue could have been news: it was listed, and its date had come."""
    listed = _listed_at(facts)
    return max(listed, _span(facts.date)[0]) if facts.date is not None else listed


def _counts(facts: Facts, decision: Decision) -> bool:
    """Tell whether an issue counts among those that came with others."""
    if _is_decided(facts):
        return False
    if decision.state is State.ANNOUNCED:
        return not facts.baseline
    return decision.state in {State.ANNOUNCE, State.HELD, State.WAITING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What the policy needs to know of an issue whose file is gone.

    ``gone_at`` (aware) is when a pass first missed it, ``confirmed`` whether a later one did too. ``shown``: it has messages that
    are kept in step. ``doubted``: it may be there under another name. ``taken_back``: a moderator decided that its messages go.
    """

    gone_at: datetime
    confirmed: bool
    shown: bool
    doubted: bool = False
    taken_back: bool = False


def decide_removals(
    removals: Mapping[_Key, Removal], rules: Rules, *, now: datetime, retract: bool
) -> tuple[frozenset[_Key], dict[_Key, Reason]]:
    """Say which issues' messages are deleted now, and of each issue why it is as it is; ``retract`` as ``on_remove`` says."""
    batches = Counter(removal.gone_at for removal in removals.values() if removal.shown or removal.taken_back)
    pending = sum(removal.shown and not removal.taken_back for removal in removals.values())
    most = rules.max_new_per_pass if rules.max_gone_per_pass is None else rules.max_gone_per_pass
    go: set[_Key] = set()
    reasons: dict[_Key, Reason] = {}
    for key, removal in removals.items():
        until = removal.gone_at.astimezone(UTC) + rules.hold
        together = max(pending, batches[removal.gone_at])
        if not removal.shown or removal.taken_back:
            reasons[key] = Reason(Code.GONE)
        elif not retract:
            reasons[key] = Reason(Code.GONE_KEPT)
        elif removal.doubted:
            reasons[key] = Reason(Code.GONE_UNSURE)
        elif together > most:
            reasons[key] = Reason(Code.GONE_TOO_MANY, count=together - 1)
        elif until > now or not removal.confirmed:
            reasons[key] = Reason(Code.GONE_LEAVING, at=until)
        else:
            go.add(key)
            reasons[key] = Reason(Code.GONE_LEFT)
    return frozenset(go), reasons


def _span(when: date | datetime) -> tuple[datetime, datetime]:
    """Return the first and the last instant that a date stands for."""
    if isinstance(when, datetime):
        instant = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
        return instant, instant
    midnight = datetime.combine(when, time(), tzinfo=UTC)
    try:
        return midnight, midnight + _DAY
    except OverflowError:  # the last day of the calendar has no next one
        return midnight, midnight
