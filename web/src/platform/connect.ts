/** The one place where a client of the SDK is built for the app. */
import { HubbubClient, KeptLogin, type Client, type HttpApi } from "@/client";
import { loginKeeper, readLogin } from "@/platform/kept_login";

export function connectAs(http: HttpApi): Client {
  const login = new KeptLogin({ kept: readLogin(), keeper: loginKeeper });
  return new HubbubClient({ server: http.server, login, receipts: true, name: "hubbub-web" });
}
