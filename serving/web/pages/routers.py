"""All routers of the pages."""

from fastapi import APIRouter

from serving.web.pages import deliveries, lead, preferences, worklist

PAGES: tuple[APIRouter, ...] = (preferences.router, worklist.router, lead.router, deliveries.router)
