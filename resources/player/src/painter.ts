// The painter: applies patches (docs/patch-format.md) to a recorded document inside a sandboxed frame.

import { type Mirror, createCache, createMirror, createSandboxedIframe } from "rrweb-snapshot";
import {
  type Attributes, DOCUMENT, ELEMENT, type Media, type Patch, type Rec, VERSION,
} from "./patch.ts";
import {
  type Bench, isDocument, isElement, isFrame, make, markPicture, setAttribute, setStyle, special, switchSheet, tagOf,
} from "./nodes.ts";
import { Canvases } from "./canvas.ts";
import { sheet } from "./clean.ts";
import type { Command } from "./commands.ts";
import { MARK, isMask, mark } from "./marks.ts";
import { held, show, still } from "./media.ts";
import { ENGAGED, Sheets } from "./sheets.ts";
import { settle } from "./sprites.ts";
import { HOVER, UNDEFINED } from "./urls.ts";

/** An animation that takes longer than this says something about time, ms. */
const MOMENT = 1_000;

interface Built { attrs: Attributes; tag: string; svg: boolean }

/** One recorded document in a frame of its own. A reset makes a new one. */
export class Painting {
  readonly frame: HTMLIFrameElement;
  readonly mirror: Mirror = createMirror();
  readonly sheets: Sheets;
  readonly scrolls = new Map<number, [number, number]>();
  private unscrolled = new Set<number>();
  /** Attributes as recorded, of elements whose painted form needs more than one of them. */
  private recorded = new WeakMap<Element, Built>();
  readonly canvases = new Canvases();
  private dialogs = new Set<number>();
  /** Style sheets that are not in the recording. */
  readonly unstyled = new Set<number>();
  private hovered = new Set<Element>();
  private media = new Map<number, Media>();
  private records = new Map<number, Rec>();
  private unfilled: [HTMLIFrameElement, number][] = [];
  private bench: Bench;
  private engaged: Pick<Patch, "focus" | "selection" | "caret"> = {};
  private holding: Element[] = [];
  private paused: Animation[] = [];
  /** Node that the selection set last begins in. */
  private selected = 0;
  root = 0;
  /** Whether an animation was running when somebody last looked. */
  animated = false;
  /** Operations that found no node or were refused, for the report. */
  problems = 0;

  constructor(stage: HTMLElement, cache: ReturnType<typeof createCache>, public page: string,
              viewport: [number, number]) {
    this.frame = createSandboxedIframe({
      root: stage,
      // Laid out, but not shown before it is complete: the old picture stays until then.
      iframeAttributes: { style: "visibility:hidden", title: "Recorded page", tabindex: "-1" },
    });
    this.resize(viewport);
    this.sheets = new Sheets(cache, (id) => this.mirror.getNode(id), page);
    this.bench = {
      doc: this.frame.contentDocument!, mirror: this.mirror, cache, page, sheet: (link) => this.sheets.awaits(link),
    };
  }

  get document(): Document {
    return this.frame.contentDocument!;
  }

  resize([width, height]: [number, number]): void {
    const { style } = this.frame;
    const w = `${Math.max(1, width)}px`, h = `${Math.max(1, height)}px`;
    if (style.width !== w) style.width = w;
    if (style.height !== h) style.height = h;
  }

