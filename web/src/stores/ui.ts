/** What is open on the screen besides the conversation: dialogs, the side panel, what is being answered or edited. */
import { defineStore } from "pinia";
import { reactive, ref, shallowRef } from "vue";

import type { Message } from "@/client";
import type { Place } from "@/stores/reminders";

export type Dialog =
  "palette" | "create" | "channels" | "shortcuts" | "logout" | "forward" | "add" | "folder" | "report" | "remind";

export const useUi = defineStore("ui", () => {
  const dialog = ref<Dialog | null>(null);
  const profile = ref("");
  /** What is forwarded. */
  const forwarding = shallowRef<Message | null>(null);
  /** What moderators are to look at. */
  const reporting = shallowRef<Message | null>(null);
  /** What one is to be reminded of. */
  const reminding = shallowRef<Place | null>(null);
  /** Answered or edited, by conversation or thread (`id` or `id#seq`). */
  const replying = reactive<Record<string, Message>>({});
  const editing = reactive<Record<string, Message>>({});
  const confirming = ref<Confirmation | null>(null);
  /** The folder that is named: one there is (`from`), or a new one for a conversation. */
  const folder = ref({ conversation: "", from: "" });
  /** The folder the list shows; empty for none. */
  const shownFolder = ref("");
  const createKind = ref<"direct" | "group" | "channel">("direct");

  function openProfile(id: string): void {
    profile.value = id;
  }

  function reply(place: string, message: Message | null): void {
    Reflect.deleteProperty(editing, place);
    if (message) replying[place] = message;
    else Reflect.deleteProperty(replying, place);
  }

  function edit(place: string, message: Message | null): void {
    Reflect.deleteProperty(replying, place);
    if (message) editing[place] = message;
    else Reflect.deleteProperty(editing, place);
  }

  function forward(message: Message): void {
    forwarding.value = message;
    dialog.value = "forward";
  }

  function report(message: Message): void {
    reporting.value = message;
    dialog.value = "report";
  }

  function remind(message: Place): void {
    reminding.value = message;
    dialog.value = "remind";
  }

  function confirm(what: Confirmation): void {
    confirming.value = what;
  }

  function nameFolder(what: { conversation: string; from: string }): void {
    folder.value = what;
    dialog.value = "folder";
  }

  function create(kind: "direct" | "group" | "channel" = "direct"): void {
    createKind.value = kind;
    dialog.value = "create";
  }

  return {
    dialog,
    profile,
    forwarding,
    reporting,
    reminding,
    replying,
    editing,
    confirming,
    folder,
    shownFolder,
    createKind,
    openProfile,
    reply,
    edit,
    forward,
    report,
    remind,
    confirm,
    nameFolder,
    create,
  };
});

export interface Confirmation {
  readonly title: string;
  readonly hint: string;
  readonly action: string;
  readonly danger?: boolean;
  readonly run: () => unknown;
}

/** Where something is written: a conversation, or a thread of it. */
export function placeOf(conversationId: string, thread: number): string {
  return thread ? `${conversationId}#${thread}` : conversationId;
}
