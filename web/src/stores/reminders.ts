/** Messages one wants to come back to.  The server says when their time has come; this knows which there are. */
import { defineStore } from "pinia";
import { computed, shallowReactive } from "vue";
import type { RouteLocationRaw } from "vue-router";

import { HubbubError, type Client, type Message, type Reminder } from "@/client";
import { isRecord, readStored, store } from "@/platform/storage";

const PAGE = 200;
/** What they are about is asked for a few at a time. */
const READS = 4;
const KEEP_MS = 200;

/** Which message it is. */
export type Place = Pick<Reminder, "conversationId" | "seq">;

function areReminders(value: unknown): value is Reminder[] {
  return (
    Array.isArray(value) &&
    value.every(
      (one) => isRecord(one) && typeof one["conversationId"] === "string" && typeof one["version"] === "number",
    )
  );
}

export const keyOf = ({ conversationId, seq }: Place): string => `${conversationId}#${seq}`;

export const useReminders = defineStore("reminders", () => {
  /** By message; one that was taken away stays, so that an older row does not bring it back. */
  const rows = shallowReactive(new Map<string, Reminder>());
  /** The versions of those whose time came while somebody was here, until they are put aside. */
  const calls = shallowReactive(new Map<string, number>());
  /** What the messages say; null: it is not there any more. */
  const said = shallowReactive(new Map<string, Message | null>());
  const wanted: Place[] = [];
  const asked = new Set<string>();
  /** Could not be read for now. */
  const missed = new Set<string>();
  let reading = 0;
  let client: Client | undefined;
  let place = "";
  let keeping: ReturnType<typeof setTimeout> | undefined;
  /** What was heard of while a list was on its way. */
  let heard = new Set<string>();

  /** Soonest first. */
  const all = computed(() =>
    [...rows.values()].filter((one) => one.dueMs > 0).sort((a, b) => a.dueMs - b.dueMs || a.version - b.version),
  );
  const due = computed(() => all.value.filter((one) => one.due));
  /** What somebody who is here is to be told of. */
  const calling = computed(() => due.value.filter((one) => calls.get(keyOf(one)) === one.version));

  function of(message: Place): Reminder | undefined {
    const row = rows.get(keyOf(message));
    return row?.dueMs ? row : undefined;
  }

  /** Take a row unless a newer one is here; what is due and was not, as far as is known here, calls. */
  function take(row: Reminder, live: boolean): void {
    const key = keyOf(row);
    const held = rows.get(key);
    if (live) heard.add(key);
    if (held && row.version <= held.version) return;
    rows.set(key, row);
    if (row.due && !held?.due && (held || live)) calls.set(key, row.version);
    if (place && !keeping) keeping = setTimeout(keepAll, KEEP_MS);
  }

  function keepAll(): void {
    keeping = undefined;
    if (place) store(place, all.value);
  }

  async function load(): Promise<void> {
    if (!client) return;
    const mine = (heard = new Set());
    const found = new Map<string, Reminder>();
    let cursor = "";
    do {
      const page = await client.reminders(cursor, PAGE);
      for (const row of page.items) found.set(keyOf(row), row);
      cursor = page.nextCursor;
    } while (cursor);
    for (const key of [...rows.keys()]) if (!found.has(key) && !mine.has(key)) rows.delete(key);
    for (const row of found.values()) take(row, false);
    for (const key of [...missed]) {
      const row = rows.get(key);
      if (missed.delete(key) && row) read(row);
    }
  }

  function the(): Client {
    if (!client) throw new HubbubError("unauthenticated");
    return client;
  }

  /** Be reminded at a time; the row comes as it comes to every device. */
  async function set(message: Place, dueMs: number, note: string): Promise<void> {
    await the().remind(message.conversationId, message.seq, dueMs, note);
  }

  async function forget(message: Place): Promise<void> {
    await the().forgetReminder(message.conversationId, message.seq);
  }

  /** It was seen that its time has come; it stays in the list. */
  function putAside(one: Reminder): void {
    calls.delete(keyOf(one));
  }

  // ------------------------------------------------------------ what they are about

  /** Ask what the message says; `said` has it then. */
  function read(one: Place): void {
    const key = keyOf(one);
    if (said.has(key) || asked.has(key)) return;
    asked.add(key);
    wanted.push(one);
    pump();
  }

  function pump(): void {
    for (const one of wanted.splice(0, READS - reading)) {
      reading += 1;
      void find(one).finally(() => {
        reading -= 1;
        asked.delete(keyOf(one));
        pump();
      });
    }
  }

  /** The message, as it is now; null if one cannot see it any more. */
  async function find(one: Place): Promise<Message | null> {
    const key = keyOf(one);
    const from = client;
    if (!from) return null;
    try {
      const page = await from.history(one.conversationId, { around: one.seq, limit: 1 });
      const found = page.items.find((item) => item.type === "message" && item.message.seq === one.seq);
      const message = found?.type === "message" ? found.message : null;
      if (from === client) said.set(key, message);
      return message;
    } catch (thrown) {
      if (from !== client) return null;
      if (HubbubError.from(thrown).retry) missed.add(key);
      else said.set(key, null);
      return null;
    }
  }

  /** Where the message is shown: among the others, or in its thread. */
  async function wayTo(one: Place): Promise<RouteLocationRaw> {
    const message = said.get(keyOf(one)) ?? (await find(one));
    const { thread = 0, alsoInConversation = true } = message?.post ?? {};
    return {
      name: "conversation",
      params: { id: one.conversationId },
      query: thread && !alsoInConversation ? { panel: "thread", seq: String(thread) } : { at: String(one.seq) },
    };
  }

  // ------------------------------------------------------------ whose they are

  function attach(to: Client, userId: string): () => void {
    client = to;
    place = `reminders.${userId}`;
    for (const row of readStored<Reminder[]>(place, [], areReminders)) take(row, false);
    const begin = (): void => void load().catch(() => undefined);
    const stops = [
      to.on("reminder", (row) => take(row, true)),
      to.on("entry", ({ conversationId, action }) => {
        if (action.kind !== "edit" && action.kind !== "recall") return;
        const row = rows.get(keyOf({ conversationId, seq: action.target }));
        if (row && said.delete(keyOf(row))) read(row);
      }),
      to.on("status", ({ state }) => {
        if (state === "online") begin();
      }),
    ];
    if (to.status.state === "online") begin();
    return () => {
      for (const stop of stops) stop();
      clearTimeout(keeping);
      keeping = undefined;
      client = undefined;
      place = "";
    };
  }

  function clear(): void {
    for (const kept of [rows, calls, said, asked, missed]) kept.clear();
    wanted.length = 0;
  }

  return { all, due, calling, said, of, take, load, set, forget, putAside, read, find, wayTo, attach, clear };
});
