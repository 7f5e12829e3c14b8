"""All routers of the pages."""

from fastapi import APIRouter

from serving.web.pages import (
    accounts,
    acts,
    deliveries,
    disagreements,
    handover,
    insight,
    lead,
    preferences,
    similar,
    what_if,
    worklist,
)

PAGES: tuple[APIRouter, ...] = (
    preferences.router,
    worklist.router,
    disagreements.router,
    accounts.router,
    insight.router,
    lead.router,
    acts.router,
    handover.router,
    what_if.router,
    similar.router,
    deliveries.router,
)
