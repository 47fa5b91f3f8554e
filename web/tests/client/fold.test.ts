/** The worked tables of `spec/protocol.md`, sections 10 and 14. */
import { expect, test } from "vitest";

import { foldConversation, foldMessage, foldPage, foldRead, letGo } from "@/client/fold";
import type { Action, Conversation, Entry, Message } from "@/client/models";
import { postFor } from "@/client/translate";

const ROMEO = "romeo";
const JULIET = "juliet";

function entry(seq: number, senderId: string, action: Action): Entry {
  return { conversationId: "room", seq, timeMs: seq, senderId, clientId: "", action };
}

function says(seq: number, senderId: string, options: Parameters<typeof postFor>[1] = {}): Entry {
  return entry(seq, senderId, postFor(`${seq}`, options));
}

function edits(seq: number, target: number, mentions: string[], previousMentions: string[] = []): Entry {
  const { body } = postFor("better");
  const rest = { withdrawn: false, mentionAll: false, previousMentionAll: false, targetCounts: true };
  return entry(seq, ROMEO, { kind: "edit", target, body, mentions, previousMentions, targetSenderId: ROMEO, ...rest });
}

function recalls(seq: number, target: number, mentions: string[] = []): Entry {
  return entry(seq, ROMEO, {
    kind: "recall",
    target,
    targetSenderId: ROMEO,
    targetCounts: true,
    targetMentions: mentions,
    targetMentionAll: false,
  });
}

function reacts(seq: number, senderId: string, emoji: string, set = true): Entry {
  return entry(seq, senderId, { kind: "reaction", target: 5, emoji, set });
}

const conversation = {
  id: "room",
  kind: "group",
  memberCount: 2,
  asOf: 12,
  readSeq: 10,
  unread: 2,
  mentions: 1,
  lastMessage: null,
  intervals: [{ from: 1, to: 0 }],
  role: "member",
} as unknown as Conversation;

const message: Message = {
  conversationId: "room",
  seq: 5,
  timeMs: 5,
  senderId: ROMEO,
  clientId: "",
  post: postFor("Soft!"),
  recalled: false,
  edits: 0,
  editedMs: 0,
  pinned: false,
  reactions: [],
  threadReplies: 0,
  threadLastSeq: 0,
};

test("counts follow the table of 14.5", () => {
  const steps: [Entry, number, number][] = [
    [says(13, ROMEO), 3, 1],
    [says(14, ROMEO, { mentions: [JULIET] }), 4, 2],
    [says(15, ROMEO, { thread: 13 }), 4, 2],
    [says(16, JULIET), 4, 2],
    [edits(17, 13, [JULIET]), 4, 3],
    [recalls(18, 14, [JULIET]), 3, 2],
    [recalls(19, 9), 3, 2],
    [entry(20, ROMEO, { kind: "reaction", target: 13, emoji: "👍", set: true }), 3, 2],
  ];
  let held = conversation;
  for (const [one, unread, mentions] of steps) {
    held = foldConversation(held, one, JULIET).value;
    expect([one.seq, held.unread, held.mentions]).toEqual([one.seq, unread, mentions]);
  }
  expect(foldConversation(held, says(13, ROMEO), JULIET).value).toBe(held);
  expect(foldRead(held, 20)).toMatchObject({ unread: 0, mentions: 0, readSeq: 20 });
  expect(foldRead(held, 15)).toMatchObject({ unread: 3, readSeq: 15 });
});

test("a count at its cap that falls, and a last message that is recalled, are asked for again", () => {
  const full = { ...conversation, unread: 100 };
  expect(foldConversation(full, says(13, ROMEO), JULIET)).toMatchObject({ value: { unread: 100 }, again: false });
  expect(foldConversation(full, recalls(13, 11), JULIET).again).toBe(true);
  const { value } = foldConversation(conversation, says(13, ROMEO), JULIET);
  expect(foldConversation(value, recalls(14, 13), JULIET).again).toBe(true);
  expect(foldConversation(value, recalls(14, 11), JULIET).again).toBe(false);
});

test("members, roles and settings follow 10.9 and 10.10", () => {
  const change = (seq: number, action: "add" | "remove" | "transfer", userIds: string[]): Entry =>
    entry(seq, ROMEO, { kind: "memberChange", action, userIds, role: "none", mutedUntilMs: 0 });
  let held = foldConversation(conversation, change(13, "add", ["a", "b"]), JULIET).value;
  held = foldConversation(held, change(14, "remove", ["a"]), JULIET).value;
  held = foldConversation(held, change(15, "transfer", [JULIET]), JULIET).value;
  held = foldConversation(held, entry(16, ROMEO, { kind: "conversationChange", title: "Mantua" }), JULIET).value;
  held = foldConversation(held, entry(17, ROMEO, { kind: "dissolved" }), JULIET).value;
  expect(held).toMatchObject({ memberCount: 3, role: "owner", title: "Mantua", dissolved: true, asOf: 17 });
  expect(foldConversation(held, change(18, "remove", [JULIET]), JULIET).again).toBe(true);
});

