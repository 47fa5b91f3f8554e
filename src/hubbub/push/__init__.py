"""Calling people who are away: Web Push to the browsers they asked to be called on."""
