// @vitest-environment happy-dom
/** That a list keeps the end in view, whatever happens while it appears. */
import { mount, type VueWrapper } from "@vue/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { nextTick } from "vue";

import AnchoredList from "@/components/list/AnchoredList.vue";

const watched = new Set<Element>();
let resized: ResizeObserverCallback;
let frames = new Map<number, FrameRequestCallback>();
let asked = 0;
let shown: VueWrapper;

class Sizes {
  constructor(callback: ResizeObserverCallback) {
    resized = callback;
  }
  observe(element: Element): void {
    watched.add(element);
  }
  unobserve(element: Element): void {
    watched.delete(element);
  }
  disconnect(): void {
    watched.clear();
  }
}

/** Draw one frame, with what waits for it. */
async function frame(): Promise<void> {
  const due = frames;
  frames = new Map();
  for (const callback of due.values()) callback(0);
  await nextTick();
}

/** Give the view a height, and what is in it one. */
function measures(view: HTMLElement, height: number, content: number): void {
  Object.defineProperty(view, "clientHeight", { configurable: true, value: height });
  Object.defineProperty(view, "scrollHeight", { configurable: true, value: content });
}

async function appears(): Promise<HTMLElement> {
  const items = Array.from({ length: 15 }, (_, index) => ({ key: `m${index}` }));
  shown = mount(AnchoredList, {
    props: { items, moreBefore: false, moreAfter: false, label: "Messages" },
    attachTo: document.body,
  });
  const view = shown.find<HTMLElement>(".scroller").element;
  let at = 0;
  Object.defineProperty(view, "scrollTop", {
    configurable: true,
    get: () => at,
    set: (to: number) => (at = Math.max(0, Math.min(to, view.scrollHeight - view.clientHeight))),
  });
  measures(view, 600, 1500);
  await nextTick();
  return view;
}

beforeEach(() => {
  vi.stubGlobal("ResizeObserver", Sizes);
  vi.stubGlobal("requestAnimationFrame", (callback: FrameRequestCallback) => {
    frames.set(++asked, callback);
    return asked;
  });
  vi.stubGlobal("cancelAnimationFrame", (handle: number) => frames.delete(handle));
});

afterEach(() => {
  shown.unmount();
  vi.unstubAllGlobals();
  frames.clear();
});

test("a scroll while the list appears does not keep it from following its own height", async () => {
  const view = await appears();
  expect(view.scrollTop).toBe(900);
  view.dispatchEvent(new Event("scroll"));
  for (let count = 0; count < 3; count++) await frame();
  expect(watched).toContain(view);
  measures(view, 572, 1500);
  resized([{ target: view } as unknown as ResizeObserverEntry], {} as ResizeObserver);
  expect(view.scrollTop).toBe(928);
});

test("rows that grow before the event of the list's own scroll do not count as leaving the end", async () => {
  const view = await appears();
  measures(view, 600, 1621);
  view.dispatchEvent(new Event("scroll"));
  for (let count = 0; count < 3; count++) await frame();
  resized([{ target: view } as unknown as ResizeObserverEntry], {} as ResizeObserver);
  expect(view.scrollTop).toBe(1021);
});

test("somebody who scrolls up stays where they are when rows grow", async () => {
  const view = await appears();
  for (let count = 0; count < 3; count++) await frame();
  view.scrollTop = 300;
  view.dispatchEvent(new Event("scroll"));
  await frame();
  measures(view, 600, 1621);
  resized([{ target: view } as unknown as ResizeObserverEntry], {} as ResizeObserver);
  expect(view.scrollTop).toBe(300);
});
