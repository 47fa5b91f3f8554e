"""What opens over everything."""

from __future__ import annotations

from browser.views.walk import Walk, Way

WAY = Way()


@WAY.view("jumping", "CommandPalette")
def palette(walk: Walk) -> None:
    walk.talk()
    walk.page.keyboard.press("Control+k")
    walk.dialog().get_by_role("combobox").fill("a")


@WAY.view("shortcuts", "ShortcutsDialog")
def shortcuts(walk: Walk) -> None:
    walk.talk()
    walk.page.keyboard.press("Control+/")
    walk.dialog()


@WAY.view("a new private chat", "CreateDialog")
def create(walk: Walk) -> None:
    walk.talk()
    walk.button("New conversation").click()
    walk.dialog().get_by_role("combobox").fill("o")
    walk.page.get_by_role("option").first.wait_for()


@WAY.view("a new group")
def create_group(walk: Walk) -> None:
    walk.talk()
    walk.button("New conversation").click()
    walk.dialog().get_by_text("Group", exact=True).click()


@WAY.view("channels", "ChannelsDialog")
def channels(walk: Walk) -> None:
    walk.talk()
    walk.button("Browse channels").click()
    walk.dialog().get_by_text("general").first.wait_for()


@WAY.view("a person", "ProfileDialog")
def profile(walk: Walk) -> None:
    walk.talk()
    walk.page.locator("main article").get_by_role("button", name="Mira Okafor").first.click()
    walk.dialog()


@WAY.view("the name and group of a contact")
def arranged(walk: Walk) -> None:
    profile(walk)
    walk.button("More about Mira Okafor").click()
    walk.item("Name and group")
    walk.page.get_by_label("What you call them").wait_for()


@WAY.view("a question", "ConfirmDialog")
def confirm(walk: Walk) -> None:
    walk.talk()
    walk.acts("My better answer")
    walk.item("Recall for everybody")
    walk.dialog()


@WAY.view("earlier versions", "VersionsDialog")
def versions(walk: Walk) -> None:
    walk.talk()
    walk.acts("My better answer")
    walk.item("Earlier versions")
    walk.dialog().get_by_text("My answer").wait_for()


@WAY.view("forwarding", "ForwardDialog")
def forward(walk: Walk) -> None:
    walk.talk()
    walk.acts("Good morrow")
    walk.item("Forward …")
    walk.dialog().get_by_role("button").nth(1).wait_for()


@WAY.view("a report", "ReportDialog")
def report(walk: Walk) -> None:
    walk.talk()
    walk.acts("Good morrow")
    walk.item("Report …")
    walk.dialog()


@WAY.view("a folder", "FolderDialog")
def folder(walk: Walk) -> None:
    walk.talk()
    walk.page.locator("nav a").first.hover()
    walk.page.get_by_role("button", name="Actions for").first.click()
    walk.item("Folder")
    walk.item("New folder")
    walk.page.get_by_label("Name of the folder").fill("Montague")


@WAY.view("adding people", "AddMembersDialog")
def add(walk: Walk) -> None:
    walk.talk("group", "?panel=info")
    walk.button("Add people").click()
    walk.dialog()


@WAY.view("logging out", "LogOutDialog")
def log_out(walk: Walk) -> None:
    walk.talk()
    walk.page.get_by_role("button", name="Your menu").click()
    walk.item("Log out")
    walk.dialog()


@WAY.view("a reminder", "RemindDialog")
def remind(walk: Walk) -> None:
    walk.talk()
    walk.acts("Good morrow")
    walk.item("Remind me …")
    walk.dialog()
