"""A real Ollama server for tests: an old build, and a model that understands little.

    with TestOllama(folder) as ollama:
        ollama.create_model("smollm2")

`scripts/get-test-ollama` brings the server and the model, in seconds, the first time.
"""

from collections.abc import Collection, Mapping
import json
import math
import os
from pathlib import Path
import re
import signal
import subprocess
import threading
import time
from typing import Any, Final, Self

from aiohttp import web

ROOT: Final = Path(__file__).resolve().parents[2]
OLLAMA: Final = ROOT / ".cache/test-ollama"
START_TIMEOUT: Final = 30.0  # seconds
LOG_TIMEOUT: Final = 30.0  # seconds
STOP_TIMEOUT: Final = 10.0  # seconds

_LISTENING: Final = r"Listening on (?P<address>127\.0\.0\.1:\d+)"


class OllamaError(Exception):
    """The server did not do what was asked; the message has the end of its log."""


class TestOllama:
    """One server process on a free loopback port, with models and keys in a folder of its own."""

    __test__ = False  # a tool of tests, not one

    def __init__(self, folder: Path, *, environ: Mapping[str, str] | None = None) -> None:
        """`environ` adds to the server's environment (OLLAMA_MAX_QUEUE, ...)."""
        self.folder = folder
        self._environ = {
            **os.environ,
            "HOME": str(folder),
            "OLLAMA_MODELS": str(folder / "models"),
            "OLLAMA_HOST": "127.0.0.1:0",
            "OLLAMA_DEBUG": "1",
            **(environ or {}),
        }
        self._address = ""
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._log: list[str] = []
        self._logged = threading.Condition()

    @property
    def url(self) -> str:
        """The server's address."""
        return f"http://{self._address}"

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def start(self) -> None:
        """Start the server; return when it listens."""
        subprocess.run([ROOT / "scripts/get-test-ollama", OLLAMA], check=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [OLLAMA / "ollama", "serve"],
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read_log, args=[self._process], daemon=True)
        self._reader.start()
        self._address = self.wait_for_log(_LISTENING, timeout=START_TIMEOUT)["address"]

    def stop(self) -> None:
        """End the server and its runner."""
        if self._process is None:
            return
        os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        if self._reader:
            self._reader.join(STOP_TIMEOUT)
        self._process = None

    def create_model(self, name: str) -> None:
        """Make a model of that name from SmolLM2-135M-Instruct."""
        modelfile = self.folder / "Modelfile"
        # More threads wait for each other, which on a busy machine takes ten times as long.
        modelfile.write_text(
            f"FROM {OLLAMA / 'model.gguf'}\nPARAMETER num_thread 1\n", encoding="utf-8"
        )
        subprocess.run(
            [OLLAMA / "ollama", "create", name, "-f", modelfile],
            env={**self._environ, "OLLAMA_HOST": self._address},
            check=True,
            capture_output=True,
        )

    def mark(self) -> int:
        """Return the log's present end, for `wait_for_log` to look behind."""
        return len(self._log)

    def wait_for_log(
        self, pattern: str, *, since: int = 0, timeout: float = LOG_TIMEOUT
    ) -> re.Match[str]:
        """Return the first match in a line after `since`; blocks."""
        deadline = time.monotonic() + timeout
        with self._logged:
            seen = since
            while True:
                for line in self._log[seen:]:
                    if match := re.search(pattern, line):
                        return match
                seen = len(self._log)
                if not self._logged.wait(deadline - time.monotonic()):
                    raise OllamaError(f"No {pattern!r} in:\n{''.join(self._log[-20:])}")

    def kill_runner(self) -> None:
        """Kill the process that holds the model, as running out of memory does."""
        os.kill(self._runner(), signal.SIGKILL)

    def pause_runner(self) -> None:
        """Make the process that holds the model hang."""
        os.kill(self._runner(), signal.SIGSTOP)

    def resume_runner(self) -> None:
        """Let a paused runner go on."""
        os.kill(self._runner(), signal.SIGCONT)

    def _runner(self) -> int:
        if self._process is None:
            raise OllamaError("The server is not running")
        children = Path(f"/proc/{self._process.pid}/task")
        for task in children.iterdir():
            for pid in (task / "children").read_text(encoding="utf-8").split():
                if b"--model" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return int(pid)
        raise OllamaError("No model is loaded")

    def _read_log(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout  # noqa: S101 # the pipe was asked for
        for line in process.stdout:
            with self._logged:
                self._log.append(line)
                self._logged.notify_all()


class FakeOllama:
    """What a current Ollama answers, for what the old real one cannot do.

    `answer` is a handler of aiohttp; the attributes may be changed at any time.
    """

    def __init__(self, *, model: str, digest: str) -> None:
        self.model = model
        self.digest = digest
        self.remote_host = ""
        self.enforces_schema = True
        self.drops_schema_at: Collection[bool | str | None] = ()  # values of `think`, None: absent
        self.thinks_json_at: Collection[bool | str | None] = ()  # the answer is in `thinking`
        self.capabilities = ["completion", "thinking"]
        self.odds: Mapping[str, float] = {}  # of each `change`; empty: none are reported
        self.chats: list[dict[str, Any]] = []
        self._loaded: dict[str, Any] | None = None

    def load(self, *, context: int) -> None:
        """Load the model with a context of this many tokens, half of it on the GPU."""
        self._loaded = {"size": 4000, "size_vram": 2000, "context_length": context}

    def unload(self) -> None:
        """Unload the model, as Ollama does when another one needs the memory."""
        self._loaded = None

    async def answer(self, request: web.Request) -> web.Response:
        """Answer any request."""
        name = {"name": self.model, "model": self.model, "digest": self.digest}
        match request.path:
            case "/api/version":
                return web.json_response({"version": "0.24.0"})
            case "/api/show":
                shown = {"capabilities": self.capabilities, "remote_host": self.remote_host}
                return web.json_response(shown)
            case "/api/tags":
                return web.json_response({"models": [name]})
            case "/api/ps":
                loaded = [{**name, **self._loaded}] if self._loaded else []
                return web.json_response({"models": loaded})
        return self._chat(await request.json())

    def _chat(self, asked: dict[str, Any]) -> web.Response:
        self.chats.append(asked)
        if self._loaded is None or self._loaded["context_length"] != asked["options"]["num_ctx"]:
            self.load(context=asked["options"]["num_ctx"])
        properties = asked["format"]["properties"]
        said = {name: rule.get("enum", ["Nothing to add."])[0] for name, rule in properties.items()}
        prose = "The waves are lovely. So is the wind."
        think = asked.get("think")
        enforced = self.enforces_schema and think not in self.drops_schema_at
        text = json.dumps(said) if enforced else prose
        message = {"role": "assistant", "content": text}
        if think in self.thinks_json_at:
            message = {"role": "assistant", "content": "", "thinking": text}
        body: dict[str, Any] = {
            "model": self.model,
            "message": message,
            "done": True,
            "done_reason": "stop",
            "eval_count": 20,
            "eval_duration": 500_000_000,
        }
        if self.odds and "change" in said:
            before, _, after = text.partition(f'"{said["change"]}"')
            top = [{"token": word, "logprob": math.log(p)} for word, p in self.odds.items()]
            body["logprobs"] = [
                {"token": f'{before}"', "logprob": 0.0, "top_logprobs": []},
                {"token": said["change"], "logprob": -1.0, "top_logprobs": top},
                {"token": f'"{after}', "logprob": 0.0, "top_logprobs": []},
            ]
        return web.json_response(body)
