"""The public data sets as they come: project files that exclude no leak, and what the audit must name on each.

`expected` are places (column, kind or rows) that must be named, `fair` ones that may be: they are traps too, or follow
from one. Anything else is a false suspect.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ASYMMETRIQUE = tuple(f"Asymmetrique {of} {what}" for of in ("Activity", "Profile") for what in ("Index", "Score"))
OLIST_DEAL_COLUMNS = (
    "seller_id sdr_id sr_id won_date business_segment lead_type lead_behaviour_profile has_company has_gtin "
    "average_stock business_type declared_product_catalog_size declared_monthly_revenue"
)


@dataclass(frozen=True, slots=True)
class Raw:
    """A project file without its excludes, and the names that the audit must and may give."""

    toml: str
    expected: frozenset[str]
    fair: frozenset[str] = frozenset()


def write_raw(name: str, directory: Path) -> Path:
    """The raw project `name` written into `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "ripelead.toml").write_text(RAW[name].toml, encoding="utf-8")
    return directory


RAW: Mapping[str, Raw] = {
    "x_education": Raw(
        """
[project]
name = "X Education, raw"
[tables.leads]
file = "${RIPELEAD_REAL_DATA}/xeducation_leads.csv.gz"
columns = { lead_id = "Prospect ID", source = "Lead Source" }
missing = ["Select"]
[label]
column = "Converted"
[folds]
kind = "rows"
order_by = "Lead Number"
""",
        frozenset({"Tags", "Lead Quality", "Lead Profile", "Last Activity", "Last Notable Activity", *ASYMMETRIQUE}),
    ),
    "bank_marketing": Raw(
        """
[project]
name = "Bank Marketing, raw"
[tables.leads]
sql = '''
select row_number() over () as lead_id, *
from read_csv('${RIPELEAD_REAL_DATA}/bank_additional_full.csv.gz', delim = ';', header = true)
'''
[label]
column = "y"
[folds]
kind = "random"
""",
        frozenset({"duration"}),
        # In date order, from 2.8 % to 46 %.
        frozenset({"order of rows"}),
    ),
    "online_shoppers": Raw(
        """
[project]
name = "Online Shoppers, raw"
[tables.leads]
sql = '''
select row_number() over () as lead_id, *
from read_csv('${RIPELEAD_REAL_DATA}/online_shoppers.csv.gz', header = true)
'''
[label]
column = "Revenue"
[folds]
kind = "random"
""",
        frozenset({"PageValues"}),
    ),
    "salvirt": Raw(
        """
[project]
name = "Salvirt, raw"
[tables.leads]
sql = '''
select row_number() over () as lead_id, *
from read_csv('${RIPELEAD_REAL_DATA}/salvirt_b2b.csv.gz', delim = ';', header = true)
'''
columns = { source = "Source" }
missing = ["Unknown"]
[label]
column = "Status"
[folds]
kind = "random"
folds = 10
""",
        frozenset({"identical rows"}),
    ),
    "olist": Raw(
        """
[project]
name = "Olist, raw"
timezone = "America/Sao_Paulo"
data_end = "2018-11-15T00:00:00Z"
[tables.leads]
sql = '''
select mql_id as lead_id, first_contact_date as created_at, origin as source, landing_page_id,
    closed.* exclude (mql_id)
from read_csv('${RIPELEAD_REAL_DATA}/olist_mql.csv.gz', header = true) as leads
left join read_csv('${RIPELEAD_REAL_DATA}/olist_closed_deals.csv.gz', header = true) as closed using (mql_id)
'''
[tables.deals]
sql = '''
select mql_id as lead_id, won_date::timestamp at time zone 'UTC' as closed_at, 'won' as status
from read_csv('${RIPELEAD_REAL_DATA}/olist_closed_deals.csv.gz', header = true)
'''
[snapshots]
ages_days = [0]
[label]
horizon_days = 30
[folds]
kind = "time"
holdout_from = "2018-04-01T03:00:00Z"
gap_days = 0
""",
        frozenset(OLIST_DEAL_COLUMNS.split()),
    ),
    "maven": Raw(
        """
[project]
name = "Maven, raw"
timezone = "UTC"
[tables.leads]
sql = '''
select opportunity_id as lead_id, engage_date as created_at, product, sales_agent, account, close_date, close_value,
    case when deal_stage in ('Won', 'Lost') then deal_stage end as outcome
from read_csv('${RIPELEAD_REAL_DATA}/maven_sales_pipeline.csv.gz', header = true)
where engage_date is not null
'''
[label]
column = "outcome"
[folds]
kind = "time"
""",
        frozenset({"close_value"}),
        frozenset({"close_date"}),
    ),
}
