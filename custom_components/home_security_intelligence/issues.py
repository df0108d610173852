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
    if count <= DEAD_LETTERS_BORNE:
        async_withdraw_dead_letters(hass, entry)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        _dead_letters_id(entry),
        data={DATA_ENTRY_ID: entry.entry_id},
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=DEAD_LETTERS,
        translation_placeholders={"title": entry.title, "count": str(count)},
    )


@callback
def async_withdraw_dead_letters(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Ask nothing about dead letters any more."""
    ir.async_delete_issue(hass, DOMAIN, _dead_letters_id(entry))


@callback
def async_show_fallback(hass: HomeAssistant, entry: ConfigEntry[Any], fallback: str | None) -> None:
    """Tell what the inference server had to fall back from, such as a GPU it cannot use."""
    issue_id = f"{FALLBACK}_{entry.entry_id}"
    if fallback is None:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key=FALLBACK,
        translation_placeholders={"title": entry.title, "fallback": fallback},
    )


@callback
def async_show_detectors(
    hass: HomeAssistant, entry: ConfigEntry[Any], models: Mapping[str, str]
) -> None:
    """Tell that inference servers have different detectors, given by address; none: all is well."""
    issue_id = f"{DETECTORS_DIFFER}_{entry.entry_id}"
    if not models:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key=DETECTORS_DIFFER,
        translation_placeholders={
            "title": entry.title,
            "models": ", ".join(f"{model} ({url})" for url, model in models.items()),
        },
    )


@callback
def async_show_refused_tokens(
    hass: HomeAssistant, entry: ConfigEntry[Any], urls: Sequence[str]
) -> None:
    """Tell which added inference servers do not accept their token."""
    issue_id = f"{REFUSING_SERVERS}_{entry.entry_id}"
    if not urls:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key=REFUSING_SERVERS,
        translation_placeholders={"title": entry.title, "servers": ", ".join(urls)},
    )


@callback
def async_show_missing_models(
    hass: HomeAssistant, entry: ConfigEntry[Any], models: Sequence[str]
) -> None:
    """Offer to download the language models that inference servers look for in vain."""
    issue_id = f"{MODEL_MISSING}_{entry.entry_id}"
    if not models:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data={DATA_ENTRY_ID: entry.entry_id},
        is_fixable=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key=MODEL_MISSING,
        translation_placeholders={"title": entry.title, "models": ", ".join(models)},
    )


@callback
def async_show_lost_gpus(
    hass: HomeAssistant, entry: ConfigEntry[Any], losses: Sequence[str]
) -> None:
    """Tell of language models that answer still, and from the CPU."""
    issue_id = f"{LLM_GPU_LOST}_{entry.entry_id}"
    if not losses:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key=LLM_GPU_LOST,
        translation_placeholders={"title": entry.title, "losses": " ".join(losses)},
    )


def _dead_letters_id(entry: ConfigEntry[Any]) -> str:
    return f"{DEAD_LETTERS}_{entry.entry_id}"
