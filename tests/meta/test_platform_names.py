"""No module has the name of a platform that the integration does not implement.

Home Assistant imports a module of every loaded integration by name for each of its platforms,
such as `llm`, `trigger` or `logbook`. A module that happens to bear such a name breaks there.
"""

from pathlib import Path
import re

import homeassistant
from homeassistant.loader import BASE_PRELOAD_PLATFORMS

from custom_components.home_security_intelligence import PLATFORMS

INTEGRATION = Path("custom_components/home_security_intelligence")
HOME_ASSISTANT = Path(homeassistant.__file__).parent
# Home Assistant imports these by name, as intended.
IMPLEMENTED = {*map(str, PLATFORMS), "config_flow", "diagnostics", "media_source", "repairs"}
_BY_NAME = re.compile(r'get_platforms?\(\s*(?:\w+,\s*)?\(?\[?"(\w+)"')


def platform_names() -> set[str]:
    """Return the names by which Home Assistant imports modules of integrations."""
    components = {folder.name for folder in (HOME_ASSISTANT / "components").iterdir()}
    modules = (*HOME_ASSISTANT.glob("*.py"), *HOME_ASSISTANT.glob("helpers/*.py"))
    modules = (*modules, *HOME_ASSISTANT.glob("components/*/*.py"))
    named = {name for module in modules for name in _BY_NAME.findall(module.read_text())}
    return components | named | set(BASE_PRELOAD_PLATFORMS)


def test_every_module_with_a_platforms_name_implements_it(root: Path) -> None:
    modules = {path.stem for path in (root / INTEGRATION).iterdir()}
    names = platform_names()
    assert {"llm", "trigger", "logbook", "system_health", "media_source"} <= names
    assert modules & names == IMPLEMENTED
