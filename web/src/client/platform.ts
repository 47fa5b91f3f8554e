/**
 * What the SDK asks of the machine it runs on: time, chance, sockets, HTTP, and word of the network.
 *
 * Browsers, workers and Node.js have all of it built in (`thisPlatform`).  Tests bring time of their own, so that
 * nothing ever waits for a clock.
 */

/** One socket that is open or being opened. */
export interface Link {
  /** Send one frame; after the end it does nothing. */
  send(data: Uint8Array<ArrayBuffer>): void;
  /** Bytes that were sent but have not left yet. */
  readonly bufferedBytes: number;
  /** End it; `closed` follows. */
  close(): void;
}

export interface LinkEvents {
  opened(): void;
  received(data: Uint8Array): void;
  /** Called exactly once. */
  closed(code: number, reason: string): void;
}

/** Something that may have changed about the network, or about who is looking. */
export type Wake = "online" | "offline" | "visible";

export interface Platform {
  /** Milliseconds since 1970, for showing and for the life of tokens. */
  now(): number;
  /** Milliseconds since some moment, never running backwards. */
  monotonic(): number;
  /** Call `then` once after a while; what is returned prevents that. */
  after(ms: number, then: () => void): () => void;
  /** A number in [0, 1). */
  random(): number;
  open(url: string, subprotocol: string, events: LinkEvents): Link;
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** Hear of changes; what is returned stops that. */
  onWake(listener: (why: Wake) => void): () => void;
  /** Report a mistake of the program that nobody can handle. */
  fault(thrown: unknown): void;
}

const NORMAL = 1000;

function openWebSocket(url: string, subprotocol: string, events: LinkEvents): Link {
  const socket = new WebSocket(url, subprotocol);
  socket.binaryType = "arraybuffer";
  let ended = false;
  socket.onopen = () => events.opened();
  socket.onmessage = (event: MessageEvent<unknown>) => {
    if (event.data instanceof ArrayBuffer) events.received(new Uint8Array(event.data));
  };
  const end = (code: number, reason: string): void => {
    if (ended) return;
    ended = true;
    events.closed(code, reason);
  };
  socket.onclose = (event) => end(event.code, event.reason);
  return {
    send(data) {
      if (socket.readyState === WebSocket.OPEN) socket.send(data);
    },
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    close() {
      socket.close(NORMAL);
      // A network that is gone lets a closing handshake hang for a minute; whoever closes does not wait for it.
      end(NORMAL, "");
    },
  };
}

/** Browsers, workers, Node.js 22 and newer. */
export const thisPlatform: Platform = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, then) {
    // Timers hold 31 bits; a longer one would fire at once.
    const timer = setTimeout(then, Math.min(ms, 2 ** 31 - 1));
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
  open: openWebSocket,
  fetch: (url, init) => fetch(url, init),
  onWake(listener) {
    const target = globalThis as Partial<Pick<Window, "addEventListener" | "removeEventListener" | "document">>;
    const online = (): void => listener("online");
    const offline = (): void => listener("offline");
    const visible = (): void => {
      if (target.document?.visibilityState === "visible") listener("visible");
    };
    target.addEventListener?.("online", online);
    target.addEventListener?.("offline", offline);
    target.document?.addEventListener("visibilitychange", visible);
    return () => {
      target.removeEventListener?.("online", online);
      target.removeEventListener?.("offline", offline);
      target.document?.removeEventListener("visibilitychange", visible);
    };
  },
  fault(thrown) {
    setTimeout(() => {
      throw thrown;
    });
  },
};
