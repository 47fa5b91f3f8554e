/** Starts the app. */
import "@/styles/tokens.css";
import "@/styles/base.css";
import "@/styles/rich.css";

import { createPinia } from "pinia";
import { createApp } from "vue";

import App from "@/App.vue";
import { i18n } from "@/i18n";
import { hearLongPresses } from "@/platform/long_press";
import { startFromCache } from "@/platform/offline";
import { router } from "@/router";
import { useSession } from "@/stores/session";
import { useSettings } from "@/stores/settings";

startFromCache();
hearLongPresses(document);

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
