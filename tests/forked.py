"""The command in real processes, forked off one that has loaded the program already: to load it takes longer than most tests.

Run as a program this is that one: it forks for each request that comes over the socket of the given number, and tells, over a socket of
the request's own, the number of the process and how it ended.
"""

import asyncio
import atexit
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path


class Process:
    """A process of the command, to be used like one of asyncio's, which must be waited for."""

    def __init__(self, pid: int, stdout: asyncio.StreamReader, stderr: asyncio.StreamReader | None, ending: socket.socket) -> None:
        """Wait for the end that ``ending`` tells of."""
        self.pid, self.stdout, self.stderr = pid, stdout, stderr
        self.returncode: int | None = None
        self._ending = ending
        self._ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(ending, self._end)

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._ending)
        self.returncode = int(self._ending.recv(100))
        self._ending.close()
        self._ended.set()

    async def wait(self) -> int:
        """Wait for its end; return the exit code, negative for the signal that killed it."""
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    async def communicate(self) -> tuple[bytes, bytes]:
        """Wait for its end; return what it said on stdout and on stderr."""
        async with asyncio.TaskGroup() as group:
            out = group.create_task(self.stdout.read())
            err = group.create_task(self.stderr.read()) if self.stderr else None
            await self.wait()
        return out.result(), err.result() if err else b""

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


class _Forks:
    """The process that forks, one for all tests of a run."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, __file__, str(theirs.fileno())]
            # Its streams become those of the command: pipes, as the command's are.
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(
                command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe
            )
        self._control = ours
        atexit.register(self._close)

    def _close(self) -> None:
        self._control.close()
        self._process.communicate()

    def ask(self, request: Mapping[str, object], files: list[int]) -> None:
        text = json.dumps(request).encode()
        socket.send_fds(self._control, [len(text).to_bytes(4, "big") + text], files)


_running: list[_Forks] = []


async def start(*words: str, env: Mapping[str, str], cwd: Path | None = None, both: bool = False) -> Process:
    """Start the command as ``python -m heartbeat_bot`` would; with ``both``, what it says on stderr comes with stdout."""
    if not _running:
        _running.append(_Forks())
    told, tells = socket.socketpair()
    out, out_end = os.pipe()
    err, err_end = (-1, out_end) if both else os.pipe()
    with tells:
        request = {"words": words, "env": dict(env), "cwd": str(cwd or Path.cwd())}
        _running[0].ask(request, [out_end, err_end, tells.fileno()])
    for end in {out_end, err_end}:
        os.close(end)
    told.settimeout(0)
    loop = asyncio.get_running_loop()
    pid = int((await loop.sock_recv(told, 20)).decode())
    return Process(pid, await _reader(out), None if both else await _reader(err), told)


async def _reader(end: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(end, "rb", 0))
    return reader


# -- the process that forks ----------------------------------------------------------------------------------------------


def _received(control: socket.socket) -> tuple[dict[str, object], list[int]] | None:
    """Return a request with its files; None when there will be no more."""
    head, files, _, _ = socket.recv_fds(control, 4, 3)
    if not head:
        return None
    text, left = b"", int.from_bytes(head, "big")
    while len(text) < left:
        text += control.recv(left - len(text))
    return json.loads(text), list(files)


def _serve(control: socket.socket) -> None:
    woken, wakes = socket.socketpair()
    wakes.settimeout(0)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
    endings: dict[int, socket.socket] = {}
    while True:
        ready, _, _ = select.select([control, woken], [], [])
        if control in ready:
            received = _received(control)
            if received is None:
                return
            request, files = received
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for one in (control, woken, wakes, *endings.values()):
                    one.close()
                _be_the_command(request, files)
                return
            endings[pid] = socket.socket(fileno=files.pop())
            endings[pid].send(str(pid).encode())
            for file in files:
                os.close(file)
        if woken in ready:
            woken.recv(4096)
            _tell_of_ends(endings)


def _tell_of_ends(endings: dict[int, socket.socket]) -> None:
    for pid in list(endings):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            with endings.pop(pid) as ending, suppress(OSError):  # nobody may wait for it any more
                ending.send(str(os.waitstatus_to_exitcode(status)).encode())


def _be_the_command(request: dict[str, object], files: list[int]) -> None:
    out, err, ending = files
    os.close(ending)
    os.dup2(out, 1)
    os.dup2(err, 2)
    for file in {out, err}:
        os.close(file)
    os.chdir(str(request["cwd"]))
    os.environ.clear()
    os.environ.update(request["env"])  # type: ignore[call-overload]
    sys.argv = ["heartbeat-bot", *request["words"]]  # type: ignore[misc]
    try:
        import_module("heartbeat_bot.cli").main()
    except SystemExit as end:
        # What Python takes apart in the end takes as long as a command; only who forks is to know.
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(end.code if isinstance(end.code, int) else int(end.code is not None))


if __name__ == "__main__":
    del sys.path[0]  # the tests are no part of the program
    command = import_module("heartbeat_bot.cli").main
    for name in command.list_commands(None):
        command.get_command(None, name)  # the files of the commands are loaded when they are called, otherwise
    gc.freeze()  # what is loaded stays, and is not looked through in each process
    _serve(socket.socket(fileno=int(sys.argv[1])))
