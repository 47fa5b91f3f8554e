/** Commands: durable before they are sent, in their order, once. */
import { expect, test } from "vitest";

import type { Pending } from "@/client/api";
import { HubbubError } from "@/client/errors";
import { newId } from "@/client/ids";
import { Outbox } from "@/client/outbox";
import { MemoryStore } from "@/client/store";

import { JULIET, ROMEO, ROOM, Stage, entry, settle, type Request } from "./fake";

const LATER = 3000;
const KEY = newId();

async function refusal(done: Promise<unknown>): Promise<HubbubError> {
  return done.then(
    () => expect.fail("it was accepted"),
    (thrown: unknown) => thrown as HubbubError,
  );
}

async function submits(stage: Stage, count: number): Promise<Request<"submit">[]> {
  const found: Request<"submit">[] = [];
  for (let n = 0; n < count; n += 1) found.push(await stage.connection.next("submit"));
  return found;
}

test("a command is answered with its seq", async () => {
  const stage = new Stage();
  await stage.opens();
  const sending = stage.client.send(ROOM, "Soft!");
  expect(stage.client.outbox).toHaveLength(1);
  const submit = await stage.connection.next("submit");
  expect(submit.clientId).toBe(sending.clientId);
  stage.connection.accepts(submit, 5);
  expect(await sending.done).toMatchObject({ seq: 5, repeated: false });
  expect(stage.client.outbox).toEqual([]);
});

test("pipelined commands name the one before; reactions stand outside the order", async () => {
  const stage = new Stage();
  await stage.opens();
  const first = stage.client.send(ROOM, "one");
  stage.client.react(ROOM, 3, "👍");
  const second = stage.client.send(ROOM, "two");
  const [one, reaction, two] = await submits(stage, 3);
  expect([one!.after, reaction!.after, two!.after]).toEqual(["", "", first.clientId]);
  expect(two!.clientId).toBe(second.clientId);
});

test("commands given before the first connection wait for it", async () => {
  const stage = new Stage();
  const sending = stage.client.send(ROOM, "Soft!");
  await stage.opens();
  stage.connection.accepts(await stage.connection.next("submit"), 5);
  expect((await sending.done).seq).toBe(5);
});

test("a reconnect sends everything unanswered again, in order, under the same names", async () => {
  const stage = new Stage();
  await stage.opens();
  const sent = ["one", "two", "three"].map((text) => stage.client.send(ROOM, text));
  const [first] = await submits(stage, 3);
  stage.connection.accepts(first!, 5);
  stage.connection.lose();
  await stage.platform.passes(1000);
  await stage.greets();
  const again = await submits(stage, 2);
  expect(again.map((one) => one.clientId)).toEqual(sent.slice(1).map((one) => one.clientId));
  expect(again.map((one) => one.after)).toEqual([sent[0]!.clientId, sent[1]!.clientId]);
});

test("a refusal is final only once no earlier sending can be under way", () => {
  const outbox = new Outbox({ changed: () => undefined, gone: () => undefined }, 10);
  const action = { kind: "reaction", target: 3, emoji: "👍", set: true } as const;
  const command = { conversationId: ROOM, clientId: KEY, action, after: "", ordered: true, madeMs: 0, error: null };
  const outcomes: unknown[] = [];
  outbox.add(command, true, (outcome) => outcomes.push(outcome));
  const goes = (nowMs: number): number => [...outbox.ready(nowMs)].length;
  const refuse = (nowMs: number): void => {
    outbox.refused(ROOM, KEY, new HubbubError("not_a_member"), nowMs, 0);
  };
  expect(goes(0)).toBe(1);
  outbox.disconnected(0);
  expect(goes(1_000)).toBe(1);
  refuse(1_000);
  expect(outcomes).toEqual([]);
  expect(goes(2_900)).toBe(0);
  expect(goes(20_000)).toBe(1);
  refuse(20_000);
  expect(outcomes).toHaveLength(1);
});

test("an own entry that comes before its answer settles the command", async () => {
  const stage = new Stage();
  await stage.opens();
  const sending = stage.client.send(ROOM, "Soft!");
  await stage.connection.next("submit");
  const pushed = { conversationId: ROOM, fromSeq: 5n, toSeq: 5n, asOf: 5n };
  const entries = [entry(5, "Soft!", ROMEO, sending.clientId)];
  stage.connection.send({ case: "entries", value: { ...pushed, entries } });
  expect((await sending.done).seq).toBe(5);
});

