/**
 * Lets the app start without a server.  The build fills in the two names below and puts this at /sw.js.
 *
 * Files below /assets/ have their hash in their name and never change: they come from the cache.  The page itself comes
 * from the server whenever it answers, so a new version is there with the next visit.  Everything else, above all the
 * API, is none of this worker's business.
 */
const VERSION = "__VERSION__";
const FILES = ["__FILES__"];
const PATIENCE_MS = 4000;

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(VERSION)
      .then((cache) => cache.addAll(FILES))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name !== VERSION).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate" && !/^\/(api|oauth|setup\/form)(\/|$)/.test(url.pathname)) {
    event.respondWith(page(request));
  } else if (url.pathname.startsWith("/assets/") || FILES.includes(url.pathname)) {
    event.respondWith(asset(request));
  }
});

async function page(request) {
  try {
    // By its address: a request for a page cannot be made again with a deadline.
    return await fetch(request.url, {
      headers: { accept: "text/html" },
      credentials: "same-origin",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch (failure) {
    const kept = await caches.match("/", { ignoreVary: true });
    if (kept) return kept;
    throw failure;
  }
}

async function asset(request) {
  const cache = await caches.open(VERSION);
  const kept = await cache.match(request, { ignoreVary: true });
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}
