"""What the configuration may say: a model per part, a sentence per key.

The sentences are the ones of ``config.example.yaml``; a key that is missing in a file is asked for with its sentence.
"""

import os
import re
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self, get_args
from urllib.parse import quote, urlsplit

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_core import PydanticKnownError

from heartbeat_bot.config.address import DatabaseAddress
from heartbeat_bot.config.sources import AnySource
from heartbeat_bot.config.strict_model import StrictModel
from heartbeat_bot.config.values import (
    Duration,
    GatewayAddress,
    HeadingPatterns,
    IssueTemplate,
    PublicAddress,
    Snowflake,
    Snowflakes,
    WebAddress,
    as_tuple,
    checked_variable,
    short,
)
from heartbeat_bot.errors import ConfigError
from heartbeat_bot.redaction import TOKEN_SHAPE, keep_secret

# Discord shows the name in a list of choices: 100 characters (Discord's reference, "Application Command Option Choice").
_MAX_NAME = 100
_MIN_POLL = timedelta(seconds=10)
_DISCORD_HOSTS = frozenset({"discord.com", "canary.discord.com", "ptb.discord.com", "discordapp.com"})


class DiscordConfig(StrictModel):
    """How the bot reaches Discord, and as whom."""

    token_env: str = Field(default="DISCORD_TOKEN", description="The environment variable that holds the bot token.")
    api_url: WebAddress = Field(
        default="https://discord.com/api/v10",
        description="Where Discord's REST API is: another base for a proxy or the sandbox.",
    )
    gateway_url: GatewayAddress | None = Field(
        default=None, description="Where the gateway is (ws:// or wss://); null asks the API, as Discord wants it."
    )

    @field_validator("token_env")
    @classmethod
    def _names_a_variable(cls, name: str) -> str:
        return checked_variable(name, "DISCORD_TOKEN", "token")

    @field_validator("api_url")
    @classmethod
    def _is_a_base(cls, address: str) -> str:
        # Paths are put behind it, and the token is the only authorization that goes with them.
        if "@" in urlsplit(address).netloc or "?" in address or "#" in address:
            raise ValueError(
                "this address holds a user name, a password, ? or #, which cannot be used; write scheme, host and path alone"
            )
        return address

    @field_validator("api_url", "gateway_url")
    @classmethod
    def _ends_without_a_slash(cls, address: str | None) -> str | None:
        return address.rstrip("/") if address else address

    def token(self, environ: Mapping[str, str] = os.environ) -> SecretStr:
        """Read the bot token from the environment; raise ConfigError, which never shows it, when it is unset or looks wrong."""
        token = environ.get(self.token_env, "").strip()
        keep_secret(token)
        if not token:
            raise ConfigError(
                f"the environment variable {self.token_env} is not set; put the bot token into it "
                "(Discord's developer portal, your application, Bot, Reset Token)"
            )
        if token.lower().startswith("bot "):
            raise ConfigError(f"the environment variable {self.token_env} begins with 'Bot '; put the token alone into it")
        if re.search(r"\s", token) or not token.isascii() or token[0] in "\"'":
            raise ConfigError(
                f"the environment variable {self.token_env} holds quotes, spaces or letters that no token has; copy the token again"
            )
        # A sandbox takes any token; Discord does not, and says so only after three seconds and with a bare 401.
        if urlsplit(self.api_url).hostname in _DISCORD_HOSTS and not TOKEN_SHAPE.fullmatch(token):
            raise ConfigError(
                f"the environment variable {self.token_env} does not hold a bot token: those are three parts joined by dots. The "
                "client secret and the public key are others; reset and copy the token in Discord's developer portal (Bot)"
            )
        return SecretStr(token)


