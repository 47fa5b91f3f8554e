/** The roles there are, and what they are called. */
import { defineStore } from "pinia";
import { computed, ref, shallowRef } from "vue";

import { i18n } from "@/i18n";
import { useRights } from "@/stores/rights";

import { addressOf, useCall, type Role } from "./api";

interface RoleList {
  readonly roles: readonly Role[];
  readonly permissions: readonly { readonly permission: string; readonly sentence: string }[];
}

const BUILT_IN = ["owner", "admin", "moderator", "member", "guest"];
/** Whoever has no role is one; it is not given. */
const MEMBER = "member";

export const useRoles = defineStore("adminRoles", () => {
  const call = useCall();
  const rights = useRights();
  const all = shallowRef<readonly Role[]>([]);
  /** Every permission there is, in the server's order. */
  const permissions = shallowRef<readonly string[]>([]);
  const loaded = ref(false);

  async function load(): Promise<void> {
    const answer = await call<RoleList>("GET", addressOf("/roles"));
    all.value = answer.roles;
    permissions.value = answer.permissions.map((one) => one.permission);
    loaded.value = true;
  }

  function name(role: string): string {
    if (BUILT_IN.includes(role)) return i18n.global.t(`admin.role.${role}`);
    return all.value.find((one) => one.role === role)?.name ?? i18n.global.t("admin.role.own");
  }

  const given = computed(() => all.value.filter((one) => one.role !== MEMBER));

  /** Whether this person may give a role and take it: nobody gives what they may not do. */
  function mayGive(role: Role): boolean {
    return role.permissions.every(rights.may);
  }

  return { all, given, permissions, loaded, load, name, mayGive };
});
