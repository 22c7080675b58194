// The order of a table's rows.

export interface Order {
  by: string;
  down: boolean;
}

interface Sortable<R> {
  id: string;
  value?: ((row: R) => number | string | null) | undefined;
}

/** `p95` ascends, `-p95` descends; a column that there is not is the usual order. */
export function orderOf<R>(text: string | null, columns: readonly Sortable<R>[], usual: Order): Order {
  if (!text) return usual;
  const down = text.startsWith("-");
  const by = down ? text.slice(1) : text;
  return columns.some((column) => column.id === by && column.value) ? { by, down } : usual;
}

/** The usual order needs no parameter. */
export function orderParam(order: Order, usual: Order): string | null {
  if (order.by === usual.by && order.down === usual.down) return null;
  return order.down ? `-${order.by}` : order.by;
}

/** Another column starts with its largest; the same one turns. */
export function turned(order: Order, by: string): Order {
  return order.by === by ? { by, down: !order.down } : { by, down: true };
}

/** Rows by a value, what has none last, equals in the order that they came in. */
export function sorted<R>(
  rows: readonly R[],
  value: ((row: R) => number | string | null) | undefined,
  down: boolean,
): readonly R[] {
  if (!value) return rows;
  const sign = down ? -1 : 1;
  return [...rows].sort((left, right) => {
    const [a, b] = [value(left), value(right)];
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    if (typeof a === "string" || typeof b === "string") return sign * String(a).localeCompare(String(b), "en");
    return sign * (a - b);
  });
}
