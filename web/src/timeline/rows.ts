/**
 * What a conversation looks like: messages, lines, days, the line above what is new, and what waits to be sent.
 *
 * Rows are compared with those drawn before, and the same row is the same object: only what changed is drawn again.
 */
import type { Entry, Message, Pending, Post, RoomItem } from "@/client";
import { dayOf } from "@/text/times";

export interface MessageRow {
  readonly kind: "message";
  readonly key: string;
  readonly message: Message;
  /** Follows one of the same person: without a face and a name of its own. */
  readonly follows: boolean;
  /** In the outbox; null once it is stored. */
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
  readonly items: readonly RoomItem[];
  readonly me: string;
  /** The thread that is shown; 0: the conversation. */
  readonly thread: number;
  /** The last seq that was read before what is new came; null: no line. */
  readonly unreadAfter: number | null;
  /** Whatever is shown from this seq on is among the items: the line is drawn only where it is known to belong. */
  readonly from: number;
}

/** The seq of what a row shows; 0 for what has none. */
export function seqOf(row: Row): number {
  if (row.kind === "message") return row.message.seq;
  return row.kind === "line" ? row.entry.seq : 0;
}

/** A message of one's own keeps its key when it moves from the outbox into the log. */
export function keyOf(message: Message, me: string): string {
  return message.senderId === me && message.clientId ? `c${message.clientId}` : `m${message.seq}`;
}

export function rowsOf({ items, me, thread, unreadAfter, from }: RowsOf, drawn: ReadonlyMap<string, Row>): Row[] {
  const rows: Row[] = [];
  let day = 0;
  let lastMs = 0;
  let before: Message | null = null;
  let marked = unreadAfter === null || from > unreadAfter + 1;

  const add = (row: Row): void => {
    rows.push(same(drawn.get(row.key), row));
  };
  const startDay = (timeMs: number): void => {
    // Shown times never run backwards, whatever this machine's clock says of what waits.
    lastMs = Math.max(lastMs, timeMs);
    const next = dayOf(lastMs);
    if (next === day) return;
    day = next;
    before = null;
    add({ kind: "day", key: `d${next}`, timeMs: lastMs });
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

  for (const item of items) {
    switch (item.type) {
      case "line":
        startDay(item.entry.timeMs);
        before = null;
        add({ kind: "line", key: `l${item.key}`, entry: item.entry });
        break;
      case "message": {
        const { message } = item;
        if (!marked && message.seq > (unreadAfter ?? 0) && message.senderId !== me) {
          marked = true;
          startDay(message.timeMs);
          before = null;
          add({ kind: "unread", key: "unread" });
        }
        addMessage(message, null);
        break;
      }
      case "pending":
        addMessage(asMessage(item.pending, item.post, me, lastMs), item.pending);
        break;
    }
  }
  return rows;
}

const waiting = new WeakMap<Pending, Message>();

/** What waits to be sent, as the message it will be. */
function asMessage(pending: Pending, post: Post, me: string, lastMs: number): Message {
  const timeMs = Math.max(lastMs, pending.madeMs);
  const known = waiting.get(pending);
  if (known?.timeMs === timeMs) return known;
  const { conversationId, clientId } = pending;
  const none = { recalled: false, edits: 0, editedMs: 0, pinned: false, threadReplies: 0, threadLastSeq: 0 };
  const made = { conversationId, clientId, seq: 0, timeMs, senderId: me, post, reactions: [], ...none };
  waiting.set(pending, made);
  return made;
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
