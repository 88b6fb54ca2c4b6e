// The shop's third recorder: the real posthog-js. Only `api_host` differs from what a site of PostHog's has.
import posthog from "posthog-js";

const { collector, key, user, release, environment } = window.shopConfig;

posthog.init(key || "phc_demo", {
  api_host: collector,
  person_profiles: "always",
  capture_pageview: "history_change",
  capture_exceptions: true,
  capture_performance: { network_timing: true, web_vitals: true },
  enable_recording_console_log: true,
  session_recording: {
    maskAllInputs: false,
    maskInputOptions: { password: true, tel: true },
    recordHeaders: true,
    recordBody: true,
  },
  loaded: (loaded) => {
    loaded.register({ $app_version: release, environment });
    loaded.identify(user.id, { email: user.email, name: user.name });
  },
});

window.shopRecorder = {
  state: (action, payload, state) => posthog.sessionRecording?.tryAddCustomEvent("redux", { action, payload, state }),
  event: (tag, payload) => posthog.capture(tag, payload),
  feedback: (message) => posthog.capture("survey sent", { $survey_response: message }),
  sessionUrl: () => `${collector}/sessions/${posthog.get_session_id()}`,
};
