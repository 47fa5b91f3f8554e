/** The app's words.  Both languages are in the first download: together they are smaller than one more round trip. */
import { createI18n } from "vue-i18n";

import { en, type Messages } from "./en";
import { zh } from "./zh";

export type Language = "en" | "zh";

/** The first language of the browser's that the app speaks. */
export function systemLanguage(): Language {
  for (const tag of navigator.languages) {
    if (tag.toLowerCase().startsWith("zh")) return "zh";
    if (tag.toLowerCase().startsWith("en")) return "en";
  }
  return "en";
}

export const i18n = createI18n<[Messages], Language, false>({
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- still the default of this version
  legacy: false,
  locale: systemLanguage(),
  fallbackLocale: "en",
  messages: { en, zh },
});

export function setLanguage(language: Language): void {
  i18n.global.locale.value = language;
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
}
