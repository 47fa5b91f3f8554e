/**
 * All tabs of a browser share one connection, one store and one outbox.
 *
 * The tab that holds a lock is the host; the others speak to it over a BroadcastChannel.  When it goes, the browser
 * gives the lock to another tab, which makes a client of its own from what is kept and takes the others over.  A server
 * lets one device have one connection, so tabs that connect each for themselves would throw each other out.
 *
 * Where there are no Web Locks (a page served over plain HTTP from another machine) every tab is its own host.
 */
import { newId } from "./ids";
import { Host, PortClient, type Hosted, type Port } from "./port";
import { thisPlatform, type Wake } from "./platform";

/** What of the browser is used; tests bring their own. */
export interface TabPlatform {
  readonly locks: Pick<LockManager, "request"> | undefined;
  channel(name: string): Pick<BroadcastChannel, "postMessage" | "onmessage" | "close">;
  onWake(listener: (why: Wake) => void): () => void;
  fault(thrown: unknown): void;
}

const thisTab: TabPlatform = {
  get locks() {
    // Absent outside secure contexts, whatever the types say.
    return (navigator as { locks?: LockManager }).locks;
  },
  channel: (name) => new BroadcastChannel(name),
  onWake: (listener) => thisPlatform.onWake(listener),
  fault: (thrown) => thisPlatform.fault(thrown),
};

/** What is posted between tabs: from one tab, to another one, to the host, or to all. */
interface Post {
  readonly from: string;
  readonly to: string;
  readonly message: unknown;
}

const HOST = "host";
const ALL = "all";
/** The host's word that it is there now. */
const HERE = "here";

/** A client that all tabs share which say the same `name`; `make` builds the real one in the tab that is the host. */
export function shareAmongTabs(name: string, make: () => Hosted, platform: TabPlatform = thisTab): PortClient {
  const client = new SharedClient((thrown) => platform.fault(thrown));
  client.begin(name, make, platform);
  return client;
}

class SharedClient extends PortClient {
  #stops: (() => void)[] = [];

  begin(name: string, make: () => Hosted, platform: TabPlatform): void {
    this.#stops.push(platform.onWake((why) => this.wake(why)));
    const { locks } = platform;
    if (!locks) {
      const real = make();
      this.#host(real);
      this.#stops.push(() => void real.close());
      return;
    }
    const me = newId();
    const channel = platform.channel(`hubbub:${name}`);
    const post = (to: string, message: unknown): void => channel.postMessage({ from: me, to, message } satisfies Post);
    const leave = Promise.withResolvers<void>();
    const left = new AbortController();
    let seats: ((post: Post) => void) | null = null;
    let toHost: Port | null = null;
    const follow = (): void => {
      const port: Port = { post: (message) => post(HOST, message), onMessage: null, close: () => undefined };
      toHost = port;
      this.attach(port);
    };
    channel.onmessage = (event: MessageEvent<Post>) => {
      const { to, message } = event.data;
      if (to === HOST) seats?.(event.data);
      else if (to === me) toHost?.onMessage?.(message);
      else if (to === ALL && message === HERE && toHost && !seats) follow();
    };
    this.#stops.push(() => {
      left.abort();
      leave.resolve();
      channel.close();
    });
    // Held for as long as this tab lives, so that the host learns when it is gone; so nobody may hear of it before.
    void locks.request(`hubbub:${name}:${me}`, () => {
      if (!seats && !left.signal.aborted) follow();
      return leave.promise;
    });
    locks
      .request(`hubbub:${name}`, { signal: left.signal }, async () => {
        if (left.signal.aborted) return;
        toHost = null;
        const real = make();
        const host = this.#host(real);
        const known = new Map<string, Port>();
        seats = ({ from, message }) => {
          let port = known.get(from);
          if (!port) {
            port = { post: (answer) => post(from, answer), onMessage: null, close: () => undefined };
            known.set(from, port);
            const detach = host.attach(port);
            // Granted when that tab is gone.
            void locks.request(`hubbub:${name}:${from}`, () => {
              known.delete(from);
              detach();
            });
          }
          port.onMessage?.(message);
        };
        post(ALL, HERE);
        await leave.promise;
        seats = null;
        await real.close();
      })
      .catch((thrown: unknown) => {
        if (!left.signal.aborted) platform.fault(thrown);
      });
  }

  override async close(): Promise<void> {
    await super.close();
    for (const stop of this.#stops.splice(0)) stop();
  }

  /** Be the host, and one's own first guest. */
  #host(real: Hosted): Host {
    const host = new Host(real);
    const [mine, theirs] = pair();
    const detach = host.attach(theirs);
    mine.close = detach;
    this.attach(mine);
    return host;
  }
}

/** Two ends in one place; what is posted comes a moment later, as it does between tabs. */
function pair(): [Port, Port] {
  const one: Port = {
    post: (message) => queueMicrotask(() => two.onMessage?.(message)),
    onMessage: null,
    close: () => undefined,
  };
  const two: Port = {
    post: (message) => queueMicrotask(() => one.onMessage?.(message)),
    onMessage: null,
    close: () => undefined,
  };
  return [one, two];
}
