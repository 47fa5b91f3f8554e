/**
 * One conversation, or one thread of it, as it is open on the screen.
 *
 * Entries are folded in a few times a second at most, however fast they come: a hundred a second then cost no more to draw
 * than ten, and typing stays smooth.
 */
import { computed, ref, shallowReactive, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from "vue";

import { HubbubError, type Client, type Entry, type Mark, type Message, type Pending } from "@/client";
import { rowsOf, type Row } from "@/timeline/rows";
import { indexOf, shortened, withEntry, withMessage, withPage, type Scope, type Timeline } from "@/timeline/timeline";

const PAGE = 50;
/** Entries remembered for pages that were read before them. */
const RECENT = 500;
const FOLD_MS = 60;

export interface Room {
  readonly id: string;
  readonly thread: number;
  readonly timeline: ShallowRef<Timeline | null>;
  readonly rows: ComputedRef<Row[]>;
  readonly unreadAfter: Ref<number | null>;
  /** Why the first page could not be loaded; empty while all is well. */
  readonly failed: Ref<string>;
  /** What is shown was kept on this machine and not confirmed by the server yet. */
  readonly stale: Ref<boolean>;
  readonly marks: Map<string, Mark>;
  /** Load what is shown first: where reading stopped, or the newest. */
  open(): Promise<void>;
  more(edge: "start" | "end"): Promise<void>;
  /** Load a stretch around a message; return whether it is there. */
  goTo(seq: number): Promise<boolean>;
  goNewest(): Promise<void>;
  find(seq: number): Message | undefined;
  trim(reading: "start" | "end"): void;
  close(): void;
}

export function createRoom(client: Client, id: string, thread: number, readSeq: number | null): Room {
  const timeline = shallowRef<Timeline | null>(null);
  const unreadAfter = ref<number | null>(null);
  const failed = ref("");
  const stale = ref(false);
  const marks = shallowReactive(new Map<string, Mark>());
  const outgoing = shallowRef<readonly Pending[]>([]);
  const leaving = new Map<string, { pending: Pending; seq: number }>();
  const recent: Entry[] = [];
  let heard: Entry[] = [];
  let timer = 0;
  let closed = false;
  const isClosed = (): boolean => closed;
  const busy = new Set<string>();
  /** Raised with every fresh start, so that an answer to an older question is not taken. */
  let turn = 0;

  const scope = (): Scope => ({ me: client.userId, thread, again: (seq) => void fetchAgain(seq) });
  const at = (): { thread?: number } => (thread ? { thread } : {});

  let drawn: ReadonlyMap<string, Row> = new Map();
  const rows = computed(() => {
    if (!timeline.value) return [];
    const made = rowsOf(
      { timeline: timeline.value, outbox: outgoing.value, me: client.userId, thread, unreadAfter: unreadAfter.value },
      drawn,
    );
    drawn = new Map(made.map((row) => [row.key, row]));
    return made;
  });

  function gather(): void {
    const to = timeline.value?.to ?? 0;
    for (const [key, { seq }] of leaving) if (seq <= to) leaving.delete(key);
    const waiting = client.outbox.filter((pending) => pending.conversationId === id);
    const known = new Set(waiting.map((pending) => pending.clientId));
    const left = [...leaving.values()].map(({ pending }) => pending).filter((pending) => !known.has(pending.clientId));
    outgoing.value = [...left, ...waiting];
  }

  function fold(): void {
    timer = 0;
    let next = timeline.value;
    if (!next) {
      heard = [];
      return;
    }
    for (const entry of heard) next = withEntry(next, entry, scope());
    heard = [];
    timeline.value = next;
    gather();
  }

  const stops = [
    client.on("entry", (entry) => {
      if (entry.conversationId !== id) return;
      recent.push(entry);
      if (recent.length > RECENT) recent.splice(0, recent.length - RECENT);
      heard.push(entry);
      if (!timer) timer = window.setTimeout(fold, entry.senderId === client.userId ? 0 : FOLD_MS);
    }),
    client.on("pending", (pending) => {
      if (pending.conversationId === id) gather();
    }),
    client.on("settled", ({ conversationId, clientId, seq }) => {
      if (conversationId !== id) return;
      const pending = outgoing.value.find((each) => each.clientId === clientId);
      // Stored, but its entry is still on the way: it stays where it is until then.
      if (pending && seq > (timeline.value?.to ?? 0)) leaving.set(clientId, { pending, seq });
      gather();
    }),
    client.on("marks", (event) => {
      if (event.conversationId !== id) return;
      for (const mark of event.marks) raise(mark);
    }),
    client.on("reset", ({ conversationId }) => {
      if (!conversationId || conversationId === id) void newest();
    }),
    client.on("status", ({ state }) => {
      if (state === "online" && (failed.value || stale.value)) void newest();
    }),
  ];
  const unwatch = watch(timeline, gather);

  function raise(mark: Mark): void {
    const before = marks.get(mark.userId);
    marks.set(mark.userId, {
      userId: mark.userId,
      readSeq: Math.max(mark.readSeq, before?.readSeq ?? 0),
      deliveredSeq: Math.max(mark.deliveredSeq, before?.deliveredSeq ?? 0),
    });
  }

  async function loadMarks(): Promise<void> {
    try {
      const { items } = await client.members(id, "", 100);
      for (const member of items) raise(member);
    } catch {
      // Receipts are told as they change, too.
    }
  }

  async function fresh(position: { around?: number }): Promise<boolean> {
    const mine = (turn += 1);
    try {
      const page = await client.history(id, { limit: PAGE, ...position, ...at() });
      if (closed || mine !== turn) return false;
      timeline.value = withPage(null, page, "fresh", recent, scope());
      failed.value = "";
      stale.value = false;
      return true;
    } catch (thrown) {
      if (mine === turn && !timeline.value) failed.value = HubbubError.from(thrown).code;
      return false;
    }
  }

  async function newest(): Promise<void> {
    await fresh({});
  }

  async function open(): Promise<void> {
    gather();
    if (timeline.value) return;
    if (!thread) {
      const kept = await client.kept(id);
      if (kept && !isClosed()) {
        stale.value = true;
        timeline.value = withPage(null, kept, "fresh", recent, scope());
      }
      if (readSeq !== null) unreadAfter.value = readSeq;
    }
    await newest();
    void loadMarks();
    const oldest = timeline.value?.items[0];
    if (readSeq && oldest && oldest.seq > readSeq + 1 && timeline.value?.moreBefore) {
      // Too much is unread for one page: begin where reading stopped.
      await fresh({ around: readSeq });
    }
  }

  async function more(edge: "start" | "end"): Promise<void> {
    const present = timeline.value;
    if (!present || busy.has(edge) || !(edge === "start" ? present.moreBefore : present.moreAfter)) return;
    busy.add(edge);
    const mine = turn;
    try {
      const position = edge === "start" ? { before: present.from } : { after: present.to };
      const page = await client.history(id, { limit: PAGE, ...position, ...at() });
      if (isClosed() || mine !== turn) return;
      timeline.value = withPage(timeline.value, page, edge === "start" ? "before" : "after", recent, scope());
    } catch {
      // The list asks again when it is scrolled.
    } finally {
      busy.delete(edge);
    }
  }

  /** A message that folding could not tell of, such as one with hundreds of reactions. */
  async function fetchAgain(seq: number): Promise<void> {
    try {
      const page = await client.history(id, { around: seq, limit: 1 });
      for (const item of page.items) {
        if (item.type === "message" && timeline.value) {
          timeline.value = withMessage(timeline.value, item.message, page.asOf);
        }
      }
    } catch {
      // The next change of it asks again.
    }
  }

  async function goTo(seq: number): Promise<boolean> {
    if (find(seq)) return true;
    await fresh({ around: seq });
    return find(seq) !== undefined;
  }

  async function goNewest(): Promise<void> {
    if (timeline.value?.moreAfter !== false) await newest();
  }

  function find(seq: number): Message | undefined {
    const items = timeline.value?.items ?? [];
    const item = items[indexOf(items, seq)];
    return item && "message" in item ? item.message : undefined;
  }

  function trim(reading: "start" | "end"): void {
    if (timeline.value) timeline.value = shortened(timeline.value, reading);
  }

  function close(): void {
    closed = true;
    clearTimeout(timer);
    unwatch();
    for (const stop of stops) stop();
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
    more,
    goTo,
    goNewest,
    find,
    trim,
    close,
  };
}
