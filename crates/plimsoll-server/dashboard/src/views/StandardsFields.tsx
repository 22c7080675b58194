// The fields of the standards: the bands of each class, the four thresholds.
import type { StandardsClass, Thresholds } from "../api/judged";
import { ScaleCell } from "../parts/ScaleCell";
import {
  BAND_LABELS,
  BANDS,
  bandPath,
  classOrigin,
  classPath,
  type Draft,
  draftBands,
  fieldText,
  THRESHOLDS,
} from "../standards/edit";
import { PLACES } from "../words/load";
import { duration } from "../words/numbers";
import { PLACE_SHAPES, placeOf } from "../words/place";
import { originWords } from "../words/standards";

interface Edited {
  saved: Thresholds;
  draft: Draft;
  /** What is wrong with a field, by its path. */
  wrong: Record<string, string>;
  edit: (path: string, text: string) => void;
  reset: (path: string) => void;
  busy: boolean;
}

interface Beside {
  name: string;
  /** What the service does now; null where none is looked at. */
  now: StandardsClass | null;
}

export function BandFields({ beside, ...edited }: Edited & { beside: readonly Beside[] }) {
  const { saved } = edited;
  const withNow = beside.some((one) => one.now !== null);
  return (
    <section aria-labelledby="bands">
      <div className="head">
        <h2 id="bands">Bands</h2>
        <p>p95 of each class, milliseconds; investigate is the line</p>
      </div>
      <div className="scroll">
        <table className="edits" aria-label="Bands">
          <thead>
            <tr>
              <th scope="col">Class</th>
              {BANDS.map((band) => (
                <th key={band} scope="col">
                  {BAND_LABELS[band]} ms
                </th>
              ))}
              {withNow && (
                <th scope="col" className="hp">
                  p95 now, with these bands
                </th>
              )}
              <th scope="col" className="hp">
                from
              </th>
            </tr>
          </thead>
          <tbody>
            {beside.map(({ name, now }) => (
              <tr key={name}>
                <td>
                  <b>{name}</b>
                  <span className="po">
                    <Origin {...edited} origin={classOrigin(saved, name)} path={classPath(name)} what={name} />
                  </span>
                </td>
                {BANDS.map((band) => (
                  <td key={band}>
                    <Field
                      {...edited}
                      path={bandPath(name, band)}
                      label={`${name}, ${BAND_LABELS[band]}, milliseconds`}
                      value={fieldText(saved.classes[name]?.[band] ?? 0, 1000)}
                    />
                  </td>
                ))}
                {withNow && (
                  <td className="hp">
                    <Preview {...edited} name={name} p95={now?.p95_seconds ?? null} />
                  </td>
                )}
                <td className="hp">
                  <Origin {...edited} origin={classOrigin(saved, name)} path={classPath(name)} what={name} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** The p95 of now among the bands as they are edited. */
function Preview({ saved, draft, name, p95 }: Edited & { name: string; p95: number | null }) {
  const before = saved.classes[name];
  const bands = before ? draftBands(draft, name, before) : null;
  if (p95 === null || !bands) return <span className="dim">{p95 === null ? "no data" : ""}</span>;
  const place = placeOf(p95, bands);
  return (
    <span className="now">
      <ScaleCell
        value={p95}
        limit={bands.investigate_seconds}
        ticks={[bands.target_seconds, bands.acceptable_seconds]}
        shape={PLACE_SHAPES[place]}
        label={`${duration(p95)}, ${PLACES[place]}`}
      />
      {duration(p95)}, {PLACES[place]}
    </span>
  );
}

export function ThresholdFields(edited: Edited) {
  const { saved } = edited;
  return (
    <section aria-labelledby="thresholds">
      <div className="head">
        <h2 id="thresholds">Thresholds</h2>
        <p>from where on something is noted, or fires</p>
      </div>
      <div className="scroll">
        <table className="edits" aria-label="Thresholds">
          <thead>
            <tr>
              <th scope="col">Threshold</th>
              <th scope="col">value</th>
              <th scope="col">from</th>
            </tr>
          </thead>
          <tbody>
            {THRESHOLDS.map(({ name, label, unit, factor, about }) => (
              <tr key={name}>
                <td>
                  <b>{label}</b> <span className="dim hp">{about}</span>
                </td>
                <td>
                  <Field {...edited} path={name} label={`${label}, ${unit}`} value={fieldText(saved[name], factor)} />{" "}
                  {unit}
                </td>
                <td>
                  <Origin {...edited} origin={saved.origins[name]} path={name} what={label} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Field({ path, label, value, draft, wrong, edit }: Edited & { path: string; label: string; value: string }) {
  const text = draft[path] ?? value;
  const problem = wrong[path];
  const id = `wrong ${path}`.replaceAll(" ", "-");
  return (
    <>
      <input
        className={text === value ? "inp" : "inp new"}
        inputMode="decimal"
        autoComplete="off"
        aria-label={label}
        aria-invalid={problem !== undefined}
        aria-describedby={problem === undefined ? undefined : id}
        value={text}
        onChange={(event) => edit(path, event.target.value)}
      />
      {problem !== undefined && (
        <small className="p" id={id}>
          {problem}
        </small>
      )}
    </>
  );
}

/** Where a value comes from; what was set here can go back. */
function Origin({
  origin,
  path,
  what,
  reset,
  busy,
}: Edited & { origin: string | undefined; path: string; what: string }) {
  return (
    <span className="dim">
      {originWords(origin)}{" "}
      {origin === "put" && (
        <button type="button" className="btn bare" disabled={busy} onClick={() => reset(path)}>
          Reset<span className="vh"> {what}</span> to the file
        </button>
      )}
    </span>
  );
}
