// @ts-nocheck: node's types are no dependency of the page
import assert from "node:assert/strict";
import { test } from "node:test";
import { clean } from "../src/clean.ts";
import { pictureBlob } from "../src/commands.ts";
import { clock, position } from "../src/media.ts";
import { css, fragment, link, picture, told } from "../src/urls.ts";

const PAGE = "https://shop.test/cart/?q=1#top";

test("links are absolute, shown, and never scripts or files", () => {
  assert.equal(link("../help", PAGE), "https://shop.test/help");
  assert.equal(link("#part", PAGE), "#part");
  assert.equal(link("mailto:a@b.c", PAGE), "mailto:a@b.c");
  for (const bad of ["javascript:alert(1)", " java\nscript:alert(1)", "data:text/html,x", "file:///etc/passwd",
    "vbscript:x", "replay://data/x", "http://["]) assert.equal(link(bad, PAGE), "about:blank", bad);
});

test("parts of the recorded page itself stay parts", () => {
  assert.equal(fragment("#a", PAGE), "#a");
  assert.equal(fragment("https://shop.test/cart/?q=1#a", PAGE), "#a");
  assert.equal(fragment("https://else.test/#a", PAGE), null);
  assert.equal(fragment("sprite.svg#a", PAGE), null);
});

test("pictures are data: images only", () => {
  assert.equal(picture("data:image/png;base64,AA"), "data:image/png;base64,AA");
  assert.equal(picture("data:text/html,x"), null);
  assert.equal(picture("https://shop.test/a.png"), null);
  assert.equal(picture("blob:https://shop.test/1"), null);
});

test("css keeps data: and parts, and nothing else that loads", () => {
  assert.equal(css("a{color:red}", PAGE), "a{color:red}");
  assert.equal(css("a{b:url(data:image/gif;base64,R0)}", PAGE), "a{b:url(data:image/gif;base64,R0)}");
  assert.equal(css("a{fill:url(#g)}", PAGE), 'a{fill:url("#g")}');
  for (const text of ["a{b:url(x.png)}", "a{b:url('//evil/x')}", 'a{b:URL( "http://evil/x" )}', "a{b:url(/x)}"]) {
    const result = css(text, PAGE);
    assert.match(result, /\("data:,/i, text);
    assert.doesNotMatch(result.replace(/data:,[^"]*/g, ""), /evil|x\.png|\/x/, text);
  }
  assert.equal(css('@import "a.css"; p{}', PAGE).trim(), "p{}");
  assert.equal(css("@import url(a.css) screen; p{}", PAGE).trim(), "p{}");
});

test("attributes", () => {
  const at = (tag, attrs = {}, svg = false) => ({ tag, svg, page: PAGE, attrs });
  assert.equal(clean("class", "a", at("p")), "a");
  assert.equal(clean("onclick", "x()", at("p")), null);
  assert.equal(clean("OnClick", "x()", at("p")), null);
  assert.equal(clean("src", "x", at("iframe")), null);
  assert.equal(clean("srcdoc", "x", at("iframe")), null);
  assert.equal(clean("data", "x", at("object")), null);
  assert.equal(clean("rel", "preconnect", at("link")), null);
  assert.equal(clean("rel", "noopener", at("a")), "noopener");
  assert.equal(clean("http-equiv", "refresh", at("meta")), null);
  assert.equal(clean("href", "https://x.test/", at("base")), null);
  assert.equal(clean("ping", "/p", at("a")), null);
  assert.equal(clean("action", "/p", at("form")), null);
  assert.equal(clean("srcset", "a 1x", at("img")), null);
  assert.equal(clean("contenteditable", "", at("div")), "");
  assert.equal(clean("disabled", true, at("input")), "");
  assert.equal(clean("checked", false, at("input")), null);
  assert.equal(clean("href", "s.svg#a", at("use", {}, true)), null);
  assert.equal(clean("xlink:href", "#a", at("use", {}, true)), "#a");
  assert.match(clean("src", "a.png", at("img", { width: 3, height: 2 })), /^data:image\/svg.*width%3D%223/);
});

test("canvas pictures are images, whatever the recording calls them", () => {
  const part = { rr_type: "ArrayBuffer", base64: "AQID" };
  const blob = (type) => ({ rr_type: "Blob", data: [part], type });
  assert.equal(pictureBlob(blob("image/png")).type, "image/png");
  assert.equal(pictureBlob(blob("text/html")).type, "image/webp");
  assert.equal(pictureBlob(blob("image/png")).size, 3);
  assert.equal(pictureBlob({ rr_type: "Blob", data: [null, { rr_type: "ArrayBuffer", base64: "%" }] }), null);
  assert.equal(pictureBlob(null), null);
});

test("the recorded pointer decides what :hover means", () => {
  assert.equal(told("a:hover>b,i:hover::before{}"), "a[rr-hover]>b,i[rr-hover]::before{}");
  assert.equal(told(".x\\:hover{} a:hover-x{}"), ".x\\:hover{} a:hover-x{}");
  assert.equal(told("x-a:not(:defined),x-a:defined{}"), "x-a:not(:not([rr-undefined])),x-a:not([rr-undefined]){}");
});

test("positions of media", () => {
  const media = { playing: true, at: 3, t: 1000, rate: 1.5 };
  assert.equal(position(media, 3000), 6);
  assert.equal(position({ ...media, playing: false }, 3000), 3);
  assert.equal(position(media, 0), 3);
  assert.equal(clock(61.9), "1:01");
  assert.equal(clock(3_661), "1:01:01");
});
