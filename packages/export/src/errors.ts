/** What can go wrong when a network is exported. */

/** The network cannot be written as a graph, or not in this format; the message says why and what to do instead. */
export class ExportError extends Error {
  override readonly name = 'ExportError';
}

/** The file's network and ours do not agree. */
export class ExportMismatchError extends Error {
  override readonly name = 'ExportMismatchError';
}
