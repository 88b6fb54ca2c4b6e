// What the painted page holds, for tests, the oracle and `replay-viewer snapshot --json`.

import type { Painting } from "./painter.ts";
import { isDocument, isElement } from "./nodes.ts";

export interface InputState {
  id: number; tag: string; type: string; value: string; checked: boolean | null; selectedIndex: number | null;
  top: boolean; path: string;
}

export interface PageState {
  url: string;
  viewport: { w: number; h: number };
  text: string;
  html: string;
  inputs: InputState[];
  scrolls: Record<string, [number, number]>;
  frames: { id: number; text: string }[];
  focus: number | null;
  selection: string;
  nodes: number;
  problems: number;
}

/** `html`: also the markup (it costs as much as the page is large). */
export function read(painting: Painting | null, viewport: [number, number]): PageState {
  const state: PageState = {
    url: painting?.page ?? "", viewport: { w: viewport[0], h: viewport[1] }, text: "", html: "", inputs: [],
    scrolls: {}, frames: [], focus: null, selection: "", nodes: 0, problems: painting?.problems ?? 0,
  };
  if (!painting) return state;
  const top = painting.document;
  const active = painting.deepActive();
  state.focus = active && painting.mirror.getId(active) > 0 ? painting.mirror.getId(active) : null;
  const selection = top.getSelection();
  if (selection?.anchorNode) state.selection = `${painting.mirror.getId(selection.anchorNode)}:${selection.anchorOffset} ${selection}`;
  state.text = top.body?.innerText ?? "";
  state.html = top.documentElement?.outerHTML ?? "";
  for (const id of painting.mirror.getIds()) {
    const node = painting.mirror.getNode(id);
    state.nodes++;
    if (isDocument(node)) {
      const view = node.defaultView;
      if (view && (view.scrollX || view.scrollY)) state.scrolls[id] = [view.scrollX, view.scrollY];
      if (node !== top) state.frames.push({ id, text: node.body?.innerText ?? "" });
    } else if (isElement(node)) {
      if (node.scrollLeft || node.scrollTop) state.scrolls[id] = [node.scrollLeft, node.scrollTop];
      const tag = node.localName;
      if (tag === "input" || tag === "textarea" || tag === "select") {
        const field = node as HTMLInputElement;
        const toggles = tag === "input" && (field.type === "checkbox" || field.type === "radio");
        state.inputs.push({
          id, tag, type: field.type, value: field.value, checked: toggles ? field.checked : null,
          selectedIndex: tag === "select" ? (node as HTMLSelectElement).selectedIndex : null, top: node.getRootNode() === top,
          path: pathOf(node),
        });
      }
    }
  }
  // As the page has them: those of the top document first, in document order.
  const order = new Map([...top.querySelectorAll("input,textarea,select")].map((node, n) => [painting.mirror.getId(node), n]));
  state.frames.sort((a, b) => a.id - b.id);
  state.inputs.sort((a, b) => (order.get(a.id) ?? 1e9) - (order.get(b.id) ?? 1e9) || a.id - b.id);
  return state;
}

/** Where an element stands in its document or shadow root: tag, id and place of it and all around it. */
function pathOf(element: Element): string {
  const steps: string[] = [];
  for (let node: Element | null = element; node; node = node.parentElement) {
    const around = [...node.parentNode?.childNodes ?? [node]].filter((child) => child.nodeType === 1);
    steps.unshift(`${node.localName}#${node.id}:nth-child(${around.indexOf(node) + 1})`);
  }
  return steps.join(" > ");
}
