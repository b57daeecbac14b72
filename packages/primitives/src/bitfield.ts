// A set of pieces, one bit each, the highest bit of the first byte being piece 0 (BEP 3). The number of set bits is kept as
// it changes, because "how complete is it" is asked far more often than it changes. Spare bits at the end are always zero.

import { InputError } from './errors.ts'

/** A set over the pieces `[0, length)`. */
export class Bitfield {
  /** Number of pieces, not of bytes. */
  readonly length: number
  readonly #bytes: Uint8Array
  #count = 0

  /**
   * An empty set over `length` pieces.
   * @throws InputError `BITFIELD_LENGTH` unless `length` is an integer in 0 … 2^32 - 1
   */
  constructor(length: number) {
    if (length >>> 0 !== length) throw new InputError('BITFIELD_LENGTH', `there is no bitfield of ${length} pieces`)
    this.length = length
    this.#bytes = new Uint8Array(Math.ceil(length / 8))
  }

  /** Every piece of `length`. */
  static full(length: number): Bitfield {
    const field = new Bitfield(length)
    field.setAll()
    return field
  }

  /**
   * A copy of the bits in `bytes`.
   * @throws InputError `BITFIELD_LENGTH` unless there are exactly ceil(length / 8) bytes
   * @throws InputError `BITFIELD_SPARE_BITS` when a bit past the last piece is set
   */
  static from(bytes: Uint8Array, length: number): Bitfield {
    const field = new Bitfield(length)
    if (bytes.length !== field.#bytes.length) {
      throw new InputError('BITFIELD_LENGTH', `${length} pieces need ${field.#bytes.length} bytes, not ${bytes.length}`)
    }
    field.#bytes.set(bytes)
    const spare = (8 - (length % 8)) % 8
    if (spare > 0 && ((bytes[bytes.length - 1] as number) & ((1 << spare) - 1)) !== 0) {
      throw new InputError('BITFIELD_SPARE_BITS', `bits past piece ${length - 1} are set`)
    }
    let count = 0
    for (const byte of field.#bytes) count += popcount(byte)
    field.#count = count
    return field
  }

  /** How many pieces are in the set. */
  get count(): number {
    return this.#count
  }

  /** True when every piece is in the set; an empty bitfield of 0 pieces is complete. */
  get isComplete(): boolean {
    return this.#count === this.length
  }

  /** True when no piece is in the set. */
  get isEmpty(): boolean {
    return this.#count === 0
  }

  /** False for anything that is not an integer in `[0, length)`. */
  has(index: number): boolean {
    // Only integers in 0 … 2^32 - 1 are what they are after `>>> 0`: no other value may wrap round to a piece.
    return index >>> 0 === index && ((this.#bytes[index >>> 3] ?? 0) & (128 >>> (index & 7))) !== 0
  }

  /** Adds a piece; true when it was not in the set. Anything but an integer in range: nothing happens. */
  add(index: number): boolean {
    if (index >>> 0 !== index || index >= this.length || this.has(index)) return false
    this.#bytes[index >>> 3] = (this.#bytes[index >>> 3] as number) | (128 >>> (index & 7))
    this.#count++
    return true
  }

  /** Removes a piece; true when it was in the set. */
  delete(index: number): boolean {
    if (!this.has(index)) return false
    this.#bytes[index >>> 3] = (this.#bytes[index >>> 3] as number) & ~(128 >>> (index & 7))
    this.#count--
    return true
  }

  /** Adds every piece. */
  setAll(): void {
    this.#bytes.fill(255)
    const spare = (8 - (this.length % 8)) % 8
    if (spare > 0) this.#bytes[this.#bytes.length - 1] = (255 << spare) & 255
    this.#count = this.length
  }

  /** Removes every piece. */
  clear(): void {
    this.#bytes.fill(0)
    this.#count = 0
  }

  /** A copy that changes on its own. */
  clone(): Bitfield {
    const copy = new Bitfield(this.length)
    copy.#bytes.set(this.#bytes)
    copy.#count = this.#count
    return copy
  }

  /** A copy of the bytes as they go over the wire. */
  toBytes(): Uint8Array {
    return this.#bytes.slice()
  }

  /** True when `other` has a piece that this set lacks. Both have the same length. */
  lacksSomeOf(other: Bitfield): boolean {
    const mine = this.#bytes
    const theirs = other.#bytes
    for (let i = 0; i < theirs.length; i++) if (((theirs[i] as number) & ~(mine[i] as number)) !== 0) return true
    return false
  }

  /** The pieces of the set, ascending. */
  *[Symbol.iterator](): Generator<number> {
    for (let byte = 0; byte < this.#bytes.length; byte++) {
      const bits = this.#bytes[byte] as number
      if (bits === 0) continue
      for (let bit = 0; bit < 8; bit++) if ((bits & (128 >>> bit)) !== 0) yield byte * 8 + bit
    }
  }
}

function popcount(byte: number): number {
  let bits = byte - ((byte >>> 1) & 0x55)
  bits = (bits & 0x33) + ((bits >>> 2) & 0x33)
  return (bits + (bits >>> 4)) & 0x0f
}
