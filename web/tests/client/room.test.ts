/** A conversation that is looked at: one unbroken list, however its pieces come. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";

import type { Room, RoomItem } from "@/client/api";
import { openRoom } from "@/client/room";
import type { EntrySchema } from "@/protocol/hubbub_pb";

import { JULIET, ROMEO, ROOM, Stage, entry, history, settle } from "./fake";

type EntryInit = MessageInitShape<typeof EntrySchema>;

async function pages(stage: Stage, page: object): Promise<{ before: bigint; after: bigint; around: bigint }> {
  const wish = await stage.connection.next("getHistory");
  stage.connection.send({ case: "historyPage", value: page }, wish.frameId);
  await settle();
  return { before: wish.beforeSeq, after: wish.afterSeq, around: wish.aroundSeq };
}

/** Open a room on the newest messages 51 to 60. */
async function looks(head = 60, page: object = history(51, 60, { more: [true, false] })): Promise<[Stage, Room]> {
  const stage = new Stage();
  await stage.opens(head);
  const room = openRoom(stage.client, ROOM);
  const members = await stage.connection.next("listMembers");
  const people = [ROMEO, JULIET].map((userId) => ({ userId, state: 1, readSeq: 50n, deliveredSeq: 50n }));
  stage.connection.send({ case: "memberPage", value: { members: people } }, members.frameId);
  await pages(stage, page);
  return [stage, room];
}

function texts(room: Room): string[] {
  return room.view.items.map((item) => {
    if (item.type === "message") return item.message.post.body.text;
    return item.type === "pending" ? `(${item.post.body.text})` : item.entry.action.kind;
  });
}

function message(room: Room, seq: number): Extract<RoomItem, { type: "message" }> {
  const found = room.view.items.find((item) => item.type === "message" && item.message.seq === seq);
  if (found?.type !== "message") throw new Error(`no message ${seq}`);
  return found;
}

const range = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, n) => `${from + n}`);

function acts(stage: Stage, seq: number, kind: NonNullable<EntryInit["kind"]>): void {
  const one: EntryInit = { ...entry(seq), kind };
  const value = { conversationId: ROOM, fromSeq: BigInt(seq), toSeq: BigInt(seq), asOf: BigInt(seq), entries: [one] };
  stage.connection.send({ case: "entries", value });
}

test("the newest page is shown and grows with what comes", async () => {
  const [stage, room] = await looks();
  stage.connection.says(61, 62);
  await settle();
  expect(texts(room)).toEqual(range(51, 62));
  expect(room.view).toMatchObject({ moreBefore: true, moreAfter: false, loading: null, unverified: false });
});

test("what came while the page was on its way is neither lost nor doubled", async () => {
  const stage = new Stage();
  await stage.opens(60);
  const room = openRoom(stage.client, ROOM);
  const wish = await stage.connection.next("getHistory");
  stage.connection.says(61, 62);
  acts(stage, 63, { case: "recall", value: { targetSeq: 60n } });
  stage.connection.send({ case: "historyPage", value: history(51, 61, { more: [true, false] }) }, wish.frameId);
  stage.connection.says(62);
  await settle();
  expect(texts(room).slice(-3)).toEqual(["", "61", "62"]);
  expect(message(room, 60).message.recalled).toBe(true);
});

test("older and newer pages join without a seam, and an old entry changes no fresh page", async () => {
  const [stage, room] = await looks();
  const loading = room.before();
  const again = room.before();
  const at = await pages(stage, history(41, 50, { more: [true, false], asOf: 64 }));
  await Promise.all([loading, again]);
  expect(at.before).toBe(51n);
  expect(texts(room)).toEqual(range(41, 60));
  // The page as of 64 has it already; the one as of 60 has not.
  acts(stage, 61, { case: "pin", value: { targetSeq: 45n, set: true } });
  acts(stage, 62, { case: "pin", value: { targetSeq: 55n, set: true } });
  await settle();
  expect([message(room, 45).message.pinned, message(room, 55).message.pinned]).toEqual([false, true]);
});

