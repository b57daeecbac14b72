// Where a socket reads to. One that brings much with each read has slabs of its own, filled from front to end, so that what comes in
// two reads still lies in one row. A slab that everybody has given back is read into again; one of which somebody keeps bytes is not.
// It loses them when its reads become small, and shares the memory of all others then.

import type { Slab } from '@torrential/primitives'
import { type ReadSlabs, SLAB_LENGTH } from './read-slabs.ts'

/** Who brings the bytes of a slab with so few reads gets one. */
const FEW_READS = 8
/** Who needs so many is better off without. */
const MANY_READS = 64

export class SocketReader {
  readonly #slabs: ReadSlabs
  #slab: Slab | undefined
  /** Bytes and reads since the slab was new, or since the socket began to be looked at without one. */
  #filled = 0
  #reads = 0

  constructor(slabs: ReadSlabs) {
    this.#slabs = slabs
    slabs.join()
  }

  /** Where the next read goes: of a slab at least a quarter. */
  readonly next = (): Uint8Array => {
    if (this.#slab !== undefined && (SLAB_LENGTH - this.#filled) * 4 <= SLAB_LENGTH) {
      this.#renew(this.#reads < MANY_READS)
    }
    return this.#slab?.bytes.subarray(this.#filled) ?? this.#slabs.common
  }

  /** The bytes that came with the last read. */
  take(count: number): Uint8Array {
    const start = this.#filled
    this.#filled += count
    this.#reads++
    if (this.#slab !== undefined) return this.#slab.handOut(start, this.#filled)
    const bytes = this.#slabs.copy(count)
    if (this.#filled >= SLAB_LENGTH) this.#renew(this.#reads <= FEW_READS)
    return bytes
  }

  /** The socket reads no more. To be called once. */
  close(): void {
    this.#renew(false)
    this.#slabs.leave()
  }

  #renew(isFast: boolean): void {
    if (this.#slab !== undefined) this.#slabs.close(this.#slab)
    this.#filled = 0
    this.#reads = 0
    this.#slab = isFast ? this.#slabs.lend() : undefined
  }
}
