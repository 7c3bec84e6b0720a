"""Rate limits: fixed windows per route and resource, and one over all requests (docs, *Rate Limits*)."""

import hashlib
from dataclasses import dataclass, fields

from discord_sandbox.api_errors import too_many


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """So many requests in a window of ``seconds``, which opens with its first request."""

    requests: int
    seconds: float


@dataclass(slots=True, kw_only=True)
class RateLimits:
    """What the sandbox allows; change a field at any time. Numbers that Discord documents nowhere are community reports."""

    send: Quota = Quota(requests=5, seconds=5)
    """Messages per channel (reported)."""
    edit: Quota = Quota(requests=5, seconds=5)
    """Edits per channel (reported)."""
    delete: Quota = Quota(requests=5, seconds=1)
    """Deletions per channel (reported)."""
    crosspost: Quota = Quota(requests=10, seconds=3600)
    """Published messages per channel (reported). Stands in no header: the eleventh is answered with code 20028 and a body to be
    believed over the Retry-After header (discord-api-docs issue 6109, Discord.Net pull request 2100)."""
    crosspost_in_headers: bool = False
    """Whether the limit on publishing stands in the headers of each answer instead, as any other."""
    published_edit: Quota = Quota(requests=3, seconds=3600)
    """Edits per channel of published messages (reported: discord-api-docs issue 2258); told as for publishing."""
    old_edit: Quota = Quota(requests=3, seconds=6)
    """Edits per channel of messages older than an hour (code 30046 is documented; the number is reported). Stands in no header."""
    webhook: Quota = Quota(requests=5, seconds=2)
    """Follow-ups and edits per interaction token (staff, 2017: those of webhooks)."""
    other: Quota = Quota(requests=10, seconds=1)
    """Every other route, per channel or guild."""
    everything: Quota = Quota(requests=50, seconds=1)
    """All requests of the bot, interactions aside (docs)."""
    command_creates: Quota = Quota(requests=200, seconds=86400)
    """New commands per guild and day (docs)."""

    @classmethod
    def generous(cls) -> "RateLimits":
        """Return limits that a test will not reach by accident."""
        limits = cls()
        for each in fields(cls):
            if isinstance(each.default, Quota):
                setattr(limits, each.name, Quota(requests=1_000_000, seconds=1))
        return limits


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitStanding:
    """How a bucket stands after a request: times in seconds, ``reset`` since the Unix epoch."""

    bucket: str
    limit: int
    remaining: int
    reset: float
    reset_after: float
    exceeded: bool

    def headers(self) -> dict[str, str]:
        """Return Discord's headers that tell it."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": f"{self.reset:.3f}",
            "X-RateLimit-Reset-After": f"{self.reset_after:.3f}",
            "X-RateLimit-Bucket": self.bucket,
        }


class Limiter:
    """Counts requests per bucket and resource; ``limits`` says how many there may be."""

    def __init__(self, limits: RateLimits) -> None:
        """Begin at zero."""
        self.limits = limits
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}

    def count(self, name: str, resource: str, quota: Quota, now: float, *, weight: int = 1) -> LimitStanding:
        """Count a request (of ``weight``) at ``now`` and tell how the bucket stands; one that is exceeded is not counted."""
        key = (name, resource)
        opened, used = self._windows.get(key, (now, 0))
        if now - opened >= quota.seconds:
            opened, used = now, 0
        exceeded = used + weight > quota.requests
        if not exceeded:
            used += weight
        self._windows[key] = (opened, used)
        return LimitStanding(
            bucket=hashlib.sha256(name.encode()).hexdigest()[:32],
            limit=quota.requests,
            remaining=max(0, quota.requests - used),
            reset=opened + quota.seconds,
            reset_after=opened + quota.seconds - now,
            exceeded=exceeded,
        )

    def take(self, name: str, resource: str, quota: Quota, now: float, *, code: int, weight: int = 1) -> None:
        """Count a request towards a limit that stands in no header; raise the 429 that then comes unannounced."""
        standing = self.count(name, resource, quota, now, weight=weight)
        if standing.exceeded:
            raise too_many(standing.reset_after, scope="shared", code=code, header=1)
