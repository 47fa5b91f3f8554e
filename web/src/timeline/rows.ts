/**
 * What a conversation looks like: messages, lines, days, the line above what is new, and what waits to be sent.
 *
 * Rows are compared with those drawn before, and the same row is the same object: only what changed is drawn again.
 */
import { foldMessage, type Entry, type Message, type Pending } from "@/client";
import { dayOf } from "@/text/times";

import { targetOf, type Timeline } from "./timeline";

export interface MessageRow {
  readonly kind: "message";
  readonly key: string;
  readonly message: Message;
  /** Follows one of the same person: without a face and a name of its own. */
  readonly follows: boolean;
  /** In the outbox, or just out of it; null once it is in the log. */
  readonly pending: Pending | null;
}

export type Row =
  | MessageRow
  | { readonly kind: "line"; readonly key: string; readonly entry: Entry }
  | { readonly kind: "day"; readonly key: string; readonly timeMs: number }
  | { readonly kind: "unread"; readonly key: string };

/** Messages of one person within this time stand together. */
const TOGETHER_MS = 5 * 60_000;

export interface RowsOf {
  readonly timeline: Timeline;
  /** What of the outbox belongs here. */
  readonly outbox: readonly Pending[];
  readonly me: string;
  /** The thread that is shown; 0: the conversation. */
  readonly thread: number;
  /** The last seq that was read when the conversation was opened; null: no line. */
  readonly unreadAfter: number | null;
}

/** A message of one's own keeps its key when it moves from the outbox into the log. */
export function keyOf(message: Message, me: string): string {
  return message.senderId === me && message.clientId ? `c${message.clientId}` : `m${message.seq}`;
}

export function rowsOf({ timeline, outbox, me, thread, unreadAfter }: RowsOf, drawn: ReadonlyMap<string, Row>): Row[] {
  const rows: Row[] = [];
  let day = 0;
  let before: Message | null = null;
  let marked = false;

  const add = (row: Row): void => {
    rows.push(same(drawn.get(row.key), row));
  };
  const startDay = (timeMs: number): void => {
    const next = dayOf(timeMs);
    if (next === day) return;
    day = next;
    before = null;
    add({ kind: "day", key: `d${next}`, timeMs });
  };
  const addMessage = (message: Message, pending: Pending | null): void => {
    startDay(message.timeMs);
    const follows: boolean =
      before !== null &&
      before.senderId === message.senderId &&
      message.timeMs - before.timeMs < TOGETHER_MS &&
      !message.post.replyTo &&
      (thread !== 0 || !message.post.thread) &&
      !before.recalled;
    add({ kind: "message", key: keyOf(message, me), message, follows, pending });
    before = message;
  };

  const changes = outbox.filter((pending) => pending.action.kind !== "message" && pending.state === "waiting");
  const stored = new Set<string>();
  for (const item of timeline.items) {
    if ("line" in item) {
      startDay(item.line.timeMs);
      before = null;
      add({ kind: "line", key: `l${item.seq}`, entry: item.line });
      continue;
    }
    let { message } = item;
    if (message.senderId === me) stored.add(message.clientId);
    if (!thread && message.post.thread && !message.post.alsoInConversation) continue;
    if (!marked && unreadAfter !== null && message.seq > unreadAfter && message.senderId !== me) {
      marked = true;
      startDay(message.timeMs);
      before = null;
      add({ kind: "unread", key: "unread" });
    }
    for (const change of changes) {
      if (targetOf(change.action) === message.seq) message = foldMessage(message, asStored(change, me), me).value;
    }
    addMessage(message, null);
  }
  if (timeline.moreAfter) return rows;
  const last = timeline.items.at(-1);
  const lastMs = last ? ("line" in last ? last.line.timeMs : last.message.timeMs) : 0;
  for (const pending of outbox) {
    const { action } = pending;
    if (action.kind !== "message" || stored.has(pending.clientId)) continue;
    if (thread ? action.thread !== thread : action.thread && !action.alsoInConversation) continue;
    addMessage(
      {
        conversationId: pending.conversationId,
        seq: 0,
        // Shown times never run backwards, whatever this machine's clock says.
        timeMs: Math.max(lastMs, pending.madeMs),
        senderId: me,
        clientId: pending.clientId,
        post: action,
        recalled: false,
        edits: 0,
        editedMs: 0,
        pinned: false,
        reactions: [],
        threadReplies: 0,
        threadLastSeq: 0,
      },
      pending,
    );
  }
  return rows;
}

/** A command as the entry it will be, for showing it before it is. */
function asStored(pending: Pending, me: string): Entry {
  const { conversationId, clientId, action, madeMs } = pending;
  return { conversationId, clientId, action, timeMs: madeMs, senderId: me, seq: Number.MAX_SAFE_INTEGER };
}

function same(before: Row | undefined, row: Row): Row {
  if (before?.kind !== row.kind) return row;
  switch (row.kind) {
    case "message": {
      const was = before as MessageRow;
      const unchanged = was.message === row.message && was.follows === row.follows && was.pending === row.pending;
      return unchanged ? was : row;
    }
    case "line":
    case "day":
    case "unread":
      return before;
  }
}
