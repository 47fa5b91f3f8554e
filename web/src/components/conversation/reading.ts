/**
 * What of a conversation was seen: how far it is read, where the line above what is new stands, and what was passed over.
 *
 * The line stands where reading stopped when the conversation was opened, and stays there whatever one jumps to.  Only
 * when everything had been read, and more comes while one looks elsewhere, it moves above that; and it goes when one
 * has read all and answers.  Nothing counts as seen before the list stands where it begins: what is drawn until then was
 * never looked at.
 */
import { computed, onBeforeUnmount, onMounted, ref, watch, type ComputedRef, type Ref } from "vue";

import { useConversations } from "@/stores/conversations";
import type { Room } from "@/stores/room";
import { useSession } from "@/stores/session";
import { seqOf, type Row } from "@/timeline/rows";

export interface Reading {
  /** The seqs of the first and the last row in view. */
  readonly first: Ref<number>;
  readonly last: Ref<number>;
  /** How many messages of others are new below the view. */
  readonly newBelow: ComputedRef<number>;
  /** How many were unread when the line was drawn, if one has passed over some of them and looks further down. */
  readonly passedOver: ComputedRef<number>;
  seen(first: Row, last: Row): void;
  /** The list stands where it begins: from now on what is in view is seen. */
  place(): void;
  /** One has answered: whoever has read everything needs no line any more. */
  answered(): void;
}

export function useReading(room: Room, rows: ComputedRef<readonly Row[]>, atEnd: Ref<boolean>): Reading {
  const session = useSession();
  const conversations = useConversations();
  const conversation = computed(() => conversations.all.get(room.id));
  const held = computed(() => room.timeline.value);
  const unread = computed(() => (room.thread ? 0 : (conversation.value?.unread ?? 0)));

  const placed = ref(false);
  const first = ref(0);
  const last = ref(0);
  /** Everything behind the line up to here was in view, without a hole. */
  const through = ref(room.unreadAfter.value ?? 0);
  /** How many were unread below the line at most. */
  const most = ref(unread.value);
  /** What there was when one last stood at the end. */
  const endSeq = ref(0);

  const looking = (): boolean => document.visibilityState === "visible" && document.hasFocus();
  const others = (row: Row): boolean => row.kind === "message" && row.message.senderId !== conversations.self.id;

  /** Whether there is something to read between what was read and what is in view. */
  function hole(from: number, to: number): boolean {
    if (held.value?.moreBefore && held.value.from > from + 1) return true;
    return rows.value.some((row) => seqOf(row) > from && seqOf(row) < to && others(row));
  }

  const passedOver = computed(() => {
    const after = room.unreadAfter.value;
    return after !== null && first.value > after && hole(through.value, first.value) ? most.value : 0;
  });
  const newBelow = computed(() => {
    if (atEnd.value && !held.value?.moreAfter) return 0;
    if (!room.thread && conversation.value?.state === "joined") return unread.value;
    return rows.value.filter((row) => seqOf(row) > endSeq.value && others(row)).length;
  });

  function seen(top: Row, bottom: Row): void {
    const [from, to] = [rows.value.indexOf(top), rows.value.indexOf(bottom)];
    const seqs = rows.value
      .slice(from, to + 1)
      .map(seqOf)
      .filter(Boolean);
    const [lowest, highest] = [seqs[0], seqs.at(-1)];
    if (lowest === undefined || highest === undefined) return;
    first.value = lowest;
    last.value = highest;
    note();
  }

  function note(): void {
    const one = conversation.value;
    if (!one || !placed.value || !looking()) return;
    if (first.value && !hole(through.value, first.value)) through.value = Math.max(through.value, last.value);
    if (room.thread || room.stale.value || one.state !== "joined") return;
    // Seeing the newest message is seeing all changes up to now.
    const upTo = atEnd.value && held.value?.moreAfter === false ? held.value.to : last.value;
    if (upTo > one.readSeq) session.client.saw(room.id, upTo);
  }

  function place(): void {
    if (placed.value) return;
    placed.value = true;
    endSeq.value = held.value?.to ?? 0;
    note();
  }

  function answered(): void {
    if (!passedOver.value) room.unreadAfter.value = null;
  }

  watch(unread, (now, before) => {
    if (before === 0 && now > 0 && placed.value && !(atEnd.value && looking())) {
      room.unreadAfter.value = through.value = conversation.value?.readSeq ?? 0;
      most.value = 0;
    }
    most.value = Math.max(most.value, now);
  });
  watch(
    [() => held.value?.to, atEnd],
    () => {
      if (atEnd.value) endSeq.value = held.value?.to ?? 0;
      note();
    },
    { flush: "post" },
  );
  onMounted(() => {
    document.addEventListener("visibilitychange", note);
    addEventListener("focus", note);
  });
  onBeforeUnmount(() => {
    document.removeEventListener("visibilitychange", note);
    removeEventListener("focus", note);
  });

  return { first, last, newBelow, passedOver, seen, place, answered };
}
