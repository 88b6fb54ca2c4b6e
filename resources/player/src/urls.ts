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

/** The target of a link: shown and copied, never followed. Scripts and local files become about:blank. */
export function link(url: string, page: string): string {
  const text = url.trim();
  if (HERE.test(text)) return text;
  const full = absolute(text, page);
  return PLAIN.test(full) ? full : "about:blank";
}

// url( "…" ), url( '…' ), url( … ), src( "…" ); and the strings of @import and image-set().
const IN_CSS = /\b(url|src)\(\s*(?:"((?:[^"\\]|\\[^])*)"|'((?:[^'\\]|\\[^])*)'|([^)"']*))\s*\)/gi;
const IMPORT = /@import\s+(?:url\(\s*)?("(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*'|[^"'\s;)]+)[^;]*;?/gi;
const MAY_LOAD = /url\(|src\(|@import|image-set|\\/i;

/** Attribute of the elements the recorded pointer is over. */
export const HOVER = "rr-hover";

/** The viewer's own pointer must not change a recorded page, and the recorded one should: `:hover` as an attribute. */
export function hovered(text: string): string {
  return text.includes(":hover") ? text.replace(/(?<!\\):hover(?![\w-])/g, `[${HOVER}]`) : text;
}

/** CSS text in which nothing but data: and fragments is left to load; other URLs are absolute inside a dead scheme. */
export function css(text: string, page: string): string {
  if (!MAY_LOAD.test(text)) return text;
  let result = text.replace(IMPORT, "");
  result = result.replace(IN_CSS, (whole, word: string, double?: string, single?: string, bare?: string) => {
    const url = (double ?? single ?? bare ?? "").trim();
    if (!url) return whole;
    if (DATA_IMAGE.test(url) || DATA_FONT.test(url)) return whole;
    const part = fragment(url, page);
    if (part !== null) return `${word}("${part}")`;
    // Kept readable, but in a form no loader understands: a refused request for each would cost time.
    return `${word}("data:,${encodeURIComponent(absolute(url, page)).slice(0, 500)}")`;
  });
  return result;
}
