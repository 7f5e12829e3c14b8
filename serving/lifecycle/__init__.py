"""What happens to a lead after it is scored: stages, service levels, hand-over."""
