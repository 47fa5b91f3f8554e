/**
 * One conversation, or one thread of it, as it is open on the screen: a room of the SDK, made into rows.
 *
 * It is drawn a few times a second at most, however fast entries come: a hundred a second then cost no more to draw than
 * ten, and typing stays smooth.
 */
import { computed, nextTick, ref, shallowReactive, shallowRef, type ComputedRef, type Ref } from "vue";

import { nearestSeen, openRoom, type Client, type Mark, type Message, type RoomView } from "@/client";
import { paced } from "@/stores/paced";
import { rowsOf, seqOf, type Row } from "@/timeline/rows";

/** Past so many items a stretch is shortened at the end that is farther from what is read. */
export const LONGEST = 1200;
const SHORTENED = 700;

/** The stretch that is loaded. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly moreBefore: boolean;
  readonly moreAfter: boolean;
}

/** Where a jump came to rest. */
export interface Landing {
  readonly row: Row;
  /** It is what was asked for, and not what is next to something that is not shown here. */
  readonly exact: boolean;
}

/** So many pages are read at most to find what is shown next to something that is not. */
const STEPS = 20;

export interface Room {
  readonly id: string;
  readonly thread: number;
  readonly timeline: ComputedRef<Stretch | null>;
  readonly rows: ComputedRef<Row[]>;
  /** The line above what is new stands behind this seq; null: there is none. */
  readonly unreadAfter: Ref<number | null>;
  /** Why the first page could not be loaded; empty while all is well. */
  readonly failed: ComputedRef<string>;
  /** What is shown was kept on this machine and not confirmed by the server yet. */
  readonly stale: ComputedRef<boolean>;
  readonly marks: Map<string, Mark>;
  /** Load what is shown first: where reading stopped, or the newest. */
  open(): Promise<void>;
  more(edge: "start" | "end"): Promise<void>;
  /**
   * Load a stretch around a seq; return what is shown there: the first row at or after it, or else the last before it.
   *
   * Null if nothing is shown at all, or another jump was asked for meanwhile.  Rejects if it could not be loaded.
   */
  goTo(seq: number): Promise<Landing | null>;
  goNewest(): Promise<void>;
  find(seq: number): Message | undefined;
  /** Delete a message for this person; it vanishes from what is shown. */
  hide(seq: number): Promise<void>;
  trim(reading: "start" | "end"): void;
  close(): void;
}

/** `readSeq`: where reading stopped, if there is something to read; null otherwise. */
export function createRoom(client: Client, id: string, thread: number, readSeq: number | null): Room {
  const room = openRoom(client, id, { thread });
  const view = shallowRef<RoomView>(room.view);
  const unreadAfter = ref<number | null>(thread ? null : readSeq);
  const marks = shallowReactive(new Map<string, Mark>());

  const drawing = paced(() => {
    view.value = room.view;
    for (const [userId, mark] of view.value.marks) {
      const before = marks.get(userId);
      if (before?.readSeq !== mark.readSeq || before.deliveredSeq !== mark.deliveredSeq) marks.set(userId, mark);
    }
  }, nextTick);
  room.onChange(() => drawing.soon());

  const timeline = computed<Stretch | null>(() => {
    const { covers, moreBefore, moreAfter } = view.value;
    return covers && { ...covers, moreBefore, moreAfter };
  });
  const failed = computed(() => (view.value.covers ? "" : (view.value.error?.code ?? "")));
  const stale = computed(() => view.value.unverified);
  const found = computed(() => {
    const messages = new Map<number, Message>();
    for (const item of view.value.items) if (item.type === "message") messages.set(item.message.seq, item.message);
    return messages;
  });
  let drawn: ReadonlyMap<string, Row> = new Map();
  const rows = computed(() => {
    const { items } = view.value;
    const { covers, moreBefore } = view.value;
    const from = moreBefore ? (covers?.from ?? 0) : 0;
    const made = rowsOf({ items, me: client.userId, thread, unreadAfter: unreadAfter.value, from }, drawn);
    drawn = new Map(made.map((row) => [row.key, row]));
    return made;
  });

  /** Load something and show it; why it did not come is told by the view. */
  async function load(work: () => Promise<void>): Promise<void> {
    await work().catch(() => undefined);
    drawing.now();
  }

  let opened = false;
  async function open(): Promise<void> {
    const first = !opened;
    opened = true;
    await load(() => room.newest());
    const oldest = view.value.items[0];
    if (!first || readSeq === null || thread || !view.value.moreBefore || oldest === undefined) return;
    const oldestSeq = oldest.type === "message" ? oldest.message.seq : oldest.type === "line" ? oldest.entry.seq : 0;
    // Too much is unread for one page: begin where reading stopped.
    if (oldestSeq > readSeq + 1) await load(() => room.around(Math.max(1, readSeq)));
  }

  /** The jump that was asked for last: it alone comes to rest. */
  let jump = 0;
  async function goTo(seq: number): Promise<Landing | null> {
    const mine = (jump += 1);
    const wanted = nearestSeen(client.conversations.get(id)?.intervals ?? [], seq);
    await room.around(wanted);
    drawing.now();
    // What has that number may be a change that was folded, a reply in a thread, or withheld: its neighbour stands for it.
    const row = (await reach(wanted, "after", mine)) ?? (await reach(wanted, "before", mine));
    return row && { row, exact: seqOf(row) === seq };
  }

  /** The row that is nearest to a seq, on it or on one side of it; read on until there is one. */
  async function reach(seq: number, side: "after" | "before", mine: number): Promise<Row | null> {
    for (let step = 0; step < STEPS && mine === jump; step += 1) {
      const row =
        side === "after"
          ? rows.value.find((each) => seqOf(each) >= seq)
          : rows.value.findLast((each) => seqOf(each) > 0 && seqOf(each) < seq);
      if (row) return row;
      const more = side === "after" ? timeline.value?.moreAfter : timeline.value?.moreBefore;
      if (!more) return null;
      await (side === "after" ? room.after() : room.before());
      drawing.now();
    }
    return null;
  }

  function trim(reading: "start" | "end"): void {
    const { covers, items } = view.value;
    if (!covers || items.length <= LONGEST) return;
    room.trim(SHORTENED, reading === "start" ? covers.from : covers.to);
    drawing.now();
  }

  return {
    id,
    thread,
    timeline,
    rows,
    unreadAfter,
    failed,
    stale,
    marks,
    open,
    more: (edge) => load(() => (edge === "start" ? room.before() : room.after())),
    goTo,
    goNewest: () => {
      jump += 1;
      return load(() => room.newest());
    },
    find: (seq) => found.value.get(seq),
    hide: (seq) => room.hide(seq),
    trim,
    close() {
      drawing.close();
      room.close();
    },
  };
}
