/** A room as it is drawn: paced, trimmed, and told where to begin. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { watch } from "vue";

import { createRoom, LONGEST, type Room } from "@/stores/room";

import { ROOM, Stage, history, settle } from "../client/fake";

beforeEach(() => {
  vi.stubGlobal("window", globalThis);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function pages(stage: Stage, page: object): Promise<{ before: bigint; after: bigint; around: bigint }> {
  const wish = await stage.connection.next("getHistory");
  stage.connection.send({ case: "historyPage", value: page }, wish.frameId);
  await settle();
  return { before: wish.beforeSeq, after: wish.afterSeq, around: wish.aroundSeq };
}

async function opens(page: object, readSeq: number | null = null): Promise<[Stage, Room, Promise<void>]> {
  const stage = new Stage();
  await stage.opens(2000);
  const room = createRoom(stage.client, ROOM, 0, readSeq);
  const opening = room.open();
  await pages(stage, page);
  return [stage, room, opening];
}

function seqs(room: Room): number[] {
  return room.rows.value.flatMap((row) => (row.kind === "message" ? [row.message.seq] : []));
}

test("it begins where reading stopped when more is unread than a page holds", async () => {
  const [stage, room, opening] = await opens(history(1951, 2000, { more: [true, false] }), 1000);
  expect((await pages(stage, history(976, 1025, { more: [true, true], asOf: 2000 }))).around).toBe(1000n);
  await opening;
  const line = room.rows.value.findIndex((row) => row.kind === "unread");
  expect(room.rows.value[line + 1]).toMatchObject({ message: { seq: 1001 } });
  expect(room.timeline.value).toEqual({ from: 976, to: 1025, moreBefore: true, moreAfter: true });
});

test("it finds what is loaded, and says so when a message is not to be had", async () => {
  const [stage, room, opening] = await opens(history(1951, 2000, { more: [true, false] }));
  await opening;
  expect(room.find(1960)?.seq).toBe(1960);
  const going = room.goTo(7);
  await pages(stage, history(8, 20, { more: [true, true], asOf: 2000 }));
  expect(await going).toBe(false);
  expect(await room.goTo(12)).toBe(true);
});

test("far ends are dropped, and the end that is read stays", async () => {
  const [, room, opening] = await opens(history(1, LONGEST + 1));
  await opening;
  room.trim("end");
  expect(room.timeline.value).toMatchObject({ to: LONGEST + 1, moreBefore: true, moreAfter: false });
  expect(seqs(room)).toHaveLength(700);
});

test("a flood of entries is drawn a few times a second, and all of it", async () => {
  const [stage, room, opening] = await opens(history(1951, 2000, { more: [true, false] }));
  await opening;
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  let draws = 0;
  const stop = watch(room.rows, () => (draws += 1), { flush: "sync" });
  for (let seq = 2001; seq <= 2100; seq += 1) {
    stage.connection.says(seq);
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  }
  await vi.advanceTimersByTimeAsync(70);
  stop();
  expect(seqs(room).at(-1)).toBe(2100);
  expect(draws).toBeLessThan(10);
});

test("why nothing could be loaded is told until it could", async () => {
  const stage = new Stage();
  await stage.opens(60);
  const room = createRoom(stage.client, ROOM, 0, null);
  const opening = room.open();
  const wish = await stage.connection.next("getHistory");
  stage.connection.send({ case: "error", value: { code: "not_a_member" } }, wish.frameId);
  await opening;
  expect([room.failed.value, room.timeline.value]).toEqual(["not_a_member", null]);
  const again = room.open();
  await pages(stage, history(51, 60));
  await again;
  expect([room.failed.value, seqs(room).length]).toEqual(["", 10]);
});

test("what was deleted for oneself vanishes from what is shown", async () => {
  const [stage, room, opening] = await opens(history(1951, 2000, { more: [true, false] }));
  await opening;
  const hiding = room.hide(1990);
  const wish = await stage.connection.next("hideMessage");
  stage.connection.send({ case: "done", value: {} }, wish.frameId);
  await hiding;
  await settle();
  await vi.waitFor(() => expect(seqs(room)).not.toContain(1990));
  expect(seqs(room)).toContain(1991);
});
