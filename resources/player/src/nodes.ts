// Building single nodes of a recorded document, over rrweb-snapshot's own builder.

import { type BuildCache, type Mirror, buildNodeWithSN } from "rrweb-snapshot";
import { blank, isMissing, missing } from "./placeholder.ts";
import { show } from "./media.ts";
import { MARK, isMask, mark } from "./marks.ts";
import { clean, type Place } from "./clean.ts";
import { ask } from "./sprites.ts";
import { UNDEFINED, asset, css } from "./urls.ts";
import {
  type Attributes, BLOCKED, CDATA, COMMENT, CUSTOM, DOCTYPE, ELEMENT, type Overrides, type Rec, SHADOW_HOST, SVG, TEXT,
} from "./patch.ts";

const MATH_NS = "http://www.w3.org/1998/Math/MathML";
const XLINK_NS = "http://www.w3.org/1999/xlink";
const XML_NS = "http://www.w3.org/XML/1998/namespace";
/** MathML elements whose children are HTML again. */
const MATH_TEXT = new Set(["mi", "mo", "mn", "ms", "mtext", "annotation-xml"]);
/** Flags of nodes that need more than their tag. */
const UNUSUAL = SVG | SHADOW_HOST | CUSTOM;
const VOID_NAME = /[^a-z0-9._:-]/i;

/** SVG elements whose names rrweb-snapshot does not write as documents do (the recorder lowers them all). */
const SVG_NAMES: Record<string, string> = { textpath: "textPath" };

/** What building needs besides the record: the document it is built for and what all builds share. */
export interface Bench {
  doc: Document;
  mirror: Mirror;
  cache: BuildCache;
  /** URL of the recorded page. */
  page: string;
  /** Told of each <link> that was built, which may load a captured sheet. */
  sheet: (link: Element) => void;
}

export function isElement(node: Node | null | undefined): node is Element {
  return node?.nodeType === 1;
}

export function isDocument(node: Node | null | undefined): node is Document {
  return node?.nodeType === 9;
}

/** Tag of an element as rules speak of it: local name, lower case. */
export function tagOf(name: string): string {
  const at = name.lastIndexOf(":");
  return (at < 0 ? name : name.slice(at + 1)).toLowerCase();
}

/** Whether a recorded element is one whose document, if any, is recorded apart. */
export function isFrame(node: Node): node is HTMLIFrameElement {
  return isElement(node) && (node.localName === "iframe" || node.localName === "frame");
}

/** The node of a record, without children, registered in the mirror under its id. `parent` decides the namespace. */
export function make(rec: Rec, parent: Node | null, bench: Bench): Node {
  const [id, kind] = rec;
  const { doc, mirror } = bench;
  let node: Node;
  switch (kind) {
    case ELEMENT:
      return makeElement(rec, parent, bench);
    case DOCTYPE:
      node = doc.implementation.createDocumentType("html", rec[10]?.[0] ?? "", rec[10]?.[1] ?? "");
      break;
    case COMMENT:
      node = doc.createComment(rec[7] ?? "");
      break;
    case TEXT: case CDATA:
    default:
      node = doc.createTextNode(rec[7] ?? "");
      if (isElement(parent) && isMask(rec[7] ?? "")) mark(parent, "masked", true);
  }
  mirror.add(node, { type: kind, id } as never);
  return node;
}

function makeElement(rec: Rec, parent: Node | null, bench: Bench): Element {
  const { doc, mirror, cache } = bench;
  const [id, , , recorded, attrs] = rec;
  const flags = rec[8] ?? 0;
  const tag = VOID_NAME.test(recorded) ? "div" : tagOf(recorded);
  const svg = (flags & SVG) !== 0;
  let element: Element;
  if (isMath(tag, parent)) {
    element = doc.createElementNS(MATH_NS, tag);
    mirror.add(element, { type: ELEMENT, id } as never);
  } else if (!(flags & UNUSUAL) && tag !== "script" && tag !== "link") {
    // What rrweb-snapshot would make of it, without its per-node checks: most nodes of a page come here.
    element = doc.createElement(tag);
    if (tag === "input" || tag === "textarea") element.setAttribute("autocomplete", "off");
    mirror.add(element, { type: ELEMENT, id } as never);
  } else {
    element = buildNodeWithSN(
      {
        // A captured <link> is painted as a <style>; its text is filled by sheets.ts.
        type: ELEMENT, id,
        tagName: svg ? SVG_NAMES[tag] ?? tag : tag === "link" && typeof attrs._cssText === "string" ? "style" : tag,
        attributes: {}, childNodes: [], isSVG: svg || undefined,
        isCustom: (flags & CUSTOM) !== 0 && tag.includes("-") || undefined,
        isShadowHost: (flags & SHADOW_HOST) !== 0 && canHostShadow(tag) || undefined,
      } as never,
      { doc, mirror, cache, skipChild: true, hackCss: false },
    ) as Element;
  }
  if (isFrame(element)) element.setAttribute("sandbox", "allow-same-origin");
  setAttributes(element, attrs, { tag, svg, page: bench.page, attrs });
  if (attrs.style !== undefined || rec[9]) setStyle(element, text(attrs.style), rec[9] ?? null, bench.page);
  special(element, attrs);
  if (tag === "object" || tag === "embed") plugin(element, attrs, bench.page);
  // Recorders that do not say what is defined at least say what has a shadow root.
  const known = svg || (flags & (CUSTOM | SHADOW_HOST)) !== 0 || attrs.rr_defined !== undefined;
  if (tag.includes("-") && !known) element.setAttribute(UNDEFINED, "");
  if (tag === "link") switchSheet(element, attrs);
  if (tag === "link") bench.sheet(element);
  if (tag === "video" || tag === "audio") show(element, attrs, undefined, 0, bench.page);
  if (flags & BLOCKED) element.setAttribute(MARK, "blocked");
  else if (isFrame(element)) element.setAttribute(MARK, "frame");
  else if (tag === "img") markPicture(element);
  else if (typeof attrs.value === "string" && isMask(attrs.value)) mark(element, "masked", true);
  return element;
}

