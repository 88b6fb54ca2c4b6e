// Style sheets: text of <style> elements, logs of rule operations, constructed and adopted sheets, fonts.

import { type BuildCache, adaptCssForReplay } from "rrweb-snapshot";
import type { Font, Op } from "./patch.ts";
import { sheet as marks } from "./marks.ts";
import { css, told } from "./urls.ts";

/** rrweb-snapshot's mark between the parts of _cssText that belong to the text nodes of one <style>. */
const SPLIT = "/* rr_split */";

/** Attribute of what holds the focus or the caret, in pages that leave out what is far from the viewport. */
export const ENGAGED = "rr-engaged";

/** What every painted document gets: no <noscript>, which scriptless frames show, and no fallback of a canvas. */
const OWN = "noscript{display:none!important}canvas>*{display:none!important}"
  // A frame without scripts shows the browser's own controls on every video.
  + "video:not([controls])::-webkit-media-controls{display:none!important}"
  // Scroll positions are the recording's: nothing that grows above moves them.
  + "*{overflow-anchor:none!important}"
  // What holds the focus or the caret is laid out wherever it is; a page in the background does not know it has them.
  + `[${ENGAGED}]{content-visibility:visible!important}`;

/** All of a page laid out, also what it leaves out while it is far from the viewport. */
const WHOLE = "*{content-visibility:visible!important}";

/** CSS as the painter uses it: nothing left to load, device sizes as viewport sizes. */
export function adapt(text: string, page: string, cache: BuildCache): string {
  const own = told(css(text, page));
  // rrweb-snapshot's adaptation parses all of it, and what we want of it is only the device-size queries.
  return own.includes("-device-") ? adaptCssForReplay(own, cache) : own;
}

interface Log { ops: Op[]; sheet: CSSStyleSheet | null }

interface StyleText { css: string | null; texts: Map<Node, string> }

export class Sheets {
  private logs = new Map<number, Log>();
  private constructed = new Map<number, { sheet: CSSStyleSheet; ops: Op[]; doc: Document }>();
  private styles = new WeakMap<Element, StyleText>();
  private own = new WeakMap<Document, CSSStyleSheet[]>();
  private whole: CSSStyleSheet[] = [];
  /** Whether the page leaves parts out while they are far from the viewport (`content-visibility`). */
  leavesOut = false;
  private fonts = new WeakMap<Document, Map<string, FontFace>>();
  /** Fonts of the documents that are being loaded. */
  pending: Promise<unknown>[] = [];

  constructor(private cache: BuildCache, private element: (id: number) => Node | null, public page: string) {}

  /** Wait with the picture for the sheet of a <link>, or the imports of a <style>, if they are captured files. */
  awaits(element: Element): void {
    const loads = element.localName === "link" ? element.getAttribute("rel") === "stylesheet" && !element.hasAttribute("disabled")
      : element.textContent?.includes("@import");
    if (!loads) return;
    this.pending.push(new Promise((done) => {
      for (const name of ["load", "error"]) element.addEventListener(name, done, { once: true });
    }));
  }

  // -- text of style elements --------------------------------------------------------------------------------

  /** Remember what the record of a <style> (or a captured <link>) says its sheet's text is. */
  setText(style: Element, cssText: string | null): void {
    const known = this.styles.get(style);
    if (known) known.css = cssText;
    else this.styles.set(style, { css: cssText, texts: new Map() });
  }

  /** Remember the recorded text of a text node inside a <style>. */
  setChild(style: Element, child: Node, text: string): void {
    let known = this.styles.get(style);
    if (!known) this.styles.set(style, known = { css: null, texts: new Map() });
    known.texts.set(child, text);
  }

  /** Recorded text of a text node inside a <style>. */
  childText(style: Element, child: Node): string {
    return this.styles.get(style)?.texts.get(child) ?? child.nodeValue ?? "";
  }