  /** Apply one patch in the order of the format's page. `last`: no other follows in the same task. */
  apply(patch: Patch, last = true): void {
    if (patch.url) this.page = this.sheets.page = this.bench.page = patch.url;
    if (patch.viewport) this.resize(patch.viewport);
    for (const rec of patch.nodes ?? []) this.records.set(rec[0], rec);
    if (patch.reset !== undefined) {
      this.root = patch.reset;
      this.fillDocument(this.document, this.records.get(patch.reset)!);
      this.fillFrames();
    }
    if (patch.removed) this.remove(patch.removed, new Set((patch.place ?? []).map((p) => p[1])));
    if (patch.place) this.place(patch.place);
    this.records.clear();
    for (const [id, delta] of patch.attrs ?? []) this.attributes(id, delta);
    settle();
    for (const [id, text, overrides] of patch.style ?? []) {
      const element = this.mirror.getNode(id);
      if (!isElement(element)) continue;
      setStyle(element, text, overrides, this.page);
      const built = this.recorded.get(element);
      if (built) special(element, built.attrs, this.canvases.url(id));
    }
    for (const [id, text] of patch.text ?? []) this.text(id, text);
    for (const [id, value, checked] of patch.input ?? []) this.input(id, value, checked);
    for (const [id, keep, ops] of patch.sheets ?? []) this.sheets.operate(id, keep, ops);
    if (patch.place || patch.attrs || patch.removed) this.sheets.repair();
    for (const [id, docId, keep, ops] of patch.constructed ?? []) {
      const doc = this.mirror.getNode(docId);
      if (isDocument(doc)) this.sheets.construct(id, doc, keep, ops);
    }
    for (const [id, styles] of patch.adopted ?? []) {
      const host = this.mirror.getNode(id);
      if (host) this.sheets.adopt(host, styles);
    }
    for (const [id, fonts] of patch.fonts ?? []) {
      const doc = this.mirror.getNode(id);
      if (isDocument(doc)) this.sheets.setFonts(doc, fonts);
    }
    for (const [id, keep, commands] of patch.canvas ?? []) this.drawOn(id, keep, commands as Command[]);
    for (const [id, state] of patch.media ?? []) {
      if (state) this.media.set(id, state);
      else this.stopMedia(id);
    }
    if (patch.media || patch.attrs) this.playMedia(patch.t ?? 0);
    if (this.dialogs.size) this.openDialogs();
    this.engaged = { focus: patch.focus, selection: patch.selection, caret: patch.caret };
    if (last) this.engage();
    for (const [id, x, y] of patch.scroll ?? []) {
      // A document and its root element are one scroller: what is said of the document holds.
      const doc = this.mirror.getNode(id);
      const twin = isDocument(doc) && this.scrolls.delete(this.mirror.getId(doc.documentElement));
      if (x || y) this.scrolls.set(id, [x, y]);
      else if (this.scrolls.delete(id) || twin) this.unscrolled.add(id);
    }
    if (last) this.rescroll();
  }

  // -- structure -----------------------------------------------------------------------------------------------

  /** Detach subtrees and forget their ids, except of what is only moved elsewhere by this patch. */
  private remove(ids: number[], placed: Set<number>): void {
    const moved = new Set<number>();
    for (const id of placed) if (!this.records.has(id)) moved.add(id);
    for (const id of ids) {
      const node = this.mirror.getNode(id);
      if (!node) {
        this.problems++;
        continue;
      }
      this.forget(node, moved);
      if (isDocument(node)) {
        node.defaultView?.frameElement?.setAttribute(MARK, "frame");
        this.empty(node, "");
      } else {
        const parent = node.parentNode;
        parent?.removeChild(node);
        if (isElement(parent) && parent.localName === "style") this.restyle(parent);
      }
    }
  }

  private forget(top: Node, moved: Set<number>): void {
    const stack: Node[] = [top];
    const map = this.mirror;
    for (let node = stack.pop(); node; node = stack.pop()) {
      const id = map.getId(node);
      if (moved.has(id)) continue;
      if (id > 0) {
        // Only this id: rrweb-snapshot's own removal would walk into what is moved.
        (map as unknown as { idNodeMap: Map<number, Node> }).idNodeMap.delete(id);
        this.scrolls.delete(id);
        this.dialogs.delete(id);
        this.unstyled.delete(id);
        this.canvases.drop(id);
        this.media.delete(id);
        this.sheets.forgetLog(id);
      }
      for (let child = node.firstChild; child; child = child.nextSibling) stack.push(child);
      if (isElement(node)) {
        if (node.shadowRoot) stack.push(node.shadowRoot);
        if (isFrame(node) && node.contentDocument) stack.push(node.contentDocument);
      }
    }
  }

