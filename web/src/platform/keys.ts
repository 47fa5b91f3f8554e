/** Names of keys as this machine's people know them. */

export const isApple = /Mac|iPhone|iPad/.test(navigator.platform);

/** Whether the key that commands are given with is held: Command on a Mac, Control elsewhere. */
export function isMod(event: KeyboardEvent | MouseEvent): boolean {
  return isApple ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey;
}

const APPLE: Record<string, string> = { Mod: "⌘", Shift: "⇧", Alt: "⌥", Enter: "⏎" };
const OTHER: Record<string, string> = { Mod: "Ctrl" };
const ARROWS: Record<string, string> = { Up: "↑", Down: "↓" };

/** "Mod+K" as a list of what is printed on the keys. */
export function keysOf(shortcut: string): string[] {
  const names = isApple ? APPLE : OTHER;
  return shortcut.split("+").map((key) => names[key] ?? ARROWS[key] ?? key);
}
