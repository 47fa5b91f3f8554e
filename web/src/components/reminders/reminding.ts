/** What can be done with a reminder, from the list and from a notice alike. */
import { useRouter } from "vue-router";

import type { Reminder } from "@/client";
import { useReminders } from "@/stores/reminders";
import { useSession } from "@/stores/session";
import { useToasts } from "@/stores/toasts";

const SNOOZE_MS = 20 * 60_000;

export function useReminding() {
  const router = useRouter();
  const session = useSession();
  const reminders = useReminders();
  const toasts = useToasts();

  /** Lead to the message; it stays in the list until it is done. */
  async function show(one: Reminder): Promise<void> {
    reminders.putAside(one);
    await router.push(await reminders.wayTo(one));
  }

  async function snooze(one: Reminder): Promise<void> {
    await toasts.attempt(() => reminders.set(one, session.client.serverNow() + SNOOZE_MS, one.note));
  }

  async function done(one: Reminder): Promise<void> {
    await toasts.attempt(() => reminders.forget(one));
  }

  return { show, snooze, done };
}
