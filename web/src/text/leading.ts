/** What somebody may do in a conversation, and to whom (protocol.md 12.3, 12.11). */
import type { Conversation, Member, Role } from "@/client";

/** Rights by name, in the order they are shown. */
export const RIGHTS = ["send", "speak_always", "recall", "pin", "settings", "invite", "remove", "mute"] as const;
export type Right = (typeof RIGHTS)[number];

export const RANK: Record<Role, number> = { none: 0, member: 1, admin: 2, owner: 3 };

/** So many roles of its own a conversation has at most. */
export const OWN_ROLES = 20;

/** A mute without end; what is beyond this year is shown as that. */
export const FOR_EVER_MS = 2 ** 52;

/** One's own rank: 2 for administrators, 3 for owners.  In channels they are in, the server's admins act as owners. */
export function rankIn(conversation: Conversation, isAdmin: boolean): number {
  if (conversation.state !== "joined" || conversation.dissolved) return 0;
  return isAdmin && conversation.kind === "channel" ? 3 : RANK[conversation.role];
}

/** What a place in a conversation gives. */
export function rightsOf(conversation: Conversation, role: Role, ownRole = ""): ReadonlySet<string> {
  if (role === "owner" || role === "admin") return new Set(RIGHTS);
  const own = ownRole ? conversation.roles?.find(({ id }) => id === ownRole) : undefined;
  return new Set(role === "member" ? (own?.rights ?? ["send"]) : []);
}

/** Whether one may do something in a group or channel. */
export function may(conversation: Conversation, isAdmin: boolean, right: Right): boolean {
  const rank = rankIn(conversation, isAdmin);
  if (rank >= 2) return true;
  return rank > 0 && rightsOf(conversation, conversation.role, conversation.ownRole).has(right);
}

/** Whether one may do something to a member: to those who may do less, and by a role of its own to nobody above. */
export function mayTo(conversation: Conversation, isAdmin: boolean, right: "remove" | "mute", member: Member): boolean {
  if (!may(conversation, isAdmin, right)) return false;
  const rank = rankIn(conversation, isAdmin);
  if (rank >= 2) return RANK[member.role] < rank;
  if (RANK[member.role] >= 2) return false;
  const mine = rightsOf(conversation, conversation.role, conversation.ownRole);
  const theirs = rightsOf(conversation, member.role, member.ownRole);
  return theirs.size < mine.size && [...theirs].every((each) => mine.has(each));
}
