// The shop's recorder, plain rrweb: snippet, console and network plugins, Web Vitals.
import { getRecordConsolePlugin } from "@rrweb/rrweb-plugin-console-record";
import { getRecordNetworkPlugin } from "@rrweb/rrweb-plugin-network-record";
import { record } from "rrweb";
import { onCLS, onFCP, onINP, onLCP, onTTFB } from "web-vitals/attribution";
import { startRecorder } from "./recorder.js";

const { collector, key, user, release, environment } = window.shopConfig;

const recorder = startRecorder({
  record,
  collector,
  key,
  user,
  release,
  environment,
  collectFonts: true,
  maskInputOptions: { password: true, tel: true }, // card number and code; e-mail and address stay readable
  sampling: { mousemove: 50, scroll: 100, input: "all" },
  plugins: [
    getRecordConsolePlugin({ level: ["log", "info", "warn", "error", "debug"] }),
    getRecordNetworkPlugin({
      recordHeaders: true,
      recordBody: true,
      recordInitialRequests: true,
      transformRequestFn: (request) => (String(request.name).startsWith(collector) ? undefined : request),
    }),
  ],
});

const vital = ({ name, value, delta, rating, id, navigationType, attribution }) =>
  recorder.event("web-vital", {
    name,
    value,
    delta,
    rating,
    id,
    navigationType,
    page: location.href,
    attribution: {
      target: attribution.interactionTarget || attribution.largestShiftTarget || attribution.target || "",
      interactionTime: attribution.interactionTime,
      largestShiftTime: attribution.largestShiftTime,
    },
  });
for (const on of [onTTFB, onFCP, onLCP]) on(vital);
for (const on of [onINP, onCLS]) on(vital, { reportAllChanges: true });

window.shopRecorder = {
  state: (action, payload, state) => recorder.event("redux", { action, payload, state }),
  event: recorder.event,
  feedback: (message) => recorder.event("feedback", { message, page: location.href }),
  sessionUrl: recorder.getSessionURL,
};
