# ruff: noqa: E501
"""A hostile recording: everything we know of that runs script, reaches the network or reads a file."""

from __future__ import annotations

from typing import Any

from tests.qt.player.engines import Recording

#: Run by whatever script should ever run: it marks the page that Python reads.
MARK = "try{top.ran=(top.ran||0)+1}catch(e){};try{parent.ran=1}catch(e){};document.title='RAN'"


def hostile(port: int) -> Recording:
    """The recording; `port` is the counting listener's."""
    r = Recording(url=f"http://127.0.0.1:{port}/page/")
    bases = [f"http://127.0.0.1:{port}", f"http://localhost:{port}", f"//127.0.0.1:{port}", ""]
    head: list[dict[str, Any]] = [r.el("base", {"href": f"http://127.0.0.1:{port}/base/"})]
    body: list[dict[str, Any]] = []
    for n, base in enumerate(bases):

        def u(name: str, base: str = base, n: int = n) -> str:
            return f"{base}/{name}{n}"

        for rel in (
            "preconnect", "dns-prefetch", "prefetch", "preload", "modulepreload", "stylesheet", "icon", "manifest",
            "prerender", "next", "expect",
        ):  # fmt: skip
            head.append(r.el("link", {"rel": rel, "href": u(rel), "as": "script", "crossorigin": ""}))
        head += [
            r.el("meta", {"http-equiv": "refresh", "content": f"0;url={u('refresh')}"}),
            r.el("script", {"src": u("script.js")}),
            r.el("script", {"src": u("module.js"), "type": "module"}),
            r.el(
                "script", {"type": "speculationrules"}, f'{{"prefetch":[{{"source":"list","urls":["{u("spec")}"]}}]}}'
            ),
            r.el("style", {}, f'@import "{u("import.css")}"; @import url({u("import2.css")});'),
            r.el("style", {"_cssText": _css(u)}, ""),
            r.el("link", {"_cssText": _css(u)}),
            r.el(
                "style",
                {},
                f"p{{background:u\\72l({u('escaped.png')})}} b{{background-image:image-set('{u('set.png')}' 1x)}}",
            ),
        ]
        body += [
            r.el("img", {"src": u("img.png")}),
            r.el("img", {"src": "data:image/png;base64,AAAA", "srcset": f"{u('srcset.png')} 1x", "loading": "eager"}),
            r.el("img", {"rr_dataURL": u("dataurl.png"), "src": u("img2.png")}),
            r.el("img", {"src": u("lowsrc.png"), "lowsrc": u("low.png"), "dynsrc": u("dyn.png")}),
            r.el("picture", {}, r.el("source", {"srcset": u("source.webp")}), r.el("img", {"src": u("pic.png")})),
            r.el("video", {"src": u("v.mp4"), "poster": u("poster.png"), "autoplay": "", "rr_mediaState": "played"},
                 r.el("source", {"src": u("v2.mp4")}), r.el("track", {"src": u("t.vtt"), "default": ""})),
            r.el("audio", {"src": u("a.mp3"), "autoplay": "", "preload": "auto", "rr_mediaState": "played"}),
            r.el("object", {"data": u("o.svg")}), r.el("embed", {"src": u("e.svg")}), r.el("applet", {"code": u("x")}),
            r.el("iframe", {"src": u("frame.html")}), r.el("iframe", {"rr_src": u("frame2.html")}),
            r.el("iframe", {"src": u("f3"), "sandbox": "allow-scripts allow-same-origin allow-top-navigation"}),
            r.el("iframe", {"srcdoc": f"<script>{MARK}</script><img src={u('srcdoc.png')}>"}),
            r.el("frame", {"src": u("frame4.html")}), r.el("portal", {"src": u("portal")}),
            r.el("form", {"action": u("form"), "method": "post", "id": f"form{n}"},
                 r.el("input", {"type": "image", "src": u("input.png")}),
                 r.el("button", {"type": "submit", "formaction": u("formaction"), "id": f"submit{n}"}, "send it")),
            r.el("a", {"href": u("link"), "ping": u("ping"), "target": "_blank", "id": f"link{n}"}, "a link here"),
            r.el("a", {"href": u("dl"), "download": "x", "id": f"dl{n}"}, "a download"),
            r.el("table", {"background": u("bg.png")}), r.el("div", {"style": f"background:url({u('inline.png')})"}, "x"),
            r.el("div", {"style": {"background-image": f"url({u('style-object.png')})"}}, "x"),
            r.el("input", {"type": "file", "value": "/etc/passwd"}),
            r.el("svg", {},
                 r.el("image", {"href": u("svg.png"), "xlink:href": u("svg2.png"), "width": "9", "height": "9"}, isSVG=True),
                 r.el("use", {"href": u("use.svg#a")}, isSVG=True), r.el("use", {"xlink:href": u("use2.svg#a")}, isSVG=True),
                 r.el("script", {"href": u("svg.js")}, MARK, isSVG=True), r.el("script", {}, MARK, isSVG=True),
                 r.el("feImage", {"href": u("fe.png")}, isSVG=True),
                 r.el("a", {"href": "javascript:" + MARK, "id": f"svga{n}"}, r.el("text", {"y": "20"}, "svg", isSVG=True),
                      isSVG=True),
                 r.el("animate", {"onbegin": MARK, "attributeName": "x", "dur": "1s", "begin": "0s"}, isSVG=True),
                 r.el("set", {"attributeName": "href", "to": u("set")}, isSVG=True),
                 r.el("foreignObject", {"width": "50", "height": "50"},
                      r.el("img", {"src": u("fo.png"), "onerror": MARK}), r.el("script", {}, MARK), isSVG=True),
                 r.el("rect", {"fill": f"url({u('fill.svg#x')})", "width": "9", "height": "9"}, isSVG=True), isSVG=True),
        ]  # fmt: skip
    fonts = f"http://127.0.0.1:{port}/font.woff2"
    body += [
        r.el("script", {}, MARK),
        r.el("SCRIPT", {}, MARK),
        r.el("script", {"type": "module"}, MARK),
        r.el("svg:script", {}, MARK, isSVG=True),
        r.el("img", {"src": "x", "onerror": MARK, "ONLOAD": MARK}),
        r.el("body", {"onload": MARK, "onpageshow": MARK}),
        r.el("details", {"open": "", "ontoggle": MARK}, r.el("summary", {}, "sum")),
        r.el("input", {"autofocus": "", "onfocus": MARK}),
        r.el("a", {"href": "javascript:" + MARK, "id": "js"}, "javascript link"),
        r.el("a", {"href": "\tjava\nscript:" + MARK, "id": "js2"}, "odd javascript link"),
        r.el("a", {"href": "data:text/html,<script>" + MARK + "</script>", "id": "js3"}, "data link"),
        r.el("a", {"href": "file:///etc/passwd", "id": "file"}, "file link"),
        r.el("iframe", {"src": "javascript:" + MARK}),
        r.el("iframe", {"src": "file:///etc/passwd"}),
        r.el("iframe", {"src": "data:text/html,<script>" + MARK + "</script>"}),
        r.el("img", {"src": "file:///etc/passwd"}),
        r.el("img", {"src": "replay://data/next"}),
        r.el("img", {"src": "replay://app/player.js"}),
        r.el("object", {"data": "file:///etc/passwd", "type": "text/html"}),
        r.el("embed", {"src": "javascript:" + MARK}),
        r.el("div", {"style": "background:url(file:///etc/passwd)"}, "x"),
        r.el("x-el", {}, r.el("script", {}, MARK, isShadow=True), isShadowHost=True, isCustom=True),
        r.el("canvas", {"rr_dataURL": f"http://127.0.0.1:{port}/canvas.png"}),
        r.el("canvas", {"rr_dataURL": f'data:image/png,x");background:url("http://127.0.0.1:{port}/esc.png'}),
        r.el("math", {}, r.el("maction", {"actiontype": "statusline", "xlink:href": "javascript:" + MARK}, "m")),
        r.el("template", {"shadowrootmode": "open"}, r.el("script", {}, MARK)),
        r.el("noscript", {}, r.el("img", {"src": f"http://127.0.0.1:{port}/noscript.png"})),
        r.el("button", {"popovertarget": "x", "onclick": MARK, "id": "btn"}, "button"),
        r.el("div", {"style": f"font-family:hostile;src:url({fonts})"}, "text in the hostile font"),
    ]  # fmt: skip
    target = r.el("div", {"id": "target"}, "target")
    sheet = r.el("style", {}, "i{color:red}")
    frame = r.el("iframe", {"src": "/frame"})
    body += [target, frame]
    r.page(0, *body, head=(*head, sheet))
    _then(r, port, target["id"], sheet["id"], frame["id"])
    return r


