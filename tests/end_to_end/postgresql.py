"""A PostgreSQL server of the tests' own, on loopback."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.end_to_end.server import free_port

_READY_S = 30.0


class PostgreSQL:
    """Makes a cluster in a temporary folder, runs it, and removes it.

    PostgreSQL refuses to run as root; as root it is run as the user that its package made.
    """

    def __init__(self) -> None:
        self._programs = max(Path("/usr/lib/postgresql").glob("*/bin"))
        self._folder = Path(tempfile.mkdtemp(prefix="interject-postgresql-"))
        self._as = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        if self._as:
            shutil.chown(self._folder, "postgres", "postgres")
        self.port = free_port()
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where the database is."""
        return f"postgresql://tester:secret@127.0.0.1:{self.port}/postgres"

    def __enter__(self) -> Self:
        password = self._folder / "password"
        password.write_text("secret")
        password.chmod(0o644)
        self._run(
            "initdb", "-D", str(self._cluster), "-U", "tester", "-A", "scram-sha-256",
            f"--pwfile={password}", "-E", "UTF8", "--locale=C", "--no-sync",
        )  # fmt: skip
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Run the server, and wait until it answers."""
        command = [*self._as, str(self._programs / "postgres"), "-D", str(self._cluster)]
        command += ["-p", str(self.port), "-h", "127.0.0.1", "-k", str(self._folder), "-F"]
        self._server = subprocess.Popen(
            command, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + _READY_S
        ready = [str(self._programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        while subprocess.run(ready, check=False).returncode != 0:
            if time.monotonic() > until or self._server.poll() is not None:
                raise RuntimeError("PostgreSQL did not start")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop the server at once, as in a crash of its machine; the data stays."""
        server, self._server = self._server, None
        if server is None:
            return
        # The process that we started may be runuser; the server's own id is in its lock file.
        lock = self._cluster / "postmaster.pid"
        os.kill(int(lock.read_text().split()[0]), signal.SIGQUIT)
        server.wait(10)

    @property
    def _cluster(self) -> Path:
        return self._folder / "cluster"

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [*self._as, str(self._programs / program), *arguments],
            cwd="/",
            check=True,
            capture_output=True,
        )
