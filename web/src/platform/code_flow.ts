/**
 * Signing in on the server's own pages, by a passkey or at another provider: there with a question, back with a code.
 *
 * What only this tab knows (`state`, the verifier of PKCE) stays in it, so an answer that belongs to no question of this
 * tab is taken for none.
 */
import { isRecord } from "@/platform/storage";

/** Where the server sends a browser back to; it knows the app by this path alone. */
export const RETURN = "/signed-in";
const PLACE = "hubbub.sign-in";

export interface Way {
  readonly state: string;
  readonly verifier: string;
  /** Where one wanted to be. */
  readonly next: string;
}

/** Whether this browser can: it digests only where nobody listens (https, or the machine itself). */
export function canSignInElsewhere(): boolean {
  return isSecureContext;
}

/** The question, as an address of the server. */
export async function wayThere(by: "passkey" | "page", way: Way): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(way.verifier));
  const asked = new URLSearchParams({
    response_type: "code",
    client_id: "hubbub",
    redirect_uri: RETURN,
    state: way.state,
    code_challenge: base64url(new Uint8Array(digest)),
    code_challenge_method: "S256",
    // Whoever signed in at this browser before may be somebody else.
    prompt: "login",
  });
  const address = `/oauth/authorize?${asked.toString()}`;
  return by === "page" ? address : `/oauth/sign-in/passkey?following=${encodeURIComponent(address)}`;
}

/** Leave for the server's pages. */
export async function signInElsewhere(by: "passkey" | "page", next: string): Promise<void> {
  const way = { state: secret(), verifier: secret(), next };
  sessionStorage.setItem(PLACE, JSON.stringify(way));
  location.assign(await wayThere(by, way));
}

/** What was asked in this tab, once; null if the answer is to something else. */
export function wayBack(state: string): Way | null {
  const kept = sessionStorage.getItem(PLACE);
  sessionStorage.removeItem(PLACE);
  try {
    const way: unknown = JSON.parse(kept ?? "null");
    return isWay(way) && way.state === state ? way : null;
  } catch {
    return null;
  }
}

function isWay(value: unknown): value is Way {
  return isRecord(value) && ["state", "verifier", "next"].every((name) => typeof value[name] === "string");
}

function secret(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