  private place(places: [number, number, number | null, number][]): void {
    const restyle = new Set<Element>();
    for (const [parentId, id, nextId, shadow] of places) {
      const parent = this.mirror.getNode(parentId);
      if (!parent) {
        this.problems++;
        continue;
      }
      const rec = this.records.get(id);
      if (rec && rec[1] === DOCUMENT) {
        // Filled below, when its frame stands where it stays.
        if (isFrame(parent)) this.unfilled.push([parent, id]);
        continue;
      }
      const holder = shadow ? this.shadowOf(parent) : parent;
      const node = rec ? this.subtree(rec, holder) : this.mirror.getNode(id);
      if (!node) {
        this.problems++;
        continue;
      }
      if (node.parentNode && isElement(node.parentNode) && node.parentNode.localName === "style") {
        restyle.add(node.parentNode);
      }
      const next = nextId === null ? null : this.mirror.getNode(nextId);
      try {
        holder.insertBefore(node, next && next.parentNode === holder ? next : null);
      } catch {
        this.problems++;
        continue;
      }
      if (isElement(holder) && holder.localName === "style") restyle.add(holder);
    }
    for (const style of restyle) this.restyle(style);
    this.fillFrames();
  }

  /** Build a record and all that is inside it, detached. */
  private subtree(rec: Rec, parent: Node): Node {
    const doc = isDocument(parent) ? parent : parent.ownerDocument!;
    this.bench.doc = doc;
    const top = make(rec, parent, this.bench);
    const stack: [Rec, Node][] = [[rec, top]];
    for (let entry = stack.pop(); entry; entry = stack.pop()) {
      const [current, node] = entry;
      this.built(current, node);
      if (current[6]) {
        const root = this.shadowOf(node);
        for (const id of current[6]) this.child(id, root, stack);
      }
      if (current[1] !== ELEMENT) continue;
      const element = node as Element;
      const tag = tagOf(current[3]);
      if (isFrame(element)) {
        for (const id of current[5]) if (this.records.has(id)) this.unfilled.push([element, id]);
        continue;
      }
      if (tag === "textarea" && typeof current[4].value === "string") {
        element.textContent = current[4].value;
        continue;
      }
      for (const id of current[5]) this.child(id, element, stack);
      if (element.localName === "style") {
        this.sheets.setText(element, typeof current[4]._cssText === "string" ? current[4]._cssText : null);
        for (const id of current[5]) {
          const text = this.mirror.getNode(id);
          if (text?.nodeType === 3) this.sheets.setChild(element, text, this.records.get(id)?.[7] ?? text.nodeValue ?? "");
        }
        this.sheets.fill(element);
      }
    }
    return top;
  }

  private child(id: number, parent: Node, stack: [Rec, Node][]): void {
    const rec = this.records.get(id);
    // What is not in the records stands elsewhere already and is placed by an entry of its own.
    if (!rec) return;
    const node = make(rec, parent, this.bench);
    parent.appendChild(node);
    if (isElement(parent) && parent.localName === "picture" && isElement(node)) markPicture(node);
    stack.push([rec, node]);
  }

  /** Note what later patches need to know of a new node. */
  private built(rec: Rec, node: Node): void {
    if (!isElement(node)) return;
    const tag = tagOf(rec[3]);
    this.recorded.set(node, { attrs: rec[4], tag, svg: node.namespaceURI === "http://www.w3.org/2000/svg" });
    if (tag === "dialog") this.dialogs.add(rec[0]);
    else if (tag === "link") this.styleSheet(rec[0], rec[4]);
    if (node.shadowRoot) this.sheets.equip(node.shadowRoot, node.ownerDocument);
  }

  /** Keep count of style sheets whose text is not in the recording. */
  private styleSheet(id: number, attrs: Attributes): void {
    const rel = String(attrs.rel ?? "").toLowerCase().split(/\s+/);
    if (rel.includes("stylesheet") && !rel.includes("alternate") && attrs._cssText === undefined && attrs.href
        && !sheet({ attrs, page: this.page })) {
      this.unstyled.add(id);
    } else {
      this.unstyled.delete(id);
    }
  }

