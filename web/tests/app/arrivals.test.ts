import { createPinia, setActivePinia } from "pinia";
import { beforeEach, describe, expect, test } from "vitest";

import { HubbubError, type Client, type Events } from "@/client";
import { useArrivals } from "@/stores/arrivals";

const FOX = { device_name: "Firefox on Linux", address: "192.0.2.7", active: true, current: false };

/** A server that lists sign-ins, and notes what is deleted. */
class Server {
  rows: object[] = [];
  readonly deleted: string[] = [];
  missing = "";
  readonly #listeners = new Map<string, (event: never) => void>();

  readonly client = {
    status: { state: "connecting", error: null, retryAtMs: 0 },
    on: (kind: string, listener: (event: never) => void) => {
      this.#listeners.set(kind, listener);
      return () => this.#listeners.delete(kind);
    },
    call: (method: string, path: string) => {
      if (method === "GET") return Promise.resolve({ arrivals: this.rows });
      if (this.missing && path.endsWith(this.missing)) return Promise.reject(new HubbubError("not_found"));
      this.deleted.push(path);
      return Promise.resolve({});
    },
  } as unknown as Client;

  says<K extends keyof Events>(kind: K, event: Events[K]): void {
    this.#listeners.get(kind)?.(event as never);
  }

  async comesOnline(): Promise<void> {
    this.says("status", { state: "online", error: null, retryAtMs: 0 });
    await new Promise((done) => setTimeout(done));
  }
}

describe("new devices", () => {
  let server: Server;
  let arrivals: ReturnType<typeof useArrivals>;
  let detach: () => void;

  beforeEach(() => {
    setActivePinia(createPinia());
    server = new Server();
    arrivals = useArrivals();
    detach = arrivals.attach(server.client);
  });

  test("are asked about when they come, and when one comes back to them", async () => {
    server.rows = [
      { ...FOX, login_id: "a", time_ms: 1 },
      { ...FOX, login_id: "over", address: "192.0.2.8", time_ms: 9, active: false },
    ];
    await server.comesOnline();
    expect(arrivals.open.map((one) => [one.name, one.address, one.loginIds])).toEqual([
      ["Firefox on Linux", "192.0.2.7", ["a"]],
    ]);
    server.says("signedIn", { loginId: "b", deviceName: "", address: "192.0.2.9", timeMs: 2 });
    expect(arrivals.open.map((one) => one.loginIds)).toEqual([["b"], ["a"]]);
    detach();
    expect(arrivals.open).toEqual([]);
  });

  test("are one question where one device has two logins, and none on that device", async () => {
    server.rows = [{ ...FOX, login_id: "a", time_ms: 1 }];
    await server.comesOnline();
    server.says("signedIn", { loginId: "b", deviceName: FOX.device_name, address: FOX.address, timeMs: 2 });
    const [both] = arrivals.open;
    expect(arrivals.open.length).toBe(1);
    await arrivals.end(both!);
    expect(server.deleted).toEqual(["/api/v1/me/logins/b", "/api/v1/me/logins/a"]);
    expect(arrivals.open).toEqual([]);
    server.rows = [
      { ...FOX, login_id: "page", time_ms: 1 },
      { ...FOX, login_id: "app", time_ms: 2, current: true },
    ];
    await server.comesOnline();
    expect(arrivals.open).toEqual([]);
  });

  test("are forgotten when it was oneself, on whichever device that was said", async () => {
    server.rows = [{ ...FOX, login_id: "a", time_ms: 1 }];
    server.missing = "a";
    await server.comesOnline();
    await arrivals.wasMe(arrivals.open[0]!);
    expect(arrivals.open).toEqual([]);
    expect(server.deleted).toEqual([]);
  });
});
