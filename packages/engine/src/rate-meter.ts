// Bytes per second over a sliding window of five seconds. Made for batches: one `add` per socket read is as exact as one per
// block, because bytes are counted into half-second slots. A meter that is younger than a second counts as one second old,
// so that the first read does not look like a gigabyte per second.

const SLOTS = 10
const SLOT_MS = 500
const YOUNGEST_MS = 1_000

const { floor, max } = Math
const Slots = Float64Array

export class RateMeter {
  /** Bytes since the meter was made. */
  total = 0
  /** Made with the first bytes: most torrents of a large session never move any. */
  #slots: Float64Array | undefined
  readonly #startedAt: number
  /** Number of the newest slot, counted from time 0. */
  #newest: number
  #sum = 0

  constructor(now: number) {
    this.#startedAt = now
    this.#newest = floor(now / SLOT_MS)
  }

  add(bytes: number, now: number): void {
    this.#advance(now)
    const at = this.#newest % SLOTS
    this.#slots ??= new Slots(SLOTS)
    this.#slots[at] = (this.#slots[at] as number) + bytes
    this.#sum += bytes
    this.total += bytes
  }

  /** Bytes per second; 0 once nothing came for five seconds. */
  rate(now: number): number {
    this.#advance(now)
    if (this.#sum === 0) return 0
    const windowStart = max(this.#startedAt, (this.#newest - SLOTS + 1) * SLOT_MS)
    return (this.#sum * 1_000) / max(YOUNGEST_MS, now - windowStart)
  }

  #advance(now: number): void {
    const slot = floor(now / SLOT_MS)
    if (slot <= this.#newest) return
    if (this.#slots !== undefined) this.#pass(this.#slots, slot)
    this.#newest = slot
  }

  #pass(slots: Float64Array, slot: number): void {
    if (slot - this.#newest >= SLOTS) {
      slots.fill(0)
      this.#sum = 0
      return
    }
    for (let passed = this.#newest + 1; passed <= slot; passed++) {
      this.#sum -= slots[passed % SLOTS] as number
      slots[passed % SLOTS] = 0
    }
  }
}
