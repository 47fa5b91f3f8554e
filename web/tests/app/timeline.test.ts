import { describe, expect, test } from "vitest";

import type { Action, Message, Pending, Post, RoomItem } from "@/client";
import { Heights } from "@/components/list/heights";
import { progressOf } from "@/text/sending";
import { rowsOf, type Row } from "@/timeline/rows";

const ME = "me";
const HIM = "him";
const MINUTE = 60_000;
const NOON = new Date(2025, 9, 3, 12).getTime();

function post(text: string, more: Partial<Post> = {}): Post {
  const body = { text, customType: "", customJson: "", fallback: "", files: [] };
  return {
    kind: "message",
    body,
    replyTo: 0,
    thread: 0,
    alsoInConversation: false,
    mentions: [],
    mentionAll: false,
    withdrawn: false,
    ...more,
  };
}

function message(seq: number, more: Partial<Message> = {}): Message {
  return {
    conversationId: "c",
    seq,
    timeMs: NOON + seq * 1000,
    senderId: HIM,
    clientId: `k${seq}`,
    post: post(`text ${seq}`),
    recalled: false,
    edits: 0,
    editedMs: 0,
    pinned: false,
    reactions: [],
    threadReplies: 0,
    threadLastSeq: 0,
    ...more,
  };
}

function stored(seq: number, more: Partial<Message> = {}): RoomItem {
  return { type: "message", key: `${seq}`, message: message(seq, more), sending: null, changing: false, failed: null };
}

function pending(action: Action, clientId = "mine", madeMs = NOON): Pending {
  return { conversationId: "c", clientId, action, madeMs, state: "waiting", error: null };
}

function waits(text: string, madeMs = NOON): RoomItem {
  const said = post(text);
  return { type: "pending", key: "mine", pending: pending(said, "mine", madeMs), post: said };
}

function rows(
  items: readonly RoomItem[],
  unreadAfter: number | null = null,
  drawn = new Map<string, Row>(),
  from = 0,
): Row[] {
  return rowsOf({ items, me: ME, thread: 0, unreadAfter, from }, drawn);
}

describe("rows", () => {
  test("part the days, and join what one person says in a row", () => {
    const items = [1, 2, 3].map((seq) => stored(seq, { timeMs: NOON + (seq === 3 ? 24 * 60 : seq) * MINUTE }));
    expect(rows(items).map((row) => (row.kind === "message" ? row.follows : row.kind))).toEqual([
      "day",
      false,
      true,
      "day",
      false,
    ]);
  });

  test("have one line above what is new, and none above one's own", () => {
    const items = [1, 2, 3].map((seq) => stored(seq));
    expect(rows(items, 1).map((row) => row.kind)).toEqual(["day", "message", "unread", "message", "message"]);
    expect(rows(items, 3).some((row) => row.kind === "unread")).toBe(false);
    expect(rows([stored(4, { senderId: ME })], 3).some((row) => row.kind === "unread")).toBe(false);
  });

  test("have that line only where everything from what was read last on is there", () => {
    const kinds = (from: number): string[] => rows([stored(7), stored(8)], 4, new Map(), from).map((row) => row.kind);
    expect(kinds(5)).toEqual(["day", "unread", "message", "message"]);
    expect(kinds(6)).toEqual(["day", "message", "message"]);
  });

  test("show what waits at the end, under the key it keeps once it is stored", () => {
    const before = rows([stored(1), waits("soon")]);
    const after = rows([stored(1), stored(2, { senderId: ME, clientId: "mine" })]);
    expect(before.at(-1)?.key).toBe(after.at(-1)?.key);
    expect([before.length, after.length]).toEqual([3, 3]);
  });

  test("never run backwards, whatever the clock of this machine says of what waits", () => {
    const late = rows([stored(1), waits("from yesterday's clock", NOON - 24 * 60 * MINUTE)]);
    const last = late.at(-1);
    expect(last?.kind === "message" && last.message.timeMs).toBe(NOON + 1000);
    expect(late.filter((row) => row.kind === "day")).toHaveLength(1);
  });

  test("are the same objects as long as nothing about them changed", () => {
    const items = [stored(1), stored(2), waits("soon")];
    const first = rows(items);
    const drawn = new Map(first.map((row) => [row.key, row]));
    const second = rows([...items.slice(0, 2), stored(3), ...items.slice(2)], null, drawn);
    expect(second.slice(0, 3).every((row, index) => row === first[index])).toBe(true);
  });
});

describe("how far a message of one's own has come", () => {
  const marks = [
    { userId: ME, readSeq: 9, deliveredSeq: 9 },
    { userId: HIM, readSeq: 4, deliveredSeq: 6 },
  ];
  test.each([
    [4, "read"],
    [6, "delivered"],
    [7, "sent"],
    [0, "waiting"],
  ])("seq %i is %s", (seq, state) => {
    expect(progressOf(seq, null, marks, ME).state).toBe(state);
  });
});

describe("heights of rows", () => {
  const items = Array.from({ length: 100 }, (_, index) => ({ key: `k${index}` }));

  test("are guessed by those that were measured", () => {
    const heights = new Heights();
    heights.set("k0", 40);
    heights.set("k1", 80);
    expect(heights.sum(items, 0, 100)).toBe(100 * 60);
    expect([heights.set("k1", 80), heights.set("k1", 20)]).toEqual([false, true]);
    expect(heights.guess).toBe(30);
  });

  test("tell which rows lie in view, at least one, whatever the view", () => {
    const heights = new Heights();
    for (const item of items) heights.set(item.key, 10);
    expect(heights.between(items, 95, 125)).toEqual({ first: 9, last: 13 });
    expect(heights.between(items, -500, 0).last).toBeGreaterThan(0);
    expect(heights.between(items, 5000, 6000)).toEqual({ first: 99, last: 100 });
  });
});
