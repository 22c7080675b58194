// Answers of a server that judges, as the contract has them: a shop whose writes are past their line since a deploy.
// Invented, but coherent; times count back from NOW.

/** 27 November 2026, 14:32:10 in Berlin. */
export const NOW = Date.parse("2026-11-27T13:32:10Z");
const MINUTE = 60_000;
const MB = 2 ** 20;

const ago = (minutes) => new Date(NOW - minutes * MINUTE).toISOString();

function float(id, name, headroom, value, limit, unit, more = {}) {
  const known = headroom !== null;
  return {
    id,
    name,
    place: placeOf(headroom),
    headroom,
    ratio: known ? 1 - headroom : null,
    value,
    limit,
    unit,
    usual_headroom: headroom,
    since: null,
    finding: null,
    idle_seconds: null,
    reason: known ? null : "no data",
    reaches_limit_days: null,
    ...more,
  };
}

function placeOf(headroom) {
  if (headroom === null) return "unknown";
  if (headroom < 0) return "past";
  if (headroom < 0.2) return "close";
  return headroom < 0.5 ? "acceptable" : "in_target";
}

const classes = [
  float("class:health", "health", 0.97, 0.003, 0.1, "s"),
  float("class:read", "read", 0.87, 0.066, 0.5, "s"),
  float("class:write", "write", -0.51, 1.51, 1, "s", {
    usual_headroom: 0.71,
    since: ago(23),
    finding: "class:write",
  }),
  float("class:delete", "delete", 0.88, 0.096, 0.8, "s"),
  float("class:complex", "complex", 0.35, 1.3, 2, "s", { place: "close", since: ago(190), finding: "class:complex" }),
  float("class:aggregation", "aggregation", 0.71, 0.87, 3, "s", { place: "acceptable" }),
  float("class:export", "export", null, null, 5, "s", { reason: "idle", idle_seconds: 41 * 60 }),
];
const resources = [
  float("resource:errors", "errors", 0.97, 0.0013, 0.05, "ratio"),
  float("resource:cpu", "CPU", 0.55, 0.36, 0.8, "ratio"),
  float("resource:memory", "memory", 0.33, 341 * MB, 512 * MB, "bytes", {
    reaches_limit_days: { median: 12.2, early: 9.4, late: 16.3 },
  }),
  float("resource:disk", "disk", 0.18, 0.74, 0.9, "ratio", {
    since: ago(7_000),
    finding: "forecast:disk",
    reaches_limit_days: { median: 23.2, early: 17.4, late: 30.1 },
  }),
  float("resource:disk_io", "disk I/O", 0.79, 214, 1_000, "count"),
  float("resource:network", "network", 0.89, 11e6, 100e6, "count"),
  float("resource:open_files", "open files", 0.79, 212, 1_024, "count"),
];
const pools = [
  float("pool:postgres", "postgres", -0.15, 23, 20, "count", {
    usual_headroom: 0.65,
    since: ago(21),
    finding: "pool:postgres",
  }),
  float("pool:redis", "redis", 0.81, 3, 16, "count"),
];
const queues = [
  float("queue:mail", "mail", 0.96, 38, 1_000, "count"),
  float("queue:order_events", "order events", 0.78, 112, 500, "count"),
];

export const groups = [
  { name: "classes", label: "Classes", against: "p95 against investigate", floats: classes },
  { name: "resources", label: "Resources", against: "level against limit", floats: resources },
  { name: "pools", label: "Pools", against: "in use", floats: pools },
  { name: "queues", label: "Queues", against: "waiting", floats: queues },
];

const finding = (id, more) => ({
  id,
  service: "shop",
  kind: "resource_violation",
  subject: "",
  float: id,
  place: "past",
  severity: null,
  headline: "",
  cause: "",
  evidence: [],
  since: ago(23),
  action: "",
  fix: null,
  runbook: null,
  follows_from: null,
  alert: null,
  deploy: null,
  ...more,
});

const deploy = { version: "v2.14.0", revision: "a1f3c9e", time: ago(25) };

