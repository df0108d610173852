"""The demo's dashboard, from the cards every Home Assistant has."""

from __future__ import annotations

from typing import TypeAlias

from testbed.demo.entities import CameraEntities, Entities
from testbed.services.home_assistant_client import HomeAssistantClient

URL_PATH = "home-security"
TITLE = "Home security"
# The floors of the risk levels, in the colours of a traffic light.
SEVERITY = {"green": 0, "yellow": 30, "red": 60}

WHY = """\
{{ state_attr('ENTITY', 'summary') or 'No event has a summary yet.' }}
{% set factors = state_attr('ENTITY', 'factors') or [] %}
{% for factor in factors | sort(attribute='points', reverse=true) %}
- **{{ '%+d' % factor.points }}** {{ factor.reason }}
{%- endfor %}
"""

Card: TypeAlias = dict[str, object]


async def install(client: HomeAssistantClient, entities: Entities) -> None:
    """Create the dashboard and make it the default."""
    async with client.socket() as socket:
        await socket.call(
            "lovelace/dashboards/create",
            url_path=URL_PATH,
            title=TITLE,
            icon="mdi:shield-home",
            mode="storage",
        )
        await socket.call("lovelace/config/save", url_path=URL_PATH, config=configuration(entities))
        await socket.call("frontend/set_system_data", key="core", value={"default_panel": URL_PATH})


def configuration(entities: Entities) -> Card:
    """Return the dashboard: one column a camera; below, the system and the log."""
    cameras = [_camera(camera) for camera in entities.cameras.values()]
    columns = min(max(len(cameras), 1), 4)
    return {
        "views": [
            {
                "title": TITLE,
                "path": "overview",
                "type": "sections",
                "max_columns": columns,
                "sections": [*cameras, _system(entities, columns), _log(entities, columns)],
            }
        ]
    }


def _camera(camera: CameraEntities) -> Card:
    ids = camera.ids
    return {
        "type": "grid",
        "cards": [
            {
                "type": "heading",
                "heading": camera.title,
                "heading_style": "title",
                "icon": "mdi:cctv",
                "badges": [
                    {
                        "type": "entity",
                        "entity": ids["last_activity"],
                        "show_state": True,
                        "show_icon": False,
                    }
                ],
            },
            _image(ids["latest_image"], "Latest image"),
            {
                "type": "gauge",
                "entity": ids["risk_score"],
                "name": "Risk score",
                "min": 0,
                "max": 100,
                "severity": SEVERITY,
                "grid_options": {"columns": 6, "rows": 3},
            },
            _tile(ids["risk_level"], "Risk level"),
            _tile(ids["person"], "Person"),
            _tile(ids["activity"], "Seen") | {"state_content": ["labels"]},
            _why(ids["activity"]),
            _image(ids["last_event"], "Best image of the last event")
            | {
                "visibility": [
                    {"condition": "state", "entity": ids["last_event"], "state_not": "unknown"}
                ]
            },
        ],
    }


def _why(entity_id: str) -> Card:
    """Return the last event's summary and the factors of its score, the weightiest first."""
    return {
        "type": "markdown",
        "content": WHY.replace("ENTITY", entity_id),
        "grid_options": {"columns": "full"},
    }


def _system(entities: Entities, columns: int) -> Card:
    hub = entities.hub
    shown = (
        (hub["server"], "Inference server"),
        (hub["database"], "Database"),
        (hub["queue_depth"], "Queue"),
        (hub["dead_letters"], "Dead letters"),
        (hub["detector_model"], "Detector"),
        (hub["llm_model"], "Language model"),
    )
    return {
        "type": "grid",
        "column_span": columns,
        "cards": [
            {"type": "heading", "heading": "System", "icon": "mdi:server"},
            *(_tile(entity_id, name, columns=6) for entity_id, name in shown),
        ],
    }


def _log(entities: Entities, columns: int) -> Card:
    alerts = [camera.ids["alert"] for camera in entities.cameras.values()]
    persons = [camera.ids["person"] for camera in entities.cameras.values()]
    return {
        "type": "grid",
        "column_span": columns,
        "cards": [
            {"type": "heading", "heading": "What happened", "icon": "mdi:history"},
            {
                "type": "logbook",
                "target": {"entity_id": [*alerts, *persons]},
                "hours_to_show": 24,
                "grid_options": {"columns": "full", "rows": 5},
            },
        ],
    }


def _image(entity_id: str, name: str) -> Card:
    return {
        "type": "picture-entity",
        "entity": entity_id,
        "name": name,
        "show_state": False,
        "fit_mode": "cover",
        "aspect_ratio": "16x9",
        "grid_options": {"columns": "full"},
    }


def _tile(entity_id: str, name: str, *, columns: int = 6) -> Card:
    return {
        "type": "tile",
        "entity": entity_id,
        "name": name,
        "grid_options": {"columns": columns, "rows": 1},
    }
