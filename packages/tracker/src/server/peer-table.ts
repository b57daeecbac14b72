// The peers of one swarm that share a family and a role, packed: fixed-size records in one Uint8Array, gapless, so that random
// ones can be picked without walking, plus an open-addressing index for more than a few. A peer is its address and port; what
// it costs is its record (30 or 42 bytes) and 8 bytes of index, with growth by doubling at most twice that. A record holds the
// compact address, the peer id and when the peer was last seen; one array for all, because most swarms are tiny and a typed
// array costs more than a peer.
//
// Invariants: records 0 … size - 1 are in use; the index (when there is one) finds each of them and nothing else. Removal moves
// the last record into the gap, so slots are valid only until the next change.

import { type AddressFamily, type Random, readUint32, writeUint32 } from '@torrential/primitives'

// Aliased because global look-ups are slow in some test runners.
const { imul, floor, min } = Math

/** Up to here a walk over the records is as quick as an index. */
const unindexed = 8
const peerIdLength = 20
const seenLength = 4

/** Steps through the records that visit each once: primes, so that all but the few that divide the size will do. */
const strides = [1, 3, 7, 13, 31, 61, 127, 251, 509, 1021, 2039, 4093, 8191, 16381, 32749, 65521]

export interface SampleTarget {
  readonly bytes: Uint8Array
  /** Where the next peer goes. */
  offset: number
  /** Write the 20 bytes of the peer id behind each address. */
  readonly withPeerIds: boolean
}

export class PeerTable {
  readonly keyLength: number
  readonly #recordLength: number
  readonly #seed: number
  #records: Uint8Array
  #capacity = 1
  #index: Uint32Array | undefined
  #size = 0
  #cursor = 0

  /** `seed` makes the index unpredictable to whoever chooses addresses. */
  constructor(family: AddressFamily, seed: number) {
    this.keyLength = family === 4 ? 6 : 18
    this.#recordLength = this.keyLength + peerIdLength + seenLength
    this.#seed = seed
    this.#records = new Uint8Array(this.#recordLength)
  }

  get size(): number {
    return this.#size
  }

  /** Bytes held, for whoever watches memory. */
  get byteLength(): number {
    return this.#records.byteLength + (this.#index?.byteLength ?? 0)
  }

