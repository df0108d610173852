"""Rows passed as one array per column, so that neither statement nor plan depends on their number.

PostgreSQL counts the elements of an array that is a parameter itself, and plans the statement again
at each execution as long as that looks cheaper than a plan for any number. Behind a subquery it
assumes ten, so that it plans the statement once per connection.
"""

from collections.abc import Iterable, Mapping

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
    select,
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
    arrays = (
        select(bindparam(f"{name}_{each}", type_=ARRAY(kind))).scalar_subquery()
        for each, kind in kinds.items()
    )
    return (
        func.unnest(*arrays)
        .table_valued(*(column(each, kind) for each, kind in kinds.items()))
        .render_derived(name=name)
    )


def unnest(names: Iterable[str]) -> str:
    """Return SQL that turns arrays, which are the parameters of these names, into rows."""
    return f"unnest({', '.join(f'(SELECT :{name})' for name in names)})"
