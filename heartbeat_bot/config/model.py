"""What the configuration may say: a model per part, a sentence per key.

The sentences are the ones of ``config.example.yaml``; a key that is missing in a file is asked for with its sentence.
"""

import os
import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, SecretStr, Tag, field_validator, model_validator
from pydantic_core import PydanticKnownError

from heartbeat_bot.config.address import DatabaseAddress, expanded
from heartbeat_bot.config.patterns import PathPatterns
from heartbeat_bot.config.remotes import Credentials, RemoteKind, check_branch, read_credentials, remote_kind, without_userinfo
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
    short,
)
from heartbeat_bot.errors import ConfigError
from heartbeat_bot.redaction import TOKEN_SHAPE, keep_secret, shown_address

# Discord shows the name in a list of choices: 100 characters (Discord's reference, "Application Command Option Choice").
_MAX_NAME = 100
_MIN_POLL = timedelta(seconds=10)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DISCORD_HOSTS = frozenset({"discord.com", "canary.discord.com", "ptb.discord.com", "discordapp.com"})


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, arbitrary_types_allowed=True)

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            yield name, shown_address(value) if isinstance(value, str) else value


def _variable(name: str, example: str, secret: str) -> str:
    if _VARIABLE.fullmatch(name):
        return name
    raise ValueError(
        f"this is not the name of an environment variable; write a name such as {example} here, and keep the {secret} itself out of this file"
    )


class DiscordConfig(_Model):
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
        return _variable(name, "DISCORD_TOKEN", "token")

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


def _all_markdown() -> tuple[str, ...]:
    return ("**/*.md",)


class _Paths(_Model):
    paths: tuple[str, ...] = Field(
        default_factory=_all_markdown,
        description="Which files are issues: * within a folder, ** over folders, {a,b} either, ! in front takes out again.",
    )

    @field_validator("paths", mode="before")
    @classmethod
    def _are_patterns(cls, paths: object) -> object:
        if isinstance(paths, str):
            paths = (paths,)
        if isinstance(paths, list | tuple) and all(isinstance(path, str) for path in paths):  # pyright: ignore[reportUnknownVariableType]
            patterns: tuple[str, ...] = tuple(paths)  # pyright: ignore[reportUnknownArgumentType]
            PathPatterns(patterns)
            return patterns
        return paths  # pyright: ignore[reportUnknownVariableType]


class DirectorySourceConfig(_Paths):
    """A folder of this machine."""

    directory: Path = Field(description="A folder of this machine, relative to this file's own folder.")

    @field_validator("directory", mode="before")
    @classmethod
    def _is_a_path(cls, directory: object) -> object:
        if isinstance(directory, Path):
            return directory
        if not isinstance(directory, str):
            raise ValueError("a folder's path must stand here; put it in quotes")  # noqa: TRY004 (pydantic collects ValueError only)
        if not directory.strip() or "\0" in directory:
            raise ValueError("an empty name stands here; write the folder's path, or . for this file's own folder")
        return expanded(directory)


class GitSourceConfig(_Paths):
    """A Git remote."""

    git: str = Field(
        description="A Git repository: https://, ssh://, user@host:path, git://, file:// or a local path.",
        repr=False,
    )
    branch: str | None = Field(default=None, description="The branch to follow; null follows the repository's default.")
    auth_env: str | None = Field(
        default=None,
        description="The environment variable that holds user:password, or a token, for an https:// repository; null for none.",
    )

    @field_validator("git")
    @classmethod
    def _is_a_remote(cls, address: str) -> str:
        if remote_kind(address) is RemoteKind.PATH:
            expanded(address)
        without_userinfo(address)
        return address

    @field_validator("auth_env")
    @classmethod
    def _names_a_variable(cls, name: str | None) -> str | None:
        return None if name is None else _variable(name, "GIT_TOKEN", "password")

    @model_validator(mode="after")
    def _has_one_password(self) -> "GitSourceConfig":
        if self.auth_env is None:
            return self
        if not self.git.lower().startswith(("https://", "http://")):
            raise ValueError("auth_env is for an https:// address; ssh proves itself by a key of the bot's user")
        given = without_userinfo(self.git)[1]
        if given and given.password is not None:
            raise ValueError(
                "a password stands in the repository's address, and auth_env names another; take the one out of the address"
            )
        return self

    @field_validator("branch")
    @classmethod
    def _is_a_branch(cls, branch: str | None) -> str | None:
        if branch is not None:
            check_branch(branch)
        return branch

    @property
    def address(self) -> str:
        """The repository's address as it may be shown, without a password in it."""
        return shown_address(without_userinfo(self.git)[0])

    def credentials(self, environ: Mapping[str, str] = os.environ) -> Credentials | None:
        """Read what ``auth_env`` names from the environment; raise ConfigError, which never shows it, when it is unset or unusable."""
        if self.auth_env is None:
            return None
        value = environ.get(self.auth_env, "").strip()
        if not value:
            raise ConfigError(
                f"the environment variable {self.auth_env} is not set; put user:password, or a token, for {self.address} into it"
            )
        keep_secret(value)
        if re.search(r"[\x00-\x1f\x7f]", value):
            raise ConfigError(f"the environment variable {self.auth_env} holds a line break or a control character; copy it again")
        found = read_credentials(value, self.git)
        keep_secret(found.password or "")
        return found


