"""What Home Assistant asks a person to repair."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN

DEAD_LETTERS: Final = "dead_letters"
DEAD_LETTERS_BORNE: Final = 10  # one now and then is normal: a camera breaks off an upload

FALLBACK: Final = "detector_fallback"

DETECTORS_DIFFER: Final = "detectors_differ"
REFUSING_SERVERS: Final = "server_token_refused"

MODEL_MISSING: Final = "model_missing"
LLM_GPU_LOST: Final = "llm_gpu_lost"

DATA_ENTRY_ID: Final = "entry_id"


@callback
def async_show_dead_letters(hass: HomeAssistant, entry: ConfigEntry[Any], count: int) -> None:
    """Ask what to do about dead letters where there are many, and not any more where not."""
    told = {"count": str(count)} if count > DEAD_LETTERS_BORNE else None
    _show(hass, entry, DEAD_LETTERS, told, is_fixable=True)


@callback
def async_withdraw_dead_letters(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Ask nothing about dead letters any more."""
    _show(hass, entry, DEAD_LETTERS, None)


@callback
def async_show_fallback(hass: HomeAssistant, entry: ConfigEntry[Any], fallback: str | None) -> None:
    """Tell what the inference server had to fall back from, such as a GPU it cannot use."""
    _show(hass, entry, FALLBACK, None if fallback is None else {"fallback": fallback})


@callback
def async_show_detectors(
    hass: HomeAssistant, entry: ConfigEntry[Any], models: Mapping[str, str]
) -> None:
    """Tell that inference servers have different detectors, given by address; none: all is well."""
    told = ", ".join(f"{model} ({url})" for url, model in models.items())
    _show(hass, entry, DETECTORS_DIFFER, {"models": told} if models else None)


@callback
def async_show_refused_tokens(
    hass: HomeAssistant, entry: ConfigEntry[Any], urls: Sequence[str]
) -> None:
    """Tell which added inference servers do not accept their token."""
    told = {"servers": ", ".join(urls)} if urls else None
    _show(hass, entry, REFUSING_SERVERS, told, severity=ir.IssueSeverity.ERROR)


@callback
def async_show_missing_models(
    hass: HomeAssistant, entry: ConfigEntry[Any], models: Sequence[str]
) -> None:
    """Offer to download the language models that inference servers look for in vain."""
    told = {"models": ", ".join(models)} if models else None
    _show(hass, entry, MODEL_MISSING, told, severity=ir.IssueSeverity.ERROR, is_fixable=True)


@callback
def async_show_lost_gpus(
    hass: HomeAssistant, entry: ConfigEntry[Any], losses: Sequence[str]
) -> None:
    """Tell of language models that answer still, and from the CPU."""
    _show(hass, entry, LLM_GPU_LOST, {"losses": " ".join(losses)} if losses else None)


def _show(
    hass: HomeAssistant,
    entry: ConfigEntry[Any],
    what: str,
    told: Mapping[str, str] | None,
    *,
    severity: ir.IssueSeverity = ir.IssueSeverity.WARNING,
    is_fixable: bool = False,
) -> None:
    """Show an issue of this installation with what it tells; withdraw it where that is None."""
    issue_id = f"{what}_{entry.entry_id}"
    if told is None:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data={DATA_ENTRY_ID: entry.entry_id},  # for the repair's form
        is_fixable=is_fixable,
        severity=severity,
        translation_key=what,
        translation_placeholders={"title": entry.title, **told},
    )
