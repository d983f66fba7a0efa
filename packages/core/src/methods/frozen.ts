/** `frozen`: nothing is kept and no gradient is given; for the warm-up in which only the head learns. For any (α, β). */
import { forward, readHead } from '../forward.ts';
import type { MethodImplementation } from '../recording.ts';

/** The method `frozen`: nothing is kept, and no gradient goes back. */
export const frozenMethod: MethodImplementation<'frozen'> = {
  name: 'frozen',
  record: (run, x0) => ({
    value: readHead(run, forward(run, { last: x0, previous: x0 })),
    report: {
      method: 'frozen',
      coefficients: run.coefficients,
      stateBytes: 0,
      sideBytes: 0,
      check: async () => ({}),
    },
    dispose: () => {},
  }),
};
