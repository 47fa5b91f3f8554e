/** Drawing leaves time for who types. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { paced } from "@/stores/paced";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  vi.stubGlobal("window", globalThis);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** Wish for a drawing every millisecond; return when it was drawn. */
async function flood(ms: number, costMs: number): Promise<number[]> {
  const drawn: number[] = [];
  const drawing = paced(
    () => {
      drawn.push(performance.now());
      vi.advanceTimersByTime(costMs);
    },
    () => Promise.resolve(),
  );
  const end = performance.now() + ms;
  while (performance.now() < end) {
    drawing.soon();
    await vi.advanceTimersByTimeAsync(1);
  }
  drawing.close();
  return drawn;
}

test("the first wish after a pause is fulfilled at once, the others together", async () => {
  const drawn = await flood(600, 0);
  expect(drawn[0]).toBe(0);
  expect(drawn.length).toBeGreaterThan(5);
  expect(drawn.length).toBeLessThan(12);
});

test("what takes long is done seldom", async () => {
  const drawn = await flood(3000, 40);
  expect(drawn.length).toBeLessThan(18);
  expect(drawn.length).toBeGreaterThan(8);
});

test("a key that waits goes first, but not for ever", async () => {
  let drawn = 0;
  const drawing = paced(
    () => (drawn += 1),
    () => Promise.resolve(),
  );
  drawing.now();
  vi.stubGlobal("navigator", { scheduling: { isInputPending: () => true } });
  drawing.soon();
  await vi.advanceTimersByTimeAsync(300);
  expect(drawn).toBe(1);
  await vi.advanceTimersByTimeAsync(400);
  expect(drawn).toBe(2);
});
