// A wait with an end.

import type { Clock } from '@torrential/primitives'

/**
 * True as soon as `work` is done, false when `ms` have passed before; it goes on then, and nobody hears of its failure.
 * @throws what `work` rejects with, in time
 */
export async function isWithin(work: Promise<unknown>, ms: number, clock: Clock): Promise<boolean> {
  let timer: Disposable | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = clock.timer(ms, () => resolve(false))
  })
  try {
    return await Promise.race([work.then(() => true), late])
  } finally {
    timer?.[Symbol.dispose]()
  }
}
