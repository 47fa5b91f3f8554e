/** The one place where a client of the SDK is built for the app. */
import { HubbubClient, IndexedDbStore, KeptLogin, shareAmongTabs, type Client, type HttpApi } from "@/client";
import { loginKeeper, readLogin } from "@/platform/kept_login";

/**
 * Connect with the login this browser keeps; what is seen and written is kept in the browser, too.
 *
 * All tabs with this login share one connection: the first makes it, and when it is closed another one goes on.
 */
export function connectAs(http: HttpApi): Client {
  return shareAmongTabs(`app:${readLogin()?.tokens.userId ?? ""}`, () => {
    const login = new KeptLogin({ kept: readLogin(), keeper: loginKeeper });
    return new HubbubClient({
      server: http.server,
      login,
      store: new IndexedDbStore(),
      receipts: true,
      name: "hubbub-web",
    });
  });
}
