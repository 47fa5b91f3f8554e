/**
 * Lets the app start without a server, and calls somebody while it is closed.  The build fills in the two names below and puts this at /sw.js.
 *
 * Each build is kept whole, under a name of its own: the page and the files it asks for.  The page comes from the server
 * whenever that answers, so a new build is there with the next visit; without a server it is the one that was kept.
 * Files below /assets/ have their hash in their name and never change: any build's will do, so a tab that still runs the
 * build before finds its files as well.  Everything else, above all the API, is none of this worker's business.
 */
const VERSION = "__VERSION__";
const FILES = ["__FILES__"];
const PAGE = "/";
const PATIENCE_MS = 4000;
/** What is kept does not depend on what the browser says it takes. */
const ANY = { ignoreVary: true };

self.addEventListener("install", (event) => event.waitUntil(install()));

self.addEventListener("activate", (event) => event.waitUntil(activate()));

self.addEventListener("push", (event) => event.waitUntil(called(event.data)));

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(opened(event.notification.data ?? {}));
});

self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renewed(event)));

self.addEventListener("notificationclose", (event) => event.waitUntil(count()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    if (!/^\/(api|oauth|setup\/form|metrics)(\/|$)/.test(url.pathname)) event.respondWith(page(request));
  } else if (url.pathname.startsWith("/assets/")) {
    event.respondWith(asset(request));
  } else if (url.pathname !== PAGE && FILES.includes(url.pathname)) {
    event.respondWith(fixed(request));
  }
});

async function install() {
  const cache = await caches.open(VERSION);
  // All of them or none.  What has no hash in its name is asked for anew, whatever the browser has kept of it.
  await cache.addAll(
    FILES.map((path) => (path.startsWith("/assets/") ? path : new Request(path, { cache: "reload" }))),
  );
  const shell = await (await cache.match(PAGE, ANY)).text();
  // While the nodes of a cluster are replaced, the page may come from one of them and the files from another.
  const named = [...shell.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path);
  if (!named.length || !named.every((path) => FILES.includes(path))) {
    await caches.delete(VERSION);
    throw new Error("The page is of another build; it is kept with the next visit.");
  }
  await self.skipWaiting();
}

async function activate() {
  const others = (await caches.keys()).filter((name) => name.startsWith("hubbub-") && name !== VERSION);
  // The one before this is kept for the tabs that run it.
  await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function page(request) {
  const kept = await (await caches.open(VERSION)).match(PAGE, ANY);
  try {
    // By its address: a request for a page cannot be made again with a deadline.
    const answer = await fetch(request.url, {
      headers: { accept: "text/html" },
      credentials: "same-origin",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    // Above: an edge that answers in the place of a server that is away.
    if (kept && answer.status >= 500) return kept;
    return answer.redirected ? Response.redirect(answer.url) : answer;
  } catch (failure) {
    if (kept) return kept;
    throw failure;
  }
}

async function asset(request) {
  const kept = await caches.match(request, ANY);
  if (kept) return kept;
  const answer = await fetch(request);
  // Of a build that is newer than this worker, or only loaded when it was wanted.
  if (answer.ok) await (await caches.open(VERSION)).put(request, answer.clone());
  return answer;
}

async function fixed(request) {
  return (await (await caches.open(VERSION)).match(request, ANY)) ?? fetch(request);
}

// ---------------------------------------------------------------- calls

/** This worker runs without the app, and so without its words. */
const WORDS = {
  en: {
    one: "New message",
    many: (count) => `${count} new messages`,
    mention: "Mentions you",
    in: (sender, title) => `${sender} in ${title}`,
    reminder: "Reminder",
    due: (count) => (count > 1 ? `${count} messages to come back to` : "A message to come back to"),
  },
  zh: {
    one: "新消息",
    many: (count) => `${count} 条新消息`,
    mention: "提到了你",
    in: (sender, title) => `${sender}（${title}）`,
    reminder: "提醒",
    due: (count) => `有 ${count} 条消息需要查看`,
  },
};

async function called(data) {
  let call = {};
  try {
    call = data.json();
  } catch {
    // Whatever came: a browser wants something to be shown for it.
  }
  const words = WORDS[call.language] ?? WORDS.en;
  const number = call.count > 99 ? "99+" : call.count;
  const said = call.mentioned ? words.mention : call.count > 1 ? words.many(number) : words.one;
  const from = call.title ? words.in(call.sender, call.title) : call.sender;
  const shown = call.reminder
    ? // Whose message it is says less than what one wrote to oneself about it.
      {
        title: [words.reminder, from].filter(Boolean).join(" · "),
        body: call.text || words.due(number),
        tag: "reminders",
      }
    : { title: from || "Hubbub", body: call.text || said, tag: call.conversation_id ?? "" };
  await self.registration.showNotification(shown.title, {
    body: shown.body,
    // The newest about a conversation, or about what is to be come back to, stands in the place of the one before.
    tag: shown.tag,
    renotify: Boolean(shown.tag),
    icon: "/icon-192.png",
    badge: "/icon-192.png",
    data: {
      conversation_id: call.conversation_id,
      seq: call.seq,
      thread_seq: call.thread_seq,
      reminder: Boolean(call.reminder),
      count: call.count ?? 1,
    },
  });
  await count();
}

/**
 * The browser changed where it is called: ask for a new place, and have a tab tell the server.
 *
 * Only the app knows the login.  Where no tab is open it tells the server with its next start, as with each.
 */
async function renewed({ oldSubscription, newSubscription }) {
  const options = oldSubscription?.options;
  if (!newSubscription && options) await self.registration.pushManager.subscribe(options);
  const [tab] = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  tab?.postMessage({ renewed: true });
}

/** Put the number of what was called for and not seen to onto the icon of the app. */
async function count() {
  const shown = await self.registration.getNotifications();
  const sum = shown.reduce((all, note) => all + (note.data?.count ?? 0), 0);
  await (sum ? self.navigator?.setAppBadge?.(sum) : self.navigator?.clearAppBadge?.());
}

/** Show a conversation, of a reminder its message: in a tab that is open already, or in a new one. */
async function opened({ conversation_id: id, seq, thread_seq: thread, reminder }) {
  const query = !reminder ? undefined : thread ? { panel: "thread", seq: String(thread) } : { at: String(seq) };
  const tabs = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const tab = tabs.find((one) => one.focused) ?? tabs[0];
  if (!tab) {
    await self.clients.openWindow(id ? `/c/${id}${query ? `?${new URLSearchParams(query)}` : ""}` : "/");
    return;
  }
  if (id) tab.postMessage(query ? { open: id, query } : { open: id });
  await tab.focus();
}
