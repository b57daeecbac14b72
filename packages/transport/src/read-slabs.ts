// What the sockets of one transport read to. A socket holds the slab that it reads into also while nothing comes, so the more of
// them read into slabs the smaller these are: a hundred with half a megabyte each would leave little for what waits to be written.

import type { Slab, SlabPool } from '@torrential/primitives'

/** Two blocks: what is read at a time at the least. */
export const LEAST_READ = 32_768
/** How much longer a buffer becomes at a time. */
export const READ_GROWTH = 4
/** All that sockets are reading into, bytes: a sixth of what a pool lends. */
const MOST_OPEN = 16 * 1_048_576

export class ReadSlabs {
  readonly #pool: SlabPool
  #open = 0

  constructor(pool: SlabPool) {
    this.#pool = pool
  }

  /** One of `most` bytes, or of the share of one socket where that is less; undefined when the pool has nothing to lend. */
  lend(most: number): Slab | undefined {
    let length = most
    while (length > LEAST_READ && length * (this.#open + 1) > MOST_OPEN) length /= READ_GROWTH
    const slab = this.#pool.lend(length)
    if (slab !== undefined) this.#open++
    return slab
  }

  /** Nothing more is read into it. */
  close(slab: Slab): void {
    this.#open--
    slab.close()
  }
}
