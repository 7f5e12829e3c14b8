"""Settings of the buying team: `[team]`."""

from typing import Annotated

from pydantic import Field

from features.sections import PositiveDays, Section
from features.titles import Role

Wanted = Annotated[int, Field(ge=1, le=50)]


class TeamSettings(Section):
    """`[team]`: the buying team that a deal usually takes: roles, read from job titles, and how many people of each."""

    roles: dict[Role, Wanted] = Field(
        {"purchaser": 1, "specialist": 1, "team_lead": 1, "production_manager": 1, "management": 1},
        description="role = people wanted; roles are purchaser, specialist, team_lead, production_manager, management",
        min_length=1,
    )
    active_days: PositiveDays = Field(90, description="a colleague with an interaction in so many days is active")
