"""SQL on the database of a house."""

from testbed.services.postgres import Postgres
from tests.core.pipeline.harness import House


def query(postgres: Postgres, house: House, sql: str) -> str:
    return postgres.execute(sql, database=house.database_url.rsplit("/", 1)[-1])
