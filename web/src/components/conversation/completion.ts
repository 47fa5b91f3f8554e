/** Finishes what is being written: a person after `@`, an emoji after `:`. */
import { nextTick, ref, shallowRef, watch, type Ref } from "vue";
import { useI18n } from "vue-i18n";

import type { Conversation, User } from "@/client";
import { useConversations } from "@/stores/conversations";
import { useEmoji } from "@/stores/emoji";
import { usePeople } from "@/stores/people";
import { useSession } from "@/stores/session";
import { useSettings } from "@/stores/settings";
import { emojiNamed, findEmoji, loadEmoji } from "@/text/emoji";
import { completionAt, EVERYONE, nameClosedAt, type Completion } from "@/text/mentions";

export interface Choice {
  readonly key: string;
  readonly insert: string;
  readonly label: string;
  readonly hint: string;
  readonly person?: User;
  readonly emoji?: string;
}

/** How many are offered at once. */
const OFFERED = 8;

export function useCompletion(
  text: Ref<string>,
  area: Readonly<Ref<HTMLTextAreaElement | undefined>>,
  conversation: () => Conversation,
) {
  const { t } = useI18n();
  const session = useSession();
  const settings = useSettings();
  const conversations = useConversations();
  const people = usePeople();
  const emoji = useEmoji();

  const completion = shallowRef<Completion | null>(null);
  const choices = shallowRef<readonly Choice[]>([]);
  const chosen = ref(0);
  const members = shallowRef<readonly string[]>([]);
  let turn = 0;

  watch(
    () => conversation().id,
    async (id) => {
      members.value = [];
      if (!session.current) return;
      try {
        const page = await session.client.members(id, "", 100);
        members.value = page.items.map((member) => member.userId);
        for (const member of members.value) people.get(member);
      } catch {
        // Whoever was met otherwise can still be completed.
      }
    },
    { immediate: true },
  );

  /** Look at what is before the cursor, and offer what it may become. */
  async function look(): Promise<void> {
    const box = area.value;
    const mine = (turn += 1);
    completion.value = box ? completionAt(text.value, box.selectionStart) : null;
    const wanted = completion.value;
    if (!wanted) {
      choices.value = [];
      if (box) await writeOut(box, mine);
      return;
    }
    let found: Choice[];
    try {
      found = wanted.sign === "@" ? await findPeople(wanted.query) : await findSigns(wanted.query);
    } catch {
      found = [];
    }
    if (mine !== turn) return;
    choices.value = found;
    chosen.value = 0;
  }

  /** Put the emoji in the place of a name that everybody knows, once its second colon is written. */
  async function writeOut(box: HTMLTextAreaElement, mine: number): Promise<void> {
    const cursor = box.selectionStart;
    const closed = nameClosedAt(text.value, cursor);
    if (!closed || emoji.of(`:${closed.name}:`)) return;
    const sign = await emojiNamed(closed.name).catch(() => undefined);
    if (!sign || mine !== turn || box.selectionStart !== cursor) return;
    text.value = text.value.slice(0, closed.start) + sign + text.value.slice(cursor);
    await nextTick();
    box.setSelectionRange(closed.start + sign.length, closed.start + sign.length);
  }

  async function findSigns(query: string): Promise<Choice[]> {
    const own = emoji.find(query, OFFERED).map((one) => {
      const sign = `:${one.name}:`;
      return { key: sign, insert: sign, label: one.name, hint: one.pack, emoji: sign };
    });
    if (own.length === OFFERED) return own;
    const all = await loadEmoji(settings.language);
    const standard = findEmoji(all, query, OFFERED - own.length).map((each) => ({
      key: each.emoji,
      insert: each.emoji,
      label: each.name,
      hint: "",
      emoji: each.emoji,
    }));
    return [...own, ...standard];
  }

  async function findPeople(query: string): Promise<Choice[]> {
    const { kind } = conversation();
    const wanted = query.toLowerCase();
    const fits = (user: User): boolean =>
      user.username.toLowerCase().includes(wanted) || user.displayName.toLowerCase().includes(wanted);
    const known = members.value
      .filter((id) => id !== conversations.self.id)
      .map((id) => people.users.get(id))
      .filter((user) => user !== undefined)
      .filter(fits);
    let found: readonly User[] = known;
    // A channel has more members than were loaded.
    if (wanted && known.length < 5 && kind === "channel") {
      const more = (await session.client.findUsers(query, "", OFFERED)).items;
      people.keep(more);
      found = [...known, ...more.filter((user) => !known.some((each) => each.id === user.id))];
    }
    const offered: Choice[] = found.slice(0, OFFERED).map((user) => ({
      key: user.id,
      insert: `@${user.username}`,
      label: user.displayName || user.username,
      hint: `@${user.username}`,
      person: user,
    }));
    const everyone = settings.language === "zh" ? "所有人" : "all";
    if (kind !== "direct" && EVERYONE.some((word) => word.startsWith(wanted))) {
      offered.push({
        key: "all",
        insert: `@${everyone}`,
        label: t("message.everyone"),
        hint: t("message.everyoneHint"),
      });
    }
    return offered;
  }

  function take(choice: Choice): void {
    const wanted = completion.value;
    const box = area.value;
    if (!wanted || !box) return;
    if (choice.person) people.keep([choice.person]);
    const inserted = `${choice.insert} `;
    const after = text.value.slice(box.selectionStart);
    text.value = text.value.slice(0, wanted.start) + inserted + after.replace(/^ /, "");
    close();
    completion.value = null;
    void nextTick(() => {
      box.focus();
      box.setSelectionRange(wanted.start + inserted.length, wanted.start + inserted.length);
    });
  }

  function close(): void {
    choices.value = [];
  }

  /** Take a key that chooses; return whether it did. */
  function onKey(event: KeyboardEvent): boolean {
    if (!choices.value.length) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const choice = choices.value[chosen.value];
    if (step !== undefined) {
      chosen.value = (chosen.value + step + choices.value.length) % choices.value.length;
    } else if ((event.key === "Enter" || event.key === "Tab") && choice) {
      take(choice);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      close();
    } else {
      return false;
    }
    event.preventDefault();
    return true;
  }

  return { choices, chosen, look, take, close, onKey };
}
