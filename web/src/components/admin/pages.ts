/** The pages of the console, each for whoever has one of its permissions. */
import {
  Bot,
  Flag,
  Gauge,
  IdCard,
  Megaphone,
  Scale,
  ScrollText,
  SlidersHorizontal,
  Smile,
  TextSearch,
  UsersRound,
} from "@lucide/vue";
import { defineAsyncComponent, type Component } from "vue";

export interface AdminPage {
  readonly name: string;
  readonly icon: Component;
  readonly needs: readonly string[];
  readonly view: Component;
}

function page(name: string, icon: Component, needs: readonly string[], load: () => Promise<Component>): AdminPage {
  return { name, icon, needs, view: defineAsyncComponent(load) };
}

export const PAGES: readonly AdminPage[] = [
  page("overview", Gauge, ["nodes.manage"], () => import("./OverviewPage.vue")),
  page(
    "people",
    UsersRound,
    ["people.manage", "people.ban", "people.mute", "people.add"],
    () => import("./PeoplePage.vue"),
  ),
  page("roles", IdCard, ["roles.manage"], () => import("./RolesPage.vue")),
  page("reports", Flag, ["reports.handle"], () => import("./ReportsPage.vue")),
  page("words", TextSearch, ["filters.change"], () => import("./WordsPage.vue")),
  page("emoji", Smile, ["emoji.manage"], () => import("./EmojiPage.vue")),
  page("settings", SlidersHorizontal, ["settings.change"], () => import("./SettingsPage.vue")),
  page("clients", Bot, ["clients.manage"], () => import("./ClientsPage.vue")),
  page("holds", Scale, ["holds.manage"], () => import("./HoldsPage.vue")),
  page("audit", ScrollText, ["audit.read"], () => import("./AuditPage.vue")),
  page("announce", Megaphone, ["announce"], () => import("./AnnouncePage.vue")),
];
