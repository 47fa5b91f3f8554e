"""Every view of the app and of the pages beside it: the one list that looks, axe and pictures go through."""

from __future__ import annotations

from browser.views import console, conversation, dialogs, door, panels, served, settings
from browser.views.walk import View

__all__ = ["DOOR", "INSIDE", "SERVED", "VIEWS"]

DOOR: tuple[View, ...] = door.WAY.views
"""What somebody without a login sees of the app."""

INSIDE: tuple[tuple[View, ...], ...] = (
    (*conversation.WAY.views, *panels.WAY.views),
    (*dialogs.WAY.views, *settings.WAY.views),
    console.WAY.views,
)
"""What an administrator sees, parted so that no walk is long."""

SERVED: tuple[View, ...] = served.WAY.views
"""The pages of the authorization server, which need no script."""

VIEWS: tuple[View, ...] = (*DOOR, *(view for part in INSIDE for view in part), *SERVED)
