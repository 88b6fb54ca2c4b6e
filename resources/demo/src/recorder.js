/**
 * The recorder snippet: sends what rrweb records to a Replay Viewer collector. This is all a site needs.
 *
 *     import { record } from "rrweb";
 *     import { startRecorder } from "./recorder.js";
 *     const recorder = startRecorder({ record, collector: "https://replay.example.com", key: "PROJECT_KEY" });
 *     recorder.identify({ id: "42", email: "ada@example.com" });
 *     recorder.event("redux", { action: "cart/add", payload: { id: 7 }, state });
 *     recorder.getSessionURL();                      // goes into the support ticket
 *
 * Batches go to POST {collector}/api/replay/{session}/events as
 * {sessionId, tabId, user?, release?, environment?, zone, locale, events: [...]}, plain or gzip, as text/plain so that no CORS
 * preflight is needed. A batch is encoded once and sent again byte for byte until it is acknowledged; the collector
 * stores the same bytes only once. When the page goes away, what is left leaves by sendBeacon.
 */

// Taken before any recording plugin wraps it: the recorder's own posts are none of the page's requests.
const send = globalThis.fetch.bind(globalThis);

const IDLE_MS = 30 * 60 * 1000; // a visit ends after half an hour without an event, in any tab
const FLUSH_MS = 2000;
const BATCH_CHARS = 250_000;
const BEACON_BYTES = 60_000; // browsers refuse beacons above 64 KiB, all those under way taken together
const KEPT_BATCHES = 200; // when the collector is unreachable: older ones are given up

function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}

/** The visit's id, shared by all tabs of the site. Storage may be forbidden: then each page is a visit of its own. */
function currentSession() {
  const now = Date.now();
  try {
    const known = JSON.parse(localStorage.getItem("replay-session") || "null");
    const session = known && now - known.seen < IDLE_MS ? known : { id: randomId(), start: now };
    localStorage.setItem("replay-session", JSON.stringify({ ...session, seen: now }));
    return session;
  } catch {
    return { id: randomId(), start: now };
  }
}

/** This tab's id. A duplicated tab comes with a copy of the storage, `open` mark included, and gets a new id. */
function currentTab() {
  try {
    const copied = sessionStorage.getItem("replay-tab-open") === "1";
    const tab = (!copied && sessionStorage.getItem("replay-tab")) || randomId().slice(0, 8);
    sessionStorage.setItem("replay-tab", tab);
    sessionStorage.setItem("replay-tab-open", "1");
    addEventListener("pagehide", () => sessionStorage.removeItem("replay-tab-open"));
    addEventListener("pageshow", () => sessionStorage.setItem("replay-tab-open", "1"));
    return tab;
  } catch {
    return randomId().slice(0, 8);
  }
}

async function gzip(text) {
  if (typeof CompressionStream === "undefined" || text.length < 4000) return new Blob([text], { type: "text/plain" });
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Blob([await new Response(stream).arrayBuffer()], { type: "text/plain" });
}

/** Calls `moved` when the page's address changes without a load; answers what undoes that. */
function watchAddress(moved) {
  let known = location.href;
  const look = () => {
    if (location.href === known) return;
    known = location.href;
    moved(known);
  };
  const undo = ["pushState", "replaceState"].map((name) => {
    const original = history[name];
    history[name] = function (...given) {
      original.apply(this, given);
      look();
    };
    return () => (history[name] = original);
  });
  for (const name of ["popstate", "hashchange"]) addEventListener(name, look);
  return () => {
    for (const back of undo) back();
    for (const name of ["popstate", "hashchange"]) removeEventListener(name, look);
  };
}

/**
 * Starts recording. `record` is rrweb's; `collector` its base URL; `key` the project key; every other option
 * (plugins, maskInputOptions, …) goes to rrweb as it is. Returns {event, identify, getSessionURL, stop}.
 */
