"""A page with a secret of every kind in every place, recorded by the real recorder in a real browser, unmasked."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from replay_viewer.collector.run import run_in_thread
from tests.e2e.dom_programs import RECORDER, ROOT

PLUGINS = [
    ROOT / "resources" / "demo" / "node_modules" / "@rrweb" / name / "dist" / f"{name}.umd.min.cjs"
    for name in ("rrweb-plugin-console-record", "rrweb-plugin-network-record")
]

PASSWORD = "Tr0ub4dor&3-horse"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJxdWlsbC03NzQxIn0.s5p9Qm0cXh2uV8aZk1LwRt"
USER = {"id": "cust-77410-zq", "email": "zebediah.quill@example.net", "name": "Zebediah Quill"}

#: What it is → as it stands in the page. Each must be gone from everything that leaves.
SECRETS = {
    "typed password": PASSWORD,
    "typed password, most of it": PASSWORD[:13],
    "typed into a field called q7": "plumCircus!88",
    "card": "4000 0566 5566 5556",
    "card without blanks": "4000056655665556",
    "user's address": USER["email"],
    "user's name": USER["name"],
    "user's surname": "Quill",
    "user's id": USER["id"],
    "another's address": "odalys.frend@example.org",
    "phone": "+44 20 7946 0958",
    "IBAN": "DE89 3704 0044 0532 0130 00",
    "IBAN without blanks": "DE89370400440532013000",
    "social security number": "536-22-8736",
    "JWT": JWT,
    "bearer": "Zk9-bearer-3fQ8sW1x",
    "API key": "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "cookie": "sid=Wq81kk20-cookie-value",
    "token in the URL": "tok-7Gq2Lm9-url",
    "token in the fragment": "frag-55ab91-access",
    "basic": "svc-quillbot:hunter2-basic",
    "secret in a body": "body-secret-9xK2",
    "secret in a response": "reply-secret-4dT7",
    "street": "12 Quagmire Crescent",
    "one-time code": "OTP-594-120",
    "IP": "203.0.113.77",
}


def _field(name: str, kind: str = "text", more: str = "") -> str:
    return f'<p><label>{name} <input type="{kind}" name="{name}" id="{name}" {more}></label></p>'


PAGE = f"""<!doctype html><html><head><title>Account of {USER["name"]}</title></head>
<body><h1>Hello {USER["name"]}</h1>
{_field("password", "password")}{_field("q7", "password")}{_field("cardnumber", "text", 'autocomplete="cc-number"')}
{_field("street")}{_field("otp")}
<p id="about">Write to odalys.frend@example.org or call +44 20 7946 0958.</p>
<p title="IBAN DE89 3704 0044 0532 0130 00" data-owner="{USER["email"]}" aria-label="ssn 536-22-8736">Your bank</p>
<a id="file" download="statement-DE89370400440532013000.pdf" href="/files/zebediah.quill%40example.net.pdf">file</a>
<a href="http://svc-quillbot:hunter2-basic@127.0.0.1:9/feed">feed</a>
<img alt="Card 4000 0566 5566 5556" width="4" height="4">
<x-card></x-card>
<iframe id="inner" srcdoc="<p>Frame of {USER["name"]}, card 4000056655665556, {USER["email"]}</p>"></iframe>
<button id="go">Pay now</button><output id="said"></output>
<script src="/rrweb.js"></script><script src="/plugins.js"></script>
<script>
const events = window.events = [];
customElements.define("x-card", class extends HTMLElement {{ connectedCallback() {{
  this.attachShadow({{ mode: "open" }}).innerHTML =
    "<p>IBAN DE89370400440532013000</p><input value='{USER["email"]}'><b>{PASSWORD}</b>"; }} }});
rrweb.record({{ emit: (event) => events.push(event), maskAllInputs: false, maskInputOptions: {{ password: false }},
  recordCrossOriginIframes: false, plugins: [
    rrwebPluginConsoleRecord.getRecordConsolePlugin({{ level: ["log", "info", "warn", "error"] }}),
    rrwebPluginNetworkRecord.getRecordNetworkPlugin({{ recordHeaders: true, recordBody: true,
      recordInitialRequests: true }})] }});
const state = (action, payload) =>
  rrweb.record.addCustomEvent("redux", {{ action, payload, state: {{ form: payload }} }});
document.cookie = "sid=Wq81kk20-cookie-value";
password.oninput = () => {{
  state("form/setPassword", password.value); state("draft/changed", {{ text: password.value }}); }};
