// Sends each request to the first healthy site of its route, by the longest matching path prefix.
// The script is the same for every topology; its bindings say what differs:
//   ROUTES      {"/api/v5": ["aws", "google"]}   sites by prefix, first choice first
//   ORIGINS     {"aws": "https://..."}           scheme and host of each site's edge
//   HEDGED      ["/api/v5"]                      prefixes that ask another site after a time-out
//   TIMEOUT_MS  "30000"                          how long those wait for response headers
//   HSTS_SECONDS "0"                             how long browsers ask over HTTPS alone; 0: as before
//   EDGE_KEY    a secret                         what the edges ask for; absent where they do not
//
// What is known of a site comes from its edge's own health, which the Worker asks itself. No request
// of a client opens or closes anything: one that fails only makes the Worker ask.

const HEALTH = "/healthz";
const FRESH_MS = 2_000; // how long what an edge has said of itself counts
const FORGOTTEN_MS = 10_000; // how long it counts where nothing newer is known
const CHECK_MS = 2_000; // how long its answer may take
const PATIENCE_MS = 1_000; // after which a request without an answer asks for the edge's health

// As Envoy's retry budget: a fifth of the requests under way, and three at least.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/cluster/v3/circuit_breaker.proto
const RETRIES_SHARE = 0.2;
const RETRIES_AT_LEAST = 3;

const BODILESS = new Set(["GET", "HEAD"]);
const REFUSED = new Set(["TRACE", "CONNECT"]);

// Safe to send twice, as long as there is no body: its stream could not be read again.
const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS"]);

// Statuses with which an edge, or Cloudflare before it (520 to 527, 530 for a tunnel that is down),
// answers in place of the service. A service may answer 502 to 504 as well; the edge tells both
// apart by its response flags: https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage
const UNAVAILABLE = new Set([502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527, 530]);
const SITE = "trunkline-site";
const KEY = "trunkline-edge-key";
const FLAGS = "trunkline-response-flags";
const NO_FLAGS = "-"; // the answer is the service's own
const TIMED_OUT = new Set(["UT", "SI"]);

const sites = new Map(); // what is known by site, for as long as the isolate lives
let underWay = 0;
let retries = 0;
let configuration;

export default {
  async fetch(request, env, context) {
    configuration ??= parse(env);
    const response = await respond(request, context);
    return configuration.hsts ? withHsts(response) : response;
  },
};

function parse(env) {
  const hedged = new Set(JSON.parse(env.HEDGED));
  const routes = Object.entries(JSON.parse(env.ROUTES)).map(([prefix, sites]) => ({
    prefix,
    sites,
    timeout: hedged.has(prefix) ? Number(env.TIMEOUT_MS) : 0,
  }));
  routes.sort((a, b) => b.prefix.length - a.prefix.length);
  const origins = JSON.parse(env.ORIGINS);
  const secure = Object.values(origins).every((origin) => origin.startsWith("https:"));
  const hsts = secure && env.HSTS_SECONDS !== "0" ? `max-age=${env.HSTS_SECONDS}` : null;
  return { routes, origins, secure, hsts, key: env.EDGE_KEY };
}

async function respond(request, context) {
  const url = new URL(request.url);
  const refused = refusal(request, url);
  if (refused) return refused;
  const route = routeFor(url.pathname);
  if (!route) return failure(404, "no route");
  underWay += 1;
  try {
    return await forward(request, url, route, context);
  } finally {
    underWay -= 1;
  }
}

function refusal(request, url) {
  // With it, what follows the scheme is not the host alone.
  if (url.username || url.password) return failure(400, "userinfo in the URL");
  if (configuration.secure && url.protocol !== "https:") return failure(403, "https only");
  if (REFUSED.has(request.method)) return failure(405, "method not allowed");
  // fetch() would throw.
  if (BODILESS.has(request.method) && hasBody(request)) return failure(400, "unexpected body");
  return null;
}

function hasBody(request) {
  return request.body !== null && request.headers.get("content-length") !== "0";
}

function routeFor(path) {
  const matches = ({ prefix }) =>
    prefix === "/" || path === prefix || path.startsWith(prefix + "/");
  return configuration.routes.find(matches);
}

async function forward(request, url, route, context) {
  const replayable = IDEMPOTENT.has(request.method) && !hasBody(request);
  const target = url.href.slice(url.origin.length);
  refresh(route.sites, context);
  const candidates = replayable ? healthyFirst(route.sites) : [await firstHealthy(route.sites)];
  for (const [index, site] of candidates.entries()) {
    const last = index === candidates.length - 1;
    const sent = forwarded(request, url, configuration.origins[site] + target);
    const response = await attempt(site, sent, index, last ? null : route);
    if (response && !isFailure(response, route)) return answer(response, site);
    suspect(site, context);
    if (last || !retryAllowed())
      return response ? answer(response, site) : failure(503, "no site answered");
    response?.body?.cancel();
  }
}