test("pages that overlap double nothing", async () => {
  const [stage, room] = await looks();
  const loading = room.before();
  await pages(stage, history(48, 53, { more: [true, false] }));
  await loading;
  expect(texts(room)).toEqual(range(48, 60));
  expect(room.view.covers).toEqual({ from: 48, to: 60 });
});

test("what could not be loaded is loaded once there is a connection", async () => {
  const stage = new Stage();
  await stage.opens(60);
  stage.connection.lose();
  const room = openRoom(stage.client, ROOM);
  await stage.platform.passes(16_000);
  expect(room.view.error).toMatchObject({ code: "timeout" });
  stage.platform.wakes("online");
  await stage.greets();
  await pages(stage, history(51, 60, { more: [true, false] }));
  expect(texts(room)).toEqual(range(51, 60));
  expect(room.view).toMatchObject({ error: null, unverified: false });
});

test("a jump shows another stretch; what comes live stays behind it until it is reached", async () => {
  const [stage, room] = await looks();
  const jumping = room.around(15);
  const at = await pages(stage, history(11, 20, { more: [true, true], asOf: 60 }));
  await jumping;
  expect(at.around).toBe(15n);
  stage.connection.says(61);
  stage.client.send(ROOM, "unseen");
  await settle();
  expect(texts(room)).toEqual(range(11, 20));
  const onward = room.after();
  expect((await pages(stage, history(21, 61, { more: [true, false] }))).after).toBe(20n);
  await onward;
  expect(texts(room)).toEqual([...range(11, 61), "(unseen)"]);
  stage.connection.says(62);
  await settle();
  expect(texts(room)).toEqual([...range(11, 62), "(unseen)"]);
});

test("a message goes from waiting to read in one row", async () => {
  const [stage, room] = await looks();
  const sending = stage.client.send(ROOM, "Soft!");
  await settle();
  const last = (): RoomItem => room.view.items.at(-1)!;
  expect(last()).toMatchObject({ type: "pending", key: sending.clientId });
  stage.connection.accepts(await stage.connection.next("submit"), 61);
  await settle();
  expect(last()).toMatchObject({ type: "message", key: sending.clientId, sending: "sent" });
  const entries = [entry(61, "Soft!", ROMEO, sending.clientId)];
  const value = { conversationId: ROOM, fromSeq: 61n, toSeq: 61n, asOf: 61n, entries };
  stage.connection.send({ case: "entries", value });
  await settle();
  expect(texts(room)).toEqual([...range(51, 60), "Soft!"]);
  const marks = (readSeq: bigint, deliveredSeq: bigint): void =>
    stage.connection.send({
      case: "marks",
      value: { conversationId: ROOM, marks: [{ userId: JULIET, readSeq, deliveredSeq }] },
    });
  marks(0n, 61n);
  await settle();
  expect(last()).toMatchObject({ key: sending.clientId, sending: "delivered" });
  marks(61n, 61n);
  await settle();
  expect(last()).toMatchObject({ key: sending.clientId, sending: "read" });
});

test("a change of one's own is shown at once, and taken back when it is refused", async () => {
  const [stage, room] = await looks();
  stage.client.react(ROOM, 55, "👍");
  await settle();
  expect(message(room, 55)).toMatchObject({ changing: true, message: { reactions: [{ emoji: "👍", mine: true }] } });
  stage.connection.refuses(await stage.connection.next("submit"), "muted");
  await settle();
  expect(message(room, 55)).toMatchObject({ changing: false, message: { reactions: [] } });
  stage.client.edit(ROOM, 55, "better").done.catch(() => undefined);
  stage.connection.refuses(await stage.connection.next("submit"), "forbidden");
  await settle();
  expect(message(room, 55)).toMatchObject({ failed: { error: { code: "forbidden" } }, message: { seq: 55 } });
});

test("rows that did not change stay the same objects", async () => {
  const [stage, room] = await looks();
  const before = message(room, 55);
  stage.connection.says(61);
  await settle();
  expect(message(room, 55)).toBe(before);
});

