/**
 * The stretch of one conversation, or of one thread, that is loaded: without holes, growing at both ends.
 *
 * Pages bring messages in their current state, entries bring what happened since; both may overlap in any way.  A value is
 * never changed: each step makes the next one, and leaves alone what it does not concern.
 */
import type { Entry, HistoryPage, Message } from "@/client";
import { foldMessage, itemOf } from "@/client/fold";

export type Item =
  | { readonly seq: number; readonly asOf: number; readonly message: Message }
  | { readonly seq: number; readonly asOf: number; readonly line: Entry };

export interface Timeline {
  readonly items: readonly Item[];
  /** What the items speak for: every seq in it that has none is withheld, or a change that was folded. */
  readonly from: number;
  readonly to: number;
  readonly moreBefore: boolean;
  readonly moreAfter: boolean;
}

export type Where = "fresh" | "before" | "after";

/** Past so many items a stretch is shortened at the end that is farther from what is read. */
export const LONGEST = 1200;
const SHORTENED = 700;

function itemsOf(page: HistoryPage): Item[] {
  return page.items.map((item) =>
    item.type === "message"
      ? { seq: item.message.seq, asOf: page.asOf, message: item.message }
      : { seq: item.entry.seq, asOf: page.asOf, line: item.entry },
  );
}

/** Put a page where it belongs; `recent` are the entries heard lately, some of which the page may not know yet. */
export function withPage(
  present: Timeline | null,
  page: HistoryPage,
  where: Where,
  recent: readonly Entry[],
  scope: Scope,
): Timeline {
  const items = itemsOf(page);
  let next: Timeline;
  if (!present || where === "fresh") {
    next = { items, from: page.fromSeq, to: page.toSeq, moreBefore: page.moreBefore, moreAfter: page.moreAfter };
  } else if (where === "before") {
    const older = items.filter((item) => item.seq < (present.items[0]?.seq ?? Infinity));
    next = { ...present, items: [...older, ...present.items], from: page.fromSeq, moreBefore: page.moreBefore };
  } else {
    const newer = items.filter((item) => item.seq > (present.items.at(-1)?.seq ?? 0));
    next = { ...present, items: [...present.items, ...newer], to: page.toSeq, moreAfter: page.moreAfter };
  }
  for (const entry of recent) next = withEntry(next, entry, scope);
  return next;
}

/** Whose eyes it is seen with, and which thread it is (0: the conversation). */
export interface Scope {
  readonly me: string;
  readonly thread: number;
  /** Called with a message that can only be known by fetching it again. */
  readonly again?: (seq: number) => void;
}

/** Fold one entry in.  Entries of a conversation come in order. */
export function withEntry(present: Timeline, entry: Entry, scope: Scope): Timeline {
  const { action, seq } = entry;
  const next = changed(present, targetOf(action), entry, scope);
  if (seq <= next.to || next.moreAfter) return next;
  const made = itemOf(entry, scope.thread);
  if (!made) return { ...next, to: seq };
  const item: Item =
    made.type === "message" ? { seq, asOf: seq, message: made.message } : { seq, asOf: seq, line: made.entry };
  return { ...next, items: [...next.items, item], to: seq };
}

/** The seq of the message that an action changes; 0 when it changes none. */
export function targetOf(action: Entry["action"]): number {
  switch (action.kind) {
    case "edit":
    case "recall":
    case "reaction":
    case "pin":
      return action.target;
    case "message":
      return action.thread;
    default:
      return 0;
  }
}

function changed(present: Timeline, target: number, entry: Entry, scope: Scope): Timeline {
  const index = target ? indexOf(present.items, target) : -1;
  const item = present.items[index];
  if (!item || !("message" in item) || entry.seq <= item.asOf) return present;
  const { value, again } = foldMessage(item.message, entry, scope.me);
  if (again) scope.again?.(target);
  return withMessage(present, value, entry.seq);
}

/** Put a message, as it is at `asOf`, in its place, if it is loaded. */
export function withMessage(present: Timeline, message: Message, asOf: number): Timeline {
  const index = indexOf(present.items, message.seq);
  if (index < 0) return present;
  const items = [...present.items];
  items[index] = { seq: message.seq, asOf, message };
  return { ...present, items };
}

/** Where the item with a seq is; -1 if it is not loaded. */
export function indexOf(items: readonly Item[], seq: number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((items[middle]?.seq ?? Infinity) < seq) low = middle + 1;
    else high = middle;
  }
  return items[low]?.seq === seq ? low : -1;
}

/** Drop what is far from the end that is read. */
export function shortened(present: Timeline, reading: "start" | "end"): Timeline {
  if (present.items.length <= LONGEST) return present;
  if (reading === "end") {
    const items = present.items.slice(-SHORTENED);
    return { ...present, items, from: items[0]?.seq ?? present.from, moreBefore: true };
  }
  const items = present.items.slice(0, SHORTENED);
  return { ...present, items, to: items.at(-1)?.seq ?? present.to, moreAfter: true };
}
