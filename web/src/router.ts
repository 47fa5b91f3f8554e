/** The places of the app.  What the first chat does not need is loaded when somebody goes there. */
import { createRouter, createWebHistory } from "vue-router";

import { RETURN } from "@/platform/code_flow";
import { useSession } from "@/stores/session";
import ChatView from "@/views/ChatView.vue";

const WelcomeView = () => import("@/views/WelcomeView.vue");

export const router = createRouter({
  history: createWebHistory(),
  routes: [
    { path: "/", name: "home", component: ChatView },
    { path: "/c/:id", name: "conversation", component: ChatView },
    { path: "/join/:invite", name: "invite", component: () => import("@/views/InviteView.vue") },
    { path: "/settings/:section?", name: "settings", component: () => import("@/views/SettingsView.vue") },
    { path: "/admin/:page?/:id?", name: "admin", component: () => import("@/views/AdminView.vue") },
    { path: "/login", name: "login", component: WelcomeView, props: { mode: "login" }, meta: { open: true } },
    { path: "/register", name: "register", component: WelcomeView, props: { mode: "register" }, meta: { open: true } },
    { path: "/forgot", name: "forgot", component: WelcomeView, props: { mode: "forgot" }, meta: { open: true } },
    { path: RETURN, name: "signed-in", component: () => import("@/views/SignedInView.vue"), meta: { open: true } },
    { path: "/setup", name: "setup", component: WelcomeView, props: { mode: "setup" }, meta: { open: true } },
    { path: "/:rest(.*)*", name: "missing", redirect: "/" },
  ],
});

router.beforeEach((to) => {
  const session = useSession();
  if (session.stage === "in" && to.meta["open"] === true) return { name: "home" };
  if (session.stage === "out" && to.meta["open"] !== true) {
    const name = session.place?.needs_setup ? "setup" : "login";
    return { name, query: to.fullPath === "/" ? {} : { next: to.fullPath } };
  }
  return true;
});
