// The shop's other recorder: the real Sentry SDK, its DSN pointing at the collector.
import * as Sentry from "@sentry/browser";

const { dsn, user, release, environment } = window.shopConfig;

Sentry.init({
  dsn,
  release,
  environment,
  tracesSampleRate: 1,
  replaysSessionSampleRate: 1,
  replaysOnErrorSampleRate: 1,
  integrations: [
    Sentry.browserTracingIntegration(),
    Sentry.replayIntegration({
      maskAllText: false,
      blockAllMedia: false,
      maskAllInputs: false,
      mask: ["#card", "#cvc"],
      networkDetailAllowUrls: [location.origin],
      minReplayDuration: 1000,
    }),
  ],
});
Sentry.setUser({ id: user.id, email: user.email, username: user.name });

window.shopRecorder = {
  state: (action, payload, state) =>
    Sentry.addBreadcrumb({ category: "redux.action", type: "info", message: action, data: { action, payload, state } }),
  event: (tag, payload) => Sentry.addBreadcrumb({ category: tag, data: payload }),
  feedback: (message) => Sentry.captureFeedback({ message, email: user.email, name: user.name }),
  sessionUrl: () => `${window.shopConfig.collector}/sessions/${Sentry.getReplay()?.getReplayId() ?? ""}`,
};
