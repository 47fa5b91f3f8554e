/** Entries: once, in order, whatever is lost on the way. */
import { expect, test } from "vitest";

import { MemoryStore } from "@/client/store";

import { ROOM, Stage, entry, page, settle, state } from "./fake";

const OTHER = "d".repeat(32);

test("live entries are told once and in order", async () => {
  const stage = new Stage();
  await stage.opens(4);
  stage.connection.says(5);
  stage.connection.says(5);
  stage.connection.says(6, 7);
  expect(stage.heard).toEqual([5, 6, 7]);
});

test("a gap is fetched once, after a moment, and closed", async () => {
  const stage = new Stage();
  await stage.opens(4);
  stage.connection.says(7);
  stage.connection.says(8);
  await stage.connection.none("getEntries");
  await stage.platform.passes(60);
  const wish = await stage.connection.next("getEntries");
  expect(wish.afterSeq).toBe(4n);
  await stage.connection.none("getEntries");
  stage.connection.send({ case: "entryPage", value: page(5, 6, [5, 6], 8) }, wish.frameId);
  expect(stage.heard).toEqual([5, 6, 7, 8]);
});

test("a gap that closes by itself is not asked for", async () => {
  const stage = new Stage();
  await stage.opens(4);
  stage.connection.says(6);
  stage.connection.says(5);
  await stage.platform.passes(60);
  await stage.connection.none("getEntries");
  expect(stage.heard).toEqual([5, 6]);
});

test("a withheld number is passed over", async () => {
  const stage = new Stage();
  await stage.opens(4);
  stage.connection.pushes(5, 7, [5, 7]);
  stage.connection.says(8);
  await stage.platform.passes(60);
  await stage.connection.none("getEntries");
  expect(stage.heard).toEqual([5, 7, 8]);
});

test("a returning client says what it has and is told of the rest", async () => {
  const stage = new Stage();
  await stage.opens(4);
  stage.connection.says(5);
  stage.connection.lose();
  await stage.platform.passes(1000);
  const hello = await stage.greets();
  expect(hello.resume?.have.map((head) => [head.conversationId, head.seq])).toEqual([[ROOM, 5n]]);
  stage.connection.pushes(6, 7, [6, 7]);
  await settle();
  expect(stage.heard).toEqual([5, 6, 7]);
  expect(stage.states).toEqual(["resyncing", "online", "waiting", "connecting", "resyncing", "online"]);
});

test("a page of a resume that ends early is followed by a fetch", async () => {
  const stage = new Stage();
  await stage.opens(4);
  stage.connection.send({ case: "entries", value: page(5, 6, [5, 6], 8) });
  await stage.platform.passes(60);
  const wish = await stage.connection.next("getEntries");
  expect(wish.afterSeq).toBe(6n);
});

test("a fetch that fails is tried again later", async () => {
  const stage = new Stage();
  await stage.opens(4);
  stage.connection.says(6);
  await stage.platform.passes(60);
  const wish = await stage.connection.next("getEntries");
  stage.connection.send({ case: "error", value: { code: "overloaded", retry: true } }, wish.frameId);
  await stage.connection.none("getEntries");
  await stage.platform.passes(1000);
  await stage.connection.next("getEntries");
});

test("too much is passed over, said, and the conversation is read afresh", async () => {
  const stage = new Stage();
  const resets: string[] = [];
  stage.client.on("reset", (one) => resets.push(one.conversationId));
  await stage.opens(4);
  const reset = { conversationId: ROOM, fromSeq: 401n, toSeq: 400n, asOf: 400n, reset: true };
  stage.connection.send({ case: "entries", value: reset });
  await stage.platform.passes(60);
  expect(resets).toEqual([ROOM]);
  const wish = await stage.connection.next("getConversation");
  stage.connection.send({ case: "conversation", value: state(400, { unread: 100 }) }, wish.frameId);
  expect(stage.client.conversations.get(ROOM)?.unread).toBe(100);
  stage.connection.says(401);
  expect(stage.heard).toEqual([401]);
});

test("a bot that must miss nothing reads on instead", async () => {
  const stage = new Stage({ catchUpLimit: 1000 });
  await stage.opens(4);
  const reset = { conversationId: ROOM, fromSeq: 401n, toSeq: 400n, asOf: 400n, reset: true };
  stage.connection.send({ case: "entries", value: reset });
  await stage.platform.passes(60);
  expect((await stage.connection.next("getEntries")).afterSeq).toBe(4n);
});

test("another epoch begins everything anew and says so", async () => {
  const stage = new Stage();
  const resets: string[] = [];
  stage.client.on("reset", (one) => resets.push(one.conversationId));
  await stage.opens(4);
  stage.connection.lose();
  await stage.platform.passes(1000);
  await stage.greets({ epoch: "f".repeat(32) });
  await stage.lists(2);
  await settle();
  stage.connection.says(3);
  expect(resets).toEqual([""]);
  expect(stage.heard).toEqual([3]);
});

test("a reset in the middle of a session lists again on the same connection", async () => {
  const stage = new Stage();
  await stage.opens(4);
  stage.connection.send({ case: "reset", value: { epoch: "e".repeat(32), reason: "too many" } });
  await stage.lists(9);
  await settle();
  stage.connection.says(10);
  expect(stage.heard).toEqual([10]);
});

