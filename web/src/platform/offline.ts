/** Has the browser keep the app, so that it starts without a server, and notices when the server has another build. */

/** Register the service worker, and load the page anew when parts of it are gone because the server was updated. */
export function startFromCache(): void {
  addEventListener("vite:preloadError", () => void reloadIfReplaced());
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  const register = (): void => void navigator.serviceWorker.register("/sw.js").catch(() => undefined);
  // Keeping the app must not be in the way of showing it.
  if (document.readyState === "complete") register();
  else addEventListener("load", register);
}

/**
 * Reload only if the server has another build.  A part that cannot be loaded because the server is away would not be
 * there after a reload, either, and what one has begun would be lost.
 */
async function reloadIfReplaced(): Promise<void> {
  const own = document.querySelector<HTMLScriptElement>('script[type="module"][src]')?.getAttribute("src");
  try {
    // Not "/", which the service worker may answer.
    const answer = await fetch("/index.html", { cache: "no-store" });
    if (answer.ok && own && !(await answer.text()).includes(own)) location.reload();
  } catch {
    // There is no server: whoever asked for that part shows that it failed.
  }
}
