// Where a socket reads to: slabs of a pool shared by all sockets of the transport, filled from front to end, so that what comes in
// two reads still lies in one row. A slab that everybody has given back is read into again; one of which somebody keeps bytes is not.
//
// A silent connection holds a small buffer of its own, which is new memory each time. Only one that fills its buffers within a
// few reads gets slabs, larger ones each time; it loses them when its reads become small.

import type { Slab } from '@torrential/primitives'
import { LEAST_READ, READ_GROWTH, type ReadSlabs } from './read-slabs.ts'

/** From here on a larger read saves nothing, and one kept block would hold more. */
const MOST_LENGTH = 524_288
/** A buffer filled by so few reads was too small. */
const FEW_READS = 8
/** One filled by so many was too large. */
const MANY_READS = 64

export class SocketReader {
  readonly #slabs: ReadSlabs
  #slab: Slab | undefined
  #bytes: Uint8Array = new Uint8Array(0)
  #filled = 0
  #reads = 0
  #length = LEAST_READ / READ_GROWTH

  constructor(slabs: ReadSlabs) {
    this.#slabs = slabs
  }

  /** Where the next read goes: at least a quarter of a buffer. */
  readonly next = (): Uint8Array => {
    if ((this.#bytes.length - this.#filled) * 4 <= this.#bytes.length) this.#renew()
    return this.#bytes.subarray(this.#filled)
  }

  /** The bytes that came with the last read. */
  take(count: number): Uint8Array {
    const start = this.#filled
    this.#filled += count
    this.#reads++
    return this.#slab?.handOut(start, this.#filled) ?? this.#bytes.subarray(start, this.#filled)
  }

  /** The socket reads no more. */
  close(): void {
    if (this.#slab !== undefined) this.#slabs.close(this.#slab)
    this.#slab = undefined
  }

  #renew(): void {
    if (this.#reads <= FEW_READS) this.#length = Math.min(this.#length * READ_GROWTH, MOST_LENGTH)
    else if (this.#reads >= MANY_READS) this.#length = Math.max(this.#length / READ_GROWTH, LEAST_READ)
    this.close()
    this.#filled = 0
    this.#reads = 0
    this.#slab = this.#length > LEAST_READ ? this.#slabs.lend(this.#length) : undefined
    this.#bytes = this.#slab?.bytes ?? Buffer.allocUnsafeSlow(LEAST_READ)
  }
}
