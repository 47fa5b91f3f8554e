/** Messages to come back to: asked for as requests, told of as rows of the person. */
import { expect, test } from "vitest";

import type { Reminder } from "@/client/models";
import { Host, PortClient, type Port } from "@/client/port";

import { ROOM, Stage, settle } from "./fake";

/** A row as the server writes it. */
function row(seq: number, version: number, fields: object = {}): object {
  return { conversationId: ROOM, seq: BigInt(seq), dueMs: 5000n, note: "", version: BigInt(version), ...fields };
}

/** Two ends of a pipe that carries copies, a turn later. */
function pipe(): [Port, Port] {
  const made = (): Port => ({ post: () => undefined, onMessage: null, close: () => undefined });
  const [one, other] = [made(), made()];
  one.post = (message) => queueMicrotask(() => other.onMessage?.(structuredClone(message)));
  other.post = (message) => queueMicrotask(() => one.onMessage?.(structuredClone(message)));
  return [one, other];
}

test("a reminder is set, moved and taken away by one request", async () => {
  const stage = new Stage();
  await stage.opens();
  const set = stage.client.remind(ROOM, 3, 5000, "answer her");
  const asked = await stage.connection.next("setReminder");
  expect(asked).toMatchObject({ conversationId: ROOM, seq: 3n, dueMs: 5000n, note: "answer her" });
  stage.connection.send({ case: "done", value: {} }, asked.frameId);
  await set;
  const gone = stage.client.forgetReminder(ROOM, 3);
  const taken = await stage.connection.next("setReminder");
  expect(taken).toMatchObject({ seq: 3n, dueMs: 0n });
  stage.connection.send({ case: "done", value: {} }, taken.frameId);
  await gone;
});

test("a list comes page by page", async () => {
  const stage = new Stage();
  await stage.opens();
  const listed = stage.client.reminders("c", 2);
  const asked = await stage.connection.next("listReminders");
  expect(asked).toMatchObject({ cursor: "c", limit: 2 });
  const reminders = [row(3, 7, { due: true, note: "now" }), row(4, 5)];
  stage.connection.send({ case: "reminderPage", value: { reminders, nextCursor: "d" } }, asked.frameId);
  expect(await listed).toEqual({
    items: [
      { conversationId: ROOM, seq: 3, dueMs: 5000, note: "now", due: true, version: 7 },
      { conversationId: ROOM, seq: 4, dueMs: 5000, note: "", due: false, version: 5 },
    ],
    nextCursor: "d",
  });
});

test("what another device did, and what came due, is told of in every tab", async () => {
  const stage = new Stage();
  await stage.opens();
  const [here, there] = pipe();
  new Host(stage.client).attach(here);
  const tab = new PortClient((thrown) => expect.fail(String(thrown)));
  tab.attach(there);
  const told: Reminder[] = [];
  tab.on("reminder", (one) => told.push(one));
  await tab.start();
  stage.connection.send({
    case: "userChanged",
    value: { sinceVersion: 1n, version: 2n, reminders: [row(3, 2, { due: true })] },
  });
  await settle();
  expect(told).toMatchObject([{ seq: 3, due: true, version: 2 }]);
  const listed = tab.reminders();
  await settle();
  const asked = await stage.connection.next("listReminders");
  stage.connection.send({ case: "reminderPage", value: {} }, asked.frameId);
  expect(await listed).toEqual({ items: [], nextCursor: "" });
});

test("what came due while one was away comes with the rows that were missed", async () => {
  const stage = new Stage();
  await stage.opens();
  const told: number[] = [];
  stage.client.on("reminder", (one) => told.push(one.seq));
  stage.connection.send({
    case: "userChanged",
    value: { sinceVersion: 3n, version: 4n, reminders: [row(4, 4)] },
  });
  await stage.platform.passes(60);
  const missed = await stage.connection.next("getUserState");
  const state = { sinceVersion: 1n, version: 4n, reminders: [row(3, 3, { due: true }), row(4, 4)] };
  stage.connection.send({ case: "userState", value: state }, missed.frameId);
  await settle();
  expect(told).toEqual([3, 4]);
});
