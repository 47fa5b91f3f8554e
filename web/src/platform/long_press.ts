/**
 * A long touch asks for the menu of what is under it, on phones that do not say so by themselves.
 *
 * Browsers on iOS send no `contextmenu` for a touch.  This sends one in their place, so that everything that opens a menu
 * listens for one thing.  Where the browser sends its own, nothing is done.
 */

const LONG_MS = 500;
/** A finger that went farther scrolls. */
const STILL_PX = 10;

/** Begin to listen; what is returned ends it. */
export function hearLongPresses(root: Document): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let from = { x: 0, y: 0 };
  /** The touch has opened something: what follows it is no click. */
  let taken = false;

  const stop = (): void => clearTimeout(timer);
  const pressed = (event: TouchEvent): void => {
    stop();
    taken = false;
    const touch = event.touches[0];
    const { target } = event;
    if (event.touches.length !== 1 || !touch || !(target instanceof Element)) return;
    from = { x: touch.clientX, y: touch.clientY };
    timer = setTimeout(() => {
      const where = { clientX: from.x, clientY: from.y, bubbles: true, cancelable: true };
      // Whoever opened something for it says so by preventing what would come else.
      taken = !target.dispatchEvent(new MouseEvent("contextmenu", where));
    }, LONG_MS);
  };
  const moved = (event: TouchEvent): void => {
    const touch = event.touches[0];
    if (!touch || Math.hypot(touch.clientX - from.x, touch.clientY - from.y) > STILL_PX) stop();
  };
  const ended = (event: TouchEvent): void => {
    stop();
    if (taken && event.cancelable) event.preventDefault();
    taken = false;
  };
  const listens = [
    ["touchstart", pressed, { passive: true }],
    ["touchmove", moved, { passive: true }],
    ["touchend", ended, { passive: false }],
    ["touchcancel", stop, { passive: true }],
    ["contextmenu", stop, { passive: true, capture: true }],
  ] as const;
  for (const [kind, listener, options] of listens) root.addEventListener(kind, listener as EventListener, options);
  return () => {
    stop();
    for (const [kind, listener, options] of listens) {
      root.removeEventListener(kind, listener as EventListener, "capture" in options);
    }
  };
}
