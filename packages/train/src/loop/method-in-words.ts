/** A method with its options, for messages. */
import type { Method } from '@dr2net/core';

/** `checkpoint with {"every":2}` */
export function methodInWords({ name, ...options }: Method): string {
  return Object.keys(options).length === 0 ? `method ${name}` : `method ${name} with ${JSON.stringify(options)}`;
}
