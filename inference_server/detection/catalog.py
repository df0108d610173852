"""List the detectors in the models folder that clients may load."""

from collections.abc import Callable
from dataclasses import dataclass, replace
import json
import re

from inference_server.detection.base import Detector
from inference_server.detection.loading import load_detector
from inference_server.errors import NotFoundError
from inference_server.settings import Settings

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MODEL_TYPE = "rt_detr_v2"
_MAX_CONFIG_SIZE = 1024 * 1024  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailableModel:
    """A detector that can be loaded by name."""

    name: str
    test_model: bool  # trained on synthetic scenes only


class ModelCatalog:
    """The detectors in the models folder."""

    def __init__(
        self, settings: Settings, *, load: Callable[[Settings], Detector] = load_detector
    ) -> None:
        self._settings = settings
        self._load = load
        self._folder = settings.models_dir or settings.detector_model.parent

    def available(self) -> list[AvailableModel]:
        """Return the detectors currently in the folder, sorted by name; reads the disk."""
        try:
            names = sorted(folder.name for folder in self._folder.iterdir())
        except OSError:
            return []
        found = ((name, self._config(name)) for name in names if _NAME.fullmatch(name))
        return [
            AvailableModel(name=name, test_model=config.get("hsi_test_model") is True)
            for name, config in found
            if config.get("model_type") == _MODEL_TYPE
        ]

    def loader(self, name: str) -> Callable[[], Detector]:
        """Return a function that loads the named detector; reads the disk; raises NotFoundError."""
        if all(model.name != name for model in self.available()):
            raise NotFoundError(
                f"There is no detector {name[:100]!r} in the models folder; see GET /v1/models."
            )
        settings = replace(self._settings, detector_model=self._folder / name)
        return lambda: self._load(settings)

    def _config(self, name: str) -> dict[str, object]:
        """Return a model's config; empty if there is none or a link leads out of the folder."""
        file = self._folder / name / "config.json"
        try:
            if file.resolve().parent != self._folder.resolve() / name:
                return {}
            if file.stat().st_size > _MAX_CONFIG_SIZE:
                return {}
            config = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return config if isinstance(config, dict) else {}
