import { createPinia, setActivePinia } from "pinia";
import { beforeEach, describe, expect, test } from "vitest";

import { HubbubError, type Client, type Events, type Message, type Reminder } from "@/client";
import { useReminders } from "@/stores/reminders";

const ROOM = "c".repeat(32);

function row(seq: number, version: number, change: Partial<Reminder> = {}): Reminder {
  return { conversationId: ROOM, seq, dueMs: 1000 * seq, note: "", due: false, version, ...change };
}

function message(seq: number, post: object = {}): Message {
  const said = { body: { text: `message ${seq}`, fallback: "", files: [] }, thread: 0, alsoInConversation: false };
  return { conversationId: ROOM, seq, post: { ...said, ...post } } as unknown as Message;
}

const settled = (): Promise<void> => new Promise((done) => setTimeout(done));

/** A server that keeps rows, two to a page, and messages. */
class Server {
  rows: Reminder[] = [];
  readonly messages = new Map<number, Message>();
  /** Which messages were asked for, and what was set. */
  readonly read: number[] = [];
  readonly set: [number, number, string][] = [];
  away = false;
  /** Called between two pages. */
  between: () => void = () => undefined;
  readonly #listeners = new Map<string, (event: never) => void>();

  readonly client = {
    status: { state: "connecting", error: null, retryAtMs: 0 },
    on: (kind: string, listener: (event: never) => void) => {
      this.#listeners.set(kind, listener);
      return () => this.#listeners.delete(kind);
    },
    reminders: (cursor: string) => {
      const from = Number(cursor || 0);
      const nextCursor = from + 2 < this.rows.length ? String(from + 2) : "";
      const page = { items: this.rows.slice(from, from + 2), nextCursor };
      if (nextCursor) this.between();
      return Promise.resolve(page);
    },
    remind: (_room: string, seq: number, dueMs: number, note: string) =>
      Promise.resolve(void this.set.push([seq, dueMs, note])),
    forgetReminder: (_room: string, seq: number) => Promise.resolve(void this.set.push([seq, 0, ""])),
    history: (_room: string, { around }: { around: number }) => {
      this.read.push(around);
      if (this.away) return Promise.reject(new HubbubError("unavailable"));
      const found = this.messages.get(around);
      return Promise.resolve({ items: found ? [{ type: "message", message: found }] : [] });
    },
  } as unknown as Client;

  says<K extends keyof Events>(kind: K, event: Events[K]): void {
    this.#listeners.get(kind)?.(event as never);
  }

  async comesOnline(): Promise<void> {
    this.says("status", { state: "online", error: null, retryAtMs: 0 });
    await settled();
  }
}

