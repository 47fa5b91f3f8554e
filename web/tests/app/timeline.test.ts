import { describe, expect, test } from "vitest";

import type { Action, Entry, HistoryPage, Message, Pending, Post } from "@/client";
import { Heights } from "@/components/list/heights";
import { progressOf } from "@/text/sending";
import { rowsOf, type Row } from "@/timeline/rows";
import { indexOf, LONGEST, shortened, withEntry, withPage, type Timeline } from "@/timeline/timeline";

const ME = "me";
const HIM = "him";
const MINUTE = 60_000;
const NOON = new Date(2025, 9, 3, 12).getTime();
const SCOPE = { me: ME, thread: 0 };

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

function entry(seq: number, action: Action, senderId = HIM, clientId = `k${seq}`): Entry {
  return { conversationId: "c", seq, timeMs: NOON + seq * 1000, senderId, clientId, action };
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

function page(seqs: number[], more: Partial<HistoryPage> = {}): HistoryPage {
  return {
    conversationId: "c",
    fromSeq: seqs[0] ?? 1,
    toSeq: seqs.at(-1) ?? 0,
    asOf: seqs.at(-1) ?? 0,
    items: seqs.map((seq) => ({ type: "message", message: message(seq) })),
    moreBefore: false,
    moreAfter: false,
    ...more,
  };
}

function fresh(seqs: number[], more: Partial<HistoryPage> = {}): Timeline {
  return withPage(null, page(seqs, more), "fresh", [], SCOPE);
}

function seqs(timeline: Timeline): number[] {
  return timeline.items.map((item) => item.seq);
}

function rows(timeline: Timeline, more: { outbox?: Pending[]; thread?: number; unreadAfter?: number } = {}): Row[] {
  const { outbox = [], thread = 0, unreadAfter = null } = more;
  return rowsOf({ timeline, outbox, me: ME, thread, unreadAfter }, new Map());
}

function pending(action: Action, clientId = "mine", state: Pending["state"] = "waiting"): Pending {
  return { conversationId: "c", clientId, action, madeMs: NOON, state, error: null };
}

describe("a stretch of a conversation", () => {
  test("grows at both ends without doubling anything", () => {
    let now = fresh([5, 6, 7], { moreBefore: true });
    now = withPage(now, page([3, 4, 5], { fromSeq: 2, asOf: 9, moreBefore: true }), "before", [], SCOPE);
    now = withEntry(now, entry(8, post("new")), SCOPE);
    now = withEntry(now, entry(8, post("again")), SCOPE);
    expect(seqs(now)).toEqual([3, 4, 5, 6, 7, 8]);
    expect([now.from, now.to]).toEqual([2, 8]);
  });

  test("takes no change that a page already has, and every one it has not", () => {
    const older = page([2], { asOf: 15 });
    let now = withPage(fresh([5], { asOf: 12, moreBefore: true }), older, "before", [], SCOPE);
    for (const [seq, target] of [
      [9, 5],
      [14, 2],
      [16, 5],
    ] as const) {
      now = withEntry(now, entry(seq, { kind: "reaction", target, emoji: "👍", set: true }), SCOPE);
    }
    const counts = now.items.map((item) => ("message" in item ? item.message.reactions.length : -1));
    expect(counts).toEqual([0, 1]);
  });

  test("folds what came while its page was on the way", () => {
    const heard = [
      entry(4, {
        kind: "recall",
        target: 3,
        targetSenderId: HIM,
        targetCounts: true,
        targetMentions: [],
        targetMentionAll: false,
      }),
      entry(5, post("late")),
    ];
    const now = withPage(null, page([1, 2, 3]), "fresh", heard, SCOPE);
    expect(seqs(now)).toEqual([1, 2, 3, 5]);
    expect(now.items.map((item) => "message" in item && item.message.recalled)).toEqual([false, false, true, false]);
  });

  test("adds nothing behind a hole", () => {
    const now = withEntry(fresh([1, 2], { moreAfter: true }), entry(9, post("far")), SCOPE);
    expect(seqs(now)).toEqual([1, 2]);
  });

  test("counts replies of a thread on what opened it", () => {
    const now = withEntry(fresh([1]), entry(2, post("reply", { thread: 1 })), SCOPE);
    const [first] = now.items;
    expect(first && "message" in first && first.message.threadReplies).toBe(1);
    expect(rows(now).filter((row) => row.kind === "message")).toHaveLength(1);
  });

  test("is shortened at the end that is not read, and can grow there again", () => {
    const many = fresh(Array.from({ length: LONGEST + 1 }, (_, index) => index + 1));
    const tail = shortened(many, "end");
    expect(tail.items.length).toBeLessThan(LONGEST);
    expect([tail.items.at(-1)?.seq, tail.moreBefore]).toEqual([LONGEST + 1, true]);
    const start = shortened(many, "start");
    expect([start.items[0]?.seq, start.moreAfter]).toEqual([1, true]);
  });

  test("finds a message by its number", () => {
    const { items } = fresh([2, 5, 9]);
    expect([2, 5, 9, 1, 6, 10].map((seq) => indexOf(items, seq))).toEqual([0, 1, 2, -1, -1, -1]);
  });
});

describe("rows", () => {
  test("part the days, and join what one person says in a row", () => {
    const items = [1, 2, 3].map((seq) => message(seq, { timeMs: NOON + (seq === 3 ? 24 * 60 : seq) * MINUTE }));
    const now = withPage(
      null,
      { ...page([1, 2, 3]), items: items.map((each) => ({ type: "message", message: each })) },
      "fresh",
      [],
      SCOPE,
    );
    expect(rows(now).map((row) => (row.kind === "message" ? row.follows : row.kind))).toEqual([
      "day",
      false,
      true,
      "day",
      false,
    ]);
  });

  test("have one line above what is new, and none above one's own", () => {
    const now = fresh([1, 2, 3]);
    expect(rows(now, { unreadAfter: 1 }).map((row) => row.kind)).toEqual([
      "day",
      "message",
      "unread",
      "message",
      "message",
    ]);
    expect(rows(now, { unreadAfter: 3 }).some((row) => row.kind === "unread")).toBe(false);
  });

  test("show what waits at the end, under the key it keeps once it is stored", () => {
    const before = rows(fresh([1]), { outbox: [pending(post("soon"))] });
    const stored = withEntry(fresh([1]), entry(2, post("soon"), ME, "mine"), SCOPE);
    const after = rows(stored, { outbox: [pending(post("soon"))] });
    expect(before.at(-1)?.key).toBe(after.at(-1)?.key);
    expect(after.filter((row) => row.kind === "message")).toHaveLength(2);
  });

  test("show a change before it is stored, and take it back when it fails", () => {
    const reaction: Action = { kind: "reaction", target: 1, emoji: "🎉", set: true };
    const shown = (state: Pending["state"]) => {
      const row = rows(fresh([1]), { outbox: [pending(reaction, "r", state)] }).at(-1);
      return row?.kind === "message" ? row.message.reactions.length : -1;
    };
    expect([shown("waiting"), shown("failed")]).toEqual([1, 0]);
  });

  test("are the same objects as long as nothing about them changed", () => {
    const timeline = fresh([1, 2]);
    const first = rows(timeline);
    const drawn = new Map(first.map((row) => [row.key, row]));
    const of = { outbox: [], me: ME, thread: 0, unreadAfter: null };
    const second = rowsOf({ timeline: withEntry(timeline, entry(3, post("x")), SCOPE), ...of }, drawn);
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
