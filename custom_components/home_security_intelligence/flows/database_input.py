"""The input of the database form: a provider's URL takes the place of its other fields."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_SSL, CONF_USERNAME

from ..bridge import error_key
from ..const import CONF_DATABASE, CONF_PARAMETERS, DEFAULT_DATABASE_PORT
from ..core.domain.errors import StoreError
from ..core.store.address import read_query, split_address
from .validation import CheckFailedError

_FIELDS = {
    "host": CONF_HOST,
    "port": CONF_PORT,
    "dbname": CONF_DATABASE,
    "user": CONF_USERNAME,
    "password": CONF_PASSWORD,
}
_CERTAIN = {"no-verify", "require", "verify-ca", "verify-full"}


def complete(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return the input, completed by a URL in the host field; raises CheckFailedError.

    What follows a question mark in the database's name belongs to the parameters, too.
    """
    data = dict(user_input)
    name, _, query = data[CONF_DATABASE].partition("?")
    data[CONF_DATABASE] = name.strip()
    parameters = read_query(query) | read_query(data.pop(CONF_PARAMETERS, None) or "")
    if _is_url(data[CONF_HOST]):
        data[CONF_PORT] = DEFAULT_DATABASE_PORT
        parameters = _from_url(data[CONF_HOST]) | parameters
    for parameter, field in _FIELDS.items():
        if value := parameters.pop(parameter, None):
            data[field] = value
    if isinstance(data[CONF_PORT], str) and data[CONF_PORT].isdecimal():
        data[CONF_PORT] = int(data[CONF_PORT])
    mode = parameters.get("sslmode", "")
    if mode in {*_CERTAIN, "disable"}:
        # The switch says more: the certificate is verified, or confirmed by its fingerprint.
        data[CONF_SSL] = mode != "disable"
        if mode != "verify-ca":
            del parameters["sslmode"]
    if parameters:
        data[CONF_PARAMETERS] = urlencode(parameters, quote_via=quote, safe="/:,")
    return data


def _is_url(text: str) -> bool:
    return "://" in text or "=" in text


def _from_url(text: str) -> dict[str, str]:
    try:
        return split_address(text)
    except StoreError as err:
        raise CheckFailedError(CONF_HOST, error_key(err), placeholders={"error": str(err)}) from err
