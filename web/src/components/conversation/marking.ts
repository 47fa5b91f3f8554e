/** Changes what is written at the cursor, as a key or a button asks for. */
import { nextTick, type Ref } from "vue";

/** The signs that Mod and a letter put around what is selected. */
export const SIGNS: Readonly<Record<string, string | undefined>> = { b: "**", i: "_", e: "`" };

export function useMarking(text: Ref<string>, area: Readonly<Ref<HTMLTextAreaElement | undefined>>) {
  function replace(box: HTMLTextAreaElement, by: string, from: number, to: number): void {
    text.value = text.value.slice(0, box.selectionStart) + by + text.value.slice(box.selectionEnd);
    void nextTick(() => {
      box.focus();
      box.setSelectionRange(from, to);
    });
  }

  /** Insert; not as a part of the word before it, where a name between colons would be none (protocol.md 10.20). */
  function insert(wanted: string): void {
    const box = area.value;
    if (!box) return;
    const glued = wanted.startsWith(":") && /[A-Za-z0-9]$/.test(text.value.slice(0, box.selectionStart));
    const what = glued ? ` ${wanted}` : wanted;
    const end = box.selectionStart + what.length;
    replace(box, what, end, end);
  }

  /** Put signs around what is selected, or take them away. */
  function wrap(sign: string): void {
    const box = area.value;
    if (!box) return;
    const { selectionStart: start, selectionEnd: end } = box;
    const inner = text.value.slice(start, end);
    const wrapped = inner.startsWith(sign) && inner.endsWith(sign) && inner.length > 2 * sign.length;
    const next = wrapped ? inner.slice(sign.length, -sign.length) : sign + inner + sign;
    if (inner) replace(box, next, start, start + next.length);
    else replace(box, next, start + sign.length, start + sign.length);
  }

  return { insert, wrap };
}
