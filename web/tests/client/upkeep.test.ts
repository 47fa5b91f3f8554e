/** Being connected: waits, tokens, silence, moves, ends. */
import { expect, test } from "vitest";

import { exponentialBackoff } from "@/client/backoff";
import { HubbubError } from "@/client/errors";
import { KeptLogin, type KeptTokens, type LoginKeeper } from "@/client/login";
import { ERRORS } from "@/protocol/errors";

import { Stage, settle } from "./fake";

function tokens(name: string): object {
  return { access_token: name, refresh_token: `refresh-${name}`, expires_in: 600, user_id: "u", username: "romeo" };
}

test("the ceiling doubles and the wait is drawn below it", () => {
  const backoff = exponentialBackoff(() => 1);
  expect([1, 2, 3, 7, 99].map((failures) => backoff(failures, 0))).toEqual([500, 1000, 2000, 30_000, 30_000]);
  expect(backoff(1, 2000)).toBe(2500);
});

test("failures lengthen the wait, and a ready session forgets them", async () => {
  const stage = new Stage();
  await stage.opens();
  const waits: number[] = [];
  stage.client.on("status", (one) => {
    if (one.state === "waiting") waits.push(one.retryAtMs - stage.platform.nowMs);
  });
  stage.connection.lose();
  await stage.platform.passes(250);
  stage.connection.lose();
  await stage.platform.passes(500);
  stage.connection.lose();
  await stage.platform.passes(1000);
  await stage.greets();
  await settle();
  stage.connection.lose();
  await settle();
  expect(waits).toEqual([250, 500, 1000, 250]);
});

test("a network that is back ends the wait", async () => {
  const stage = new Stage();
  await stage.opens();
  stage.connection.lose();
  await settle();
  const before = stage.platform.connections.length;
  stage.platform.wakes("online");
  await settle();
  expect(stage.platform.connections.length).toBe(before + 1);
});

test("whoever looks again learns within seconds that the connection is dead", async () => {
  const stage = new Stage();
  await stage.opens();
  stage.platform.wakes("visible");
  await stage.connection.next("ping");
  const dead = stage.connection;
  await stage.platform.passes(6000);
  expect(dead.ended).toBe(true);
});

test("a silent server is pinged and then given up", async () => {
  const stage = new Stage();
  await stage.opens(4, { heartbeatMs: 10_000 });
  await stage.platform.passes(11_000);
  await stage.connection.next("ping");
  const dead = stage.connection;
  await stage.platform.passes(10_000);
  expect(dead.ended).toBe(true);
});

test("a ping is answered with its data", async () => {
  const stage = new Stage();
  await stage.opens();
  stage.connection.send({ case: "ping", value: { data: Uint8Array.of(1, 2) } });
  expect([...(await stage.connection.next("pong")).data]).toEqual([1, 2]);
});

const finals = Object.entries(ERRORS).filter(([, row]) => row.close && !row.retry && row.close >= 4403);

test.each(finals.map(([code, row]) => [code, row.close]))("%s ends the client and every wait", async (code, close) => {
  const stage = new Stage();
  await stage.opens();
  const sending = stage.client
    .send("c".repeat(32), "one")
    .done.catch((thrown: unknown) => (thrown as HubbubError).code);
  stage.connection.lose(close, code);
  await settle();
  expect(stage.client.status).toMatchObject({ state: "ended", error: { code } });
  expect(await sending).toBe(code);
  await stage.platform.passes(60_000);
  expect(stage.platform.connections).toHaveLength(1);
});

test("a client moves when it is asked to, and asks where if it is not told", async () => {
  const stage = new Stage();
  await stage.opens();
  stage.connection.send({ case: "goaway", value: { withinMs: 1000, url: "ws://other/ws" } });
  await stage.platform.passes(600);
  expect(stage.connection.url).toBe("ws://other/ws");
  await stage.greets();
  stage.connection.send({ case: "goaway", value: { withinMs: 1000, url: "" } });
  await stage.platform.passes(600);
  expect(stage.connection.url).toBe("ws://fake/ws");
  expect(stage.platform.connections).toHaveLength(3);
});

