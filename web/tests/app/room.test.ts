/** A room as it is drawn: paced, trimmed, and told where to begin. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { watch } from "vue";

import { nearestSeen } from "@/client";
import { createRoom, LONGEST, type Room } from "@/stores/room";
import { seqOf } from "@/timeline/rows";

import { JULIET, ROOM, Stage, history, settle } from "../client/fake";

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

test("whoever never read anything begins at the beginning", async () => {
  const [stage, , opening] = await opens(history(1951, 2000, { more: [true, false] }), 0);
  expect((await pages(stage, history(1, 50, { more: [false, true], asOf: 2000 }))).around).toBe(1n);
  await opening;
});

test("the line above what is new is not drawn in a stretch that begins behind it", async () => {
  const [stage, room, opening] = await opens(history(1951, 2000, { more: [true, false] }), 1000);
  await pages(stage, history(976, 1025, { more: [true, true], asOf: 2000 }));
  await opening;
  const lines = (): number => room.rows.value.filter((row) => row.kind === "unread").length;
  expect(lines()).toBe(1);
  const going = room.goNewest();
  await pages(stage, history(1951, 2000, { more: [true, false] }));
  await going;
  expect(lines()).toBe(0);
  const back = room.goTo(1001);
  await pages(stage, history(976, 1025, { more: [true, true], asOf: 2000 }));
  await back;
  expect(lines()).toBe(1);
});

/** A page of which only some is shown: messages, and lines for joins; the rest was folded. */
function sparse(from: number, to: number, shown: Record<number, "message" | "line">, more: [boolean, boolean]): object {
  const items = Object.entries(shown).map(([seq, kind]) => {
    const known = { seq: BigInt(seq), timeMs: BigInt(seq), senderId: JULIET };
    const joined = { case: "memberChange" as const, value: { action: 2, userIds: [JULIET] } };
    return kind === "message"
      ? { item: { case: "message" as const, value: { ...known, message: {} } } }
      : { item: { case: "entry" as const, value: { ...known, conversationId: ROOM, kind: joined } } };
  });
  return { ...history(from, to, { more, asOf: 2000 }), items };
}

/** Open at the newest, jump to a seq, and answer with these pages; tell where it came to rest. */
async function lands(seq: number, ...answers: object[]): Promise<[number, boolean] | null> {
  const [stage, room, opening] = await opens(history(1951, 2000, { more: [true, false] }));
  await opening;
  const going = room.goTo(seq);
  for (const answer of answers) await pages(stage, answer);
  const landing = await going;
  return landing && [seqOf(landing.row), landing.exact];
}

test("a jump comes to rest at the very message, or at the line that has that seq", async () => {
  expect(await lands(1960)).toEqual([1960, true]);
  expect(await lands(12, history(1, 20, { more: [false, true], asOf: 2000 }))).toEqual([12, true]);
  expect(await lands(12, sparse(1, 20, { 11: "message", 12: "line", 13: "message" }, [false, true]))).toEqual([
    12,
    true,
  ]);
});

test("a jump to what was folded or withheld comes to rest at what is shown next", async () => {
  const far = sparse(1, 400, { 3: "message", 17: "line", 18: "message" }, [false, true]);
  expect(await lands(12, far)).toEqual([17, false]);
  // A page on which nothing is shown behind it is read on from.
  const none = sparse(1, 400, { 3: "message" }, [false, true]);
  expect(await lands(12, none, sparse(401, 800, { 500: "message" }, [true, true]))).toEqual([500, false]);
});

test("a jump behind the last thing that is shown comes to rest at that", async () => {
  expect(await lands(12, sparse(1, 400, { 3: "message" }, [false, false]))).toEqual([3, false]);
  const none = sparse(301, 400, {}, [true, false]);
  expect(await lands(390, none, sparse(1, 300, { 250: "line" }, [false, true]))).toEqual([250, false]);
  expect(await lands(12, sparse(1, 400, {}, [false, false]))).toBeNull();
});

test("of two jumps the later one comes to rest, and one that fails says so", async () => {
  const [stage, room, opening] = await opens(history(1951, 2000, { more: [true, false] }));
  await opening;
  const first = room.goTo(12);
  const second = room.goTo(1955);
  await pages(stage, history(1, 50, { more: [false, true], asOf: 2000 }));
  expect(await first).toBeNull();
  expect((await second)?.exact).toBe(true);

  const third = room.goTo(200);
  const wish = await stage.connection.next("getHistory");
  stage.connection.send({ case: "error", value: { code: "not_a_member" } }, wish.frameId);
  await expect(third).rejects.toMatchObject({ code: "not_a_member" });
});

test("a jump outside of what one may see goes to the nearest that one may", () => {
  const intervals = [
    { from: 10, to: 20 },
    { from: 40, to: 50 },
  ];
  expect([5, 12, 30, 45, 60].map((seq) => nearestSeen(intervals, seq))).toEqual([10, 12, 40, 45, 50]);
  expect(nearestSeen([{ from: 10, to: 0 }], 99)).toBe(99);
  expect(nearestSeen([], 3)).toBe(3);
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
