"""A runnable Playwright test of a session, with the answers it got in a HAR beside it (docs/reproduction.md)."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import msgspec

from replay_viewer.domain.rows import Body
from replay_viewer.domain.time import iso
from replay_viewer.export.base import Exporter, File, Settings, opened_session
from replay_viewer.export.content import Failure, SessionContent, Step
from replay_viewer.export.har import log

_HEAD = """\
// Reproduces {title}
// of session {session}, {start} to {end}. Made by Replay Viewer; redaction: {profile}.
//
//   npx playwright test {file}
//
// BASE_URL         another address of the site (recorded: {origin})
// REPLAY_EXPECT    "failure" (default): passes when the recorded failure happens; "fixed": passes when it does not
// REPLAY_NETWORK   "recorded" (default): what was recorded answers; "live": the site does
import {{ readFileSync, writeFileSync }} from "node:fs";
import {{ fileURLToPath }} from "node:url";
import {{ expect, test }} from "@playwright/test";

const RECORDED = {origin_json};
const BASE = (process.env.BASE_URL ?? RECORDED).replace(/\\/+$/, "");
const at = (url) => (url.startsWith(RECORDED) ? BASE + url.slice(RECORDED.length) : url);

"""

_SETUP = """\
  // The page's clock starts where the customer's stood; it runs on by itself.
  await page.addInitScript((shift) => {{
    const Real = Date;
    const now = () => Real.now() + shift;
    globalThis.Date = new Proxy(Real, {{
      construct: (target, given, made) => Reflect.construct(target, given.length ? given : [now()], made),
      apply: () => new Real(now()).toString(),
      get: (target, key) => (key === "now" ? now : Reflect.get(target, key)),
    }});
  }}, {clock} - Date.now());
  if (process.env.REPLAY_NETWORK !== "live") {{
    const har = readFileSync(fileURLToPath(new URL({har}, import.meta.url)), "utf8");
    const local = testInfo.outputPath("network.har");
    const body = JSON.parse(har);
    for (const entry of body.log.entries) entry.request.url = at(entry.request.url);
    writeFileSync(local, JSON.stringify(body));
    // What was not recorded with its body (pages, scripts, styles) comes from the site.
    await page.routeFromHAR(local, {{ notFound: "fallback" }});
  }}
  const seen = [];
  page.on("pageerror", (error) => seen.push(`error ${{error.name}}: ${{error.message}}`));
  page.on("console", (message) => message.type() === "error" && seen.push(`console ${{message.text()}}`));
  page.on("response", (answer) =>
    seen.push(`request ${{answer.request().method()}} ${{new URL(answer.url()).pathname}} ${{answer.status()}}`));
  page.on("requestfailed", (request) =>
    seen.push(`request ${{request.method()}} ${{new URL(request.url()).pathname}} 0`));
"""

_END = """\
  await test.step({title}, async () => {{
    const happened = () => seen.some((line) => line.startsWith({kind}) && line.includes({text}));
    if (process.env.REPLAY_EXPECT === "fixed") {{
      await expect.poll(happened, {{ timeout: 3_000 }}).toBe(true).then(
        () => {{ throw new Error(`the recorded failure still happens: ${{{title}}}`); }},
        () => {{}},
      );
      expect(happened(), "the recorded failure still happens").toBe(false);
    }} else {{
      await expect.poll(happened, {{ message: "the recorded failure did not happen", timeout: 5_000 }}).toBe(true);
    }}
  }});
