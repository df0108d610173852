"""Everything that runs during the demo: started together, set up, stopped in reverse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
import os
from pathlib import Path
import secrets
import signal
from typing import cast
from urllib.parse import urlsplit

from testbed.demo import dashboard
from testbed.demo.console import Console
from testbed.demo.entities import DOMAIN, Entities, find
from testbed.demo.errors import DemoError
from testbed.services.home_assistant import REPOSITORY, HomeAssistant, local_time_zone
from testbed.services.home_assistant_client import FlowStep, HomeAssistantClient, JsonObject
from testbed.services.inference_server import TEST_DETECTOR, InferenceServer, InferenceServerError
from testbed.services.postgres import Postgres

REAL_WEIGHTS = REPOSITORY / ".models" / "rtdetr_v2_r18vd"
DATABASE = "hsi"
ROLE = "home_assistant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Harness:
    """The running parts."""

    home: HomeAssistant
    server: InferenceServer
    database_url: str
    entry_id: str
    entities: Entities


@asynccontextmanager
async def start_harness(
    folder: Path, camera_root: Path, *, port: int, event_idle: int, console: Console
) -> AsyncIterator[Harness]:
    """Start all parts, set the integration up through its own flows; stop all at the end."""
    async with AsyncExitStack() as stack:
        postgres = Postgres(password=secrets.token_urlsafe(12))
        server = InferenceServer(
            folder / "inference-server",
            detector=REAL_WEIGHTS if REAL_WEIGHTS.is_dir() else TEST_DETECTOR,
            llm_backend="embedded",
        )
        stack.push_async_callback(_stop_both, server, postgres)
        home = HomeAssistant(
            folder / "home-assistant",
            media=camera_root,
            port=port,
            time_zone=local_time_zone(),
        )
        stack.push_async_callback(home.stop)
        try:
            async with asyncio.TaskGroup() as starting:
                database = starting.create_task(_start_database(postgres, console))
                starting.create_task(_start_server(server, console))
                starting.create_task(_start_home(home, console))
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        answers = setup_answers(server, database.result(), camera_root)
        entry_id = await set_up(home.client, answers)
        await set_options(home.client, entry_id, {"event_idle": event_idle})
        entities = await find(home.client, entry_id)
        await dashboard.install(home.client, entities)
        console.step(f"The integration watches {len(entities.cameras)} cameras")
        yield Harness(
            home=home,
            server=server,
            database_url=database.result(),
            entry_id=entry_id,
            entities=entities,
        )


def make_database(postgres: Postgres) -> str:
    """Make a database that a plain user with a password owns; return its URL."""
    password = secrets.token_urlsafe(12)
    postgres.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{password}'")
    postgres.execute(f"CREATE DATABASE {DATABASE} OWNER {ROLE} TEMPLATE template0")
    return postgres.url(DATABASE, user=ROLE, password=password)


def setup_answers(
    server: InferenceServer, database_url: str, camera_root: Path
) -> dict[str, object]:
    """Return a user's input to the integration's set-up flow."""
    database = urlsplit(database_url)
    return {
        "url": server.url,
        "token": server.token,
        "host": database.hostname,
        "port": database.port,
        "database": database.path.removeprefix("/"),
        "username": database.username,
        "password": database.password,
        "ssl": False,
        "camera_root": str(camera_root),
    }


async def set_up(client: HomeAssistantClient, answers: dict[str, object]) -> str:
    """Complete the integration's set-up flow; return the entry's id."""
    step = await client.start_flow(DOMAIN)
    while step.type == "form":
        step = await _fill_in(step, answers, client.continue_flow)
    if step.entry_id is None:
        raise DemoError(f"the integration cannot be set up: {step.reason}")
    if (state := await client.entry_state(step.entry_id)) != "loaded":
        raise DemoError(f"the integration does not load: {state}")
    return step.entry_id


async def set_options(
    client: HomeAssistantClient, entry_id: str, changes: dict[str, object]
) -> None:
    """Change some of the integration's options and wait until they are in force."""
    step = await client.start_options_flow(entry_id)
    kept = _defaults(step.fields.values())
    async with client.until_reloaded(entry_id):
        await _fill_in(step, kept | changes, client.continue_options_flow)


async def in_thread(
    function: Callable[[], object], interrupt: Callable[[], object] = lambda: None
) -> None:
    """Run a blocking function to its end; on a cancellation, `interrupt` makes it end soon."""
    thread = asyncio.ensure_future(asyncio.to_thread(function))
    try:
        # Unlike an await of the thread, a cancelled wait leaves it running.
        await asyncio.wait({thread})
    except asyncio.CancelledError:
        interrupt()
        await asyncio.gather(thread, return_exceptions=True)
        raise
    await thread


async def _stop_both(server: InferenceServer, postgres: Postgres) -> None:
    await asyncio.gather(in_thread(server.stop), in_thread(postgres.stop))


async def _start_database(postgres: Postgres, console: Console) -> str:
    """Start PostgreSQL; return the database's URL."""
    await in_thread(postgres.start)
    url = await asyncio.to_thread(make_database, postgres)
    version = await asyncio.to_thread(postgres.execute, "SHOW server_version")
    console.step(f"PostgreSQL {version.split()[0]} runs")
    return url


async def _start_server(server: InferenceServer, console: Console) -> None:
    def interrupt() -> None:
        with suppress(InferenceServerError, ProcessLookupError):
            os.kill(server.pid, signal.SIGTERM)

    await in_thread(server.start, interrupt)
    console.step(f"The inference server runs: {server.url}")


async def _start_home(home: HomeAssistant, console: Console) -> None:
    client = await home.start()
    version = cast("JsonObject", await client.command("get_config"))["version"]
    console.step(f"Home Assistant {version} runs: {home.url}")


def _defaults(fields: Iterable[JsonObject]) -> dict[str, object]:
    """Return a form's defaults; a section's fields are below its name."""
    defaults: dict[str, object] = {}
    for field in fields:
        if field.get("type") == "expandable":
            defaults[str(field["name"])] = _defaults(cast("list[JsonObject]", field["schema"]))
        elif "default" in field:
            defaults[str(field["name"])] = field["default"]
    return defaults


async def _fill_in(
    step: FlowStep,
    answers: dict[str, object],
    submit: Callable[[str, JsonObject], Awaitable[FlowStep]],
) -> FlowStep:
    """Submit the known fields of a form; the others keep their defaults."""
    known = {name: answers[name] for name in step.fields if name in answers}
    answer = await submit(step.flow_id, known)
    if answer.errors:
        wrong = ", ".join(f"{field}: {reason}" for field, reason in answer.errors.items())
        raise DemoError(f"the integration refuses its settings in step {step.step_id} ({wrong})")
    return answer
