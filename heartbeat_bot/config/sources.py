"""What the configuration may say of a source: a folder, or a Git repository, told apart by the one key that only they have."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, field_validator, model_validator

from heartbeat_bot.config.address import expanded
from heartbeat_bot.config.patterns import PathPatterns
from heartbeat_bot.config.remotes import Credentials, RemoteKind, check_branch, read_credentials, remote_kind, without_userinfo
from heartbeat_bot.config.strict_model import StrictModel
from heartbeat_bot.config.values import checked_variable
from heartbeat_bot.errors import ConfigError
from heartbeat_bot.redaction import keep_secret, shown_address


def _all_markdown() -> tuple[str, ...]:
    return ("**/*.md",)


class _Paths(StrictModel):
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

    def below(self, folder: Path) -> Self:
        """Return the same source, its path starting from a folder."""
        return self.model_copy(update={"directory": folder / self.directory})


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
        return None if name is None else checked_variable(name, "GIT_TOKEN", "password")

    @model_validator(mode="after")
    def _has_one_password(self) -> Self:
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

    def below(self, folder: Path) -> Self:
        """Return the same source, a relative path of which starts from a folder."""
        if remote_kind(self.git) is not RemoteKind.PATH:
            return self
        return self.model_copy(update={"git": str((folder / Path(self.git).expanduser()).resolve())})

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

AnySource = Annotated[
    Annotated[DirectorySourceConfig, Tag(DIRECTORY_TAG)] | Annotated[GitSourceConfig, Tag(GIT_TAG)],
    Discriminator(_source_kind),
    BeforeValidator(_one_kind),
]
