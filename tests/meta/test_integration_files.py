"""The files that Home Assistant reads beside the code agree with the code."""

import ast
from collections.abc import Iterator
import importlib.util
import json
from pathlib import Path
import tomllib
from typing import Any

from homeassistant.components.event import ATTR_EVENT_TYPE
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import selector
from homeassistant.util.yaml import load_yaml_dict
from PIL import Image
import pytest

from custom_components.home_security_intelligence import (
    binary_sensor,
    camera,
    event,
    event_actions,
    frontend_resource,
    image,
    issues,
    repairs,
    sensor,
    services,
)
from custom_components.home_security_intelligence.core.domain import errors
from custom_components.home_security_intelligence.core.domain.models import (
    EventMark,
    FailureClass,
    JobKind,
    RiskLevel,
)
from custom_components.home_security_intelligence.core.domain.zones import ZoneKind
from custom_components.home_security_intelligence.flows import forms, options
from custom_components.home_security_intelligence.sensors import assessment_cost, assessor, gpu

INTEGRATION = Path("custom_components/home_security_intelligence")
# Reasons that Home Assistant gives itself and does not translate.
PART_ENDS = {"already_configured", "reconfigure_successful"}
DESCRIPTIONS = {
    "binary_sensor": (
        *binary_sensor.PRESENCE_SENSORS,
        binary_sensor.FOLDER_PROBLEM,
        binary_sensor.SERVER,
        *binary_sensor.HUB_BINARY_SENSORS,
    ),
    "event": (event.ACTIVITY, event.ALERTS),
    "image": (image.LAST_EVENT, image.ZONES),
    "sensor": (
        *sensor.RISK_SENSORS,
        *sensor.CAMERA_SENSORS,
        sensor.CLOCK_OFFSET,
        *sensor.HUB_SENSORS,
        *gpu.GPU_SENSORS,
        *assessor.HEALTH_SENSORS,
        *assessment_cost.USE_SENSORS,
        *assessment_cost.TOTAL_SENSORS,
    ),
}
SCHEMAS = {
    services.Action.LIST_EVENTS: services.LIST_EVENTS_SCHEMA,
    services.Action.GET_EVENT: event_actions.GET_EVENT_SCHEMA,
    services.Action.DAILY_SUMMARY: event_actions.DAILY_SUMMARY_SCHEMA,
    services.Action.CAPTURE: event_actions.CAPTURE_SCHEMA,
    services.Action.MARK_EVENT: services.MARK_EVENT_SCHEMA,
    services.Action.LIST_DEAD_LETTERS: services.LIST_DEAD_LETTERS_SCHEMA,
    services.Action.REQUEUE_DEAD_LETTERS: services.SELECT_DEAD_LETTERS_SCHEMA,
    services.Action.DISCARD_DEAD_LETTERS: services.SELECT_DEAD_LETTERS_SCHEMA,
    services.Action.CLEAN_UP: services.CLEAN_UP_SCHEMA,
}
FORMS = {
    ("config", "user"): forms.SERVER,
    ("config", "database"): forms.DATABASE,
    ("config", "folder"): forms.CAMERA_ROOT,
    ("config", "cameras"): forms.cameras(["front_door"]),
    ("config", "reauth_confirm"): forms.SECRETS,
    ("config", "reconfigure_server"): forms.SERVER,
    ("config", "reconfigure_database"): forms.DATABASE,
    ("config", "reconfigure_folder"): forms.CAMERA_ROOT,
    ("config_subentries.camera", "user"): forms.new_camera(["front_door"]),
    ("config_subentries.camera", "reconfigure"): forms.camera(["yard"]),
    ("options", "init"): options.OPTIONS,
}


@pytest.fixture(scope="module")
def integration(root: Path) -> Path:
    return root / INTEGRATION


