// Sends each request to the first healthy site of its route, by the longest matching path prefix.
// The script is the same for every topology; its bindings say what differs:
//   ROUTES      {"/api/v5": ["aws", "google"]}   sites by prefix, first choice first
//   ORIGINS     {"aws": "https://..."}           scheme and host of each site's edge, or a list of them
//   HEDGED      ["/api/v5"]                      prefixes that ask another site after a time-out
//   HEALTH      {"/api/v5": "/healthz/models"}   where edges say of a prefix's upstream, not of their own
//   TIMEOUT_MS  "30000"                          how long those wait for response headers
//   HSTS_SECONDS "0"                             how long browsers ask over HTTPS alone; 0: as before
//   EDGE_KEY    a secret                         what the edges ask for; absent where they do not
//   ANALYTICS   a dataset                        where each request is written down; may be absent
//
// What is known of a site comes from its edge's own health, which the Worker asks itself. No request
// of a client opens or closes anything: one that fails only makes the Worker ask.

const HEALTH = "/healthz"; // for the prefixes that HEALTH leaves out
const FRESH_MS = 2_000; // how long what an edge has said of itself counts
const SUSPECTED_MS = 200; // after a request has failed, how long what was asked before suffices
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

// In place of a response: none within the route's time-out, and none at all.
const SLOW = null;
const GONE = undefined;

let underWay = 0;
let retries = 0;
let configuration; // and what is known of the edges, for as long as the isolate lives

export default {
  async fetch(request, env, context) {
    configuration ??= parse(env);
    const { analytics, hsts } = configuration;
    const response = await (analytics ? recorded(request, context) : respond(request, context));
    return hsts ? withHsts(response) : response;
  },
};

function parse(env) {
  const hedged = new Set(JSON.parse(env.HEDGED));
  const health = JSON.parse(env.HEALTH);
  const urls = JSON.parse(env.ORIGINS);
  const origins = new Map();
  const originOf = (site, url, path) => {
    if (!origins.has(url + path)) origins.set(url + path, origin(site, url, path));
    return origins.get(url + path);
  };
  const routes = Object.entries(JSON.parse(env.ROUTES)).map(([prefix, sites]) => {
    const path = health[prefix] ?? HEALTH;
    const edges = sites.map((site) => [urls[site]].flat().map((url) => originOf(site, url, path)));
    const timeout = hedged.has(prefix) ? Number(env.TIMEOUT_MS) : 0;
    return { prefix, edges, origins: edges.flat(), timeout };
  });
  routes.sort((a, b) => b.prefix.length - a.prefix.length);
  const secure = Object.values(urls).flat().every((url) => url.startsWith("https:"));
  const hsts = secure && env.HSTS_SECONDS !== "0" ? `max-age=${env.HSTS_SECONDS}` : null;
  return { routes, secure, hsts, key: env.EDGE_KEY, analytics: env.ANALYTICS };
}

// An edge of a site, and what is known of it: whether it is healthy, when it said so, when it was
// asked, and whether a request has failed since.
function origin(site, url, path) {
  return { site, url, path, healthy: true, heard: 0, asked: 0, doubted: false };
}

