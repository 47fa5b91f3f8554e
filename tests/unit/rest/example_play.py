"""The play whose scenes are the examples of the reference pages: every request is made, every answer is a real one.

`python tools/make_examples.py` writes down what it shows; a test plays it again and compares.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from unit.auth.people import PASSWORD
from unit.rest.site import Person, Site

from hubbub.base.ids import GENERAL_CHANNEL

Shown = dict[str, Any]

_ID = re.compile(r"[0-9a-f]{32}")
_EPOCH_MS = 1_600_000_000_000
_FIRST_MS = 1_790_000_000_000


class Play:
    """Everything that was shown, by operation."""

    def __init__(self) -> None:
        self.shown: dict[str, Shown] = {}

    async def show(
        self, operation: str, person: Person, method: str, path: str, body: Any = None, **params: Any
    ) -> Any:
        """Make a request below /api/v1, keep it as the example of an operation, and return the answer's body."""
        answer = await person.ask(method, path, body, params=params)
        assert answer.is_success, (operation, answer.text)
        shown_path = str(answer.request.url.raw_path.decode())
        self.shown[operation] = {"method": method, "path": shown_path, "body": body, "status": answer.status_code}
        said = answer.json() if answer.content else None
        if said is not None:
            self.shown[operation]["answer"] = said
        return said


