/** What is measured of each package: everything, and the least import that is of use. */

/** The smallest useful import of a package, as a module that uses it; a package's own names. */
export const smallestImports: Readonly<Record<string, string>> = {
  '@dr2net/backends': "export { startBackend } from '@dr2net/backends';",
  '@dr2net/core': "export { reversibleMethod, tracer } from '@dr2net/core';",
  '@dr2net/detection': "export { nms } from '@dr2net/detection';",
  '@dr2net/export': "export { classifierNetwork, exportOnnx } from '@dr2net/export';",
  '@dr2net/layers': "export { mlpSubBlock } from '@dr2net/layers';",
  '@dr2net/memory': "export { track } from '@dr2net/memory';",
  '@dr2net/models': "export { loadBackbone } from '@dr2net/models';",
  '@dr2net/ops': "export { linear } from '@dr2net/ops';",
  '@dr2net/pointcloud': "export { readCloud } from '@dr2net/pointcloud';",
  '@dr2net/schedulers': "export { dynamic } from '@dr2net/schedulers';",
  '@dr2net/train': "export { finetune } from '@dr2net/train';",
  '@dr2net/video': "export { actionRecognizer } from '@dr2net/video';",
  dr2net: "export { finetune } from 'dr2net';",
};