"""


def write(content: object, settings: Settings) -> list[File]:
    """The script and its HAR."""
    session = opened_session(content)
    har = f"{settings.stem}.har"
    return [File("", script(session, settings.stem, har).encode()), File(har, _network(session))]


def _network(content: SessionContent) -> bytes:
    """The answers a script can be given: of fetch and XHR, with their bodies. Request bodies would have to match to
    the letter, and what was masked cannot: they are left out."""
    requests = [
        msgspec.structs.replace(row, request_body=Body(why="left out, so that blanks do not keep it from matching"))
        for row in content.requests
        if row.kind in ("fetch", "xhr") and row.status > 0 and row.response_body.text is not None
    ]
    made = log(msgspec.structs.replace(content, requests=requests))
    for entry in made["log"]["entries"]:
        # Of the body as it is here, which need not be the one that was sent: the browser would wait for the rest.
        entry["response"]["headers"] = [
            header for header in entry["response"]["headers"]
            if header["name"].lower() not in ("content-length", "content-encoding", "transfer-encoding")
        ]  # fmt: skip
    return msgspec.json.format(msgspec.json.encode(made), indent=1) + b"\n"


def script(content: SessionContent, stem: str, har: str) -> str:
    """The text of the test."""
    url = next((step.value for step in content.steps if step.act == "open"), content.session.facts.url)
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
    failure = content.failure
    title = failure.title if failure is not None else "what the customer did"
    text = _HEAD.format(
        title=_line(title), session=_line(content.session.id), start=iso(content.start), end=iso(content.end),
        profile=content.profile, file=_line(f"{stem}.spec.mjs"), origin=_line(origin), origin_json=_js(origin),
    )  # fmt: skip
    blanks = [step for step in content.steps if step.blank]
    if blanks:
        text += (
            "// BLANKS: these values are not in the recording, or may not leave it. Fill them in.\nconst BLANKS = {\n"
        )
        for field, why in {_field(step): step.blank for step in blanks}.items():
            text += f'  {_js(field)}: "", // {_line(why)}\n'
        text += "};\n\n"
    options = [f"viewport: {{ width: {content.viewport[0]:.0f}, height: {content.viewport[1]:.0f} }}"]
    if content.session.facts.locale:
        options.append(f"locale: {_js(content.session.facts.locale)}")
    if content.session.facts.zone:
        options.append(f"timezoneId: {_js(content.session.facts.zone)}")
    if content.viewport[0] > 0 or len(options) > 1:
        text += f"test.use({{ {', '.join(options[0 if content.viewport[0] > 0 else 1 :])} }});\n\n"
    text += f"test({_js(title)}, async ({{ page }}, testInfo) => {{\n"
    text += _SETUP.format(clock=f"{content.start:.0f}", har=_js("./" + har))
    for step in content.steps:
        text += "\n" + _step(step)
    text += "\n" + (_end(failure) if failure is not None else "  // The recording has no failure to assert.\n")
    return text + "});\n"


def _end(failure: Failure) -> str:
    wanted = f"{failure.text} {failure.status}" if failure.kind == "request" else failure.text
    thrown = f"  // Thrown at {_line(failure.place)}\n" if failure.place else ""
    return thrown + _END.format(title=_js(failure.title), kind=_js(failure.kind + " "), text=_js(wanted))


def _step(step: Step) -> str:
    lines = [f"// {_line(step.words)}"] if step.words else []
    lines += [f"await expect(page.{shown}).toBeVisible();" for shown in step.shown]
    if step.act == "open":
        lines.append(f"await page.goto(at({_js(step.value)}));")
    elif step.act == "reload":
        lines.append("await page.reload();")
    elif step.act == "arrive":
        lines.append(f"await page.waitForURL(at({_js(step.value)}));")
    elif not step.locator:
        lines.append("// No locator: the element is masked, or left the recording. Do this step by hand.")
    else:
        value = f"BLANKS[{_js(_field(step))}]" if step.blank else _js(step.value)
        calls = {
            "click": "click()", "dblclick": "dblclick()", "contextmenu": 'click({ button: "right" })',
            "fill": f"fill({value})", "check": "check()", "uncheck": "uncheck()", "select": f"selectOption({value})",
        }  # fmt: skip
        lines.append(f"await page.{step.locator}.{calls[step.act]};")
    return "".join(f"  {line}\n" for line in lines)


def _field(step: Step) -> str:
    return step.field or step.locator


def _js(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _line(text: str) -> str:
    """Text for a comment: one line, whatever it holds."""
    return "".join(char if char.isprintable() else " " for char in text)[:300]


EXPORTER = Exporter(
    name="playwright", title="Playwright test", suffix=".spec.mjs", media="text/javascript", render=write
)