async def play(site: Site) -> dict[str, Shown]:
    """Return an example for each operation that a person of Verona has a use for."""
    prince = await site.admin()
    romeo, juliet, nurse = [await site.enter(name) for name in ("romeo", "juliet", "nurse")]
    shows = Play()
    show = shows.show
    benvolio = await show(
        "register", romeo, "POST", "/accounts", {"username": "benvolio", "password": PASSWORD, "display_name": "Ben"}
    )
    await show("server_info", romeo, "GET", "/server")
    await show("setup_state", romeo, "GET", "/setup")
    await show("connect", romeo, "POST", "/connect", {"avoid": []})
    await show("read_me", romeo, "GET", "/me")
    await show("change_me", romeo, "PATCH", "/me", {"signature": "But soft!"})
    logins = (await show("list_logins", romeo, "GET", "/me/logins"))["logins"]
    of_phone = f"/me/logins/{logins[0]['login_id']}"
    await show("name_login", romeo, "PATCH", of_phone, {"device_name": "The phone in the orchard"})
    await show("find_users", romeo, "GET", "/users", query="jul")
    await show("read_user", romeo, "GET", f"/users/{juliet.user_id}")
    await show("list_presence", romeo, "GET", "/presence", id=juliet.user_id)

    direct = await show("open_direct", romeo, "POST", "/conversations/direct", {"user_id": juliet.user_id})
    new = {"kind": "group", "title": "Verona", "user_ids": [juliet.user_id]}
    group = (await show("create_conversation", romeo, "POST", "/conversations", new))["conversation_id"]
    room = f"/conversations/{group}"
    sent = await show("send_message", romeo, "POST", f"{room}/messages", {"text": "But soft! what lihgt"})
    message = f"{room}/messages/{sent['seq']}"
    await show("edit_message", romeo, "PATCH", message, {"text": "But soft! what light"})
    await show("react", juliet, "PUT", f"{message}/reactions/%F0%9F%8C%B9")
    await show("pin_message", romeo, "PUT", f"{message}/pin")
    await show("read_message", juliet, "GET", message)
    await show("forward_message", juliet, "POST", f"{message}/forward", {"to": direct["conversation_id"]})
    await show("read_history", juliet, "GET", f"{room}/messages", limit=1)
    await show("list_entries", juliet, "GET", f"{room}/entries", after=sent["seq"], limit=1)
    await show("list_edits", juliet, "GET", f"{message}/edits")
    await show("read_links", juliet, "GET", f"{message}/links")
    await show("set_marks", juliet, "PUT", f"{room}/marks", {"read_seq": sent["seq"]})
    await show("set_typing", juliet, "PUT", f"{room}/typing", {"typing": True})
    await show(
        "set_own",
        juliet,
        "PATCH",
        f"{room}/own",
        {"pinned": True, "draft": {"text": "Ay me"}, "thread_draft": {"thread_seq": 2, "text": "But"}},
    )
    await show("read_conversation", juliet, "GET", room)
    await show("list_conversations", juliet, "GET", "/conversations", limit=1)
    await show("list_channels", juliet, "GET", "/channels", limit=1)
    await show("read_state", juliet, "GET", "/me/state", since=1, limit=1)
    remind = f"/me/reminders/{group}/{sent['seq']}"
    soon = {"due_ms": site.deps.clock.now_ms() + 3_600_000, "note": "Answer him"}
    await show("set_reminder", juliet, "PUT", remind, soon)
    await show("list_reminders", juliet, "GET", "/me/reminders")
    await show("take_reminder_away", juliet, "DELETE", remind)
    await show("unreact", juliet, "DELETE", f"{message}/reactions/%F0%9F%8C%B9")
    await show("unpin_message", romeo, "DELETE", f"{message}/pin")
    await show("hide_message", juliet, "PUT", f"{message}/hidden")
    await show("recall_message", romeo, "DELETE", message)
    await show("search", romeo, "GET", "/search", query="jul")

    await show("list_members", romeo, "GET", f"{room}/members")
    await show("add_members", romeo, "POST", f"{room}/members", {"user_ids": [nurse.user_id]})
    await show("change_member", romeo, "PATCH", f"{room}/members/{nurse.user_id}", {"role": "admin"})
    await show("remove_member", romeo, "DELETE", f"{room}/members/{nurse.user_id}")
    await romeo.does("POST", f"{room}/members", {"user_ids": [nurse.user_id]})
    await show("ban_member", romeo, "PUT", f"{room}/bans/{nurse.user_id}")
    await show("list_banned", romeo, "GET", f"{room}/bans")
    await show("unban_member", romeo, "DELETE", f"{room}/bans/{nurse.user_id}")
    await show("change_conversation", romeo, "PATCH", room, {"title": "Fair Verona", "slow_mode_s": 10})
    invite = await show("create_invite", romeo, "POST", f"{room}/invites", {"uses": 10, "approval": True})
    await show("list_invites", romeo, "GET", f"{room}/invites")
    await show("look_at_invite", nurse, "GET", f"/invites/{invite['invite_id']}")
    await show("follow_invite", nurse, "POST", f"/invites/{invite['invite_id']}", {"note": "It is I"})
    await show("withdraw_request", nurse, "DELETE", f"/invites/{invite['invite_id']}/request")
    await nurse.does("POST", f"/invites/{invite['invite_id']}", {"note": "It is I"})
    await show("list_requests", romeo, "GET", f"{room}/requests")
    await show("answer_request", romeo, "POST", f"{room}/requests/{nurse.user_id}", {"accept": True})
    await show("revoke_invite", romeo, "DELETE", f"{room}/invites/{invite['invite_id']}")
    await show("transfer_conversation", romeo, "POST", f"{room}/transfer", {"user_id": juliet.user_id})
    await show("leave_conversation", romeo, "POST", f"{room}/leave")
    await show("dissolve_conversation", juliet, "DELETE", room)
    await nurse.does("POST", f"/conversations/{GENERAL_CHANNEL}/leave")
    await show("join_conversation", nurse, "POST", f"/conversations/{GENERAL_CHANNEL}/join")

    later = {"conversation_id": direct["conversation_id"], "due_ms": site.deps.clock.now_ms() + 3_600_000}
    waits = await show("schedule", romeo, "POST", "/scheduled", {**later, "text": "Good night, good night!"})
    await show("list_scheduled", romeo, "GET", "/scheduled")
    await show("cancel_scheduled", romeo, "DELETE", f"/scheduled/{waits['conversation_id']}/{waits['client_id']}")
    await show("read_room", romeo, "GET", "/me/files")

    await show("announce", prince, "POST", "/announcements", {"text": "The server restarts at noon."})
    await moderate(site, shows, prince, romeo, nurse, benvolio["user_id"])
    client = {"name": "Friar", "grants": ["client_credentials"], "scopes": ["read", "write"], "bot": "friar"}
    friar = await show("create_client", prince, "POST", "/clients", client)
    await show("list_clients", prince, "GET", "/clients")
    await show("read_client", prince, "GET", f"/clients/{friar['client_id']}")
    await show("rotate_secret", prince, "POST", f"/clients/{friar['client_id']}/secret")
    await show("delete_client", prince, "DELETE", f"/clients/{friar['client_id']}")
    await show("list_keys", prince, "GET", "/keys")
    await show("rotate_keys", prince, "POST", "/keys", {"drop": False})
    await show("list_apps", romeo, "GET", "/me/apps")
    await show("list_nodes", prince, "GET", "/nodes")
    await show("read_config", prince, "GET", "/config")
    await show("set_config", prince, "PUT", "/config/gateway.login_policy", {"value": "reject", "note": "The feast."})
    await show("config_history", prince, "GET", "/config/history")
    await show("unset_config", prince, "DELETE", "/config/gateway.login_policy")
    await show("rollback_config", prince, "POST", "/config/rollback", {"version": 0, "note": "The feast is over."})
    await _comings_and_goings(site, shows, prince, romeo, juliet, nurse)
    await show("end_other_logins", romeo, "DELETE", "/me/logins")
    await show("log_out", await site.log_in("nurse"), "POST", "/me/logout")
    return shows.shown


