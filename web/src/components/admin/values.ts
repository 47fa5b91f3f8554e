/** Values of live settings in words. */
import { useI18n } from "vue-i18n";

import type { Value } from "@/stores/admin/api";

/** Return what says a value; what has no words says itself. */
export function useValues(): (value: Value) => string {
  const { t, te } = useI18n();
  return (value) => {
    if (typeof value === "boolean") return t(value ? "admin.settings.on" : "admin.settings.off");
    const choice = String(value);
    return te(`admin.choice.${choice}`) ? t(`admin.choice.${choice}`) : choice;
  };
}
