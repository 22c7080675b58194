// The way to the report of a service: over the range in view, to read or to take along.
import { urlOf } from "../api/client";
import { useParam } from "../route/location";
import { rangeOf, zoomOf } from "../route/range";
import { reportParams } from "../words/report";

export function ReportLinks({ service }: { service: string }) {
  const [rangeText] = useParam("range");
  const [zoomText] = useParam("zoom");
  const { since, words } = reportParams(rangeOf(rangeText), zoomOf(zoomText), Date.now());
  const url = (format: string) => urlOf("/api/performance/report", { service, since, format });
  return (
    <>
      <a href={url("html")} target="_blank" rel="noopener">
        Report {words}
        <span className="vh">, in a new tab</span>
      </a>
      {" · "}
      <a href={url("markdown")} download={`${service.replaceAll(/[^\w.-]+/g, "-")}-report.md`}>
        as Markdown
      </a>
    </>
  );
}