async def moderate(site: Site, shows: Play, prince: Person, romeo: Person, nurse: Person, somebody: str) -> None:
    """Show what owners and moderators do."""
    show = shows.show
    crier = (await show("create_role", prince, "POST", "/roles", {"name": "Crier", "permissions": ["announce"]}))[
        "role"
    ]
    await show("change_role", prince, "PUT", f"/roles/{crier}", {"name": "Town crier", "permissions": ["announce"]})
    await show("give_role", prince, "PUT", f"/roles/{crier}/people/{nurse.user_id}")
    await show("list_holders", prince, "GET", f"/roles/{crier}/people")
    await show("read_own_roles", nurse, "GET", "/me/roles")
    await show("list_roles", prince, "GET", "/roles")
    await show("take_role", prince, "DELETE", f"/roles/{crier}/people/{nurse.user_id}")
    await show("remove_role", prince, "DELETE", f"/roles/{crier}")
    word = (await show("create_filter", prince, "POST", "/filters", {"pattern": "plague", "action": "mask"}))[
        "filter_id"
    ]
    await show("change_filter", prince, "PUT", f"/filters/{word}", {"pattern": "plague*", "action": "hold"})
    await show("list_filters", prince, "GET", "/filters")
    await show("try_filters", prince, "POST", "/filters/try", {"text": "A p l a g u e o' both your houses!"})
    plague = {"text": "A plague o' both your houses!"}
    await romeo.is_refused("POST", f"/conversations/{GENERAL_CHANNEL}/messages", plague)
    held = (await show("list_held", prince, "GET", "/held"))["held"][0]["held_id"]
    await show("decide_held", prince, "POST", f"/held/{held}", {"accept": True})
    await show("remove_filter", prince, "DELETE", f"/filters/{word}")
    await show("keep", prince, "PUT", f"/conversations/{GENERAL_CHANNEL}/retention", {"keep_days": 90})
    await show("list_retention", prince, "GET", "/retention")
    feud = {"name": "Capulet v. Montague", "reason": "The fray in the square", "user_ids": [romeo.user_id]}
    hold = "/holds/" + (await show("open_hold", prince, "POST", "/holds", feud))["hold_id"]
    await show("list_holds", prince, "GET", "/holds")
    await show("add_to_hold", prince, "POST", f"{hold}/subjects", {"conversation_ids": [GENERAL_CHANNEL]})
    await show("read_hold", prince, "GET", hold)
    reading = f"{hold}/exports/" + (await show("begin_export", prince, "POST", f"{hold}/exports"))["export_id"]
    await show("read_export", prince, "GET", f"{reading}/entries", limit=2)
    read = {"sha256": "9f" * 32, "entries": 2, "files": 0}
    await show("finish_export", prince, "POST", f"{reading}/finish", read)
    await show("remove_from_hold", prince, "DELETE", f"{hold}/subjects/{GENERAL_CHANNEL}")
    await show("close_hold", prince, "POST", f"{hold}/close")
    await show("list_emoji", prince, "GET", "/emoji")
    made = await show("report", romeo, "POST", "/reports", {"user_id": nurse.user_id, "reason": "spam"})
    await show("list_reports", prince, "GET", "/reports")
    await show("read_report", prince, "GET", f"/reports/{made['report_id']}")
    settled = {"resolution": "dismissed", "note": "She means well."}
    await show("resolve_report", prince, "POST", f"/reports/{made['report_id']}/resolve", settled)
    until = {"until_ms": site.deps.clock.now_ms() + 3_600_000, "reason": "The fray"}
    await show("ban_person", prince, "PUT", f"/bans/{somebody}", until)
    await show("list_bans", prince, "GET", "/bans")
    await show("admit_person", prince, "DELETE", f"/bans/{somebody}")
    await show(
        "mute_person", prince, "PUT", f"/mutes/{nurse.user_id}", {"until_ms": until["until_ms"], "reason": "Shouts."}
    )
    await show("list_mutes", prince, "GET", "/mutes")
    await show("unmute_person", prince, "DELETE", f"/mutes/{nurse.user_id}")
    await show("read_audit", prince, "GET", "/audit", act="account", limit=1)


