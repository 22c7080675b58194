// Which float is the processor, the memory, the disk; and where a float leads that no finding is about.
import type { Float, FloatGroup } from "../api/judged";

/** The float of a resource, by its id or name: "resource:cpu", "cpu_ratio", "CPU". */
export function resourceOf(groups: readonly FloatGroup[], resource: "cpu" | "memory" | "disk"): Float | null {
  const floats = groups.find((group) => group.name === "resources")?.floats ?? [];
  const isIt = (text: string) => {
    const word = text.toLowerCase().replace(/^.*:/, "");
    return word === resource || word === `${resource}_ratio` || word === `${resource}_mb`;
  };
  return floats.find((float) => isIt(float.id) || isIt(float.name)) ?? null;
}

/** Where a float is to be seen closer, as selectors of the page, the nearest first. */
export function viewsOf(float: Pick<Float, "name">, group: FloatGroup["name"]): string[] {
  switch (group) {
    case "classes":
      return [`[data-row="${CSS.escape(`class:${float.name}`)}"]`, "#standards"];
    case "pools":
      return ["#queries", ".cards"];
    case "resources":
      return float.name === "errors" ? ["#routes", "#when"] : [".cards", "#when"];
    case "queues":
      return ["#when"];
  }
}
