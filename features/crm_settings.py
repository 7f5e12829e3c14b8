"""Settings of CRMs that scores are handed to: `[crm.hubspot]`, `[crm.salesforce]`, `[crm.dynamics]`."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from features.sections import SecretName, Section

CrmField = Literal[
    "score",
    "propensity",
    "band",
    "sales_qualified",
    "stage",
    "bant_met",
    "bant_qualified",
    "expected_close",
    "reasons",
    "owner",
    "as_of",
    "model_version",
]
HubSpotName = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,99}$")]
ApiName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)?$", max_length=100)]
Url = Annotated[str, Field(pattern=r"^(https?://|\$\{[A-Za-z_]\w*\})\S*$")]
WRITTEN = (
    "score, propensity, band, sales_qualified, stage, bant_met, bant_qualified, expected_close, reasons, owner, as_of "
    "or model_version = "
)
OWNERS = "rep = id of that user in the CRM; leads of others keep the owner they have there"
ID_COLUMN = "column of leads that holds the CRM's id of the lead"


def _each_once(fields: dict[CrmField, str], taken: str) -> None:
    names = [taken, *fields.values()]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"fields: {name!r} is written twice; expected each field once")


class HubSpotSettings(Section):
    """`[crm.hubspot]`: contacts of HubSpot, by import file or by its API."""

    id_column: str = Field("lead_id", description=ID_COLUMN)
    id_property: HubSpotName | None = Field(
        None,
        description="unique property that id_column holds: contacts are upserted by it, unknown ones are made; "
        "default: the Record ID, by which contacts are only updated",
        examples=["email"],
    )
    fields: dict[CrmField, HubSpotName] = Field(
        {
            "score": "ripelead_score",
            "propensity": "ripelead_propensity",
            "band": "ripelead_band",
            "sales_qualified": "ripelead_sales_qualified",
            "reasons": "ripelead_reasons",
            "as_of": "ripelead_scored_at",
        },
        description=f"{WRITTEN}property that it is written to",
        min_length=1,
    )
    owners: dict[str, str] = Field({}, description=OWNERS, examples=[{"anna": "41629779"}])
    token: SecretName = Field("${HUBSPOT_TOKEN}", description="variable with the token of a private app")
    url: Url = Field("https://api.hubapi.com", description="where the API is")

    @model_validator(mode="after")
    def _names(self) -> Self:
        _each_once(dict(self.fields), self.id_property or "Record ID")
        return self


class SalesforceSettings(Section):
    """`[crm.salesforce]`: records of Salesforce, by import file or by its API."""

    object: ApiName = Field("Lead", description="API name of the object")
    id_column: str = Field("lead_id", description=ID_COLUMN)
    external_id: ApiName = Field(
        "Id", description="field that id_column holds: Id only updates, an external id also makes unknown records"
    )
    fields: dict[CrmField, ApiName] = Field(
        {
            "score": "Ripelead_Score__c",
            "propensity": "Ripelead_Propensity__c",
            "band": "Ripelead_Band__c",
            "sales_qualified": "Ripelead_Sales_Qualified__c",
            "reasons": "Ripelead_Reasons__c",
            "as_of": "Ripelead_Scored_At__c",
        },
        description=f"{WRITTEN}API name of the field that it is written to",
        min_length=1,
    )
    owners: dict[str, str] = Field({}, description=OWNERS, examples=[{"anna": "0055g00000ABCDE"}])
    url: Url = Field(
        "${SALESFORCE_URL}", description="address of the organisation, such as https://acme.my.salesforce.com"
    )
    client_id: SecretName = Field("${SALESFORCE_CLIENT_ID}", description="variable with the key of the connected app")
    client_secret: SecretName = Field("${SALESFORCE_CLIENT_SECRET}", description="variable with its secret")
    refresh_token: SecretName | None = Field(
        None,
        description="variable with a refresh token; default: the client credentials flow",
        examples=["${SALESFORCE_REFRESH_TOKEN}"],
    )
    api_version: str = Field("60.0", description="version of the API", pattern=r"^[4-9]\d\.0$|^1\d\d\.0$")
    wait_minutes: float = Field(30.0, description="how long a job may take; then its leads wait for another run", gt=0)

    @model_validator(mode="after")
    def _names(self) -> Self:
        _each_once(dict(self.fields), self.external_id)
        return self


class DynamicsSettings(Section):
    """`[crm.dynamics]`: predictive scores of Dynamics 365 Sales (`msdyn_predictivescores`), as a file."""

    id_column: str = Field("lead_id", description=ID_COLUMN)
    entity_type: Literal["lead", "opportunity"] = Field("lead", description="what the scores are about")
    form: Literal["records", "upsert_multiple"] = Field(
        "records",
        description="records: one JSON list of records; upsert_multiple: a line for each request to UpsertMultiple",
    )
    targets: int = Field(100, description="records in one request to UpsertMultiple", ge=1, le=1000)
    grades: dict[str, Literal[0, 1, 2, 3]] = Field(
        {"A": 0, "B": 1, "C": 2, "D": 3}, description="band = grade: 0 is A, 1 is B, 2 is C, 3 is D"
    )
    trend_points: int = Field(3, description="points up or down from which a score is improving or declining", ge=1)
    fields: dict[CrmField, ApiName] = Field(
        {}, description=f"columns of your own: {WRITTEN}column", examples=[{"propensity": "new_propensity"}]
    )
    owners: dict[str, str] = Field({}, description="rep = what is written as owner", examples=[{"anna": "AB"}])

    @model_validator(mode="after")
    def _own_names(self) -> Self:
        for name in self.fields.values():
            if name.startswith("msdyn_"):
                raise ValueError(f"fields: {name!r} belongs to Dynamics; expected a column of your own")
        _each_once(dict(self.fields), "")
        return self
