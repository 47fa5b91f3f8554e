/** Being called when the app is closed, on this device; and when one is not called at all, on any. */
import { defineStore } from "pinia";
import { ref, shallowRef, watch } from "vue";

import { HubbubError } from "@/client";
import { isRecord } from "@/platform/storage";
import { useSession } from "@/stores/session";
import { useSettings } from "@/stores/settings";

/** `GET /api/v1/me/push`. */
interface PushState {
  readonly public_key: string;
  readonly endpoint: string;
}

/** `/api/v1/me/quiet`: until a time, and every day between two minutes of the day. */
export interface Quiet {
  readonly until_ms: number;
  readonly from_minute: number;
  readonly to_minute: number;
  readonly time_zone: string;
}

const NEVER: Quiet = { until_ms: 0, from_minute: 0, to_minute: 0, time_zone: "" };

export const ownTimeZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Whether one is to be left alone now. */
export function isQuiet(quiet: Quiet, nowMs: number): boolean {
  if (nowMs < quiet.until_ms) return true;
  const { from_minute: from, to_minute: to } = quiet;
  if (from === to) return false;
  const time = new Intl.DateTimeFormat("en-GB", {
    timeZone: quiet.time_zone || "UTC",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).format(nowMs);
  const [hour = 0, part = 0] = time.split(":").map(Number);
  const minute = hour * 60 + part;
  return from < to ? minute >= from && minute < to : minute >= from || minute < to;
}

export const usePush = defineStore("push", () => {
  const session = useSession();
  const settings = useSettings();
  const quiet = shallowRef<Quiet>(NEVER);
  /** What a browser subscribes for here; empty where nobody can be called. */
  const key = ref("");

  async function load(): Promise<void> {
    if (!session.current) return;
    try {
      quiet.value = await session.current.call<Quiet>("GET", "/api/v1/me/quiet");
      const state = await session.current.call<PushState>("GET", "/api/v1/me/push");
      key.value = "PushManager" in window && "serviceWorker" in navigator ? state.public_key : "";
      if (settings.values.push) await tell();
    } catch {
      // Asked for again with the next connection.
    }
  }

  /** Have the server know how this browser is called, and how it wants to be. */
  async function tell(): Promise<void> {
    const { endpoint, keys } = (await subscribed(key.value)).toJSON();
    const { language, values } = settings;
    await session.client.call("PUT", "/api/v1/me/push", { endpoint, keys, content: values.preview, language });
  }

  /** Be called from now on, or no more.  Rejects with why that is not possible. */
  async function turn(on: boolean): Promise<void> {
    if (!on) {
      settings.values.push = false;
      await session.client.call("DELETE", "/api/v1/me/push");
      const registration = await navigator.serviceWorker.getRegistration();
      await (await registration?.pushManager.getSubscription())?.unsubscribe();
      return;
    }
    if ((await Notification.requestPermission()) !== "granted") throw new HubbubError("forbidden");
    await tell();
    settings.values.push = true;
  }

  async function setQuiet(change: Partial<Quiet>): Promise<void> {
    const wanted = { ...quiet.value, ...change };
    quiet.value = await session.client.call<Quiet>("PUT", "/api/v1/me/quiet", wanted);
  }

  watch(
    () => session.status.state === "online" && session.current !== null,
    (online) => {
      if (online) void load();
    },
    { immediate: true },
  );
  if ("serviceWorker" in navigator) {
    navigator.serviceWorker.addEventListener("message", (event: MessageEvent<unknown>) => {
      if (isRecord(event.data) && event.data["renewed"] && settings.values.push && key.value) {
        tell().catch(() => undefined);
      }
    });
  }
  watch([() => settings.values.preview, () => settings.language], () => {
    if (settings.values.push && key.value) tell().catch(() => undefined);
  });
  watch(
    () => session.stage,
    (stage) => {
      if (stage === "out") quiet.value = NEVER;
    },
  );

  return { quiet, key, turn, setQuiet };
});

/** The subscription of this browser for a key; one for another key is given up. */
async function subscribed(key: string): Promise<PushSubscription> {
  const registration = await navigator.serviceWorker.getRegistration();
  if (!registration) throw new HubbubError("unavailable");
  const wanted = bytesOf(key);
  const held = await registration.pushManager.getSubscription();
  const heldFor = held?.options.applicationServerKey;
  if (held && heldFor && same(new Uint8Array(heldFor), wanted)) return held;
  await held?.unsubscribe();
  return registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: wanted });
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
}

function same(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