const findings = [
  finding("class:write", {
    kind: "slow_request",
    subject: "POST /orders",
    severity: "medium",
    headline: "POST /orders is 5.8× slower since deploy v2.14.0.",
    cause: "It asks for stock once per item: 41 of its 43 queries are the same.",
    evidence: ["p95 2.41\u00a0s, usually 412\u00a0ms", "574\u00a0ms of 820\u00a0ms (p50) is spent in these queries"],
    action: "Ask once:",
    fix: "SELECT sku, qty FROM stock WHERE sku = ANY($1)",
    alert: "12",
    deploy,
  }),
  finding("pool:postgres", {
    subject: "postgres pool",
    severity: "low",
    headline: "The postgres pool is past its line:",
    cause: "23 connections of 20, peak 30 of 30; 3.4\u00a0% of orders end in 503.",
    since: ago(21),
    evidence: ["7 in use before", "a larger pool would only move the wait into PostgreSQL"],
    action: "To float at once:",
    fix: "git revert a1f3c9e",
    follows_from: "class:write",
    alert: "13",
    runbook: "1. Roll back v2.14.0.\n2. Watch the pool for 5 minutes.",
  }),
  finding("class:complex", {
    kind: "slow_query",
    subject: "GET /search",
    place: "close",
    headline: "GET /search reads all 212,000 products each time",
    cause: "and has overdrawn the budget of complex.",
    since: ago(190),
    evidence: ["46\u00a0% of database time", "with this index the plan becomes a bitmap index scan, cost 8,412 to 96"],
    action: "Make an index:",
    fix: "CREATE INDEX CONCURRENTLY products_title_trgm ON products USING gin (title gin_trgm_ops);",
  }),
  finding("forecast:disk", {
    kind: "forecast",
    subject: "disk",
    float: "resource:disk",
    place: "close",
    severity: "low",
    headline: "Disk reaches its line in 23\u00a0days (17–31).",
    cause: "It grows by 0.69\u00a0% of the whole a day.",
    since: ago(7_000),
    evidence: ["74\u00a0%, line 90\u00a0%", "nine in ten cases: 17\u00a0days to 31\u00a0days"],
    action: "Keep less for less long, or make the volume larger before the day; see what takes the room:",
    fix: "du -xh / --max-depth 2 | sort -h | tail",
  }),
];

export const loadLine = {
  timestamp: new Date(NOW).toISOString(),
  service: "shop",
  period_minutes: 5,
  state: "degraded",
  verdict: {
    bold: "shop is degraded.",
    rest: "Writes run 51\u00a0% past their line since deploy v2.14.0, 25\u00a0minutes ago.",
    more:
      "POST /orders takes 2.41\u00a0s (p95) instead of 412\u00a0ms: it now runs 43 queries per request and drags the postgres " +
      "pool under with it. At this rate the write budget of 7 days is used up at 19:34. Everything else floats; two are " +
      "close to the line.",
  },
  score: {
    value: 71,
    before: 92,
    before_time: ago(32),
    components: [
      { name: "response_time", label: "Response time", weight: 30, points: 15 },
      { name: "errors", label: "Errors", weight: 25, points: 24 },
      { name: "memory", label: "Memory", weight: 20, points: 17 },
      { name: "database", label: "Database", weight: 15, points: 6 },
      { name: "cache", label: "Cache", weight: 10, points: 9 },
    ],
    took: [
      { points: 15, reason: "response time: write p95 is 1.51\u00a0s, its line 1.00\u00a0s" },
      { points: 9, reason: "database: 23 of 20 connections, callers wait 420\u00a0ms" },
      { points: 5, reason: "memory −3 (67\u00a0% of its limit), errors −1, cache −1" },
    ],
  },
  groups,
  findings,
  fine: ["cache", "queues", "memory trend", "8 other routes", "5 health checks"],
  missing: [],
};

const small = (of) =>
  of.flatMap((group) =>
    group.floats.map(({ id, name, place, headroom, ratio }) => ({
      id,
      name,
      group: group.name,
      place,
      headroom,
      ratio,
    })),
  );

const calm = (count, lowest = 0.55) =>
  Array.from({ length: count }, (_, at) => ({
    id: `class:c${at}`,
    name: `c${at}`,
    group: "classes",
    place: "in_target",
    headroom: 0.95 - ((0.95 - lowest) * ((at * 7) % count)) / count,
    ratio: null,
  }));

const said = (service) => ({ bold: `${service} is healthy.`, rest: "", more: "" });

