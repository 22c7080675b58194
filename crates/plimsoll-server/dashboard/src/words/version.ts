// Which version of a service, and which commit.

/** v2.14.0, however it was written. */
export function versionWords(version: string): string {
  return /^\d/.test(version) ? `v${version}` : version;
}

/** As much of a commit as is written of it: "a1f3c9e". */
export function revisionWords(revision: string): string {
  return revision.slice(0, 7);
}

/** "v2.14.0 a1f3c9e", of what is known of it; null: nothing. */
export function buildWords(version: string | null, revision: string | null): string | null {
  return [version && versionWords(version), revision && revisionWords(revision)].filter(Boolean).join(" ") || null;
}
