// Runs a page's steps under the recorder. The page has `steps` (name to what is done) and may have `options`.
window.visit = (() => {
  const kept = [];
  const rest = (ms) => new Promise((done) => setTimeout(done, ms));
  const settled = async () => {
    await rest(15);
    await Promise.race([document.fonts.ready, rest(500)]);
    await Promise.race([new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))), rest(200)]);
    await rest(15);
  };
  const record = window.rrweb?.record;
  return {
    names: () => JSON.stringify(Object.keys(window.steps ?? {})),
    begin() {
      // One font for all: what stands in for the named ones differs between engines.
      const fonts = document.createElementNS("http://www.w3.org/1999/xhtml", "style");
      fonts.textContent = ":where(*){font-family:serif}";
      document.querySelector("head").append(fonts);
      record({
        emit: (event, checkout) => kept.push(JSON.stringify(event)),
        recordCanvas: false, collectFonts: true, inlineImages: false, sampling: { scroll: 20, input: "all", media: 20 },
        ...(window.options ?? {}), ...JSON.parse(new URLSearchParams(location.search).get("options") ?? "{}"),
      });
    },
    async step(name) {
      await window.steps[name]?.();
      await settled();
      record.addCustomEvent("step", { name });
      const said = JSON.stringify(sketch(document));
      await rest(10);
      return said;
    },
    take: () => JSON.stringify(kept.splice(0)),
  };
})();
