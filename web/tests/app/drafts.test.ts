import { createPinia, setActivePinia } from "pinia";
import { afterEach, describe, expect, test, vi } from "vitest";

import { HubbubError, type Client, type Conversation } from "@/client";
import { useConversations } from "@/stores/conversations";
import { DraftSync, type Draft } from "@/stores/drafts";

/** One device, with time and a server in the hands of the test. */
class Device {
  here: Draft = { text: "", replyTo: 0 };
  there: Draft = { text: "", replyTo: 0 };
  readonly told: string[] = [];
  refuses: HubbubError | null = null;
  readonly agreed: Record<string, Draft> = {};
  #now = 0;
  #timers: { at: number; run: () => void }[] = [];
  readonly sync = new DraftSync(
    {
      here: () => this.here,
      there: () => this.there,
      tell: (_, draft) => {
        if (this.refuses) return Promise.reject(this.refuses);
        this.told.push(draft.text);
        this.there = draft;
        return Promise.resolve();
      },
      take: (_, draft) => (this.here = draft),
      after: (ms, run) => {
        const timer = { at: this.#now + ms, run };
        this.#timers.push(timer);
        return () => (this.#timers = this.#timers.filter((each) => each !== timer));
      },
    },
    this.agreed,
  );

  writes(text: string): void {
    this.here = { text, replyTo: 0 };
    this.sync.changed("verona");
  }

  /** The server's draft is another device's now. */
  hears(text: string, replyTo = 0): void {
    this.there = { text, replyTo };
    this.sync.heard("verona");
  }

  async passes(ms: number): Promise<void> {
    this.#now += ms;
    const due = this.#timers.filter((timer) => timer.at <= this.#now);
    this.#timers = this.#timers.filter((timer) => timer.at > this.#now);
    for (const timer of due) timer.run();
    await new Promise((done) => setImmediate(done));
  }
}

function online(): Device {
  const device = new Device();
  device.sync.online(["verona"]);
  return device;
}

describe("drafts on several devices", () => {
  test("are told once the writing rests, and not with every key", async () => {
    const device = online();
    for (const text of ["S", "So", "Soft"]) {
      device.writes(text);
      await device.passes(400);
    }
    expect(device.told).toEqual([]);
    await device.passes(1_000);
    expect(device.told).toEqual(["Soft"]);
  });

  test("are taken from elsewhere where nothing is being written", () => {
    const device = online();
    device.hears("Soft", 7);
    expect(device.here).toEqual({ text: "Soft", replyTo: 7 });
    device.hears("");
    expect(device.here.text).toBe("");
  });

  test("never change under one's fingers", async () => {
    const device = online();
    device.writes("Soft");
    await device.passes(1_000);
    device.hears("from the phone");
    expect(device.here.text).toBe("Soft");
    device.writes("Soft!");
    await device.passes(1_000);
    expect(device.there.text).toBe("Soft!");
  });

  test("are taken once one has stopped writing", async () => {
    const device = online();
    device.writes("Soft");
    await device.passes(1_000);
    device.hears("Soft, what light");
    await device.passes(4_000);
    expect(device.here.text).toBe("Soft, what light");
  });

  test("that were written without a connection are told with the next one", async () => {
    const device = new Device();
    device.writes("Soft");
    await device.passes(5_000);
    expect(device.told).toEqual([]);
    device.sync.online(["verona"]);
    await device.passes(1_000);
    expect(device.told).toEqual(["Soft"]);
  });

  test("wait for another try when the server could not be reached, and not when it refused", async () => {
    const device = online();
    device.refuses = new HubbubError("timeout");
    device.writes("Soft");
    await device.passes(1_000);
    device.refuses = null;
    device.sync.online(["verona"]);
    await device.passes(1_000);
    expect(device.told).toEqual(["Soft"]);

    device.refuses = new HubbubError("text_too_long");
    device.writes("Soft!".repeat(9_000));
    await device.passes(10_000);
    device.refuses = null;
    device.sync.online(["verona"]);
    await device.passes(10_000);
    expect(device.told).toEqual(["Soft"]);
  });

  test("that are refused stay here, whatever else changes there", async () => {
    const device = online();
    device.refuses = new HubbubError("not_a_member");
    device.writes("Soft");
    await device.passes(10_000);
    device.sync.heard("verona");
    expect(device.here.text).toBe("Soft");
    device.refuses = null;
    device.writes("Soft!");
    await device.passes(1_000);
    expect(device.told).toEqual(["Soft!"]);
  });

  test("of an earlier run are merged with what happened elsewhere meanwhile", async () => {
    const device = new Device();
    device.agreed["verona"] = device.here = { text: "old", replyTo: 0 };
    device.there = { text: "newer", replyTo: 0 };
    device.sync.online(["verona"]);
    expect(device.here.text).toBe("newer");
    await device.passes(5_000);
    expect(device.told).toEqual([]);
  });
});

describe("drafts of threads", () => {
  afterEach(() => void vi.useRealTimers());

  test("go along from device to device beside that of their conversation", async () => {
    vi.useFakeTimers();
    setActivePinia(createPinia());
    const listeners = new Map<string, (event: unknown) => void>();
    const told: unknown[] = [];
    const room = (...threadDrafts: object[]): Conversation =>
      ({ id: "verona", kind: "group", own: { draft: null, threadDrafts } }) as unknown as Conversation;
    const rooms = new Map([["verona", room({ text: "from the phone", replyTo: 0, timeMs: 1, thread: 7 })]]);
    const client = {
      status: { state: "online" },
      conversations: rooms,
      on: (kind: string, listener: (event: unknown) => void) => {
        listeners.set(kind, listener);
        return () => listeners.delete(kind);
      },
      setOwn: (id: string, change: object) => Promise.resolve(void told.push([id, change])),
    } as unknown as Client;
    const conversations = useConversations();
    const stop = conversations.attach(client, "romeo");
    expect(conversations.drafts).toEqual({ "verona#7": "from the phone" });

    conversations.setDraft("verona#9", "Soft!");
    conversations.setDraft("verona", "But so");
    await vi.advanceTimersByTimeAsync(1_500);
    expect(told).toEqual([
      ["verona", { threadDraft: { text: "Soft!", replyTo: 0, thread: 9 } }],
      ["verona", { draft: { text: "But so", replyTo: 0 } }],
    ]);

    // The phone has sent its own, and went on with the other.
    rooms.set("verona", room({ text: "Soft! what", replyTo: 0, timeMs: 2, thread: 9 }));
    listeners.get("conversation")?.({ id: "verona" });
    await vi.advanceTimersByTimeAsync(6_000);
    expect(conversations.drafts["verona#7"]).toBeUndefined();
    expect(conversations.drafts["verona#9"]).toBe("Soft! what");
    stop();
  });
});