export function startRecorder({ record, collector, key = "", user, release, environment, ...options }) {
  const base = String(collector).replace(/\/+$/, "");
  const session = currentSession();
  const tab = currentTab();
  const url = `${base}/api/replay/${session.id}/events` + (key ? `?key=${encodeURIComponent(key)}` : "");
  const waiting = []; // events not yet in a batch, as JSON text
  const unacknowledged = []; // encoded batches, oldest first
  let size = 0;
  let sending = false;
  let pause = 1000;

  // So that a support engineer can read the customer's own clock.
  const { timeZone: zone } = Intl.DateTimeFormat().resolvedOptions();
  const body = (events) =>
    `{"sessionId":${JSON.stringify(session.id)},"tabId":${JSON.stringify(tab)}` +
    (user ? `,"user":${JSON.stringify(user)}` : "") +
    (release ? `,"release":${JSON.stringify(release)}` : "") +
    (environment ? `,"environment":${JSON.stringify(environment)}` : "") +
    `,"zone":${JSON.stringify(zone)},"locale":${JSON.stringify(navigator.language)}` +
    `,"events":[${events.join(",")}]}`;

  async function flush() {
    if (waiting.length) {
      const text = body(waiting.splice(0));
      size = 0;
      unacknowledged.push(await gzip(text));
      if (unacknowledged.length > KEPT_BATCHES) unacknowledged.shift();
    }
    if (sending) return;
    sending = true;
    while (unacknowledged.length) {
      const blob = unacknowledged[0];
      let status = 0;
      try {
        status = (await send(url, { method: "POST", body: blob, mode: "cors", credentials: "omit" })).status;
      } catch {
        status = 0; // no network: try again
      }
      if (status >= 500 || status === 429 || status === 0) {
        setTimeout(flush, pause * (0.5 + Math.random()));
        pause = Math.min(pause * 2, 60_000);
        break;
      }
      pause = 1000; // taken, or refused for good (4xx): either way it is done with
      if (unacknowledged[0] === blob) unacknowledged.shift();
    }
    sending = false;
  }

  function leave() {
    for (const blob of unacknowledged.splice(0)) navigator.sendBeacon(url, blob);
    while (waiting.length) {
      const events = [];
      for (let bytes = 0; waiting.length && (!events.length || bytes + waiting[0].length < BEACON_BYTES); ) {
        bytes += waiting[0].length;
        events.push(waiting.shift());
      }
      navigator.sendBeacon(url, new Blob([body(events)], { type: "text/plain" }));
    }
    size = 0;
  }

  const stopRecording = record({
    ...options,
    emit(event) {
      const text = JSON.stringify(event);
      waiting.push(text);
      size += text.length;
      if (size > BATCH_CHARS) void flush();
    },
  });
  const timer = setInterval(flush, FLUSH_MS);
  const hidden = () => document.visibilityState === "hidden" && leave();
  document.addEventListener("visibilitychange", hidden);
  addEventListener("pagehide", leave);

  const event = (tag, payload) => record.addCustomEvent(tag, payload);
  const onError = (e) =>
    event("error", { message: e.message, filename: e.filename, lineno: e.lineno, colno: e.colno, stack: e.error?.stack });
  const onRejection = (e) => event("unhandledrejection", { reason: String(e.reason), stack: e.reason?.stack });
  addEventListener("error", onError);
  addEventListener("unhandledrejection", onRejection);
  const unwatch = watchAddress((href) => event("$url_changed", { href }));

  return {
    /** Records something of the site's own, on the session's clock. */
    event,
    /** Says who uses the page: {id?, email?, name?}. */
    identify(who) {
      user = who;
    },
    /** The address of this visit, at this moment. */
    getSessionURL: () => `${base}/sessions/${session.id}?t=${Math.floor((Date.now() - session.start) / 1000)}`,
    /** Stops recording and sends what is left. */
    stop() {
      stopRecording?.();
      clearInterval(timer);
      document.removeEventListener("visibilitychange", hidden);
      removeEventListener("pagehide", leave);
      removeEventListener("error", onError);
      removeEventListener("unhandledrejection", onRejection);
      unwatch();
      leave();
    },
  };
}
