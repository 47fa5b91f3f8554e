// @vitest-environment happy-dom
/** What calls somebody whose time to come back to a message has come, and what leaves them alone. */
import { createPinia, setActivePinia, type Pinia } from "pinia";
import { beforeEach, expect, test, vi } from "vitest";
import { createApp, nextTick } from "vue";

import type { Client, Reminder } from "@/client";
import { useAttention } from "@/platform/attention";
import { usePush } from "@/stores/push";
import { useReminders } from "@/stores/reminders";
import { useSettings } from "@/stores/settings";

const client = {
  status: { state: "connecting" },
  conversations: new Map(),
  serverNow: () => 1_000_000,
  on: (kind: string, listener: (row: Reminder) => void) => {
    if (kind === "reminder") says = listener;
    return () => undefined;
  },
  history: () =>
    Promise.resolve({
      items: [{ type: "message", message: { seq: 3, post: { body: { text: "**Soft!**", fallback: "", files: [] } } } }],
    }),
} as unknown as Client;

let says: (row: Reminder) => void;
let called: string[][];
let pushed: unknown[];
let version: number;

vi.mock("vue-router", () => ({
  useRoute: () => ({ params: {} }),
  useRouter: () => ({ push: (to: unknown) => pushed.push(to) }),
}));
vi.mock("vue-i18n", async (original) => ({
  ...(await original<object>()),
  useI18n: () => ({ t: (key: string) => key }),
}));
vi.mock("@/stores/session", () => ({
  useSession: () => ({ client, current: client, status: { state: "connecting" }, stage: "in", placeName: "Verona" }),
}));

class Note {
  static permission = "granted";
  onclick: (() => void) | null = null;
  constructor(title: string, { body, tag }: { body: string; tag: string }) {
    called.push([title, body, tag]);
    notes.push(this);
  }
  close(): void {
    // There is nothing to be taken off a screen.
  }
}
const notes: Note[] = [];

function comesDue(more: Partial<Reminder> = {}): Promise<void> {
  version += 1;
  const row = { conversationId: "verona", seq: 3, dueMs: 999_000, note: "", due: false, version, ...more };
  says(row);
  version += 1;
  says({ ...row, due: true, version });
  return nextTick().then(() => new Promise((done) => setTimeout(done)));
}

let pinia: Pinia;

beforeEach(() => {
  vi.stubGlobal("Notification", Note);
  // There is one tab, which has every lock.
  const locks = { request: (_: string, __: object, run: (lock: object) => unknown) => run({}) };
  Object.defineProperty(navigator, "locks", { value: locks, configurable: true });
  vi.spyOn(document, "hasFocus").mockReturnValue(false);
  pinia = createPinia();
  setActivePinia(pinia);
  called = [];
  pushed = [];
  version = 0;
  Object.assign(useSettings().values, { desktop: true, sound: false, preview: true });
  const app = createApp({ setup: useAttention, render: () => null });
  app.use(pinia).mount(document.createElement("div"));
  useReminders().attach(client, "romeo");
});

test("says what one wrote to oneself, else what the message says, and leads to it", async () => {
  await comesDue({ note: "Answer her" });
  await comesDue();
  expect(called).toEqual([
    ["remind.due", "Answer her", "reminders"],
    ["remind.due", "Soft!", "reminders"],
  ]);
  notes.at(-1)?.onclick?.();
  await new Promise((done) => setTimeout(done));
  expect(pushed).toEqual([{ name: "conversation", params: { id: "verona" }, query: { at: "3" } }]);
  expect(useReminders().calling).toEqual([]);
});

test("says nothing of the words where they are not to be shown", async () => {
  useSettings().values.preview = false;
  await comesDue({ note: "Answer her" });
  expect(called).toEqual([["remind.due", "notify.reminder", "reminders"]]);
});

test("calls nobody who is looking, or not to be disturbed, or was away when it was time; the app shows it", async () => {
  vi.spyOn(document, "hasFocus").mockReturnValue(true);
  await comesDue();
  vi.spyOn(document, "hasFocus").mockReturnValue(false);
  usePush().quiet = { until_ms: 2_000_000, from_minute: 0, to_minute: 0, time_zone: "" };
  await comesDue({ seq: 4 });
  usePush().quiet = { until_ms: 0, from_minute: 0, to_minute: 0, time_zone: "" };
  await comesDue({ seq: 5, dueMs: 900_000 });
  expect(called).toEqual([]);
  expect(useReminders().calling.length).toBe(3);
});
