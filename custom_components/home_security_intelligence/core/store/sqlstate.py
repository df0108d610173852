"""What each SQLSTATE of PostgreSQL means for the pipeline, as one table.

The codes are those of PostgreSQL's appendix "PostgreSQL Error Codes". A code without a line of its
own has the meaning of its class, its first two characters. A class that is not listed belongs to
another database product, or to a later PostgreSQL: it is never an image's own failure.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ..domain.errors import (
    CoreError,
    InputError,
    StoreAuthError,
    StoreConflictError,
    StoreError,
    StoreInterruptedError,
    StoreMissingError,
    StorePermissionError,
    StoreRefusedError,
    StoreUnreachableError,
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """The error that a code becomes; None for a defect of this program, or of the values it sent.

    Of `CoreError`s, only InputError is final, and only a defect spends an attempt of a job.
    """

    kind: type[CoreError] | None
    sentence: str = ""
    code: str | None = None


_DEFECT = Meaning(None)
_CONFLICT = Meaning(
    StoreConflictError, "PostgreSQL aborted a transaction because of a conflict with another"
)
_CANCELLED = Meaning(StoreInterruptedError, "PostgreSQL cancelled a statement")
_ENDED = Meaning(StoreInterruptedError, "PostgreSQL ended a session that took too long")
_BROKEN_OFF = Meaning(StoreInterruptedError, "a transaction was broken off")
_LOST = Meaning(StoreUnreachableError, "the connection to PostgreSQL was lost")
_STARTING = Meaning(StoreUnreachableError, "PostgreSQL is shutting down or starting")
_EXHAUSTED = Meaning(StoreError, "PostgreSQL has run out of connections, memory or disk space")
_OWN_FILES = Meaning(StoreError, "PostgreSQL cannot access its own files")
_OTHER_TABLES = Meaning(
    StoreError,
    "a table or column is missing, so the tables are not those of this version; restart to "
    "migrate them",
)
_NOT_SUPPORTED = Meaning(StoreError, "this database does not support what is needed")
_BAD_TEXT = Meaning(
    InputError, "a text contains a character that PostgreSQL cannot store", "bad_text"
)
_OUT_OF_RANGE = Meaning(
    InputError, "a time or a number is beyond the range of PostgreSQL", "out_of_range"
)
_FOREIGN = Meaning(StoreError, "the database reports an error that is unknown here")
_POOLER = Meaning(
    StoreInterruptedError,
    "a connection pooler in transaction mode is between here and PostgreSQL; add pgbouncer=true "
    "to the connection parameters",
)

CLASSES: Mapping[str, Meaning] = {
    "00": _DEFECT,  # success
    "01": _DEFECT,  # a warning
    "02": _DEFECT,  # no data
    "03": _DEFECT,  # SQL statement not yet complete
    "08": _LOST,
    "09": _DEFECT,  # triggered action
    "0A": _NOT_SUPPORTED,
    "0B": _BROKEN_OFF,  # invalid transaction initiation
    "0F": _DEFECT,  # locator
    "0L": _DEFECT,  # invalid grantor
    "0P": Meaning(StorePermissionError, "the database role does not exist"),
    "0Z": _DEFECT,  # diagnostics
    "10": _DEFECT,  # XQuery
    "20": _DEFECT,  # case not found
    "21": _DEFECT,  # cardinality violation
    "22": _DEFECT,  # a value that the statement cannot use
    "23": _DEFECT,  # integrity constraint: a row came or went meanwhile
    "24": _DEFECT,  # invalid cursor state
    "25": _BROKEN_OFF,  # invalid transaction state
    "26": _POOLER,  # the prepared statement is on another connection
    "27": _DEFECT,  # triggered data change
    "28": Meaning(StoreRefusedError, "PostgreSQL refuses this user, database or address"),
    "2B": _DEFECT,  # dependent privileges
    "2D": _BROKEN_OFF,  # invalid transaction termination
    "2F": _DEFECT,  # SQL routine
    "34": _DEFECT,  # invalid cursor name
    "38": _DEFECT,  # external routine
    "39": _DEFECT,  # external routine invocation
    "3B": _BROKEN_OFF,  # savepoint
    "3D": Meaning(StoreMissingError, "the database does not exist on that PostgreSQL server"),
    "3F": _OTHER_TABLES,  # the schema does not exist
    "40": _CONFLICT,
    "42": _DEFECT,  # syntax error or access rule violation
    "44": _DEFECT,  # WITH CHECK OPTION
    "53": _EXHAUSTED,
    "54": _DEFECT,  # program limit exceeded, such as an index row that is too large
    "55": Meaning(StoreInterruptedError, "PostgreSQL cannot do this at the moment"),
    "57": _CANCELLED,
    "58": _OWN_FILES,
    "72": Meaning(StoreInterruptedError, "a snapshot was too old"),
    "F0": Meaning(StoreError, "PostgreSQL's configuration file has an error"),
    "HV": _FOREIGN,  # foreign data wrapper
    "P0": _DEFECT,  # raised in a function
    "XX": Meaning(StoreError, "PostgreSQL reports an internal error"),
}

CODES: Mapping[str, Meaning] = {
    "22003": _OUT_OF_RANGE,
    "22008": _OUT_OF_RANGE,
    "22021": _BAD_TEXT,
    "22P05": _BAD_TEXT,
    "25006": Meaning(StoreError, "PostgreSQL is read-only at the moment"),
    "25P03": _ENDED,  # idle_in_transaction_session_timeout
    "25P04": _ENDED,  # transaction_timeout
    "28P01": Meaning(StoreAuthError, "PostgreSQL rejected the user or the password"),
    "42501": Meaning(StorePermissionError, "the database user lacks the required permissions"),
    "42703": _OTHER_TABLES,
    "42704": _OTHER_TABLES,
    "42883": _OTHER_TABLES,
    "42P01": _OTHER_TABLES,
    "42P05": _POOLER,  # another client's prepared statement is on this connection
    "55000": Meaning(
        StoreUnreachableError, "PostgreSQL accepts no connections to this database at the moment"
    ),
    "55P03": Meaning(StoreConflictError, "PostgreSQL stopped waiting for a lock"),
    "55P04": _DEFECT,  # unsafe use of a new enum value
    "57P01": _STARTING,
    "57P02": _STARTING,
    "57P03": _STARTING,
    "57P04": Meaning(StoreMissingError, "the database was dropped"),
    "57P05": _ENDED,  # idle_session_timeout
}


def meaning(sqlstate: str) -> Meaning:
    """Return what a SQLSTATE means."""
    return CODES.get(sqlstate) or CLASSES.get(sqlstate[:2], _FOREIGN)
