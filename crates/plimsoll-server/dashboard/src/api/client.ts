// Asks the server, and understands its problems.
import { heardBuild } from "../live/build";

/** What the server says when it cannot answer (RFC 9457), or that it could not be reached. */
export class Problem extends Error {
  readonly status: number;
  readonly field: string | undefined;
  readonly value: unknown;

  constructor(status: number, detail: string, field?: string, value?: unknown) {
    super(detail);
    this.status = status;
    this.field = field;
    this.value = value;
  }

  /** Whether nobody answered. */
  get unreachable(): boolean {
    return this.status === 0;
  }

  /** The sentence for people, with the field and its value. */
  get sentence(): string {
    const detail = this.message.charAt(0).toUpperCase() + this.message.slice(1);
    const named = this.field === undefined ? detail : `${detail} (${this.field} is ${JSON.stringify(this.value)})`;
    return /[.!?]$/.test(named) ? named : `${named}.`;
  }
}

/** How long an answer may take: as long as the server lets a long read take, and a little. */
const PATIENCE_MS = 35_000;

type Param = string | number | null | undefined;

export function urlOf(path: string, params: Record<string, Param> = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== null && value !== undefined) search.set(name, String(value));
  }
  const text = search.toString();
  return text ? `${path}?${text}` : path;
}

interface How {
  signal?: AbortSignal;
  /** What is sent, and by that how. */
  post?: unknown;
  put?: unknown;
  remove?: boolean;
  /** Of errors, the status whose body is an answer all the same. */
  alsoStatus?: number;
}

/** Reads JSON; every failure is a [`Problem`]. An answer without a body is `undefined`. */
export async function read<T>(url: string, how: How = {}): Promise<T> {
  const signals = [AbortSignal.timeout(PATIENCE_MS), ...(how.signal ? [how.signal] : [])];
  const init: RequestInit = { signal: AbortSignal.any(signals), headers: { accept: "application/json" } };
  const body = how.post ?? how.put;
  if (body !== undefined) {
    init.method = how.put === undefined ? "POST" : "PUT";
    init.headers = { accept: "application/json", "content-type": "application/json" };
    init.body = JSON.stringify(body);
  } else if (how.remove) {
    init.method = "DELETE";
  }
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    if (how.signal?.aborted) throw error;
    throw new Problem(0, "the server does not answer");
  }
  heardBuild(response.headers.get("x-plimsoll-page"));
  const text = await response.text().catch(() => {
    throw new Problem(0, "the server broke off its answer");
  });
  if (!response.ok && response.status !== how.alsoStatus) throw problemOf(response.status, text);
  if (response.status === 204) return undefined as T;
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new Problem(response.status, `the answer of ${url.split("?")[0]} is no JSON`);
  }
}

/** The problem that an error answer tells, whatever it looks like. */
export function problemOf(status: number, text: string): Problem {
  try {
    const members: unknown = JSON.parse(text);
    if (typeof members === "object" && members !== null && "detail" in members && typeof members.detail === "string") {
      const field = "field" in members && typeof members.field === "string" ? members.field : undefined;
      return new Problem(status, members.detail, field, "value" in members ? members.value : undefined);
    }
  } catch {
    // Not JSON: a proxy's page, or nothing.
  }
  return new Problem(status, `the server answered ${status}`);
}
