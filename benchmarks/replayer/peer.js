// The peer of the benchmarks: rrweb's own Replayer. Bundled by benchmarks/peer.py; never part of the product.
import { Replayer } from "rrweb";
import "rrweb/dist/style.css";

let events = [];
let replayer = null;

window.peer = {
  async load() {
    const response = await fetch("replay://app/events.json");
    events = await response.json();
    return events.length;
  },
  fresh() {
    replayer?.destroy();
    document.getElementById("root").textContent = "";
    const start = performance.now();
    replayer = new Replayer(events, {
      root: document.getElementById("root"), mouseTail: false, showWarning: false, showDebug: false, speed: 1,
    });
    return performance.now() - start;
  },
  seek(t) {
    const start = performance.now();
    replayer.pause(t - events[0].timestamp);
    return performance.now() - start;
  },
  read() {
    const doc = replayer.iframe.contentDocument;
    const mirror = replayer.getMirror();
    const inputs = [], scrolls = {};
    for (const id of mirror.getIds()) {
      const node = mirror.getNode(id);
      if (node?.nodeType === 9) {
        const view = node.defaultView;
        if (view && (view.scrollX || view.scrollY)) scrolls[id] = [view.scrollX, view.scrollY];
      } else if (node?.nodeType === 1) {
        if (node.scrollLeft || node.scrollTop) scrolls[id] = [node.scrollLeft, node.scrollTop];
        const tag = node.localName;
        if (tag === "input" || tag === "textarea" || tag === "select") {
          const toggles = tag === "input" && (node.type === "checkbox" || node.type === "radio");
          inputs.push({ id, tag, type: node.type, value: node.value, checked: toggles ? node.checked : null,
            selectedIndex: tag === "select" ? node.selectedIndex : null, top: node.getRootNode() === doc, path: pathOf(node) });
        }
      }
    }
    return { text: doc?.body?.innerText ?? "", inputs, scrolls };
  },
};

/** Where an element stands in its document or shadow root: tag, id and place of it and all around it. */
function pathOf(element) {
  const steps = [];
  for (let node = element; node; node = node.parentElement) {
    const around = [...node.parentNode?.childNodes ?? [node]].filter((child) => child.nodeType === 1);
    steps.unshift(`${node.localName}#${node.id}:nth-child(${around.indexOf(node) + 1})`);
  }
  return steps.join(" > ");
}