  /** Fill the text nodes of a <style> from what is known of it; makes its sheet anew. */
  fill(style: Element): void {
    const known = this.styles.get(style);
    if (!known) return;
    const children = [...style.childNodes].filter((n) => known.texts.has(n));
    if (!children.length) {
      style.textContent = known.css === null ? "" : this.adapt(known.css);
      this.awaits(style);
      return;
    }
    // A text of ours from a time when it had none of its own.
    for (const child of [...style.childNodes]) if (child.nodeType === 3 && !known.texts.has(child)) child.remove();
    const parts = known.css === null ? [] : known.css.split(SPLIT);
    while (parts.length > children.length) parts.splice(-2, 2, parts.slice(-2).join(""));
    children.forEach((child, n) => {
      const text = this.adapt(known.texts.get(child) || parts[n] || "");
      if (child.nodeValue !== text) child.nodeValue = text;
    });
    this.awaits(style);
  }

  // -- rule operations ---------------------------------------------------------------------------------------

  /** Keep the first `keep` operations on the sheet of `id`, then apply `ops`. */
  operate(id: number, keep: number, ops: Op[]): void {
    const element = this.element(id) as HTMLStyleElement | null;
    if (!element) return;
    const log = this.logs.get(id) ?? { ops: [], sheet: null };
    const sheet = element.sheet;
    if (log.ops.length === keep && (keep === 0 || log.sheet === sheet)) {
      log.ops.push(...ops);
      if (sheet) this.run(sheet, ops, element);
    } else {
      log.ops = [...log.ops.slice(0, keep), ...ops];
      this.restart(element, log);
    }
    log.sheet = element.sheet;
    if (log.ops.length) this.logs.set(id, log);
    else this.logs.delete(id);
  }

  /** A sheet's text was set: what was done to its rules is gone. */
  forgetLog(id: number): void {
    this.logs.delete(id);
  }

  /** Sheets whose element was put elsewhere, switched or filled anew have lost their rules: do them again. */
  repair(): void {
    for (const [id, log] of this.logs) {
      const element = this.element(id) as HTMLStyleElement | null;
      if (!element) {
        this.logs.delete(id);
      } else if (element.sheet && element.sheet !== log.sheet) {
        this.run(element.sheet, log.ops, element);
        log.sheet = element.sheet;
      }
    }
  }

  private restart(element: HTMLStyleElement, log: Log): void {
    // Setting the same text again gives the element a new sheet.
    const first = element.firstChild;
    if (first) first.nodeValue = first.nodeValue + " ";
    else element.appendChild(element.ownerDocument.createTextNode(" "));
    this.fill(element);
    if (element.sheet) this.run(element.sheet, log.ops, element);
  }

  private run(sheet: CSSStyleSheet, ops: Op[], element?: Element): void {
    for (const op of ops) {
      try {
        this.one(sheet, op, element);
      } catch {
        // A rule this engine does not know, or a place that is not there: the stock player leaves it out as well.
      }
    }
  }

  private one(sheet: CSSStyleSheet, op: Op, element?: Element): void {
    const [what, at, ...rest] = op;
    const path: number[] = Array.isArray(at) ? at : [at ?? 0];
    switch (what) {
      case "i": {
        const holder = within(sheet, path.slice(0, -1));
        const index = Math.min(path[path.length - 1] ?? 0, holder.cssRules.length);
        holder.insertRule(this.adapt(String(rest[0])), index);
        break;
      }
      case "d":
        within(sheet, path.slice(0, -1)).deleteRule(path[path.length - 1] ?? 0);
        break;
      case "r":
        if (element) {
          while (sheet.cssRules.length) sheet.deleteRule(0);
          const scratch = new (element.ownerDocument.defaultView as typeof window).CSSStyleSheet();
          scratch.replaceSync(this.adapt(String(at)));
          for (const rule of scratch.cssRules) sheet.insertRule(rule.cssText, sheet.cssRules.length);
        } else {
          sheet.replaceSync(this.adapt(String(at)));
        }
        break;
      case "s": {
        const rule = within(sheet, path) as unknown as CSSStyleRule;
        rule.style.setProperty(rest[0], css(String(rest[1] ?? ""), this.page), rest[2] || "");
        break;
      }
      case "x":
        (within(sheet, path) as unknown as CSSStyleRule).style.removeProperty(rest[0]);
    }
  }