def _css(u: Any) -> str:
    return (
        f"@font-face{{font-family:hostile;src:url({u('font.woff2')})}} *{{font-family:hostile}}"
        f"body{{background:url({u('css.png')});cursor:url({u('cur.cur')}),auto;list-style:url('{u('list.png')}')}}"
        f'div::before{{content:url("{u("content.png")}")}} a{{mask-image:url({u("mask.svg")}#m);filter:url({u("f.svg")}#f)}}'
        f"p{{border-image:url({u('border.png')}) 3;offset-path:url({u('path')}#p);clip-path:url({u('clip')}#c)}}"
        f"span{{background:image-set(url({u('set.png')}) 1x)}} @namespace svg url({u('ns')});"
    )


def _then(r: Recording, port: int, target: int, sheet: int, frame: int) -> None:
    """What happens to the page: the same attempts by mutation, rule, font and input."""
    base = f"http://127.0.0.1:{port}"
    r.change(100, attributes=[
        {"id": target, "attributes": {
            "onclick": MARK, "style": {"background-image": f"url({base}/mutated.png)"}, "src": f"{base}/m", "href": f"{base}/h",
        }},
        {"id": frame, "attributes": {"src": f"{base}/framed", "srcdoc": f"<script>{MARK}</script>", "sandbox": ""}},
        {"id": sheet, "attributes": {"_cssText": f'@import "{base}/late.css";b{{background:url({base}/late.png)}}'}},
    ])  # fmt: skip
    r.incremental(150, 8, id=sheet, adds=[
        {"rule": f"body{{background-image:url({base}/rule.png)}}", "index": 0},
        {"rule": f'@import "{base}/rule.css"', "index": 0},
        {"rule": f"@font-face{{font-family:late;src:url({base}/rule.woff)}}", "index": 0},
    ])  # fmt: skip
    r.incremental(160, 13, id=sheet, index=[0], set={"property": "background", "value": f"url({base}/decl.png)"})
    r.incremental(170, 8, id=sheet, replace=f"body{{background:url({base}/replaced.png)}}")
    r.incremental(180, 15, id=1, styleIds=[1], styles=[
        {"styleId": 1, "rules": [{"rule": f"*{{background:url({base}/adopted.png)}}", "index": 0}]},
    ])  # fmt: skip
    r.incremental(190, 10, family="late", fontSource=f"url({base}/fontface.woff)", buffer=False)
    r.change(200, adds=[
        {"parentId": target, "nextId": None, "node": r.el("script", {}, MARK)},
        {"parentId": target, "nextId": None, "node": r.el("img", {"src": f"{base}/added.png", "onerror": MARK})},
        {"parentId": target, "nextId": None, "node": r.el("link", {"rel": "preconnect", "href": base})},
        {"parentId": target, "nextId": None, "node": r.el("a", {"href": f"{base}/late", "ping": f"{base}/ping"}, "late link")},
        {"parentId": target, "nextId": None, "node": r.el("style", {}, f"*{{color:red;background:url({base}/added-css.png)}}")},
    ])  # fmt: skip
    inner = {"type": 0, "id": 90_001, "childNodes": [
        r.el("html", {}, r.el("head", {}, r.el("script", {}, MARK), r.el("link", {"rel": "preconnect", "href": base})),
             r.el("body", {"onload": MARK}, r.el("img", {"src": f"{base}/inner.png", "onerror": MARK}),
                  r.el("iframe", {"src": f"{base}/inner-frame"}))),
    ]}  # fmt: skip
    r.change(250, isAttachIframe=True, adds=[{"parentId": frame, "nextId": None, "node": inner}])
    r.incremental(280, 7, id=target, type=0, currentTime=1)
    r.incremental(300, 2, type=2, id=target, x=10, y=10)
    r.event(900, 5, {"tag": "end", "payload": {}})
