// Which attributes of a recording reach the painted page, and as what. The walls (sandbox, policy, interceptor,
// resolver) hold without this; it keeps the page from trying.

import { asset, fragment, link, picture, pictures, shown, css } from "./urls.ts";
import { spritePart } from "./sprites.ts";
import { missing } from "./placeholder.ts";

const FRAMES = new Set(["iframe", "frame", "embed", "object", "applet", "portal", "fencedframe", "webview"]);
const MEDIA = new Set(["video", "audio", "source", "track"]);
const SVG_LINKS = new Set(["href", "xlink:href"]);

/** Never set, whatever the element. */
const NEVER = new Set([
  "srcdoc", "ping", "action", "formaction", "manifest", "codebase", "classid", "archive", "code", "profile",
  "attributionsrc", "autofocus", "autoplay", "crossorigin", "target", "formtarget", "download", "integrity", "nonce",
  "loading", "imagesrcset", "http-equiv", "sandbox", "allow", "csp", "credentialless",
  "rr-hover", "rr-undefined", "rr-mark", "lowsrc", "dynsrc", "popovertarget", "commandfor", "accesskey", "is", "usemap", "shadowrootmode",
]);

/** Never a URL, a handler or a style on any element: passed without looking closer. */
const HARMLESS = new Set([
  "class", "id", "role", "title", "type", "name", "value", "placeholder", "for", "colspan", "rowspan", "lang", "dir",
  "alt", "tabindex", "d", "viewBox", "width", "height", "x", "y", "aria-label", "aria-hidden", "slot", "part",
]);

export interface Place {
  /** Tag, lower case. */
  tag: string;
  svg: boolean;
  /** URL of the recorded page. */
  page: string;
  attrs: Record<string, unknown>;
}

/** The value an attribute is set to, or null when it is not set. */
export function clean(name: string, value: unknown, at: Place): string | null {
  if (HARMLESS.has(name) && typeof value === "string") return value;
  const lower = name.toLowerCase();
  if (value === null || value === undefined || value === false && lower !== "value") return null;
  if (lower.startsWith("on") || lower.startsWith("rr_") || NEVER.has(lower)) return null;
  if (lower === "_csstext" || lower === "style") return null;
  const text = value === true ? "" : String(value);
  const { tag, page } = at;
  if (at.svg && SVG_LINKS.has(lower)) {
    if (tag === "a") return link(text, page);
    const part = fragment(text, page);
    if (part !== null) return part;
    if (tag === "use") return spritePart(text, page);
    return tag === "image" || tag === "feimage" ? shown(text, page) ?? missing(null, null) : null;
  }
  switch (lower) {
    case "href":
      if (tag === "link") return sheet(at);
      return tag === "a" || tag === "area" ? link(text, page) : null;
    case "rel":
      return tag !== "link" ? text : sheet(at) ? "stylesheet" : null;
    case "src":
      if (tag === "img" || (tag === "input")) {
        const data = at.attrs.rr_dataURL;
        const had = picture(text) ?? (typeof data === "string" ? picture(data) : null) ?? asset(text, page, "i");
        // A stand-in would be one of the candidates; what was captured of the others is better.
        if (!had && typeof at.attrs.srcset === "string" && pictures(at.attrs.srcset, page)) return null;
        return had ?? missing(at.attrs.width, at.attrs.height);
      }
      if (MEDIA.has(tag) && (tag === "video" || tag === "audio") && /^\s*data:(video|audio)\//i.test(text)) return text.trim();
      return FRAMES.has(tag) || MEDIA.has(tag) || tag === "script" ? null : text;
    case "srcset":
      return (tag === "img" && !at.attrs.rr_dataURL) || tag === "source" ? pictures(text, page) : null;
    case "background":
      return shown(text, page);
    case "poster":
      return shown(text, page);
    case "data":
      return FRAMES.has(tag) ? null : text;
    case "cite": case "longdesc": case "xml:base":
      return null;
  }
  // Presentation attributes of SVG (fill, filter, mask, clip-path, cursor …) may hold url().
  return /url\(/i.test(text) ? css(text, page) : text;
}

/** Where the style sheet of a <link> is had that the recorder could not read; null for all other links. */
export function sheet({ attrs, page }: Pick<Place, "attrs" | "page">): string | null {
  const rel = String(attrs.rel ?? "").toLowerCase().split(/\s+/);
  if (typeof attrs.href !== "string" || attrs._cssText !== undefined) return null;
  return rel.includes("stylesheet") && !rel.includes("alternate") ? asset(attrs.href, page, "c") : null;
}
