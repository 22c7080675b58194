// A service that tells of its past over OTLP, so that there is something to judge and to replay at once, always the same.

const MINUTE = 60_000;
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5];

const attributes = (of) =>
  Object.entries(of).map(([key, value]) => ({
    key,
    value: typeof value === "number" ? { intValue: value } : { stringValue: value },
  }));

/** Sends so many minutes until now in which each request of a route took so long. */
export async function sendPast(url, { service, revision, route, minutes, perMinute, seconds }) {
  const last = Math.floor(Date.now() / MINUTE) * MINUTE;
  const bucket = BOUNDS.findIndex((bound) => bound >= seconds);
  const dataPoints = Array.from({ length: minutes }, (_, at) => {
    const end = last - (minutes - 1 - at) * MINUTE;
    return {
      attributes: attributes({
        "http.request.method": "GET",
        "http.route": route,
        "http.response.status_code": 200,
      }),
      startTimeUnixNano: `${end - MINUTE}000000`,
      timeUnixNano: `${end - 1}000000`,
      count: perMinute,
      sum: perMinute * seconds,
      min: seconds,
      max: seconds,
      explicitBounds: BOUNDS,
      bucketCounts: [...BOUNDS, 0].map((_, index) => (index === bucket ? perMinute : 0)),
    };
  });
  const resource = attributes({
    "service.name": service,
    "service.version": "1.2.0",
    "service.instance.id": `${service}-1`,
    "vcs.ref.head.revision": revision,
  });
  const histogram = { aggregationTemporality: 1, dataPoints };
  const metrics = [{ name: "http.server.request.duration", unit: "s", histogram }];
  const response = await fetch(`${url}/v1/metrics`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ resourceMetrics: [{ resource: { attributes: resource }, scopeMetrics: [{ metrics }] }] }),
  });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
}