export const loadLines = {
  timestamp: new Date(NOW).toISOString(),
  services: [
    {
      service: "shop",
      state: "degraded",
      score: 71,
      floats: small(groups),
      verdict: loadLine.verdict,
      finding: findings[0].headline,
    },
    {
      service: "billing",
      state: "silent",
      score: null,
      floats: calm(7).map((one) => ({ ...one, place: "unknown", headroom: null })),
      verdict: { bold: "billing has been silent for 34 minutes;", rest: "it was healthy then.", more: "" },
      finding: null,
    },
    {
      service: "mailer",
      state: "healthy",
      score: 84,
      floats: [
        ...calm(6),
        { id: "queue:outbox", name: "outbox", group: "queues", place: "close", headroom: 0.12, ratio: 0.88 },
      ],
      verdict: said("mailer"),
      finding: "the outbox fills faster than it sends.",
    },
    {
      service: "search-index",
      state: "healthy",
      score: 97,
      floats: calm(9),
      verdict: said("search-index"),
      finding: null,
    },
  ],
};

const standardsClass = (name, target, acceptable, investigate, p95, rate, compliance, left, more = {}) => {
  const of = classes.find((one) => one.name === name);
  return {
    name,
    target_seconds: target,
    acceptable_seconds: acceptable,
    investigate_seconds: investigate,
    place: of.place,
    p95_seconds: p95,
    headroom: of.headroom,
    requests_per_minute: rate,
    throughput_target_per_second: null,
    floor_per_minute: null,
    objective: 0.995,
    compliance,
    budget_left: left,
    burn_rate_1h: null,
    burn_rate_6h: null,
    budget_gone_at: null,
    idle_seconds: of.idle_seconds,
    routes: [],
    ...more,
  };
};

export const standards = {
  timestamp: new Date(NOW).toISOString(),
  service: "shop",
  profile: "prod",
  objective: 0.995,
  objective_days: 7,
  file: "standards.toml",
  file_error: null,
  classes: [
    standardsClass("health", 0.01, 0.05, 0.1, 0.003, 12, 1, 1, { routes: ["GET /health"] }),
    standardsClass("read", 0.1, 0.25, 0.5, 0.066, 15_050, 0.9998, 0.96, {
      routes: ["GET /orders/{id}", "GET /products", "GET /products/{id}", "GET /cart"],
    }),
    standardsClass("write", 0.2, 0.5, 1, 1.51, 2_040, 0.9994, 0.88, {
      routes: ["POST /orders", "POST /cart/items"],
      burn_rate_1h: 14.1,
      burn_rate_6h: 2.1,
      budget_gone_at: "2026-11-27T18:34:00Z",
    }),
    standardsClass("delete", 0.16, 0.4, 0.8, 0.096, 210, 1, 1, { routes: ["DELETE /cart/items/{id}"] }),
    standardsClass("complex", 0.4, 1, 2, 1.3, 960, 0.9931, -0.38, { routes: ["GET /search"] }),
    standardsClass("aggregation", 0.6, 1.5, 3, 0.87, 4, 0.9996, 0.92, { routes: ["GET /reports/daily"] }),
    standardsClass("export", 1, 2.5, 5, null, 0, 1, 1),
  ],
  limits: [{ name: "memory_mb", value: 500, origin: "profile prod" }],
};

export const thresholds = {
  slow_request_threshold: 0.5,
  slow_query_threshold: 0.05,
  high_memory_threshold: 512,
  error_rate_threshold: 0.05,
  origins: {
    slow_request_threshold: "default",
    slow_query_threshold: "default",
    high_memory_threshold: "file",
    error_rate_threshold: "put",
    "classes.write.investigate_seconds": "put",
    "classes.read.target_seconds": "default",
  },
  classes: Object.fromEntries(
    standards.classes.map(({ name, target_seconds, acceptable_seconds, investigate_seconds }) => [
      name,
      { target_seconds, acceptable_seconds, investigate_seconds },
    ]),
  ),
};

export const replay = {
  days: 7,
  firings: 3,
  by_key: [
    { service: "shop", key: "class:write", severity: "medium", count: 2, first: ago(5_000), last: ago(23) },
    { service: "shop", key: "pool:postgres", severity: "low", count: 1, first: ago(21), last: ago(21) },
  ],
  history_from: ago(30 * 24 * 60),
};

const alert = (id, key, more) => ({
  id,
  service: "shop",
  key,
  type: "resource_violation",
  severity: "low",
  message: "",
  threshold: null,
  current_value: null,
  unit: "count",
  state: "firing",
  resolved: false,
  timestamp: ago(20),
  since: ago(23),
  fired_at: ago(20),
  resolved_at: null,
  acknowledged_at: null,
  acknowledged_by: null,
  silenced_until: null,
  finding: key,
  resolved_by: null,
  ...more,
});

