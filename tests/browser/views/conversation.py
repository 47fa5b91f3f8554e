"""The list and the conversation, in the states they have."""

from __future__ import annotations

from browser.views.walk import Walk, Way

WAY = Way()


@WAY.view("a conversation", "ChatView", "route:conversation")
def talk(walk: Walk) -> None:
    walk.talk()
    walk.page.get_by_text("My better answer").wait_for()


@WAY.view("the toolbar of a message", "MessageToolbar")
def toolbar(walk: Walk) -> None:
    walk.talk()
    walk.acts("My better answer")
    walk.menu()


@WAY.view("who reacted", "ReactionBar")
def reactions(walk: Walk) -> None:
    walk.talk()
    walk.button("🎉, 2 reactions").hover()
    walk.page.get_by_role("tooltip").first.wait_for()


@WAY.view("emoji", "EmojiButton")
def emoji(walk: Walk) -> None:
    walk.talk()
    walk.page.locator("main footer").get_by_role("button", name="Emoji").first.click()
    walk.page.get_by_label("Search emoji").wait_for()


@WAY.view("emoji that are found")
def emoji_found(walk: Walk) -> None:
    emoji(walk)
    walk.page.get_by_label("Search emoji").fill("sun")


@WAY.view("attaching", "AttachMenu")
def attach(walk: Walk) -> None:
    walk.talk()
    walk.button("Attach").click()
    walk.menu()


@WAY.view("send later", "LaterButton")
def later(walk: Walk) -> None:
    walk.talk()
    walk.page.locator("main textarea").fill("later")
    walk.button("Send later").click()
    walk.button("Tomorrow morning", exact=False).wait_for()


@WAY.view("jump to a date", "ConversationPane", "MessageRow")
def date(walk: Walk) -> None:
    walk.talk()
    walk.page.locator("main textarea").fill("")
    walk.button("Jump to a date").click()
    walk.button("Open").wait_for()


@WAY.view("one's own menu", "SideBar")
def own_menu(walk: Walk) -> None:
    walk.talk()
    walk.page.get_by_role("button", name="Your menu").click()
    walk.menu()


@WAY.view("the menu of a conversation", "ConversationMenu")
def conversation_menu(walk: Walk) -> None:
    walk.talk()
    walk.page.locator("nav a").first.hover()
    walk.page.get_by_role("button", name="Actions for").first.click()
    walk.menu()


@WAY.view("a picture", "ImageViewer")
def picture(walk: Walk) -> None:
    walk.talk()
    walk.page.locator("main article").get_by_role("button", name="Image balcony.png").click()
    walk.dialog()


@WAY.view("quoting, and completing a name", "IconButton")
def completing(walk: Walk) -> None:
    walk.talk()
    box = walk.page.locator("main textarea")
    box.fill("@")
    walk.page.get_by_role("listbox", name="Suggestions").wait_for()


@WAY.view("a long name and an announcement")
def group(walk: Walk) -> None:
    walk.page.locator("main textarea").fill("")
    walk.talk("group")


@WAY.view("a private chat that begins")
def direct(walk: Walk) -> None:
    made = walk.ask("prince", "POST", "/conversations/direct", {"user_id": walk.made["long"]})
    walk.to(f"/c/{made['conversation_id']}")
    walk.page.get_by_text("This is the beginning").wait_for()


@WAY.view("the list alone", "route:home")
def home(walk: Walk) -> None:
    walk.to("/")
    walk.page.locator("nav a").first.wait_for()


@WAY.view("nothing is there", "route:missing")
def missing(walk: Walk) -> None:
    walk.to("/c/00000000000000000000000000000000")
    walk.page.get_by_role("heading", name="There is nothing here").wait_for()


@WAY.view("an invitation", "InviteView", "route:invite")
def invitation(walk: Walk) -> None:
    path = f"/conversations/{walk.made['group']}/invites"
    made = walk.ask("prince", "POST", path, {"approval": True})
    walk.to(f"/join/{made['invite_id']}")
    walk.page.locator("main h1").wait_for()


@WAY.view("an invitation that ended")
def ended(walk: Walk) -> None:
    walk.to("/join/nothing-of-the-kind")
    walk.page.get_by_role("heading", name="This link does not work any more").wait_for()
