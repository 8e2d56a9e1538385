/** Chunks a worker may send ahead of the reader. */
export const STREAM_CREDIT = 32;

/** Parts of large outputs that may be under way: more would hold up what other requests are told. */
const PART_CREDIT = 4;

/** What may be sent for a request before more credit comes. */
export function creditOf({ stream = false }: { readonly stream?: boolean }): number {
  return stream ? STREAM_CREDIT : PART_CREDIT;
}
