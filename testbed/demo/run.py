"""The demo, from the first process to the last table."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

from testbed.demo import dashboard, scenario
from testbed.demo.console import BOLD, GREEN, RED, Console
from testbed.demo.harness import Harness, start_harness
from testbed.demo.image_tracker import ImageTracker
from testbed.demo.options import Options
from testbed.demo.report import Report
from testbed.demo.scenario import Upload
from testbed.demo.server_facts import ServerFacts, fetch_facts
from testbed.demo.show import Show
from testbed.services.home_assistant import local_time_zone

EVENT_IDLE = 10  # seconds without activity after which the demo's events end
IMAGES_LIMIT = 120.0  # seconds until every image has its final state
EVENTS_LIMIT = 240.0  # seconds until every event is assessed; a small machine's LLM is slow
SHOWN_LIMIT = 10.0  # seconds until Home Assistant shows it


async def run_demo(options: Options, folder: Path, console: Console) -> int:
    """Run the demo in a folder of its own; return the exit status."""
    console.step("Starting PostgreSQL, the inference server and Home Assistant")
    root = options.camera_root.resolve() if options.camera_root else _camera_folders(folder)
    async with start_harness(
        folder, root, port=options.port, event_idle=EVENT_IDLE, console=console
    ) as harness:
        seconds = {"start": console.seconds}
        facts = await fetch_facts(harness.server)
        _introduce(facts, console)
        show = Show(console)
        async with show.running(harness.home.client, ImageTracker(harness.database_url)):
            if options.camera_root is not None:
                return await _stay(harness, show, seconds, root, options, console)
            planned = scenario.uploads(ZoneInfo(local_time_zone()))
            await _upload(root, planned, show, seconds, console)
            wrong = await _mismatches(harness, show, planned, facts, seconds)
            report = await _report(harness, show, seconds | {"total": console.seconds})
            report.show(console)
            if options.json is not None:
                report.write(options.json)
            _print_verdict(wrong, planned, console)
            if options.once:
                return 1 if wrong else 0
            return await _stay(harness, show, seconds, root, options, console)


def _camera_folders(folder: Path) -> Path:
    root = folder / "cameras"
    for camera in scenario.CAMERAS:
        (root / camera).mkdir(parents=True)
    return root


def _introduce(facts: ServerFacts, console: Console) -> None:
    console.step(f"Detector: {facts.detector} on {facts.device}")
    if facts.test_model:
        console.step(
            "  a small test model that knows drawn scenes only; scripts/download-models gets "
            "the real one"
        )
    console.step(f"Language model: {facts.language_model} ({facts.backend})")
    if facts.backend == "embedded":
        console.step("  a very small one that shows the path, not good judgement")


async def _upload(
    root: Path,
    planned: tuple[Upload, ...],
    show: Show,
    seconds: dict[str, float],
    console: Console,
) -> None:
    """Upload everything; wait until every image has its final state and every event is assessed."""

    def print_upload(upload: Upload) -> None:
        console.step(f"{upload.path:<28} uploaded {upload.method.value}")

    def all_are_final() -> bool:
        states = {path: outcome.state for path, outcome in show.images.items()}
        return all(states.get(upload.path) is not None for upload in planned)

    before = console.seconds
    await scenario.perform(root, planned, print_upload)
    await show.until(all_are_final, limit=IMAGES_LIMIT)
    seconds["images"] = console.seconds - before
    before = console.seconds
    console.step(f"Events end {EVENT_IDLE} s after their last image; then they are assessed")
    await show.until(lambda: all(event.settled for event in show.events), limit=EVENTS_LIMIT)
    seconds["events"] = console.seconds - before


async def _mismatches(
    harness: Harness,
    show: Show,
    planned: tuple[Upload, ...],
    facts: ServerFacts,
    seconds: Mapping[str, float],
) -> list[str]:
    """Wait until Home Assistant shows what is expected; return the mismatches at the limit."""
    wrong: list[str] = []
    try:
        async with asyncio.timeout(SHOWN_LIMIT), harness.home.client.socket() as socket:
            await socket.call("subscribe_events", event_type="state_changed")
            while True:
                report = await _report(harness, show, seconds)
                wrong = report.mismatches(planned, drawn_only=facts.test_model)
                if not wrong:
                    break
                await socket.event()
    except TimeoutError:
        pass
    complaints = await asyncio.to_thread(harness.home.complaints)
    return wrong + [f"Home Assistant's log has: {line}" for line in complaints]


async def _report(harness: Harness, show: Show, seconds: Mapping[str, float]) -> Report:
    return Report(
        images=show.images,
        events=show.events,
        entities=harness.entities,
        states=await harness.home.client.states(),
        seconds=seconds,
    )


def _print_verdict(wrong: list[str], planned: tuple[Upload, ...], console: Console) -> None:
    console.line()
    if wrong:
        console.step(console.paint(RED, "Not as expected:"))
        for line in wrong:
            console.step(f"  {line}")
    else:
        text = f"All {len(planned)} images reached their final state, and Home Assistant shows it"
        console.step(console.paint(GREEN, text))


async def _stay(
    harness: Harness,
    show: Show,
    seconds: Mapping[str, float],
    root: Path,
    options: Options,
    console: Console,
) -> int:
    """Print the address and login; keep everything running until a signal."""
    login = harness.home.login
    console.heading("Open the dashboard")
    console.line(f"  {console.paint(BOLD, f'{harness.home.url}/{dashboard.URL_PATH}')}")
    console.line(f"  user {login.user}, password {login.password}")
    console.line(f"  new images in a folder below {root} are processed as they arrive")
    console.line("  Ctrl-C stops everything and removes all files\n")
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        if options.json is not None and options.camera_root is not None:
            report = await _report(harness, show, {**seconds, "total": console.seconds})
            report.write(options.json)
    # A signal is the regular end.
    return 0
