/** Where this browser keeps its login between visits. */
import type { Tokens } from "@/client";
import { isRecord, readStored, store } from "@/platform/storage";

export interface KeptTokens {
  readonly tokens: Tokens;
  readonly obtainedMs: number;
}

const PLACE = "login";

function isKept(value: unknown): value is KeptTokens {
  if (!isRecord(value) || !isRecord(value["tokens"]) || typeof value["obtainedMs"] !== "number") return false;
  const { accessToken, refreshToken, userId } = value["tokens"];
  return typeof accessToken === "string" && typeof refreshToken === "string" && typeof userId === "string";
}

export function readLogin(): KeptTokens | null {
  return readStored<KeptTokens | null>(PLACE, null, (value): value is KeptTokens => isKept(value));
}

/** A `LoginKeeper` of the SDK: all tabs of this origin see the same login. */
export const loginKeeper = {
  load: (): Promise<KeptTokens | null> => Promise.resolve(readLogin()),
  keep: (login: KeptTokens | null): Promise<void> => {
    store(PLACE, login ?? undefined);
    return Promise.resolve();
  },
};

/** The id this installation made once and keeps, so that logging in again is not another device. */
export function deviceId(): string {
  const known = readStored("device", "", (value): value is string => typeof value === "string");
  if (known) return known;
  const made = crypto.randomUUID().replaceAll("-", "");
  store("device", made);
  return made;
}

/** What this installation is called in the list of devices: "Chrome on Linux". */
export function deviceName(): string {
  const agent = navigator.userAgent;
  const browser = /Edg\//.test(agent)
    ? "Edge"
    : /Firefox\//.test(agent)
      ? "Firefox"
      : /Chrome\//.test(agent)
        ? "Chrome"
        : /Safari\//.test(agent)
          ? "Safari"
          : "Browser";
  const system = /Android/.test(agent)
    ? "Android"
    : /iPhone|iPad/.test(agent)
      ? "iOS"
      : /Mac OS/.test(agent)
        ? "macOS"
        : /Windows/.test(agent)
          ? "Windows"
          : /Linux/.test(agent)
            ? "Linux"
            : "";
  return system ? `${browser} on ${system}` : browser;
}