# pydantic puts these among the keys that lead to a problem. They begin as no newsletter's name may, so that none is taken for one.
DIRECTORY_TAG = "\ndirectory"
GIT_TAG = "\ngit"


def _source_kind(value: object) -> str | None:
    """Tell the kinds of sources apart by the one key that only they have."""
    if isinstance(value, DirectorySourceConfig):
        return DIRECTORY_TAG
    if isinstance(value, Mapping):
        return DIRECTORY_TAG if "directory" in value else GIT_TAG
    return GIT_TAG


def _one_kind(value: object) -> object:
    if not isinstance(value, Mapping):
        return value
    kinds = [kind for kind in ("directory", "git", "github") if kind in value]
    if not kinds:
        raise ValueError("the source says not where the files are; write one of directory: or git: in it")
    if "github" in kinds:
        raise ValueError(
            "github: sources are not built yet; write git: https://github.com/owner/name.git instead "
            "(a public repository needs no token)"
        )
    if len(kinds) > 1:
        raise ValueError(f"the source names {' and '.join(kinds)}; keep one of them")
    return value  # pyright: ignore[reportUnknownVariableType]


SourceConfig = DirectorySourceConfig | GitSourceConfig
"""Where a newsletter's files live."""
_Source = Annotated[
    Annotated[DirectorySourceConfig, Tag(DIRECTORY_TAG)] | Annotated[GitSourceConfig, Tag(GIT_TAG)],
    Discriminator(_source_kind),
    BeforeValidator(_one_kind),
]


class ImagesConfig(_Model):
    """Where the pictures of an issue come from."""

    base_url: PublicAddress | None = Field(default=None, description="Where relative pictures are found; site_url when null.")
    attach: bool = Field(default=False, description="Whether pictures are uploaded from the source rather than linked.")

    @model_validator(mode="after")
    def _one_way(self) -> "ImagesConfig":
        if self.attach and self.base_url:
            raise ValueError("images are either linked (base_url) or uploaded (attach: true); keep one of the two")
        return self


def _built_layout(layout: object) -> object:
    match layout:
        case "embeds":
            return layout
        case "thread" | "forum" | "components":
            raise ValueError(f"the layout '{layout}' is not built yet; write embeds")
        case _:
            raise ValueError(f"unknown layout {short(layout)}; write embeds")


class AnnounceConfig(_Model):
    """Where, when and how issues are posted."""

    channel: Snowflake = Field(description="The id of the channel that issues are posted to.")
    layout: Annotated[Literal["embeds"], BeforeValidator(_built_layout)] = Field(
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


class SectionsConfig(_Model):
    """Headings that mean something, on top of the built-in ones."""

    events: HeadingPatterns = Field(default=(), description="Headings of event sections: regular expressions, case ignored.")
    jobs: HeadingPatterns = Field(default=(), description="Headings of job sections, likewise.")
    skip: HeadingPatterns = Field(default=(), description="Headings of sections that are not posted, likewise.")


class NewsletterConfig(_Model):
    """One publication: a source, a site, the channel it goes to."""

    source: _Source = Field(description="Where the files live: a directory or a Git repository.")
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
    def _goes_to_each_channel_once(self) -> "NewsletterConfig":
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


class ModerationConfig(_Model):
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


class Config(_Model):
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

    def below(self, folder: Path) -> "Config":
        """Return the same configuration with its relative paths starting from ``folder``."""
        newsletters: dict[str, NewsletterConfig] = {}
        for name, newsletter in self.newsletters.items():
            newsletters[name] = newsletter.model_copy(update={"source": _source_below(newsletter.source, folder)})
        return self.model_copy(update={"newsletters": newsletters, "state": self.state.below(folder)})


def _source_below(source: SourceConfig, folder: Path) -> SourceConfig:
    match source:
        case DirectorySourceConfig():
            return source.model_copy(update={"directory": folder / source.directory})
        case GitSourceConfig() if remote_kind(source.git) is RemoteKind.PATH:
            return source.model_copy(update={"git": str((folder / Path(source.git).expanduser()).resolve())})
        case GitSourceConfig():
            return source
