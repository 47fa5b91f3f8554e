/** Ids: 32 hexadecimal digits in lower case, a UUID without hyphens (protocol.md 5.6). */

/** A new random id. */
export function newId(): string {
  // Not `crypto.randomUUID`: pages served over plain HTTP from another machine have no such thing.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
