// @vitest-environment happy-dom
/** What of a conversation was seen, and where the line above what is new stands. */
import { mount, type VueWrapper } from "@vue/test-utils";
import { createPinia, setActivePinia } from "pinia";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { computed, defineComponent, nextTick, ref, shallowRef } from "vue";

import type { Conversation, Message } from "@/client";
import { useReading, type Reading } from "@/components/conversation/reading";
import { useConversations } from "@/stores/conversations";
import type { Room, Stretch } from "@/stores/room";
import { seqOf, type Row } from "@/timeline/rows";

const ME = "me";
const HIM = "him";
const ROOM = "c";

const saw: number[] = [];
vi.mock("@/stores/session", () => ({
  useSession: () => ({ client: { saw: (_: string, seq: number) => saw.push(seq) } }),
}));

function row(seq: number, senderId = HIM): Row {
  const message = { seq, senderId } as Message;
  return { kind: "message", key: `m${seq}`, message, follows: false, pending: null };
}

function between(from: number, to: number, senderId = HIM): Row[] {
  return Array.from({ length: to - from + 1 }, (_, index) => row(from + index, senderId));
}

let shown: VueWrapper | undefined;

/** A room on a screen: what is loaded, what is in view, and what the server counts. */
class Screen {
  readonly rows = shallowRef<readonly Row[]>([]);
  readonly atEnd = ref(true);
  readonly unreadAfter = ref<number | null>(null);
  readonly stretch = shallowRef<Stretch | null>(null);
  reading!: Reading;
  readonly #thread: number;
  #head = 0;

  constructor(options: { readSeq: number | null; thread?: number; unread?: number; head?: number }) {
    this.#thread = options.thread ?? 0;
    this.unreadAfter.value = options.readSeq;
    this.#head = options.head ?? 100;
    useConversations().self.id = ME;
    this.counts(options.unread ?? 0, options.readSeq ?? this.#head);
    const room = {
      id: ROOM,
      thread: this.#thread,
      timeline: computed(() => this.stretch.value),
      unreadAfter: this.unreadAfter,
      stale: ref(false),
    } as unknown as Room;
    const view = computed(() => this.rows.value);
    shown = mount(
      defineComponent({
        setup: () => {
          this.reading = useReading(room, view, this.atEnd);
          return () => null;
        },
      }),
    );
  }

  /** Load a stretch; the log ends at its end if `to` is the head. */
  loads(from: number, to: number): void {
    this.rows.value = between(from, to);
    this.stretch.value = { from, to, moreBefore: from > 1, moreAfter: to < this.#head };
  }

  looksAt(from: number, to: number): void {
    const find = (seq: number): Row => this.rows.value.find((each) => seqOf(each) === seq)!;
    this.atEnd.value = to === this.#head;
    this.reading.seen(find(from), find(to));
  }

  /** Somebody says something. */
  async hears(seq: number): Promise<void> {
    this.#head = seq;
    if (!this.stretch.value!.moreAfter) {
      this.rows.value = [...this.rows.value, row(seq)];
      this.stretch.value = { ...this.stretch.value!, to: seq };
    }
    await nextTick();
  }

  counts(unread: number, readSeq: number): void {
    useConversations().all.set(ROOM, { id: ROOM, state: "joined", unread, readSeq } as Conversation);
  }
}

beforeEach(() => {
  saw.length = 0;
  setActivePinia(createPinia());
  vi.spyOn(document, "hasFocus").mockReturnValue(true);
});
afterEach(() => {
  shown?.unmount();
  vi.restoreAllMocks();
});

test("nothing counts as read before the list stands where it begins", () => {
  const screen = new Screen({ readSeq: 40, unread: 60 });
  screen.loads(51, 100);
  screen.looksAt(91, 100);
  expect(saw).toEqual([]);
  screen.loads(16, 65);
  screen.looksAt(38, 47);
  screen.reading.place();
  expect(saw).toEqual([47]);
});

test("what is in view is read, at the end all there is, and nothing while one looks elsewhere", () => {
  const screen = new Screen({ readSeq: 80, unread: 20 });
  screen.loads(51, 100);
  screen.looksAt(78, 90);
  screen.reading.place();
  vi.spyOn(document, "hasFocus").mockReturnValue(false);
  screen.looksAt(85, 95);
  vi.spyOn(document, "hasFocus").mockReturnValue(true);
  dispatchEvent(new Event("focus"));
  screen.looksAt(88, 100);
  expect(saw).toEqual([90, 95, 100]);
});

test("what is passed over is said, until one has been back", () => {
  const screen = new Screen({ readSeq: 20, unread: 80 });
  screen.loads(1, 50);
  screen.reading.place();
  screen.looksAt(18, 28);
  screen.looksAt(25, 35);
  expect(screen.reading.passedOver.value).toBe(0);
  screen.loads(71, 100);
  screen.looksAt(90, 100);
  screen.counts(0, 100);
  expect(screen.reading.passedOver.value).toBe(80);
  screen.loads(1, 50);
  screen.looksAt(18, 28);
  expect(screen.reading.passedOver.value).toBe(0);
  // Whatever is above where reading stopped was not passed over.
  screen.looksAt(1, 10);
  expect(screen.reading.passedOver.value).toBe(0);
});

test("the line moves to what comes while one looks elsewhere, once all was read", async () => {
  const screen = new Screen({ readSeq: null });
  screen.loads(51, 100);
  screen.reading.place();
  screen.looksAt(90, 100);
  await screen.hears(101);
  screen.counts(1, 100);
  await nextTick();
  expect([screen.unreadAfter.value, saw.at(-1)]).toEqual([null, 101]);
  screen.counts(0, 101);
  await nextTick();

  screen.looksAt(60, 70);
  await screen.hears(102);
  screen.counts(1, 101);
  await nextTick();
  expect([screen.unreadAfter.value, screen.reading.newBelow.value]).toEqual([101, 1]);
  await screen.hears(103);
  screen.counts(2, 101);
  await nextTick();
  expect([screen.unreadAfter.value, screen.reading.newBelow.value]).toEqual([101, 2]);
});

test("the line goes when one answers, unless one has passed something over", () => {
  const screen = new Screen({ readSeq: 20, unread: 80 });
  screen.loads(1, 50);
  screen.reading.place();
  screen.looksAt(18, 28);
  screen.loads(71, 100);
  screen.looksAt(90, 100);
  screen.reading.answered();
  expect(screen.unreadAfter.value).toBe(20);
  screen.loads(1, 50);
  screen.looksAt(18, 28);
  screen.reading.answered();
  expect(screen.unreadAfter.value).toBeNull();
});

test("of a thread what came since one stood at its end is new, however much is loaded above", async () => {
  const screen = new Screen({ readSeq: null, thread: 9 });
  screen.loads(51, 100);
  screen.reading.place();
  screen.looksAt(90, 100);
  await nextTick();
  screen.looksAt(60, 70);
  screen.loads(31, 100);
  expect(screen.reading.newBelow.value).toBe(0);
  await screen.hears(101);
  expect(screen.reading.newBelow.value).toBe(1);
  expect(saw).toEqual([]);
});