  private shadowOf(host: Node): Node {
    if (!isElement(host)) return host;
    if (!host.shadowRoot) {
      try {
        this.sheets.equip(host.attachShadow({ mode: "open" }), host.ownerDocument);
      } catch {
        return host;
      }
    }
    return host.shadowRoot ?? host;
  }

  // -- documents -----------------------------------------------------------------------------------------------

  private fillFrames(): void {
    while (this.unfilled.length) {
      const [frame, id] = this.unfilled.shift()!;
      const rec = this.records.get(id);
      const doc = frame.contentDocument;
      if (!rec || !doc) {
        this.problems++;
        continue;
      }
      if (frame.getAttribute(MARK) === "frame") frame.removeAttribute(MARK);
      this.fillDocument(doc, rec);
    }
  }

  /** Make `doc` empty, in the rendering mode the recorded one had. */
  private empty(doc: Document, mode: string): void {
    doc.open();
    doc.write(mode === "BackCompat" ? "<html></html>" : "<!DOCTYPE html><html></html>");
    doc.close();
    while (doc.firstChild) doc.removeChild(doc.firstChild);
  }

  private fillDocument(doc: Document, rec: Rec): void {
    this.empty(doc, rec[10]?.[0] ?? "");
    this.mirror.add(doc, { type: DOCUMENT, id: rec[0] } as never);
    this.sheets.equip(doc, doc);
    quiet(doc);
    for (const id of rec[5]) {
      const child = this.records.get(id);
      if (!child) continue;
      const node = this.subtree(child, doc);
      try {
        doc.appendChild(node);
      } catch {
        this.problems++;
      }
    }
  }

  // -- single nodes --------------------------------------------------------------------------------------------

  private attributes(id: number, delta: Attributes): void {
    const element = this.mirror.getNode(id);
    if (!isElement(element)) {
      this.problems++;
      return;
    }
    const built = this.recorded.get(element);
    if (!built) return;
    for (const name in delta) {
      const value = delta[name];
      if (value === null) delete built.attrs[name];
      else built.attrs[name] = value;
    }
    const place = { ...built, page: this.page };
    for (const name in delta) {
      if (name === "_cssText" && element.localName === "style") {
        this.sheets.setText(element, typeof delta[name] === "string" ? delta[name] as string : null);
        this.restyle(element);
      } else if (name === "value" && built.tag === "textarea") {
        (element as HTMLTextAreaElement).value = String(delta[name] ?? "");
      } else {
        setAttribute(element, name, delta[name], place);
      }
    }
    if ("rr_defined" in delta) element.toggleAttribute(UNDEFINED, delta.rr_defined === null && built.tag.includes("-"));
    if (built.tag === "img") markPicture(element);
    else if (built.tag === "link") {
      this.styleSheet(id, built.attrs);
      for (const name of ["href", "rel"]) setAttribute(element, name, built.attrs[name], place);
      switchSheet(element, built.attrs);
      this.sheets.awaits(element);
    }
    if (built.tag === "canvas" && (delta.width !== undefined || delta.height !== undefined)) this.canvases.resized(id);
    if (built.tag === "canvas" || delta.rr_width !== undefined || delta.rr_height !== undefined) {
      special(element, built.attrs, this.canvases.url(id));
    }
  }

  private stopMedia(id: number): void {
    this.media.delete(id);
    const element = this.mirror.getNode(id);
    const built = isElement(element) ? this.recorded.get(element) : undefined;
    if (isElement(element) && built) show(element, built.attrs, undefined, 0, this.page);
  }

  /** Bring videos and sounds to where they were at instant `t` (epoch ms). */
  playMedia(t: number): void {
    for (const [id, state] of this.media) {
      const element = this.mirror.getNode(id);
      const built = isElement(element) ? this.recorded.get(element) : undefined;
      if (isElement(element) && built && /^(video|audio)$/.test(element.localName)) show(element, built.attrs, state, t, this.page);
    }
  }

