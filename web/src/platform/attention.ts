/**
 * Calls for attention when somebody is wanted: the title and the icon count, a tone, a notification of the system.
 *
 * What one is looking at calls for nothing.  Of several tabs only one calls: the first that takes the lock.
 */
import { useI18n } from "vue-i18n";
import { watch, watchEffect } from "vue";
import { useRoute, useRouter, type LocationQueryRaw } from "vue-router";

import { shown, type Entry, type Reminder } from "@/client";
import { isRecord } from "@/platform/storage";
import { useConversations } from "@/stores/conversations";
import { usePeople } from "@/stores/people";
import { isQuiet, usePush } from "@/stores/push";
import { keyOf, useReminders } from "@/stores/reminders";
import { useScheduled } from "@/stores/scheduled";
import { useSession } from "@/stores/session";
import { useSettings } from "@/stores/settings";
import { useToasts } from "@/stores/toasts";
import { plainText } from "@/text/markdown";

/** An entry older than this was missed, not just said: it is counted, but nobody is called for it. */
const FRESH_MS = 30_000;

/** The tag under which reminders are shown by the system; the service worker has it, too. */
const REMINDERS = "reminders";

/** What is read as it comes is counted for a moment, which nobody needs to see. */
const CALM_MS = 150;

export function useAttention(): void {
  const { t } = useI18n();
  const route = useRoute();
  const router = useRouter();
  const session = useSession();
  const settings = useSettings();
  const conversations = useConversations();
  const people = usePeople();
  const push = usePush();
  const reminders = useReminders();
  const scheduled = useScheduled();
  const toasts = useToasts();

  watchEffect((onCleanup) => {
    const { count } = conversations.attention;
    const id = typeof route.params["id"] === "string" ? route.params["id"] : "";
    const here = id && conversations.all.has(id) ? `${conversations.titleOf(id)} · ` : "";
    const title = here + session.placeName;
    const counted = count ? t("notify.unreadTitle", { count: count > 99 ? "99+" : count, title }) : title;
    const timer = setTimeout(() => {
      document.title = counted;
      badge(count);
    }, CALM_MS);
    onCleanup(() => clearTimeout(timer));
  });

  function looksAt(conversationId: string): boolean {
    return document.visibilityState === "visible" && document.hasFocus() && route.params["id"] === conversationId;
  }

  function hear(entry: Entry): void {
    const { action, conversationId, senderId } = entry;
    if (action.kind !== "message" || senderId === conversations.self.id || looksAt(conversationId)) return;
    const conversation = session.client.conversations.get(conversationId);
    const nowMs = session.client.serverNow();
    if (!conversation || nowMs - entry.timeMs > FRESH_MS || isQuiet(push.quiet, nowMs)) return;
    const mentioned = action.mentionAll || action.mentions.includes(conversations.self.id);
    const rule = conversations.rule(conversation);
    if (rule === "nothing" || (rule === "mentions" && !mentioned)) return;
    if (action.thread && !action.alsoInConversation && !mentioned) return;
    void alone(`${conversationId}-${entry.seq}`, () => {
      if (settings.values.sound) tone();
      if (!mayNotify()) return;
      const name = people.name(senderId);
      const title =
        conversation.kind === "direct"
          ? name
          : t("notify.inConversation", { name, conversation: conversations.title(conversation) });
      const body = settings.values.preview ? plainText(shown(action.body)).slice(0, 200) : t("notify.newMessage");
      notify(title, body, conversationId, () => router.push({ name: "conversation", params: { id: conversationId } }));
    });
  }

  function mayNotify(): boolean {
    return settings.values.desktop && "Notification" in window && Notification.permission === "granted";
  }

  function notify(title: string, body: string, tag: string, open: () => unknown): void {
    const note = new Notification(title, { body, tag, icon: "/icon-192.png" });
    note.onclick = () => {
      window.focus();
      note.close();
      void open();
    };
  }

  /** What came due while this browser was away is shown in the app, but calls nobody any more. */
  function remind(one: Reminder): void {
    const nowMs = session.client.serverNow();
    if (nowMs - one.dueMs > FRESH_MS || isQuiet(push.quiet, nowMs)) return;
    void alone(`${keyOf(one)}-${one.version}`, async () => {
      if (settings.values.sound) tone();
      if (!mayNotify() || (document.visibilityState === "visible" && document.hasFocus())) return;
      const message = settings.values.preview && !one.note ? await reminders.find(one) : null;
      const said = one.note || (message && plainText(shown(message.post.body)).slice(0, 200));
      const body = (settings.values.preview && said) || t("notify.reminder");
      notify(t("remind.due"), body, REMINDERS, async () => {
        reminders.putAside(one);
        await router.push(await reminders.wayTo(one));
      });
    });
  }

  watch(
    () => reminders.calling,
    (now, before) => {
      for (const one of now) if (!before.includes(one)) remind(one);
    },
  );
  // Done with all of them, here or elsewhere: the system need not show them any more.
  watch(
    () => reminders.due.length,
    (left) => {
      if (!left) void withdraw(REMINDERS);
    },
  );

  // What was to be sent and could not be, nobody else will tell of.
  watch(
    () => scheduled.refused,
    (now, before) => {
      const fresh = now.filter((one) => !before.some((other) => other.clientId === one.clientId));
      if (!fresh.length) return;
      toasts.add(t("later.refused", fresh.length), {
        bad: true,
        stays: true,
        action: { label: t("action.showAll"), run: () => void router.push({ query: { panel: "scheduled" } }) },
      });
    },
  );

  // What was called for while the app was closed is seen to when its conversation is opened.
  watch(
    () => route.params["id"],
    (id) => {
      if (typeof id === "string" && id) void withdraw(id);
    },
    { immediate: true },
  );
  if ("serviceWorker" in navigator) {
    navigator.serviceWorker.addEventListener("message", (event: MessageEvent<unknown>) => {
      if (!isRecord(event.data) || typeof event.data["open"] !== "string") return;
      const { open: id, query } = event.data;
      void router.push({
        name: "conversation",
        params: { id },
        query: isRecord(query) ? (query as LocationQueryRaw) : {},
      });
    });
  }

  watch(
    () => session.current,
    (client, _, onCleanup) => {
      if (client) onCleanup(client.on("entry", hear));
    },
    { immediate: true },
  );
}