test("a refused message fails, takes those behind it along, and stays until it is tried again", async () => {
  const stage = new Stage();
  await stage.opens();
  const sent = ["one", "two", "three"].map((text) => stage.client.send(ROOM, text));
  const [first] = await submits(stage, 3);
  stage.connection.refuses(first!, "text_too_long");
  expect((await refusal(sent[0]!.done)).code).toBe("text_too_long");
  expect((await refusal(sent[1]!.done)).code).toBe("predecessor_missing");
  expect((await refusal(sent[2]!.done)).code).toBe("predecessor_missing");
  expect(stage.client.outbox.map((one) => one.state)).toEqual(["failed", "failed", "failed"]);

  stage.client.retry(ROOM, sent[0]!.clientId);
  const again = await submits(stage, 3);
  expect(again.map((one) => one.clientId)).toEqual(sent.map((one) => one.clientId));
  expect(again.map((one) => one.after)).toEqual(["", sent[0]!.clientId, sent[1]!.clientId]);
  again.forEach((submit, n) => stage.connection.accepts(submit, 5 + n));
  expect(stage.client.outbox).toEqual([]);
});

test("a failed message can be discarded", async () => {
  const stage = new Stage();
  const settled: number[] = [];
  stage.client.on("settled", (one) => settled.push(one.seq));
  await stage.opens();
  const sending = stage.client.send(ROOM, "one");
  stage.connection.refuses(await stage.connection.next("submit"), "forbidden");
  await refusal(sending.done);
  stage.client.discard(ROOM, sending.clientId);
  expect([stage.client.outbox, settled]).toEqual([[], [0]]);
});

test("a refused reaction leaves nothing behind", async () => {
  const stage = new Stage();
  await stage.opens();
  const reacting = stage.client.react(ROOM, 3, "👍");
  stage.connection.refuses(await stage.connection.next("submit"), "message_not_found");
  expect((await refusal(reacting.done)).code).toBe("message_not_found");
  expect(stage.client.outbox).toEqual([]);
});

test.each([
  ["unknown_outcome", 0],
  ["rate_limited", 2000],
])("%s is tried again under the same name, not before its time", async (code, afterMs) => {
  const stage = new Stage();
  await stage.opens();
  const sending = stage.client.send(ROOM, "one");
  stage.connection.refuses(await stage.connection.next("submit"), code, true, afterMs);
  await stage.connection.none("submit");
  if (afterMs) {
    await stage.platform.passes(afterMs - 1000);
    await stage.connection.none("submit");
  }
  await stage.platform.passes(LATER);
  expect((await stage.connection.next("submit")).clientId).toBe(sending.clientId);
});

test("what a person wants to know is not waited for", async () => {
  const stage = new Stage();
  await stage.opens();
  const sending = stage.client.send(ROOM, "one");
  stage.connection.refuses(await stage.connection.next("submit"), "muted", true, 1000);
  expect((await refusal(sending.done)).code).toBe("muted");
});

test("the outbox survives a restart of the program, what failed in it too", async () => {
  const store = new MemoryStore(true);
  const first = new Stage({ store });
  await first.opens();
  const failing = first.client.send(ROOM, "bad");
  first.connection.refuses(await first.connection.next("submit"), "forbidden");
  await refusal(failing.done);
  const sent = ["one", "two"].map((text) => first.client.send(ROOM, text));
  await submits(first, 2);
  await first.client.close();

  const second = new Stage({ store });
  const pending: Pending[] = [];
  second.client.on("pending", (one) => pending.push(one));
  await second.client.start();
  expect(pending.map((one) => one.state)).toEqual(["failed", "waiting", "waiting"]);
  await second.greets();
  const again = await submits(second, 2);
  expect(again.map((one) => one.clientId)).toEqual(sent.map((one) => one.clientId));
  expect(again[1]!.after).toBe(sent[0]!.clientId);
});

test("a command is kept before it is sent", async () => {
  const store = new MemoryStore(true);
  const held = Promise.withResolvers<void>();
  const write = store.write.bind(store);
  store.write = async (batch) => {
    if (batch.commands.length) await held.promise;
    return write(batch);
  };
  const stage = new Stage({ store });
  await stage.opens();
  stage.client.send(ROOM, "one");
  await stage.connection.none("submit");
  held.resolve();
  await stage.connection.next("submit");
});

