// <use> of another file: browsers load it from the page's own origin only, which nothing of ours is. So the part of the
// captured file that is meant is copied into the page, cleaned as a recording is, and the element refers to the copy.

import { absolute, bare, css, fragment } from "./urls.ts";

const SVG_NS = "http://www.w3.org/2000/svg";
const PREFIX = "rr-sprite-";
/** Elements of one copy: a part that refers to more is not copied further. */
const MOST = 5_000;
/** What draws or is referred to by what draws. Scripts, foreign content, animation and pictures stay behind. */
const KEPT = new Set([
  "svg", "symbol", "g", "defs", "use", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan",
  "title", "desc", "lineargradient", "radialgradient", "stop", "pattern", "clippath", "mask", "marker", "filter",
  "feblend", "fecolormatrix", "fecomposite", "feflood", "fegaussianblur", "femerge", "femergenode", "feoffset",
]);

let files = new Map<string, { number: number; url: string; text: string; parsed?: Document | null }>();
let asked = new Set<Element>();

/** Take the captured SVG files that have parts, by URL, which a patch brought. */
export function setSprites(table: Record<string, string>): void {
  files = new Map();
  asked = new Set();
  for (const url in table) {
    const full = bare(absolute(url, url));
    files.set(full, { number: files.size, url: full, text: table[url]! });
  }
}

/** What a <use> refers to when its part of another file was captured; else null. */
export function spritePart(url: string, page: string): string | null {
  const full = absolute(url.trim(), page), at = full.indexOf("#");
  const file = at > 0 ? files.get(full.slice(0, at)) : undefined;
  return file && at + 1 < full.length ? `#${PREFIX}${file.number}-${decoded(full.slice(at + 1))}` : null;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Note an element whose reference was set: `settle` sees that what it names is there. */
export function ask(element: Element, name: string, value: string | null): void {
  if (element.localName === "use" && /^(xlink:)?href$/i.test(name) && value?.startsWith(`#${PREFIX}`)) asked.add(element);
}

/** Copy the parts that elements on the page refer to and that are not beside them yet. */
export function settle(): void {
  if (!asked.size) return;
  for (const element of asked) {
    const part = element.getAttribute("href") ?? element.getAttribute("xlink:href") ?? "";
    const match = /^#rr-sprite-(\d+)-([^]*)$/.exec(part), root = element.getRootNode();
    // references find what stands in the same document or shadow tree
    if (!match || !("getElementById" in root)) continue;
    const file = [...files.values()].find((one) => one.number === Number(match[1]));
    if (file) copy(root as Document | ShadowRoot, file, match[2]!);
  }
  asked.clear();
}

function copy(root: Document | ShadowRoot, file: { number: number; url: string; text: string; parsed?: Document | null },
              part: string): void {
  if (file.parsed === undefined) {
    const made = new DOMParser().parseFromString(file.text, "image/svg+xml");
    file.parsed = made.querySelector("parsererror") ? null : made;
  }
  const waiting = [part], seen = new Set<string>(), doc = "documentElement" in root ? root : root.ownerDocument;
  let left = MOST;
  for (let id = waiting.pop(); id !== undefined && file.parsed; id = waiting.pop()) {
    const name = `${PREFIX}${file.number}-${id}`;
    if (seen.has(id) || root.getElementById(name)) continue;
    seen.add(id);
    const found = file.parsed.getElementById(id);
    const made = found && clone(found);
    if (made) place(root, doc).appendChild(made);
  }

  function clone(from: Element): Element | null {
    if (from.namespaceURI !== SVG_NS || !KEPT.has(from.localName.toLowerCase()) || left-- <= 0) return null;
    const to = doc.createElementNS(SVG_NS, from.localName);
    for (const { name, value } of from.attributes) {
      const lower = name.toLowerCase();
      if (lower === "id") to.setAttribute("id", `${PREFIX}${file.number}-${value}`);
      else if (lower === "href" || lower === "xlink:href") {
        const local = fragment(value, file.url);
        if (local) to.setAttribute("href", refer(local.slice(1)));
      } else if (!lower.startsWith("on") && !lower.startsWith("xml") && !/^rr[-_]/.test(lower)) {
        const plain = /url\(|src\(|image|\\/i.test(value) ? css(value, file.url) : value;
        try {
          to.setAttribute(name, plain.replace(/url\("?#([^")]*)"?\)/g, (_, id: string) => `url("${refer(id)}")`));
        } catch {
          // a name no document accepts
        }
      }
    }
    for (const child of from.childNodes) {
      if (child.nodeType === 3) to.appendChild(doc.createTextNode(child.nodeValue ?? ""));
      else if (child.nodeType === 1) {
        const inner = clone(child as Element);
        if (inner) to.appendChild(inner);
      }
    }
    return to;
  }

  function refer(id: string): string {
    waiting.push(id);
    return `#${PREFIX}${file.number}-${id}`;
  }
}

/** Where copies stand: behind everything, without a box. */
function place(root: Document | ShadowRoot, doc: Document): Element {
  const known = root.getElementById(`${PREFIX}place`);
  if (known) return known;
  const made = doc.createElementNS(SVG_NS, "svg");
  made.id = `${PREFIX}place`;
  made.setAttribute("aria-hidden", "true");
  made.setAttribute("style", "position:absolute!important;width:0!important;height:0!important;overflow:hidden!important");
  ("documentElement" in root ? root.documentElement : root).appendChild(made);
  return made;
}
