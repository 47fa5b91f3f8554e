/**
 * The newest page of the conversations that were looked at last, kept fresh by the entries that come.
 *
 * It lets an app show something before the network answers.  What cannot be kept fresh from here is let go.
 */
import { foldPage } from "./fold";
import type { Entry, HistoryPage } from "./models";

/** How many conversations are kept fresh. */
const PAGES = 50;

/** How many items a page keeps. */
const ITEMS = 50;

export class Pages {
  readonly #pages = new Map<string, HistoryPage>();
  readonly #changed: (page: HistoryPage) => void;

  constructor(changed: (page: HistoryPage) => void) {
    this.#changed = changed;
  }

  get(conversationId: string): HistoryPage | undefined {
    return this.#pages.get(conversationId);
  }

  /** Keep a page that reaches to the head of its conversation. */
  keep(page: HistoryPage): void {
    const held = this.#pages.get(page.conversationId);
    if (held && held.asOf > page.asOf) return;
    this.#pages.delete(page.conversationId);
    this.#pages.set(page.conversationId, cut(page));
    const oldest = this.#pages.keys().next();
    if (this.#pages.size > PAGES && !oldest.done) this.#pages.delete(oldest.value);
    this.#changed(cut(page));
  }

  fold(entry: Entry, me: string): void {
    const page = this.#pages.get(entry.conversationId);
    if (!page) return;
    const { value, again } = foldPage(page, entry, me);
    if (again) {
      this.#pages.delete(entry.conversationId);
    } else if (value !== page) {
      this.#pages.set(entry.conversationId, cut(value));
      this.#changed(cut(value));
    }
  }

  /** Let a conversation's page go, or all of them. */
  drop(conversationId: string): void {
    if (conversationId) this.#pages.delete(conversationId);
    else this.#pages.clear();
  }
}

/** The newest items of a page, still saying the truth of what it covers. */
function cut(page: HistoryPage): HistoryPage {
  if (page.items.length <= ITEMS) return page;
  const items = page.items.slice(-ITEMS);
  const first = items[0];
  if (!first) return page;
  const fromSeq = first.type === "message" ? first.message.seq : first.entry.seq;
  return { ...page, items, fromSeq, moreBefore: true };
}
