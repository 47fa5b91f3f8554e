/** Colours code.  Loaded the first time that a message has some; the answer is a tree, not HTML. */
import { common, createLowlight } from "lowlight";

export type Highlighted = string | { classes: string[]; children: Highlighted[] };

interface HastNode {
  type: string;
  value?: string;
  properties?: { className?: unknown };
  children?: HastNode[];
}

const lowlight = createLowlight(common);

/** Return the coloured parts of code; plain where the language is not known. */
export function highlight(code: string, language: string): Highlighted[] {
  const name = language.toLowerCase();
  if (!lowlight.registered(name)) return [code];
  return convert(lowlight.highlight(name, code));
}

function convert(node: HastNode): Highlighted[] {
  return (node.children ?? []).map((child) => {
    if (child.type === "text") return child.value ?? "";
    const classes = child.properties?.className;
    return { classes: Array.isArray(classes) ? classes.map(String) : [], children: convert(child) };
  });
}
