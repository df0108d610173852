"""Assist works in a home with the integration."""

from tests.e2e.parts import Installation, Site


async def test_a_conversation_is_answered(site: Site, installation: Installation) -> None:
    response = await site.home.client.command(
        "conversation/process", text="What time is it?", language="en"
    )
    # The fixture quiet_log fails this test for any error in the log.
    assert isinstance(response, dict)
    assert "response" in response
