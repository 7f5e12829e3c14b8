"""Words for attributes, criteria and groups, in English messages; what is not listed is the customer's own word."""

from collections.abc import Mapping

from serving.language.translations import msg

ATTRIBUTES: Mapping[str, str] = {
    "source": msg("source"),
    "channel": msg("channel"),
    "medium": msg("medium"),
    "campaign": msg("campaign"),
    "seniority": msg("seniority"),
    "department": msg("department"),
    "function": msg("function"),
    "role": msg("role"),
    "job_title": msg("job title"),
    "consent": msg("consent"),
    "newsletter": msg("newsletter"),
    "lifecycle_stage": msg("lifecycle stage"),
    "rating": msg("rating"),
    "product": msg("product"),
    "product_interest": msg("product interest"),
    "industry": msg("industry"),
    "segment": msg("segment"),
    "country": msg("country"),
    "region": msg("region"),
    "state": msg("state"),
    "city": msg("city"),
    "language": msg("language"),
    "employees": msg("employees"),
    "company_size": msg("company size"),
    "revenue": msg("revenue"),
    "annual_revenue": msg("annual revenue"),
    "currency": msg("currency"),
    "website": msg("website"),
    "email": msg("e-mail"),
    "phone": msg("phone"),
    "age": msg("age"),
    "gender": msg("gender"),
}
OF_COMPANIES = frozenset({"industry", "segment", "employees", "company_size", "revenue", "annual_revenue", "website"})
"""Attributes that nobody takes for the person's: of a company, they need no "(company)"."""
CRITERIA: Mapping[str, str] = {
    "budget": msg("budget"),
    "authority": msg("authority"),
    "need": msg("need"),
    "timing": msg("timing"),
    "timeline": msg("timeline"),
    "challenges": msg("challenges"),
    "money": msg("money"),
    "prioritization": msg("priority"),
    "metrics": msg("metrics"),
    "economic_buyer": msg("economic buyer"),
    "decision_criteria": msg("decision criteria"),
    "decision_process": msg("decision process"),
    "paper_process": msg("paper process"),
    "pain": msg("pain"),
    "champion": msg("champion"),
    "competition": msg("competition"),
}
GROUPS: Mapping[str, str] = {
    "Start": msg("Starting point"),
    "Interest": msg("Interest"),
    "Timing": msg("Timing"),
    "Fit": msg("Fit"),
    "Buying team": msg("Buying team"),
    "Qualification": msg("Qualification"),
    "Source": msg("Source"),
    "Data quality": msg("Data quality"),
    "Other": msg("Everything else"),
}
