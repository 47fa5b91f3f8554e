"""The console of administrators."""

from __future__ import annotations

from browser.views.walk import Walk, Way

WAY = Way()


@WAY.view("overview", "AdminView", "route:admin", "console:overview")
def overview(walk: Walk) -> None:
    walk.console("overview").get_by_text("answers you").wait_for()


@WAY.view("the people of a place", "console:people")
def people(walk: Walk) -> None:
    walk.console("people").get_by_text("林晓雨").wait_for()


@WAY.view("people who wait")
def waiting(walk: Walk) -> None:
    walk.button("Waiting", walk.console("people"), exact=False).click()


@WAY.view("invitation codes")
def invitations(walk: Walk) -> None:
    walk.button("Invitation codes", walk.console("people")).click()
    walk.page.get_by_text("For the Montagues").wait_for()


@WAY.view("one person")
def person(walk: Walk) -> None:
    walk.console(f"people/{walk.made['long']}")
    walk.button("Ban …").wait_for()


@WAY.view("banning", "BanDialog")
def ban(walk: Walk) -> None:
    person(walk)
    walk.button("Ban …").click()
    walk.dialog()


@WAY.view("a secret that is shown once", "SecretDialog")
def secret(walk: Walk) -> None:
    person(walk)
    walk.button("Make a link").click()
    walk.dialog()


@WAY.view("roles", "console:roles")
def roles(walk: Walk) -> None:
    walk.console("roles").get_by_text("Archivist").wait_for()


@WAY.view("a new role", "RoleDialog")
def role(walk: Walk) -> None:
    walk.button("New role", walk.console("roles")).click()
    walk.dialog()


@WAY.view("reports", "console:reports")
def reports(walk: Walk) -> None:
    walk.button("Decide …", walk.console("reports")).wait_for()


@WAY.view("a decision", "ResolveDialog")
def resolve(walk: Walk) -> None:
    walk.button("Decide …", walk.console("reports")).click()
    walk.dialog()


@WAY.view("messages that are held")
def held(walk: Walk) -> None:
    walk.button("Held messages", walk.console("reports")).click()


@WAY.view("word filters", "console:words")
def words(walk: Walk) -> None:
    walk.console("words").get_by_text("plague*").first.wait_for()


@WAY.view("live settings", "console:settings")
def live_settings(walk: Walk) -> None:
    walk.button("Back to the default", walk.console("settings")).wait_for()


@WAY.view("the history of settings")
def history(walk: Walk) -> None:
    walk.button("History", walk.console("settings")).click()
    walk.page.get_by_text("Version 1").first.wait_for()


@WAY.view("apps and bots", "console:clients")
def clients(walk: Walk) -> None:
    walk.console("clients").get_by_text("Wiki").first.wait_for()


@WAY.view("a new app", "ClientDialog")
def client(walk: Walk) -> None:
    walk.button("New app", walk.console("clients")).click()
    walk.dialog()


@WAY.view("emoji of a place", "console:emoji")
def emoji(walk: Walk) -> None:
    walk.console("emoji")


@WAY.view("legal holds", "console:holds")
def holds(walk: Walk) -> None:
    walk.console("holds").get_by_text("Capulet v. Montague").wait_for()


@WAY.view("a new hold", "HoldDialog")
def hold(walk: Walk) -> None:
    walk.button("Open a hold", walk.console("holds")).click()
    walk.dialog()


@WAY.view("the audit log", "console:audit")
def audit(walk: Walk) -> None:
    walk.console("audit").locator("li").first.wait_for()


@WAY.view("announcements", "console:announce")
def announce(walk: Walk) -> None:
    walk.console("announce")
