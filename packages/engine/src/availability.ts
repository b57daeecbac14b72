// How many connected peers have each piece, and the pieces that may be opened ordered by priority and rarity.
//
// A listed piece sits in the bucket of its level and its number of copies; a `have` moves it to the next bucket in O(1), and
// picking walks the buckets from the front, so that no pick ever sorts or looks at every peer. Seeds are one number beside
// the counts: they shift every piece alike and never change the order. Inside a bucket the order is shuffled, because
// peers that all fetch the same rarest piece would have nothing to trade.

import type { Bitfield, Random } from '@torrential/primitives'

/** Pieces with more copies than this are equally common. */
const MOST_COPIES = 1_023
const LEVELS = 8

const { floor, min } = Math

/** What a piece is picked for: anything that knows which pieces it can deliver. */
export interface PieceFilter {
  (piece: number): boolean
}

export class Availability {
  readonly pieceCount: number
  /** Pieces looked at by picks so far: what picking costs, for tests. */
  looked = 0
  readonly #random: Random
  readonly #copies: Uint16Array
  readonly #level: Uint8Array
  readonly #position: Uint32Array
  /** By level, then by copies. Levels and buckets appear when first used. */
  readonly #buckets: number[][][] = Array.from({ length: LEVELS }, () => [])
  readonly #listedAt = new Uint32Array(LEVELS)
  #listed = 0
  #seeds = 0
  /** No listed piece is below. */
  #lowest = 0

  constructor(pieceCount: number, random: Random) {
    this.pieceCount = pieceCount
    this.#random = random
    this.#copies = new Uint16Array(pieceCount)
    this.#level = new Uint8Array(pieceCount)
    this.#position = new Uint32Array(pieceCount)
  }

  /** Pieces listed on any level. */
  get listed(): number {
    return this.#listed
  }

  /** Peers that joined as seeds. */
  get seeds(): number {
    return this.#seeds
  }

