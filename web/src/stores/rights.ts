/** What this person may do on the server as a whole. */
import { defineStore } from "pinia";
import { computed, ref, shallowRef, watch } from "vue";

import { useSession } from "@/stores/session";

/** Each gives one page of the console or more. */
export const CONSOLE = [
  "nodes.manage",
  "people.manage",
  "people.add",
  "people.ban",
  "people.mute",
  "roles.manage",
  "reports.handle",
  "filters.change",
  "emoji.manage",
  "settings.change",
  "clients.manage",
  "audit.read",
  "holds.manage",
  "announce",
] as const;

interface OwnRoles {
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
}

export const useRights = defineStore("rights", () => {
  const session = useSession();
  const permissions = shallowRef<ReadonlySet<string>>(new Set());
  /** Whether the server has said. */
  const known = ref(false);
  let turn = 0;

  async function read(): Promise<void> {
    const mine = (turn += 1);
    try {
      const own = await session.client.call<OwnRoles>("GET", "/api/v1/me/roles");
      if (mine !== turn) return;
      permissions.value = new Set(own.permissions);
      known.value = true;
    } catch {
      // Asked again with the next connection; until then what was known holds, and the server decides anyway.
    }
  }

  // They are read with every connection; the console looks more often.
  watch(
    () => [session.stage, session.status.state] as const,
    ([stage, state]) => {
      if (stage === "in" && state === "online") void read();
      if (stage !== "out") return;
      turn += 1;
      permissions.value = new Set();
      known.value = false;
    },
    { immediate: true },
  );

  function may(permission: string): boolean {
    return permissions.value.has(permission);
  }

  /** Whether any page of the console is for them. */
  const administers = computed(() => CONSOLE.some(may));

  return { permissions, known, may, administers, read };
});
