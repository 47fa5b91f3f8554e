/** How this person wants the app on this device. */
import { defineStore } from "pinia";
import { computed, reactive, watch } from "vue";

import { setLanguage, systemLanguage, type Language } from "@/i18n";
import { isRecord, onStored, readStored, store } from "@/platform/storage";

export type Theme = "system" | "light" | "dark";

export interface Settings {
  language: Language | "system";
  theme: Theme;
  compact: boolean;
  /** Whether Enter sends; otherwise it starts a new line, and Mod+Enter sends. */
  enterSends: boolean;
  /** Whether the pages that messages link to are asked for. */
  linkPreviews: boolean;
  desktop: boolean;
  /** Whether this device is called when the app is closed. */
  push: boolean;
  preview: boolean;
  sound: boolean;
}

const DEFAULTS: Settings = {
  language: "system",
  theme: "system",
  compact: false,
  enterSends: true,
  linkPreviews: true,
  desktop: false,
  push: false,
  preview: true,
  sound: true,
};

export const useSettings = defineStore("settings", () => {
  const values = reactive<Settings>({ ...DEFAULTS, ...readStored<object>("settings", {}, isRecord) });
  const darkSystem = matchMedia("(prefers-color-scheme: dark)");
  const system = reactive({ dark: darkSystem.matches });
  darkSystem.addEventListener("change", () => (system.dark = darkSystem.matches));

  const dark = computed(() => values.theme === "dark" || (values.theme === "system" && system.dark));
  const language = computed<Language>(() => (values.language === "system" ? systemLanguage() : values.language));
  /** The tag by which times and numbers are written. */
  const tag = computed(() => (language.value === "zh" ? "zh-CN" : "en-GB"));

  watch(values, () => store("settings", values));
  onStored("settings", () => Object.assign(values, readStored<object>("settings", {}, isRecord)));
  watch(
    dark,
    (isDark) => {
      document.documentElement.dataset["theme"] = isDark ? "dark" : "light";
      document.querySelector('meta[name="theme-color"]')?.setAttribute("content", isDark ? "#121117" : "#f6f5f8");
    },
    { immediate: true },
  );
  watch(language, setLanguage, { immediate: true });
  watch(
    () => values.compact,
    (compact) => (document.documentElement.dataset["density"] = compact ? "compact" : "comfortable"),
    { immediate: true },
  );

  return { values, dark, language, tag };
});
