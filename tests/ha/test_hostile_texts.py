"""Texts of a hostile or talkative server break no entity, and are shown as they are in repairs."""

import json

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.home_security_intelligence.const import DOMAIN
from custom_components.home_security_intelligence.diagnostics import (
    async_get_config_entry_diagnostics,
)
from custom_components.home_security_intelligence.markdown import escape_markdown
from testbed.fake_inference_server import FakeInferenceServer
from tests.ha.helpers import state_is, state_when

HUB = "home_security_intelligence"
MARKDOWN = "# Alarm\n\n[Click](https://evil.example) ![x](https://evil.example/x.png) <img src=x> "
DSN = "postgresql://user:hunter2@host/db"


async def test_texts_of_a_server_are_bounded_and_without_credentials(
    hass: HomeAssistant,
    server: FakeInferenceServer,
    entry: MockConfigEntry,
    issue_registry: ir.IssueRegistry,
) -> None:
    server.model = "m" * 100_000
    server.detector = {"fallback": DSN + " " + MARKDOWN * 3000, "device": "d" * 100_000}
    server.assessor = {"model": "l" * 100_000, "problem": DSN, "error": MARKDOWN * 3000}
    assert await hass.config_entries.async_setup(entry.entry_id)
    await state_is(hass, f"binary_sensor.{HUB}_inference_server", "on")

    model = await state_when(
        hass, f"sensor.{HUB}_detector_model", lambda state: state.state.startswith("m")
    )
    assert len(model.state) == 100
    issue = issue_registry.async_get_issue(DOMAIN, "detector_fallback_01JENTRY")
    assert issue is not None
    [shown] = [
        text for name, text in (issue.translation_placeholders or {}).items() if name != "title"
    ]
    assert shown.startswith("postgresql\\://\\*\\*\\*\\@host/db # Alarm \\[Click\\](https\\://")
    assert "\\<img src=x\\>" in shown
    assert len(shown) < 1000
    report = json.dumps(await async_get_config_entry_diagnostics(hass, entry), default=str)
    assert "hunter2" not in report
    assert "host/db" not in report
    assert len(report) < 20_000


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("nemotron-3-nano:4b, 50% of it.", "nemotron-3-nano:4b, 50% of it."),
        ("rtdetr_v2", "rtdetr\\_v2"),
        ("a\n\n# b", "a # b"),
        (
            "[a](b) <b> `c` *d* ~e~ $f$ \\g",
            "\\[a\\](b) \\<b\\> \\`c\\` \\*d\\* \\~e\\~ \\$f\\$ \\\\g",
        ),
        ("http://a WWW.b c@d", "http\\://a WWW\\.b c\\@d"),
    ],
)
def test_markdown_is_escaped(text: str, escaped: str) -> None:
    assert escape_markdown(text) == escaped