test("heads and a resync say what to fetch", async () => {
  const stage = new Stage();
  await stage.opens(4);
  stage.connection.send({ case: "resync", value: {} });
  stage.connection.send({ case: "heads", value: { heads: [{ conversationId: ROOM, seq: 9n }] } });
  await stage.platform.passes(60);
  expect((await stage.connection.next("getEntries")).afterSeq).toBe(4n);
  expect((await stage.connection.next("getUserState")).sinceVersion).toBe(1n);
});

test("a gap in versions is seen and closed", async () => {
  const stage = new Stage();
  await stage.opens(4);
  stage.connection.send({ case: "userChanged", value: { sinceVersion: 3n, version: 4n, conversations: [] } });
  await stage.platform.passes(60);
  const wish = await stage.connection.next("getUserState");
  const rows = { sinceVersion: 1n, version: 4n, conversations: [state(4, { title: "Mantua", version: 4n })] };
  stage.connection.send({ case: "userState", value: rows }, wish.frameId);
  expect(stage.client.conversations.get(ROOM)?.title).toBe("Mantua");
});

test("an entry from an unknown place makes the client ask for its rows, and is told", async () => {
  const stage = new Stage();
  await stage.opens(4);
  const pushed = { ...page(6, 6, []), conversationId: OTHER };
  stage.connection.send({ case: "entries", value: pushed });
  await stage.platform.passes(60);
  const wish = await stage.connection.next("getUserState");
  const row = state(6, { conversationId: OTHER, version: 2n, readSeq: 6n });
  stage.connection.send(
    { case: "userState", value: { sinceVersion: 1n, version: 2n, conversations: [row] } },
    wish.frameId,
  );
  await settle();
  expect((await stage.connection.next("getEntries")).afterSeq).toBe(5n);
});

test("counts are folded from entries, and a row that is older than they are takes them along", async () => {
  const stage = new Stage();
  await stage.opens(4);
  stage.connection.says(5, 6);
  expect(stage.client.conversations.get(ROOM)).toMatchObject({ unread: 2, asOf: 6, lastTimeMs: 6 });
  const row = state(5, { version: 2n, unread: 1, title: "Mantua" });
  stage.connection.send({ case: "userChanged", value: { sinceVersion: 1n, version: 2n, conversations: [row] } });
  expect(stage.client.conversations.get(ROOM)).toMatchObject({ unread: 2, asOf: 6, title: "Mantua" });
});

test("what a person saw counts at once, and is told merged", async () => {
  const stage = new Stage();
  await stage.opens(4);
  stage.connection.says(5, 6);
  stage.client.saw(ROOM, 5);
  stage.client.saw(ROOM, 6);
  expect(stage.client.conversations.get(ROOM)).toMatchObject({ unread: 0, readSeq: 6 });
  await stage.platform.passes(1000);
  const mark = await stage.connection.next("setMark");
  expect([mark.readSeq, mark.deliveredSeq]).toEqual([6n, 6n]);
  await stage.connection.none("setMark");
});

test("a restart goes on where the last run was, and shows what it had before the network answers", async () => {
  const store = new MemoryStore(true);
  const first = new Stage({ store });
  await first.opens(4);
  const history = first.client.history(ROOM);
  const wish = await first.connection.next("getHistory");
  const items = [3, 4].map((seq) => ({ item: { case: "entry" as const, value: entry(seq) } }));
  const newest = { conversationId: ROOM, fromSeq: 3n, toSeq: 4n, asOf: 4n, items, moreBefore: true };
  first.connection.send({ case: "historyPage", value: newest }, wish.frameId);
  await history;
  first.connection.says(5);
  await first.client.close();

  const second = new Stage({ store });
  await second.client.start();
  expect(second.client.conversations.get(ROOM)).toMatchObject({ title: "Verona", unread: 1 });
  expect((await second.client.kept(ROOM))?.toSeq).toBe(5);
  const hello = await second.greets();
  expect(hello.resume?.have[0]?.seq).toBe(5n);
  second.connection.says(5, 6);
  expect(second.heard).toEqual([6]);
});

test("another person's store is begun anew", async () => {
  const store = new MemoryStore(true);
  const first = new Stage({ store });
  await first.opens(4);
  await first.client.close();
  const second = new Stage({ store });
  await second.client.start();
  await second.greets({ userId: "9".repeat(32) });
  await second.connection.next("listConversations");
  expect(second.client.conversations.size).toBe(0);
});

test("somebody who falls silent no longer types", async () => {
  const stage = new Stage();
  const typing: boolean[] = [];
  stage.client.on("typing", (one) => typing.push(one.typing));
  await stage.opens(4);
  const value = { conversationId: ROOM, userId: "b".repeat(32), typing: true };
  stage.connection.send({ case: "typing", value });
  stage.connection.send({ case: "typing", value });
  await stage.platform.passes(7000);
  expect(typing).toEqual([true, false]);
  stage.connection.send({ case: "typing", value });
  stage.connection.says(5);
  expect(typing).toEqual([true, false, true, false]);
});
