import { describe, expect, it } from "vitest";
import { bytes, count, duration, inWords, large, many, millis, rate, share, times } from "../../src/words/numbers";

const N = "\u00a0";

describe("numbers", () => {
  it("durations have the unit that reads best, with a space that does not break", () => {
    expect(duration(0.003)).toBe(`3${N}ms`);
    expect(duration(0.412)).toBe(`412${N}ms`);
    expect(duration(1.51)).toBe(`1.51${N}s`);
    expect(duration(12.34)).toBe(`12.3${N}s`);
    expect(duration(95.4)).toBe(`95.4${N}s`);
    expect(duration(250)).toBe(`250${N}s`);
    // 999.6 ms would round to a fourth digit.
    expect(duration(0.9996)).toBe(`1.00${N}s`);
    expect(duration(null)).toBe("–");
  });

  it("shares never round to all or to nothing", () => {
    expect(share(0.9994)).toBe(`99.94${N}%`);
    expect(share(0.99999)).toBe(`99.99${N}%`);
    expect(share(1)).toBe(`100${N}%`);
    expect(share(0.0013)).toBe(`0.13${N}%`);
    expect(share(0.034)).toBe(`3.4${N}%`);
    expect(share(0.36)).toBe(`36${N}%`);
    expect(share(0)).toBe(`0.00${N}%`);
    expect(share(Number.NaN)).toBe("–");
  });

  it("a negative number has a minus sign, and zero has none", () => {
    expect(share(-0.38)).toBe(`−38${N}%`);
    expect(count(-1_510)).toBe("−1,510");
    expect(count(-0.2)).toBe("0");
  });

  it("counts have separators, rates the decimals they need", () => {
    expect(count(18_276)).toBe("18,276");
    expect([0, 0.04, 0.4, 4, 9.96, 18_276.4].map(rate)).toEqual(["0", "0.04", "0.4", "4.0", "10", "18,276"]);
    expect([0.00004, 0.0004, 0.0031, 0.412, 1.51].map(millis)).toEqual(["0.04", "0.4", "3.1", "412", "1,510"]);
    expect([0.94, 5.8, 12.3].map(times)).toEqual(["0.9×", "5.8×", "12×"]);
  });

  it("bytes are in units of 1,024, as the server and the standards say MB", () => {
    const MB = 2 ** 20;
    expect([512, 2_048, 17 * MB, 500 * MB, 512 * MB].map(bytes)).toEqual([
      `512${N}B`,
      `2${N}kB`,
      `17${N}MB`,
      // By thousands it would be 524.
      `500${N}MB`,
      `512${N}MB`,
    ]);
    // The server's own: whole MB up to 1,023.5, then GB with a decimal.
    expect([1_023 * MB, 1_023.6 * MB, 1_024 * MB, 1_536 * MB].map(bytes)).toEqual([
      `1,023${N}MB`,
      `1.0${N}GB`,
      `1.0${N}GB`,
      `1.5${N}GB`,
    ]);
    expect([160 * 1_024 * MB, 2_048 * 1_024 * MB, 5_000_000 * 1_024 * MB].map(bytes)).toEqual([
      `160.0${N}GB`,
      `2.0${N}TB`,
      `4,882.8${N}TB`,
    ]);
    expect([0, -17 * MB, null].map(bytes)).toEqual([`0${N}B`, `−17${N}MB`, "–"]);
  });

  it("large counts are short", () => {
    expect([9_999, 412_000, 18.2e6].map(large)).toEqual(["9,999", `412${N}k`, `18.2${N}M`]);
  });

  it("numbers in a sentence are words while they are small", () => {
    expect(many(1, "service")).toBe("1 service");
    expect(many(3, "query", "queries")).toBe("3 queries");
    expect([inWords(4), inWords(12)]).toEqual(["four", "12"]);
  });
});