  /** Adds a peer or refreshes it; true when it is new. `key` is its compact address. */
  put(key: Uint8Array, peerId: Uint8Array, seen: number): boolean {
    const slot = this.#find(key)
    if (slot !== -1) {
      this.#write(slot, key, peerId, seen)
      return false
    }
    if (this.#size === this.#capacity) this.#resize(this.#size * 2)
    this.#write(this.#size, key, peerId, seen)
    this.#size += 1
    if (this.#index !== undefined) this.#enter(this.#size - 1)
    return true
  }

  /** Puts the peer in the place of a random one. */
  replace(key: Uint8Array, peerId: Uint8Array, seen: number, random: Random): void {
    this.#removeAt(floor(random.next() * this.#size))
    this.put(key, peerId, seen)
  }

  has(key: Uint8Array): boolean {
    return this.#find(key) !== -1
  }

  /** True when it was there. */
  delete(key: Uint8Array): boolean {
    const slot = this.#find(key)
    if (slot === -1) return false
    this.#removeAt(slot)
    this.#shrink()
    return true
  }

  /**
   * Writes up to `count` peers, each once, chosen by chance, without those that are the asker. Costs `count`, not `size`.
   * Returns how many.
   */
  sample(count: number, askerKey: Uint8Array, askerId: Uint8Array, random: Random, target: SampleTarget): number {
    const size = this.#size
    const wanted = min(count, size)
    if (wanted === 0) return 0
    let slot = floor(random.next() * size)
    let stride = strides[floor(random.next() * strides.length)] as number
    if (size % stride === 0) stride = 1
    stride %= size
    let written = 0
    // The asker stands in a table once, at most a few times under other addresses: a little slack is enough to pass it by.
    for (let left = min(size, wanted + 8); left > 0 && written < wanted; left--) {
      if (!this.#isAsker(slot, askerKey, askerId)) {
        this.#copy(slot, target)
        written += 1
      }
      slot += stride
      if (slot >= size) slot -= size
    }
    return written
  }

  /** True between two calls of `expire` of which the first did not come to the end. */
  get expiring(): boolean {
    return this.#cursor > 0 && this.#cursor <= this.#size
  }

  /**
   * Goes on where the last call ended and forgets peers last seen before `before`, looking at no more than `budget` records.
   * Returns how many were looked at.
   */
  expire(before: number, budget: number): number {
    if (this.#cursor <= 0 || this.#cursor > this.#size) this.#cursor = this.#size
    let looked = 0
    // Downwards: the record that moves into a gap has been looked at already.
    while (this.#cursor > 0 && looked < budget) {
      this.#cursor -= 1
      looked += 1
      if (this.#seenAt(this.#cursor) < before) this.#removeAt(this.#cursor)
    }
    if (this.#cursor === 0) this.#shrink()
    return looked
  }

  #find(key: Uint8Array): number {
    if (this.#index === undefined) {
      for (let slot = 0; slot < this.#size; slot++) if (this.#matches(slot, key)) return slot
      return -1
    }
    const mask = this.#index.length - 1
    for (let at = this.#hash(key, 0) & mask; ; at = (at + 1) & mask) {
      const entry = this.#index[at] as number
      if (entry === 0) return -1
      if (this.#matches(entry - 1, key)) return entry - 1
    }
  }

  #matches(slot: number, key: Uint8Array): boolean {
    const records = this.#records
    const base = slot * this.#recordLength
    for (let i = this.keyLength - 1; i >= 0; i--) if (records[base + i] !== key[i]) return false
    return true
  }

  #isAsker(slot: number, askerKey: Uint8Array, askerId: Uint8Array): boolean {
    const records = this.#records
    const base = slot * this.#recordLength + this.keyLength
    let i = peerIdLength - 1
    // The end of a peer id is its random part: strangers differ at the first look.
    while (i >= 0 && records[base + i] === askerId[i]) i--
    return i < 0 || (askerKey.length === this.keyLength && this.#matches(slot, askerKey))
  }

  #copy(slot: number, target: SampleTarget): void {
    const records = this.#records
    const base = slot * this.#recordLength
    const length = target.withPeerIds ? this.keyLength + peerIdLength : this.keyLength
    const { bytes, offset } = target
    for (let i = 0; i < length; i++) bytes[offset + i] = records[base + i] as number
    target.offset = offset + length
  }

  #write(slot: number, key: Uint8Array, peerId: Uint8Array, seen: number): void {
    const base = slot * this.#recordLength
    this.#records.set(key, base)
    this.#records.set(peerId, base + this.keyLength)
    writeUint32(this.#records, base + this.keyLength + peerIdLength, seen)
  }

  #seenAt(slot: number): number {
    return readUint32(this.#records, slot * this.#recordLength + this.keyLength + peerIdLength)
  }

  #removeAt(slot: number): void {
    const last = this.#size - 1
    if (this.#index !== undefined) this.#leave(slot)
    if (slot !== last) {
      if (this.#index !== undefined) this.#index[this.#entryOf(last)] = slot + 1
      this.#records.copyWithin(slot * this.#recordLength, last * this.#recordLength, (last + 1) * this.#recordLength)
    }
    this.#size = last
  }

  #hash(bytes: Uint8Array, base: number): number {
    let hash = this.#seed
    for (let i = 0; i < this.keyLength; i++) hash = imul(hash ^ (bytes[base + i] as number), 0x5bd1e995)
    hash = imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
    return (hash ^ (hash >>> 13)) >>> 0
  }

  #enter(slot: number): void {
    const index = this.#index as Uint32Array
    const mask = index.length - 1
    let at = this.#hash(this.#records, slot * this.#recordLength) & mask
    while (index[at] !== 0) at = (at + 1) & mask
    index[at] = slot + 1
  }

  /** Where the index points to `slot`. */
  #entryOf(slot: number): number {
    const index = this.#index as Uint32Array
    const mask = index.length - 1
    let at = this.#hash(this.#records, slot * this.#recordLength) & mask
    while (index[at] !== slot + 1) at = (at + 1) & mask
    return at
  }

  /** Takes `slot` out of the index and closes the gap in its probe chain. */
  #leave(slot: number): void {
    const index = this.#index as Uint32Array
    const mask = index.length - 1
    let gap = this.#entryOf(slot)
    for (let at = (gap + 1) & mask; index[at] !== 0; at = (at + 1) & mask) {
      const home = this.#hash(this.#records, ((index[at] as number) - 1) * this.#recordLength) & mask
      // An entry may fill the gap unless its home lies behind it.
      if (((at - home) & mask) >= ((at - gap) & mask)) {
        index[gap] = index[at] as number
        gap = at
      }
    }
    index[gap] = 0
  }

  #shrink(): void {
    const capacity = this.#capacity
    if (capacity > unindexed && this.#size < capacity / 4) this.#resize(capacity / 2)
  }

  #resize(capacity: number): void {
    const records = new Uint8Array(capacity * this.#recordLength)
    records.set(this.#records.subarray(0, this.#size * this.#recordLength))
    this.#records = records
    this.#capacity = capacity
    this.#index = capacity > unindexed ? new Uint32Array(capacity * 2) : undefined
    if (this.#index !== undefined) for (let slot = 0; slot < this.#size; slot++) this.#enter(slot)
  }
}
