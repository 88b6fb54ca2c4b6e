// Marks on what a recording does not hold: quiet backgrounds, without effect on layout or text, that can be put away.

/** Attribute of marked elements: "blocked" by the recorder, a "frame" whose document, or an "image" whose file was not
 *  recorded, a "plugin" whose content was not, "masked" text or value. */
export const MARK = "rr-mark";

function hatch(text: string): string {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="220" height="22"><text x="6" y="15" fill="#5b6478" `
    + `font-family="sans-serif" font-size="11">${text}</text></svg>`;
  return `url("data:image/svg+xml,${encodeURIComponent(svg)}") left top no-repeat, `
    + "repeating-linear-gradient(135deg, rgb(139 147 167 / .18) 0 6px, rgb(139 147 167 / .06) 6px 12px)";
}

export const SHEET = `[${MARK}="blocked"]{background:${hatch("Left out by the recorder")}!important}`
  + `[${MARK}="frame"]{background:${hatch("Frame not recorded")}!important}`
  + `[${MARK}="image"]{background:${hatch("Image not recorded")}!important}`
  + `[${MARK}="plugin"]{background:${hatch("Embedded content not recorded")}!important}`
  + `[${MARK}="masked"]{outline:1px dotted rgb(139 147 167 / .8)!important;outline-offset:-1px}`;

/** Whether all of a text is what recorders put in the place of letters. */
export function isMask(text: string): boolean {
  return text.length > 1 && text.includes("**") && /^[\s*]+$/.test(text);
}

/** Mark an element, or take that mark away; another mark stays. */
export function mark(element: Element, what: string, on: boolean): void {
  if (on) {
    if (!element.hasAttribute(MARK)) element.setAttribute(MARK, what);
  } else if (element.getAttribute(MARK) === what) {
    element.removeAttribute(MARK);
  }
}

const sheets = new Set<WeakRef<CSSStyleSheet>>();
let shown = true;

/** The sheet of marks for a document. */
export function sheet(view: typeof window): CSSStyleSheet {
  const made = new view.CSSStyleSheet();
  made.replaceSync(SHEET);
  made.disabled = !shown;
  sheets.add(new WeakRef(made));
  return made;
}

/** Show the marks, or put them away. */
export function setMarks(on: boolean): void {
  shown = on;
  document.getElementById("overlay")?.classList.toggle("unmarked", !on);
  for (const ref of sheets) {
    const made = ref.deref();
    if (made) made.disabled = !on;
    else sheets.delete(ref);
  }
}
