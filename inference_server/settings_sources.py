"""Read the settings from flags, environment variables and files of secrets."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from inference_server.settings import Settings, SettingsError

_FIELDS: Final[Mapping[str, FieldInfo]] = Settings.__pydantic_fields__  # type: ignore[attr-defined]
_VARIABLES: Final = {name: str(field.validation_alias) for name, field in _FIELDS.items()}
# Also read from the file that <variable>_FILE names; never a flag, which other users could see.
_SECRETS: Final = tuple(name for name, field in _FIELDS.items() if not field.repr)


def load_settings(argv: Sequence[str], environ: Mapping[str, str]) -> Settings:
    """Read flags over environment over defaults; raises SettingsError."""
    texts = _read_environment(environ) | _parse_flags(argv)
    try:
        return TypeAdapter(Settings).validate_python(texts)
    except ValidationError as err:
        [error, *_] = err.errors(include_url=False)
        variable = str(error["loc"][0])
        text = texts[variable]
        secret = variable in {_VARIABLES[name] for name in _SECRETS} or "@" in text
        shown = "" if secret else f" {text!r}"
        reason = error["msg"].removeprefix("Value error, ")
        # Without the cause, which would repeat a secret.
        raise SettingsError(f"{variable}{shown}: {reason}") from None


def environment_names() -> tuple[str, ...]:
    """Return every environment variable the server reads."""
    files = (f"{_VARIABLES[name]}_FILE" for name in _SECRETS)
    return (*_VARIABLES.values(), *files)


def _read_environment(environ: Mapping[str, str]) -> dict[str, str]:
    texts = {name: text for name in _VARIABLES.values() if (text := environ.get(name, ""))}
    for variable in (_VARIABLES[name] for name in _SECRETS):
        if not (file := environ.get(f"{variable}_FILE", "")):
            continue
        if variable in texts:
            raise SettingsError(f"Set {variable} or {variable}_FILE, not both")
        try:
            texts[variable] = Path(file).read_text(encoding="utf-8").strip()
        except OSError as err:
            raise SettingsError(f"{variable}_FILE {file}: {err.strerror or err}") from err
        except UnicodeDecodeError as err:
            raise SettingsError(f"{variable}_FILE {file}: is not a text file") from err
    return texts


def _parse_flags(argv: Sequence[str]) -> dict[str, str]:
    parser = argparse.ArgumentParser(
        prog="python -m inference_server",
        description="Detect objects in images and assess the risk of events.",
        epilog="Each flag is also an environment variable; a secret is only that, or the file that "
        "<variable>_FILE names.",
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    for name, field in _FIELDS.items():
        if name not in _SECRETS:
            parser.add_argument(
                "--" + name.replace("_", "-"),
                dest=_VARIABLES[name],
                metavar=name.rpartition("_")[2].upper(),
                help=f"{field.description} ({_VARIABLES[name]})",
            )
    return dict(vars(parser.parse_args(argv)))
