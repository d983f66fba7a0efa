/** A segmenter of point clouds for other programs. */
import { segmenterNetwork } from '@dr2net/export';
import type { Exported } from '../../export/contract.ts';
import { formFor, loadSegmentation } from './segmentation.ts';

/**
 * @param points of a sample; default: as it was trained
 * @throws ModelOptionError for samples too small for its groups, and the errors of loading
 */
export async function exportedSegmenter(model: string, points: number | undefined): Promise<Exported> {
  const { model: segmentation, dispose } = await loadSegmentation(model);
  try {
    const { segmenter, coefficients, method, read, labels } = segmentation;
    const form = formFor(segmentation, points === undefined ? {} : { points });
    const network = segmenterNetwork({
      ...{ segmenter, points: form.points, coefficients, method, read, labels },
      more: { samples: form },
    });
    return { network, save: null, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}
