/** Offers to install the app where the browser can, and keeps it up to date. */
import { ref } from "vue";

interface InstallPrompt extends Event {
  prompt(): Promise<unknown>;
}

const offered = ref<InstallPrompt | null>(null);

addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  offered.value = event as InstallPrompt;
});
addEventListener("appinstalled", () => (offered.value = null));

export function useInstall() {
  async function install(): Promise<void> {
    await offered.value?.prompt();
    offered.value = null;
  }
  return { installable: offered, install };
}