q7.oninput = () => console.log("q7 is now", q7.value);
go.onclick = async () => {{
  console.log("paying", {{ password: password.value, card: {{ number: cardnumber.value }}, who: "{USER["email"]}" }});
  console.warn("Authorization: Bearer Zk9-bearer-3fQ8sW1x from 203.0.113.77");
  history.pushState(0, "", "/account/{USER["id"]}?token=tok-7Gq2Lm9-url&q7=" + encodeURIComponent(q7.value)
    + "&mail=" + encodeURIComponent("{USER["email"]}") + "#access_token=frag-55ab91-access");
  console.info("now at", location.href, "Cookie: " + document.cookie);
  rrweb.record.addCustomEvent("route", {{ url: location.href }});
  const answer = await fetch("/api/pay?otp=" + otp.value + "&card=" + encodeURIComponent(cardnumber.value), {{
    method: "POST",
    headers: {{ Authorization: "Bearer Zk9-bearer-3fQ8sW1x", "X-Api-Key": "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
      "Content-Type": "application/json" }},
    body: JSON.stringify({{ password: password.value, client_secret: "body-secret-9xK2",
      iban: "DE89370400440532013000",
      nested: JSON.stringify({{ street: street.value, deep: JSON.stringify({{ q7: q7.value }}) }}),
      packed: btoa("x" + password.value + "y"), packed2: btoa("xy" + password.value),
      hex: "{PASSWORD.encode().hex()}",
      wide: btoa(password.value.split("").join("\\0") + "\\0"),
      entities: "{"".join(f"&#{ord(c)};" for c in PASSWORD)}" }}) }});
  const body = await answer.json();
  rrweb.record.addCustomEvent("profile", body);
  said.textContent = "Refused for {USER["name"]}, card 4000 0566 5566 5556, by " + body.contact;
  document.querySelector("#about").title = "token=" + body.token;
  await fetch("/api/form", {{ method: "POST", body: new URLSearchParams({{ password: password.value, q7: q7.value,
    email: "{USER["email"]}" }}), headers: {{ "Content-Type": "application/x-www-form-urlencoded" }} }});
  const error = new Error("cannot charge 4000056655665556 of {USER["email"]}: password=" + password.value);
  console.error("Uncaught", error);
  rrweb.record.addCustomEvent("error", {{ message: error.message, stack: error.stack,
    filename: "/u/{USER["email"]}/app.js" }});
  window.done = true;
}};
</script></body></html>"""


async def _pay(request: Request) -> Response:
    await request.body()
    answer = {
        "token": JWT, "secret": "reply-secret-4dT7", "ssn": "536-22-8736", "contact": "odalys.frend@example.org",
        "user": {"name": USER["name"], "email": USER["email"], "id": USER["id"], "phone": "+44 20 7946 0958"},
        "blob": base64.b64encode(f"id={USER['email']};pw={PASSWORD}".encode()).decode(), "ip": "203.0.113.77",
    }  # fmt: skip
    return JSONResponse(
        answer, 502, {"Set-Cookie": "sid=Wq81kk20-cookie-value", "X-Session-Token": "reply-secret-4dT7"}
    )


def record(browser: Any, out: Path) -> None:
    """Use the page as a person would and write its recording to `out`."""
    scripts = "\n;\n".join(path.read_text() for path in PLUGINS)

    def text(content: str, media: str) -> Any:
        return lambda _request: Response(content, media_type=media)

    routes = [
        Route("/rrweb.js", text(RECORDER.read_text(), "text/javascript")),
        Route("/plugins.js", text(scripts, "text/javascript")),
        Route("/api/pay", _pay, methods=["POST"]),
        Route("/api/form", lambda _request: PlainTextResponse(f"password={PASSWORD}&ok=1"), methods=["POST"]),
        Route("/{path:path}", lambda _request: HTMLResponse(PAGE)),
    ]
    site, stop = run_in_thread(Starlette(routes=routes), "127.0.0.1", 0, "seeded")
    try:
        page = browser.open()
        page.go(f"{site}/start?token=tok-7Gq2Lm9-url&email=zebediah.quill%40example.net")
        for name, value in (
            ("password", PASSWORD), ("q7", "plumCircus!88"), ("cardnumber", "4000 0566 5566 5556"),
            ("street", "12 Quagmire Crescent"), ("otp", "OTP-594-120"),
        ):  # fmt: skip
            page.type(f"#{name}", value)
        page.click("#go")
        page.until("window.done === true")
        page.idle(0.6)
        events = page.evaluate("JSON.stringify(window.events)")
        page.close()
    finally:
        stop()
    batch = {"sessionId": "seeded-0001", "user": USER, "release": "9.9.9", "events": json.loads(events)}
    out.write_text(json.dumps(batch))