test("a node that cannot be reached is avoided until another is of use", async () => {
  const stage = new Stage();
  await stage.opens();
  stage.connection.lose();
  await stage.platform.passes(300);
  const connects = (): string[] =>
    stage.platform.calls.filter((one) => one.path === "/api/v1/connect").map((one) => one.body);
  expect(connects().at(-1)).toBe('{"avoid":["n1"]}');
  await stage.greets();
  await settle();
  stage.connection.lose(1012, "going_away");
  await stage.platform.passes(300);
  expect(connects().at(-1)).toBe('{"avoid":["n1"]}');
});

test("a token is renewed before it ends, without a new connection", async () => {
  let given = 0;
  const stage = new Stage({ login: new KeptLogin({ username: "romeo", password: "secret" }) });
  const connect = stage.platform.answer;
  stage.platform.answer = (method, path, body) =>
    path === "/oauth/token" ? Response.json(tokens(`t${++given}`)) : connect(method, path, body);
  await stage.opens(4, { tokenExpiresMs: BigInt(stage.platform.nowMs + 600_000), heartbeatMs: 120_000_000 });
  await stage.platform.passes(481_000);
  const again = await stage.connection.next("reauthenticate");
  expect(again.token).toBe("t2");
  expect(stage.platform.connections).toHaveLength(1);
});

test("an ended token is renewed and the client comes back; a login that ended ends it", async () => {
  const stage = new Stage({ login: new KeptLogin({ username: "romeo", password: "secret" }) });
  const connect = stage.platform.answer;
  let given = 0;
  stage.platform.answer = (method, path, body) => {
    if (path !== "/oauth/token") return connect(method, path, body);
    if (given < 2) return Response.json(tokens(`t${++given}`));
    return Response.json({ error: "invalid_grant", code: "session_ended", retry: false }, { status: 400 });
  };
  await stage.opens();
  stage.connection.lose(4402, "token_expired");
  await settle();
  expect((await stage.greets()).token).toBe("t2");
  await settle();
  stage.connection.lose(4402, "token_expired");
  await settle();
  expect(stage.client.status).toMatchObject({ state: "ended", error: { code: "session_ended" } });
});

test("two who want a token refresh it once, and a token that another tab renewed is taken", async () => {
  let kept: KeptTokens | null = null;
  const keeper: LoginKeeper = {
    load: () => Promise.resolve(kept),
    keep: (login) => {
      kept = login;
      return Promise.resolve();
    },
  };
  const stage = new Stage({ login: new KeptLogin({ keeper, username: "romeo", password: "secret" }) });
  const connect = stage.platform.answer;
  let given = 0;
  stage.platform.answer = (method, path, body) =>
    path === "/oauth/token" ? Response.json(tokens(`t${++given}`)) : connect(method, path, body);
  const [one, two] = await Promise.all([stage.client.token(), stage.client.token()]);
  expect([one, two, given]).toEqual(["t1", "t1", 1]);
  const other = new Stage({ login: new KeptLogin({ keeper }) });
  expect(await other.client.token()).toBe("t1");
});

test("frames from a newer server are passed over", async () => {
  const stage = new Stage();
  await stage.opens();
  stage.connection.send({ case: undefined });
  stage.connection.says(5);
  expect(stage.heard).toEqual([5]);
});

test("a listener that throws is reported and harms nobody else", async () => {
  const stage = new Stage();
  stage.client.on("entry", () => {
    throw new Error("a mistake");
  });
  const heard: number[] = [];
  stage.client.on("entry", (one) => heard.push(one.seq));
  await stage.opens();
  stage.connection.says(5);
  expect([heard, stage.platform.faults.length]).toEqual([[5], 1]);
});

test("closing ends every wait and lets the connection go", async () => {
  const stage = new Stage();
  await stage.opens();
  const asking = stage.client.serverInfo().catch((thrown: unknown) => (thrown as HubbubError).code);
  await stage.connection.next("getServerInfo");
  await stage.client.close();
  expect(await asking).toBe("closed");
  expect(stage.connection.ended).toBe(true);
  await expect(stage.client.ready()).rejects.toMatchObject({ code: "closed" });
});

test("an error says its sentence in both languages", () => {
  expect(new HubbubError("muted").sentence("zh")).toBe(ERRORS.muted.zh);
  expect(new HubbubError("of_tomorrow", "Later.").sentence("zh")).toBe("Later.");
});
