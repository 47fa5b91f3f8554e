/** Short words about what just happened, at the edge of the window. */
import { defineStore } from "pinia";
import { ref } from "vue";

import { HubbubError } from "@/client";
import { i18n } from "@/i18n";

export interface Toast {
  id: number;
  text: string;
  bad: boolean;
  action?: { label: string; run: () => void };
}

const SHOWN_MS = 6000;

export const useToasts = defineStore("toasts", () => {
  const shown = ref<Toast[]>([]);
  let next = 0;

  function add(text: string, options: { bad?: boolean; action?: Toast["action"]; stays?: boolean } = {}): void {
    const id = (next += 1);
    const toast: Toast = { id, text, bad: options.bad ?? false };
    if (options.action) toast.action = options.action;
    shown.value = [...shown.value.filter((each) => each.text !== text).slice(-2), toast];
    if (!options.stays) setTimeout(() => drop(id), SHOWN_MS);
  }

  function drop(id: number): void {
    shown.value = shown.value.filter((toast) => toast.id !== id);
  }

  /** Tell why something failed. */
  function fail(thrown: unknown): void {
    add(HubbubError.from(thrown).sentence(i18n.global.locale.value), { bad: true });
  }

  /** Do something, and tell if it fails. */
  async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (thrown) {
      fail(thrown);
      return undefined;
    }
  }

  return { shown, add, drop, fail, attempt };
});