@pytest.fixture(scope="module")
def texts(integration: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((integration / "translations/en.json").read_text())
    return loaded


@pytest.fixture(scope="module")
def icons(integration: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((integration / "icons.json").read_text())
    return loaded


def below(texts: dict[str, Any], path: str) -> dict[str, Any]:
    for part in path.split("."):
        texts = texts[part]
    return texts


def codes(*kinds: type[errors.CoreError]) -> set[str]:
    """Return the codes of these errors and of all that derive from them."""
    found = set()
    for kind in kinds:
        found |= {kind.code} | codes(*kind.__subclasses__())
    return found


def calls(file: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call))


def literals(file: Path, keyword: str) -> set[str]:
    """Return the strings given as a keyword argument anywhere in a file."""
    return {
        argument.value.value
        for call in calls(file)
        for argument in call.keywords
        if argument.arg == keyword
        and isinstance(argument.value, ast.Constant)
        and isinstance(argument.value.value, str)
    }


def reasons(file: Path) -> set[str]:
    """Return the reasons that a file gives to forms: raised, or put into `errors`."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        match node:
            case ast.Call(
                func=ast.Name(id="FolderError" | "CheckFailedError" | "ZoneError"),
                args=[*_, ast.Constant(value=str(reason))],
            ):
                found.add(reason)
            case ast.Assign(
                targets=[ast.Subscript(value=ast.Name(id="errors"))],
                value=ast.Constant(value=str(reason)),
            ):
                found.add(reason)
    return found


def test_manifest_is_sorted_and_complete(integration: Path, root: Path) -> None:
    manifest = json.loads((integration / "manifest.json").read_text())
    keys = list(manifest)
    assert keys[:2] == ["domain", "name"]
    assert keys[2:] == sorted(keys[2:])
    assert manifest["domain"] == integration.name
    assert manifest["codeowners"]
    assert manifest["documentation"].startswith("https://")
    assert manifest["issue_tracker"].startswith("https://")
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert manifest["requirements"] == project["dependencies"]
    assert manifest["version"] == project["version"]


def test_the_marketplace_file_has_only_known_keys(root: Path) -> None:
    hacs = json.loads((root / "hacs.json").read_text())
    assert set(hacs) <= {"name", "homeassistant", "zip_release", "filename"}
    assert hacs["filename"] == f"{INTEGRATION.name}.zip"


def test_the_interface_has_one_language_file_only(integration: Path) -> None:
    assert not (integration / "strings.json").exists()


@pytest.mark.parametrize(("flow", "step"), FORMS)
def test_every_field_of_a_form_is_named_and_described(
    texts: dict[str, Any], flow: str, step: str
) -> None:
    form = below(texts, flow)["step"][step]
    parts = {str(key): value for key, value in FORMS[flow, step].schema.items()}
    sections = {name: part for name, part in parts.items() if isinstance(part, section)}
    assert form["title"]
    assert_described(form, set(parts) - set(sections))
    assert set(form.get("sections", {})) == set(sections)
    for name, part in sections.items():
        assert form["sections"][name]["name"]
        assert form["sections"][name]["description"]
        assert_described(form["sections"][name], {str(key) for key in part.schema.schema})


def assert_described(form: dict[str, Any], fields: set[str]) -> None:
    assert set(form["data"]) == fields
    assert set(form["data_description"]) == fields


def test_no_form_is_described_that_does_not_exist(texts: dict[str, Any]) -> None:
    # Menus, and confirmations without a field.
    fieldless = {
        "config": {
            "certificate",
            "database_certificate",
            "moved",
            "reauth_certificate",
            "reauth_database_certificate",
            "reconfigure",
            "reconfigure_certificate",
            "reconfigure_database_certificate",
            "reconfigure_waiting",
        },
    }
    for flow in ("config", "config_subentries.camera", "options"):
        menus = fieldless.get(flow, set())
        assert set(below(texts, flow)["step"]) - menus == {
            step for owner, step in FORMS if owner == flow
        }


def test_every_reason_of_a_form_is_translated(texts: dict[str, Any], integration: Path) -> None:
    folder_reasons = reasons(integration / "camera_folders.py")
    steps = ("base", "setup", "discovery", "reauth", "reconfigure", "validation")
    config = (
        set().union(*(reasons(integration / f"flows/{step}.py") for step in steps))
        | codes(errors.ClientError, errors.StoreError)
        | folder_reasons - {"folder_outside", "folder_taken"}
    )
    assert set(texts["config"]["error"]) == config
    camera_flow = below(texts, "config_subentries.camera")
    zone_reasons = reasons(integration / "core/domain/zones.py")
    own = folder_reasons | zone_reasons | reasons(integration / "flows/camera.py")
    assert set(camera_flow["error"]) | set(camera_flow["abort"]) == own | PART_ENDS
    server_flow = texts["config_subentries"]["server"]
    own = reasons(integration / "flows/server.py")
    # Codes that only an assessment raises, which no flow requests.
    asked = {code for code in codes(errors.ClientError) if not code.startswith("assessor_")}
    assert set(server_flow["error"]) == own | asked | {"invalid_url", "detector_failed"}
    assert set(texts["options"]["error"]) == reasons(integration / "flows/options.py")
    assert len(set(texts["config"]["error"].values())) == len(config)


def test_every_abort_reason_of_home_assistant_is_translated(
    texts: dict[str, Any],
) -> None:
    assert set(texts["config"]["abort"]) >= {"reauth_successful"} | PART_ENDS
    for part in texts["config_subentries"].values():
        assert set(part["abort"]) >= PART_ENDS


def test_every_exception_is_translated(texts: dict[str, Any], integration: Path) -> None:
    keys = codes(errors.StoreError, errors.WatchError)
    for name in (
        "__init__",
        "capture",
        "event_actions",
        "image_files",
        "media_source",
        "requests",
        "services",
        "websocket/events",
        "websocket/zones",
    ):
        keys |= literals(integration / f"{name}.py", "translation_key")
    assert set(texts["exceptions"]) == keys


def test_every_repair_is_translated(texts: dict[str, Any], integration: Path) -> None:
    camera_issues = {issue.key for issue in issues.CAMERA_ISSUES}
    own = {frontend_resource.ISSUE}
    assert set(texts["issues"]) == {issue.key for issue in issues.ISSUES} | camera_issues | own
    assert not any("fix_flow" in texts["issues"][key] for key in camera_issues)
    for issue in issues.ISSUES:
        assert ("fix_flow" in texts["issues"][issue.key]) is issue.is_fixable
    flow = texts["issues"]["dead_letters"]["fix_flow"]
    assert set(flow["abort"]) == literals(integration / "repairs.py", "reason")
    assert set(flow["step"]) == literals(integration / "repairs.py", "step_id")
    for option in flow["step"]["init"]["menu_options"]:
        assert hasattr(repairs.DeadLettersFlow, f"async_step_{option}")
    clean_up = texts["issues"][issues.CLEAN_UP_WAITS]["fix_flow"]
    assert set(clean_up["abort"]) == literals(integration / "flows/clean_up.py", "reason")
    assert set(clean_up["step"]) == literals(integration / "flows/clean_up.py", "step_id")
    download = texts["issues"][issues.MODEL_MISSING]["fix_flow"]
    code = integration / "flows/model_download.py"
    assert set(download["abort"]) == literals(code, "reason")
    assert set(download["progress"]) == literals(code, "progress_action")
    assert {*download["step"], "download"} == literals(code, "step_id")


@pytest.mark.parametrize("platform", DESCRIPTIONS)
def test_every_entity_has_a_name_and_an_icon(
    texts: dict[str, Any], icons: dict[str, Any], platform: str
) -> None:
    keys = {description.translation_key for description in DESCRIPTIONS[platform]}
    assert set(texts["entity"][platform]) == keys
    assert set(icons["entity"][platform]) == keys
    assert all(text["name"] for text in texts["entity"][platform].values())


def test_the_main_entity_of_a_camera_has_the_name_of_its_device() -> None:
    assert camera.LATEST_IMAGE.name is None


def test_every_state_of_an_entity_is_translated(
    texts: dict[str, Any], icons: dict[str, Any]
) -> None:
    levels = {level.value for level in RiskLevel}
    assert set(texts["entity"]["sensor"]["risk_level"]["state"]) == levels
    assert set(icons["entity"]["sensor"]["risk_level"]["state"]) == levels
    activity = texts["entity"]["event"]["activity"]["state_attributes"]
    assert set(activity["event_type"]["state"]) == set(event.ACTIVITY.event_types or ())
    own = {value for name, value in vars(event).items() if name.startswith("ATTR_")}
    assert set(activity) == own | {ATTR_EVENT_TYPE}


def test_actions_are_described_as_they_are_registered(
    texts: dict[str, Any], icons: dict[str, Any], integration: Path
) -> None:
    described = load_yaml_dict(str(integration / "services.yaml"))
    assert set(described) == set(services.Action) == set(SCHEMAS)
    assert set(texts["services"]) == set(icons["services"]) == set(described)
    for action, schema in SCHEMAS.items():
        fields = {str(key) for key in schema.schema}
        assert set(described[action]["fields"]) == fields
        assert set(texts["services"][action]["fields"]) == fields


@pytest.mark.parametrize("action", services.Action)
def test_the_fields_of_actions_have_selectors_home_assistant_knows(
    texts: dict[str, Any], integration: Path, action: services.Action
) -> None:
    choices: dict[str, set[str]] = {
        "event_mark": {*EventMark},
        "failure": {*FailureClass},
        "job_kind": {*JobKind},
        "mark": {*EventMark, services.NO_MARK},
        "risk_level": {*RiskLevel},
    }
    assert set(texts["selector"]) == {*choices, "placement", "zone"}
    for field in load_yaml_dict(str(integration / "services.yaml"))[action]["fields"].values():
        found = selector(field["selector"])
        if found.selector_type == "select":
            key = found.config["translation_key"]
            assert set(found.config["options"]) == choices[key]
            assert set(texts["selector"][key]["options"]) == set(found.config["options"])


def test_every_part_of_a_zone_is_named(texts: dict[str, Any]) -> None:
    fields = forms.camera([]).schema["zones"].config["fields"]
    assert set(texts["selector"]["zone"]["fields"]) == set(fields)
    assert set(forms.ZONE_KINDS) == set(ZoneKind)


def test_the_quality_scale_lists_every_rule(integration: Path) -> None:
    spec = importlib.util.find_spec("homeassistant.components.portainer")
    assert spec is not None
    assert spec.origin is not None
    example = load_yaml_dict(str(Path(spec.origin).with_name("quality_scale.yaml")))
    ledger = load_yaml_dict(str(integration / "quality_scale.yaml"))["rules"]
    assert set(ledger) == set(example["rules"])
    for rule, entry in ledger.items():
        if entry != "done":
            assert entry["status"] in {"todo", "exempt"}, rule
            assert entry["comment"], rule


@pytest.mark.parametrize("prefix", ["", "dark_"])
@pytest.mark.parametrize(("suffix", "side"), [("", 256), ("@2x", 512)])
def test_the_brand_images_have_the_required_sizes(
    integration: Path, prefix: str, suffix: str, side: int
) -> None:
    with Image.open(integration / "brand" / f"{prefix}icon{suffix}.png") as icon:
        assert icon.size == (side, side)
        assert icon.mode == "RGBA"
    with Image.open(integration / "brand" / f"{prefix}logo{suffix}.png") as logo:
        assert min(logo.size) == side // 2
        assert logo.width > logo.height
