/** Waiting for something that events tell of, with a deadline. */
import type { Events, Listener } from "./api";
import { HubbubError } from "./errors";
import type { Platform } from "./platform";

/** Resolves once `done` says so, looked at with every event of these kinds; rejects with what it throws, or `late`. */
export function until(
  kinds: readonly (keyof Events)[],
  done: () => boolean,
  {
    client,
    after,
    timeoutMs,
    late,
  }: {
    readonly client: { on<K extends keyof Events>(kind: K, listener: Listener<K>): () => void };
    readonly after: Platform["after"];
    readonly timeoutMs: number;
    readonly late: HubbubError;
  },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const stops: (() => void)[] = [];
    const settle = (how: () => void): void => {
      for (const stop of stops) stop();
      how();
    };
    const look = (): void => {
      try {
        if (done()) settle(resolve);
      } catch (thrown) {
        settle(() => reject(HubbubError.from(thrown)));
      }
    };
    stops.push(after(timeoutMs, () => settle(() => reject(late))));
    for (const kind of kinds) stops.push(client.on(kind, look));
    look();
  });
}
