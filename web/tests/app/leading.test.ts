// @vitest-environment happy-dom
/** What those who lead a conversation see beside it, and that it is told of by the server. */
import { flushPromises, mount, type VueWrapper } from "@vue/test-utils";
import { createPinia, setActivePinia } from "pinia";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Component, ComponentPublicInstance } from "vue";

import type { Conversation } from "@/client";
import RequestsCard from "@/components/panels/RequestsCard.vue";
import { i18n } from "@/i18n";

const ROMEO = "a".repeat(32);
const JULIET = "b".repeat(32);
const PARIS = "c".repeat(32);
const ROOM = "d".repeat(32);

/** What the server answers, and what it was asked. */
const server = { answers: {} as Record<string, unknown>, asked: [] as string[] };
const client = {
  userId: ROMEO,
  serverNow: () => 1_000,
  on: () => () => undefined,
  users: () => Promise.resolve([]),
  watchPresence: () => Promise.resolve([]),
  call: (method: string, path: string, body?: object) => {
    server.asked.push(`${method} ${path}${body ? ` ${JSON.stringify(body)}` : ""}`);
    return Promise.resolve(server.answers[`${method} ${path}`]);
  },
};
vi.mock("@/stores/session", () => ({ useSession: () => ({ client, isAdmin: false, status: { state: "online" } }) }));

const conversation: Conversation = {
  id: ROOM,
  kind: "group",
  title: "Verona",
  topic: "",
  announcement: "",
  dissolved: false,
  historyForNewcomers: true,
  muteAll: false,
  slowModeS: 0,
  memberCount: 2,
  peerId: "",
  asOf: 1,
  lastTimeMs: 0,
  lastMessage: null,
  state: "joined",
  role: "owner",
  intervals: [],
  readSeq: 1,
  deliveredSeq: 1,
  unread: 0,
  mentions: 0,
  mutedUntilMs: 0,
  version: 1,
  own: {
    pinned: false,
    archived: false,
    markedUnread: false,
    mutedUntilMs: 0,
    folder: "",
    notify: "default",
    draft: null,
  },
};

let card: VueWrapper<ComponentPublicInstance>;

async function shows(component: Component, props: object): Promise<void> {
  const options = { props: { conversation, ...props }, global: { plugins: [i18n] }, attachTo: document.body };
  card = mount(component, options) as VueWrapper<ComponentPublicInstance>;
  await flushPromises();
}

async function presses(name: string, at = 0): Promise<void> {
  const named = card.findAll("button").filter((button) => button.text() === name);
  await named[at]!.trigger("click");
  await flushPromises();
}

beforeEach(() => {
  setActivePinia(createPinia());
  Object.assign(server, { answers: {}, asked: [] });
});
afterEach(() => card.unmount());

test("who asks to be let in is there as soon as the number says so, and gone when somebody has answered", async () => {
  const path = `GET /api/v1/conversations/${ROOM}/requests`;
  const asks = (...people: string[]) => ({
    requests: people.map((id) => ({ user_id: id, time_ms: 1, note: `I am ${id[0] ?? ""}` })),
    next_cursor: "",
  });
  server.answers[path] = asks();
  await shows(RequestsCard, {});
  expect(card.text()).toBe("");
  server.answers[path] = asks(JULIET, PARIS);
  await card.setProps({ conversation: { ...conversation, joinRequests: 2 } });
  await flushPromises();
  expect(card.findAll("li")).toHaveLength(2);
  // Answered elsewhere.
  server.answers[path] = asks(PARIS);
  await card.setProps({ conversation: { ...conversation, joinRequests: 1 } });
  await flushPromises();
  expect(card.text()).toContain("I am c");
  expect(card.text()).not.toContain("I am b");
  await presses("Let in");
  expect(server.asked.at(-1)).toBe(`POST /api/v1/conversations/${ROOM}/requests/${PARIS} {"accept":true}`);
  expect(card.findAll("li")).toHaveLength(0);
});
