"""Subentry flow: add a camera, or change its name and zones."""

from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigSubentry, ConfigSubentryFlow, SubentryFlowResult
from homeassistant.const import CONF_NAME

from ..bridge import camera_of, settings_of
from ..camera_folders import FolderError, async_call, camera_folder, camera_folders, default_name
from ..const import (
    CONF_CAMERA_ROOT,
    CONF_ENTITIES,
    CONF_FOLDER,
    CONF_PLACEMENT,
    CONF_PRIVACY_MASKS,
    CONF_WATCHED_LABELS,
    CONF_ZONES,
    SUBENTRY_CAMERA,
)
from ..core.domain.settings import DECLARATIONS
from ..core.domain.zones import ZoneError, read_zones
from ..core.watch.ignored_names import IgnoredNames
from ..home_entities import entities_near
from . import forms


class CameraSubentryFlow(ConfigSubentryFlow):
    """A camera is one folder below the camera root."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for the folder: one of those found, or another one."""
        errors: dict[str, str] = {}
        taken = self._folders
        if user_input is not None:
            try:
                folder = await async_call(
                    self.hass,
                    self._root,
                    camera_folder,
                    self._root,
                    user_input[CONF_FOLDER],
                    taken,
                )
            except FolderError as err:
                errors[CONF_FOLDER] = err.reason
            else:
                name = default_name(folder)
                return self.async_create_entry(
                    title=name, data={CONF_FOLDER: folder, CONF_NAME: name}, unique_id=folder
                )
        try:
            found = await async_call(
                self.hass,
                self._root,
                camera_folders,
                self.hass,
                self._root,
                self._ignored_names,
            )
        except FolderError as err:
            return self.async_abort(reason=err.reason)
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(
                forms.new_camera([folder for folder in found if folder not in taken]),
                user_input,
            ),
            errors=errors,
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the camera's name, zones and own options; its folder cannot change."""
        errors: dict[str, str] = {}
        camera = self._get_reconfigure_subentry()
        placeholders = {"folder": camera.data[CONF_FOLDER]}
        if user_input is not None:
            # The form sends no value for what is empty.
            data = {
                CONF_FOLDER: camera.data[CONF_FOLDER],
                CONF_ZONES: [],
                CONF_ENTITIES: [],
                **user_input,
            }
            if masks := camera.data.get(CONF_PRIVACY_MASKS):  # drawn on the dashboard only
                data[CONF_PRIVACY_MASKS] = masks
            try:
                read_zones(data[CONF_ZONES])
                if labels := user_input.get(CONF_WATCHED_LABELS):
                    data[CONF_WATCHED_LABELS] = _read_labels(labels)
            except ZoneError as err:
                errors[CONF_ZONES] = err.reason
                placeholders["zone"] = err.zone
            except ValueError:
                errors[CONF_WATCHED_LABELS] = "label_invalid"
            else:
                return self.async_update_and_abort(
                    self._get_entry(), camera, title=user_input[CONF_NAME], data=data
                )
        others = [folder for folder in self._folders if folder != camera.data[CONF_FOLDER]]
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(
                forms.camera(others), user_input or {**self._guesses(camera), **camera.data}
            ),
            errors=errors,
            description_placeholders=placeholders,
        )

    def _guesses(self, camera: ConfigSubentry) -> dict[str, Any]:
        """Return a placement by the camera's name, and the entities in its area."""
        placement = camera_of(camera).likely_placement
        return {
            CONF_PLACEMENT: placement,
            CONF_ENTITIES: entities_near(self.hass, self._get_entry(), camera, placement),
        }

    @property
    def _folders(self) -> list[str]:
        """The folders of all cameras."""
        cameras = self._get_entry().get_subentries_of_type(SUBENTRY_CAMERA)
        return [camera.data[CONF_FOLDER] for camera in cameras]

    @property
    def _ignored_names(self) -> IgnoredNames:
        return IgnoredNames(settings_of(self._get_entry()).ignored_names)

    @property
    def _root(self) -> Path:
        return Path(self._get_entry().data[CONF_CAMERA_ROOT])


def _read_labels(labels: list[str]) -> list[str]:
    """Return labels in the detector's spelling; raises ValueError for what cannot be one."""
    declaration = DECLARATIONS["watched_labels"]
    return [
        text for label in labels for text in declaration.format(declaration.parse(label)).split(",")
    ]
