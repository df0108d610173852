"""Storing the rules' verdicts on many events at once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
import json
from uuid import UUID

from sqlalchemy import Integer, SmallInteger, Text, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from ..domain.context import Elsewhere, HomeEvent
from ..domain.models import RiskFactor, RiskLevel, SecurityEvent
from ..domain.updates import EventPhase
from .arrays import unnest
from .contexts import evidence_json
from .rows import event_of
from .tables import events

_COLUMNS = {
    "id": Uuid,
    "provisional_score": SmallInteger,
    "band_low": SmallInteger,
    "band_high": SmallInteger,
    "risk_score": SmallInteger,
    "risk_level": Text,
    "highest_level": Text,
    "factors": Text,
    "narrative": Text,
    "judged_images": Integer,
    "incident_id": Uuid,
    "incident_level": Text,
    "evidence": Text,
    "phases": Text,  # separated by commas
}
# The time of a phase is the database's: a gap in notifications is measured by it.
_STORE = (
    text(
        f"""
    UPDATE hsi.events
    SET provisional_score = one.provisional_score, band_low = one.band_low,
        band_high = one.band_high, risk_score = one.risk_score, risk_level = one.risk_level,
        highest_level = one.highest_level, factors = one.factors::jsonb,
        narrative = one.narrative, judged_images = one.judged_images,
        incident_id = one.incident_id, incident_level = one.incident_level,
        context = events.context || one.evidence::jsonb,
        phases = events.phases || (
            SELECT coalesce(jsonb_object_agg(phase, now()), '{{}}')
            FROM unnest(string_to_array(one.phases, ',')) AS phase
        ),
        settled_at = CASE one.phases WHEN '' THEN events.settled_at ELSE now() END
    FROM {unnest(_COLUMNS)} AS one ({", ".join(_COLUMNS)})
    WHERE events.id = one.id
    RETURNING {", ".join(f"events.{column.name}" for column in events.c)}
    """  # noqa: S608 - of column names in the code
    )
    .bindparams(*(bindparam(name, type_=ARRAY(kind)) for name, kind in _COLUMNS.items()))
    .columns(*events.c)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVerdict:
    """The verdict on an event, and the phases that it is published with."""

    event_id: UUID
    provisional_score: int
    llm_range: tuple[int, int]
    risk_score: int
    risk_level: RiskLevel
    highest_level: RiskLevel
    factors: Sequence[RiskFactor]
    narrative: str
    judged_images: int
    incident_id: UUID
    incident_level: RiskLevel
    elsewhere: Sequence[Elsewhere]
    home_events: Sequence[HomeEvent]
    phases: Collection[EventPhase]


async def store(
    connection: AsyncConnection, verdicts: Sequence[StoredVerdict]
) -> Mapping[UUID, SecurityEvent]:
    """Store verdicts; return the events as they are stored."""
    rows = await connection.execute(
        _STORE,
        {
            "id": [one.event_id for one in verdicts],
            "provisional_score": [one.provisional_score for one in verdicts],
            "band_low": [one.llm_range[0] for one in verdicts],
            "band_high": [one.llm_range[1] for one in verdicts],
            "risk_score": [one.risk_score for one in verdicts],
            "risk_level": [one.risk_level.value for one in verdicts],
            "highest_level": [one.highest_level.value for one in verdicts],
            "factors": [json.dumps([asdict(each) for each in one.factors]) for one in verdicts],
            "narrative": [one.narrative for one in verdicts],
            "judged_images": [one.judged_images for one in verdicts],
            "incident_id": [one.incident_id for one in verdicts],
            "incident_level": [one.incident_level.value for one in verdicts],
            "evidence": [
                json.dumps(evidence_json(one.elsewhere, one.home_events)) for one in verdicts
            ],
            "phases": [
                ",".join(each.value for each in one.phases if each is not EventPhase.UPDATED)
                for one in verdicts
            ],
        },
    )
    return {row["id"]: event_of(row) for row in rows.mappings()}