test("how many wait to be let in is asked for again when one of them may be in, or one's rights are others", () => {
  const leads = { ...conversation, joinRequests: 2, ownRole: "helper" };
  const change = (action: "add" | "ban" | "mute"): Entry =>
    entry(13, ROMEO, { kind: "memberChange", action, userIds: ["a"], role: "none", mutedUntilMs: 0 });
  expect(foldConversation(leads, change("add"), JULIET)).toMatchObject({ value: { joinRequests: 2 }, again: true });
  expect(foldConversation(leads, change("ban"), JULIET).again).toBe(true);
  expect(foldConversation(leads, change("mute"), JULIET).again).toBe(false);
  expect(foldConversation(conversation, change("add"), JULIET).again).toBe(false);
  const roles = entry(13, ROMEO, { kind: "conversationChange", roles: [] });
  expect(foldConversation(leads, roles, JULIET).again).toBe(true);
  expect(foldConversation({ ...leads, ownRole: "" }, roles, JULIET).again).toBe(false);
  expect(foldConversation(leads, entry(13, ROMEO, { kind: "dissolved" }), JULIET).value.joinRequests).toBe(0);
});

test("reactions follow the table of 10.8", () => {
  const steps: [Entry, string][] = [
    [reacts(13, ROMEO, "👍"), "👍1"],
    [reacts(14, JULIET, "👍"), "👍2"],
    [reacts(15, JULIET, "👍"), "👍2"],
    [reacts(16, ROMEO, "🎉"), "👍2 🎉1"],
    [reacts(17, ROMEO, "👍", false), "👍1 🎉1"],
    [reacts(18, ROMEO, "🎉", false), "👍1"],
  ];
  let held = message;
  for (const [one, shown] of steps) {
    held = foldMessage(held, one, JULIET).value;
    expect(held.reactions.map(({ emoji, count }) => `${emoji}${count}`).join(" ")).toBe(shown);
  }
  expect(held.reactions).toMatchObject([{ userIds: [JULIET], mine: true }]);
});

test("edits, recalls, pins and replies change the message they name and no other", () => {
  const edited = foldMessage(message, edits(13, 5, [JULIET]), JULIET).value;
  expect(edited).toMatchObject({ edits: 1, editedMs: 13, post: { body: { text: "better" }, mentions: [JULIET] } });
  const pinned = foldMessage(edited, entry(14, ROMEO, { kind: "pin", target: 5, set: true }), JULIET).value;
  const replied = foldMessage(pinned, says(15, ROMEO, { thread: 5 }), JULIET).value;
  expect(replied).toMatchObject({ pinned: true, threadReplies: 1, threadLastSeq: 15 });
  const recalled = foldMessage(replied, recalls(16, 5), JULIET).value;
  const gone = { recalled: true, pinned: false, threadReplies: 1, post: { withdrawn: true, mentions: [] } };
  expect(recalled).toMatchObject(gone);
  expect(recalled.post.body.text).toBe("");
  for (const other of [edits(13, 6, []), recalls(13, 6), says(13, ROMEO)]) {
    expect(foldMessage(message, other, JULIET).value).toBe(message);
  }
});

test("a role of its own is folded for whom it is given to, and ends with ownership", () => {
  const given = { kind: "memberChange", action: "role", userIds: [JULIET], role: "member", mutedUntilMs: 0 } as const;
  const helper = { id: "h", name: "Helper", rights: ["send", "pin"] };
  let held = foldConversation(
    conversation,
    entry(13, ROMEO, { kind: "conversationChange", roles: [helper] }),
    JULIET,
  ).value;
  held = foldConversation(held, entry(14, ROMEO, { ...given, ownRole: "h" }), JULIET).value;
  expect([held.roles, held.ownRole]).toEqual([[helper], "h"]);
  held = foldConversation(held, entry(15, ROMEO, { ...given, action: "transfer" }), JULIET).value;
  expect([held.role, held.ownRole]).toEqual(["owner", ""]);
});

test("what was kept long enough leaves the conversation, and what was unread of it is asked for", () => {
  const lets = (seq: number, keptFrom: number): Entry => entry(seq, "", { kind: "conversationChange", keptFrom });
  const last = { ...conversation, lastMessage: message };
  const read = foldConversation({ ...last, unread: 0, mentions: 0 }, lets(13, 6), JULIET);
  expect(read).toMatchObject({ again: false, value: { keptFrom: 6, lastMessage: null, asOf: 13 } });
  expect(foldConversation(last, lets(13, 5), JULIET).value.lastMessage).toBe(message);
  expect(foldConversation(last, lets(13, 11), JULIET).again).toBe(false);
  expect(foldConversation(last, lets(13, 12), JULIET).again).toBe(true);
});

test("what was kept long enough leaves a page, and there is nothing before it", () => {
  const items = [5, 9].map((seq) => ({ type: "message" as const, message: { ...message, seq } }));
  const flags = { moreBefore: true, moreAfter: false };
  const page = { conversationId: "room", fromSeq: 5, toSeq: 12, asOf: 12, items, ...flags };
  const { value } = foldPage(page, entry(13, "", { kind: "conversationChange", keptFrom: 9 }), JULIET);
  expect(value).toMatchObject({ items: [items[1]], moreBefore: false, toSeq: 13 });
  expect(letGo(page, 4)).toBe(page);
});
