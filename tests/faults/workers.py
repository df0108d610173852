"""Supervised worker processes, restarted when they end."""

import asyncio
from asyncio.subprocess import Process
from collections.abc import Sequence
from contextlib import suppress
import os
from pathlib import Path
import signal
import struct
import sys
from urllib.parse import urlsplit

from tests.faults.tcp_proxy import TcpProxy

_HERE = Path(__file__).parent
_RESTART_PAUSE = 0.2  # seconds


class Worker:
    """One supervised worker with its own database role, TCP proxy, token and clock."""

    def __init__(
        self,
        name: str,
        *,
        database_url: str,
        root: Path,
        servers: Sequence[str],
        log: Path,
        storage: Path,
        dense: bool = False,
    ) -> None:
        self.name = name
        self.starts = 0
        port = urlsplit(database_url).port
        assert port is not None
        self._proxy = TcpProxy(port)
        self._database = urlsplit(database_url).path
        self._root = root
        self._servers = servers
        self._log = log
        self._storage = storage  # see storage.py
        self._dense = dense
        self._clock = log.with_suffix(".clock")  # see worker.py
        self.set_clock(0.0)
        self._process: Process | None = None
        self._supervision: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self._proxy.start()
        self._supervision = asyncio.create_task(self._supervise())

    async def end(self) -> None:
        """Stop the worker and its supervision."""
        if self._supervision is not None:
            self._supervision.cancel()
            await asyncio.wait([self._supervision])
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), 15)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
        await self._proxy.stop()

    async def kill(self) -> None:
        """Kill the process with SIGKILL and wait for its end."""
        await self._signal(signal.SIGKILL)

    async def stop(self) -> None:
        """Terminate the process with SIGTERM; the supervision restarts it."""
        await self._signal(signal.SIGTERM)

    def set_clock(self, ahead: float) -> None:
        """Set its clock ahead by so many seconds, from now on."""
        with self._clock.open("r+b" if self._clock.exists() else "w+b") as file:
            file.write(struct.pack("d", ahead))

    def cut(self) -> None:
        """Cut its connections to the database."""
        self._proxy.cut()

    async def _signal(self, number: signal.Signals) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(number)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 15)

    async def _supervise(self) -> None:
        while True:
            with self._log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "tests.faults.worker",
                    cwd=_HERE.parents[1], env=self._environ(), stderr=log,
                )  # fmt: skip
            self.starts += 1
            await self._process.wait()
            await asyncio.sleep(_RESTART_PAUSE)

    def _environ(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "DATABASE_URL": f"postgresql://{self.name}@127.0.0.1:{self._proxy.port}{self._database}",
            "CAMERA_ROOT": str(self._root),
            "INFERENCE_URL": ",".join(self._servers),
            "INFERENCE_TOKEN": self.name,
            "CLOCK": str(self._clock),
            "STORAGE": str(self._storage),
            **({"DENSE": "1"} if self._dense else {}),
        }
