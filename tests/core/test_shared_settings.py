"""Workers on one database work with the same settings, or not at all."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.domain.declarations import Value
from hsi_core.domain.errors import EventLengthError, SettingsConflictError
from hsi_core.domain.settings import DECLARATIONS, Settings
from hsi_core.domain.shared_settings import (
    Configured,
    SettingsSource,
    StoredSetting,
    StoredSettings,
    agree,
    differences,
)

HOME_ASSISTANT, WORKER = SettingsSource.HOME_ASSISTANT, SettingsSource.WORKER
IDLE = frozenset({"event_idle"})


def stored(values: Mapping[str, Value], source: SettingsSource = WORKER) -> StoredSettings:
    return {
        name: StoredSetting(
            value=value, source=source, host="nas", set_at=datetime(2026, 11, 30, 18, tzinfo=UTC)
        )
        for name, value in values.items()
    }


def test_an_unconfigured_worker_takes_what_is_stored() -> None:
    agreed = agree(
        Settings(), Configured(), stored({"event_idle": 60.0, "time_zone": "Asia/Tokyo"})
    )
    assert agreed.settings == Settings(event_idle=60.0, time_zone="Asia/Tokyo")
    assert not agreed.to_store


def test_defaults_are_not_stored() -> None:
    agreed = agree(Settings(), Configured(), {})
    assert agreed.settings == Settings()
    assert not agreed.to_store


def test_the_first_worker_that_is_configured_stores_its_values() -> None:
    agreed = agree(Settings(event_idle=60.0), Configured(names=IDLE), {})
    assert agreed.settings.event_idle == 60.0
    assert agreed.to_store == {"event_idle": 60.0}


def test_a_machine_has_settings_of_its_own() -> None:
    own = Settings(polling_interval=5.0)
    agreed = agree(own, Configured(names=frozenset({"polling_interval"})), {})
    assert agreed.settings == own
    assert not agreed.to_store


@pytest.mark.parametrize("source", SettingsSource)
def test_a_worker_configured_with_the_stored_value_is_admitted(source: SettingsSource) -> None:
    there = stored({"event_idle": 60.0}, source)
    agreed = agree(Settings(event_idle=60.0), Configured(names=IDLE), there)
    assert agreed.settings.event_idle == 60.0
    assert not agreed.to_store


@pytest.mark.parametrize(
    ("source", "who", "remedy"),
    [
        (HOME_ASSISTANT, "Home Assistant on nas", "change the option in Home Assistant"),
        (WORKER, "a worker on nas", "--store-settings"),
    ],
)
def test_a_worker_configured_otherwise_is_refused_by_name(
    source: SettingsSource, who: str, remedy: str
) -> None:
    there = stored({"event_idle": 60.0}, source)
    with pytest.raises(SettingsConflictError) as caught:
        agree(Settings(event_idle=45.0), Configured(names=IDLE), there)
    message = str(caught.value)
    assert "BATCH_IDLE_TIMEOUT_SECONDS is 45, but the database has 60" in message
    assert who in message
    assert remedy in message


def test_every_conflict_is_named_as_its_variable_spells_it() -> None:
    there = stored({"medium_from": 20, "watched_labels": frozenset({"dog", "cat"})})
    names = frozenset({"medium_from", "watched_labels"})
    with pytest.raises(SettingsConflictError) as caught:
        agree(Settings(), Configured(names=names), there)
    assert "SEVERITY_LOW_MAX is 29, but the database has 19" in str(caught.value)
    assert "but the database has cat,dog" in str(caught.value)


def test_a_worker_replaces_what_a_worker_stored_on_request() -> None:
    configured = Configured(names=IDLE, replaces=True)
    agreed = agree(Settings(event_idle=45.0), configured, stored({"event_idle": 60.0}))
    assert agreed.settings.event_idle == 45.0
    assert agreed.to_store == {"event_idle": 45.0}


def test_a_worker_never_replaces_what_home_assistant_stored() -> None:
    configured = Configured(names=IDLE, replaces=True)
    with pytest.raises(SettingsConflictError):
        agree(Settings(event_idle=45.0), configured, stored({"event_idle": 60.0}, HOME_ASSISTANT))


@pytest.mark.parametrize("source", SettingsSource)
def test_home_assistant_always_wins(source: SettingsSource) -> None:
    configured = Configured(source=HOME_ASSISTANT, names=IDLE)
    there = stored({"event_idle": 60.0, "incident_window": 600.0}, source)
    agreed = agree(Settings(event_idle=45.0), configured, there)
    assert agreed.settings == Settings(event_idle=45.0, incident_window=600.0)
    assert agreed.to_store == {"event_idle": 45.0}


def test_home_assistant_takes_over_a_value_that_a_worker_stored() -> None:
    configured = Configured(source=HOME_ASSISTANT, names=IDLE)
    there = stored({"event_idle": 45.0}, WORKER)
    assert agree(Settings(event_idle=45.0), configured, there).to_store == {"event_idle": 45.0}
    there = stored({"event_idle": 45.0}, HOME_ASSISTANT)
    assert not agree(Settings(event_idle=45.0), configured, there).to_store


def test_values_that_contradict_what_is_stored_are_refused() -> None:
    configured = Configured(names=frozenset({"event_window"}))
    with pytest.raises(EventLengthError):
        agree(Settings(event_window=45.0), configured, stored({"event_idle": 60.0}))


def test_a_change_is_noticed() -> None:
    assert differences(Settings(), stored({"event_idle": 30.0})) == set()
    assert differences(Settings(), stored({"event_idle": 31.0, "event_window": 90.0})) == IDLE


@pytest.mark.parametrize("name", sorted(DECLARATIONS))
def test_a_value_can_be_stored_and_read_again(name: str) -> None:
    declaration = DECLARATIONS[name]
    assert declaration.from_json(declaration.to_json(declaration.default)) == declaration.default


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("event_idle", "30"),
        ("event_idle", True),
        ("medium_from", 30.5),
        ("images_to_model", 1),
        ("watched_labels", "person"),
        ("watched_labels", [1]),
        ("time_zone", None),
    ],
)
def test_a_stored_value_of_another_type_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=name):
        DECLARATIONS[name].from_json(value)
