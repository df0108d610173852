"""A client of Home Assistant's HTTP and WebSocket APIs, as its frontend uses them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

import aiohttp

JsonObject = Mapping[str, object]
States = Mapping[str, "State"]


class HomeAssistantError(RuntimeError):
    """Home Assistant did not start, or refused a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """An entity's state."""

    entity_id: str
    state: str
    attributes: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowStep:
    """The response of a configuration flow: a form to fill in, or its end.

    `fields` are the form's fields by name, as the frontend gets them.
    """

    flow_id: str
    type: str  # form, menu, create_entry, abort
    step_id: str | None
    errors: Mapping[str, str]
    fields: Mapping[str, JsonObject]
    reason: str | None  # of an abort
    entry_id: str | None  # of an entry that was created


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A registered entity."""

    entity_id: str
    unique_id: str
    translation_key: str | None
    subentry_id: str | None
    device_id: str | None
    enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Subentry:
    """A subentry of a config entry, such as a camera."""

    subentry_id: str
    title: str
    unique_id: str | None


class Socket:
    """One authenticated WebSocket connection."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._last_id = 0

    async def call(self, command: str, **fields: object) -> object:
        """Send a command and return its result; raises HomeAssistantError."""
        self._last_id += 1
        await self._socket.send_json({"id": self._last_id, "type": command, **fields})
        while True:
            message = await self._receive()
            if message["type"] == "result" and message["id"] == self._last_id:
                if not message["success"]:
                    raise HomeAssistantError(f"{command}: {message['error']}")
                return message["result"]

    async def event(self) -> object:
        """Wait for the next event of any subscription."""
        while True:
            message = await self._receive()
            if message["type"] == "event":
                return message["event"]

    async def _receive(self) -> JsonObject:
        message = await self._socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise HomeAssistantError("Home Assistant closed the connection")
        return cast("JsonObject", message.json())


