/**
 * Asking for what the feed misses: pages of entries, rows of the person, states that are only guessed.
 *
 * It works by callbacks on the session, a few requests at a time.  After a refusal the next tick asks again, not the
 * same moment.
 */
import { HubbubError } from "./errors";
import type { Feed } from "./feed";
import type { Session } from "./session";

export class Fetcher {
  readonly #feed: Feed;
  readonly #session: () => Session | null;
  readonly #timeoutMs: number;
  readonly #rowsCame: () => void;
  #askingRows = false;
  #asking = 0;
  #idle: (() => void)[] = [];

  constructor(feed: Feed, session: () => Session | null, timeoutMs: number, rowsCame: () => void) {
    this.#feed = feed;
    this.#session = session;
    this.#timeoutMs = timeoutMs;
    this.#rowsCame = rowsCame;
  }

  /** Ask for what is missing, as much as may be asked for at once. */
  pump(): void {
    const session = this.#session();
    if (!session || session.ended || !this.#feed.based) return;
    const timeoutMs = this.#timeoutMs;
    for (const { conversationId, after } of this.#feed.wanted()) {
      session.request(
        { case: "getEntries", value: { conversationId, afterSeq: BigInt(after) } },
        timeoutMs,
        (answer) => {
          // No answer at all: the feed learns of it as a whole.
          if (session.ended) return;
          if (answer instanceof HubbubError) this.#feed.fetched(conversationId, answer);
          else if (answer.case === "entryPage") this.#feed.fetched(conversationId, answer.value);
          this.#moved(!(answer instanceof HubbubError));
        },
      );
    }
    for (const conversationId of this.#feed.doubted()) {
      this.#asking += 1;
      session.request({ case: "getConversation", value: { conversationId } }, timeoutMs, (answer) => {
        this.#asking -= 1;
        if (answer instanceof HubbubError) {
          if (answer.retry || session.ended) this.#feed.doubt(conversationId);
        } else if (answer.case === "conversation") {
          this.#feed.state(answer.value, true);
        }
        this.#moved(!(answer instanceof HubbubError));
      });
    }
    if (this.#feed.rowsMissing && !this.#askingRows) {
      this.#askingRows = true;
      const sinceVersion = BigInt(this.#feed.version);
      session.request({ case: "getUserState", value: { sinceVersion } }, timeoutMs, (answer) => {
        this.#askingRows = false;
        if (!(answer instanceof HubbubError) && answer.case === "userState") {
          this.#feed.rowsAnswered(answer.value);
          this.#rowsCame();
        }
        this.#moved(!(answer instanceof HubbubError));
      });
    }
  }

  /** What was asked for will not come. */
  disconnected(): void {
    this.#askingRows = false;
    this.#feed.disconnected();
    this.#wake();
  }

  /** Resolves once nothing is known to be missing, or the session ended. */
  async finished(session: Session): Promise<void> {
    while (!session.ended && !(this.#feed.complete && this.#asking === 0)) {
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    }
  }

  #moved(well: boolean): void {
    if (well) this.pump();
    this.#wake();
  }

  #wake(): void {
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }
}
