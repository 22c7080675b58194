// What happened when: latency, throughput and errors, processor and memory over one time axis.
import "uplot/dist/uPlot.min.css";
import "../style/charts.css";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { alerts, deploys, resources, series } from "../api/queries";
import { Chart, type Drawn } from "../charts/Chart";
import { cpuChart, errorsChart, latencyChart, memoryChart, throughputChart } from "../charts/kinds";
import { nearest } from "../charts/lanes";
import { readings } from "../charts/readings";
import { Part } from "../parts/Part";
import { choose, useParam } from "../route/location";
import { type Range, type Zoom, zoomOf, zoomParam } from "../route/range";
import { clock, hour } from "../words/moments";
import { alertMarks, deployMarks, Lanes } from "./Lanes";

/** A chart with its caption. */
interface Captioned {
  id: string;
  title: string;
  about: string;
  /** All values of a moment, in words. */
  at: (index: number) => string;
  /** What it shows, in a sentence. */
  label: string;
  drawn: Drawn;
}

export default function WhatHappened({ name, range, finest }: { name: string; range: Range; finest: number }) {
  const [zoomText] = useParam("zoom");
  const zoom = useMemo(() => zoomOf(zoomText), [zoomText]);
  const asked = useQuery({ ...series(name, range, zoom, finest), placeholderData: keepPreviousData });
  const used = useQuery({ ...resources(name, range, zoom, finest), placeholderData: keepPreviousData });
  const told = useQuery(alerts(name)).data;
  const deployed = useQuery(deploys(name)).data;
  const [at, setAt] = useState<number | null>(null);

  const answer = asked.data;
  const now = asked.dataUpdatedAt || Date.now();
  const period: Zoom = zoom ?? { from: now - range.minutes * 60_000, to: now };
  const charts = useMemo((): Captioned[] => {
    const line = answer?.lines[0];
    if (!answer || !line) return [];
    const found = readings(answer, used.data ?? null);
    return [
      latencyChart(answer, line),
      throughputChart(answer, line),
      errorsChart(answer, line),
      ...(found?.cpu ? [cpuChart(answer, found)] : []),
      ...(found?.memory ? [memoryChart(answer, found)] : []),
    ].map((chart, index, all) => ({ ...chart, drawn: { ...chart.drawn, times: index === all.length - 1 } }));
  }, [answer, used.data]);

  const deployMarked = useMemo(() => deployMarks(deployed?.deploys ?? [], now), [deployed, now]);
  const alertMarked = useMemo(() => alertMarks(told?.alerts ?? [], now), [told, now]);
  const moments = useMemo(() => deployMarked.map((one) => one.from / 1000), [deployMarked]);

  /** All values of a moment, and what happened about then. */
  const momentWords = (time: number, words: string) => {
    const mark = nearest([...deployMarked, ...alertMarked], time, period);
    return [clock(time), words, mark?.told].filter(Boolean).join(" · ");
  };

  return (
    <section aria-labelledby="when" className={asked.isPending || used.isPending ? "ahead" : undefined}>
      <div className="head">
        <h2 id="when">What happened when</h2>
        <p>
          {hour(period.from, now)} to {hour(period.to, now)}, one axis for all; drag to zoom
          {zoom && ", double click to go back"}
        </p>
        {zoom && (
          <button type="button" className="btn" onClick={() => choose({ zoom: null })}>
            Whole {range.label}
          </button>
        )}
      </div>
      <Part asked={asked} reading={range.label}>
        {(got) =>
          charts.length === 0 ? (
            <p className="note">No requests in {zoom ? "this time" : range.label}.</p>
          ) : (
            <div className="stack">
              {(told || deployed) && <Lanes deploys={deployMarked} alerts={alertMarked} period={period} />}
              {charts.map((chart) => (
                <figure key={chart.id}>
                  <figcaption className="cap">
                    <b>{chart.title}</b>
                    <span>{chart.about}</span>
                    <output>
                      {at === null || got.times[at] === undefined ? "" : momentWords(got.times[at], chart.at(at))}
                    </output>
                  </figcaption>
                  <Chart
                    {...chart.drawn}
                    label={chart.label}
                    stepSeconds={got.step_seconds}
                    period={period}
                    moments={moments}
                    onZoom={(part) => choose({ zoom: zoomParam(part) })}
                    onCursor={setAt}
                  />
                </figure>
              ))}
            </div>
          )
        }
      </Part>
    </section>
  );
}