class ImagesConfig(StrictModel):
    """Where the pictures of an issue come from."""

    base_url: PublicAddress | None = Field(default=None, description="Where relative pictures are found; site_url when null.")
    attach: bool = Field(default=False, description="Whether pictures are uploaded from the source rather than linked.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.attach and self.base_url:
            raise ValueError("images are either linked (base_url) or uploaded (attach: true); keep one of the two")
        return self


LayoutName = Literal["embeds"]
"""The layouts that there are; see ``rendering/layouts``."""


def _built_layout(layout: object) -> object:
    if layout in get_args(LayoutName):
        return layout
    if isinstance(layout, str) and layout in {"thread", "forum", "components"}:
        raise ValueError(f"the layout '{layout}' is not built yet; write {' or '.join(get_args(LayoutName))}")
    raise ValueError(f"unknown layout {short(layout)}; write {' or '.join(get_args(LayoutName))}")


class AnnounceConfig(StrictModel):
    """Where, when and how issues are posted."""

    channel: Snowflake = Field(description="The id of the channel that issues are posted to.")
    layout: Annotated[LayoutName, BeforeValidator(_built_layout)] = Field(
        default="embeds", description="What an issue looks like: embeds is a cover and a message per section."
    )
    publish: bool = Field(
        default=True, description="Whether posts are published to the servers that follow an announcement channel."
    )
    ping_role: Snowflake | None = Field(default=None, description="The id of the role to ping once per issue; null pings nobody.")
    hold: Duration = Field(default=timedelta(minutes=10), description="How long an issue must rest unchanged before it is posted.")
    max_age: Duration | None = Field(
        default=timedelta(days=14),
        description="Issues dated longer ago than this are not news; null posts them however old they are.",
    )
    max_new_per_pass: int = Field(
        default=3,
        ge=1,
        description="More issues than this at once wait for a moderator instead of flooding the channel.",
    )
    edit_window: Duration | None = Field(
        default=timedelta(days=30),
        description="For how long after its announcement changes of an issue are sent; null sends them for ever.",
    )
    on_remove: Literal["keep", "retract"] = Field(
        default="keep",
        description="What becomes of an issue's messages when its file is removed: keep leaves them, retract deletes them.",
    )


class SectionsConfig(StrictModel):
    """Headings that mean something, on top of the built-in ones."""

    events: HeadingPatterns = Field(default=(), description="Headings of event sections: regular expressions, case ignored.")
    jobs: HeadingPatterns = Field(default=(), description="Headings of job sections, likewise.")
    skip: HeadingPatterns = Field(default=(), description="Headings of sections that are not posted, likewise.")


class NewsletterConfig(StrictModel):
    """One publication: a source, a site, the channel it goes to."""

    source: AnySource = Field(description="Where the files live: a directory or a Git repository.")
    readers: Literal["everyone", "servers"] = Field(
        default="everyone",
        description="Who may read it by commands: everyone, or only people in the servers that it is posted to.",
    )
    poll: Duration = Field(default=timedelta(minutes=5), description="How often the source is looked at, 10s or more.")
    site_url: PublicAddress | None = Field(
        default=None, description="The site's address, which relative links of an issue lead to."
    )
    issue_url: IssueTemplate | None = Field(
        default=None,
        description="An issue's own address; {slug}, {year}, {month}, {day}, {path} and {stem} are filled in.",
    )
    images: ImagesConfig = Field(default=ImagesConfig(), description="Where pictures come from: linked or uploaded.")
    announce: AnnounceConfig = Field(description="Where, when and how issues are posted.")
    destinations: Annotated[tuple[AnnounceConfig, ...], BeforeValidator(as_tuple)] = Field(
        default=(), description="More channels that issues are posted to, each with the keys of announce and a life of its own."
    )
    dates: Literal["day-first", "month-first"] | None = Field(
        default=None,
        description="What comes first in dates such as 03/04/2026: day-first or month-first; null asks each issue, and warns.",
    )
    sections: SectionsConfig = Field(
        default=SectionsConfig(), description="Headings that mean something, on top of the built-in ones."
    )

    @field_validator("poll")
    @classmethod
    def _gives_the_remote_peace(cls, poll: timedelta) -> timedelta:
        if poll < _MIN_POLL:
            raise ValueError("a source is looked at every 10s at most; write 10s or more")
        return poll

    @model_validator(mode="after")
    def _goes_to_each_channel_once(self) -> Self:
        channels = [place.channel for place in self.places]
        if len(set(channels)) < len(channels):
            raise ValueError("two destinations have the same channel; give each its own")
        return self

    @property
    def places(self) -> tuple[AnnounceConfig, ...]:
        """Where it goes: its own channel, and then its further destinations."""
        return (self.announce, *self.destinations)

    def page_url(self, *, slug: str, path: str, day: date | None) -> str:
        """Fill the issue's address in; "" when there is no template, or it wants a date and the issue has none.

        ``path`` is the file's path in the source. Month and day have two digits.
        """
        template = self.issue_url
        if template is None or (day is None and re.search(r"\{(?:year|month|day)\}", template)):
            return ""
        return template.format(
            slug=quote(slug),
            path=quote(path),
            stem=quote(PurePosixPath(path).stem),
            year="" if day is None else f"{day:%Y}",
            month="" if day is None else f"{day:%m}",
            day="" if day is None else f"{day:%d}",
        )


class ModerationConfig(StrictModel):
    """Who decides about what the bot will not decide alone."""

    channel: Snowflake | None = Field(
        default=None, description="The private channel where the bot asks and reports; null for none."
    )
    roles: Snowflakes = Field(default=(), description="The roles that may decide, beside those who may manage the server.")
    approval: bool = Field(default=False, description="Whether every issue waits for a moderator's approval.")
    approve_edits: bool = Field(
        default=False, description="Whether edits of posted issues wait for a moderator's approval; until then all stays as it was."
    )
    small_changes: Literal["ask", "allow"] = Field(
        default="ask",
        description="What becomes of a corrected typo in an approved text: ask asks a moderator again, allow lets it through, "
        "save where a newsletter leaves out sections.",
    )


def _read_address(value: object) -> DatabaseAddress:
    if isinstance(value, str):
        return DatabaseAddress.parse(value)
    raise PydanticKnownError("string_type")


_Address = Annotated[DatabaseAddress, BeforeValidator(_read_address)]


class Config(StrictModel):
    """The whole configuration. ``folder`` is the one of its file: what relative paths in it start from."""

    discord: DiscordConfig = Field(default=DiscordConfig(), description="How the bot reaches Discord, and as whom.")
    state: _Address = Field(
        default=DatabaseAddress(Path("heartbeat.db")),
        description="The database of what was posted: sqlite:/// and a file, relative to this file.",
    )
    newsletters: Mapping[str, NewsletterConfig] = Field(
        description="The newsletters, each under a name of your choice.", min_length=1
    )
    moderation: ModerationConfig = Field(
        default=ModerationConfig(), description="Who decides about what the bot will not decide alone."
    )

    @field_validator("newsletters")
    @classmethod
    def _have_plain_names(cls, newsletters: Mapping[str, NewsletterConfig]) -> Mapping[str, NewsletterConfig]:
        for name in newsletters:
            if not name.strip() or name != name.strip() or not name.isprintable() or len(name) > _MAX_NAME:
                raise ValueError(
                    f"the newsletter name {name[:40]!r} cannot be used; names are one line of {_MAX_NAME} characters at most"
                )
        return newsletters

    def below(self, folder: Path) -> Self:
        """Return the same configuration with its relative paths starting from ``folder``."""
        newsletters = {
            name: newsletter.model_copy(update={"source": newsletter.source.below(folder)})
            for name, newsletter in self.newsletters.items()
        }
        return self.model_copy(update={"newsletters": newsletters, "state": self.state.below(folder)})
