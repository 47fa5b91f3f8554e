/** What this browser keeps for one person, as JSON below a name.  A full or forbidden storage keeps nothing, quietly. */

const PREFIX = "hubbub.";

export function readStored<T>(name: string, fallback: T, isValid: (value: unknown) => value is T): T {
  try {
    const text = localStorage.getItem(PREFIX + name);
    if (text === null) return fallback;
    const value: unknown = JSON.parse(text);
    return isValid(value) ? value : fallback;
  } catch {
    return fallback;
  }
}

export function store(name: string, value: unknown): void {
  try {
    if (value === undefined) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Private windows and full disks: the app works without.
  }
}

/** Forget everything below a prefix. */
export function forgetStored(prefix: string): void {
  try {
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith(PREFIX + prefix)) localStorage.removeItem(key);
    }
  } catch {
    // As above.
  }
}

/** Hear of what another tab stored; what is returned stops that. */
export function onStored(name: string, listener: () => void): () => void {
  const heard = (event: StorageEvent): void => {
    if (event.key === PREFIX + name) listener();
  };
  addEventListener("storage", heard);
  return () => removeEventListener("storage", heard);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
