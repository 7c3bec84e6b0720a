"""What git is told of a remote, what it asks of it, and what the remote's answers mean.

The address, which may hold a password, goes to git through the environment, and stands in no copy's configuration.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from heartbeat_bot.config.remotes import Credentials, RemoteKind, remote_kind, without_userinfo
from heartbeat_bot.errors import SourceError
from heartbeat_bot.redaction import shown_address
from heartbeat_bot.sources.git.command import LOCAL_UPLOAD_PACK, Finished, GitCommand, Setting
from heartbeat_bot.sources.git.complaints import fetch_error, read_complaint
from heartbeat_bot.sources.git.local_copy import HEAD_REF, LocalCopy

_REMOTE = "heartbeat-source"
# Without these git takes a copy without all blobs for a broken one.
_PARTIAL: Sequence[Setting] = ((f"remote.{_REMOTE}.promisor", "true"), (f"remote.{_REMOTE}.partialclonefilter", "blob:none"))
_FETCH = ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
_BRANCHES_SHOWN = 10
# Git's helper prints what its environment holds: the environment is read by the same user only, a command line by everybody. It is
# asked for the host of the address only, so that a redirect to another one does not get the password.
_HELPER = '!f() { if test "$1" = get; then printf "username=%s\\npassword=%s\\n" "$HEARTBEAT_GIT_USER" "$HEARTBEAT_GIT_PASSWORD"; fi; }; f'


class GitRemote:
    """One branch of one remote. ``shown`` is its address as it may be shown, ``git`` the command whose errors are about it."""

    def __init__(self, address: str, branch: str | None, git: GitCommand, credentials: Credentials | None) -> None:
        """Remember whom to ask; ``branch`` None is the remote's own choice."""
        address, given = without_userinfo(address)
        self.shown = shown_address(address)
        self.git = replace(git, source=self.shown)
        self.key = hashlib.sha256(f"{address}\0{branch or ''}".encode()).hexdigest()[:20]
        """Names what is kept of this branch of this remote."""
        is_path = remote_kind(address) is RemoteKind.PATH
        self._is_local = is_path or address.lower().startswith("file:")
        self._address = str(Path(address).expanduser().absolute()) if is_path else address
        self._credentials = credentials or given
        self._branch = branch
        self._wanted = "HEAD" if branch is None else f"refs/heads/{branch}"
        self._settings: Sequence[Setting] | None = None

    async def newest_commit(self) -> str:
        """Return the branch's newest commit, "" when the remote does not say: a fetch then tells why.

        To ask costs a third of a fetch that finds nothing new, and most passes find nothing new.
        """
        finished = await self._ask(["ls-remote", "--quiet", "--", _REMOTE, self._wanted])
        told = (line.partition("\t") for line in _lines(finished) if not finished.status)
        return next((commit for commit, _, ref in told if ref == self._wanted), "")

    async def fetch_branch(self, copy: LocalCopy, *, filtered: bool) -> None:
        """Bring the branch's newest commit into a copy, with its blobs when not ``filtered``.

        Raise SourceError for the remote's faults, CopyBrokenError for others.
        """
        finished = await self._fetch_ref(copy, self._wanted, filtered=filtered)
        if "couldn't find remote ref" in finished.complaint:
            finished = await self._fetch_ref(copy, f"refs/heads/{await self._other_branch()}", filtered=filtered)
        if finished.status:
            raise fetch_error(self.shown, finished.complaint)

    async def fetch_blobs(self, copy: LocalCopy, blobs: Sequence[str]) -> bool:
        """Bring blobs into a copy; return False when the remote gives whole commits only. Raise as :meth:`fetch_branch`."""
        # noop: else the remote takes the commit that we have for proof that we have its blobs, too.
        finished = await self._ask(
            [*_FETCH, "--filter=blob:none", "--stdin", "--", _REMOTE],
            copy=copy,
            stdin="".join(f"{blob}\n" for blob in blobs).encode(),
            settings=[*_PARTIAL, ("fetch.negotiationAlgorithm", "noop")],
        )
        if not finished.status:
            return True
        if "not our ref" in finished.complaint:
            raise SourceError(f"{self.shown}: the history was rewritten while it was read; the next pass reads it anew")
        if "unadvertised object" in finished.complaint:
            return False
        raise fetch_error(self.shown, finished.complaint)

    async def _fetch_ref(self, copy: LocalCopy, ref: str, *, filtered: bool) -> Finished:
        which = ["--", _REMOTE, f"+{ref}:{HEAD_REF}"]
        finished = await self._ask([*_FETCH, "--depth=1", *(["--filter=blob:none"] if filtered else []), *which], copy=copy)
        if "dumb http transport" in finished.complaint:
            # A plain web server can only give whole histories, object by object. Git, if it believed that the remote gives what is
            # missing on demand, would start a fetch for each missing object, and that one another, without end.
            finished = await self._ask([*_FETCH, *which], copy=copy, settings=())
        return finished

    async def _other_branch(self) -> str:
        """Return the only branch of a remote whose HEAD names none; raise SourceError with the branches that exist."""
        finished = await self._ask(["ls-remote", "--quiet", "--heads", "--", _REMOTE])
        if finished.status:
            raise SourceError(f"{self.shown}: {read_complaint(finished.complaint).sentence}")
        branches = sorted(line.partition("refs/heads/")[2] for line in _lines(finished))
        if not branches:
            raise SourceError(f"{self.shown}: the repository is empty; push a commit to it")
        if self._branch is None and len(branches) == 1:
            return branches[0]
        wrong = (
            "the repository names no default branch" if self._branch is None else f"there is no branch '{self._branch}' (any more)"
        )
        listed = ", ".join(branches[:_BRANCHES_SHOWN]) + (", …" if len(branches) > _BRANCHES_SHOWN else "")
        raise SourceError(f"{self.shown}: {wrong}; set source.branch to one of {listed}")

    async def _ask(
        self,
        arguments: Sequence[str],
        *,
        copy: LocalCopy | None = None,
        stdin: bytes = b"",
        settings: Sequence[Setting] = _PARTIAL,
    ) -> Finished:
        about = [*await self._remote_settings(), *settings]
        given = self._credentials
        variables: Mapping[str, str] = {}
        if given is not None and given.password is not None:
            variables = {"HEARTBEAT_GIT_USER": given.user, "HEARTBEAT_GIT_PASSWORD": given.password}
        folder = copy.folder if copy else None
        try:
            return await self.git.run(arguments, folder=folder, stdin=stdin, settings=about, variables=variables)
        finally:
            if copy is not None:
                copy.sweep_packs()

    async def _remote_settings(self) -> Sequence[Setting]:
        if self._settings is None:
            settings: list[Setting] = [(f"remote.{_REMOTE}.url", self._address), *self._credential_settings()]
            if self._is_local:
                settings.append((f"remote.{_REMOTE}.uploadpack", LOCAL_UPLOAD_PACK))
            if not {"GIT_SSH", "GIT_SSH_COMMAND"}.intersection(self.git.environ):
                # There is no terminal to ask on anyway; this makes ssh say so at once. The machine's own command stays as it is.
                own = await self.git.run(["config", "--get", "core.sshCommand"])
                settings.append(("core.sshCommand", own.output.decode().strip() or "ssh -o BatchMode=yes"))
            self._settings = settings
        return self._settings

    def _credential_settings(self) -> Iterator[Setting]:
        given = self._credentials
        if given is None:
            return
        # For this host and port, whatever the path; a rule of the machine that rewrites addresses was made for those without a password.
        host = "/".join(self._address.split("/")[:3]).partition("?")[0].partition("#")[0]
        yield f"url.{self._address}.insteadOf", self._address
        yield f"credential.{host}.username", given.user
        if given.password is not None:
            # An empty one forgets the machine's helpers, which would answer first, and keep the password.
            yield f"credential.{host}.helper", ""
            yield f"credential.{host}.helper", _HELPER


def _lines(finished: Finished) -> list[str]:
    return finished.output.decode("utf-8", "backslashreplace").splitlines()
