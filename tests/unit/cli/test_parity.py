"""What accounts, roles, moderators and operators can do over HTTP, they can do with a command."""

from __future__ import annotations

from typing import Any

import click
import pytest
from unit.rest.site import Site, a_site

from hubbub.cli.main import COMMANDS, command

BY = {
    "register": "register",
    "prove_email": "account confirm",
    "forgotten": "account forgot",
    "reset_password": "account reset",
    "read_me": "whoami",
    "change_me": "account profile",
    "change_password": "account password",
    "log_out": "logout",
    "list_logins": "session list",
    "end_other_logins": "session end-others",
    "end_login": "session end",
    "name_login": "session name",
    "read_second_factor": "factor show",
    "begin_totp": "factor app",
    "confirm_totp": "factor confirm",
    "drop_totp": "factor off",
    "renew_recovery_codes": "factor recovery-codes",
    "list_arrivals": "session arrivals",
    "dismiss_arrival": "session was-me",
    "reset_second_factor": "factor reset",
    "list_passkeys": "factor passkeys",
    "name_passkey": "factor name-passkey",
    "remove_passkey": "factor remove-passkey",
    "set_email": "account email",
    "delete_me": "account delete",
    "set_avatar": "account avatar",
    "list_codes": "registration codes",
    "create_code": "registration invite",
    "revoke_code": "registration revoke",
    "list_waiting": "registration requests",
    "answer_waiting": "registration accept",
    "list_accounts": "user list",
    "read_account": "user show",
    "delete_account": "user delete",
    "change_account": "user change",
    "make_password_link": "user password-link",
    "list_logins_of": "session list",
    "end_logins_of": "session end-all",
    "end_login_of": "session end",
    "list_contacts": "contact list",
    "ask_contact": "contact ask",
    "remove_contact": "contact remove",
    "arrange_contact": "contact name",
    "answer_contact": "contact accept",
    "list_invites": "invite list",
    "create_invite": "invite create",
    "revoke_invite": "invite revoke",
    "look_at_invite": "invite look",
    "follow_invite": "invite follow",
    "withdraw_request": "invite withdraw",
    "list_requests": "invite requests",
    "answer_request": "invite accept",
    "list_members": "group members",
    "add_members": "group add",
    "remove_member": "group remove",
    "change_member": "group role",
    "list_banned": "group bans",
    "ban_member": "group ban",
    "unban_member": "group unban",
    "transfer_conversation": "group transfer",
    "join_conversation": "channel join",
    "leave_conversation": "channel leave",
    "list_clients": "client list",
    "create_client": "client create",
    "read_client": "client show",
    "delete_client": "client delete",
    "rotate_secret": "client rotate-secret",
    "unlink_provider": "factor unlink-provider",
    "list_apps": "client apps",
    "forget_app": "client forget-app",
    "list_keys": "key list",
    "rotate_keys": "key rotate",
    "list_nodes": "nodes",
    "drain_node": "drain",
    "raise_level": "config level",
    "read_config": "config get",
    "set_config": "config set",
    "unset_config": "config unset",
    "config_history": "config history",
    "rollback_config": "config rollback",
    "read_audit": "audit list",
    "read_own_roles": "role mine",
    "list_roles": "role list",
    "create_role": "role create",
    "change_role": "role change",
    "remove_role": "role delete",
    "list_holders": "role people",
    "give_role": "role give",
    "take_role": "role take",
    "list_bans": "ban list",
    "ban_person": "ban set",
    "admit_person": "ban lift",
    "list_mutes": "mute list",
    "mute_person": "mute set",
    "unmute_person": "mute lift",
    "list_reports": "report list",
    "report": "report person",
    "read_report": "report list",
    "resolve_report": "report resolve",
    "list_held": "held list",
    "decide_held": "held accept",
    "list_retention": "retention list",
    "keep": "retention set",
    "open_hold": "hold open",
    "list_holds": "hold list",
    "read_hold": "hold show",
    "add_to_hold": "hold add",
    "remove_from_hold": "hold remove",
    "close_hold": "hold close",
    "begin_export": "hold export",
    "read_export": "hold export",
    "read_held_file": "hold export",
    "finish_export": "hold export",
    "list_filters": "filter list",
    "create_filter": "filter add",
    "change_filter": "filter change",
    "remove_filter": "filter delete",
    "try_filters": "filter try",
    "list_emoji": "emoji list",
    "add_emoji": "emoji add",
    "remove_emoji": "emoji remove",
    "add_emoji_pack": "emoji add-pack",
    "remove_emoji_pack": "emoji remove-pack",
}
"""From an operation to the command for it; several for one where they are told apart by an option."""

NOT = {
    "add_passkey": "needs the browser that makes the key",
    "offer_passkey": "needs the browser that makes the key",
    "read_emoji_picture": "a terminal shows names",
}
"""What has no command, and why."""

TAGS = {"accounts", "clients", "cluster", "contacts", "emoji", "holds", "members", "moderation", "retention"}


def found(words: str) -> click.Command:
    """Return a command by its words."""
    context = click.Context(command)
    group, _, name = words.partition(" ")
    assert group in COMMANDS, words
    one = command.get_command(context, group)
    if name:
        assert isinstance(one, click.Group), words
        one = one.get_command(context, name)
    assert one is not None, words
    return one


async def test_every_operation_has_a_command() -> None:
    async with a_site() as site:
        operations = await of_tags(site)
    assert len(operations) > 90
    assert operations - set(BY) - set(NOT) == set(), "say which command does it"
    assert (set(BY) | set(NOT)) - operations == set(), "there is no such operation (any more)"
    assert not set(BY) & set(NOT)


async def of_tags(site: Site) -> set[str]:
    document: dict[str, Any] = (await site.http.get("/api/openapi.json")).json()
    return {
        operation["operationId"]
        for path, item in document["paths"].items()
        for operation in item.values()
        if TAGS & set(operation["tags"]) and path.startswith("/api/v1/")
    }


@pytest.mark.parametrize("words", sorted(set(BY.values())))
def test_each_of_them_answers_in_json_and_lists_have_an_end(words: str) -> None:
    options = {name for parameter in found(words).params for name in parameter.opts}
    assert "--json" in options
    if words in PAGED:
        assert "--limit" in options, words


PAGED = {
    "audit list",
    "ban list",
    "client apps",
    "client list",
    "group bans",
    "held list",
    "invite requests",
    "mute list",
    "report list",
    "role people",
    "user list",
}
"""Lists that may be long."""
