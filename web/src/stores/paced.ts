/**
 * Something that is drawn again and again, at a pace that leaves time for who types.
 *
 * The first wish after a pause is fulfilled at once, those that follow together.  Drawing is at rest for at least as long
 * as `PACE_MS`, and several times as long as it took: a busy machine draws more seldom, and its keys are as quick as
 * before.  A key that waits to be handled goes first.
 */

const PACE_MS = 60;
/** Drawing takes at most one part in so many of the time. */
const SHARE = 5;
/** However busy the machine is, it is drawn so often. */
const LONGEST_MS = 500;

interface InputQueue {
  isInputPending?: () => boolean;
}

export interface Paced {
  /** Draw soon: what changed is to be seen. */
  soon(): void;
  /** Draw now, whatever the pace. */
  now(): void;
  close(): void;
}

/** `settled` resolves when what `draw` changed is on the page, so that its cost is known. */
export function paced(draw: () => void, settled: () => Promise<unknown>): Paced {
  let timer = 0;
  /** When it may be drawn again, and when that was what the timer waits for. */
  let freeMs = 0;
  let plannedMs = 0;
  /** Since when a wish is open. */
  let wishedMs = 0;

  function now(): void {
    clearTimeout(timer);
    timer = 0;
    const begunMs = performance.now();
    freeMs = begunMs + PACE_MS;
    draw();
    void settled().then(() => {
      const tookMs = performance.now() - begunMs;
      freeMs = begunMs + Math.min(LONGEST_MS, Math.max(PACE_MS, SHARE * tookMs));
    });
  }

  function wait(): void {
    plannedMs = freeMs;
    timer = window.setTimeout(due, Math.max(0, freeMs - performance.now()));
  }

  function due(): void {
    const { scheduling } = navigator as { scheduling?: InputQueue };
    const late = performance.now() - wishedMs > LONGEST_MS;
    if (freeMs > plannedMs || (!late && scheduling?.isInputPending?.())) wait();
    else now();
  }

  return {
    soon() {
      if (timer) return;
      wishedMs = performance.now();
      if (wishedMs >= freeMs) now();
      else wait();
    },
    now,
    close: () => clearTimeout(timer),
  };
}
