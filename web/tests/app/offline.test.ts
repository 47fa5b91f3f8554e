/** The service worker, in a browser that is made of maps: what it keeps, what it answers with, and how it calls. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runInNewContext } from "node:vm";

import { beforeEach, expect, test } from "vitest";

const SOURCE = readFileSync(fileURLToPath(new URL("../../src/offline/worker.js", import.meta.url)), "utf8");
const ORIGIN = "https://chat.example";

type Listener = (event: Record<string, unknown>) => void;
type Asked = string | Request;

/** What a browser keeps by name; addresses are compared without more. */
class Caches {
  readonly all = new Map<string, Map<string, Response>>();

  constructor(readonly fetch: (asked: Asked) => Promise<Response>) {}

  open(name: string) {
    const rows = this.all.get(name) ?? new Map<string, Response>();
    this.all.set(name, rows);
    return Promise.resolve({
      addAll: async (asked: readonly Asked[]) => {
        const answers = await Promise.all(asked.map((one) => this.fetch(one)));
        if (!answers.every((answer) => answer.ok)) throw new TypeError("one of them is not there");
        asked.forEach((one, index) => rows.set(pathOf(one), answers[index]!));
      },
      match: (asked: Asked) => Promise.resolve(rows.get(pathOf(asked))?.clone()),
      put: (asked: Asked, answer: Response) => Promise.resolve(void rows.set(pathOf(asked), answer)),
    });
  }

  match(asked: Asked) {
    for (const rows of this.all.values()) {
      const found = rows.get(pathOf(asked));
      if (found) return Promise.resolve(found.clone());
    }
    return Promise.resolve(undefined);
  }

  keys() {
    return Promise.resolve([...this.all.keys()]);
  }

  delete(name: string) {
    return Promise.resolve(this.all.delete(name));
  }
}

function pathOf(asked: Asked): string {
  return new URL(typeof asked === "string" ? asked : asked.url, ORIGIN).pathname;
}

/** What the server has, by path; null: there is no server. */
let server: Map<string, string> | null;
let status: number;
let caches: Caches;

interface Note {
  title: string;
  body: string;
  tag: string;
  data: { conversation_id?: string; count: number };
}

/** What the system shows, the number on the icon, and the tabs that are open. */
let notes: Note[];
let badge: number;
let tabs: { focused: boolean; told: unknown[]; focus(): Promise<void>; postMessage(message: unknown): void }[];
let went: string[];
let subscribed: unknown[];

function build(name: string): Map<string, string> {
  return new Map([
    ["/", `<script src="/assets/main-${name}.js"></script>`],
    [`/assets/main-${name}.js`, `main of ${name}`],
    [`/assets/later-${name}.js`, `later of ${name}`],
  ]);
}

function fetched(asked: Asked): Promise<Response> {
  if (!server) return Promise.reject(new TypeError("Failed to fetch"));
  const found = server.get(pathOf(asked)) ?? (pathOf(asked).startsWith("/assets/") ? undefined : server.get("/"));
  return Promise.resolve(new Response(found ?? "", { status: found === undefined ? 404 : status }));
}

/** Start the worker of a build. */
function worker(name: string, files = [...build(name).keys()]): (kind: string, event?: object) => Promise<unknown> {
  const listeners = new Map<string, Listener>();
  const source = SOURCE.replace("__VERSION__", `hubbub-${name}`).replace('["__FILES__"]', JSON.stringify(files));
  const self = {
    location: new URL(ORIGIN),
    skipWaiting: () => Promise.resolve(),
    clients: {
      claim: () => Promise.resolve(),
      matchAll: () => Promise.resolve(tabs),
      openWindow: (path: string) => Promise.resolve(void went.push(path)),
    },
    registration: {
      getNotifications: () => Promise.resolve(notes),
      showNotification: (title: string, { body, tag, data }: Omit<Note, "title">) => {
        notes = [...notes.filter((note) => note.tag !== tag || !tag), { title, body, tag, data }];
        return Promise.resolve();
      },
      pushManager: { subscribe: (options: unknown) => Promise.resolve(void subscribed.push(options)) },
    },
    navigator: {
      setAppBadge: (count: number) => Promise.resolve(void (badge = count)),
      clearAppBadge: () => Promise.resolve(void (badge = 0)),
    },
    addEventListener: (kind: string, listener: Listener) => listeners.set(kind, listener),
  };
  class Here extends Request {
    constructor(asked: string, init?: RequestInit) {
      super(new URL(asked, ORIGIN), init);
    }
  }
  runInNewContext(source, { self, caches, fetch: fetched, Request: Here, Response, URL, URLSearchParams, AbortSignal });
  return (kind, event = {}) => {
    let done: Promise<unknown> = Promise.resolve(null);
    const take = (work: Promise<unknown>): void => void (done = work);
    listeners.get(kind)?.({ waitUntil: take, respondWith: take, ...event });
    return done;
  };
}

async function asks(tell: ReturnType<typeof worker>, path: string, mode = "no-cors"): Promise<string | null> {
  const request = { method: "GET", url: `${ORIGIN}${path}`, mode };
  const answer = (await tell("fetch", { request })) as Response | null;
  return answer && answer.text();
}

beforeEach(() => {
  server = build("one");
  status = 200;
  caches = new Caches(fetched);
  notes = [];
  badge = 0;
  tabs = [];
  went = [];
  subscribed = [];
});

