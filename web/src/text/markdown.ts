/**
 * Markdown becomes a small tree, never a string of HTML.
 *
 * Whoever writes a message decides what everybody else's browser draws.  So no HTML is made anywhere: the parser's tokens
 * become these nodes, and `RichText` makes elements of them.  HTML in a message is shown as the text it is, pictures of
 * other servers are links (looking at a message tells nobody that one looked), and a link has one of three schemes.
 */
import { Marked, type Token, type Tokens } from "marked";

export type Inline =
  | { kind: "text"; text: string }
  | { kind: "code"; text: string }
  | { kind: "break" }
  | { kind: "mention"; name: string }
  | { kind: "emoji"; name: string }
  | { kind: "strong" | "em" | "del"; children: Inline[] }
  | { kind: "link"; href: string; children: Inline[] };

export type Block =
  | { kind: "paragraph"; children: Inline[] }
  | { kind: "heading"; children: Inline[] }
  | { kind: "code"; text: string; language: string }
  | { kind: "quote"; children: Block[] }
  | { kind: "list"; ordered: boolean; start: number; items: ListItem[] }
  | { kind: "table"; head: Inline[][]; rows: Inline[][][]; align: (string | null)[] }
  | { kind: "rule" };

export interface ListItem {
  /** null: it is no task. */
  done: boolean | null;
  children: Block[];
}

/** Longer texts are shown as they are: parsing is for what people write, not for what they paste. */
const MARKDOWN_CHARS = 20_000;

/** Quotes and lists deeper than this are shown flat, whatever the parser made of them. */
const DEPTH = 10;

/** The names the server allows, after an @ that does not follow a letter. */
const MENTION = /^@([\p{L}\p{N}][\p{L}\p{N}._-]{0,31})/u;

/** A name as an emoji of the place is written (protocol.md 10.20); whether there is one is seen when it is drawn. */
const EMOJI = /(?<![A-Za-z0-9]):([\p{L}\p{Nd}][\p{L}\p{M}\p{Nd}_+-]{0,31}):/gu;

const marked = new Marked({
  gfm: true,
  breaks: true,
  extensions: [
    {
      name: "mention",
      level: "inline",
      start: (source: string) => {
        const found = /(?<![\p{L}\p{N}._@/-])@[\p{L}\p{N}]/u.exec(source);
        return found?.index;
      },
      tokenizer(source: string) {
        const found = MENTION.exec(source);
        if (!found?.[1]) return undefined;
        const name = found[1].replace(/[._-]+$/, "");
        return { type: "mention", raw: `@${name}`, name };
      },
    },
  ],
});

/** What was parsed last: a message is wanted for its row, its label, the list, and again whenever it is scrolled by. */
const parsed = new Map<string, readonly Block[]>();
const PARSED = 600;
const PARSED_CHARS = 4_000;

/** Return the blocks of a message, which are shared: nobody changes them. */
export function parseMarkdown(text: string): readonly Block[] {
  if (text.length > MARKDOWN_CHARS) return [plain(text)];
  if (text.length > PARSED_CHARS) return parse(text);
  let found = parsed.get(text);
  if (!found) {
    found = parse(text);
    const [oldest] = parsed.keys();
    if (parsed.size >= PARSED && oldest !== undefined) parsed.delete(oldest);
    parsed.set(text, found);
  }
  return found;
}

function parse(text: string): Block[] {
  try {
    return blocks(marked.lexer(text), 0);
  } catch {
    // The parser recurses; a text made to exhaust it is shown as it is.
    return [plain(text)];
  }
}

/** Return what a message says in one line, without its markup. */
export function plainText(text: string): string {
  if (text.length > MARKDOWN_CHARS) return text.slice(0, 300);
  try {
    return parseMarkdown(text.slice(0, 2000)).map(blockText).join(" ").replace(/\s+/g, " ").trim();
  } catch {
    return text.slice(0, 300);
  }
}

/** Whether a message is nothing but a few emoji, which are then shown large; `isOwn` knows those of the place. */
export function isJustEmoji(written: string, isOwn: (name: string) => boolean = () => false): boolean {
  if (written.length > 400) return false;
  const text = written.includes(":")
    ? written.replace(EMOJI, (sign, name: string) => (isOwn(name) ? "🙂" : sign))
    : written;
  if (text.length > 40) return false;
  return /^(?:\p{Extended_Pictographic}(?:\uFE0F|\p{Emoji_Modifier})?(?:\u200D\p{Extended_Pictographic}\uFE0F?)*|\p{Regional_Indicator}{2}|\s){1,12}$/u.test(
    text.trim(),
  );
}

function plain(text: string): Block {
  const lines = text.split("\n");
  const children: Inline[] = [];
  lines.forEach((line, index) => {
    if (index) children.push({ kind: "break" });
    if (line) children.push({ kind: "text", text: line });
  });
  return { kind: "paragraph", children };
}

function blocks(tokens: Token[], depth: number): Block[] {
  return tokens.flatMap((token) => block(token, depth));
}

