// What the sockets of one transport read into. A few fast ones have a slab each, so that nothing is copied. A socket holds its slab also
// while nothing comes, and a hundred of them would hold fifty megabytes or read a little at a time; so all others share one piece of memory,
// which stays in the processor's cache, and what they read is copied out of it at once, side by side into slabs.
//
// That they share it is safe because a socket is read from in the moment in which it is ready, and its bytes are taken before the next one
// is: libuv has no read under way that could write into it, not on Windows either, where it waits with empty ones.

import type { Slab, SlabPool } from '@torrential/primitives'

/** Bytes of the slab of one socket: a larger one saves nothing, and one kept block would hold more. */
export const SLAB_LENGTH = 524_288
/** Bytes of the shared memory and of the slabs for its copies: these hold blocks of many pieces, and come back when the last is written. */
export const COPY_LENGTH = 262_144
/** Sockets with a slab each: 16 MiB, a sixth of what a pool lends. */
const MOST_SLABS = 32
/** What is read in shorter parts is kept for long, until enough of it is there: such parts must not hold a slab. */
const LEAST_COPIED = 16_384

export class ReadSlabs {
  readonly #pool: SlabPool
  #sockets = 0
  #lent = 0
  #common: Uint8Array | undefined
  /** What is copied goes in here, behind what was copied before. */
  #copies: Slab | undefined
  #copied = 0

  constructor(pool: SlabPool) {
    this.#pool = pool
  }

  /** A socket begins to read. */
  join(): void {
    this.#sockets++
  }

  /** A socket reads no more; the last one leaves nothing lent. */
  leave(): void {
    this.#sockets--
    if (this.#sockets > 0) return
    this.#copies?.close()
    this.#copies = undefined
    this.#common = undefined
  }

  /** Where sockets without a slab read to. Its content must be taken with `copy` at once. */
  get common(): Uint8Array {
    this.#common ??= new Uint8Array(COPY_LENGTH)
    return this.#common
  }

  /** A slab for one socket; undefined when enough of them have one, or when the pool has nothing to lend. */
  lend(): Slab | undefined {
    if (this.#lent === MOST_SLABS) return undefined
    const slab = this.#pool.lend(SLAB_LENGTH)
    if (slab !== undefined) this.#lent++
    return slab
  }

  /** Nothing more is read into it. */
  close(slab: Slab): void {
    this.#lent--
    slab.close()
  }

  /** The first `count` bytes of `common`, copied. */
  copy(count: number): Uint8Array {
    const bytes = this.common.subarray(0, count)
    const slab = count < LEAST_COPIED ? undefined : this.#room(count)
    if (slab === undefined) return Buffer.from(bytes)
    const start = this.#copied
    this.#copied += count
    slab.bytes.set(bytes, start)
    return slab.handOut(start, this.#copied)
  }

  #room(count: number): Slab | undefined {
    if (this.#copies !== undefined && this.#copied + count <= COPY_LENGTH) return this.#copies
    this.#copies?.close()
    this.#copies = this.#pool.lend(COPY_LENGTH)
    this.#copied = 0
    return this.#copies
  }
}
