"""A destination's rules, read out of the configuration, and how issues are rendered there."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from heartbeat_bot import __version__
from heartbeat_bot.config import AnnounceConfig, NewsletterConfig
from heartbeat_bot.issues.model import DateOrder
from heartbeat_bot.policy.policy import Rules
from heartbeat_bot.store.destinations import Destination
from heartbeat_bot.store.issues import NO_DUTIES, Duties


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationPolicy:
    """A destination's rules, at one time. ``rendering`` names how issues are rendered (see :func:`rendering_of`)."""

    destination: Destination
    announce: AnnounceConfig
    rules: Rules
    retract: bool
    rendering: str
    dates: DateOrder | None
    always_look: bool
    last_pass: datetime | None
    first_run: bool
    now: datetime
    duties: Duties = NO_DUTIES


def policy_of(
    newsletter: NewsletterConfig,
    announce: AnnounceConfig,
    destination: Destination,
    *,
    duties: Duties = NO_DUTIES,
    last_pass: datetime | None = None,
    first_run: bool,
    now: datetime,
) -> DestinationPolicy:
    """Read a destination's rules out of the configuration; ``duties``: what moderators must approve; ``last_pass``: when it was done."""
    rules = Rules(
        hold=announce.hold,
        max_age=announce.max_age,
        max_new_per_pass=0 if duties.issues else announce.max_new_per_pass,
        edit_window=announce.edit_window,
        max_gone_per_pass=announce.max_new_per_pass,  # that every issue is approved says nothing of what goes
    )
    return DestinationPolicy(
        destination=destination,
        announce=announce,
        rules=rules,
        retract=announce.on_remove == "retract",
        rendering=rendering_of(newsletter, announce),
        dates=newsletter.dates,
        # Pictures may change without their issue, so that only a look at them tells whether something is to be sent.
        always_look=newsletter.images.attach,
        last_pass=last_pass,
        first_run=first_run,
        now=now,
        duties=duties,
    )


def rendering_of(newsletter: NewsletterConfig, announce: AnnounceConfig) -> str:
    """Name the way in which this program renders the issues of a newsletter somewhere: equal names, equal messages for equal files."""
    patterns = [[pattern.pattern for pattern in newsletter.sections.skip]]
    # Without a word about dates the name stays what it was before there was one.
    dates = [newsletter.dates] if newsletter.dates else []
    settings = (newsletter.site_url, newsletter.issue_url, newsletter.images, patterns, *dates)
    told = repr((__version__, settings, announce.channel, announce.layout, announce.ping_role, announce.publish))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def at_path(rendering: str, path: str) -> str:
    """Name how the file at a path is rendered: its address may follow from its path."""
    return hashlib.sha256(f"{rendering}\0{path}".encode()).hexdigest()[:16]