function block(token: Token, depth: number): Block[] {
  if (depth > DEPTH) return [plain(token.raw.trim())];
  switch (token.type) {
    case "space":
    case "def":
      return [];
    case "heading":
      return [{ kind: "heading", children: inlines((token as Tokens.Heading).tokens) }];
    case "code": {
      const code = token as Tokens.Code;
      return [{ kind: "code", text: code.text, language: (code.lang ?? "").split(/\s/)[0] ?? "" }];
    }
    case "blockquote":
      return [{ kind: "quote", children: blocks((token as Tokens.Blockquote).tokens, depth + 1) }];
    case "hr":
      return [{ kind: "rule" }];
    case "list": {
      const list = token as Tokens.List;
      return [
        {
          kind: "list",
          ordered: list.ordered,
          start: typeof list.start === "number" ? list.start : 1,
          items: list.items.map((item) => ({
            done: item.task ? Boolean(item.checked) : null,
            children: blocks(
              item.tokens.filter((each) => each.type !== "checkbox"),
              depth + 1,
            ),
          })),
        },
      ];
    }
    case "table": {
      const table = token as Tokens.Table;
      return [
        {
          kind: "table",
          align: table.align,
          head: table.header.map((cell) => inlines(cell.tokens)),
          rows: table.rows.map((row) => row.map((cell) => inlines(cell.tokens))),
        },
      ];
    }
    case "paragraph":
      return [{ kind: "paragraph", children: inlines((token as Tokens.Paragraph).tokens) }];
    case "text": {
      const text = token as Tokens.Text;
      return [
        { kind: "paragraph", children: text.tokens ? inlines(text.tokens) : [{ kind: "text", text: text.text }] },
      ];
    }
    default:
      // HTML, and whatever a newer parser knows: as it was written.
      return token.raw.trim() ? [plain(token.raw.trimEnd())] : [];
  }
}

function inlines(tokens: Token[], depth = 0): Inline[] {
  return joined(tokens, depth).flatMap((node) => (node.kind === "text" ? withEmoji(node) : [node]));
}

/** Cut the names of emoji out of a text. */
function withEmoji(node: Inline & { kind: "text" }): Inline[] {
  const { text } = node;
  if (text.indexOf(":") === text.lastIndexOf(":")) return [node];
  const made: Inline[] = [];
  let end = 0;
  for (const found of text.matchAll(EMOJI)) {
    if (found.index > end) made.push({ kind: "text", text: text.slice(end, found.index) });
    made.push({ kind: "emoji", name: found[1] ?? "" });
    end = found.index + found[0].length;
  }
  if (end < text.length) made.push({ kind: "text", text: text.slice(end) });
  return made;
}

function joined(tokens: Token[], depth: number): Inline[] {
  const made: Inline[] = [];
  for (const token of tokens) {
    for (const node of inline(token, depth)) {
      const last = made.at(-1);
      if (node.kind === "text" && last?.kind === "text") last.text += node.text;
      else made.push(node);
    }
  }
  return made;
}

function inline(token: Token, depth: number): Inline[] {
  if (depth > DEPTH) return [{ kind: "text", text: token.raw }];
  switch (token.type) {
    case "mention":
      return [{ kind: "mention", name: String(token.name) }];
    case "strong":
    case "em":
    case "del":
      return [{ kind: token.type, children: inlines(token.tokens ?? [], depth + 1) }];
    case "codespan":
      return [{ kind: "code", text: (token as Tokens.Codespan).text }];
    case "br":
      return [{ kind: "break" }];
    case "link": {
      const link = token as Tokens.Link;
      const href = safeHref(link.href);
      return href
        ? [{ kind: "link", href, children: joined(link.tokens, depth + 1) }]
        : [{ kind: "text", text: link.raw }];
    }
    case "image": {
      const image = token as Tokens.Image;
      const href = safeHref(image.href);
      return href
        ? [{ kind: "link", href, children: [{ kind: "text", text: image.text || image.href }] }]
        : [{ kind: "text", text: image.raw }];
    }
    case "escape":
      return [{ kind: "text", text: (token as Tokens.Escape).text }];
    case "text": {
      const text = token as Tokens.Text;
      return text.tokens ? joined(text.tokens, depth + 1) : [{ kind: "text", text: text.text }];
    }
    default:
      return [{ kind: "text", text: token.raw }];
  }
}

/** Return the address if it may be followed from a message, else nothing. */
export function safeHref(href: string): string | undefined {
  try {
    const url = new URL(href);
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : undefined;
  } catch {
    return undefined;
  }
}

function blockText(node: Block): string {
  switch (node.kind) {
    case "paragraph":
    case "heading":
      return inlineText(node.children);
    case "code":
      return node.text;
    case "quote":
      return node.children.map(blockText).join(" ");
    case "list":
      return node.items.map((item) => item.children.map(blockText).join(" ")).join(" ");
    case "table":
      return [node.head, ...node.rows].map((row) => row.map(inlineText).join(" ")).join(" ");
    case "rule":
      return "";
  }
}

function inlineText(nodes: Inline[]): string {
  return nodes
    .map((node) => {
      switch (node.kind) {
        case "text":
        case "code":
          return node.text;
        case "break":
          return " ";
        case "mention":
          return `@${node.name}`;
        case "emoji":
          return `:${node.name}:`;
        default:
          return inlineText(node.children);
      }
    })
    .join("");
}
