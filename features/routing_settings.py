"""Settings of routing: `[routing]`, which rep gets which lead."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from features.sections import Section

RoutedStage = Literal["mql", "sal", "sql"]
Capacity = Annotated[int, Field(ge=0, le=10_000)]


class RoutingSettings(Section):
    """`[routing]`: which rep gets a lead, by owner, account, territory, skill, load, and in turn; needs `reps`."""

    reps: tuple[str, ...] = Field((), description="who gets leads, by name", examples=[["anna", "ben"]])
    stages: tuple[RoutedStage, ...] = Field(("sql",), description="stages whose leads are routed", min_length=1)
    territory: str = Field("country", description="attribute of leads or accounts that territories are values of")
    territories: dict[str, tuple[str, ...]] = Field(
        {},
        description="rep = territories; a rep without an entry works everywhere nobody is named for",
        examples=[{"anna": ["DE", "AT"], "ben": ["DK"]}],
    )
    skill: str = Field("industry", description="attribute of leads or accounts that skills are values of")
    skills: dict[str, tuple[str, ...]] = Field(
        {},
        description="rep = skills; who has the lead's goes before who has none named, and before others",
        examples=[{"anna": ["energy"]}],
    )
    capacity: Capacity = Field(20, description="leads that a rep can work at the same time")
    capacities: dict[str, Capacity] = Field({}, description="rep = own capacity; 0: away", examples=[{"ben": 10}])
    keep_owner: bool = Field(True, description="a lead whose owner is one of the reps stays with that rep")
    keep_account: bool = Field(True, description="leads of one account go to the same rep while there is room")

    @model_validator(mode="after")
    def _known_reps(self) -> Self:
        if len(set(self.reps)) < len(self.reps):
            raise ValueError("reps: expected each name once")
        for key in ("territories", "skills", "capacities"):
            for name in getattr(self, key):
                if self.reps and name not in self.reps:
                    raise ValueError(f"{key}: {name!r} is not among reps = {list(self.reps)}")
        return self

    def capacity_of(self, rep: str) -> int:
        """Leads that a rep can work at the same time."""
        return self.capacities.get(rep, self.capacity)
