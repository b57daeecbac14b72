// Chance is an argument too: a simulation prints its seed and can be replayed.

/** Where chance comes from. */
export interface Random {
  /** Uniform in `[0, 1)`. */
  next(): number
  /** `length` new bytes. */
  bytes(length: number): Uint8Array
}

const { floor, imul } = Math

/** mulberry32: small, fast, good enough to shuffle peers, never for keys. The same seed gives the same sequence. */
export class SeededRandom implements Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = imul(t ^ (t >>> 15), t | 1)
    t ^= t + imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let i = 0; i < length; i++) bytes[i] = floor(this.next() * 256)
    return bytes
  }
}