const alerts = [
  alert("12", "class:write", {
    type: "slow_request",
    severity: "medium",
    message: "write p95 1.51 s, its line 1.00 s",
    threshold: 1,
    current_value: 1.51,
    unit: "s",
  }),
  alert("13", "pool:postgres", {
    message: "23 connections in use, its line 20",
    threshold: 20,
    current_value: 23,
    since: ago(21),
    fired_at: ago(18),
  }),
  alert("14", "queue:outbox", {
    service: "mailer",
    message: "1,020 waiting, its line 1,000",
    threshold: 1_000,
    current_value: 1_020,
    state: "pending",
    since: ago(1),
    fired_at: null,
    finding: null,
  }),
  alert("9", "class:aggregation", {
    type: "slow_request",
    message: "aggregation p95 3.20 s, its line 3.00 s",
    threshold: 3,
    current_value: 3.2,
    unit: "s",
    state: "resolved",
    resolved: true,
    since: ago(260),
    fired_at: ago(257),
    resolved_at: ago(252),
    resolved_by: "itself",
    finding: null,
  }),
];

const deploys = [
  { service: "shop", version: "v2.13.2", revision: null, time: ago(292), source: "api" },
  { service: "shop", ...deploy, source: "seen" },
];

const service = (name, version, instances, seen = NOW) => ({
  name,
  first_seen: ago(60 * 24 * 2),
  last_seen: new Date(seen).toISOString(),
  sources: ["library"],
  versions: [version],
  environments: ["prod"],
  instance_count: instances,
  instances: Array.from({ length: instances }, (_, at) => ({
    instance: `${name}-${at}:1`,
    version,
    environment: "prod",
    first_seen: ago(60 * 24 * 2),
    last_seen: new Date(seen).toISOString(),
  })),
});

const services = [
  service("shop", "2.14.0", 3),
  service("billing", "3.2.1", 2, NOW - 34 * MINUTE),
  service("mailer", "0.9.4", 1),
  service("search-index", "1.6.0", 2),
];

const totals = (of, perMinute, errorRate, p50, p95, p99) => ({
  service: "shop",
  route: null,
  method: null,
  statuses: { 200: Math.round(perMinute * 5) },
  total_requests: Math.round(perMinute * 5),
  requests_per_minute: perMinute,
  errors: Math.round(perMinute * 5 * errorRate),
  error_rate: errorRate,
  client_errors: 0,
  cancelled: 0,
  p50_seconds: p50,
  p95_seconds: p95,
  p99_seconds: p99,
  ...of,
});

const routes = [
  ["POST", "/orders", 580, 0.034, 0.82, 2.41, 4.1],
  ["GET", "/orders/{id}", 640, 0, 0.018, 0.088, 0.16],
  ["GET", "/search", 960, 0.001, 0.33, 1.3, 2.08],
  ["POST", "/cart/items", 1_460, 0.001, 0.038, 0.164, 0.39],
  ["GET", "/products", 3_880, 0, 0.024, 0.121, 0.24],
  ["GET", "/products/{id}", 7_420, 0.0001, 0.011, 0.038, 0.096],
  ["GET", "/cart", 3_110, 0.0003, 0.009, 0.031, 0.071],
  ["GET", "/reports/daily", 4, 0, 0.41, 0.87, 1.12],
  ["GET", "/health", 12, 0, 0.001, 0.003, 0.006],
  ["DELETE", "/cart/items/{id}", 210, 0, 0.022, 0.096, 0.15],
];

/** A noise that is the same each time. */
function noise(seed, at) {
  const value = Math.sin(seed * 91.7 + at * 12.9898) * 43_758.5453;
  return value - Math.floor(value) - 0.5;
}

const STEP_S = 180;
const STEPS = 120;
const times = Array.from(
  { length: STEPS },
  (_, at) => NOW - (NOW % (STEP_S * 1_000)) - (STEPS - 1 - at) * STEP_S * 1_000,
);
const isGap = (at) => at >= 69 && at <= 70;
const isAfter = (time) => time >= NOW - 23 * MINUTE;

/** A value of each step: a level with some noise, another one after the deploy. */
function values(seed, before, after, wide) {
  return times.map((time, at) => (isGap(at) ? null : (isAfter(time) ? after : before) * (1 + wide * noise(seed, at))));
}

