"""What users install or start: containers, the app, the lock files and the scripts."""

import importlib.util
import json
import os
from pathlib import Path
import re
import subprocess
import tomllib
from types import ModuleType
from typing import Any

import pytest
import yaml

from inference_server.settings_sources import environment_names

# Concatenated, so that this file does not contain the names itself.
PACKAGE_HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("deb", "debian", "org"),
        ("download", "pytorch", "org"),
        ("registry", "npmjs", "org"),
    )
)
MACHINE_PATH = re.compile(r"(?<![\w./-])/(?:work|root|farm)/")
SECRET_NAME = re.compile(r"password|token|key|secret", re.IGNORECASE)


@pytest.fixture(scope="session")
def tracked(root: Path) -> list[Path]:
    """Return every file of the repository."""
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True
    ).stdout
    return [path for name in listing.split("\0") if name and (path := root / name).is_file()]


@pytest.fixture(scope="session")
def compose(root: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((root / "docker-compose.prod.yml").read_text())
    return loaded


@pytest.fixture(scope="session")
def app(root: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((root / "addon" / "config.yaml").read_text())
    return loaded


def _pins(lock: Path) -> dict[str, str]:
    lines = [line for line in lock.read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[\w.]+", line) for line in lines)
    return dict(line.split("==") for line in lines)


def test_every_part_has_the_same_version(root: Path, app: dict[str, Any]) -> None:
    manifest = json.loads(
        (root / "custom_components/home_security_intelligence/manifest.json").read_text()
    )
    server = (root / "inference_server" / "__init__.py").read_text()
    server_version = re.search(r'^__version__ = "(.+)"$', server, re.MULTILINE)
    assert server_version is not None
    assert {
        manifest["version"],
        tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"],
        server_version[1],
        app["version"],
    } == {manifest["version"]}
    assert f"## {app['version']}" in (root / "addon" / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("environment", ["test", "ha"])
def test_the_locks_contain_the_requirements_of_the_manifest(root: Path, environment: str) -> None:
    manifest = json.loads(
        (root / "custom_components/home_security_intelligence/manifest.json").read_text()
    )
    pins = _pins(root / "requirements" / f"{environment}.lock")
    assert {name: pins.get(name) for name in ("alembic", "asyncinotify", "asyncpg")} == dict(
        requirement.split("==") for requirement in manifest["requirements"]
    )


def test_the_server_lock_names_no_build_and_no_gpu_packages(root: Path) -> None:
    pins = _pins(root / "requirements" / "server.lock")
    assert re.fullmatch(r"[\d.]+", pins["torch"])
    assert not [
        name
        for name in pins
        if name.startswith(("nvidia-", "cuda-", "triton")) and name != "nvidia-ml-py"
    ]


def test_the_server_package_contains_every_folder_of_code(root: Path) -> None:
    server = root / "inference_server"
    project = tomllib.loads((server / "pyproject.toml").read_text())
    folders = {file.parent.relative_to(root) for file in server.rglob("__init__.py")}
    assert {".".join(folder.parts) for folder in folders} == set(
        project["tool"]["setuptools"]["packages"]
    )


def test_the_supervisor_finds_one_app_only(root: Path, tracked: list[Path]) -> None:
    found = [
        path.relative_to(root).as_posix()
        for path in tracked
        if path.name in ("config.yaml", "config.yml", "config.json")
        and not any(part.startswith(".") for part in path.relative_to(root).parts)
    ]
    assert found == ["addon/config.yaml"]


def test_every_option_of_the_app_is_described(root: Path, app: dict[str, Any]) -> None:
    texts = yaml.safe_load((root / "addon" / "translations" / "en.yaml").read_text())
    assert set(texts["configuration"]) == set(app["schema"])
    assert set(texts["network"]) == set(app["ports"])
    documentation = (root / "addon" / "DOCS.md").read_text()
    assert [name for name in app["schema"] if f"`{name}`" not in documentation] == []


@pytest.fixture
def run(root: Path) -> ModuleType:
    """Return the module that starts the server in the app."""
    spec = importlib.util.spec_from_file_location("app_run", root / "addon" / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_option_of_the_app_sets_a_setting_of_the_server(
    app: dict[str, Any], run: ModuleType
) -> None:
    translated = {**run.PLAIN, **run.BELOW_SHARE, **run.BELOW_SSL, "ssl": "TLS_SELF_SIGNED"}

    assert set(translated) == set(app["schema"])
    assert set(translated.values()) <= set(environment_names())
    assert run.environment({"token": "t", "detector_model": "weights/r18", "llm_url": None}) == {
        "API_TOKEN": "t",
        "DETECTOR_MODEL": "/share/weights/r18",
        "DEVICE": "cpu",
        "HOST": "0.0.0.0",
        "PORT": "8090",
        "STATE_DIR": "/data/state",
    }


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        ({"ssl": False, "certfile": "a.pem", "keyfile": "b.pem"}, {}),
        ({"ssl": True}, {"TLS_SELF_SIGNED": "true"}),
        ({"ssl": True, "certfile": "", "keyfile": None}, {"TLS_SELF_SIGNED": "true"}),
        (
            {"ssl": True, "certfile": "a.pem", "keyfile": "/ssl/b.pem"},
            {"TLS_CERT_FILE": "/ssl/a.pem", "TLS_KEY_FILE": "/ssl/b.pem"},
        ),
        ({"ssl": True, "certfile": "a.pem"}, {"TLS_CERT_FILE": "/ssl/a.pem"}),  # which is refused
    ],
)
def test_the_app_uses_tls_if_configured(
    run: ModuleType, options: dict[str, object], settings: dict[str, str]
) -> None:
    environment = run.environment(options)
    assert {name: text for name, text in environment.items() if "TLS" in name} == settings


def test_the_app_copies_a_key_that_only_root_may_read_for_the_server(
    run: ModuleType, tmp_path: Path
) -> None:
    ssl, tls = tmp_path / "ssl", tmp_path / "tls"
    ssl.mkdir()
    (ssl / "own.pem").write_text("certificate")
    (ssl / "key.pem").write_text("key")
    (tmp_path / "options.json").write_text("another secret")
    for _ in range(2):  # at every start
        settings = {"TLS_CERT_FILE": f"{ssl}/own.pem", "TLS_KEY_FILE": f"{ssl}/key.pem"}
        run.copy_certificates(settings, os.getuid(), ssl=ssl, tls=tls)
        assert Path(settings["TLS_KEY_FILE"]).read_text() == "key"
        assert Path(settings["TLS_CERT_FILE"]).read_text() == "certificate"
    assert {path.stat().st_mode & 0o777 for path in tls.iterdir()} == {0o600}
    for name in ("missing.pem", "../options.json"):
        settings = {"TLS_CERT_FILE": f"{ssl}/{name}"}
        run.copy_certificates(settings, os.getuid(), ssl=ssl, tls=tls)
        assert settings == {"TLS_CERT_FILE": f"{ssl}/{name}"}


def test_the_watchdog_uses_the_protocol_of_the_app(app: dict[str, Any]) -> None:
    assert app["watchdog"].startswith("[PROTO:ssl]://")
    assert app["schema"]["ssl"] == "bool"
    assert {"type": "ssl", "read_only": True} in app["map"]


def test_the_app_has_no_default_token(app: dict[str, Any]) -> None:
    assert app["options"]["token"] is None
    assert app["schema"]["token"] == "password"


def test_images_are_pinned(root: Path, compose: dict[str, Any]) -> None:
    froms = [
        line.split()[1]
        for folder in ("addon", "inference_server")
        for line in (root / folder / "Dockerfile").read_text().splitlines()
        if line.startswith("FROM ")
    ]
    images = [service["image"] for service in compose["services"].values()]
    assert froms
    assert [name for name in (*froms, *images) if not re.search(r":[\w.-]*\d[\w.-]*$", name)] == []


def test_compose_contains_no_secret_and_names_the_script_that_makes_them(
    compose: dict[str, Any],
) -> None:
    for name, secret in compose["secrets"].items():
        assert secret["file"] == f"${{HSI_SECRETS:?run scripts/make-secrets first}}/{name}"
    literal = [
        (service, variable)
        for service, definition in compose["services"].items()
        for variable in definition.get("environment", {})
        if SECRET_NAME.search(variable) and not variable.endswith("_FILE")
    ]
    assert literal == []


def test_compose_publishes_on_loopback_by_default(compose: dict[str, Any]) -> None:
    published = {
        name: port
        for name, service in compose["services"].items()
        for port in service.get("ports", ())
    }
    assert set(published) == {"inference-server", "database"}
    assert all(port.startswith("${HSI_BIND:-127.0.0.1}:") for port in published.values())


@pytest.mark.parametrize(
    ("dockerfile", "extras"),
    [
        ("inference_server/Dockerfile", {"gpu", "ollama", "otel", "tls", "torch"}),
        ("addon/Dockerfile", {"embedded", "ollama", "openvino", "tls", "torch"}),
    ],
)
def test_an_image_contains_the_extras_that_its_settings_need(
    root: Path, dockerfile: str, extras: set[str]
) -> None:
    installed = re.search(r'/src/inference_server\[(.+)\]"', (root / dockerfile).read_text())
    assert installed is not None
    assert set(installed[1].split(",")) >= extras


def test_compose_starts_detection_while_the_language_model_is_downloaded(
    compose: dict[str, Any],
) -> None:
    services = compose["services"]
    assert services["inference-server"]["depends_on"] == ["ollama"]
    assert services["ollama-model"]["restart"] == "on-failure"
    waited_for = [
        name
        for service in services.values()
        if isinstance(wanted := service.get("depends_on", {}), dict)
        for name, condition in wanted.items()
        if condition["condition"] == "service_healthy"
    ]
    assert waited_for
    assert [name for name in waited_for if "healthcheck" not in services[name]] == []


def test_every_compose_variable_is_in_the_example(root: Path) -> None:
    text = (root / "docker-compose.prod.yml").read_text()
    used = set(re.findall(r"(?<!\$)\$\{(\w+)", text))
    example = (root / ".env.example").read_text()
    assert used == set(re.findall(r"^(\w+)=", example, re.MULTILINE))


def test_generated_secrets_are_random_and_never_replaced(root: Path, tmp_path: Path) -> None:
    for name in ("make-secrets", "lib/common.sh"):
        target = tmp_path / "scripts" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((root / "scripts" / name).read_bytes())
        target.chmod(0o755)
    (tmp_path / ".env.example").write_bytes((root / ".env.example").read_bytes())

    def make() -> tuple[str, str]:
        subprocess.run([tmp_path / "scripts" / "make-secrets"], check=True, capture_output=True)
        folder = tmp_path / "secrets"
        return (folder / "api_token").read_text(), (folder / "database_password").read_text()

    token, password = first = make()
    assert make() == first
    assert min(len(token), len(password)) > 32
    assert token != password
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / ".env").is_file()


def test_scripts_can_be_run(root: Path, tracked: list[Path]) -> None:
    programs = [path for path in tracked if path.parent == root / "scripts"]
    programs.append(root / ".ci" / "run")
    assert [path.name for path in programs if not os.access(path, os.X_OK)] == []
    assert [path.name for path in programs if not path.read_bytes().startswith(b"#!")] == []


def test_no_file_names_a_package_host_or_a_path_of_one_machine(
    root: Path, tracked: list[Path]
) -> None:
    found = []
    for path in tracked:
        content = path.read_bytes()
        if b"\0" in content[:8192]:
            continue
        text = content.decode(errors="replace")
        if any(host in text for host in PACKAGE_HOSTS) or MACHINE_PATH.search(text):
            found.append(path.relative_to(root).as_posix())
    assert found == []
