"""Addresses of databases, in the forms that providers give out; the passwords are made up."""

from pathlib import Path

import pytest

import testbed.core  # noqa: F401 - makes hsi_core importable

# isort: split
from hsi_core.domain.errors import StoreError, StoreParameterError, StoreUnreachableError
from hsi_core.store.address import DatabaseAddress, Tls, TlsMode, read_address

NEON = "ep-cool-darkness-a1b2c3d4-pooler.us-east-2.aws.neon.tech"
SUPABASE = "aws-0-eu-central-1.pooler.supabase.com"
PROVIDERS = {
    "neon": (
        f"postgresql://neondb_owner:npg_x@{NEON}/neondb?sslmode=require&channel_binding=require",
        (NEON, 5432, "neondb_owner", "npg_x", "neondb", TlsMode.VERIFY_FULL),
    ),
    "neon's psql command": (
        f"psql 'postgresql://neondb_owner:npg_x@{NEON}/neondb?sslmode=require'",
        (NEON, 5432, "neondb_owner", "npg_x", "neondb", TlsMode.REQUIRE),
    ),
    "neon for prisma": (
        f"postgres://me:pw@{NEON}/neondb?sslmode=require&pool_timeout=10&connection_limit=1",
        (NEON, 5432, "me", "pw", "neondb", TlsMode.REQUIRE),
    ),
    "supabase's pooler": (
        f"postgresql://postgres.abcdef:pw@{SUPABASE}:6543/postgres?pgbouncer=true&connection_limit=1",
        (SUPABASE, 6543, "postgres.abcdef", "pw", "postgres", TlsMode.DISABLE),
    ),
    "supabase, direct": (
        "postgresql://postgres:pw@db.abcdef.supabase.co:5432/postgres",
        ("db.abcdef.supabase.co", 5432, "postgres", "pw", "postgres", TlsMode.DISABLE),
    ),
    "supabase on vercel": (
        f"postgres://postgres.abc:pw@{SUPABASE}:6543/postgres?sslmode=require&supa=base-pooler.x",
        (SUPABASE, 6543, "postgres.abc", "pw", "postgres", TlsMode.REQUIRE),
    ),
    "aiven": (
        "postgres://avnadmin:AVNS_x@pg-1-me.a.aivencloud.com:12691/defaultdb?sslmode=require",
        ("pg-1-me.a.aivencloud.com", 12691, "avnadmin", "AVNS_x", "defaultdb", TlsMode.REQUIRE),
    ),
    "aiven for java": (
        "jdbc:postgresql://pg-1-me.a.aivencloud.com:20132/defaultdb?ssl=require&user=avnadmin&password=p",
        ("pg-1-me.a.aivencloud.com", 20132, "avnadmin", "p", "defaultdb", TlsMode.REQUIRE),
    ),
    "heroku": (
        "postgres://u1:p2@ec2-1-2-3-4.compute-1.amazonaws.com:5432/d3",
        ("ec2-1-2-3-4.compute-1.amazonaws.com", 5432, "u1", "p2", "d3", TlsMode.DISABLE),
    ),
    "azure's keywords": (
        (
            "host=me.postgres.database.azure.com port=5432 dbname=hsi user=adm password='a b\\'c' "
            "sslmode=require"
        ),
        ("me.postgres.database.azure.com", 5432, "adm", "a b'c", "hsi", TlsMode.REQUIRE),
    ),
    "azure, single server": (
        "postgres://adm@me:pw@me.postgres.database.azure.com:5432/hsi?ssl=true",
        ("me.postgres.database.azure.com", 5432, "adm@me", "pw", "hsi", TlsMode.VERIFY_FULL),
    ),
    "azure for java": (
        "jdbc:postgresql://me.postgres.database.azure.com:5432/hsi?user=adm@me&password=p&sslmode=require",
        ("me.postgres.database.azure.com", 5432, "adm@me", "p", "hsi", TlsMode.REQUIRE),
    ),
    "rds": (
        "postgresql+asyncpg://postgres:Secret!1@hsi.abc.eu-west-1.rds.amazonaws.com:5432/hsi",
        (
            "hsi.abc.eu-west-1.rds.amazonaws.com",
            5432,
            "postgres",
            "Secret!1",
            "hsi",
            TlsMode.DISABLE,
        ),
    ),
    "digitalocean": (
        (
            "postgresql://doadmin:AVNS_y@db-1-do-user-1-0.c.db.ondigitalocean.com:25060/defaultdb"
            "?sslmode=no-verify"
        ),
        (
            "db-1-do-user-1-0.c.db.ondigitalocean.com",
            *(25060, "doadmin", "AVNS_y", "defaultdb", TlsMode.REQUIRE),
        ),
    ),
    "timescale": (
        "postgres://tsdbadmin:pw@a1.b2.tsdb.cloud.timescale.com:34408/tsdb?sslmode=require",
        ("a1.b2.tsdb.cloud.timescale.com", 34408, "tsdbadmin", "pw", "tsdb", TlsMode.REQUIRE),
    ),
    "crunchy": (
        "postgres://application:pw@p.abc.db.postgresbridge.com:5432/postgres?sslmode=verify-full",
        ("p.abc.db.postgresbridge.com", 5432, "application", "pw", "postgres", TlsMode.VERIFY_FULL),
    ),
    "render": (
        "postgresql://me:pw@dpg-abc-a.frankfurt-postgres.render.com/hsi_x1",
        ("dpg-abc-a.frankfurt-postgres.render.com", 5432, "me", "pw", "hsi_x1", TlsMode.DISABLE),
    ),
    "railway": (
        "postgresql://postgres:pw@junction.proxy.rlwy.net:43522/railway",
        ("junction.proxy.rlwy.net", 43522, "postgres", "pw", "railway", TlsMode.DISABLE),
    ),
    "cockroach": (
        (
            "postgresql://me:pw@free-tier.gcp.cockroachlabs.cloud:26257/defaultdb?sslmode=verify-full"
            "&options=--cluster%3Dvalid-baboon-3069"
        ),
        ("free-tier.gcp.cockroachlabs.cloud", 26257, "me", "pw", "defaultdb", TlsMode.VERIFY_FULL),
    ),
    "scaleway": (
        "postgresql://me:pw@x.pg.sdb.fr-par.scw.cloud:5432/hsi?sslmode=verify-full&sslrootcert=system",
        ("x.pg.sdb.fr-par.scw.cloud", 5432, "me", "pw", "hsi", TlsMode.VERIFY_FULL),
    ),
    "home assistant's recorder": (
        "postgresql://ha:pw@core-postgres/hsi?keepalives=1&keepalives_idle=30",
        ("core-postgres", 5432, "ha", "pw", "hsi", TlsMode.DISABLE),
    ),
    "without a port, a password or a name": (
        "postgres://ha@core-postgres",
        ("core-postgres", 5432, "ha", None, "", TlsMode.DISABLE),
    ),
    "an address of IPv6": (
        "postgresql://ha:pw@[fd00::2]:5433/hsi",
        ("fd00::2", 5433, "ha", "pw", "hsi", TlsMode.DISABLE),
    ),
    "a socket": (
        "postgresql://ha@%2Fvar%2Frun%2Fpostgresql/hsi",
        ("/var/run/postgresql", 5432, "ha", None, "hsi", TlsMode.DISABLE),
    ),
    "a socket as a parameter": (
        "postgresql://ha@/hsi?host=/var/run/postgresql&port=5433",
        ("/var/run/postgresql", 5433, "ha", None, "hsi", TlsMode.DISABLE),
    ),
}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_address_of_a_provider(provider: str) -> None:
    text, (host, port, user, password, database, mode) = PROVIDERS[provider]
    address = read_address(f" {text}\n")
    assert address.hosts == ((host, port),)
    assert (address.user, address.password) == (user, password)
    assert (address.database, address.tls.mode) == (database, mode)


