// @vitest-environment happy-dom
/** What those who lead a conversation see beside it, and that it is told of by the server. */
import { flushPromises, mount, type VueWrapper } from "@vue/test-utils";
import { createPinia, setActivePinia } from "pinia";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Component, ComponentPublicInstance } from "vue";

import type { Conversation, Entry, Member, MemberAction } from "@/client";
import BanDialog from "@/components/admin/BanDialog.vue";
import BannedCard from "@/components/panels/BannedCard.vue";
import MembersCard from "@/components/panels/MembersCard.vue";
import MuteDialog from "@/components/panels/MuteDialog.vue";
import OwnRoleDialog from "@/components/panels/OwnRoleDialog.vue";
import RequestsCard from "@/components/panels/RequestsCard.vue";
import RolesCard from "@/components/panels/RolesCard.vue";
import { rightsIn } from "@/components/message/actions";
import { i18n } from "@/i18n";
import "@/i18n/admin";
import { may, mayTo } from "@/text/leading";

const ROMEO = "a".repeat(32);
const JULIET = "b".repeat(32);
const PARIS = "c".repeat(32);
const ROOM = "d".repeat(32);

/** What the server answers, and what it was asked. */
const server = { answers: {} as Record<string, unknown>, asked: [] as string[], members: [] as Member[] };
const heard = new Map<string, (event: never) => void>();
const client = {
  userId: ROMEO,
  serverNow: () => 1_000,
  on: (kind: string, listener: (event: never) => void) => {
    heard.set(kind, listener);
    return () => heard.delete(kind);
  },
  members: () => Promise.resolve({ items: server.members, nextCursor: "" }),
  changeMembers: (_: string, action: MemberAction, people: string[], options: object = {}) => {
    server.asked.push(`${action} ${people.join()} ${JSON.stringify(options)}`);
    return { done: Promise.resolve({ seq: 2 }) };
  },
  changeConversation: (_: string, change: object) => {
    server.asked.push(JSON.stringify(change));
    return { done: Promise.resolve({ seq: 2 }) };
  },
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
  const options = {
    props: { conversation, ...props },
    global: { plugins: [i18n], stubs: { IconButton: true } },
    attachTo: document.body,
  };
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
  Object.assign(server, { answers: {}, asked: [], members: [] });
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

const member = (userId: string, role: Member["role"], more: Partial<Member> = {}): Member => ({
  userId,
  role,
  state: "joined",
  readSeq: 0,
  deliveredSeq: 0,
  mutedUntilMs: 0,
  ...more,
});

async function happens(action: MemberAction, userIds: string[]): Promise<void> {
  const change = { kind: "memberChange", action, userIds, role: "none", mutedUntilMs: 0 };
  const entry = { conversationId: ROOM, seq: 2, senderId: JULIET, action: change } as unknown as Entry;
  heard.get("entry")?.(entry as never);
  await flushPromises();
}

test("who is banned is there as soon as it happens, and gone when the ban is lifted", async () => {
  const path = `GET /api/v1/conversations/${ROOM}/bans`;
  server.answers[path] = { bans: [], next_cursor: "" };
  await shows(BannedCard, {});
  expect(card.text()).toBe("");
  server.answers[path] = { bans: [{ user_id: JULIET }, { user_id: PARIS }], next_cursor: "" };
  await happens("ban", [PARIS]);
  expect(card.findAll("li")).toHaveLength(2);
  await presses("Lift the ban", 1);
  expect(server.asked.at(-1)).toBe(`unban ${PARIS} {}`);
  expect(card.findAll("li")).toHaveLength(1);
  server.answers[path] = { bans: [], next_cursor: "" };
  await happens("unban", [JULIET]);
  expect(card.text()).toBe("");
});

test("a member is muted for a time or without end", async () => {
  const mute = async (value: string): Promise<void> => {
    await shows(MuteDialog, { open: true, userId: JULIET });
    const select = document.querySelector("select")!;
    select.value = value;
    select.dispatchEvent(new Event("change", { bubbles: true }));
    await flushPromises();
    document.querySelector("form")!.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
    await flushPromises();
    card.unmount();
  };
  await mute("8");
  expect(server.asked.at(-1)).toBe(`mute ${JULIET} {"mutedUntilMs":${1_000 + 8 * 3_600_000}}`);
  await mute("0");
  expect(server.asked.at(-1)).toBe(`mute ${JULIET} {"mutedUntilMs":${2 ** 52}}`);
});

test("in the list it says who is muted, and nobody else", async () => {
  const day = Date.now() + 86_400_000;
  server.members = [
    member(ROMEO, "owner"),
    member(JULIET, "member", { mutedUntilMs: day }),
    member(PARIS, "member", { mutedUntilMs: 2 ** 52 }),
  ];
  await shows(MembersCard, { rank: 3 });
  const signs = card.findAll("[role=img]").map((sign) => sign.attributes("aria-label") ?? "");
  const muted = signs.filter((sign) => sign.startsWith("Muted"));
  expect(muted).toHaveLength(2);
  expect(muted.filter((sign) => sign === "Muted without end")).toHaveLength(1);
});

test("rights reach those who may do less, and nobody above", () => {
  const roles = [
    { id: "helper", name: "Helper", rights: ["send", "mute", "pin"] },
    { id: "reader", name: "Reader", rights: [] },
  ];
  const helper: Conversation = { ...conversation, role: "member", ownRole: "helper", roles };
  expect(["send", "mute", "remove", "settings"].map((right) => may(helper, false, right as "send"))).toEqual([
    true,
    true,
    false,
    false,
  ]);
  const reach = (right: "mute" | "remove"): boolean[] =>
    [
      member(JULIET, "member"),
      member(PARIS, "member", { ownRole: "reader" }),
      member(JULIET, "member", { ownRole: "helper" }),
      member(JULIET, "admin"),
      member(JULIET, "owner"),
    ].map((one) => mayTo(helper, false, right, one));
  expect(reach("mute")).toEqual([true, true, false, false, false]);
  expect(reach("remove")).toEqual([false, false, false, false, false]);
  expect(mayTo({ ...conversation, role: "admin" }, false, "remove", member(JULIET, "admin"))).toBe(false);
  expect(mayTo({ ...conversation, role: "admin" }, false, "remove", member(JULIET, "member"))).toBe(true);
  const reader = { ...helper, ownRole: "reader" };
  expect(rightsIn(reader, false)).toEqual({ write: false, pin: false, recallOthers: false });
  expect(rightsIn({ ...helper, mutedUntilMs: 50 }, false, 40).write).toBe(false);
  expect(rightsIn({ ...helper, mutedUntilMs: 50 }, false, 60).write).toBe(true);
});

test("a role is made, named and given rights, and no other is lost", async () => {
  const helper = { id: "helper", name: "Helper", rights: ["send", "pin"] };
  await shows(RolesCard, { conversation: { ...conversation, roles: [helper] } });
  expect(card.text()).toContain("write, pin");
  await presses("New role");
  await vi.waitFor(() => expect(document.querySelector("fieldset")).not.toBeNull());
  const dialog = card.findComponent(OwnRoleDialog);
  dialog.vm.$emit("save", { id: "reader", name: "Reader", rights: [] });
  await flushPromises();
  const roles = [helper, { id: "reader", name: "Reader", rights: [] }];
  expect(server.asked).toEqual([JSON.stringify({ roles })]);
  expect(document.querySelector("fieldset")).toBeNull();
});

test("a role keeps what this version does not know, and takes no name twice", async () => {
  const role = { id: "helper", name: "Helper", rights: ["fly", "pin"] };
  await shows(OwnRoleDialog, { role, taken: ["Reader"] });
  const name = document.querySelector<HTMLInputElement>("input:not([type=checkbox])")!;
  const submit = async (value: string): Promise<void> => {
    name.value = value;
    name.dispatchEvent(new Event("input", { bubbles: true }));
    await flushPromises();
    document.querySelector("form")!.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
    await flushPromises();
  };
  for (const taken of ["reader", "Admin", "  "]) await submit(taken);
  expect(card.emitted("save")).toBeUndefined();
  const boxes = [...document.querySelectorAll<HTMLInputElement>("input[type=checkbox]")];
  boxes[0]!.click();
  await submit(" Pinner ");
  expect(card.emitted("save")).toEqual([[{ id: "helper", name: "Pinner", rights: ["send", "pin", "fly"] }]]);
});

test("the members' roles of the conversation's own stand at their names", async () => {
  server.members = [member(JULIET, "member", { ownRole: "helper" }), member(PARIS, "member", { ownRole: "gone" })];
  const roles = [{ id: "helper", name: "Helper", rights: ["send"] }];
  await shows(MembersCard, { rank: 3, conversation: { ...conversation, roles } });
  expect(card.findAll(".role").map((role) => role.text())).toEqual(["Helper", ""]);
});

test("a moderator mutes on the whole server, for a time and with a reason", async () => {
  await shows(BanDialog, { open: true, id: JULIET, name: "Juliet", kind: "mute" });
  expect(document.querySelector("[role=dialog]")?.textContent).toContain("Mute Juliet?");
  const term = document.querySelector("select")!;
  term.value = "1";
  term.dispatchEvent(new Event("change", { bubbles: true }));
  const reason = document.querySelector<HTMLInputElement>("input:not([type=datetime-local])")!;
  reason.value = " shouts ";
  reason.dispatchEvent(new Event("input", { bubbles: true }));
  await flushPromises();
  document.querySelector("form")!.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  await flushPromises();
  const body = JSON.stringify({ until_ms: 1_000 + 86_400_000, reason: "shouts" });
  expect(server.asked).toEqual([`PUT /api/v1/mutes/${JULIET} ${body}`]);
});
