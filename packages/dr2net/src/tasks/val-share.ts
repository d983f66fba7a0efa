/** The share that is held out where data have no validation part of their own. */
import { UsageError } from '../errors.ts';

export const defaultValShare = 0.2;

/** Whether a split that the data have is validated on: `--val-share 0` says no, unless the split was asked for by name. */
export const wanted = (named: string | undefined, valShare: number | undefined): boolean =>
  named !== undefined || valShare !== 0;

/**
 * @param parted where the validation data come from
 * @throws UsageError where a share was asked for besides, but for 0
 */
export function requireNoShare(valShare: number | undefined, parted: string): void {
  if (valShare)
    throw new UsageError(
      `--val-share ${valShare}: there is validation data already (${parted}), of which no share is held out. Leave --val-share out.`,
    );
}