// `record` is filled with what becomes of the request.
async function respond(request, context, record = {}) {
  const url = new URL(request.url);
  const refused = refusal(request, url);
  if (refused) return refused;
  const route = routeFor(url.pathname);
  if (!route) return failure(404, "no route");
  record.route = route;
  underWay += 1;
  try {
    return await forward(request, url, route, context, record);
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

async function forward(request, url, route, context, record) {
  const replayable = IDEMPOTENT.has(request.method) && !hasBody(request);
  const target = url.href.slice(url.origin.length);
  refresh(route.origins, context);
  const origins = inTurn(route);
  const candidates = replayable ? healthyFirst(origins) : [await firstHealthy(origins)];
  for (const [index, origin] of candidates.entries()) {
    const last = index === candidates.length - 1;
    const sent = forwarded(request, url, origin.url + target);
    const response = await attempt(origin, sent, index, last ? null : route);
    if (response && !isFailure(response, route)) return answer(response, origin, record);
    suspect(origin, context);
    (record.failed ??= []).push(`${origin.site}: ${reason(response)}`);
    if (last || (isExtra(response) && !retryAllowed()))
      return response ? answer(response, origin, record) : failure(503, "no site answered");
    response?.body?.cancel();
  }
}

// The edges of each site before those of the next one; those of one site share its requests.
function inTurn({ edges, origins }) {
  if (origins.length === edges.length) return origins;
  return edges.flatMap((ofSite) => {
    const first = Math.floor(Math.random() * ofSite.length);
    return [...ofSite.slice(first), ...ofSite.slice(0, first)];
  });
}

// --- what is known of an edge

// The unhealthy ones come last, but they come: a site is never given up for nothing.
function healthyFirst(origins) {
  const healthy = origins.filter(seemsHealthy);
  return [...healthy, ...origins.filter((origin) => !seemsHealthy(origin))];
}

// What was heard long ago, before a time without requests, counts no longer.
function seemsHealthy({ healthy, heard }) {
  return healthy || Date.now() - heard > FORGOTTEN_MS;
}

// For a request that may be sent once: what is not known freshly is asked before.
async function firstHealthy(origins) {
  if (origins.length === 1) return origins[0];
  for (const origin of healthyFirst(origins)) {
    const fresh = !origin.doubted && Date.now() - origin.heard < FRESH_MS;
    if (fresh ? origin.healthy : await check(origin)) return origin;
  }
  return origins[0];
}

// Ask in the background, so that the next requests know.
function refresh(origins, context) {
  if (origins.length === 1) return; // there is no choice
  for (const origin of origins) {
    if (Date.now() - origin.asked >= FRESH_MS) context.waitUntil(check(origin));
  }
}

// A request has failed: what is sent once is not sent on what was known before. Until the edge is
// known to be down each request goes there first, and only so many may be sent again.
function suspect(origin, context) {
  origin.doubted = true;
  if (Date.now() - origin.asked >= SUSPECTED_MS) context.waitUntil(check(origin));
}

async function check(origin) {
  origin.asked = Date.now();
  let healthy = false;
  try {
    const signal = AbortSignal.timeout(CHECK_MS);
    const headers = configuration.key ? { [KEY]: configuration.key } : {};
    const response = await fetch(origin.url + origin.path, { headers, signal });
    healthy = response.ok;
    await response.arrayBuffer(); // read to its end, so that its connection can be used again
  } catch {
    // No connection, or no answer in time: it is not healthy.
  }
  Object.assign(origin, { healthy, heard: Date.now(), doubted: false });
  return healthy;
}

// --- one attempt

// Whether asking again is more work than before: an edge has had the request, or still has it. What
// goes elsewhere because an edge is gone is not.
function isExtra(response) {
  return response === SLOW || (response !== GONE && response.headers.has(FLAGS));
}

function retryAllowed() {
  return retries < Math.max(RETRIES_AT_LEAST, RETRIES_SHARE * underWay);
}

// The response of an edge, or SLOW or GONE. With a `route` another is left to turn to.
async function attempt(origin, sent, index, route) {
  if (index) retries += 1;
  try {
    return await (route ? patiently(origin, fetch(sent), route.timeout) : fetch(sent));
  } catch {
    return GONE; // a network error
  } finally {
    if (index) retries -= 1;
  }
}

// A response, or GONE when its edge turns out to be unhealthy, or SLOW after the time-out if there is one.
// Models take their time: a slow answer of a healthy edge is waited for. It is for the headers only;
// a stream may go on for as long as it likes. What is given up ends with the request of the client.
function patiently(origin, response, timeout) {
  return new Promise((resolve, reject) => {
    const deadline = timeout && setTimeout(() => end(resolve, SLOW), timeout);
    let wait = PATIENCE_MS;
    let timer;
    const end = (settle, value) => {
      clearTimeout(deadline);
      clearTimeout(timer);
      timer = null;
      settle(value);
    };
    const look = async () => {
      if (!(await check(origin))) return end(resolve, GONE);
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

// Why an edge did not answer: Envoy's reason, or Cloudflare's status.
function reason(response) {
  return response ? (response.headers.get(FLAGS) ?? String(response.status)) : "no answer";
}

// --- what is written down

// A data point for each request: https://developers.cloudflare.com/analytics/analytics-engine/
//   index1, blob1  the route's prefix; the index has 96 bytes
//   blob2          the site that answered; empty where the Worker did
//   blob3          the sites that failed before, and why: "aws: UH, google: no answer"
//   blob4          the method
//   double1        the status
//   double2        milliseconds until the headers of the answer
async function recorded(request, context) {
  const began = Date.now();
  const record = {};
  const response = await respond(request, context, record);
  const { route, origin, failed = [] } = record;
  const prefix = route?.prefix ?? "";
  configuration.analytics.writeDataPoint({
    indexes: [prefix.slice(0, 96)],
    blobs: [prefix, origin?.site ?? "", failed.join(", "), request.method],
    doubles: [response.status, Date.now() - began],
  });
  return response;
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
function answer(response, origin, record) {
  record.origin = origin;
  const { site } = origin;
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