function series(of, seed, perMinute, errors, [p50, p95, p99], [b50, b95, b99]) {
  return {
    service: "shop",
    route: null,
    method: null,
    total_requests: perMinute * 360,
    requests_per_minute: values(seed, perMinute * 0.92, perMinute, 0.04),
    errors_per_minute: values(seed + 1, errors[0], errors[1], 0.8),
    p50_seconds: values(seed + 2, b50, p50, 0.06),
    p95_seconds: values(seed + 3, b95, p95, 0.1),
    p99_seconds: values(seed + 4, b99, p99, 0.16),
    ...of,
  };
}

const answered = { timestamp: new Date(NOW).toISOString(), missing: [] };
const seriesList = (lines) => ({ ...answered, times, step_seconds: STEP_S, lines, total: lines.length });

const query = (statement, perMinute, p95, share, route) => ({
  db_system: "postgresql",
  db_name: "shop",
  statement,
  method: "GET",
  route,
  per_minute: perMinute,
  total: perMinute * 5,
  errors: 0,
  p50_seconds: p95 / 2,
  p95_seconds: p95,
  p99_seconds: p95 * 2,
  share,
});

/** What the server answers to a path and its parameters; undefined: it is not one of these. */
export function answerOf(path, params, method) {
  const of = params.get("service");
  switch (path) {
    case "/api/v1/services":
      return { ...answered, services, total: services.length };
    case "/api/performance/totals":
      if (params.get("by") === "route")
        return { ...answered, rows: routes.map(([verb, route, ...rest]) => totals({ method: verb, route }, ...rest)) };
      return {
        ...answered,
        rows: [
          totals({ service: "shop" }, 18_276, 0.0013, 0.024, 0.415, 1.2),
          totals({ service: "mailer" }, 212, 0.004, 0.1, 0.64, 0.9),
          totals({ service: "search-index" }, 1_904, 0, 0.01, 0.058, 0.1),
        ],
      };
    case "/api/performance/series":
      if (params.get("by") === "route")
        return seriesList(
          routes.map(([verb, route, rate, , p50, p95, p99], at) => {
            const slower = verb === "POST" && route === "/orders" ? 5.8 : 1 + noise(7, at) * 0.3;
            const usual = [p50 / slower, p95 / slower, p99 / slower];
            return series({ method: verb, route }, at * 10, rate, [0, 0], [p50, p95, p99], usual);
          }),
        );
      return seriesList([series({}, 3, 18_276, [3, 23], [0.06, 1.51, 2.7], [0.05, 0.29, 0.41])]);
    case "/api/v1/query":
      return { series: [] };
    case "/api/performance/queries":
      return {
        ...answered,
        queries: [
          query("SELECT qty FROM stock WHERE sku = ?", 23_780, 0.014, 0.51, "/orders"),
          query("SELECT … FROM products WHERE title ILIKE ?", 960, 0.31, 0.46, "/search"),
          query("SELECT … FROM cart WHERE user_id = ?", 5_360, 0.0018, 0.01, "/cart"),
          query("SELECT 1", 12, 0.0002, 0, "/health"),
        ],
      };
    case "/api/performance/calls":
      return { ...answered, calls: [] };
    case "/api/v1/suggestions":
      return { enabled: false, state: "off", failures: 0, last_error: null, suggestions: [] };
    case "/api/performance/load-line":
      return loadLine;
    case "/api/performance/load-lines":
      return loadLines;
    case "/api/performance/standards":
      return standards;
    case "/api/performance/thresholds":
      return thresholds;
    case "/api/performance/thresholds/replay":
      return replay;
    case "/api/performance/alerts": {
      const found = alerts
        .filter((one) => of === null || one.service === of)
        .filter((one) => params.get("resolved") !== "false" || one.state === "firing");
      return { ...answered, alerts: found.slice(0, Number(params.get("limit") ?? 100)), total: found.length };
    }
    case "/api/performance/silences":
      if (method === "POST")
        return { id: "2", service: "shop", key: "class:write", severity: null, until: ago(-60), reason: "" };
      return {
        silences: [
          {
            id: "1",
            service: "mailer",
            key: null,
            severity: "low",
            until: ago(-90),
            reason: "the provider is slow today",
          },
        ],
      };
    case "/api/performance/deploys":
      return { deploys };
    default: {
      const changed = /^\/api\/performance\/alerts\/(\w+)\/(acknowledge|resolve)$/.exec(path);
      const found = changed && alerts.find((one) => one.id === changed[1]);
      if (!found) return undefined;
      return changed[2] === "acknowledge" ? { ...found, acknowledged_at: ago(0) } : { ...found, state: "resolved" };
    }
  }
}
