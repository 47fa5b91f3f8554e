/** Starts the app. */
import "@/styles/tokens.css";
import "@/styles/base.css";
import "@/styles/rich.css";

import { createPinia } from "pinia";
import { createApp } from "vue";

import App from "@/App.vue";
import { i18n } from "@/i18n";
import { router } from "@/router";
import { useSession } from "@/stores/session";
import { useSettings } from "@/stores/settings";

// A page from before an update asks for parts that are no longer there.
addEventListener("vite:preloadError", () => location.reload());
if (import.meta.env.PROD && "serviceWorker" in navigator) {
  addEventListener("load", () => void navigator.serviceWorker.register("/sw.js").catch(() => undefined));
}

const app = createApp(App);
app.use(createPinia());
app.use(i18n);
// Theme and language are settled before anything is drawn.
useSettings();
void useSession()
  .resume()
  .finally(() => {
    app.use(router);
    app.mount("#app");
  });
