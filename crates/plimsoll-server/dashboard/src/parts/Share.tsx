import { NONE, share } from "../words/numbers";
import { FAILING } from "../words/service";

/** A share of failed requests: bold where it is told as failing. */
export function Share({ ratio }: { ratio: number | null | undefined }) {
  if (ratio == null) return NONE;
  return ratio >= FAILING ? <b className="p">{share(ratio)}</b> : share(ratio);
}