describe("reminders", () => {
  let server: Server;
  let reminders: ReturnType<typeof useReminders>;
  const seqs = (): number[] => reminders.all.map((one) => one.seq);
  const calling = (): number[] => reminders.calling.map((one) => one.seq);

  beforeEach(() => {
    setActivePinia(createPinia());
    server = new Server();
    reminders = useReminders();
    reminders.attach(server.client, "me");
  });

  test("are read whole with every connection, soonest first", async () => {
    server.rows = [row(2, 1), row(4, 2), row(9, 3)];
    await server.comesOnline();
    expect(seqs()).toEqual([2, 4, 9]);
    server.rows = [row(9, 3), row(4, 4, { dueMs: 99_000 })];
    await server.comesOnline();
    expect(seqs()).toEqual([9, 4]);
  });

  test("change by what another device did, and what was taken away is not brought back by an older row", () => {
    server.says("reminder", row(3, 5, { note: "answer" }));
    server.says("reminder", row(3, 4, { note: "older" }));
    expect(reminders.of({ conversationId: ROOM, seq: 3 })?.note).toBe("answer");
    server.says("reminder", row(3, 6, { dueMs: 0 }));
    server.says("reminder", row(3, 5));
    expect(seqs()).toEqual([]);
    expect(reminders.of({ conversationId: ROOM, seq: 3 })).toBeUndefined();
  });

  test("keep what was heard of while the list was on its way", async () => {
    server.rows = [row(2, 1), row(4, 2), row(9, 3)];
    server.between = () => {
      server.says("reminder", row(5, 8));
      server.says("reminder", row(9, 9, { dueMs: 0 }));
    };
    await server.comesOnline();
    expect(seqs()).toEqual([2, 4, 5]);
  });

  test("call when their time comes, once, and not when they were due before", async () => {
    server.rows = [row(2, 1, { due: true }), row(4, 2)];
    await server.comesOnline();
    expect([calling(), reminders.due.map((one) => one.seq)]).toEqual([[], [2]]);
    server.says("reminder", row(4, 5, { due: true }));
    expect(calling()).toEqual([4]);
    reminders.putAside(reminders.calling[0]!);
    expect([calling(), reminders.due.length]).toEqual([[], 2]);
    // Only its note is another now.
    server.says("reminder", row(4, 6, { due: true, note: "still" }));
    expect(calling()).toEqual([]);
    // Put off, and due again.
    server.says("reminder", row(4, 7, { dueMs: 77_000 }));
    server.says("reminder", row(4, 8, { dueMs: 77_000, due: true }));
    expect(calling()).toEqual([4]);
  });

  test("call about what came due without a connection, and no more once another device is done with it", async () => {
    server.rows = [row(4, 2), row(5, 3)];
    await server.comesOnline();
    server.rows = [row(4, 6, { due: true }), row(5, 7, { due: true })];
    await server.comesOnline();
    expect(calling()).toEqual([4, 5]);
    server.says("reminder", row(4, 8, { dueMs: 0 }));
    expect(calling()).toEqual([5]);
  });

  test("are set and taken away at the server", async () => {
    await reminders.set({ conversationId: ROOM, seq: 3 }, 5000, "answer");
    await reminders.forget({ conversationId: ROOM, seq: 3 });
    expect(server.set).toEqual([
      [3, 5000, "answer"],
      [3, 0, ""],
    ]);
  });

  test("know what they are about, each asked for once, and anew when it was edited", async () => {
    server.messages.set(2, message(2));
    server.says("reminder", row(2, 1));
    const [one] = reminders.all;
    for (let time = 0; time < 3; time += 1) reminders.read(one!);
    reminders.read(row(7, 1));
    await settled();
    expect(server.read).toEqual([2, 7]);
    expect([reminders.said.get(`${ROOM}#2`)?.seq, reminders.said.get(`${ROOM}#7`)]).toEqual([2, null]);
    server.says("entry", { conversationId: ROOM, action: { kind: "edit", target: 2 } } as Events["entry"]);
    await settled();
    expect(server.read).toEqual([2, 7, 2]);
  });

  test("ask again for what could not be read once there is a connection", async () => {
    server.messages.set(2, message(2));
    server.rows = [row(2, 1)];
    server.away = true;
    await server.comesOnline();
    reminders.read(server.rows[0]!);
    await settled();
    expect(reminders.said.size).toBe(0);
    server.away = false;
    await server.comesOnline();
    expect(reminders.said.get(`${ROOM}#2`)?.seq).toBe(2);
  });

  test("lead to the message among the others, or in its thread", async () => {
    server.messages.set(2, message(2));
    server.messages.set(3, message(3, { thread: 2 }));
    server.messages.set(4, message(4, { thread: 2, alsoInConversation: true }));
    const ways = await Promise.all([2, 3, 4, 5].map((seq) => reminders.wayTo({ conversationId: ROOM, seq })));
    expect(ways.map((way) => (way as { query: object }).query)).toEqual([
      { at: "2" },
      { panel: "thread", seq: "2" },
      { at: "4" },
      { at: "5" },
    ]);
  });
});
