"""All routes of the API."""

from fastapi import APIRouter

from serving.web.api import interactions, score

API: tuple[APIRouter, ...] = (score.router, interactions.router)
