// Numbers as the page writes them: 3 ms, 412 ms, 1.51 s, 18,276, 99.94 %, −38 %.

/** Stands between a number and its unit: no break there. */
export const NBSP = "\u00a0";
/** Stands for a value that does not exist. */
export const NONE = "–";

const MINUS = "−";

function plain(value: number, digits: number): string {
  const text = Math.abs(value).toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  const isZero = /^[0.,]*$/.test(text);
  return value < 0 && !isZero ? MINUS + text : text;
}

/** A count: 18,276. */
export function count(value: number | null | undefined): string {
  return value == null || !Number.isFinite(value) ? NONE : plain(value, 0);
}

/** A rate: whole from 10 on, else with the decimals that tell it from nothing. */
export function rate(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value)) return NONE;
  if (value === 0 || Math.abs(value) >= 9.95) return plain(value, 0);
  return Math.abs(value) >= 0.095 ? plain(value, 1) : plain(value, 2);
}

/** Seconds as milliseconds without their unit, for columns whose head says ms: 0.04, 0.4, 3, 412, 1,510. */
export function millis(seconds: number | null | undefined): string {
  if (seconds == null || !Number.isFinite(seconds)) return NONE;
  const ms = seconds * 1000;
  const text = plain(ms, ms <= 0 || ms >= 9.95 ? 0 : ms < 0.095 ? 2 : 1);
  return text.endsWith(".0") ? text.slice(0, -2) : text;
}

/** A duration measured: 0.4 ms, 412 ms, 1.51 s, 12.5 s, 95 s. */
export function duration(seconds: number | null | undefined): string {
  if (seconds == null || !Number.isFinite(seconds)) return NONE;
  if (Math.abs(seconds) < 0.9995) return `${millis(seconds)}${NBSP}ms`;
  const digits = seconds < 9.995 ? 2 : seconds < 99.95 ? 1 : 0;
  return `${plain(seconds, digits)}${NBSP}s`;
}

/** A share of 1 as per cent: 0.13 %, 3.4 %, 36 %, 99.94 %. What is not all is never rounded to 100. */
export function share(ratio: number | null | undefined): string {
  if (ratio == null || !Number.isFinite(ratio)) return NONE;
  const percent = ratio * 100;
  const size = Math.abs(percent);
  let digits = size < 1 || (size >= 99 && size < 100) ? 2 : size < 10 ? 1 : 0;
  if (size === 0 || size === 100) digits = size === 0 ? 2 : 0;
  const kept = size < 100 && size > 99.99 ? Math.sign(percent) * 99.99 : percent;
  return `${plain(kept, digits)}${NBSP}%`;
}

/** Headroom as whole per cent: 71 %, −51 %. What is not all or nothing is neither. */
export function percent(ratio: number | null | undefined): string {
  if (ratio == null || !Number.isFinite(ratio)) return NONE;
  const size = Math.abs(ratio) * 100;
  const whole = size === 0 || size >= 100 ? Math.round(size) : Math.min(99, Math.max(1, Math.round(size)));
  return `${plain(Math.sign(ratio) * whole, 0)}${NBSP}%`;
}

/** How many times another value: 5.8×, 0.9×, 12×. */
export function times(ratio: number | null | undefined): string {
  if (ratio == null || !Number.isFinite(ratio)) return NONE;
  return `${plain(ratio, ratio < 9.95 ? 1 : 0)}×`;
}

/** The server says MB and means 2^20 bytes; so does the page, from kB to TB. */
const BYTES = ["B", "kB", "MB", "GB", "TB"];
export const BYTES_STEP = 1024;

/** Bytes, the next unit being 1,024 times as large: 512 B, 17 MB, 1.1 GB. */
export function bytes(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value)) return NONE;
  let size = value;
  let unit = 0;
  while (Math.abs(size) >= BYTES_STEP - 0.5 && unit < BYTES.length - 1) {
    size /= BYTES_STEP;
    unit += 1;
  }
  // Whole up to MB, from GB on with a decimal, as the server writes them.
  return `${plain(size, unit > 2 ? 1 : 0)}${NBSP}${BYTES[unit]}`;
}

/** A large count in few places: 18.2 M, 412 k, 9,999. */
export function large(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value)) return NONE;
  if (value < 10_000) return plain(value, 0);
  if (value < 999_500) return `${plain(value / 1e3, 0)}${NBSP}k`;
  return value < 999.5e6 ? `${plain(value / 1e6, 1)}${NBSP}M` : `${plain(value / 1e9, 1)}${NBSP}G`;
}

/** "1 service", "4 services". */
export function many(number: number, one: string, more = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : more}`;
}

const SMALL = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

/** Small numbers in a sentence are words. */
export function inWords(number: number): string {
  return SMALL[number] ?? count(number);
}
