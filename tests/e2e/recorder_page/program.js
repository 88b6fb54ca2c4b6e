// A random program for a page, from a seed, run under the recorder; after every step the page says what it holds.
// The page has `rrweb` (its UMD build). Every node the recorder knows is named by its mirror id.

window.program = (() => {
  const TAGS = ["div", "p", "span", "ul", "section", "button", "label", "details", "dialog", "custom-box"];
  const WORDS = ["amber", "birch", "cobalt", "delta", "ember", "flint", "grove", "harbor", "ünï", "漢字", "🦊", "<&>", ""];
  const PROPS = ["color", "width", "margin-top", "z-index", "--x"];
  const VALUES = { color: ["red", "blue", "green"], width: ["10px", "20px", "30px"], "margin-top": ["1px", "2px"],
    "z-index": ["1", "2", "3"], "--x": ["a", "b"] };

  function random(seed) {
    let a = seed >>> 0;
    const next = () => {
      a = (a + 0x6d2b79f5) | 0;
      let t = Math.imul(a ^ (a >>> 15), 1 | a);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
    return {
      next,
      int: (n) => Math.floor(next() * n),
      pick: (list) => list[Math.floor(next() * list.length)],
      chance: (p) => next() < p,
    };
  }

  const chosen = new WeakMap();

  const rest = (ms) => new Promise((done) => setTimeout(done, ms));
  const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));

  // -- what there is ------------------------------------------------------------------------------------------

  const roots = (doc) => within(doc.body);

  function within(top) {
    const found = [];
    const walk = (node) => {
      if (node.nodeType === 1 || node.nodeType === 9 || node.nodeType === 11) {
        found.push(node);
        if (node.shadowRoot) walk(node.shadowRoot);
        if (node.localName === "iframe" && node.contentDocument && node.contentDocument.body) walk(node.contentDocument);
        for (const child of node.childNodes) walk(child);
      }
    };
    walk(top);
    return found;
  }

  const inside = (node) => node.nodeType === 1
    && !["style", "textarea", "select", "option", "optgroup", "input", "iframe", "html", "head", "br"].includes(node.localName)
    || node.nodeType === 11;

  // -- making -------------------------------------------------------------------------------------------------

  function made(r, doc, depth = 0) {
    const kind = r.next();
    const document = doc;
    if (kind < 0.22) return document.createTextNode(r.pick(WORDS));
    if (kind < 0.25) return document.createComment(r.pick(["a", "b"]));
    if (kind < 0.31) {
      const input = document.createElement("input");
      input.setAttribute("type", r.pick(["text", "checkbox", "radio", "email", "range"]));
      if (r.chance(0.4)) input.setAttribute("name", r.pick(["g1", "g2"]));
      if (r.chance(0.4) && input.type !== "range") input.setAttribute("value", r.pick(["v1", "v2"]));
      if (r.chance(0.3)) input.setAttribute("checked", "");
      if (r.chance(0.2)) input.checked = !input.checked;
      return input;
    }
    if (kind < 0.34) {
      const area = document.createElement("textarea");
      if (r.chance(0.5)) area.textContent = r.pick(WORDS);
      return area;
    }
    if (kind < 0.39) {
      const select = document.createElement("select");
      if (r.chance(0.2)) select.multiple = true;
      const many = r.int(4);
      for (let n = 0; n < many; n++) select.append(option(r, document));
      return select;
    }
    if (kind < 0.43) {
      const style = document.createElement("style");
      style.textContent = rules(r);
      if (r.chance(0.2)) style.append(document.createTextNode(rules(r)));
      return style;
    }
    if (kind < 0.46) {
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      svg.append(document.createElementNS("http://www.w3.org/2000/svg", r.pick(["g", "circle", "foreignObject"])));
      return svg;
    }
    if (kind < 0.50 && depth < 2) {
      const frame = document.createElement("iframe");
      if (r.chance(0.5)) frame.srcdoc = `<p>${r.pick(["one", "two"])}</p><input value="f"><style>p{color: red;}</style>`;
      return frame;
    }
    if (kind < 0.55) {
      const box = document.createElement("div");
      box.className = "scroller";
      const tall = document.createElement("div");
      tall.className = "tall";
      box.append(tall);
      return box;
    }
    if (kind < 0.6) {
      const host = document.createElement("div");
      const shadow = host.attachShadow({ mode: "open" });
      shadow.append(made(r, document, depth + 1));
      if (r.chance(0.3)) shadow.innerHTML = "<style>b{color: blue;}</style><slot></slot><b>in</b>";
      return host;
    }
    if (kind < 0.63) {
      const box = document.createElement("template");
      box.innerHTML = "<p>never</p>";
      return box;
    }
    const element = document.createElement(r.pick(TAGS));
    if (r.chance(0.4)) element.setAttribute("class", r.pick(["a", "b", "a b"]));
    if (r.chance(0.3)) element.setAttribute("style", `color: ${r.pick(VALUES.color)}; width: 5px;`);
    if (depth < 3) for (let n = r.int(4); n > 0; n--) element.append(made(r, document, depth + 1));
    return element;
  }

  function option(r, document) {
    const one = document.createElement("option");
    if (r.chance(0.6)) one.value = r.pick(["o1", "o2", "o3"]);
    one.textContent = r.pick(["One", "Two  words", "Three"]);
    if (r.chance(0.2)) one.setAttribute("selected", "");
    return one;
  }

  const rule = (r) => `.${r.pick(["a", "b", "c"])} { ${r.pick(["color", "background-color"])}: ${r.pick(VALUES.color)}; }`;
  const rules = (r) => Array.from({ length: r.int(3) }, () => rule(r)).join(" ");

  // -- doing --------------------------------------------------------------------------------------------------

  /** One operation; answers how long the page needs: 0 microtask, 1 frame. */
  function act(r, log, sheets) {
    const all = roots(document);
    const boxes = all.filter(inside);
    const box = r.pick(boxes);
    const doc = box.ownerDocument;
    const child = box.childNodes.length ? r.pick([...box.childNodes]) : null;
    const elements = all.filter((n) => n.nodeType === 1 && !["html", "head", "body"].includes(n.localName) && n.isConnected);
    const any = elements.length ? r.pick(elements) : null;
    const of = (names) => { const some = all.filter((n) => names.includes(n.localName) && n.namespaceURI.endsWith("xhtml")); return some.length ? r.pick(some) : null; };
    const kind = sheets ? r.pick(["rule", "rule", "declare", "adopt"]) : r.pick(["insert", "insert", "insert", "move", "move", "remove", "replace", "text", "text", "attribute",
      "attribute", "style", "style", "type", "type", "check", "select", "options", "scroll", "css", "css",
      "shadow", "frame", "html", "fragment", "open", "area", "reorder", "kind", "value", "shuffle"]);
    log.push(kind);
    switch (kind) {
      case "insert": box.insertBefore(made(r, doc), r.chance(0.5) ? child : null); return 0;
      case "move": if (any && !any.contains(box) && any.getRootNode() === box.getRootNode() && any.parentNode.nodeType === 1
          && !hasFrame(any)) box.insertBefore(any, child === any ? null : child); return 0;
      case "remove": if (any) any.remove(); return 0;
      case "replace": if (child) box.replaceChild(made(r, doc), child); return 0;
      case "text": if (child && child.nodeType === 3) child.data = r.pick(WORDS); else if (any && any.localName === "p") any.textContent = r.pick(WORDS); return 0;
      case "attribute": if (any) { const name = r.pick(["class", "title", "data-n", "hidden", "id"]); if (r.chance(0.3)) any.removeAttribute(name); else any.setAttribute(name, r.pick(["1", "2", ""])); } return 0;
      case "style": if (any && any.style) { const prop = r.pick(PROPS); if (r.chance(0.3)) any.style.removeProperty(prop); else any.style.setProperty(prop, r.pick(VALUES[prop]), r.chance(0.2) ? "important" : ""); } return 0;
      case "type": { const field = of(["input", "textarea"]); if (field && !["checkbox", "radio"].includes(field.type)) { field.value = field.type === "range" ? String(r.int(100)) : r.pick(["x", "typed", "", "long text"]); if (r.chance(0.5)) field.dispatchEvent(new Event("input", { bubbles: true })); } return 0; }
      case "check": { const field = of(["input"]); if (field && ["checkbox", "radio"].includes(field.type)) { if (r.chance(0.5)) field.click(); else field.checked = !field.checked; } return 0; }
      case "select": {
        const select = of(["select"]);
        if (!select || !select.options.length || select.multiple) return 0;
        const one = r.pick([...select.options]);
        // The recorder leaves out a report equal to its last one, whatever became of the select in between.
        if (chosen.get(select) === one.value) return 0;
        chosen.set(select, one.value);
        // Nor does it report options selected one by one.
        if (r.chance(0.5)) select.value = one.value; else select.selectedIndex = one.index;
        return 0;
      }
      case "options": { const select = of(["select"]); if (select) { if (r.chance(0.4) && select.options.length) r.pick([...select.options]).remove(); else select.insertBefore(option(r, select.ownerDocument), r.chance(0.5) ? select.firstChild : null); } return 0; }
      case "scroll": { const some = all.filter((n) => n.className === "scroller"); const one = some.length ? r.pick(some) : null; if (one) { one.scrollTop = r.int(80); return 1; } return 0; }
      case "css": { const style = of(["style"]); if (style) { if (r.chance(0.4)) style.textContent = rules(r); else if (r.chance(0.5) && style.firstChild) style.firstChild.data = rules(r); else if (r.chance(0.5)) style.append(style.ownerDocument.createTextNode(rules(r))); else if (style.firstChild) style.firstChild.remove(); } return 0; }
      case "rule": { const style = of(["style"]); if (style && style.sheet) { const n = style.sheet.cssRules.length; if (n && r.chance(0.3)) style.sheet.deleteRule(r.int(n)); else style.sheet.insertRule(rule(r), r.int(n + 1)); } return 0; }
      case "declare": { const style = of(["style"]); if (style && style.sheet && style.sheet.cssRules.length) { const one = r.pick([...style.sheet.cssRules]); if (one.style) { if (r.chance(0.3)) one.style.removeProperty("color"); else one.style.setProperty("color", r.pick(VALUES.color), r.chance(0.2) ? "important" : ""); } } return 0; }
      case "adopt": { const host = all.filter((n) => n.nodeType === 11 || n === document.body); const one = r.pick(host); const target = one === document.body ? document : one; if (target.ownerDocument && target.ownerDocument !== document) return 0;
        if (r.chance(0.5) || !target.adoptedStyleSheets.length) { const sheet = new CSSStyleSheet(); sheet.replaceSync(rules(r)); target.adoptedStyleSheets = [...target.adoptedStyleSheets, sheet]; }
        else if (r.chance(0.5)) target.adoptedStyleSheets[0].insertRule(rule(r)); else if (r.chance(0.5)) target.adoptedStyleSheets[0].replaceSync(rules(r)); else if (target.adoptedStyleSheets.length > 1) target.adoptedStyleSheets = target.adoptedStyleSheets.slice(1);
        return 0; }
      case "shadow": if (any && ["div", "p", "span", "section"].includes(any.localName) && !any.shadowRoot && any.ownerDocument === document) any.attachShadow({ mode: "open" }).append(made(r, doc)); return 0;
      case "frame": { const frame = of(["iframe"]); if (frame && r.chance(0.3)) { frame.srcdoc = "<p>reloaded</p>"; return 1; } return 1; }
      case "html": if (box !== document.body && (box.nodeType === 11 || box.namespaceURI.endsWith("xhtml"))) box.innerHTML = r.pick(["<p>a<b>b</b></p>", "", "<ul><li>1<li>2</ul><input value=h>", "<select><option>q<option selected>w</select>", "<textarea>inner</textarea>"]); return 0;
      case "fragment": { const fragment = doc.createDocumentFragment(); for (let n = r.int(4); n > 0; n--) fragment.append(made(r, doc, 1)); box.insertBefore(fragment, child); return 0; }
      case "open": { const one = of(["details", "dialog"]); if (one) { if (one.open) { if (one.close) one.close(); else one.open = false; } else if (one.showModal && r.chance(0.5) && one.isConnected) one.showModal(); else one.setAttribute("open", ""); } return 0; }
      case "area": { const area = of(["textarea"]); if (area) area.textContent = r.pick(WORDS); return 0; }
      case "reorder": if (box.nodeType === 1 && box.childNodes.length > 1 && !hasFrame(box)) { const some = [...box.childNodes].sort(() => r.next() - 0.5); for (const one of some) box.append(one); } return 0;
      case "shuffle": if (any && any.parentNode && any.parentNode.nodeType === 1 && !hasFrame(any)) { const parent = any.parentNode; const next = any.nextSibling; any.remove(); if (r.chance(0.5)) any.append && inside(any) && any.append(made(r, any.ownerDocument, 2)); parent.insertBefore(any, next); } return 0;
      case "kind": { const field = of(["input"]); if (field && field.type !== "range") field.setAttribute("type", r.pick(["text", "email"])); return 0; }
      case "value": { const field = of(["input"]); if (field && !["range", "radio", "checkbox"].includes(field.type)) field.setAttribute("value", r.pick(["attr", "w"])); else if (field) field.toggleAttribute("checked"); return 0; }
    }
    return 0;
  }

  const hasFrame = (node) => within(node).some((one) => one.localName === "iframe");
  const unseen = (frame) => [frame.contentDocument, frame.contentDocument.documentElement]
    .some((node) => node && rrweb.record.mirror.getId(node) < 0);
  const frames = () => roots(document).filter((one) => one.localName === "iframe");

  // -- saying -------------------------------------------------------------------------------------------------

  function dump(node, mirror) {
    const id = mirror.getId(node);
    const said = { id, kind: node.nodeType };
    if (node.nodeType === 1) {
      said.name = node.localName.toLowerCase();
      said.attrs = {};
      for (const { name, value } of node.attributes) said.attrs[name] = value;
      if (node.style) {
        said.style = {};
        for (const prop of node.style) said.style[prop] = [node.style.getPropertyValue(prop), node.style.getPropertyPriority(prop)];
      }
      if (node.className === "scroller") said.scroll = [node.scrollTop, node.scrollHeight - node.clientHeight];
      if (["input", "textarea", "select"].includes(said.name)) {
        said.value = node.value;
        said.checked = node.type === "checkbox" || node.type === "radio" ? node.checked : null;
        said.multiple = node.multiple === true && said.name === "select";
      }
      if (said.name === "style" && node.sheet) said.rules = Array.from(node.sheet.cssRules, (one) => one.cssText);
      if (node.shadowRoot) {
        said.shadow = Array.from(node.shadowRoot.childNodes, (child) => dump(child, mirror));
        said.adopted = adopted(node.shadowRoot);
      }
      said.children = said.name === "iframe"
        ? (node.contentDocument ? [dump(node.contentDocument, mirror)] : [])
        : Array.from(node.childNodes, (child) => dump(child, mirror));
    } else if (node.nodeType === 9) {
      said.adopted = adopted(node);
      said.children = Array.from(node.childNodes, (child) => dump(child, mirror));
    } else if (node.nodeType !== 10) {
      said.text = node.nodeValue;
    }
    return said;
  }

  const adopted = (root) => Array.from(root.adoptedStyleSheets, (sheet) => Array.from(sheet.cssRules, (one) => one.cssText));

  // -- run ----------------------------------------------------------------------------------------------------

  /** Run `steps` steps from `seed`; answers `{events: [text], dumps: [{step, acts, tree}]}`. */
  async function run(seed, steps) {
    const r = random(seed);
    document.body.innerHTML = "";
    document.adoptedStyleSheets = [];
    for (let n = 0; n < 4; n++) document.body.append(made(r, document));
    await rest(20);
    const events = [];
    const dumps = [];
    const stop = rrweb.record({
      emit: (event) => events.push(JSON.stringify(event)),
      sampling: { scroll: 1, mousemove: false },
    });
    await rest(30);
    for (let step = 0; step < steps; step++) {
      const acts = [];
      let need = 0;
      const many = 1 + r.int(4);
      // What is done to rules is reported at once, what is done to nodes when the task ends: in one task the order of
      // the two is lost.
      const sheets = r.chance(0.25);
      for (let n = 0; n < many; n++) {
        try { need = Math.max(need, act(r, acts, sheets)); } catch (error) { acts.push(String(error)); }
      }
      if (need || roots(document).some((one) => one.scrollTop)) await frame();
      await rest(3);
      // Frames load when they like: wait for the recorder to have seen their documents.
      for (let n = 0; n < 30 && frames().some(unseen); n++) await rest(10);
      rrweb.record.addCustomEvent("dump", { step });
      dumps.push({ step, acts, tree: dump(document, rrweb.record.mirror), url: location.href });
    }
    stop();
    return { events, dumps };
  }

  return { run };
})();
