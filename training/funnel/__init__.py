"""The funnel: stages that leads reached, how often and how fast they go on, what that costs, and what is to come."""