test("without a server every page is the one that was kept, with its files", async () => {
  const tell = worker("one");
  await tell("install");
  await tell("activate");
  server = null;
  expect(await asks(tell, "/c/0190", "navigate")).toBe(build("one").get("/"));
  expect(await asks(tell, "/assets/later-one.js")).toBe("later of one");
});

test("an edge that says the server is away is no server", async () => {
  const tell = worker("one");
  await tell("install");
  status = 503;
  server = new Map([["/", "Service Unavailable"]]);
  expect(await asks(tell, "/", "navigate")).toBe(build("one").get("/"));
});

test("a server that answers is asked for the page, and the API is left alone", async () => {
  const tell = worker("one");
  await tell("install");
  server = build("two");
  expect(await asks(tell, "/", "navigate")).toBe(build("two").get("/"));
  expect(await asks(tell, "/assets/main-two.js")).toBe("main of two");
  expect(await asks(tell, "/api/v1/me")).toBeNull();
  expect(await asks(tell, "/oauth/authorize", "navigate")).toBeNull();
});

test("a page of one build is never kept with the files of another", async () => {
  const tell = worker("two");
  // Two nodes of a cluster that is being replaced: the page is old, the files are new.
  server = new Map([...build("two"), ["/", build("one").get("/")!]]);
  await expect(tell("install")).rejects.toThrow("another build");
  expect(await caches.keys()).toEqual([]);
});

test("a tab of the build before finds its files, and of those before that nothing is kept", async () => {
  for (const name of ["one", "two", "three"]) {
    server = build(name);
    const tell = worker(name);
    await tell("install");
    await tell("activate");
  }
  server = null;
  expect(await caches.keys()).toEqual(["hubbub-two", "hubbub-three"]);
  const tell = worker("three");
  expect(await asks(tell, "/assets/later-two.js")).toBe("later of two");
  // The page is that of the newest build alone.
  expect(await asks(tell, "/", "navigate")).toBe(build("three").get("/"));
});

function call(more: object = {}): { data: { json(): unknown } } {
  const said = { conversation_id: "c1", seq: 5, count: 1, sender: "Romeo", language: "en", ...more };
  return { data: { json: () => said } };
}

test("a call shows who, where and what, and the newest of a conversation replaces the one before", async () => {
  const tell = worker("one");
  await tell("push", call({ text: "Soft!" }));
  await tell("push", call({ count: 120, title: "Verona", mentioned: false }));
  await tell("push", call({ conversation_id: "c2", mentioned: true, language: "zh", title: "维罗纳" }));
  expect(notes.map(({ title, body, tag }) => [title, body, tag])).toEqual([
    ["Romeo in Verona", "99+ new messages", "c1"],
    ["Romeo（维罗纳）", "提到了你", "c2"],
  ]);
  expect(badge).toBe(121);
});

test("something is shown whatever came", async () => {
  const tell = worker("one");
  await tell("push", { data: null });
  expect(notes.map(({ title, body }) => [title, body])).toEqual([["Hubbub", "New message"]]);
});

test("a click leads to the conversation, in the tab that is open or in a new one", async () => {
  const tell = worker("one");
  const notification = { close: () => void (notes = []), data: { conversation_id: "c1" } };
  await tell("notificationclick", { notification });
  expect(went).toEqual(["/c/c1"]);
  const told: unknown[] = [];
  tabs = [{ focused: false, told, focus: () => Promise.resolve(), postMessage: (message) => void told.push(message) }];
  await tell("notificationclick", { notification });
  expect([went.length, told]).toEqual([1, [{ open: "c1" }]]);
});

test("a call about something to come back to says so, and all of them are one", async () => {
  const tell = worker("one");
  await tell("push", call({ text: "answer her", reminder: true, title: "Verona" }));
  expect(notes.map(({ title, body, tag }) => [title, body, tag])).toEqual([
    ["Reminder · Romeo in Verona", "answer her", "reminders"],
  ]);
  await tell("push", call({ conversation_id: "c2", reminder: true, sender: "", count: 2, language: "zh" }));
  expect(notes.map(({ title, body, tag }) => [title, body, tag])).toEqual([
    ["提醒", "有 2 条消息需要查看", "reminders"],
  ]);
});

test("a click on it leads to the message, among the others or in its thread", async () => {
  const tell = worker("one");
  const click = (more: object): Promise<unknown> =>
    tell("notificationclick", {
      notification: { close: () => undefined, data: { conversation_id: "c1", seq: 5, reminder: true, ...more } },
    });
  await click({});
  await click({ thread_seq: 3 });
  expect(went).toEqual(["/c/c1?at=5", "/c/c1?panel=thread&seq=3"]);
  const told: unknown[] = [];
  tabs = [{ focused: false, told, focus: () => Promise.resolve(), postMessage: (message) => void told.push(message) }];
  await click({});
  expect(told).toEqual([{ open: "c1", query: { at: "5" } }]);
});

test("when the browser changes where it is called, a tab tells the server the new place", async () => {
  const tell = worker("one");
  const options = { userVisibleOnly: true, applicationServerKey: "key" };
  await tell("pushsubscriptionchange", { oldSubscription: { options } });
  expect(subscribed).toEqual([options]);
  const told: unknown[] = [];
  tabs = [{ focused: false, told, focus: () => Promise.resolve(), postMessage: (message) => void told.push(message) }];
  await tell("pushsubscriptionchange", { oldSubscription: { options }, newSubscription: { options } });
  expect([subscribed.length, told]).toEqual([1, [{ renewed: true }]]);
});
