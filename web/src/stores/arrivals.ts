/**
 * "Was this you": sign-ins from devices that are new, until somebody says whose they were.
 *
 * They are read whenever there is a connection and told while there is one, so one that was missed is asked about all
 * the same.  A device that signs in on the server's pages first has two logins of one name from one address; they are
 * one question.
 */
import { defineStore } from "pinia";
import { computed, shallowRef } from "vue";

import { HubbubError, type Client, type SignIn } from "@/client";

interface Row {
  readonly login_id: string;
  readonly device_name: string;
  readonly address: string;
  readonly time_ms: number;
  readonly active: boolean;
  readonly current: boolean;
}

export interface Arrival {
  readonly key: string;
  readonly name: string;
  readonly address: string;
  /** Of the latest. */
  readonly timeMs: number;
  readonly loginIds: readonly string[];
}

const ROOT = "/api/v1/me";

function keyOf(name: string, address: string): string {
  return `${address} ${name}`;
}

export const useArrivals = defineStore("arrivals", () => {
  const signIns = shallowRef<readonly SignIn[]>([]);
  /** What this device itself is called, where it was new. */
  const own = shallowRef<ReadonlySet<string>>(new Set());
  let client: Client | undefined;

  /** What is still to be asked, the latest first. */
  const open = computed<readonly Arrival[]>(() => {
    const found = new Map<string, Arrival>();
    for (const one of [...signIns.value].sort((a, b) => b.timeMs - a.timeMs)) {
      const key = keyOf(one.deviceName, one.address);
      if (own.value.has(key)) continue;
      const held = found.get(key) ?? {
        key,
        name: one.deviceName,
        address: one.address,
        timeMs: one.timeMs,
        loginIds: [],
      };
      found.set(key, { ...held, loginIds: [...held.loginIds, one.loginId] });
    }
    return [...found.values()];
  });

  async function load(): Promise<void> {
    if (!client) return;
    const { arrivals } = await client.call<{ arrivals: Row[] }>("GET", `${ROOT}/arrivals`);
    own.value = new Set(arrivals.filter((one) => one.current).map((one) => keyOf(one.device_name, one.address)));
    signIns.value = arrivals
      .filter((one) => one.active && !one.current)
      .map((one) => ({
        loginId: one.login_id,
        deviceName: one.device_name,
        address: one.address,
        timeMs: one.time_ms,
      }));
  }

  function take(one: SignIn): void {
    signIns.value = [one, ...signIns.value.filter((each) => each.loginId !== one.loginId)];
  }

  /** Begin to hear; what is returned ends that. */
  function attach(to: Client): () => void {
    client = to;
    const tried = (): void => void load().catch(() => undefined);
    const stops = [
      to.on("signedIn", take),
      to.on("status", ({ state }) => {
        if (state === "online") tried();
      }),
    ];
    if (to.status.state === "online") tried();
    return () => {
      for (const stop of stops) stop();
      client = undefined;
      signIns.value = [];
      own.value = new Set();
    };
  }

  /** It was oneself: ask no more. */
  async function wasMe(arrival: Arrival): Promise<void> {
    for (const id of arrival.loginIds) await gone(`${ROOT}/arrivals/${id}`);
    forget(arrival);
  }

  /** It was somebody else: end every login of it. */
  async function end(arrival: Arrival): Promise<void> {
    for (const id of arrival.loginIds) await gone(`${ROOT}/logins/${id}`);
    forget(arrival);
  }

  /** Delete what another device may have deleted before. */
  async function gone(path: string): Promise<void> {
    try {
      await client?.call("DELETE", path);
    } catch (thrown) {
      if (!HubbubError.from(thrown).is("not_found")) throw thrown;
    }
  }

  function forget(arrival: Arrival): void {
    signIns.value = signIns.value.filter((one) => !arrival.loginIds.includes(one.loginId));
  }

  return { open, load, attach, wasMe, end };
});