// --- what is known of a site

function known(site) {
  if (!sites.has(site)) sites.set(site, { healthy: true, heard: 0, asked: 0, doubted: false });
  return sites.get(site);
}

// The unhealthy ones come last, but they come: a site is never given up for nothing.
function healthyFirst(names) {
  const healthy = names.filter(seemsHealthy);
  return [...healthy, ...names.filter((site) => !seemsHealthy(site))];
}

// What was heard long ago, before a time without requests, counts no longer.
function seemsHealthy(site) {
  const { healthy, heard } = known(site);
  return healthy || Date.now() - heard > FORGOTTEN_MS;
}

// For a request that may be sent once: what is not known freshly is asked before.
async function firstHealthy(names) {
  if (names.length === 1) return names[0];
  for (const site of healthyFirst(names)) {
    const { healthy, heard, doubted } = known(site);
    const fresh = !doubted && Date.now() - heard < FRESH_MS;
    if (fresh ? healthy : await check(site)) return site;
  }
  return names[0];
}

// Ask in the background, so that the next requests know.
function refresh(names, context) {
  if (names.length === 1) return; // there is no choice
  for (const site of names) {
    if (Date.now() - known(site).asked >= FRESH_MS) context.waitUntil(check(site));
  }
}

// A request has failed: what is sent once is not sent on what was known before.
function suspect(site, context) {
  const state = known(site);
  state.doubted = true;
  if (Date.now() - state.asked >= FRESH_MS) context.waitUntil(check(site));
}

async function check(site) {
  const state = known(site);
  state.asked = Date.now();
  let healthy = false;
  try {
    const signal = AbortSignal.timeout(CHECK_MS);
    const headers = configuration.key ? { [KEY]: configuration.key } : {};
    const response = await fetch(configuration.origins[site] + HEALTH, { headers, signal });
    healthy = response.ok;
    await response.arrayBuffer(); // read to its end, so that its connection can be used again
  } catch {
    // No connection, or no answer in time: it is not healthy.
  }
  Object.assign(state, { healthy, heard: Date.now(), doubted: false });
  return healthy;
}

// --- one attempt

function retryAllowed() {
  return retries < Math.max(RETRIES_AT_LEAST, RETRIES_SHARE * underWay);
}

// The response of a site; null where there is none. With a `route` another site is left to turn to.
async function attempt(site, sent, index, route) {
  if (index) retries += 1;
  try {
    return await (route ? patiently(site, fetch(sent), route.timeout) : fetch(sent));
  } catch {
    return null; // a network error
  } finally {
    if (index) retries -= 1;
  }
}

// A response, or null when its edge turns out to be unhealthy, or after the time-out if there is one.
// Models take their time: a slow answer of a healthy edge is waited for. It is for the headers only;
// a stream may go on for as long as it likes. What is given up ends with the request of the client.
function patiently(site, response, timeout) {
  return new Promise((resolve, reject) => {
    const deadline = timeout && setTimeout(() => end(resolve, null), timeout);
    let wait = PATIENCE_MS;
    let timer;
    const end = (settle, value) => {
      clearTimeout(deadline);
      clearTimeout(timer);
      timer = null;
      settle(value);
    };
    const look = async () => {
      if (!(await check(site))) return end(resolve, null);
      wait *= 2;
      if (timer !== null) timer = setTimeout(look, wait);
    };
    timer = setTimeout(look, wait);
    response.then(
      (value) => end(resolve, value),
      (error) => end(reject, error),
    );
  });
}

// Whether an edge, or Cloudflare, answered in place of the service. What the service itself answers
// goes to the client.
function isFailure(response, route) {
  if (!UNAVAILABLE.has(response.status)) return false;
  const flags = response.headers.get(FLAGS);
  if (flags === null) return true; // not of an edge
  return flags !== NO_FLAGS && (route.timeout > 0 || !TIMED_OUT.has(flags));
}

// --- headers and answers

// The request as the edge gets it, which takes away the headers that are not a client's to say, and
// the key.
function forwarded(request, url, target) {
  const sent = new Request(target, request);
  sent.headers.set("x-forwarded-host", url.host); // the edge sees the origin's name as its Host
  if (configuration.key) sent.headers.set(KEY, configuration.key);
  return sent;
}

function failure(status, error) {
  const headers = status === 503 ? { "retry-after": String(FRESH_MS / 1000) } : {};
  return Response.json({ error }, { status, headers });
}

// A response of the edge says its site; another is copied, which makes its headers mutable.
function answer(response, site) {
  if (response.headers.get(SITE) === site) return response;
  const copy = new Response(response.body, response); // keeps a WebSocket
  copy.headers.set(SITE, site);
  return copy;
}

function withHsts(response) {
  const copy = new Response(response.body, response);
  copy.headers.set("strict-transport-security", configuration.hsts);
  return copy;
}
