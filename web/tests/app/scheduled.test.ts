// @vitest-environment happy-dom
/** Messages that wait for their time, over a server that is made of rows. */
import { createPinia, setActivePinia } from "pinia";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { HubbubError, type Events, type Scheduled } from "@/client";
import { useScheduled } from "@/stores/scheduled";

const NOW = 1_000_000;
let rows: Scheduled[];
let asked: string[];
/** Whether what is taken back was sent already. */
let sent: boolean;
let heard: (entry: Events["entry"]) => void;

const client = {
  serverNow: () => Date.now(),
  on: (_: string, listener: (entry: Events["entry"]) => void) => {
    heard = listener;
    return () => undefined;
  },
  scheduled: () => Promise.resolve({ items: [...rows], nextCursor: "" }),
  schedule: (id: string, text: string, dueMs: number) => {
    asked.push(`schedule ${text}`);
    rows.push(row(`new-${text}`, dueMs, id));
    return Promise.resolve(`new-${text}`);
  },
  cancelScheduled: (_: string, clientId: string) => {
    asked.push(`cancel ${clientId}`);
    if (sent && clientId === "one") return Promise.reject(new HubbubError("not_found"));
    rows = rows.filter((each) => each.clientId !== clientId);
    return Promise.resolve();
  },
};
vi.mock("@/stores/session", () => ({
  useSession: () => ({ client, current: client, status: { state: "online" } }),
}));

function row(clientId: string, dueMs: number, conversationId = "verona", error = ""): Scheduled {
  const body = { text: clientId, fallback: "", files: [] };
  const action = { kind: "message", body, replyTo: 0, thread: 0, alsoInConversation: false };
  return { conversationId, clientId, dueMs, error, action } as unknown as Scheduled;
}

beforeEach(async () => {
  vi.useFakeTimers({ now: NOW });
  setActivePinia(createPinia());
  rows = [row("one", NOW + 60_000), row("two", NOW + 600_000)];
  asked = [];
  sent = false;
  useScheduled();
  await vi.advanceTimersByTimeAsync(1);
});
afterEach(() => void vi.useRealTimers());

test("what was refused when its time came is found out without a word from the server", async () => {
  const scheduled = useScheduled();
  rows = [row("one", NOW + 60_000, "verona", "muted"), rows[1]!];
  await vi.advanceTimersByTimeAsync(60_000);
  expect(scheduled.refused).toEqual([]);
  await vi.advanceTimersByTimeAsync(3_100);
  expect(scheduled.refused.map((one) => one.clientId)).toEqual(["one"]);
  expect(scheduled.waiting.get("verona")).toBe(2);
});

test("what was sent waits no longer, as soon as its entry is heard of", () => {
  const scheduled = useScheduled();
  heard({ conversationId: "verona", clientId: "one" } as Events["entry"]);
  expect(scheduled.all.map((one) => one.clientId)).toEqual(["two"]);
});

test("another takes its place before it is taken back, and goes again if it was sent meanwhile", async () => {
  const scheduled = useScheduled();
  await scheduled.change(scheduled.all[0]!, "other", NOW + 90_000, {});
  expect(asked).toEqual(["schedule other", "cancel one"]);
  expect(scheduled.all.map((one) => one.clientId)).toEqual(["two", "new-other"]);

  rows.push(row("one", NOW + 60_000));
  await scheduled.load();
  sent = true;
  asked = [];
  const change = scheduled.change(scheduled.all.at(-1)!, "third", NOW + 90_000, {});
  await expect(change).rejects.toThrow(HubbubError);
  expect(asked).toEqual(["schedule third", "cancel one", "cancel new-third"]);
});

test("what another device did is seen when one looks again", async () => {
  const scheduled = useScheduled();
  rows = [];
  document.dispatchEvent(new Event("visibilitychange"));
  await vi.advanceTimersByTimeAsync(1);
  expect(scheduled.all).toEqual([]);
});
