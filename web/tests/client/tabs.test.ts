/** Several tabs, one connection; the tab that has it may go. */
import { beforeEach, expect, test, vi } from "vitest";

import { openRoom } from "@/client/room";
import { MemoryStore } from "@/client/store";
import { shareAmongTabs, type TabPlatform } from "@/client/tabs";
import type { PortClient } from "@/client/port";

import { JULIET, ROOM, Stage, settle } from "./fake";

/** The locks and channels of one browser; what a tab had is gone with it. */
class Browser {
  readonly stages: Stage[] = [];
  readonly store = new MemoryStore(true);
  readonly faults: unknown[] = [];
  #held = new Map<string, object>();
  #waiting: { name: string; tab: object; work: () => unknown }[] = [];
  #channels: { tab: object; post: (data: unknown) => void }[] = [];

  opens(): { client: PortClient; closes: () => Promise<void>; crashes: () => Promise<void> } {
    const tab = {};
    const request = (name: string, ...rest: unknown[]): Promise<void> => {
      const options = (rest.length > 1 ? rest[0] : {}) as { signal?: AbortSignal };
      return new Promise((resolve, reject) => {
        const work = (): void => {
          const done = settle().then(() => (rest.at(-1) as (lock: null) => unknown)(null));
          void done.finally(() => this.#release(name, tab)).then(() => resolve(), reject);
        };
        this.#waiting.push({ name, tab, work });
        options.signal?.addEventListener("abort", () => {
          this.#waiting = this.#waiting.filter((one) => one.work !== work);
        });
        this.#grant();
      });
    };
    const platform: TabPlatform = {
      locks: { request },
      channel: () => this.#channel(tab),
      onWake: () => () => undefined,
      fault: (thrown) => void this.faults.push(thrown),
    };
    const make = (): Stage["client"] => {
      const stage = new Stage({ store: this.store });
      this.stages.push(stage);
      return stage.client;
    };
    const client = shareAmongTabs("test", make, platform);
    const crashes = async (): Promise<void> => {
      this.#channels = this.#channels.filter((one) => one.tab !== tab);
      this.#waiting = this.#waiting.filter((one) => one.tab !== tab);
      for (const [name, owner] of this.#held) if (owner === tab) this.#held.delete(name);
      this.#grant();
      await settle();
    };
    const closes = async (): Promise<void> => {
      await client.close();
      await settle();
    };
    return { client, closes, crashes };
  }

  #channel(tab: object): ReturnType<TabPlatform["channel"]> {
    const channel = {
      onmessage: null as ((event: MessageEvent<unknown>) => void) | null,
      postMessage: (data: unknown): void => {
        if (!this.#channels.some((one) => one.tab === tab)) return;
        const copy = structuredClone(data);
        for (const one of this.#channels) if (one.tab !== tab) one.post(copy);
      },
      close: (): void => void (this.#channels = this.#channels.filter((one) => one.tab !== tab)),
    };
    this.#channels.push({
      tab,
      post: (data) => queueMicrotask(() => channel.onmessage?.({ data } as MessageEvent<unknown>)),
    });
    return channel;
  }

  #release(name: string, tab: object): void {
    if (this.#held.get(name) === tab) this.#held.delete(name);
    this.#grant();
  }

  #grant(): void {
    for (const one of [...this.#waiting]) {
      if (this.#held.has(one.name) || !this.#waiting.includes(one)) continue;
      this.#waiting = this.#waiting.filter((other) => other !== one);
      this.#held.set(one.name, one.tab);
      one.work();
    }
  }
}

let browser: Browser;
beforeEach(() => {
  browser = new Browser();
});

async function online(): Promise<Stage> {
  await settle();
  const stage = browser.stages.at(-1)!;
  await stage.greets();
  await stage.lists(4);
  await settle();
  return stage;
}

test("two tabs share one connection and hear the same", async () => {
  const [one, two] = [browser.opens(), browser.opens()];
  const stage = await online();
  const heard: number[][] = [[], []];
  one.client.on("entry", (entry) => heard[0]!.push(entry.seq));
  two.client.on("entry", (entry) => heard[1]!.push(entry.seq));
  stage.connection.says(5, 6);
  await settle();
  expect(browser.stages).toHaveLength(1);
  expect(stage.platform.connections).toHaveLength(1);
  expect(heard).toEqual([
    [5, 6],
    [5, 6],
  ]);
  for (const { client } of [one, two]) {
    expect(client.status.state).toBe("online");
    expect(client.conversations.get(ROOM)).toMatchObject({ unread: 2 });
  }
});

test("a tab that comes later knows what the others know", async () => {
  browser.opens();
  const stage = await online();
  stage.client.send(ROOM, "Soft!");
  const late = browser.opens();
  await late.client.start();
  expect(late.client.status.state).toBe("online");
  expect(late.client.userId).toBe(stage.client.userId);
  expect(late.client.conversations.size).toBe(1);
  expect(late.client.outbox).toHaveLength(1);
});

test("commands and requests of a guest are the host's, errors too", async () => {
  browser.opens();
  const guest = browser.opens();
  const stage = await online();
  const sending = guest.client.send(ROOM, "Soft!");
  const asking = guest.client.users([JULIET]);
  await settle();
  expect(guest.client.outbox).toHaveLength(1);
  stage.connection.accepts(await stage.connection.next("submit"), 5);
  expect((await sending.done).seq).toBe(5);
  await settle();
  expect(guest.client.outbox).toEqual([]);
  const wish = await stage.connection.next("getUsers");
  stage.connection.send({ case: "error", value: { code: "rate_limited", retry: true, retryAfterMs: 5 } }, wish.frameId);
  await expect(asking).rejects.toMatchObject({ code: "rate_limited", retry: true, retryAfterMs: 5 });
});

test.each(["closes", "crashes"] as const)(
  "when the host %s another takes over, and nothing is lost or doubled",
  async (how) => {
    const host = browser.opens();
    const guest = browser.opens();
    const first = await online();
    const heard: number[] = [];
    guest.client.on("entry", (entry) => heard.push(entry.seq));
    first.connection.says(5);
    await settle();
    const sending = guest.client.send(ROOM, "Soft!");
    await settle();
    const before = await first.connection.next("submit");
    await first.platform.passes(1000);
    await host[how]();
    await settle();
    expect(browser.stages).toHaveLength(2);
    const second = browser.stages[1]!;
    const hello = await second.greets();
    expect(hello.resume?.have[0]?.seq).toBe(5n);
    const again = await second.connection.next("submit");
    expect(again.clientId).toBe(before.clientId);
    second.connection.accepts(again, 6);
    expect((await sending.done).seq).toBe(6);
    second.connection.says(5);
    second.connection.says(6, 7);
    await settle();
    expect(heard).toEqual([5, 6, 7]);
    expect(browser.faults).toEqual([]);
  },
);

test("what a host told and did not keep is not told again", async () => {
  const host = browser.opens();
  const guest = browser.opens();
  const first = await online();
  const heard: number[] = [];
  guest.client.on("entry", (entry) => heard.push(entry.seq));
  await first.platform.passes(1000);
  first.connection.says(5);
  await settle();
  await host.crashes();
  const second = browser.stages[1]!;
  expect((await second.greets()).resume?.have[0]?.seq).toBe(4n);
  second.connection.says(5, 6);
  await settle();
  expect(heard).toEqual([5, 6]);
});

test("a room of a guest works, over a change of hosts too", async () => {
  const host = browser.opens();
  const guest = browser.opens();
  const first = await online();
  const room = openRoom(guest.client, ROOM);
  await settle();
  await first.connection.next("getHistory");
  await first.platform.passes(1000);
  await host.crashes();
  const second = browser.stages[1]!;
  await second.greets();
  const wish = await second.connection.next("getHistory");
  const empty = { conversationId: ROOM, fromSeq: 5n, toSeq: 4n, asOf: 4n };
  second.connection.send({ case: "historyPage", value: empty }, wish.frameId);
  await settle();
  second.connection.says(5);
  await settle();
  expect(room.view.items).toHaveLength(1);
});

test("each tab watches its own people", async () => {
  const [one, two] = [browser.opens(), browser.opens()];
  const stage = await online();
  void one.client.watchPresence(["1".repeat(32)]);
  await settle();
  const all = two.client.watchPresence(["2".repeat(32)]);
  await stage.connection.next("watchPresence");
  const wish = await stage.connection.next("watchPresence");
  expect(wish.userIds).toEqual(["1".repeat(32), "2".repeat(32)]);
  const presences = wish.userIds.map((userId) => ({ userId, state: 1 }));
  stage.connection.send({ case: "presencePage", value: { presences } }, wish.frameId);
  expect(await all).toEqual([{ userId: "2".repeat(32), state: "online", lastSeenMs: 0 }]);
});

test("another name of somebody reaches every tab", async () => {
  const tabs = [browser.opens(), browser.opens()];
  const stage = await online();
  const heard: string[] = [];
  for (const { client } of tabs) client.on("profile", (user) => heard.push(user.displayName));
  const value = { userId: "2".repeat(32), username: "juliet", displayName: "Juliet Montague" };
  stage.connection.send({ case: "profileChanged", value });
  await settle();
  expect(heard).toEqual(["Juliet Montague", "Juliet Montague"]);
});

test("a sign-in from a new device is asked about in every tab", async () => {
  const tabs = [browser.opens(), browser.opens()];
  const stage = await online();
  const heard: unknown[] = [];
  for (const { client } of tabs) client.on("signedIn", (one) => heard.push(one));
  const told = { loginId: "3".repeat(32), deviceName: "Firefox on Linux", address: "192.0.2.7" };
  stage.connection.send({ case: "signedIn", value: { ...told, timeMs: 1000n } });
  await settle();
  expect(heard).toEqual([
    { ...told, timeMs: 1000 },
    { ...told, timeMs: 1000 },
  ]);
});

test("a login that ended ends all tabs", async () => {
  const tabs = [browser.opens(), browser.opens()];
  const stage = await online();
  stage.connection.lose(4410, "session_ended");
  await settle();
  expect(tabs.map(({ client }) => client.status.error?.code)).toEqual(["session_ended", "session_ended"]);
});

test.runIf("locks" in navigator)("it works on the locks and channels of this platform", async () => {
  const store = new MemoryStore(true);
  const stages: Stage[] = [];
  const make = (): Stage["client"] => {
    stages.push(new Stage({ store }));
    return stages.at(-1)!.client;
  };
  const host = shareAmongTabs("real", make);
  await vi.waitFor(() => expect(stages).toHaveLength(1));
  const guest = shareAmongTabs("real", make);
  await stages[0]!.greets();
  await stages[0]!.lists(4);
  await vi.waitFor(() => expect(guest.status.state).toBe("online"));
  const heard: number[] = [];
  guest.on("entry", (entry) => heard.push(entry.seq));
  stages[0]!.connection.says(5);
  await vi.waitFor(() => expect(heard).toEqual([5]));
  await host.close();
  await vi.waitFor(() => expect(stages).toHaveLength(2));
  await vi.waitFor(() => expect(stages[1]!.platform.connections).toHaveLength(1));
  await stages[1]!.greets();
  stages[1]!.connection.says(5, 6);
  await vi.waitFor(() => expect(heard).toEqual([5, 6]));
  await guest.close();
});
