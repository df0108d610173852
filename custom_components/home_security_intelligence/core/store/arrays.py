"""Rows passed as one array per column, so that the statement does not depend on their number."""

from collections.abc import Mapping

from sqlalchemy import (
    BigInteger,
    DateTime,
    Double,
    Integer,
    LargeBinary,
    SmallInteger,
    TableValuedAlias,
    Text,
    Uuid,
    bindparam,
    column,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine

type _Kind = (
    type[BigInteger | Integer | LargeBinary | SmallInteger | Text | Double[float] | Uuid[object]]
    | DateTime
    | TypeEngine[object]
)


def rows_from_arrays(name: str, kinds: Mapping[str, _Kind]) -> TableValuedAlias:
    """Return a table of these columns; its arrays are the parameters `<name>_<column>`."""
    arrays = (bindparam(f"{name}_{each}", type_=ARRAY(kind)) for each, kind in kinds.items())
    return (
        func.unnest(*arrays)
        .table_valued(*(column(each, kind) for each, kind in kinds.items()))
        .render_derived(name=name)
    )
