// @vitest-environment happy-dom
/** A conversation on somebody else's page. */
import { afterEach, expect, test } from "vitest";

import { FixedToken } from "@/client";
import { defineHubbubChat, type HubbubChat } from "@/client/widget";

import { FakePlatform, JULIET, ROMEO, ROOM, EPOCH, history, settle, state } from "./fake";

defineHubbubChat();
afterEach(() => document.body.replaceChildren());

async function opened(): Promise<[HubbubChat, FakePlatform]> {
  const platform = new FakePlatform();
  const chat = document.createElement("hubbub-chat");
  chat.setAttribute("server", "http://fake");
  chat.setAttribute("conversation", ROOM);
  chat.platform = platform;
  document.body.append(chat);
  chat.login = new FixedToken("token");
  await settle();
  const connection = platform.connections[0]!;
  const hello = await connection.next("hello");
  const welcome = { userId: ROMEO, epoch: EPOCH, userVersion: 1n, serverTimeMs: BigInt(platform.nowMs) };
  connection.send({ case: "welcome", value: welcome }, hello.frameId);
  connection.send({ case: "ready", value: {} });
  const list = await connection.next("listConversations");
  connection.send({ case: "conversationPage", value: { conversations: [state(3)] } }, list.frameId);
  const page = await connection.next("getHistory");
  connection.send({ case: "historyPage", value: history(1, 3, { more: [true, false] }) }, page.frameId);
  await settle();
  const users = await connection.next("getUsers");
  const juliet = { userId: JULIET, username: "juliet", displayName: "Juliet" };
  connection.send({ case: "userPage", value: { users: [juliet] } }, users.frameId);
  await settle();
  return [chat, platform];
}

function rows(chat: HubbubChat): (string | null)[] {
  return [...chat.shadowRoot!.querySelectorAll("li")].map((row) => row.textContent);
}

test("it shows what was said, and what is said then", async () => {
  const [chat, platform] = await opened();
  expect(rows(chat)).toEqual(["Juliet1", "Juliet2", "Juliet3"]);
  platform.connections[0]!.says(4);
  await settle();
  expect(rows(chat)).toHaveLength(4);
});

test("it sends what is written, as text and not as HTML", async () => {
  const [chat, platform] = await opened();
  const box = chat.shadowRoot!.querySelector("textarea")!;
  box.value = "<img src=x> Soft!";
  box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
  await settle();
  const submit = await platform.connections[0]!.next("submit");
  expect(submit.conversationId).toBe(ROOM);
  expect(rows(chat).at(-1)).toContain("<img src=x> Soft!");
  expect(chat.shadowRoot!.querySelector("img")).toBeNull();
});

test("it lets go of its connection when it leaves the page", async () => {
  const [chat, platform] = await opened();
  chat.remove();
  await settle();
  expect(platform.connections[0]!.ended).toBe(true);
  expect(rows(chat)).toEqual([]);
});