test("a long reaction list is asked for again", async () => {
  const userIds = Array.from({ length: 100 }, (_, n) => n.toString(16).padStart(32, "0"));
  const page = history(51, 60) as { items: { item: { value: object } }[] };
  Object.assign(page.items[4]!.item.value, { reactions: [{ emoji: "👍", count: 150, userIds }] });
  const [stage, room] = await looks(60, page);
  acts(stage, 61, { case: "reaction", value: { targetSeq: 55n, emoji: "👍", set: true } });
  await settle();
  const fresh = history(55, 55, { asOf: 61, more: [true, true] }) as typeof page;
  Object.assign(fresh.items[0]!.item.value, { reactions: [{ emoji: "👍", count: 151, userIds }] });
  expect((await pages(stage, fresh)).around).toBe(55n);
  expect(message(room, 55).message.reactions[0]?.count).toBe(151);
});

test("after a reset what is shown is marked until it was loaded again", async () => {
  const [stage, room] = await looks();
  const reset = { conversationId: ROOM, fromSeq: 401n, toSeq: 400n, asOf: 400n, reset: true };
  stage.connection.send({ case: "entries", value: reset });
  await settle();
  expect(room.view).toMatchObject({ unverified: true, loading: "newest" });
  expect(texts(room)).toEqual(range(51, 60));
  await pages(stage, history(391, 400, { more: [true, false] }));
  expect(room.view.unverified).toBe(false);
  expect(texts(room)).toEqual(range(391, 400));
});

test("far rows are dropped and can be had again", async () => {
  const [stage, room] = await looks();
  room.trim(4, 53);
  await settle();
  expect(texts(room)).toEqual(range(51, 54));
  expect(room.view.moreAfter).toBe(true);
  void room.after();
  expect((await pages(stage, history(55, 60, { more: [true, false] }))).after).toBe(54n);
  expect(texts(room)).toEqual(range(51, 60));
});

test("a thread shows its own; the conversation counts its replies and does not show them", async () => {
  const [stage, room] = await looks();
  const thread = openRoom(stage.client, ROOM, { thread: 55 });
  const wish = await stage.connection.next("getHistory");
  expect(wish.threadSeq).toBe(55n);
  stage.connection.send({ case: "historyPage", value: history(55, 55, { asOf: 60 }) }, wish.frameId);
  await settle();
  const body = { content: { case: "text" as const, value: { text: "reply" } } };
  acts(stage, 61, { case: "message", value: { body, threadSeq: 55n } });
  stage.client.send(ROOM, "mine", { thread: 55 });
  await settle();
  expect(texts(thread)).toEqual(["55", "reply", "(mine)"]);
  expect(texts(room)).toEqual(range(51, 60));
  expect(message(room, 55).message).toMatchObject({ threadReplies: 1, threadLastSeq: 61 });
});

test("why a page did not come is told, and trying again helps", async () => {
  const [stage, room] = await looks();
  const loading = room.before();
  const wish = await stage.connection.next("getHistory");
  stage.connection.send({ case: "error", value: { code: "not_a_member" } }, wish.frameId);
  await expect(loading).rejects.toMatchObject({ code: "not_a_member" });
  expect(room.view).toMatchObject({ error: { code: "not_a_member" }, loading: null });
  void room.before();
  await pages(stage, history(41, 50, { more: [false, false] }));
  expect(room.view.error).toBeNull();
});

test("without a network a room shows what was kept, as it was", async () => {
  const [stage, room] = await looks();
  room.close();
  stage.connection.says(61);
  stage.connection.lose();
  await settle();
  const again = openRoom(stage.client, ROOM);
  await settle();
  expect(texts(again)).toEqual(range(51, 61));
  expect(again.view).toMatchObject({ unverified: true, loading: "newest" });
});

test("typing is shown and forgotten", async () => {
  const [stage, room] = await looks();
  stage.connection.send({ case: "typing", value: { conversationId: ROOM, userId: JULIET, typing: true } });
  await settle();
  expect(room.view.typing).toEqual([JULIET]);
  await stage.platform.passes(7000);
  expect(room.view.typing).toEqual([]);
});

test("what was kept long enough is shown no more, and nothing is asked for before it", async () => {
  const [stage, room] = await looks();
  acts(stage, 61, { case: "conversationChange", value: { keptFrom: 58n } });
  stage.connection.says(62);
  await settle();
  expect(texts(room)).toEqual(["58", "59", "60", "62"]);
  expect(room.view.moreBefore).toBe(false);
});
