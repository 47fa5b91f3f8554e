/**
 * One conversation on anybody's page: `<hubbub-chat server="https://chat.example" conversation="…">`.
 *
 * The page gives it a `login`; it connects, shows the newest messages and those before, and sends.  It lives in a shadow
 * root, so that neither page nor widget changes how the other looks, and makes no HTML of what people write.  Everything
 * else of the app (threads, files, reactions) it leaves to the app.
 *
 * It speaks over the WebSocket alone: the server has to name the page's origin (`gateway.origins`), and nothing else.
 */
import { shown, type Room } from "./api";
import { HubbubClient } from "./client";
import type { Login } from "./login";
import type { Message, Post } from "./models";
import type { Platform } from "./platform";
import { openRoom } from "./room";

export { FixedToken, KeptLogin, type Login } from "./login";

const WORDS = {
  en: { write: "Write a message", send: "Send", before: "Earlier messages", recalled: "This message was recalled." },
  zh: { write: "写消息", send: "发送", before: "更早的消息", recalled: "此消息已被撤回。" },
};

const STYLE = `
:host { display: flex; flex-direction: column; height: 24rem; overflow: hidden; font: 0.9375rem/1.45 system-ui, sans-serif;
  color-scheme: light dark; color: CanvasText; background: Canvas; border: 1px solid color-mix(in srgb, CanvasText 20%, Canvas);
  border-radius: 0.625rem; }
ol { flex: 1; margin: 0; padding: 0.75rem; overflow-y: auto; list-style: none; overflow-wrap: anywhere; }
li { padding: 0.125rem 0; white-space: pre-wrap; }
li b { margin-inline-end: 0.5rem; }
li[data-waiting] { opacity: 0.6; }
li[data-recalled] span { font-style: italic; opacity: 0.75; }
form { display: flex; gap: 0.5rem; padding: 0.5rem; border-top: 1px solid color-mix(in srgb, CanvasText 15%, Canvas); }
textarea { flex: 1; min-height: 2.25rem; padding: 0.375rem 0.5rem; border: 1px solid GrayText; border-radius: 0.4375rem;
  resize: none; font: inherit; box-sizing: border-box; }
button { padding: 0.375rem 0.75rem; border: 0; border-radius: 0.4375rem; background: #5b3fd0; color: #fff; font: inherit; }
.before { margin: 0.5rem auto 0; background: none; color: LinkText; }
[role="status"] { margin: 0; padding: 0 0.75rem; font-size: 0.8125rem; }
[hidden] { display: none; }
`;

export class HubbubChat extends HTMLElement {
  static readonly observedAttributes = ["server", "conversation"];

  /** For tests: time, sockets and the like. */
  platform: Platform | undefined;
  #login: Login | undefined;
  #client: HubbubClient | undefined;
  #room: Room | undefined;
  readonly #names = new Map<string, string>();
  readonly #list = document.createElement("ol");
  readonly #before = document.createElement("button");
  readonly #box = document.createElement("textarea");
  readonly #send = document.createElement("button");
  readonly #status = document.createElement("p");

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    const style = new CSSStyleSheet();
    style.replaceSync(STYLE);
    root.adoptedStyleSheets = [style];
    const form = document.createElement("form");
    form.append(this.#box, this.#send);
    this.#list.setAttribute("role", "log");
    this.#list.tabIndex = 0;
    this.#before.className = "before";
    this.#status.setAttribute("role", "status");
    root.append(this.#before, this.#list, this.#status, form);
    this.#before.addEventListener("click", () => void this.#room?.before().catch(() => undefined));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#say();
    });
    this.#box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#say();
    });
  }

  /** Who talks here; giving one connects. */
  get login(): Login | undefined {
    return this.#login;
  }

  set login(login: Login | undefined) {
    this.#login = login;
    this.#begin();
  }

  connectedCallback(): void {
    const words = this.#words;
    this.#before.textContent = words.before;
    this.#send.textContent = words.send;
    this.#box.placeholder = words.write;
    this.#box.setAttribute("aria-label", words.write);
    this.#begin();
  }

  disconnectedCallback(): void {
    this.#end();
  }

  attributeChangedCallback(): void {
    this.#begin();
  }

  get #words(): typeof WORDS.en {
    const language = this.closest("[lang]")?.getAttribute("lang") ?? navigator.language;
    return language.startsWith("zh") ? WORDS.zh : WORDS.en;
  }

  #begin(): void {
    this.#end();
    const server = this.getAttribute("server")?.replace(/\/+$/, "");
    const conversation = this.getAttribute("conversation");
    if (!this.isConnected || !this.#login || !server || !conversation) return;
    const { platform } = this;
    const client = new HubbubClient({
      server,
      address: `${server.replace(/^http/, "ws")}/ws`,
      login: this.#login,
      name: "hubbub-chat",
      ...(platform ? { platform } : {}),
    });
    this.#client = client;
    const room = openRoom(client, conversation);
    this.#room = room;
    room.onChange(() => this.#draw());
    client.on("status", ({ state, error }) => {
      this.#status.textContent = state === "online" ? "" : (error?.message ?? "…");
    });
    void client.start();
    this.#draw();
  }

  #end(): void {
    this.#room?.close();
    void this.#client?.close();
    this.#room = this.#client = undefined;
    this.#list.replaceChildren();
  }

  #say(): void {
    const text = this.#box.value.trim();
    if (!text || !this.#room || !this.#client) return;
    // The list shows what became of it.
    this.#client.send(this.#room.view.conversationId, text).done.catch(() => undefined);
    this.#box.value = "";
  }

  #draw(): void {
    const view = this.#room?.view;
    if (!view) return;
    const list = this.#list;
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    const fromEnd = list.scrollHeight - list.scrollTop;
    this.#before.hidden = !view.moreBefore;
    const rows = view.items.flatMap((item) => {
      if (item.type === "message") return [this.#row(item.message.senderId, item.message.post, item.message)];
      return item.type === "pending" ? [this.#row(this.#client?.userId ?? "", item.post, null)] : [];
    });
    list.replaceChildren(...rows);
    list.scrollTop = atEnd ? list.scrollHeight : list.scrollHeight - fromEnd;
  }

  #row(senderId: string, post: Post, message: Message | null): HTMLLIElement {
    const row = document.createElement("li");
    const name = document.createElement("b");
    const text = document.createElement("span");
    name.textContent = this.#nameOf(senderId);
    text.dir = "auto";
    text.textContent = message?.recalled ? this.#words.recalled : shown(post.body);
    if (!message) row.dataset["waiting"] = "";
    if (message?.recalled) row.dataset["recalled"] = "";
    row.append(name, text);
    return row;
  }

  #nameOf(id: string): string {
    const known = this.#names.get(id);
    if (known !== undefined || !id) return known ?? "";
    this.#names.set(id, "");
    this.#client?.users([id]).then(
      ([user]) => {
        if (!user) return;
        this.#names.set(id, user.displayName || user.username);
        this.#draw();
      },
      () => this.#names.delete(id),
    );
    return "";
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "hubbub-chat": HubbubChat;
  }
}

/** Make `<hubbub-chat>` known to the page. */
export function defineHubbubChat(name = "hubbub-chat"): void {
  if (!customElements.get(name)) customElements.define(name, HubbubChat);
}
