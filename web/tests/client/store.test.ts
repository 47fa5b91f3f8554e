/** Every store passes the same tests. */
import { IDBFactory } from "fake-indexeddb";
import { beforeEach, describe, expect, test } from "vitest";

import { IndexedDbStore } from "@/client/indexeddb";
import { KeptLogin } from "@/client/login";
import type { Conversation, HistoryPage } from "@/client/models";
import type { Command } from "@/client/outbox";
import { MemoryStore, type Batch, type Store } from "@/client/store";

const NOTHING: Batch = {
  drop: "nothing",
  userId: null,
  version: null,
  conversations: [],
  commands: [],
  gone: [],
  pages: [],
};

function command(name: string, madeMs: number): Command {
  const action = { kind: "pin", target: 1, set: true } as const;
  return { conversationId: "room", clientId: name, action, after: "", ordered: true, madeMs, error: null };
}

const conversation = { id: "room", title: "Verona" } as Conversation;
const page = { conversationId: "room", toSeq: 7 } as HistoryPage;
const full: Batch = {
  ...NOTHING,
  userId: "romeo",
  version: { epoch: "e", userVersion: 4 },
  conversations: [{ conversation, seen: 7 }],
  commands: [command("z", 1), command("a", 2)],
  pages: [page],
};

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});

describe.each<[string, () => Store]>([
  ["memory", () => new MemoryStore(true)],
  ["IndexedDB", () => new IndexedDbStore()],
])("a store in %s", (_, make) => {
  test("begins with nothing", async () => {
    const store = make();
    const nothing = { userId: "", epoch: "", userVersion: 0, conversations: [], commands: [] };
    expect(await store.load()).toEqual(nothing);
    expect(await store.page("room")).toBeNull();
  });

  test("keeps what it is given, commands in the order they were made", async () => {
    const store = make();
    await store.write(full);
    await store.write({ ...NOTHING, version: { epoch: "e", userVersion: 5 } });
    expect(await store.load()).toEqual({
      userId: "romeo",
      epoch: "e",
      userVersion: 5,
      conversations: full.conversations,
      commands: full.commands,
    });
    expect(await store.page("room")).toEqual(page);
  });

  test("forgets a command that is gone", async () => {
    const store = make();
    await store.write(full);
    await store.write({ ...NOTHING, gone: [{ conversationId: "room", clientId: "z" }] });
    expect((await store.load()).commands.map((one) => one.clientId)).toEqual(["a"]);
  });

  test("drops rows and pages but no command when the epoch changed", async () => {
    const store = make();
    await store.write(full);
    await store.write({ ...NOTHING, drop: "rows" });
    expect(await store.load()).toEqual({
      userId: "romeo",
      epoch: "",
      userVersion: 0,
      conversations: [],
      commands: full.commands,
    });
    expect(await store.page("room")).toBeNull();
  });

  test("lets go of what a conversation does not keep any more", async () => {
    const store = make();
    const said = (seq: number) => ({ type: "message", message: { seq } }) as HistoryPage["items"][number];
    const before = { ...page, fromSeq: 1, items: [said(3), said(6)], moreBefore: true } as HistoryPage;
    await store.write({ ...full, pages: [before] });
    const kept = { ...conversation, keptFrom: 5 };
    await store.write({ ...NOTHING, conversations: [{ conversation: kept, seen: 9 }] });
    expect(await store.page("room")).toEqual({ ...before, items: [said(6)], moreBefore: false });
  });

  test("drops everything that was another person's", async () => {
    const store = make();
    await store.write(full);
    await store.write({ ...NOTHING, drop: "all", userId: "juliet" });
    expect(await store.load()).toMatchObject({ userId: "juliet", epoch: "", conversations: [], commands: [] });
  });
});

test("IndexedDB keeps over another opening, and the login beside the rest", async () => {
  const first = new IndexedDbStore();
  await first.write(full);
  const tokens = {
    accessToken: "t",
    expiresInS: 600,
    refreshToken: "r",
    userId: "u",
    username: "romeo",
    deviceId: "d",
  };
  await first.login.keep({ tokens, obtainedMs: 1000 });
  await first.close();
  const second = new IndexedDbStore();
  expect((await second.load()).userId).toBe("romeo");
  const login = new KeptLogin({ keeper: second.login });
  expect(await login.token(null as never, 2000)).toBe("t");
  await login.forget();
  expect(await second.login.load()).toBeNull();
});
