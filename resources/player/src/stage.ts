// The stage: the recorded viewport scaled into the window, with pointer and clicks drawn over it.

export class Stage {
  readonly element = document.getElementById("stage")!;
  private scroller = document.getElementById("scroller")!;
  private sizer = document.getElementById("sizer")!;
  private overlay = document.getElementById("overlay")!;
  private marker = document.getElementById("marker")!;
  private missing = document.getElementById("missing")!;
  private pointer = document.getElementById("pointer")!;
  private size: [number, number] = [0, 0];
  private zoom: number | null = null;
  scale = 1;

  constructor() {
    addEventListener("resize", () => this.layout());
  }

  /** Size of the recorded viewport. */
  resize(size: [number, number]): void {
    if (size[0] === this.size[0] && size[1] === this.size[1]) return;
    this.size = size;
    this.layout();
  }

  /** A fixed scale, or null to fit the window (never larger than the recording). */
  setZoom(zoom: number | null): void {
    this.zoom = zoom;
    this.layout();
  }

  layout(): void {
    const [width, height] = this.size;
    if (!width || !height) return;
    this.scale = this.zoom ?? Math.min(innerWidth / width, innerHeight / height, 1);
    this.scroller.classList.toggle("actual", this.zoom !== null);
    const w = width * this.scale, h = height * this.scale;
    const { style } = this.sizer;
    style.width = `${w}px`;
    style.height = `${h}px`;
    const left = Math.max(0, Math.floor((innerWidth - w) / 2)), top = Math.max(0, Math.floor((innerHeight - h) / 2));
    style.left = style.marginLeft = style.top = style.marginTop = "";
    if (this.zoom === null) {
      style.left = `${left}px`;
      style.top = `${top}px`;
    } else {
      style.marginLeft = `${left}px`;
      style.marginTop = `${top}px`;
    }
    this.element.style.width = `${width}px`;
    this.element.style.height = `${height}px`;
    // No transform at 100 %: text is then drawn as the recorded browser drew it.
    this.element.style.transform = this.scale === 1 ? "none" : `scale(${this.scale})`;
  }

  /** Where the recorded viewport stands in the window, in CSS pixels: left, top, width, height. */
  box(): [number, number, number, number] {
    const box = this.element.getBoundingClientRect();
    return [box.left, box.top, box.width, box.height];
  }

  /** Show a mark in the corner of the window, or take it away: whoever sees it knows that this frame is on the screen. */
  mark(colour: string | null): void {
    const { style } = this.marker;
    style.display = colour === null ? "none" : "block";
    style.background = colour ?? "";
  }

  /** Put frames under the overlay, which stays on top of all of them. */
  raise(): void {
    if (this.element.lastElementChild !== this.overlay) this.element.appendChild(this.overlay);
  }

  showPointer(at: [number, number, boolean] | null, down: boolean): void {
    const { style, classList } = this.pointer;
    if (!at) {
      style.display = "none";
      return;
    }
    style.display = at[2] && !down ? "none" : "block";
    style.transform = `translate(${at[0]}px, ${at[1]}px)`;
    classList.toggle("touch", at[2]);
    classList.toggle("down", down);
  }

  /** Say what the page lacks that leaves no place of its own; nothing when it lacks nothing. */
  say(text: string): void {
    if (this.missing.textContent === text) return;
    this.missing.textContent = text;
    this.missing.style.display = text ? "block" : "none";
  }

  hidePointer(hidden: boolean): void {
    this.overlay.classList.toggle("unpointed", hidden);
  }

  /** Whether text of the recorded page can be selected with the mouse. */
  setSelecting(on: boolean): void {
    this.element.classList.toggle("selecting", on);
  }

  /** Draw clicks that stand still, each at its age from 0 to 1; those drawn before are taken away. */
  showRings(rings: [number, number, number][]): void {
    this.overlay.querySelectorAll(".click.still").forEach((ring) => ring.remove());
    for (const [x, y, age] of rings) {
      const ring = this.ring(x, y);
      ring.classList.add("still");
      ring.style.transform = `scale(${0.2 + 0.8 * age})`;
      ring.style.opacity = `${1 - age}`;
    }
  }

  private ring(x: number, y: number): HTMLElement {
    const ring = document.createElement("div");
    ring.className = "click";
    ring.style.left = `${x}px`;
    ring.style.top = `${y}px`;
    this.overlay.appendChild(ring);
    return ring;
  }

  showClick(x: number, y: number): void {
    const ring = this.ring(x, y);
    const done = (): void => ring.remove();
    ring.animate([{ transform: "scale(.2)", opacity: 1 }, { transform: "scale(1)", opacity: 0 }], 600)
      .finished.then(done, done);
  }
}
