"""All routes of the API."""

from fastapi import APIRouter

from serving.web import metrics
from serving.web.api import decisions, decisions_export, funnel, interactions, leads, score

API: tuple[APIRouter, ...] = (
    score.router,
    interactions.router,
    decisions.router,
    decisions_export.router,
    leads.router,
    funnel.router,
    metrics.router,
)