  private drawOn(id: number, keep: number, commands: Command[]): void {
    const element = this.mirror.getNode(id);
    const built = isElement(element) ? this.recorded.get(element) : undefined;
    if (!isElement(element) || !built || element.localName !== "canvas") return;
    const side = (name: string, otherwise: number): number => {
      const text = String(built.attrs[name] ?? "");
      return /^\s*\d+/.test(text) ? parseInt(text, 10) : otherwise;
    };
    const { rr_dataURL: base } = built.attrs;
    this.canvases.update(id, keep, commands, {
      size: () => [side("width", 300), side("height", 150)],
      base: () => typeof base === "string" ? base : null,
      set: (url) => special(element, built.attrs, url ?? undefined),
    });
  }

  private text(id: number, text: string): void {
    const node = this.mirror.getNode(id);
    if (!node || isElement(node) || isDocument(node)) {
      // The text of a <textarea> may be known by its value only.
      if (node) this.problems++;
      return;
    }
    const parent = node.parentNode;
    if (isElement(parent) && parent.localName === "style") {
      this.sheets.setChild(parent, node, text);
      this.restyle(parent);
    } else {
      node.nodeValue = text;
      if (isElement(parent)) mark(parent, "masked", isMask(text));
    }
  }

  private restyle(style: Element): void {
    for (const child of style.childNodes) {
      if (child.nodeType === 3 && this.mirror.getId(child) > 0) {
        this.sheets.setChild(style, child, this.sheets.childText(style, child));
      }
    }
    this.sheets.forgetLog(this.mirror.getId(style));
    this.sheets.fill(style);
  }

  private input(id: number, value: string | null, checked: boolean | null): void {
    const element = this.mirror.getNode(id) as HTMLInputElement | null;
    if (!isElement(element)) return;
    try {
      if (checked !== null) {
        if (element.localName === "option") (element as unknown as HTMLOptionElement).selected = checked;
        else element.checked = checked;
      }
      const { localName } = element;
      // Of a box the value is an attribute, and "on" where it has none.
      const box = localName === "option" || localName === "input" && /^(checkbox|radio)$/.test(element.type);
      if (value !== null && !box && element.value !== value) element.value = value;
      if (value !== null && !box) mark(element, "masked", isMask(value));
    } catch {
      // A file input takes no value.
    }
  }

  // -- dialogs, focus, selection, scroll -----------------------------------------------------------------------

  /** Bring every dialog into the state its attributes tell: modal ones into the top layer. */
  private openDialogs(): void {
    for (const id of this.dialogs) {
      const dialog = this.mirror.getNode(id) as HTMLDialogElement | null;
      const attrs = dialog && this.recorded.get(dialog)?.attrs;
      if (!dialog || !attrs || !dialog.isConnected) continue;
      const open = attrs.open !== undefined && attrs.open !== null && attrs.open !== false;
      const modal = open && attrs.rr_open_mode === "modal";
      const isModal = dialog.matches(":modal");
      if (modal === isModal && open === dialog.open) continue;
      if (isModal || dialog.open && !open) {
        // Without its attribute a modal dialog stays in the top layer, and close() does nothing.
        dialog.setAttribute("open", "");
        dialog.close();
      }
      if (modal) {
        dialog.removeAttribute("open");
        dialog.showModal();
      } else if (open) {
        dialog.setAttribute("open", "");
      }
    }
  }

  /** Give focus and selection to what had them. Nothing takes the focus while its frame is hidden. */
  engage(): void {
    const { focus, selection, caret } = this.engaged;
    // A field that takes the focus takes the selection; a selection in what is editable takes the focus.
    if (focus !== undefined) this.focus(focus);
    if (caret !== undefined && !selection) this.select([[caret, 0, caret, 0]]);
    else if (selection) this.select(selection);
    else if (this.selected) this.deselect();
    if (focus !== undefined) this.focus(focus);
    if (!this.sheets.leavesOut) return;
    for (const element of this.holding) element.removeAttribute(ENGAGED);
    this.holding = [focus, selection ? selection[0]?.[0] : caret].flatMap((id) => [...around(id == null ? null : this.mirror.getNode(id))]);
    for (const element of this.holding) element.setAttribute(ENGAGED, "");
  }

