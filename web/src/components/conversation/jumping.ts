/**
 * Getting about in a conversation: to a message, to where reading stopped, to a day, to the newest, and back again.
 *
 * Whatever is jumped to, one comes to rest at something that is shown, and is told if it is not what was asked for.  The
 * jump that was asked for last wins, and any of them wins over the place where a conversation opens by itself.
 */
import { computed, nextTick, onMounted, ref, watch, type ComputedRef, type Ref } from "vue";
import { useI18n } from "vue-i18n";
import { useRouter } from "vue-router";

import { maySee } from "@/client";
import type { ListControls } from "@/components/list/heights";
import { useConversations } from "@/stores/conversations";
import type { Landing, Room } from "@/stores/room";
import { useSession } from "@/stores/session";
import { useToasts } from "@/stores/toasts";
import { firstSince } from "@/timeline/moment";
import type { Row } from "@/timeline/rows";

import type { Reading } from "./reading";

const FLASH_MS = 2000;
/** How many answers one can go back to. */
const BACK = 20;

export interface Jumps {
  /** The key of the row that was jumped to just now. */
  readonly flashing: Ref<string>;
  /** The message from which one came, while it is out of view; 0: none. */
  readonly origin: ComputedRef<number>;
  /** Go to what has a seq, `from` the message that leads there. */
  goTo(seq: number, from?: number): Promise<void>;
  goBack(): Promise<void>;
  goUnread(): Promise<void>;
  goEnd(): Promise<void>;
  /** Go to the first that was said at a moment or later. */
  goDate(timeMs: number): Promise<void>;
}

export function useJumps(
  room: Room,
  rows: ComputedRef<readonly Row[]>,
  list: Ref<ListControls | undefined>,
  reading: Reading,
  focus: (key: string) => void,
): Jumps {
  const { t } = useI18n();
  const router = useRouter();
  const session = useSession();
  const conversations = useConversations();
  const toasts = useToasts();

  const flashing = ref("");
  const cameFrom = ref<readonly number[]>([]);
  const under = ref(0);
  let latest = 0;
  let timer = 0;
  let opened = (): void => undefined;
  const open = new Promise<void>((resolve) => (opened = resolve));

  const inView = (seq: number): boolean => seq >= reading.first.value && seq <= reading.last.value;
  const origin = computed(() => {
    const seq = cameFrom.value.at(-1) ?? 0;
    return seq && !under.value && !inView(seq) ? seq : 0;
  });
  watch([reading.first, reading.last, under], () => {
    const seq = cameFrom.value.at(-1);
    if (seq && !under.value && inView(seq)) cameFrom.value = cameFrom.value.slice(0, -1);
  });

  onMounted(async () => {
    await room.open();
    await nextTick();
    if (!latest) {
      await showLine();
      reading.place();
    }
    opened();
  });

  async function showLine(): Promise<boolean> {
    const line = rows.value.find((row) => row.kind === "unread");
    return line ? ((await list.value?.show(line.key, 0.2)) ?? false) : false;
  }

  /** Find something and put it into view, unless something else was asked for meanwhile. */
  async function jump(find: () => Promise<Landing | null>, put: (landing: Landing) => Promise<void>): Promise<void> {
    const mine = (latest += 1);
    under.value += 1;
    try {
      await open;
      if (mine !== latest) return;
      const landing = await toasts.attempt(find);
      if (mine !== latest) return;
      await nextTick();
      if (landing) await put(landing);
      else if (landing === null) toasts.add(t("conversation.jumpGone"));
      reading.place();
    } finally {
      under.value -= 1;
    }
  }

  async function rest({ row }: Landing): Promise<void> {
    await list.value?.show(row.key);
    clearTimeout(timer);
    flashing.value = row.key;
    timer = window.setTimeout(() => (flashing.value = ""), FLASH_MS);
    if (row.kind === "message") focus(row.key);
  }

  /** Say why something else is shown than what was asked for, or show it where it is: in its thread. */
  async function explain(seq: number): Promise<void> {
    const intervals = conversations.all.get(room.id)?.intervals ?? [];
    if (intervals.length && !maySee(intervals, seq)) {
      toasts.add(t("conversation.jumpOutside"));
      return;
    }
    const message = await session.quoted(room.id, seq).catch(() => undefined);
    const thread = message?.post.thread ?? 0;
    if (thread && !room.thread) await router.push({ query: { panel: "thread", seq: thread, reply: seq } });
    else toasts.add(t("conversation.jumpGone"));
  }

  async function goTo(seq: number, from = 0): Promise<void> {
    await jump(
      () => room.goTo(seq),
      async (landing) => {
        if (from) cameFrom.value = [...cameFrom.value, from].slice(-BACK);
        await rest(landing);
        if (!landing.exact) await explain(seq);
      },
    );
  }

  async function goBack(): Promise<void> {
    const seq = cameFrom.value.at(-1);
    if (!seq) return;
    cameFrom.value = cameFrom.value.slice(0, -1);
    await goTo(seq);
  }

  async function goUnread(): Promise<void> {
    const after = room.unreadAfter.value;
    if (after === null) return;
    await jump(
      () => room.goTo(after + 1),
      async (landing) => {
        if (!(await showLine())) await rest(landing);
      },
    );
  }

  async function goEnd(): Promise<void> {
    const mine = (latest += 1);
    cameFrom.value = [];
    await open;
    await room.goNewest();
    if (mine !== latest) return;
    await nextTick();
    list.value?.showEnd();
    reading.place();
  }

  async function goDate(timeMs: number): Promise<void> {
    const { client } = session;
    const one = conversations.all.get(room.id);
    await jump(async () => {
      // A position of 0 is none.
      const read = (after: number) => client.history(room.id, after ? { after, limit: 1 } : { around: 1, limit: 2 });
      const low = one?.intervals[0]?.from ?? 1;
      const high = one?.asOf ?? room.timeline.value?.to ?? low;
      return room.goTo(await firstSince(read, timeMs, low, Math.max(low, high)));
    }, rest);
  }

  return { flashing, origin, goTo, goBack, goUnread, goEnd, goDate };
}
