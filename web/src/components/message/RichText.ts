/** Draws the tree that `text/markdown` makes of a message.  No string of HTML is made anywhere on the way. */
import { defineAsyncComponent, defineComponent, h, type PropType, type VNode, type VNodeArrayChildren } from "vue";

import EmojiSign from "@/components/emoji/EmojiSign.vue";
import { useConversations } from "@/stores/conversations";
import { useEmoji } from "@/stores/emoji";
import { usePeople } from "@/stores/people";
import { useUi } from "@/stores/ui";
import { isJustEmoji, parseMarkdown, type Block, type Inline } from "@/text/markdown";

/** Each part runs in the direction of its own script, whatever the language of the app. */
const AUTO = { dir: "auto" };

const CodeBlock = defineAsyncComponent(() => import("./CodeBlock.vue"));

export default defineComponent({
  name: "RichText",
  props: {
    text: { type: String, required: true },
    /** Whose mention is one: names of others are words like any other. */
    mentions: { type: Array as PropType<readonly string[]>, default: () => [] },
    mentionAll: { type: Boolean, default: false },
  },
  setup(props) {
    const people = usePeople();
    const conversations = useConversations();
    const emoji = useEmoji();
    const ui = useUi();

    function mention(name: string): VNode | string {
      const id = people.byName.get(name.toLowerCase());
      if (id && props.mentions.includes(id)) {
        const mine = id === conversations.self.id;
        return h(
          "button",
          { type: "button", class: ["mention", { mine }], onClick: () => ui.openProfile(id) },
          `@${people.name(id)}`,
        );
      }
      if (props.mentionAll && (name === "all" || name === "所有人")) {
        return h("span", { class: "mention mine" }, `@${name}`);
      }
      return `@${name}`;
    }

    function inlines(nodes: readonly Inline[]): VNodeArrayChildren {
      return nodes.map((node) => {
        switch (node.kind) {
          case "text":
            return node.text;
          case "code":
            return h("code", node.text);
          case "break":
            return h("br");
          case "mention":
            return mention(node.name);
          case "emoji":
            return emoji.byName.has(node.name) ? h(EmojiSign, { sign: `:${node.name}:` }) : `:${node.name}:`;
          case "link":
            return h(
              "a",
              { href: node.href, target: "_blank", rel: "noopener noreferrer nofollow" },
              inlines(node.children),
            );
          default:
            return h(node.kind, inlines(node.children));
        }
      });
    }

    function blocks(nodes: readonly Block[]): VNodeArrayChildren {
      return nodes.map((node) => {
        switch (node.kind) {
          case "paragraph":
            return h("p", AUTO, inlines(node.children));
          case "heading":
            return h("p", { ...AUTO, class: "heading" }, inlines(node.children));
          case "code":
            return h(CodeBlock, { code: node.text, language: node.language });
          case "quote":
            return h("blockquote", AUTO, blocks(node.children));
          case "rule":
            return h("hr");
          case "list":
            return h(
              node.ordered ? "ol" : "ul",
              node.ordered && node.start !== 1 ? { ...AUTO, start: node.start } : AUTO,
              node.items.map((item) =>
                h("li", { class: { task: item.done !== null } }, [
                  item.done === null ? null : h("span", { class: "box", "aria-hidden": true }, item.done ? "☑" : "☐"),
                  ...blocks(item.children),
                ]),
              ),
            );
          case "table":
            return h("div", { class: "table", tabindex: 0, role: "region", "aria-label": "table" }, [
              h("table", [
                h("thead", [
                  h(
                    "tr",
                    node.head.map((cell) => h("th", { ...AUTO, scope: "col" }, inlines(cell))),
                  ),
                ]),
                h(
                  "tbody",
                  node.rows.map((row) =>
                    h(
                      "tr",
                      row.map((cell) => h("td", AUTO, inlines(cell))),
                    ),
                  ),
                ),
              ]),
            ]);
        }
      });
    }

    return () =>
      h(
        "div",
        { class: ["rich", { large: isJustEmoji(props.text, (name) => emoji.byName.has(name)) }] },
        blocks(parseMarkdown(props.text)),
      );
  },
});
