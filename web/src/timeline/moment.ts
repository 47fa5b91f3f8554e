/**
 * Finds where in a conversation a moment lies.
 *
 * The log has no index by time and needs none: shown times never run backwards, so what is left is halved until one
 * entry remains.  It reads one item at a time, about as many times as the log's length has binary digits.
 */
import type { HistoryPage } from "@/client";

/** So many pages without an item are read at most: changes that were folded, or what somebody may not see. */
const EMPTY_PAGES = 20;

/** Return the seq of the first item of `low` … `high` that was said at a time or later; `high` if there is none. */
export async function firstSince(
  read: (after: number) => Promise<HistoryPage>,
  timeMs: number,
  low: number,
  high: number,
): Promise<number> {
  let found = high;
  let [from, to] = [low, high];
  while (from <= to) {
    const middle = Math.floor((from + to) / 2);
    const at = await next(read, middle);
    if (at && at.timeMs < timeMs) {
      from = at.seq + 1;
    } else {
      if (at) found = at.seq;
      to = middle - 1;
    }
  }
  return found;
}

/** The first item from a seq on. */
async function next(
  read: (after: number) => Promise<HistoryPage>,
  seq: number,
): Promise<{ seq: number; timeMs: number } | null> {
  let after = seq - 1;
  for (let step = 0; step < EMPTY_PAGES; step += 1) {
    const page = await read(after);
    const item = page.items[0];
    if (item) return item.type === "message" ? item.message : item.entry;
    if (!page.moreAfter || page.toSeq <= after) return null;
    after = page.toSeq;
  }
  return null;
}
