"""A throwaway PgBouncer in front of a throwaway PostgreSQL.

The binary is $TEST_PGBOUNCER or the system's; there is none among the Python packages.
"""

from __future__ import annotations

import os
from pathlib import Path
import shutil
import socket
import subprocess
import tempfile
import time
from types import TracebackType
from typing import Self

from testbed.services.ports import free_port
from testbed.services.postgres import SUPERUSER, unprivileged_account

START_TIMEOUT = 20.0  # seconds


def find_pgbouncer() -> str | None:
    """Return the path of the binary, or None."""
    chosen = os.environ.get("TEST_PGBOUNCER")
    return chosen or shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


class PgBouncer:
    """Pools connections in transaction mode: as few as possible, so that clients share them."""

    def __init__(self, target: int, *, pool_size: int = 2, pool_mode: str = "transaction") -> None:
        """Connect to the PostgreSQL at this loopback port."""
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="pgbouncer-"))
        self._process: subprocess.Popen[bytes] | None = None
        settings = {
            "listen_addr": "127.0.0.1",
            "listen_port": self.port,
            "unix_socket_dir": "",
            "auth_type": "any",
            "pool_mode": pool_mode,
            "default_pool_size": pool_size,
            "max_client_conn": 200,
            "server_round_robin": 1,  # so that a client rarely meets the same connection again
            "logfile": self._folder / "log",
        }
        lines = [
            "[databases]",
            f"* = host=127.0.0.1 port={target} user={SUPERUSER}",
            "[pgbouncer]",
            *(f"{name} = {value}" for name, value in settings.items()),
        ]
        (self._folder / "pgbouncer.ini").write_text("\n".join(lines))

    def url(self, database: str) -> str:
        """Return the URL of a database through the pooler."""
        return f"postgresql://{SUPERUSER}@127.0.0.1:{self.port}/{database}"

    def __enter__(self) -> Self:
        account = unprivileged_account()
        if account is not None:
            os.chown(self._folder, account.pw_uid, account.pw_gid)
        self._process = subprocess.Popen(
            [find_pgbouncer() or "pgbouncer", "-q", str(self._folder / "pgbouncer.ini")],
            stderr=subprocess.DEVNULL,
            user=None if account is None else account.pw_uid,
            group=None if account is None else account.pw_gid,
            extra_groups=None if account is None else [],
        )
        deadline = time.monotonic() + START_TIMEOUT
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self.__exit__(None, None, None)
                    raise
                time.sleep(0.02)
            else:
                return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
