// Sends each request to the first healthy site of its route, by the longest matching path prefix.
// The script is the same for every topology; its bindings say what differs:
//   ROUTES      {"/api/v5": ["aws", "google"]}   sites by prefix, first choice first
//   ORIGINS     {"aws": "https://..."}           scheme and host of each site's edge
//   TIMEOUT_MS  "30000"                          how long to wait for response headers

const FAILURES_TO_OPEN = 3;
const OPEN_MS = 10_000;

const NO_BODY = new Set(["GET", "HEAD"]);

// Safe to send twice, as long as there is no body: its stream could not be read again.
const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS"]);

// Nobody answered for the service: the edge's 502 to 504, Cloudflare's own 520 to 527, and 530 for
// a tunnel that is down. Not 500: a request that always fails would visit every site.
const UNAVAILABLE = new Set([502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527, 530]);

// Circuit breakers by site. They live as long as the isolate, so no request pays for a look-up.
const breakers = new Map();
let configuration;

export default {
  async fetch(request, env) {
    configuration ??= parse(env);
    const url = new URL(request.url);
    const sites = sitesFor(url.pathname);
    if (!sites) return failure(404, "no route");
    // fetch() would throw, and the site would be blamed for it.
    if (NO_BODY.has(request.method) && request.body) return failure(400, "unexpected body");
    return forward(request, url, sites);
  },
};

function parse(env) {
  const routes = Object.entries(JSON.parse(env.ROUTES));
  routes.sort(([a], [b]) => b.length - a.length);
  return { routes, origins: JSON.parse(env.ORIGINS), timeout: Number(env.TIMEOUT_MS) };
}

function sitesFor(path) {
  const matches = ([prefix]) =>
    prefix === "/" || path === prefix || path.startsWith(prefix + "/");
  return configuration.routes.find(matches)?.[1];
}

async function forward(request, url, sites) {
  const replayable = IDEMPOTENT.has(request.method) && request.body === null;
  const candidates = available(sites, replayable);
  const headers = requestHeaders(request, url);
  const target = url.href.slice(url.origin.length);
  for (const [index, site] of candidates.entries()) {
    const last = !replayable || index === candidates.length - 1;
    // Without another site to turn to, waiting is the better choice: models take their time.
    const timeout = last ? 0 : configuration.timeout;
    const response = await attempt(site, target, request, headers, timeout);
    if (response && (last || !UNAVAILABLE.has(response.status))) return answer(response, site);
    if (last) break;
    response?.body?.cancel();
  }
  return failure(502, "no site answered");
}

// The sites whose breaker lets requests through, or all of them where none does.
function available(sites, replayable) {
  // A request that can be replayed tries a failed site first; one that cannot waits a while longer.
  const wait = replayable ? OPEN_MS : 2 * OPEN_MS;
  const due = (site) => breakers.get(site).since + wait <= Date.now();
  const allowed = sites.filter((site) => !isOpen(site) || due(site));
  return allowed.length ? allowed : sites;
}

function isOpen(site) {
  return breakers.get(site)?.failures >= FAILURES_TO_OPEN;
}

async function attempt(site, target, request, headers, timeout) {
  // Half-open: this request is the try, all others keep away for another period.
  if (isOpen(site)) breakers.get(site).since = Date.now();
  const controller = new AbortController();
  const timer = timeout && setTimeout(() => controller.abort(), timeout);
  let response = null;
  try {
    response = await fetch(configuration.origins[site] + target, {
      method: request.method,
      headers,
      body: request.body,
      redirect: "manual", // the client follows, or the Worker would answer for another URL
      signal: controller.signal,
    });
  } catch {
    // A network error or the time-out: no response, which counts as a failure.
  } finally {
    clearTimeout(timer); // it is for the headers only; a stream may go on for as long as it likes
  }
  record(site, response !== null && !UNAVAILABLE.has(response.status));
  return response;
}

function record(site, healthy) {
  if (healthy) {
    breakers.delete(site);
  } else {
    const failures = (breakers.get(site)?.failures ?? 0) + 1;
    breakers.set(site, { failures, since: Date.now() });
  }
}

function requestHeaders(request, url) {
  const headers = new Headers(request.headers);
  for (const name of [...headers.keys()]) {
    if (name.startsWith("trunkline-")) headers.delete(name); // ours to say, not a client's
  }
  headers.set("x-forwarded-host", url.host); // the edge sees the origin's name as its Host
  return headers;
}

function failure(status, error) {
  return Response.json({ error }, { status });
}

function answer(response, site) {
  const copy = new Response(response.body, response); // keeps a WebSocket, and makes headers mutable
  copy.headers.set("trunkline-site", site);
  return copy;
}
