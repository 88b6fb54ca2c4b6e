// What becomes of the URLs of a recording. Nothing of a recording is ever loaded: only data: pictures and references
// inside the same document stay; everything else is made absolute, so that it can never name something of ours.

const HERE = /^#/;
const DATA_IMAGE = /^data:image\//i;
const DATA_FONT = /^data:(font|application\/(x-)?font|application\/octet-stream|application\/vnd\.ms-fontobject)/i;
const PLAIN = /^(https?|mailto|tel|sms):/i;

/** `url` made absolute against the recorded page; "about:blank" when that makes no sense. */
export function absolute(url: string, page: string): string {
  try {
    return new URL(url, page).href;
  } catch {
    return "about:blank";
  }
}

/** "#part" when `url` names a part of the recorded page itself, else null. */
export function fragment(url: string, page: string): string | null {
  const text = url.trim();
  if (HERE.test(text)) return text;
  const at = text.indexOf("#");
  if (at < 0) return null;
  return absolute(text.slice(0, at), page) === absolute(page.split("#", 1)[0]!, page) ? text.slice(at) : null;
}

/** A picture that needs no loading from anywhere: data: only. */
export function picture(url: string): string | null {
  const text = url.trim();
  return DATA_IMAGE.test(text) ? text : null;
}

/** Captured files of the session, by normal URL without its fragment: keys that begin with i(mage), f(ont), c(ss). */
let captured = new Map<string, string>();

/** Take the table of captured files a patch brought. */
export function setAssets(table: Record<string, string>): void {
  captured = new Map();
  for (const url in table) {
    const key = table[url]!;
    if (/^[cfi][0-9a-f]{32}$/.test(key)) captured.set(bare(absolute(url, url)), `replay://asset/${key}`);
  }
}

/** `url` without its fragment. */
export function bare(url: string): string {
  const at = url.indexOf("#");
  return at < 0 ? url : url.slice(0, at);
}

/** Where the captured file that `url` names is had, when it is one of these kinds; null when there is none. */
export function asset(url: string, page: string, kinds: string): string | null {
  if (!captured.size) return null;
  const full = absolute(url.trim(), page), found = captured.get(bare(full));
  if (!found || !kinds.includes(found[15]!)) return null;
  return full.includes("#") ? found + full.slice(full.indexOf("#")) : found;
}

/** A picture: in the recording itself, or captured. */
export function shown(url: string, page: string): string | null {
  return picture(url) ?? asset(url, page, "i");
}

/** A srcset with what was captured of it, or is data; null when nothing is. */
export function pictures(srcset: string, page: string): string | null {
  const kept: string[] = [];
  for (let rest = srcset; (rest = rest.replace(/^[\s,]+/, ""));) {
    let url = /^\S+/.exec(rest)![0], descriptor = "";
    rest = rest.slice(url.length);
    if (url.endsWith(",")) {
      url = url.replace(/,+$/, "");
    } else {
      descriptor = /^(?:[^,(]|\([^)]*\)?)*/.exec(rest)![0];
      rest = rest.slice(descriptor.length);
    }
    const found = shown(url, page);
    if (found !== null) kept.push(`${found} ${descriptor.trim()}`.trim());
  }
  return kept.length ? kept.join(", ") : null;
}

/** The target of a link: shown and copied, never followed. Scripts and local files become about:blank. */
export function link(url: string, page: string): string {
  const text = url.trim();
  if (HERE.test(text)) return text;
  const full = absolute(text, page);
  return PLAIN.test(full) ? full : "about:blank";
}

// url( "…" ), url( '…' ), url( … ), src( "…" ); and the strings of @import and image-set().
const IN_CSS = /\b(url|src)\(\s*(?:"((?:[^"\\]|\\[^])*)"|'((?:[^'\\]|\\[^])*)'|([^)"']*))\s*\)/gi;
const IMPORT = /@import\s*(?:url\(\s*)?("(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*'|[^"'\s;)]+)\s*\)?([^;]*);?/gi;
const MAY_LOAD = /url\(|src\(|@import|image-set|\\/i;

/** Attribute of the elements the recorded pointer is over. */
export const HOVER = "rr-hover";

/** Attribute of custom elements whose definition had not come yet. */
export const UNDEFINED = "rr-undefined";

/**
 * What only the recorded page knows, as attributes: the viewer's own pointer must not change it, the recorded one should
 * (`:hover`); and no definition can be taken back when time goes backward (`:defined`).
 */
export function told(text: string): string {
  const hover = text.includes(":hover") ? text.replace(/(?<!\\):hover(?![\w-])/g, `[${HOVER}]`) : text;
  return hover.includes(":defined") ? hover.replace(/(?<!\\):defined(?![\w-])/g, `:not([${UNDEFINED}])`) : hover;
}

const EITHER = new RegExp(`${IMPORT.source}|${IN_CSS.source}`, "gi");

/** CSS text in which nothing is left to load but data:, fragments and captured files; other URLs are kept readable. */
export function css(text: string, page: string): string {
  if (!MAY_LOAD.test(text)) return text;
  return text.replace(EITHER, (whole, sheet?: string, tail?: string, word?: string, double?: string, single?: string, plain?: string) => {
    if (sheet !== undefined) {
      const found = asset(/^["']/.test(sheet) ? sheet.slice(1, -1) : sheet, page, "c");
      return found ? `@import url("${quoted(found)}") ${tail!.trim()};` : "";
    }
    const url = (double ?? single ?? plain ?? "").trim();
    if (!url) return whole;
    if (DATA_IMAGE.test(url) || DATA_FONT.test(url)) return whole;
    const part = fragment(url, page);
    if (part !== null) return `${word}("${part}")`;
    const found = asset(url, page, "if");
    if (found) return `${word}("${quoted(found)}")`;
    // Kept readable, but in a form no loader understands: a refused request for each would cost time.
    return `${word}("data:,${encodeURIComponent(absolute(url, page)).slice(0, 500)}")`;
  });
}

function quoted(url: string): string {
  return url.replace(/["\\\n]/g, encodeURIComponent);
}
