import { Component, type ReactNode, Suspense, useEffect, useState } from "react";
import { useLive } from "./live/Live";
import { Bar } from "./parts/Bar";
import { Foot } from "./parts/Foot";
import { KeyList } from "./parts/KeyList";
import { listenToKeys } from "./parts/keys";
import { later } from "./parts/later";
import { Reading } from "./parts/Part";
import { nextTheme } from "./parts/theme";
import { Link } from "./route/Link";
import { alertsPath, go, serviceOf, standardsPath, usePlace, viewOf } from "./route/location";
import { ServicesView } from "./views/ServicesView";

const ServiceView = later(() => import("./views/ServiceView"));
const ConnectView = later(() => import("./views/ConnectView"));
const AlertsView = later(() => import("./views/AlertsView"));
const StandardsView = later(() => import("./views/StandardsView"));

export function App() {
  const { path } = usePlace();
  const view = viewOf(path);
  const { connection, toggle } = useLive();
  const [keysShown, showKeys] = useState(false);

  useEffect(() => {
    const press: Record<string, () => void> = {
      "/": () => document.querySelector<HTMLInputElement>("#find")?.focus(),
      "g o": () => go("/"),
      "g c": () => go("/connect"),
      "g r": () => toPart("routes"),
      "g q": () => toPart("queries"),
      "g a": () => go(alertsPath(serviceOf(viewOf(window.location.pathname)))),
      "g s": () => go(standardsPath(serviceOf(viewOf(window.location.pathname)))),
      "?": () => showKeys((shown) => !shown),
      space: toggle,
      t: nextTheme,
      y: () => void navigator.clipboard?.writeText(toCopy()),
      j: () => document.querySelector<HTMLElement>("[data-rows] tr[tabindex='0']")?.focus(),
    };
    return listenToKeys((key) => {
      const does = press[key];
      does?.();
      return does !== undefined;
    });
  }, [toggle]);

  return (
    <div className={connection.state === "lost" ? "stale" : undefined}>
      <a className="skip" href="#main">
        Skip to content
      </a>
      <Bar view={view} />
      <main id="main" tabIndex={-1}>
        <Guard key={path}>
          <Suspense
            fallback={
              <div className="wrap lead">
                <Reading what="the view" />
              </div>
            }
          >
            {view.name === "services" && <ServicesView />}
            {view.name === "connect" && <ConnectView />}
            {view.name === "service" && <ServiceView name={view.service} />}
            {view.name === "alerts" && <AlertsView />}
            {view.name === "standards" && <StandardsView service={view.service} />}
            {view.name === "none" && <Nowhere path={path} />}
          </Suspense>
        </Guard>
      </main>
      <Foot showKeys={() => showKeys(true)} />
      <KeyList shown={keysShown} close={() => showKeys(false)} />
    </div>
  );
}

function toPart(id: string) {
  const part = document.getElementById(id);
  part?.scrollIntoView({ block: "start" });
  part?.closest("section")?.querySelector<HTMLElement>("[data-rows] tr[tabindex='0']")?.focus({ preventScroll: true });
}

/** The fix of the finding that has the focus, or the link to here. */
function toCopy(): string {
  const finding = document.activeElement?.closest<HTMLElement>("[data-copy]");
  return finding?.dataset.copy ?? window.location.href;
}

function Nowhere({ path }: { path: string }) {
  return (
    <section className="wrap lead">
      <h1>
        <b>There is nothing at {path}.</b>
      </h1>
      <p>
        <Link href="/">All services</Link>
      </p>
    </section>
  );
}

/** A fault in a view leaves the frame, and says so. */
class Guard extends Component<{ children: ReactNode }, { failed: Error | null }> {
  override state: { failed: Error | null } = { failed: null };

  static getDerivedStateFromError(failed: Error) {
    return { failed };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <section className="wrap lead">
        <h1>
          <b>This view cannot be shown.</b>
        </h1>
        <p>
          {this.state.failed.message}.{" "}
          <button type="button" className="btn" onClick={() => window.location.reload()}>
            Load the page anew
          </button>
        </p>
      </section>
    );
  }
}