  /** The highest level that lists a piece; 0 when none does. */
  get topLevel(): number {
    for (let level = LEVELS - 1; level > 0; level--) if (this.#listedAt[level] !== 0) return level
    return 0
  }

  copiesOf(piece: number): number {
    return (this.#copies[piece] ?? 0) + this.#seeds
  }

  levelOf(piece: number): number {
    return this.#level[piece] ?? 0
  }

  /** A fresh array: copies of every piece. */
  toArray(): Uint32Array {
    const copies = Uint32Array.from(this.#copies)
    if (this.#seeds > 0) for (let piece = 0; piece < copies.length; piece++) copies[piece] = this.copiesOf(piece)
    return copies
  }

  /** Copies of the rarest piece of all. */
  get least(): number {
    let least = Number.POSITIVE_INFINITY
    for (let piece = 0; piece < this.pieceCount; piece++) least = min(least, this.#copies[piece] as number)
    return (this.pieceCount === 0 ? 0 : least) + this.#seeds
  }

  joinSeed(): void {
    this.#seeds++
  }

  leaveSeed(): void {
    this.#seeds--
  }

  join(pieces: Bitfield): void {
    for (const piece of pieces) this.#shift(piece, 1)
  }

  leave(pieces: Bitfield): void {
    for (const piece of pieces) this.#shift(piece, -1)
  }

  /** One more peer has `piece`. */
  add(piece: number): void {
    this.#shift(piece, 1)
  }

  /** One peer fewer has `piece`. */
  remove(piece: number): void {
    this.#shift(piece, -1)
  }

  /** Lists a piece on level 1 … 7, moves it there, or with level 0 takes it off the list. */
  list(piece: number, level: number): void {
    const before = this.#level[piece] as number
    if (before === level) return
    if (before > 0) {
      this.#takeOut(piece, before)
      this.#listed--
      this.#listedAt[before] = (this.#listedAt[before] as number) - 1
    }
    this.#level[piece] = level
    if (level === 0) return
    this.#lowest = min(this.#lowest, piece)
    this.#putIn(piece, level)
    this.#listed++
    this.#listedAt[level] = (this.#listedAt[level] as number) + 1
  }

  /** The rarest piece of the highest level that `can` takes, or −1. */
  rarest(can: PieceFilter): number {
    for (let level = LEVELS - 1; level > 0; level--) {
      if (this.#listedAt[level] === 0) continue
      for (const bucket of this.#buckets[level] as number[][]) {
        const piece = this.#firstOf(bucket, can)
        if (piece !== -1) return piece
      }
    }
    return -1
  }

  /** The most common piece of the highest level that `can` takes, or −1: for peers too slow to be given rare ones. */
  commonest(can: PieceFilter): number {
    for (let level = LEVELS - 1; level > 0; level--) {
      if (this.#listedAt[level] === 0) continue
      const buckets = this.#buckets[level] as number[][]
      for (let copies = buckets.length - 1; copies >= 0; copies--) {
        const piece = this.#firstOf(buckets[copies], can)
        if (piece !== -1) return piece
      }
    }
    return -1
  }

  /** The first piece in the torrent's order, of the highest level, that `can` takes, or −1. */
  lowest(can: PieceFilter): number {
    while (this.#lowest < this.pieceCount && this.#level[this.#lowest] === 0) this.#lowest++
    for (let level = LEVELS - 1; level > 0; level--) {
      if (this.#listedAt[level] === 0) continue
      for (let piece = this.#lowest; piece < this.pieceCount; piece++) {
        this.looked++
        if (this.#level[piece] === level && can(piece)) return piece
      }
    }
    return -1
  }

  /** A listed piece of the highest level, by chance, or −1. */
  random(can: PieceFilter): number {
    const level = this.topLevel
    if (level === 0) return -1
    const start = floor(this.#random.next() * this.pieceCount)
    for (let step = 0; step < this.pieceCount; step++) {
      const piece = (start + step) % this.pieceCount
      this.looked++
      if (this.#level[piece] === level && can(piece)) return piece
    }
    return this.rarest(can)
  }

  /** The best of a peer's own pieces, or −1: as `rarest`, for peers with so few pieces that walking the buckets costs more. */
  rarestOf(pieces: Bitfield, can: PieceFilter): number {
    let best = -1
    for (const piece of pieces) {
      this.looked++
      if (this.#level[piece] === 0 || !can(piece)) continue
      if (best === -1 || this.#isBefore(piece, best)) best = piece
    }
    return best
  }

  #isBefore(a: number, b: number): boolean {
    const levels = (this.#level[a] as number) - (this.#level[b] as number)
    return levels > 0 || (levels === 0 && (this.#copies[a] as number) < (this.#copies[b] as number))
  }

  #firstOf(bucket: readonly number[] | undefined, can: PieceFilter): number {
    if (bucket === undefined) return -1
    for (let at = 0; at < bucket.length; at++) {
      this.looked++
      const piece = bucket[at] as number
      if (can(piece)) return piece
    }
    return -1
  }

  #shift(piece: number, by: number): void {
    const level = this.#level[piece] as number
    if (level > 0) this.#takeOut(piece, level)
    this.#copies[piece] = (this.#copies[piece] as number) + by
    if (level > 0) this.#putIn(piece, level)
  }

  #bucketOf(piece: number, level: number): number[] {
    const buckets = this.#buckets[level] as number[][]
    const copies = min(MOST_COPIES, this.#copies[piece] as number)
    while (buckets.length <= copies) buckets.push([])
    return buckets[copies] as number[]
  }

  #takeOut(piece: number, level: number): void {
    const bucket = this.#bucketOf(piece, level)
    const at = this.#position[piece] as number
    const last = bucket.pop() as number
    if (last === piece) return
    bucket[at] = last
    this.#position[last] = at
  }

  #putIn(piece: number, level: number): void {
    const bucket = this.#bucketOf(piece, level)
    const at = floor(this.#random.next() * (bucket.length + 1))
    const moved = at < bucket.length ? (bucket[at] as number) : piece
    bucket.push(moved)
    this.#position[moved] = bucket.length - 1
    bucket[at] = piece
    this.#position[piece] = at
  }
}
