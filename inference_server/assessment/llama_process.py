"""llama.cpp's server, a program started by `embedded`.

Reads one line of JSON from stdin: model (gguf path), alias, api_key, context_tokens, threads.
Prints its URL once it can answer, and ends when stdin closes: it never outlives its parent.

Its own process, because llama.cpp's Python binding holds the interpreter's lock while it loads a
model, waits forever when it is closed during an answer, and would take the detector with it when
it runs out of memory.
"""

import ctypes
import json
import os
import signal
import sys

import xllamacpp  # type: ignore[import-untyped] # it ships no types

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def main() -> None:
    """Serve until stdin closes."""
    _end_with_parent()
    order = json.loads(sys.stdin.readline())
    params = xllamacpp.CommonParams()
    params.model.path = order["model"]
    params.model_alias = {order["alias"]}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [order["api_key"]]
    params.ui = False
    params.endpoint_slots = False
    params.verbosity = 1  # errors only
    params.n_ctx = order["context_tokens"]
    params.n_parallel = 1
    params.cache_ram_mib = 0  # the slot keeps the prompt's fixed prefix
    for threads in (params.cpuparams, params.cpuparams_batch):
        threads.n_threads = order["threads"]
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)  # noqa: T201 # the parent reads it
    sys.stdin.read()
    # Closing the server during an answer would block forever.
    os._exit(0)


def _end_with_parent() -> None:
    """Let Linux kill this process with its parent: a closed stdin is not seen during the load."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main()