class HomeAssistantClient:
    """The actions of an owner of a Home Assistant."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str) -> None:
        self.url = url
        self.token = token
        self._session = session

    async def start_flow(self, handler: str) -> FlowStep:
        """Start the set-up flow of an integration."""
        return await self._flow("/api/config/config_entries/flow", {"handler": handler})

    async def continue_flow(self, flow_id: str, answers: JsonObject) -> FlowStep:
        """Submit the current form of a set-up flow."""
        return await self._flow(f"/api/config/config_entries/flow/{flow_id}", answers)

    async def abort_flow(self, flow_id: str) -> None:
        """Abort a set-up flow."""
        await self._request("DELETE", f"/api/config/config_entries/flow/{flow_id}")

    async def start_subentry_change(
        self, entry_id: str, subentry_type: str, subentry_id: str
    ) -> FlowStep:
        """Start the reconfigure flow of a subentry."""
        return await self._flow(
            "/api/config/config_entries/subentries/flow",
            {"handler": [entry_id, subentry_type], "subentry_id": subentry_id},
        )

    async def continue_subentry_flow(self, flow_id: str, answers: JsonObject) -> FlowStep:
        """Submit the current form of a subentry flow."""
        return await self._flow(f"/api/config/config_entries/subentries/flow/{flow_id}", answers)

    async def start_options_flow(self, entry_id: str) -> FlowStep:
        """Start the options flow of a config entry."""
        return await self._flow("/api/config/config_entries/options/flow", {"handler": entry_id})

    async def continue_options_flow(self, flow_id: str, answers: JsonObject) -> FlowStep:
        """Submit the current form of an options flow."""
        return await self._flow(f"/api/config/config_entries/options/flow/{flow_id}", answers)

    async def subentries(self, entry_id: str) -> tuple[Subentry, ...]:
        """Return the subentries of a config entry."""
        result = await self.command("config_entries/subentries/list", entry_id=entry_id)
        return tuple(
            Subentry(
                subentry_id=str(subentry["subentry_id"]),
                title=str(subentry["title"]),
                unique_id=_text(subentry["unique_id"]),
            )
            for subentry in cast("list[JsonObject]", result)
        )

    async def entry_state(self, entry_id: str) -> str:
        """Return the state of a config entry, such as loaded or setup_retry."""
        result = await self.command("config_entries/get_single", entry_id=entry_id)
        entry = cast("JsonObject", cast("JsonObject", result)["config_entry"])
        return str(entry["state"])

    async def reload_entry(self, entry_id: str) -> None:
        """Unload a config entry and set it up again."""
        await self._request("POST", f"/api/config/config_entries/entry/{entry_id}/reload")

    @asynccontextmanager
    async def until_reloaded(self, entry_id: str, *, limit: float = 60) -> AsyncIterator[None]:
        """Wait at the end of the block until the reload that it causes has ended."""
        async with asyncio.timeout(limit), self.socket() as socket:
            await socket.call("config_entries/subscribe")
            yield
            unloaded = False
            while True:
                for change in cast("list[JsonObject]", await socket.event()):
                    entry = cast("JsonObject", change["entry"])
                    if entry["entry_id"] != entry_id:
                        continue
                    if entry["state"] != "loaded":
                        unloaded = True
                    elif unloaded:
                        return

    async def disable_entry(self, entry_id: str, *, disabled: bool) -> None:
        """Disable a config entry, or enable it again."""
        await self.command(
            "config_entries/disable",
            entry_id=entry_id,
            disabled_by="user" if disabled else None,
        )

    async def states(self) -> States:
        """Return every entity's state."""
        answer = await self._request("GET", "/api/states")
        return _states(answer)

    async def image(self, path: str) -> bytes:
        """Return the content at an `entity_picture` path."""
        async with self._session.get(self.url + path) as answer:
            if answer.status != 200:
                raise HomeAssistantError(f"GET {path.partition('?')[0]}: {answer.status}")
            return await answer.read()

    async def entities(self, platform: str) -> tuple[Entity, ...]:
        """Return the registered entities of an integration."""
        result = await self.command("config/entity_registry/list")
        return tuple(
            Entity(
                entity_id=str(entry["entity_id"]),
                unique_id=str(entry["unique_id"]),
                translation_key=_text(entry.get("translation_key")),
                subentry_id=_text(entry.get("config_subentry_id")),
                device_id=_text(entry.get("device_id")),
                enabled=entry.get("disabled_by") is None,
            )
            for entry in cast("list[JsonObject]", result)
            if entry["platform"] == platform
        )

    async def perform(self, domain: str, action: str, data: JsonObject) -> JsonObject:
        """Perform an action and return its response; raises HomeAssistantError."""
        answer = await self._request(
            "POST", f"/api/services/{domain}/{action}?return_response", data
        )
        return cast("JsonObject", cast("JsonObject", answer)["service_response"])

    async def command(self, command: str, **fields: object) -> object:
        """Send one WebSocket command and return its result."""
        async with self.socket() as socket:
            return await socket.call(command, **fields)

    async def wait_for(self, condition: Callable[[States], bool], *, limit: float) -> States:
        """Wait until the states meet a condition and return them.

        Raises TimeoutError with a note of the states that the condition read.
        """
        states = _RecordingStates()
        try:
            async with asyncio.timeout(limit), self.socket() as socket:
                await socket.call("subscribe_events", event_type="state_changed")
                while not condition(
                    states := _RecordingStates(_states(await socket.call("get_states")))
                ):
                    await socket.event()
                return states
        except TimeoutError as error:
            seen = [f"{each}: {states[each].state}" for each in sorted(states.reads)]
            error.add_note(f"after {limit:g} s: {', '.join(seen) or 'no states yet'}")
            raise

    async def wait_until_started(self) -> None:
        """Wait until Home Assistant has set up everything."""
        async with self.socket() as socket:
            await socket.call("subscribe_events", event_type="homeassistant_started")
            config = cast("JsonObject", await socket.call("get_config"))
            if config["state"] != "RUNNING":
                await socket.event()

    @asynccontextmanager
    async def socket(self) -> AsyncIterator[Socket]:
        """Open a WebSocket connection."""
        async with self._session.ws_connect(
            f"{self.url}/api/websocket", max_msg_size=0
        ) as connection:
            await connection.receive_json()
            await connection.send_json({"type": "auth", "access_token": self.token})
            if (await connection.receive_json())["type"] != "auth_ok":
                raise HomeAssistantError("Home Assistant does not accept the token")
            yield Socket(connection)

    async def _flow(self, path: str, body: JsonObject) -> FlowStep:
        answer = cast("JsonObject", await self._request("POST", path, body))
        schema = cast("list[JsonObject]", answer.get("data_schema") or [])
        result = answer.get("result")
        return FlowStep(
            flow_id=str(answer["flow_id"]),
            type=str(answer["type"]),
            step_id=_text(answer.get("step_id")),
            errors=cast("Mapping[str, str]", answer.get("errors") or {}),
            fields={str(field["name"]): field for field in schema},
            reason=_text(answer.get("reason")),
            entry_id=_text(cast("JsonObject", result).get("entry_id"))
            if isinstance(result, dict)
            else None,
        )

    async def _request(self, method: str, path: str, body: JsonObject | None = None) -> object:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self._session.request(
            method, self.url + path, json=body, headers=headers
        ) as answer:
            if answer.status >= 400:
                detail = (await answer.text())[:500]
                raise HomeAssistantError(f"{method} {path}: {answer.status} {detail}")
            return cast("object", await answer.json())


class _RecordingStates(dict[str, State]):
    """States that record which of them were read."""

    def __init__(self, states: States | None = None) -> None:
        super().__init__(states or {})
        self.reads: set[str] = set()

    def __getitem__(self, entity_id: str) -> State:
        state = super().__getitem__(entity_id)
        self.reads.add(entity_id)
        return state


def _states(answer: object) -> States:
    return {
        str(state["entity_id"]): State(
            entity_id=str(state["entity_id"]),
            state=str(state["state"]),
            attributes=cast("JsonObject", state["attributes"]),
        )
        for state in cast("list[JsonObject]", answer)
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)
