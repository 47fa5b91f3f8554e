// @vitest-environment happy-dom
/** A long touch asks for a menu where the browser does not. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { hearLongPresses } from "@/platform/long_press";

let stop: () => void;
let row: HTMLElement;
let asked: number;

beforeEach(() => {
  vi.useFakeTimers();
  stop = hearLongPresses(document);
  document.body.innerHTML = "<p></p>";
  row = document.querySelector("p")!;
  asked = 0;
  row.addEventListener("contextmenu", (event) => {
    asked += 1;
    event.preventDefault();
  });
});
afterEach(() => {
  stop();
  vi.useRealTimers();
});

function touch(kind: string, x = 10): Event {
  const touches = kind === "touchend" ? [] : [{ clientX: x, clientY: 10 }];
  const event = Object.assign(new Event(kind, { bubbles: true, cancelable: true }), { touches });
  row.dispatchEvent(event);
  return event;
}

test("a finger that rests opens the menu, and is no click afterwards", () => {
  touch("touchstart");
  touch("touchmove", 14);
  vi.advanceTimersByTime(600);
  expect(asked).toBe(1);
  expect(touch("touchend").defaultPrevented).toBe(true);
});

test("a tap and a scroll open nothing", () => {
  touch("touchstart");
  vi.advanceTimersByTime(200);
  expect(touch("touchend").defaultPrevented).toBe(false);
  touch("touchstart");
  touch("touchmove", 40);
  vi.advanceTimersByTime(1000);
  expect(asked).toBe(0);
});

test("a browser that asks by itself is not asked for a second time", () => {
  touch("touchstart");
  vi.advanceTimersByTime(450);
  row.dispatchEvent(new MouseEvent("contextmenu", { bubbles: true, cancelable: true }));
  vi.advanceTimersByTime(1000);
  expect(asked).toBe(1);
});
