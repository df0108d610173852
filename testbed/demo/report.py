"""The demo's outcome: as tables, as JSON, and its mismatches with the expectations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path

from testbed.demo.console import Console
from testbed.demo.entities import CameraEntities, Entities
from testbed.demo.errors import DemoError
from testbed.demo.events import Event
from testbed.demo.image_tracker import Outcome
from testbed.demo.scenario import FinalState, Upload
from testbed.services.home_assistant_client import States

OVER = timedelta(hours=1)  # by then the risk sensors have returned to low
TROUBLE = {"unavailable", "unknown"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The results of the demo; `seconds` has the duration of each stage."""

    images: Mapping[str, Outcome]
    events: tuple[Event, ...]
    entities: Entities
    states: States
    seconds: Mapping[str, float]

    def as_json(self) -> str:
        """Return the outcome as JSON."""
        states = Counter(outcome.state for outcome in self.images.values())
        outcome = {
            "images": {"found": len(self.images)}
            | {state.value: states[state] for state in FinalState},
            "events": [
                {
                    "id": event.id,
                    "camera": event.camera,
                    "risk_score": event.risk_score,
                    "risk_level": event.risk_level,
                    "summary": event.summary,
                    "state": event.state,
                }
                for event in self.events
            ],
            "entities": {
                entity_id: self.states[entity_id].state
                for entity_id in sorted(self.entities.all_ids)
                if entity_id in self.states
            },
            "seconds": {stage: round(seconds, 2) for stage, seconds in self.seconds.items()},
        }
        return json.dumps(outcome, indent=2) + "\n"

    def write(self, file: Path) -> None:
        """Write the outcome as JSON."""
        try:
            file.write_text(self.as_json())
        except OSError as err:
            raise DemoError(f"cannot write {file}: {err.strerror}") from err

    def show(self, console: Console) -> None:
        """Print the events and what Home Assistant shows."""
        console.heading("Events")
        console.table(
            ("camera", "seen", "risk", "summary"),
            [
                (event.camera, ", ".join(event.labels), _risk(event), event.summary or "")
                for event in self.events
            ],
        )
        console.heading("What Home Assistant shows")
        console.table(
            ("camera", "latest image", "person", "risk score", "risk level", "last event"),
            [self._camera_row(camera) for camera in self.entities.cameras.values()],
        )
        console.line()
        console.table(
            ("system", "state"),
            [
                (key.replace("_", " "), self._state(entity))
                for key, entity in self.entities.hub.items()
            ],
        )

    def _camera_row(self, camera: CameraEntities) -> tuple[str, ...]:
        ids = camera.ids
        seen = "unavailable" if self._state(ids["latest_image"]) in TROUBLE else "shown"
        states = [self._state(ids[key]) for key in ("person", "risk_score", "risk_level")]
        return (camera.title, seen, *states, self._state(ids["last_activity"]))

    def mismatches(self, planned: tuple[Upload, ...], *, drawn_only: bool) -> list[str]:
        """Return the mismatches, one a line; `drawn_only`: the detector knows drawn scenes only."""
        return [
            *self._wrong_images(planned, drawn_only=drawn_only),
            *self._wrong_events(planned, drawn_only=drawn_only),
            *self._wrong_entities(),
        ]

    def _wrong_images(self, planned: tuple[Upload, ...], *, drawn_only: bool) -> list[str]:
        wrong = []
        for upload in planned:
            outcome = self.images.get(upload.path)
            if outcome is None:
                wrong.append(f"{upload.path} was not found")
            elif outcome.state is not upload.state:
                state = outcome.state.value if outcome.state else "still being processed"
                wrong.append(f"{upload.path} is {state} and not {upload.state.value}")
            elif drawn_only and upload.state is FinalState.DETECTED:
                missed = set(upload.labels) - outcome.labels
                wrong.extend(f"{upload.path}: no {label} was detected" for label in sorted(missed))
        return wrong

    def _wrong_events(self, planned: tuple[Upload, ...], *, drawn_only: bool) -> list[str]:
        wrong = [
            f"the event of {event.camera} has no risk score"
            for event in self.events
            if not event.settled or event.risk_score is None
        ]
        expected = {upload.camera for upload in planned if upload.labels}
        missing = expected - {event.camera for event in self.events}
        if drawn_only:
            wrong.extend(f"{camera} has no event" for camera in sorted(missing))
        return wrong

    def _wrong_entities(self) -> list[str]:
        """Compare the entities' states with images and events."""
        dead = sum(outcome.state is FinalState.DEAD for outcome in self.images.values())
        expected = {
            self.entities.hub["dead_letters"]: str(dead),
            self.entities.hub["queue_depth"]: "0",
            self.entities.hub["server"]: "on",
            self.entities.hub["database"]: "on",
        }
        # The oldest comes first, so each camera keeps its last event.
        last_events = {event.camera: event for event in self.events}
        for folder, camera in self.entities.cameras.items():
            event = last_events.get(folder)
            if event is None or event.risk_level is None:
                continue
            if datetime.now(UTC) - datetime.fromisoformat(event.started_at) > OVER:
                expected[camera.ids["risk_score"]] = "0"
                expected[camera.ids["risk_level"]] = "low"
            else:
                expected[camera.ids["risk_score"]] = str(event.risk_score)
                expected[camera.ids["risk_level"]] = event.risk_level
        wrong = [
            f"{entity_id} is {self._state(entity_id)} and not {state}"
            for entity_id, state in expected.items()
            if self._state(entity_id) != state
        ]
        for folder, camera in self.entities.cameras.items():
            shown = ["latest_image"]
            if folder in last_events:
                shown += ["last_event", "activity"]
            wrong.extend(
                f"{camera.ids[key]} is {self._state(camera.ids[key])}"
                for key in shown
                if self._state(camera.ids[key]) in TROUBLE
            )
        return wrong

    def _state(self, entity_id: str) -> str:
        state = self.states.get(entity_id)
        return "missing" if state is None else state.state


def _risk(event: Event) -> str:
    if event.risk_score is None:
        return event.assessment
    return f"{event.risk_score} {event.risk_level}"