  // -- constructed and adopted -------------------------------------------------------------------------------

  construct(styleId: number, doc: Document, keep: number, ops: Op[]): void {
    const view = doc.defaultView as typeof window | null;
    if (!view) return;
    const known = this.constructed.get(styleId);
    if (known && known.doc === doc && known.ops.length === keep) {
      known.ops.push(...ops);
      this.run(known.sheet, ops);
      return;
    }
    const all = known && known.doc === doc ? [...known.ops.slice(0, keep), ...ops] : ops;
    const sheet = known && known.doc === doc ? known.sheet : new view.CSSStyleSheet();
    sheet.replaceSync("");
    this.run(sheet, all);
    this.constructed.set(styleId, { sheet, ops: [...all], doc });
  }

  adopt(host: Node, styleIds: number[]): void {
    const root = host.nodeType === 9 ? host as Document : (host as Element).shadowRoot;
    const doc = host.nodeType === 9 ? host as Document : host.ownerDocument!;
    if (!root) return;
    const sheets = styleIds.map((id) => this.constructed.get(id)).filter((s) => s?.doc === doc).map((s) => s!.sheet);
    root.adoptedStyleSheets = [...this.ours(doc), ...sheets];
  }

  /** Give a document or shadow root the painter's own sheet. */
  equip(root: Document | ShadowRoot, doc: Document): void {
    root.adoptedStyleSheets = this.ours(doc);
  }

  private ours(doc: Document): CSSStyleSheet[] {
    let own = this.own.get(doc);
    if (!own) {
      const view = doc.defaultView as typeof window | null;
      if (!view) return [];
      const sheet = new view.CSSStyleSheet(), whole = new view.CSSStyleSheet();
      sheet.replaceSync(OWN);
      this.whole.push(whole);
      this.own.set(doc, own = [sheet, marks(view), whole]);
    }
    return own;
  }

  /** Lay out all of the page, or only what it wants laid out. */
  layOut(all: boolean): void {
    for (const sheet of this.whole) sheet.replaceSync(all ? WHOLE : "");
  }

  private adapt(text: string): string {
    if (!this.leavesOut && text.includes("content-visibility")) this.leavesOut = true;
    return adapt(text, this.page, this.cache);
  }

  // -- fonts -------------------------------------------------------------------------------------------------

  /** The fonts scripts added to a document, whole list. */
  setFonts(doc: Document, list: Font[]): void {
    const view = doc.defaultView as typeof window | null;
    if (!view) return;
    const old = this.fonts.get(doc) ?? new Map<string, FontFace>();
    const now = new Map<string, FontFace>();
    for (const font of list) {
      const key = `${font.family}|${font.source.length}|${font.source.slice(0, 200)}|${JSON.stringify(font.descriptors ?? null)}`;
      let face = old.get(key);
      if (!face) {
        try {
          const source = font.buffer ? new Uint8Array(JSON.parse(font.source)) : css(font.source, this.page);
          face = new view.FontFace(font.family, source, font.descriptors ?? undefined);
          this.pending.push(face.load().catch(() => undefined));
        } catch {
          continue;
        }
      }
      now.set(key, face);
    }
    for (const [key, face] of old) if (!now.has(key)) doc.fonts.delete(face);
    for (const [key, face] of now) if (!old.has(key)) doc.fonts.add(face);
    this.fonts.set(doc, now);
  }
}

function within(sheet: CSSStyleSheet, path: number[]): CSSStyleSheet {
  let holder: any = sheet;
  for (const index of path) holder = holder.cssRules[index];
  return holder;
}
