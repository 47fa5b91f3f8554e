/** Where in a conversation a moment lies, found by halves. */
import { expect, test } from "vitest";

import type { HistoryItem, HistoryPage } from "@/client";
import { firstSince } from "@/timeline/moment";

const WINDOW = 50;

/** A log of so many entries, of which some are shown, each at a time; it is read as a server lets it be read. */
function log(
  head: number,
  timeOf: (seq: number) => number | null,
): [(after: number) => Promise<HistoryPage>, number[]] {
  const asked: number[] = [];
  const read = (after: number): Promise<HistoryPage> => {
    asked.push(after);
    let seq = after + 1;
    const end = Math.min(head, after + WINDOW);
    while (seq <= end && timeOf(seq) === null) seq += 1;
    const timeMs = seq <= end ? timeOf(seq) : null;
    // Every other entry that is shown is a line: a join, a setting.
    const entry = { seq, timeMs } as never;
    const item: HistoryItem = seq % 2 ? { type: "line", entry } : { type: "message", message: entry };
    const items = timeMs === null ? [] : [item];
    const toSeq = Math.min(seq, end);
    const page = { conversationId: "c", fromSeq: after + 1, toSeq, asOf: head, items };
    return Promise.resolve({ ...page, moreBefore: after > 0, moreAfter: toSeq < head });
  };
  return [read, asked];
}

test("the first entry of a day is found, whatever it is", async () => {
  const [read, asked] = log(10_000, (seq) => seq * 10);
  expect(await firstSince(read, 73_210, 1, 10_000)).toBe(7321);
  expect(await firstSince(read, 73_205, 1, 10_000)).toBe(7321);
  expect(await firstSince(read, 0, 1, 10_000)).toBe(1);
  expect(await firstSince(read, 100_000, 1, 10_000)).toBe(10_000);
  expect(asked.length / 4).toBeLessThanOrEqual(15);
});

test("of many said at one moment it is the first", async () => {
  const [read] = log(1000, (seq) => Math.floor(seq / 100));
  expect(await firstSince(read, 4, 1, 1000)).toBe(400);
});

test("what is not shown is passed over, however much of it there is", async () => {
  const [read] = log(1000, (seq) => (seq < 100 || (seq > 700 && seq < 900) ? seq : null));
  expect(await firstSince(read, 400, 1, 1000)).toBe(701);
  expect(await firstSince(read, 99, 1, 1000)).toBe(99);
  expect(await firstSince(read, 950, 1, 1000)).toBe(1000);
  expect(await firstSince(read, 720, 710, 1000)).toBe(720);
});
