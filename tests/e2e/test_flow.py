"""The set-up flow; runs before the set-up, because a server can be set up once only."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from testbed.demo.entities import DOMAIN
from testbed.services.home_assistant_client import FlowStep
from testbed.services.ports import free_port
from tests.e2e.parts import Site

STEPS = ("user", "database", "folder", "cameras")


class Flow:
    """A running set-up flow."""

    def __init__(self, site: Site, step: FlowStep) -> None:
        self._site = site
        self.step = step

    async def submit(self, **typed: object) -> FlowStep:
        """Submit the right input except for `typed`."""
        answers = self._site.answers | typed
        known = {name: answers[name] for name in self.step.fields if name in answers}
        self.step = await self._site.home.client.continue_flow(self.step.flow_id, known)
        return self.step

    async def advance_to(self, step_id: str) -> None:
        while self.step.step_id != step_id:
            await self.submit()

    @property
    def shown(self) -> dict[str, object]:
        """The suggested values of the form."""
        descriptions = {name: field.get("description") for name, field in self.step.fields.items()}
        return {
            name: description.get("suggested_value")
            for name, description in descriptions.items()
            if isinstance(description, dict)
        }


@pytest_asyncio.fixture(loop_scope="session")
async def flow(site: Site) -> AsyncIterator[Flow]:
    started = Flow(site, await site.home.client.start_flow(DOMAIN))
    yield started
    await site.home.client.abort_flow(started.step.flow_id)


@pytest.mark.parametrize(
    ("step_id", "typed", "errors"),
    [
        ("user", {"token": "wrong"}, {"token": "unauthorized"}),
        ("user", {"url": f"http://127.0.0.1:{free_port()}"}, {"url": "unreachable"}),
        ("user", {"url": "no address"}, {"url": "invalid_url"}),
        ("database", {"password": "wrong"}, {"password": "database_auth"}),
        ("database", {"database": "elsewhere"}, {"database": "database_missing"}),
        ("database", {"port": free_port()}, {"host": "database_unreachable"}),
        ("folder", {"camera_root": "{root}/nothing-here"}, {"camera_root": "folder_missing"}),
        ("folder", {"camera_root": "/proc"}, {"camera_root": "folder_not_allowed"}),
    ],
)
async def test_an_error_is_shown_and_the_input_is_kept(
    flow: Flow, step_id: str, typed: dict[str, object], errors: dict[str, str], site: Site
) -> None:
    if "camera_root" in typed:
        typed = {"camera_root": str(typed["camera_root"]).format(root=site.camera_root)}
    await flow.advance_to(step_id)
    refused = await flow.submit(**typed)
    assert (refused.step_id, refused.errors) == (step_id, errors)
    answers = site.answers | typed
    expected = {name: answers[name] for name in refused.fields if name in answers}
    assert flow.shown == expected
    accepted = await flow.submit()
    assert accepted.step_id == STEPS[STEPS.index(step_id) + 1]
    assert accepted.errors == {}


async def test_the_flow_offers_every_camera_folder(flow: Flow, site: Site) -> None:
    await flow.advance_to("cameras")
    assert flow.step.fields["cameras"]["default"] == sorted(
        folder.name for folder in site.camera_root.iterdir()
    )