  private deselect(): void {
    const node = this.selected && this.mirror.getNode(this.selected);
    this.selected = 0;
    if (node) node.ownerDocument?.getSelection()?.removeAllRanges();
  }

  private focus(id: number | null): void {
    const element = id === null ? null : this.mirror.getNode(id);
    const active = this.deepActive();
    if (isElement(element)) {
      if (active !== element) (element as HTMLElement).focus?.({ preventScroll: true });
    } else if (active && this.mirror.getId(active) > 0) {
      (active as HTMLElement).blur?.();
    }
  }

  /** The element that has the focus, in frames and shadow roots too. */
  deepActive(): Element | null {
    let active = this.document.activeElement;
    while (active) {
      const inner: Element | null = isFrame(active) ? active.contentDocument?.activeElement ?? null
        : active.shadowRoot?.activeElement ?? null;
      if (!inner) break;
      active = inner;
    }
    return active;
  }

  private select(ranges: [number, number, number, number][]): void {
    for (const [startId, start, endId, end] of ranges.slice(0, 1)) {
      const from = this.mirror.getNode(startId), to = this.mirror.getNode(endId);
      if (!from || !to) continue;
      try {
        const selection = from.ownerDocument?.getSelection();
        const there = selection?.anchorNode === from && selection.anchorOffset === start;
        if (!there || selection.focusNode !== to || selection.focusOffset !== end) {
          selection?.setBaseAndExtent(from, start, to, end);
        }
        this.selected = startId;
      } catch {
        // Offsets of a text the recorder saw a moment later.
      }
    }
  }

  private scroll(id: number, left: number, top: number): void {
    const node = this.mirror.getNode(id);
    const target = isDocument(node) ? node.defaultView : isElement(node) ? node : null;
    target?.scrollTo({ left, top, behavior: "instant" });
  }

  /** Content that comes and goes clamps scroll positions; what was scrolled stays scrolled. */
  rescroll(): void {
    for (const id of this.unscrolled) this.scroll(id, 0, 0);
    this.unscrolled.clear();
    for (const [id, [x, y]] of this.scrolls) this.scroll(id, x, y);
  }

  /** Out of sight: what moves by itself stands until the picture is shown again. */
  standBy(): void {
    this.frame.style.visibility = "hidden";
    for (const doc of documents(this.document)) {
      for (const one of doc.getAnimations()) {
        if (one.playState !== "running") continue;
        one.pause();
        this.paused.push(one);
      }
    }
  }

  /** In sight. */
  appear(): void {
    this.frame.style.visibility = "visible";
    for (const one of this.paused.splice(0)) if (one.playState === "paused") one.play();
    this.engage();
  }

  /** Whether something on the page moves for longer than a moment by itself: how far it was is not recorded. */
  animates(): boolean {
    for (const doc of documents(this.document)) {
      for (const one of doc.getAnimations()) {
        if (one.playState === "running" && Number(one.effect?.getComputedTiming().endTime ?? 0) > MOMENT) return true;
      }
    }
    return false;
  }

  // -- completeness --------------------------------------------------------------------------------------------

  /** Resolves when what was asked to be drawn is shown, or after `limit` ms. */
  drawn(limit: number): Promise<unknown> {
    return Promise.race([Promise.all(this.canvases.pending), new Promise((done) => setTimeout(done, limit))]);
  }

  /** Null when the picture is complete; else resolves when what is on its way is there, or after `limit` ms. */
  complete(limit: number): Promise<unknown> | null {
    const waits: Promise<unknown>[] = [...this.sheets.pending, ...this.canvases.pending];
    this.sheets.pending = [];
    this.canvases.pending = [];
    for (const doc of documents(this.document)) {
      for (const image of doc.images) if (!image.complete) waits.push(image.decode().catch(() => undefined));
      // Fonts are asked for by layout: have it done.
      if (doc.fonts.size) void doc.documentElement?.offsetHeight;
      if (doc.fonts.status === "loading") waits.push(doc.fonts.ready);
    }
    for (const id of this.media.keys()) {
      const element = this.mirror.getNode(id);
      if (isElement(element) && element.localName === "video" && held(element)) waits.push(still(element as HTMLVideoElement));
    }
    if (!waits.length) return null;
    return Promise.race([Promise.all(waits), new Promise((done) => setTimeout(done, limit))]);
  }

