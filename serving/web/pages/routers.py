"""All routers of the pages; they are asked in this order, so those of the pages that are read most come first."""

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
    worklist.router,
    lead.router,
    preferences.router,
    disagreements.router,
    accounts.router,
    insight.router,
    acts.router,
    handover.router,
    what_if.router,
    similar.router,
    deliveries.router,
)