/** The picture an <object> or <embed> showed, if it is there; else a box of its size. Neither ever loads anything. */
function plugin(element: Element, attrs: Attributes, page: string): void {
  const url = element.localName === "object" ? attrs.data : attrs.src;
  if (typeof url !== "string" || !url) return;
  const kept = /^\s*data:image\//i.test(url) ? url.trim() : asset(url, page, "i");
  content(element, kept ?? missing(attrs.width ?? 300, attrs.height ?? 150));
  // Without an address or a type it has no box.
  if (element.localName === "embed") element.setAttribute("type", "image/png");
  if (!kept) mark(element, "plugin", true);
}

/** A captured <link> is painted as a <style>: one that is an alternative or disabled must not count. */
export function switchSheet(element: Element, attrs: Attributes): void {
  if (element.localName !== "style") return;
  const off = attrs.disabled !== undefined && attrs.disabled !== false || /\balternate\b/i.test(String(attrs.rel ?? ""));
  const media = off ? "not all" : text(attrs.media);
  if (media === null) element.removeAttribute("media");
  else if (element.getAttribute("media") !== media) element.setAttribute("media", media);
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function canHostShadow(tag: string): boolean {
  return tag.includes("-") || /^(article|aside|blockquote|body|div|footer|h[1-6]|header|main|nav|p|section|span)$/.test(tag);
}

function isMath(tag: string, parent: Node | null): boolean {
  if (tag === "math") return true;
  if (!isElement(parent) || parent.namespaceURI !== MATH_NS) return false;
  return !MATH_TEXT.has(parent.localName) || tag === "mglyph" || tag === "malignmark";
}

/** Set all attributes of a new element. */
function setAttributes(element: Element, attrs: Attributes, place: Place): void {
  for (const name in attrs) setAttribute(element, name, attrs[name], place);
  if (place.tag === "img") {
    (element as HTMLImageElement).decoding = "sync";
    if (typeof attrs.rr_dataURL === "string" && !/^\s*data:/i.test(String(attrs.src ?? ""))) {
      setRaw(element, "src", clean("src", attrs.rr_dataURL, place));
    } else if (attrs.src === undefined && attrs.srcset !== undefined && !element.hasAttribute("srcset")) {
      setRaw(element, "src", clean("src", "", place));
    }
  }
}

/** Say of a picture that its file was not recorded. */
export function markPicture(image: Element): void {
  if (image.localName !== "img") return;
  const around = image.parentElement;
  const sources = around?.localName === "picture" ? [...around.querySelectorAll("source[srcset]")] : [];
  mark(image, "image", isMissing(image.getAttribute("src")) && !image.hasAttribute("srcset") && !sources.length);
}

/** Set or remove one attribute as recorded. */
export function setAttribute(element: Element, name: string, value: unknown, place: Place): void {
  const kept = clean(name, value, place);
  setRaw(element, name, kept);
  if (place.tag === "use") ask(element, name, kept);
}

function setRaw(element: Element, name: string, value: string | null): void {
  const lower = name.toLowerCase();
  if (lower === "sandbox" || lower.startsWith("rr_")) return;
  try {
    if (value === null) {
      if (lower !== "style") element.removeAttribute(name);
    } else if (lower === "xlink:href") {
      element.setAttributeNS(XLINK_NS, name, value);
    } else if (lower.startsWith("xml:")) {
      element.setAttributeNS(XML_NS, name, value);
    } else {
      element.setAttribute(name, value);
    }
  } catch {
    // A name no document accepts: the recorder's page had it from a parser, which is more lenient.
  }
}

/** Set the style attribute anew, then what scripts changed of it. */
export function setStyle(element: Element, value: string | null, overrides: Overrides | null, page: string): void {
  if (value === null) element.removeAttribute("style");
  else element.setAttribute("style", css(value, page));
  const style = (element as HTMLElement).style;
  if (!overrides || !style) return;
  for (const name in overrides) {
    const setting = overrides[name]!;
    if (setting === false) style.removeProperty(name);
    else if (Array.isArray(setting)) style.setProperty(name, css(setting[0], page), setting[1]);
    else style.setProperty(name, css(setting, page));
  }
}

/** The style attribute of a record, and what stands for a box in a frame without scripts or loading. */
export function special(element: Element, attrs: Attributes, picture?: string): void {
  const style = (element as HTMLElement).style;
  if (!style) return;
  // What the recorder measured of an element it left out is the box with its border.
  if (attrs.rr_width !== undefined) style.setProperty("box-sizing", "border-box");
  if (attrs.rr_width !== undefined) style.setProperty("width", String(attrs.rr_width));
  if (attrs.rr_height !== undefined) style.setProperty("height", String(attrs.rr_height));
  switch (element.localName) {
    case "canvas":
      // In a frame without scripts a canvas has no box of its own and shows its fallback: give it a picture.
      content(element, picture
        ?? (typeof attrs.rr_dataURL === "string" ? attrs.rr_dataURL : blank(attrs.width, attrs.height)));
      break;
  }
}

function content(element: Element, url: string): void {
  if (!/^(data:image\/|blob:|replay:\/\/asset\/)/i.test(url)) return;
  (element as HTMLElement).style.setProperty("content", `url("${url.replace(/["\\\n]/g, "")}")`, "important");
}
