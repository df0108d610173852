"""The environment variables of the headless worker, and its help text."""

from dataclasses import dataclass
import textwrap

from ..domain.declarations import Declaration
from ..domain.settings import DECLARATIONS

_INTRODUCTION = """
A worker without Home Assistant: the same pipeline, configured by its environment. Any number of
workers may share one database. The cameras are those in the database; if it has none, each folder
in the camera root is one.
"""
_SHARED = """
Settings marked "shared" must agree between all workers on one database, which stores them.
If a variable is not set, the worker takes the stored value; if its value differs from the stored
one, the worker does not start.
"""
_WIDTH = 88


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """An environment variable as users read about it."""

    name: str
    alternative: str | None = None  # a second name, or a flag
    default: str  # as text; empty if it is required
    values: str = ""  # unit and range
    description: str
    shared: bool = False


CONNECTION_VARIABLES = (
    Variable(
        name="DATABASE_URL",
        default="",
        description="postgresql://user:password@host:port/database, with libpq's parameters.",
    ),
    Variable(
        name="DATABASE_FINGERPRINT",
        default="none",
        description="SHA-256 of the only trusted certificate of PostgreSQL; the connection is then "
        "encrypted. None: as the URL's sslmode says.",
    ),
    Variable(
        name="DATABASE_DIRECT_URL",
        default="none",
        description="Behind a connection pooler: the URL of a connection past it, by which "
        "notifications arrive at once.",
    ),
    Variable(
        name="CAMERA_ROOT",
        alternative="FOSCAM_BASE_PATH",
        default="",
        description="The folder with one folder for each camera.",
    ),
    Variable(
        name="INFERENCE_URL",
        alternative="--server-url",
        default="",
        description="The inference server's address. Separate several by commas, or give the "
        "flag several times.",
    ),
    Variable(
        name="INFERENCE_TOKEN",
        default="none",
        description="Its token. For several servers one for all, or one for each, separated by "
        "commas.",
    ),
    Variable(
        name="INFERENCE_TOKEN_FILE",
        alternative="--server-token-file",
        default="none",
        description="A file with the token. For several servers one for all, or one for each, "
        "on a line each.",
    ),
    Variable(
        name="INFERENCE_FINGERPRINT",
        default="none",
        description="The sha256 fingerprint of the certificate that the server made for itself, "
        "as it prints it. No other certificate is trusted then. One for all servers, or one for "
        "each, separated by commas. The addresses must start with https://.",
    ),
)


def variable_of(declaration: Declaration) -> Variable | None:
    """Return the environment variable of a setting; None if it has none."""
    if declaration.variable is None:
        return None
    return Variable(
        name=declaration.variable,
        default=declaration.format(declaration.default) or "none",
        values=_values_of(declaration),
        description=declaration.variable_description or declaration.description,
        shared=declaration.shared,
    )


def _values_of(declaration: Declaration) -> str:
    match declaration.default, declaration.allowed:
        case bool(), _:
            return "true or false"
        case frozenset(), _:
            return f"{declaration.items} separated by commas"
        case _, (low, high):
            limits = f"{declaration.format(low)}-{declaration.format(high)}"
            return f"{limits}{declaration.unit_suffix}"
        case _:
            return ""


SETTING_VARIABLES = tuple(
    variable for item in DECLARATIONS.values() if (variable := variable_of(item)) is not None
)


def help_text() -> str:
    """Return the description that `--help` prints."""
    entries = [_entry(variable) for variable in (*CONNECTION_VARIABLES, *SETTING_VARIABLES)]
    return "\n".join((_INTRODUCTION.strip(), "", _SHARED.strip(), "", "environment:", *entries))


def _entry(variable: Variable) -> str:
    names = variable.name
    if variable.alternative is not None:
        names += f" (or {variable.alternative})"
    notes = [
        f"default {variable.default}" if variable.default else "required",
        *([variable.values] if variable.values else []),
        *(["shared"] if variable.shared else []),
    ]
    text = textwrap.fill(
        variable.description, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6
    )
    return f"  {names}: {', '.join(notes)}\n{text}"