@pytest.mark.parametrize(
    ("password", "written"),
    [
        ("p@ss/word?#", "p%40ss%2Fword%3F%23"),
        ("p@ss", "p@ss"),  # as people paste it
        ("a#b/c", "a#b/c"),
        ("who?me", "who?me"),
        ("1+1 =2", "1+1%20=2"),
        ("100%", "100%"),
    ],
)
def test_passwords(password: str, written: str) -> None:
    address = read_address(f"postgresql://hsi:{written}@db:5433/hsi?sslmode=require")
    assert (address.user, address.password) == ("hsi", password)
    assert address.hosts == (("db", 5433),)
    assert address.tls == Tls(mode=TlsMode.REQUIRE)


@pytest.mark.parametrize(
    "spelling", ["postgres", "postgresql", "PostgreSQL", "postgresql+asyncpg", "postgresql+psycopg"]
)
def test_all_spellings_of_the_scheme_are_accepted(spelling: str) -> None:
    assert read_address(f"{spelling}://u:p@db/hsi") == read_address("postgresql://u:p@db/hsi")


def test_several_hosts() -> None:
    address = read_address("postgresql://u:p@h1:5432,h2:5433/hsi?target_session_attrs=read-write")
    assert address.hosts == (("h1", 5432), ("h2", 5433))
    assert address.target_session_attrs == "read-write"
    assert read_address("host=h1,h2 dbname=hsi port=5433").hosts == (("h1", 5433), ("h2", 5433))


