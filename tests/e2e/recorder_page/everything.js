// What a page can do, step by step, under the recorder; `facts(document)` says what of it can be seen.
window.everything = (() => {
  const events = [];
  const rest = (ms) => new Promise((done) => setTimeout(done, ms));
  const $ = (id) => document.getElementById(id);
  const silence = () => {
    const bytes = [82, 73, 70, 70, 36, 31, 0, 0, 87, 65, 86, 69, 102, 109, 116, 32, 16, 0, 0, 0, 1, 0, 1, 0, 64, 31, 0, 0,
      64, 31, 0, 0, 1, 0, 8, 0, 100, 97, 116, 97, 0, 31, 0, 0];
    return "data:audio/wav;base64," + btoa(String.fromCharCode(...bytes) + "\x80".repeat(7936));
  };
  const green = () => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 8;
    const to = canvas.getContext("2d");
    to.fillStyle = "rgb(0,160,0)";
    to.fillRect(0, 0, 8, 8);
    return canvas;
  };
  class Card extends HTMLElement {
    connectedCallback() {
      if (this.shadowRoot) return;
      const root = this.attachShadow({ mode: "open" });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync("p{color:rgb(1,2,3)}");
      root.adoptedStyleSheets = [sheet];
      root.innerHTML = `<p>${this.getAttribute("label")}<slot></slot></p><input value="deep">`;
    }
  }
  const steps = {
    start() {
      customElements.define("x-card", Card);
      $("data").src = green().toDataURL();
      $("sound").src = silence();
      $("sound").muted = true;
      $("film").src = window.filmed;
      $("frame").srcdoc = "<p id=outer>frame</p><iframe id=nested srcdoc='<p id=deep>nested frame</p>'></iframe>";
      green().toBlob((blob) => { $("blob").src = URL.createObjectURL(blob); });
    },
    controls() {
      const put = (id, value) => { $(id).value = value; $(id).dispatchEvent(new Event("input", { bubbles: true })); };
      put("area", "line 1\nline 2");
      put("one", "b");
      put("date", "2026-11-20");
      put("range", "73");
      put("colour", "#12ab34");
      put("words", "typed");
      $("check").click();
      $("radio2").click();
      $("words").focus();
    },
    open() {
      $("words").blur();
      $("details").open = true;
      $("plain").show();
      $("scroller").scrollTop = 90;
    },
    modal() { $("plain").close(); $("modal").showModal(); },
    popover() { $("modal").close(); $("pop").showPopover(); },
    select() {
      $("pop").hidePopover();
      const range = document.createRange();
      range.setStart($("text").firstChild, 5);
      range.setEnd($("text").firstChild, 9);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
    },
    draw() {
      getSelection().removeAllRanges();
      const to = $("canvas").getContext("2d");
      to.fillStyle = "rgb(255,0,0)";
      to.fillRect(0, 0, 30, 30);
      $("gl").getContext("webgl");
      $("drag").style.left = "620px";
      document.fonts.add(new FontFace("Made", "url(data:font/woff2;base64,AAAA)"));
    },
    sheets() {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync("h1{color:rgb(9,8,7)}");
      document.adoptedStyleSheets = [sheet];
      sheet.insertRule("#title{letter-spacing:3px}");
      document.styleSheets[0].insertRule("#text{color:rgb(4,5,6)}", 0);
      $("svg").appendChild(document.createElementNS("http://www.w3.org/2000/svg", "circle")).setAttribute("r", "9");
      $("math").appendChild(document.createElementNS("http://www.w3.org/1998/Math/MathML", "mo")).textContent = "+";
      $("card").appendChild(document.createTextNode(" slotted"));
    },
    media() {
      $("film").currentTime = 1.5;
      $("sound").currentTime = 0.2;
      $("sound").play();
    },
    later() { $("sound").pause(); $("film").currentTime = 2.5; },
    turn() { $("film").currentTime = 0.5; $("spin").className = "turning"; },
    rotate() { $("spin").className = ""; },
  };
  return {
    names: Object.keys(steps),
    record() {
      rrweb.record({
        emit: (event) => events.push(JSON.stringify(event)), recordCanvas: true, collectFonts: true, inlineImages: true,
        sampling: { scroll: 10, input: "all", media: 10 },
      });
    },
    async step(name) {
      steps[name]();
      await rest(400);
      rrweb.record.addCustomEvent("step", { name });
      await rest(30);
      return JSON.stringify(facts(document));
    },
    events: () => JSON.stringify(events),
  };
})();

window.facts = function facts(d) {
  const $ = (id) => d.getElementById(id);
  const view = d.defaultView;
  const is = (id, selector) => $(id).matches(selector);
  const css = (element, name) => view.getComputedStyle(element).getPropertyValue(name);
  const frame = $("frame").contentDocument;
  const film = document.createElement("canvas").getContext("2d");
  film?.drawImage($("film"), 0, 0, 1, 1);
  const nested = frame?.getElementById("nested")?.contentDocument;
  let active = d.activeElement;
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
  return {
    text: d.body.innerText.replace(/\s+/g, " ").trim(), details: $("details").open, plain: $("plain").open,
    modal: is("modal", ":modal"), popover: is("pop", ":popover-open"), shown: css($("pop"), "display"),
    area: $("area").value, one: $("one").value, check: $("check").checked, radio: $("radio2").checked,
    date: $("date").value, range: $("range").value, colour: $("colour").value, words: $("words").value,
    focus: active && active !== d.body ? active.id : "", scroll: $("scroller").scrollTop,
    selection: String(d.getSelection()), drag: $("drag").getBoundingClientRect().left,
    svg: $("rect").namespaceURI, circle: d.querySelector("circle")?.namespaceURI ?? "", inside: $("inside").namespaceURI,
    math: d.querySelector("mi").namespaceURI, added: d.querySelector("mo")?.namespaceURI ?? "",
    fraction: Math.round(d.querySelector("mfrac").getBoundingClientRect().height),
    card: $("card").shadowRoot?.textContent.trim() ?? "", cardColour: css($("card").shadowRoot.querySelector("p"), "color"),
    frame: frame?.body?.innerText.trim() ?? "", nested: nested?.body?.innerText.trim() ?? "",
    title: css($("title"), "color"), spacing: css($("title"), "letter-spacing"), paragraph: css($("text"), "color"),
    film: film ? [...film.getImageData(0, 0, 1, 1).data].map((part) => part > 100) : [], paused: $("film").paused,
    position: $("film").currentTime, sound: $("sound").currentTime, turning: d.getAnimations().length,
    window: [view.innerWidth, view.innerHeight].join(" "),
    data: $("data").naturalWidth, blob: $("blob").naturalWidth, fonts: d.fonts.size,
  };
};