  /**
   * The recorded pointer, [x, y, kind, id], is over this node: it and all around it match what the page's sheets say
   * of `:hover`. When the node has gone or moved away under the pointer, it is over whatever stands there now.
   */
  hover(pointer: [number, number, number, number?] | null): void {
    const over = new Set<Element>();
    let node: Node | null = pointer?.[3] === undefined ? null : this.mirror.getNode(pointer[3]);
    if (pointer && !(isElement(node) && within(node, pointer[0], pointer[1]))) {
      const doc = node?.isConnected ? node.ownerDocument : null;
      // In a page with frames nobody knows whose coordinates those of a lost node were.
      if (doc) node = doc.elementFromPoint(pointer[0], pointer[1]) ?? node;
      else if (!this.document.querySelector("iframe,frame")) node = this.document.elementFromPoint(pointer[0], pointer[1]);
    }
    for (const element of around(node)) over.add(element);
    for (const element of this.hovered) if (!over.has(element)) element.removeAttribute(HOVER);
    for (const element of over) if (!element.hasAttribute(HOVER)) element.setAttribute(HOVER, "");
    this.hovered = over;
  }

  /** Offset of a node's document in the top document's viewport. */
  offset(id: number | undefined): [number, number] {
    const node = id === undefined ? null : this.mirror.getNode(id);
    let x = 0, y = 0;
    let view = (isDocument(node) ? node : node?.ownerDocument)?.defaultView ?? null;
    while (view && view !== this.frame.contentWindow && view.frameElement) {
      const frame = view.frameElement as HTMLElement;
      const box = frame.getBoundingClientRect();
      x += box.left + frame.clientLeft;
      y += box.top + frame.clientTop;
      view = frame.ownerDocument.defaultView;
    }
    return [x, y];
  }
}

/** A node, if it is an element, and the elements it stands in, out of shadow roots and frames as well. */
function* around(start: Node | null): Iterable<Element> {
  let node = start;
  for (let depth = 0; node && depth < 1_000; depth++) {
    if (isElement(node)) yield node;
    node = isDocument(node) ? node.defaultView?.frameElement ?? null : node.parentNode ?? (node as ShadowRoot).host ?? null;
  }
}

function within(element: Element, x: number, y: number): boolean {
  const box = element.getBoundingClientRect();
  return x >= box.left - 1 && x <= box.right + 1 && y >= box.top - 1 && y <= box.bottom + 1;
}

/** Links, forms and controls of a recording are looked at, not used. Text stays selectable. */
function quiet(doc: Document): void {
  doc.addEventListener("wheel", (event) => {
    // The recorded page keeps its scroll; at a fixed scale the wheel moves the stage.
    event.preventDefault();
    document.getElementById("scroller")?.scrollBy(event.deltaX, event.deltaY);
  }, { capture: true, passive: false });
  const stop = (event: Event): void => {
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  // Editable elements are editable, as the look of text in them depends on it; keys do not reach the page.
  for (const type of ["click", "auxclick", "submit", "beforeinput", "paste", "cut", "dragstart", "drop"]) {
    doc.addEventListener(type, stop, { capture: true });
  }
  doc.addEventListener("mousedown", (event) => {
    const target = event.composedPath()[0] as Element | undefined;
    if (event.button !== 0 || target?.closest?.("a,button,input,select,textarea,summary,label,video,audio,option")) {
      event.preventDefault();
    }
  }, { capture: true });
}

/** Whether this page can apply a patch of that version. */
export function understands(patch: Patch): boolean {
  return patch.v === VERSION;
}

/** A document and those of the frames inside it. */
function* documents(top: Document): Generator<Document> {
  yield top;
  for (const frame of top.querySelectorAll("iframe, frame")) {
    const inner = (frame as HTMLIFrameElement).contentDocument;
    if (inner) yield* documents(inner);
  }
}