/** Take back the notifications of a conversation. */
async function withdraw(id: string): Promise<void> {
  try {
    const registration = await navigator.serviceWorker.getRegistration();
    for (const note of (await registration?.getNotifications({ tag: id })) ?? []) note.close();
  } catch {
    // Nothing was shown where there is no service worker.
  }
}

/** Do something in one tab only; `what` names it. */
async function alone(what: string, work: () => unknown): Promise<void> {
  if (!("locks" in navigator)) {
    await work();
    return;
  }
  await navigator.locks.request(`hubbub-call-${what}`, { ifAvailable: true }, async (lock) => {
    if (!lock) return;
    await work();
    // Held until the other tabs have heard of it, too.
    await new Promise((done) => setTimeout(done, 1500));
  });
}

let audio: AudioContext | undefined;

/** Two soft tones, made here: no file has to be loaded for them. */
export function tone(): void {
  try {
    audio ??= new AudioContext();
    const start = audio.currentTime;
    for (const [at, pitch] of [
      [0, 660],
      [0.11, 880],
    ] as const) {
      const swing = audio.createOscillator();
      const loud = audio.createGain();
      swing.frequency.value = pitch;
      loud.gain.setValueAtTime(0, start + at);
      loud.gain.linearRampToValueAtTime(0.08, start + at + 0.015);
      loud.gain.exponentialRampToValueAtTime(0.0001, start + at + 0.25);
      swing.connect(loud).connect(audio.destination);
      swing.start(start + at);
      swing.stop(start + at + 0.3);
    }
  } catch {
    // A browser that wants a click first stays silent until there was one.
  }
}

let drawn = -1;

/** Draw the count onto the icon of the tab, and of the installed app. */
function badge(count: number): void {
  if (count === drawn) return;
  drawn = count;
  const nav = navigator as Partial<Pick<Navigator, "setAppBadge" | "clearAppBadge">>;
  void (count ? nav.setAppBadge?.(count) : nav.clearAppBadge?.())?.catch(() => undefined);
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  if (!link) return;
  if (!count) {
    link.href = "/icon.svg";
    return;
  }
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 64;
  const pen = canvas.getContext("2d");
  if (!pen) return;
  pen.fillStyle = "#5b3fd0";
  pen.beginPath();
  pen.roundRect(0, 0, 64, 64, 16);
  pen.fill();
  pen.fillStyle = "#fff";
  pen.font = `700 ${count > 9 ? 34 : 42}px system-ui, sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(count > 99 ? "99" : String(count), 32, 34);
  link.href = canvas.toDataURL("image/png");
}
