// The bar on top: where one is, whether it is live, what is searched, which range.
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState, useSyncExternalStore } from "react";
import { firing } from "../api/queries";
import { isOutdated, subscribeBuild } from "../live/build";
import type { Connection } from "../live/connection";
import { useLive } from "../live/Live";
import { Link } from "../route/Link";
import { alertsPath, choose, serviceOf, servicePath, standardsPath, useParam, type View } from "../route/location";
import { RANGES, rangeOf, rangeParam } from "../route/range";
import { lampWords } from "../words/lamp";
import { Mark } from "./State";
import { nextTheme, useTheme } from "./theme";

export function Bar({ view }: { view: View }) {
  const theme = useTheme();
  return (
    <header className="top">
      <div className="wrap">
        <div className="bar">
          <Link className="brand" href="/">
            <Mark />
            Plimsoll
          </Link>
          <Lamp />
          {FINDS[view.name] && <Find of={FINDS[view.name] ?? ""} />}
          {view.name === "service" && <Ranges />}
          <button className="btn" type="button" onClick={nextTheme} aria-label={`Theme: ${theme}`}>
            <span className="hp">Theme:</span> <span>{theme}</span>
          </button>
        </div>
        <Views view={view} />
      </div>
      <Outdated />
    </header>
  );
}

/** What is found in each view that has something to find. */
const FINDS: Partial<Record<View["name"], string>> = {
  services: "services",
  service: "routes, queries",
  alerts: "alerts",
};

/** The ways to the other views; a server that does not judge has neither alerts nor standards. */
function Views({ view }: { view: View }) {
  const alerts = useQuery(firing()).data;
  const [chosen] = useParam("service");
  const service = view.name === "alerts" ? chosen : serviceOf(view);
  const current = (name: View["name"]) => (view.name === name ? "page" : undefined);
  return (
    <nav className="views" aria-label="Views">
      <Link href="/" aria-current={current("services")}>
        Services
      </Link>
      {service !== null && (
        <Link href={servicePath(service)} aria-current={current("service")}>
          {service}
        </Link>
      )}
      {alerts && (
        <>
          <Link href={alertsPath(service)} aria-current={current("alerts")}>
            Alerts{" "}
            {alerts.total > 0 && (
              <b>
                {alerts.total}
                <span className="vh"> firing</span>
              </b>
            )}
          </Link>
          <Link href={standardsPath(service)} aria-current={current("standards")}>
            Standards
          </Link>
        </>
      )}
      <Link href="/connect" aria-current={current("connect")}>
        Connect
      </Link>
    </nav>
  );
}

/** Whether what is shown is live; pressed, it pauses. */
function Lamp() {
  const { connection, toggle, retry } = useLive();
  const now = useSecond(connection.state === "lost");
  const isLost = connection.state === "lost";
  const title = isLost ? "Try now" : connection.state === "paused" ? "Go on (space)" : "Pause (space)";
  return (
    <button
      type="button"
      className={`live ${CLASSES[connection.state]}`}
      title={title}
      onClick={isLost ? retry : toggle}
    >
      <i />
      <span role="status">{lampWords(connection, now)}</span>
    </button>
  );
}

const CLASSES: Record<Connection["state"], string> = { connecting: "off", live: "", paused: "still", lost: "ring" };

function useSecond(runs: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!runs) return;
    setNow(Date.now());
    const timer = window.setInterval(() => setNow(Date.now()), 1_000);
    return () => window.clearInterval(timer);
  }, [runs]);
  return now;
}

function Find({ of }: { of: string }) {
  const [text, setText] = useParam("q");
  return (
    <label className="find">
      <span className="vh">Find {of}</span>
      <input
        id="find"
        type="search"
        placeholder={`Find ${of}`}
        autoComplete="off"
        spellCheck={false}
        value={text ?? ""}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          setText(null);
          event.currentTarget.blur();
        }}
      />
      <kbd>/</kbd>
    </label>
  );
}

function Ranges() {
  const [text] = useParam("range");
  const range = rangeOf(text);
  const pick = (id: string) => choose({ range: rangeParam(rangeOf(id)), zoom: null });
  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset has a border and a legend of its own */}
      <div className="seg hp" role="group" aria-label="Time range">
        {RANGES.map((one) => (
          <button key={one.id} type="button" aria-pressed={one === range} onClick={() => pick(one.id)}>
            {one.label}
          </button>
        ))}
      </div>
      <select
        className="btn po"
        aria-label="Time range"
        value={range.id}
        onChange={(event) => pick(event.target.value)}
      >
        {RANGES.map((one) => (
          <option key={one.id} value={one.id}>
            {one.label}
          </option>
        ))}
      </select>
    </>
  );
}

/** The server has another build of the page. */
function Outdated() {
  const outdated = useSyncExternalStore(subscribeBuild, isOutdated);
  if (!outdated) return null;
  return (
    <div className="newsbar" role="status">
      <div className="wrap news">
        <span>The server was updated; this page is of the version before.</span>
        <button type="button" className="btn" onClick={() => window.location.reload()}>
          Load the new page
        </button>
      </div>
    </div>
  );
}
