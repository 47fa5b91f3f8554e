// A provider of somebody else's making: node oidc_provider.mjs PORT REDIRECT_URI
import * as oidc from "oidc-provider";

const [port, redirect] = process.argv.slice(2);
const provider = new oidc.Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "verona",
      client_secret: "a secret of the two: %+ and more",
      redirect_uris: [redirect],
      grant_types: ["authorization_code"],
      response_types: ["code"],
    },
  ],
  claims: { openid: ["sub"], profile: ["name", "preferred_username"] },
  conformIdTokenClaims: false,
  cookies: { keys: ["for tests on this machine"] },
  pkce: { required: () => true },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: "Romeo Montague", preferred_username: "romeo" }),
  }),
});
provider.listen(Number(port), "127.0.0.1");
