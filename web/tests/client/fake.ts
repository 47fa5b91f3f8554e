/** A server whose every frame the test writes, over an in-memory connection with real protobuf bytes; no time passes. */
import { create, fromBinary, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { expect } from "vitest";

import { HubbubClient } from "@/client/client";
import type { ClientOptions } from "@/client/options";
import { FixedToken } from "@/client/login";
import type { Link, LinkEvents, Platform, Wake } from "@/client/platform";
import { ClientFrameSchema, ServerFrameSchema, type ClientFrame } from "@/protocol/hubbub_pb";

export const ROMEO = "a".repeat(32);
export const JULIET = "b".repeat(32);
export const ROOM = "c".repeat(32);
export const EPOCH = "e".repeat(32);

type Body = NonNullable<MessageInitShape<typeof ServerFrameSchema>["body"]>;
type Case = NonNullable<ClientFrame["body"]["case"]>;
export type Request<C extends Case> = Extract<ClientFrame["body"], { case: C }>["value"] & { readonly frameId: bigint };

/** Let everything that can happen without time passing happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

export class FakePlatform implements Platform {
  nowMs = 1_000_000;
  readonly connections: Connection[] = [];
  readonly calls: { method: string; path: string; body: string }[] = [];
  readonly faults: unknown[] = [];
  /** Answers HTTP calls; by default everything that a client needs to connect. */
  answer: (method: string, path: string, body: string) => Response = (_method, path) => {
    if (path === "/api/v1/connect") return Response.json({ websocket_url: "ws://fake/ws", node_id: "n1" });
    return Response.json({ code: "not_found" }, { status: 404 });
  };
  #timers: { at: number; then: () => void }[] = [];
  #waker: ((why: Wake) => void) | null = null;

  now = (): number => this.nowMs;
  monotonic = (): number => this.nowMs;
  random = (): number => 0.5;
  fault = (thrown: unknown): void => void this.faults.push(thrown);

  after = (ms: number, then: () => void): (() => void) => {
    const timer = { at: this.nowMs + ms, then };
    this.#timers.push(timer);
    return () => void (this.#timers = this.#timers.filter((one) => one !== timer));
  };

  /** Have time pass, timer by timer. */
  async passes(ms: number): Promise<void> {
    const end = this.nowMs + ms;
    for (;;) {
      await settle();
      const next = this.#timers.filter((one) => one.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#timers = this.#timers.filter((one) => one !== next);
      this.nowMs = Math.max(this.nowMs, next.at);
      next.then();
    }
    this.nowMs = end;
  }

  open = (url: string, _subprotocol: string, events: LinkEvents): Link => {
    const connection = new Connection(url, events);
    this.connections.push(connection);
    queueMicrotask(() => {
      if (!connection.ended) events.opened();
    });
    return connection.link;
  };

  fetch = (url: string, init: RequestInit): Promise<Response> => {
    const call = {
      method: init.method ?? "GET",
      path: new URL(url).pathname,
      body: (init.body as string | null) ?? "",
    };
    this.calls.push(call);
    return Promise.resolve(this.answer(call.method, call.path, call.body));
  };

  onWake = (listener: (why: Wake) => void): (() => void) => {
    this.#waker = listener;
    return () => void (this.#waker = null);
  };

  wakes(why: Wake): void {
    this.#waker?.(why);
  }
}

/** The server's end of one connection. */
export class Connection {
  readonly url: string;
  readonly frames: ClientFrame[] = [];
  ended = false;
  readonly #events: LinkEvents;

  constructor(url: string, events: LinkEvents) {
    this.url = url;
    this.#events = events;
  }

  get link(): Link {
    return {
      send: (data) => {
        if (!this.ended) this.frames.push(fromBinary(ClientFrameSchema, data));
      },
      bufferedBytes: 0,
      close: () => this.lose(1000),
    };
  }

  send(body: Body, replyTo = 0n): void {
    if (!this.ended) this.#events.received(toBinary(ServerFrameSchema, create(ServerFrameSchema, { replyTo, body })));
  }

  lose(code = 1006, reason = ""): void {
    if (this.ended) return;
    this.ended = true;
    this.#events.closed(code, reason);
  }

  /** Take the next frame of a kind, leaving others where they are. */
  async next<C extends Case>(kind: C): Promise<Request<C>> {
    await settle();
    const at = this.frames.findIndex((frame) => frame.body.case === kind);
    const [frame] = at < 0 ? [] : this.frames.splice(at, 1);
    expect(frame, `no ${kind} among ${this.frames.map((one) => one.body.case).join(", ")}`).toBeDefined();
    return { ...(frame!.body.value as object), frameId: frame!.id } as Request<C>;
  }

  async none(kind: Case): Promise<void> {
    await settle();
    expect(this.frames.filter((frame) => frame.body.case === kind)).toEqual([]);
  }

  /** Accept a submit. */
  accepts(submit: Request<"submit">, seq: number): void {
    const { conversationId, clientId } = submit;
    this.send({ case: "submitted", value: { status: 1, conversationId, clientId, seq: BigInt(seq) } }, submit.frameId);
  }

  refuses(submit: Request<"submit">, code: string, retry = false, retryAfterMs = 0): void {
    const { conversationId, clientId } = submit;
    const error = { code, retry, retryAfterMs };
    this.send({ case: "submitted", value: { status: 2, conversationId, clientId, error } }, submit.frameId);
  }

  /** Push texts of Juliet's with these numbers. */
  says(...seqs: number[]): void {
    this.pushes(seqs[0]!, seqs.at(-1)!, seqs);
  }

  pushes(from: number, to: number, seqs: number[]): void {
    this.send({ case: "entries", value: page(from, to, seqs) });
  }
}

export function entry(seq: number, text = `${seq}`, senderId = JULIET, clientId = ""): object {
  const message = { body: { content: { case: "text" as const, value: { text } } } };
  return {
    conversationId: ROOM,
    seq: BigInt(seq),
    timeMs: BigInt(seq),
    senderId,
    clientId,
    kind: { case: "message" as const, value: message },
  };
}

export function page(from: number, to: number, seqs: number[], asOf = to): object {
  return {
    conversationId: ROOM,
    fromSeq: BigInt(from),
    toSeq: BigInt(to),
    asOf: BigInt(asOf),
    entries: seqs.map((seq) => entry(seq)),
  };
}

export function state(asOf: number, fields: object = {}): object {
  return {
    conversationId: ROOM,
    kind: 2,
    title: "Verona",
    memberCount: 2,
    asOf: BigInt(asOf),
    state: 1,
    role: 1,
    intervals: [{ fromSeq: 1n, toSeq: 0n }],
    version: 1n,
    ...fields,
  };
}

/** A client on a platform of its own. */
export class Stage {
  readonly platform = new FakePlatform();
  readonly client: HubbubClient;
  readonly heard: number[] = [];
  readonly states: string[] = [];

  constructor(options: Partial<ClientOptions> = {}) {
    this.client = new HubbubClient({
      server: "http://fake",
      login: new FixedToken("token"),
      platform: this.platform,
      ...options,
    });
    this.client.on("entry", (one) => this.heard.push(one.seq));
    this.client.on("status", (one) => this.states.push(one.state));
  }

  /** The newest connection. */
  get connection(): Connection {
    return this.platform.connections.at(-1)!;
  }

  /** Greet the client that has just connected; return its hello. */
  async greets(fields: object = {}): Promise<Request<"hello">> {
    await settle();
    const hello = await this.connection.next("hello");
    const welcome = {
      userId: ROMEO,
      epoch: EPOCH,
      userVersion: 1n,
      serverTimeMs: BigInt(this.platform.nowMs),
      ...fields,
    };
    this.connection.send({ case: "welcome", value: welcome }, hello.frameId);
    this.connection.send({ case: "ready", value: {} });
    return hello;
  }

  /** Start, and bring the client online with one conversation at a head. */
  async opens(head = 4, fields: object = {}): Promise<void> {
    await this.client.start();
    await this.greets(fields);
    await this.lists(head);
    await settle();
    expect(this.client.status.state).toBe("online");
  }

  async lists(head: number): Promise<void> {
    const list = await this.connection.next("listConversations");
    this.connection.send({ case: "conversationPage", value: { conversations: [state(head)] } }, list.frameId);
  }
}

interface Shape {
  more?: [boolean, boolean];
  asOf?: number;
}

/** A page of messages that say their numbers. */
export function history(from: number, to: number, shape: Shape = {}): object {
  const [moreBefore, moreAfter] = shape.more ?? [false, false];
  const items = [];
  for (let seq = from; seq <= to; seq += 1) {
    const message = { body: { content: { case: "text" as const, value: { text: `${seq}` } } } };
    items.push({
      item: { case: "message" as const, value: { seq: BigInt(seq), timeMs: BigInt(seq), senderId: JULIET, message } },
    });
  }
  return {
    conversationId: ROOM,
    fromSeq: BigInt(from),
    toSeq: BigInt(to),
    asOf: BigInt(shape.asOf ?? to),
    items,
    moreBefore,
    moreAfter,
  };
}
