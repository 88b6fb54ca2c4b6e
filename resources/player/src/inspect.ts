// Pointing at nodes of the recorded page: outlines around nodes asked for by id, and picking one with the mouse.

import { isDocument, isElement } from "./nodes.ts";
import type { Painting } from "./painter.ts";
import type { Stage } from "./stage.ts";

type Report = (message: Record<string, unknown>) => void;

/** More outlines than this are not drawn at once. */
const MOST = 50;

export class Inspector {
  private layer = document.createElement("div");
  private pinned = document.createElement("div");
  private shield = document.createElement("div");
  private ids: number[] = [];
  private hovered = -1;
  private picking = false;
  private drawing = false;

  /** `painting`: what is shown now. `report`: tells Python which node the mouse is over, and which was picked. */
  constructor(private stage: Stage, private painting: () => Painting | null, private report: Report) {
    this.layer.id = "outlines";
    this.shield.id = "shield";
    const overlay = document.getElementById("overlay")!;
    this.pinned.id = "pins";
    overlay.append(this.layer, this.pinned, this.shield);
    this.shield.addEventListener("mousemove", (event) => this.hover(this.at(event)));
    this.shield.addEventListener("mouseleave", () => this.hover(-1));
    this.shield.addEventListener("click", (event) => {
      const id = this.at(event);
      const [left, top] = this.stage.box();
      const { scale } = this.stage;
      const x = (event.clientX - left) / scale;
      const y = (event.clientY - top) / scale;
      if (id > 0) this.report({ kind: "picked", id, x, y });
    });
  }

  /** Draw outlines around these nodes until others are asked for; they follow the page. */
  outline(ids: number[]): void {
    this.ids = ids.slice(0, MOST);
    this.draw();
  }

  /** Numbers at spots of the recorded viewport, until others are asked for; as large as the window shows them. */
  pins(spots: Spot[]): void {
    this.pinned.replaceChildren(...spots.slice(0, MOST).map((spot) => {
      const made = document.createElement("div");
      made.className = "pin";
      made.style.left = `${spot.x}px`;
      made.style.top = `${spot.y}px`;
      made.textContent = String(spot.n);
      return made;
    }));
    this.draw();
  }

  /** Whether the mouse picks a node of the page instead of doing nothing. */
  pick(on: boolean): void {
    this.picking = on;
    this.shield.style.display = on ? "block" : "none";
    if (!on) this.hover(-1);
  }

  private hover(id: number): void {
    if (id === this.hovered) return;
    this.hovered = id;
    this.report({ kind: "hovered", id });
    this.draw();
  }

  /** The recorded node under the mouse, -1 when there is none. */
  private at(event: MouseEvent): number {
    const painting = this.painting();
    if (!painting) return -1;
    const [left, top] = this.stage.box();
    const { scale } = this.stage;
    let node: Node | null = deepest(painting.document, (event.clientX - left) / scale, (event.clientY - top) / scale);
    while (node) {
      const id = painting.mirror.getId(node);
      if (id > 0) return id;
      node = node.parentNode ?? (node as ShadowRoot).host ?? null;
    }
    return -1;
  }

  private draw(): void {
    if (!this.drawing) {
      this.drawing = true;
      this.frame();
    }
  }

  /** One look per animation frame while anything is outlined: elements move without telling. */
  private frame(): void {
    const painting = this.painting();
    const wanted = this.picking && this.hovered > 0 ? [this.hovered] : this.ids;
    const boxes: HTMLElement[] = [];
    for (const id of wanted) {
      const found = painting && rect(painting, id);
      if (found) boxes.push(box(found, id));
    }
    this.layer.style.setProperty("--pixel", `${1 / this.stage.scale}px`);
    this.pinned.style.setProperty("--pixel", `${1 / this.stage.scale}px`);
    this.layer.replaceChildren(...boxes);
    if (wanted.length || this.pinned.childElementCount) requestAnimationFrame(() => this.frame());
    else this.drawing = false;
  }
}

interface Spot { x: number; y: number; n: number }

interface Found { x: number; y: number; width: number; height: number; name: string }

/** Where a node stands in the recorded viewport. */
function rect(painting: Painting, id: number): Found | null {
  const node = painting.mirror.getNode(id);
  if (!node || !node.isConnected) return null;
  const [dx, dy] = painting.offset(id);
  let found: DOMRect;
  if (isDocument(node)) {
    found = new DOMRect(0, 0, node.documentElement?.clientWidth ?? 0, node.documentElement?.clientHeight ?? 0);
  } else if (isElement(node)) {
    found = node.getBoundingClientRect();
  } else {
    const range = node.ownerDocument!.createRange();
    range.selectNodeContents(node);
    found = range.getBoundingClientRect();
  }
  if (!found.width && !found.height) return null;
  const own = isElement(node) ? node : null;
  const name = own ? own.localName + (own.id ? `#${own.id}` : "") : isDocument(node) ? "document" : "text";
  return { x: found.x + dx, y: found.y + dy, width: found.width, height: found.height, name };
}

function box(found: Found, id: number): HTMLElement {
  const made = document.createElement("div");
  made.className = "outline";
  made.dataset.node = String(id);
  made.style.cssText = `left:${found.x}px;top:${found.y}px;width:${found.width}px;height:${found.height}px`;
  const label = document.createElement("span");
  label.textContent = `${found.name.slice(0, 60)}  ${Math.round(found.width)} × ${Math.round(found.height)}`;
  if (found.y < 30) label.classList.add("inside");
  made.append(label);
  return made;
}

/** The innermost element at a point of a document, through open shadow roots and frames of the recording. */
function deepest(doc: Document, x: number, y: number): Element | null {
  let element = doc.elementFromPoint(x, y);
  for (let depth = 0; element?.shadowRoot && depth < 100; depth++) {
    const inner: Element | null = element.shadowRoot.elementFromPoint(x, y);
    if (!inner || inner === element) break;
    element = inner;
  }
  const frame = element as HTMLIFrameElement | null;
  if (frame && (frame.localName === "iframe" || frame.localName === "frame") && frame.contentDocument) {
    const outer = frame.getBoundingClientRect();
    return deepest(frame.contentDocument, x - outer.left - frame.clientLeft, y - outer.top - frame.clientTop) ?? frame;
  }
  return element;
}