test("a store that fails is given up with a report, and commands are sent all the same", async () => {
  const store = new MemoryStore(true);
  store.write = () => Promise.reject(new Error("the disk is full"));
  const stage = new Stage({ store });
  await stage.opens();
  stage.client.send(ROOM, "one");
  await stage.connection.next("submit");
  expect(stage.platform.faults).toHaveLength(1);
});

test("the same name is one command", async () => {
  const stage = new Stage();
  await stage.opens();
  const clientId = "1".repeat(32);
  const first = stage.client.send(ROOM, "one", { clientId });
  const second = stage.client.send(ROOM, "one", { clientId });
  stage.connection.accepts(await stage.connection.next("submit"), 5);
  await stage.connection.none("submit");
  expect(await first.done).toEqual(await second.done);
});

test("half a surrogate pair is refused before it is kept", async () => {
  const stage = new Stage();
  await stage.opens();
  expect((await refusal(stage.client.send(ROOM, "\ud800").done)).code).toBe("bad_request");
  expect(stage.client.outbox).toEqual([]);
});

test("a frame above the server's limit is refused here", async () => {
  const stage = new Stage();
  await stage.opens(4, { limits: { frameBytes: 1000 } });
  expect((await refusal(stage.client.send(ROOM, "x".repeat(2000)).done)).code).toBe("too_large");
});

test("a full outbox refuses one more", async () => {
  const stage = new Stage({ outboxLimit: 2 });
  stage.client.send(ROOM, "one");
  stage.client.send(ROOM, "two");
  expect((await refusal(stage.client.send(ROOM, "three").done)).code).toBe("overloaded");
});

test("requests are asked again when the connection is lost under them", async () => {
  const stage = new Stage();
  await stage.opens();
  const people = stage.client.users([JULIET]);
  await stage.connection.next("getUsers");
  stage.connection.lose();
  await stage.platform.passes(1000);
  await stage.greets();
  const wish = await stage.connection.next("getUsers");
  stage.connection.send({ case: "userPage", value: { users: [{ userId: JULIET, username: "juliet" }] } }, wish.frameId);
  expect(await people).toMatchObject([{ id: JULIET, username: "juliet" }]);
});

test("a request without a connection ends at its deadline", async () => {
  const stage = new Stage({ requestTimeoutMs: 2000 });
  await stage.client.start();
  await settle();
  const asking = refusal(stage.client.serverInfo());
  await stage.platform.passes(2500);
  expect((await asking).code).toBe("timeout");
});

test("typing is told no more often than it must be, and ends with the message", async () => {
  const stage = new Stage();
  await stage.opens();
  stage.client.typing(ROOM);
  stage.client.typing(ROOM);
  expect((await stage.connection.next("setTyping")).typing).toBe(true);
  await stage.connection.none("setTyping");
  await stage.platform.passes(3000);
  stage.client.typing(ROOM);
  expect((await stage.connection.next("setTyping")).typing).toBe(true);
  stage.client.send(ROOM, "Soft!");
  expect((await stage.connection.next("setTyping")).typing).toBe(false);
});

test("a message brings files by their ids, with or without words", async () => {
  const stage = new Stage();
  await stage.opens();
  const file = {
    id: "f".repeat(32),
    name: "a.png",
    type: "image/png",
    sizeBytes: 1,
    width: 1,
    height: 1,
    preview: true,
  };
  stage.client.send(ROOM, "", { files: [file] });
  const { action } = await stage.connection.next("submit");
  if (action.case !== "message") return expect.fail("no message");
  expect(action.value.body?.content.case).toBeUndefined();
  expect(action.value.body?.files.map(({ id, name }) => [id, name])).toEqual([[file.id, ""]]);
});

test("what one keeps of a conversation is told, but for what stays", async () => {
  const stage = new Stage();
  await stage.opens();
  const keeping = stage.client.setOwn(ROOM, { pinned: true, notify: "mentions", draft: { text: "But" } });
  const wish = await stage.connection.next("setOwn");
  expect(wish).toMatchObject({ pinned: true, notify: 2, draft: { text: "But", replyToSeq: 0n } });
  expect([wish.archived, wish.mutedUntilMs, wish.folder]).toEqual([undefined, undefined, undefined]);
  stage.connection.send({ case: "done", value: {} }, wish.frameId);
  await keeping;
});
