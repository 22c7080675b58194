// Parts whose code comes when they are looked at.
import { type ComponentType, lazy, type ReactNode, useEffect, useRef, useState } from "react";
import { reloadOnce } from "../live/build";

/** A component of a file of its own; one that is gone from the server means another build. */
export function later<P extends object>(load: () => Promise<{ default: ComponentType<P> }>) {
  return lazy(() =>
    load().catch((error: unknown) => {
      if (reloadOnce(window.sessionStorage, Date.now(), () => window.location.reload())) {
        return new Promise<never>(() => {});
      }
      throw error;
    }),
  );
}

interface Near {
  /** Whether what stands above it is still being read: where it will be is not known then. */
  waits: boolean;
  /** Stands in its place, as high as it will be. */
  ahead: ReactNode;
  children: ReactNode;
}

/** What is below the first screenful: drawn, and with that fetched, once it comes into view or goes on paper. */
export function WhenNear({ waits, ahead, children }: Near) {
  const place = useRef<HTMLDivElement>(null);
  const [near, setNear] = useState(false);
  useEffect(() => {
    const found = place.current;
    if (near || waits || !found) return;
    const come = () => setNear(true);
    const seen = new IntersectionObserver((entries) => entries.some((one) => one.isIntersecting) && come());
    seen.observe(found);
    window.addEventListener("beforeprint", come);
    return () => {
      seen.disconnect();
      window.removeEventListener("beforeprint", come);
    };
  }, [near, waits]);
  return <div ref={place}>{near ? children : ahead}</div>;
}
