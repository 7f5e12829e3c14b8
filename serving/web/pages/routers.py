"""All routers of the pages."""

from fastapi import APIRouter

from serving.web.pages import deliveries, handover, lead, preferences, what_if, worklist

PAGES: tuple[APIRouter, ...] = (
    preferences.router,
    worklist.router,
    lead.router,
    handover.router,
    what_if.router,
    deliveries.router,
)
