// A table: sorted by its heads, its order in the URL, its body one tab stop in which the arrows move.
import { type KeyboardEvent, type MouseEvent, type ReactNode, useRef, useState } from "react";
import { useParam } from "../route/location";
import { type Order, orderOf, orderParam, sorted, turned } from "./order";

export interface Column<R> {
  id: string;
  head: ReactNode;
  /** By what is sorted; a column without it is not. Null goes last. */
  value?: (row: R) => number | string | null;
  cell: (row: R) => ReactNode;
  num?: boolean;
  className?: string;
}

interface Tabled<R> {
  label: string;
  columns: readonly Column<R>[];
  rows: readonly R[];
  keyOf: (row: R) => string;
  /** The parameter that holds the order. */
  param: string;
  usual: Order;
  className?: string;
  rowClass?: (row: R) => string | undefined;
  /** What Enter and a click on the row do. */
  open?: (row: R) => void;
  expanded?: (row: R) => boolean;
}

/** Rows shown at once: more make the page slow before they help. */
const FIRST_ROWS = 200;

export function Table<R>(props: Tabled<R>) {
  const { label, columns, rows, keyOf, param, usual, className, rowClass, open, expanded } = props;
  const [text, setText] = useParam(param);
  const [all, setAll] = useState(false);
  const [at, setAt] = useState(0);
  const body = useRef<HTMLTableSectionElement>(null);
  const order = orderOf(text, columns, usual);
  const ordered = sorted(rows, columns.find((column) => column.id === order.by)?.value, order.down);
  const shown = all ? ordered : ordered.slice(0, FIRST_ROWS);
  const stop = Math.min(at, shown.length - 1);

  const move = (event: KeyboardEvent<HTMLTableSectionElement>) => {
    if (event.target !== event.currentTarget.children[stop]) return;
    const by = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, Home: -shown.length, End: shown.length }[event.key];
    const row = shown[stop];
    if (event.key === "Enter" && open && row !== undefined) open(row);
    else if (by) {
      const next = Math.max(0, Math.min(shown.length - 1, stop + by));
      setAt(next);
      (body.current?.children[next] as HTMLElement | undefined)?.focus();
    } else return;
    event.preventDefault();
  };

  const click = (event: MouseEvent<HTMLTableSectionElement>) => {
    const target = event.target as HTMLElement;
    if (!open || target.closest("a, button") || window.getSelection()?.type === "Range") return;
    const row = shown[[...event.currentTarget.children].indexOf(target.closest("tr") as HTMLElement)];
    if (row !== undefined) open(row);
  };

  return (
    <div className="scroll">
      <table className={className} aria-label={label} aria-rowcount={rows.length + 1}>
        <thead>
          <tr>
            {columns.map((column) => (
              <Head
                key={column.id}
                column={column}
                order={order}
                turn={() => setText(orderParam(turned(order, column.id), usual))}
              />
            ))}
          </tr>
        </thead>
        <tbody ref={body} onKeyDown={move} onClick={click} data-rows>
          {shown.map((row, index) => (
            <tr
              key={keyOf(row)}
              className={[rowClass?.(row), open && "opens"].filter(Boolean).join(" ") || undefined}
              tabIndex={index === stop ? 0 : -1}
              onFocus={() => setAt(index)}
              data-expanded={expanded?.(row)}
              data-row={keyOf(row)}
            >
              {columns.map((column) => (
                <td key={column.id} className={classes(column)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {shown.length < ordered.length && (
        <p className="more">
          rows 1–{shown.length} of {ordered.length}{" "}
          <button type="button" className="btn" onClick={() => setAll(true)}>
            Show all
          </button>
        </p>
      )}
    </div>
  );
}

function classes<R>(column: Column<R>): string | undefined {
  return [column.num && "num", column.className].filter(Boolean).join(" ") || undefined;
}

function Head<R>({ column, order, turn }: { column: Column<R>; order: Order; turn: () => void }) {
  const isBy = order.by === column.id;
  const sort = isBy ? (order.down ? "descending" : "ascending") : undefined;
  return (
    <th scope="col" className={classes(column)} aria-sort={sort}>
      {column.value ? (
        <button type="button" onClick={turn}>
          {column.head}
          {isBy && <span className={order.down ? "arrow" : "arrow up"} />}
        </button>
      ) : (
        column.head
      )}
    </th>
  );
}