def test_settings_of_the_server() -> None:
    query = "application_name=cameras&connect_timeout=3&options=-c%20work_mem%3D8MB"
    address = read_address(f"postgresql://u:p@db/hsi?{query}")
    assert address.server_settings == {"application_name": "cameras", "options": "-c work_mem=8MB"}
    assert address.connect_timeout == 3.0
    java = read_address("jdbc:postgresql://db/hsi?ApplicationName=me&currentSchema=public")
    assert java.server_settings == {"application_name": "me"}
    assert read_address("postgresql://u:p@db/hsi?connect_timeout=0").connect_timeout == 10.0


def test_the_files_of_tls() -> None:
    query = "sslmode=verify-ca&sslrootcert=/ca.pem&sslcert=/me.crt&sslkey=~/me.key&sslcrl=/x.crl"
    tls = read_address(f"postgresql://u:p@db/hsi?{query}").tls
    assert tls.mode is TlsMode.VERIFY_CA
    assert (tls.root_certificate, tls.certificate) == (Path("/ca.pem"), Path("/me.crt"))
    assert (tls.key, tls.revocation_list) == (Path("~/me.key").expanduser(), Path("/x.crl"))


@pytest.mark.parametrize(
    ("query", "pooler"),
    [
        ("", None),
        ("pgbouncer=true", True),
        ("pgbouncer=1", True),
        ("pgbouncer=false", False),
        ("pool_mode=transaction", True),
        ("pool_mode=session", None),
        ("prepareThreshold=0", True),
        ("statement_cache_size=0", True),
        ("statement_cache_size=100", None),
    ],
)
def test_a_pooler(query: str, pooler: bool | None) -> None:
    assert read_address(f"postgresql://u:p@db/hsi?{query}").pooler is pooler


@pytest.mark.parametrize(
    "query",
    [
        "channel_binding=prefer&gssencmode=disable&client_encoding=UTF8",
        "keepalives=1&keepalives_idle=30&keepalives_interval=10&keepalives_count=3",
        "schema=public&socket_timeout=5&uselibpqcompat=true",
        "sslmode=&sslrootcert=&connect_timeout=",
    ],
)
def test_parameters_without_effect_are_accepted(query: str) -> None:
    assert read_address(f"postgresql://u@db/hsi?{query}") == read_address("postgresql://u@db/hsi")


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("service=home", "service"),
        ("require_auth=scram-sha-256", "require_auth"),
        ("gssencmode=require", "gssencmode"),
        ("client_encoding=latin1", "client_encoding"),
        ("replication=database", "replication"),
        ("sslmode=secret", "sslmode"),
        ("sslmode=prefer&sslnegotiation=direct", "sslnegotiation"),
        ("connect_timeout=secret", "connect_timeout"),
        ("target_session_attrs=secret", "target_session_attrs"),
        ("pgbouncer=secret", "pgbouncer"),
        ("hostaddr=192.0.2.1", "hostaddr"),
        ("no_such=secret", "no_such"),
    ],
)
def test_what_is_not_supported_is_named(query: str, name: str) -> None:
    with pytest.raises(StoreParameterError, match=name) as caught:
        read_address(f"postgresql://u:secret@db/hsi?{query}")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "secret",
        "mysql://hsi:secret@host/hsi",
        "Server=db;Database=hsi;User Id=me;Password=secret;",
        "postgresql://hsi:secret@host:port/hsi",
        "postgresql://hsi:secret@host:70000/hsi",
        "postgresql://hsi:secret@a..host/hsi",
        "postgresql://hsi:secret@a,b:1:2/hsi",
        "postgresql://hsi:secret@/hsi",
        "host=db password='secret",
    ],
)
def test_what_is_no_address_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(StoreError) as caught:
        read_address(text)
    assert isinstance(caught.value, StoreUnreachableError | StoreParameterError)
    assert "secret" not in str(caught.value)


def test_no_secret_is_shown() -> None:
    address: DatabaseAddress = read_address("postgresql://u:secret@db/hsi?sslpassword=secret")
    assert "secret" not in repr(address)
