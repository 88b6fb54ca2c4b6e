// What a page shows, in words: every element in order (shadow roots and frames too) with its box, its own text, what
// it looks like and what was put into it. Asked of the recorded page and of the painted one.
window.sketch = function sketch(top) {
  const SKIP = new Set(["script", "noscript", "style", "link", "meta", "head", "title", "base", "template", "source", "track", "param"]);
  const PROPS = ["color", "background-color", "display", "visibility", "opacity", "font-size", "font-weight", "font-family",
    "font-style", "text-decoration-line", "text-transform", "direction", "writing-mode", "transform", "position",
    "z-index", "overflow-x", "border-top-width", "border-top-color", "border-top-style", "padding-left", "margin-top",
    "fill", "stroke", "stroke-width", "list-style-type", "white-space", "float", "clip-path", "filter", "letter-spacing",
    "grid-template-columns", "flex-direction", "pointer-events", "user-select", "object-fit", "mix-blend-mode"];
  const rows = [];
  const words = (text) => text.replace(/\s+/g, " ").trim();
  const walk = (node, where) => {
    if (node.nodeType === 1) {
      const tag = node.localName.toLowerCase();
      if (SKIP.has(tag)) return;
      const view = node.ownerDocument.defaultView;
      const row = { where: where + tag + (node.id && typeof node.id === "string" ? "#" + node.id : "") };
      const box = node.getBoundingClientRect();
      row.box = [box.x, box.y, box.width, box.height].map((n) => Math.round(n * 10) / 10);
      row.text = words([...node.childNodes].filter((n) => n.nodeType === 3 || n.nodeType === 4).map((n) => n.data).join(" "));
      if (tag === "textarea") row.text = "";
      row.ns = node.namespaceURI;
      const style = view.getComputedStyle(node);
      row.css = {};
      for (const name of PROPS) row.css[name] = style.getPropertyValue(name);
      // Of controls engines differ in what no page says.
      if (tag === "option" || tag === "optgroup") delete row.css["padding-left"];
      if (tag === "select" || tag === "input") delete row.css["overflow-x"];
      if (row.css["border-top-width"] === "0px") delete row.css["border-top-color"];
      for (const side of ["::before", "::after"]) {
        const content = view.getComputedStyle(node, side).content;
        if (content && content !== "none" && content !== "normal") row[side] = content;
      }
      if (["input", "textarea", "select", "output", "meter", "progress"].includes(tag) && node.type !== "file") row.value = node.value;
      if (node.type === "checkbox" || node.type === "radio") { row.checked = node.checked; row.indeterminate = node.indeterminate; }
      if (tag === "option") row.selected = node.selected;
      if (tag === "img") row.picture = node.complete && node.naturalWidth ? [node.naturalWidth, node.naturalHeight].join("x") : "none";
      if (tag === "dialog") row.modal = node.matches(":modal");
      if (tag === "video" || tag === "audio") row.media = [node.paused, Math.round(node.currentTime * 10) / 10];
      if (node.scrollLeft || node.scrollTop) row.scroll = [Math.round(node.scrollLeft), Math.round(node.scrollTop)];
      rows.push(row);
      const inside = row.where.slice(-60) + ">";
      if (node.shadowRoot) for (const child of node.shadowRoot.childNodes) walk(child, inside + "/");
      if (tag === "iframe" || tag === "frame") {
        let doc = null;
        try { doc = node.contentDocument; } catch { /* of another origin */ }
        if (doc?.documentElement) walk(doc.documentElement, inside + "|");
        return;
      }
      if (tag === "textarea") return;
      for (const child of node.childNodes) walk(child, inside);
    }
  };
  walk(top.documentElement, "");
  const active = (doc) => {
    let found = doc.activeElement;
    while (found?.shadowRoot?.activeElement) found = found.shadowRoot.activeElement;
    return found && found !== doc.body ? found.localName + "#" + found.id : "";
  };
  return { text: words(top.body?.innerText ?? ""), title: top.title, mode: top.compatMode, focus: active(top), selection: words(String(top.getSelection() ?? "")), rows };
};
