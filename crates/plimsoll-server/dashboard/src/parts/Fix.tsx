// Lines to copy.
import { useEffect, useState } from "react";

export function Fix({ code, label = "Lines to copy" }: { code: string; label?: string }) {
  const [copied, setCopied] = useState<"no" | "yes" | "failed">("no");
  useEffect(() => {
    if (copied === "no") return;
    const timer = window.setTimeout(() => setCopied("no"), 1_500);
    return () => window.clearTimeout(timer);
  }, [copied]);
  const copy = () => {
    // Without a secure context there is no clipboard: the lines can still be marked.
    const writing = navigator.clipboard?.writeText(code) ?? Promise.reject(new Error("no clipboard"));
    writing.then(
      () => setCopied("yes"),
      () => setCopied("failed"),
    );
  };
  return (
    <div className="fix">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: long lines scroll, by keyboard too */}
      <section tabIndex={0} aria-label={label}>
        <code>{code}</code>
      </section>
      <button type="button" onClick={copy} aria-live="polite">
        {{ no: "Copy", yes: "Copied", failed: "Mark it" }[copied]}
      </button>
    </div>
  );
}