async def _comings_and_goings(
    site: Site, shows: Play, prince: Person, romeo: Person, juliet: Person, nurse: Person
) -> None:
    """Show contacts, who is let in, and what is done by letters."""
    show = shows.show
    of_romeo = f"/me/contacts/{romeo.user_id}"
    await show("ask_contact", romeo, "POST", f"/me/contacts/{juliet.user_id}", {"note": "We met at the ball"})
    await show("answer_contact", juliet, "POST", f"{of_romeo}/answer", {"accept": True})
    await show("arrange_contact", juliet, "PATCH", of_romeo, {"name": "Sweet Montague", "group": "Montagues"})
    await show("list_contacts", juliet, "GET", "/me/contacts")
    await show("remove_contact", juliet, "DELETE", of_romeo)

    code = await show("create_code", prince, "POST", "/registration/codes", {"uses": 10, "note": "For the feast"})
    await show("list_codes", prince, "GET", "/registration/codes")
    await show("revoke_code", prince, "DELETE", f"/registration/codes/{code['code']}")
    site.accounts.use(msgspec.structs.replace(site.deps.auth_settings, registration="approval"))
    paris = await prince.http.post("/api/v1/accounts", json={"username": "paris", "password": PASSWORD})
    await show("list_waiting", prince, "GET", "/registration/requests")
    waiting = f"/registration/requests/{paris.json()['user_id']}"
    await show("answer_waiting", prince, "POST", waiting, {"accept": True})
    site.accounts.use(site.deps.auth_settings)
    await show("list_accounts", prince, "GET", "/people", query="jul")
    of_paris = f"/people/{paris.json()['user_id']}"
    await site.log_in("paris")
    await show("read_account", prince, "GET", of_paris)
    await show("change_account", prince, "PATCH", of_paris, {"display_name": "County Paris"})
    devices = (await show("list_logins_of", prince, "GET", f"{of_paris}/logins"))["logins"]
    await show("end_login_of", prince, "DELETE", f"{of_paris}/logins/{devices[0]['login_id']}")
    await show("end_logins_of", prince, "DELETE", f"{of_paris}/logins")
    await show("make_password_link", prince, "POST", f"{of_paris}/password-link")
    await show("delete_account", prince, "DELETE", of_paris)

    email = "nurse@verona.example"
    await show("set_email", nurse, "PUT", "/me/email", {"email": email, "password": PASSWORD})
    await show("prove_email", nurse, "POST", "/accounts/email", {"token": _token(site)})
    await show("forgotten", nurse, "POST", "/accounts/forgotten", {"email": email})
    await site.recovery.answer()
    await show("reset_password", nurse, "POST", "/accounts/password", {"token": _token(site), "password": PASSWORD})
    await show("delete_me", await site.enter("tybalt"), "POST", "/me/delete", {"password": PASSWORD})


def _token(site: Site) -> str:
    return site.letters[-1].text.partition("?token=")[2].split()[0]


def calm(value: Any) -> Any:
    """Return what was shown with ids and times that are the same each time, and without secrets."""
    ids: dict[str, str] = {}

    def an_id(found: re.Match[str]) -> str:
        text = found[0]
        return (
            text if text.startswith("0" * 31) else ids.setdefault(text, f"0190f0e1a2b37c4d8e9fa0b1c2d3{len(ids):04x}")
        )

    def calmed(one: Any, name: str = "") -> Any:
        if isinstance(one, dict):
            return {key: calmed(each, key) for key, each in one.items()}
        if isinstance(one, list):
            return [calmed(each) for each in one[:2]]
        if isinstance(one, str):
            secret = name.endswith("secret") or name in ("invite_id", "code", "token", "link")
            return "..." if secret else re.sub(r"(invites|codes)/[\w-]{20,}", r"\1/...", _ID.sub(an_id, one))
        if isinstance(one, int) and one > _EPOCH_MS and one < 2**42:
            return _FIRST_MS
        return one

    return calmed(value)


def shape(value: Any) -> Any:
    """Return what a value is made of; the first of a list stands for all."""
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items()}
    if isinstance(value, list):
        return [shape(one) for one in value[:1]]
    return "number" if isinstance(value, float) and not isinstance(value, bool) else type(value).__name__
