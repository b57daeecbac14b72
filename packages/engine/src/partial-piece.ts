// A piece between its first request and its verdict: what became of each of its blocks, who was asked and who delivered.
// Blocks stay the views that the wire handed over; nothing is joined or copied.
//
// A block goes free → asked → here, and in pieces that are written in runs on to writing → written. While it is asked it
// has one holder, the peer whose request counts; in endgame a second one, its spare.
//
// Blocks of nothing but padding at the end of a piece (BEP 47) are here from the start, sent by nobody and without taking any memory:
// a hybrid torrent of small files is mostly zeros, and peers are not asked for those.

import { BLOCK_LENGTH, type Geometry, type PieceIndex } from '@torrential/primitives'
import type { Holder, Sender } from './holder.ts'

export const FREE = 0
export const ASKED = 1
export const HERE = 2
export const WRITING = 3
export const WRITTEN = 4
export type BlockState = typeof FREE | typeof ASKED | typeof HERE | typeof WRITING | typeof WRITTEN

const { ceil, max, min } = Math
const States = Uint8Array

/** What every block of padding is a view of. */
const zeros = new Uint8Array(BLOCK_LENGTH)

/** A gapless run of blocks taken out of memory to be written. */
export interface BlockRun {
  readonly offset: number
  readonly blocks: readonly Uint8Array[]
}

export class PartialPiece<Peer extends Holder = Holder> {
  readonly piece: PieceIndex
  readonly length: number
  readonly blockCount: number
  /** Only this peer is asked for blocks, so that one culprit can be named: fast peers, and pieces that failed before. */
  owner: Peer | undefined
  /** Failed before: nobody but the owner may ever help. */
  isSuspect = false
  /** Written in runs before it is verified. */
  inRuns: boolean
  /** Handed over for its verdict; no request for it makes sense any more. */
  isCommitting = false
  /** Runs handed out by `takeRun` and not settled. */
  runsInFlight = 0
  /** To be thrown away as soon as no run of it is in flight. */
  isDoomed = false
  /** Blocks that nobody was asked for. */
  free: number
  /** Blocks that have not arrived. */
  missing: number
  /** The hashes of its blocks are known: each is verified as it comes (BEP 52). */
  hasBlockHashes = false
  /** Bytes in memory. */
  heldBytes = 0
  readonly openedAt: number
  /** When a block was last asked for or arrived. */
  activeAt: number
  /** Place in the store's list of pieces with free blocks; −1 when not in it. */
  listedAt = -1
  /** SHA-1 of every block as it came, 20 bytes each: only for suspects that are written in runs. */
  digests: (Uint8Array | undefined)[] | undefined
  readonly senders: (Sender | undefined)[] = []
  /** Blocks that have to be asked for: those before the padding. */
  readonly #needed: number
  readonly #state: Uint8Array
  readonly #blocks: (Uint8Array | undefined)[] = []
  readonly #holders: (Peer | undefined)[] = []
  #spares: (Peer | undefined)[] | undefined
  /** No free block below. */
  #cursor = 0
  /** Where a reader stands, and no free block from there to here; −1 when nothing is free behind. */
  #ahead = -1
  /** No block below waits for a run: what is written from here on is in order. */
  #front = 0
  #unwritten: number

  constructor(piece: PieceIndex, geometry: Geometry, inRuns: boolean, now: number) {
    this.piece = piece
    this.length = geometry.lengthOf(piece)
    this.blockCount = geometry.blocksIn(piece)
    this.inRuns = inRuns
    // One at least: a piece of nothing but padding takes the same way as all others.
    this.#needed = max(1, ceil(geometry.paddingStart(piece) / BLOCK_LENGTH))
    this.free = this.#needed
    this.missing = this.#needed
    this.openedAt = now
    this.activeAt = now
    this.#unwritten = this.blockCount
    this.#state = new States(this.blockCount)
    for (let block = this.#needed; block < this.blockCount; block++) {
      this.#state[block] = HERE
      this.#blocks[block] = zeros.subarray(0, this.lengthOf(block))
    }
  }

  lengthOf(block: number): number {
    return min(BLOCK_LENGTH, this.length - block * BLOCK_LENGTH)
  }

  stateOf(block: number): BlockState {
    return this.#state[block] as BlockState
  }

  holderOf(block: number): Peer | undefined {
    return this.#holders[block]
  }

  spareOf(block: number): Peer | undefined {
    return this.#spares?.[block]
  }

  /** Nothing was asked for and nothing is here: it can be forgotten. */
  get isUntouched(): boolean {
    return this.free === this.#needed
  }

  /** Every block is on disk. */
  get isWritten(): boolean {
    return this.#unwritten === 0
  }

  /** A reader stands on this block: free blocks from there on go first. */
  readFrom(block: number): void {
    this.#ahead = block
  }

  /** The lowest free block, from where a reader stands if there is one, or −1. */
  nextFree(): number {
    if (this.free === 0) return -1
    if (this.#ahead !== -1) {
      while (this.#ahead < this.blockCount && this.#state[this.#ahead] !== FREE) this.#ahead++
      if (this.#ahead < this.blockCount) return this.#ahead
      this.#ahead = -1
    }
    while (this.#state[this.#cursor] !== FREE) this.#cursor++
    return this.#cursor
  }

  /** `peer` is being asked for a free block. */
  claim(block: number, peer: Peer): void {
    this.#state[block] = ASKED
    this.#holders[block] = peer
    this.free--
  }

  /** `peer` is asked as well. */
  duplicate(block: number, peer: Peer): void {
    this.#spares ??= []
    this.#spares[block] = peer
  }

  /** `peer`'s request will not be answered. True when the block became free by that. */
  release(block: number, peer: Peer): boolean {
    if (this.#state[block] !== ASKED) return false
    const spare = this.#spares?.[block]
    if (spare === peer) {
      ;(this.#spares as (Peer | undefined)[])[block] = undefined
      return false
    }
    if (this.#holders[block] !== peer) return false
    if (spare !== undefined) {
      this.#holders[block] = spare
      ;(this.#spares as (Peer | undefined)[])[block] = undefined
      return false
    }
    this.#holders[block] = undefined
    this.#state[block] = FREE
    this.free++
    if (block < this.#cursor) this.#cursor = block
    return true
  }

  /**
   * A block arrived. False when it is here already. Holders are forgotten: look at them before. Without a sender nobody can be
   * the only one who sent the piece.
   */
  receive(block: number, bytes: Uint8Array, sender: Sender | undefined): boolean {
    const state = this.#state[block] as number
    if (state > ASKED) return false
    if (state === FREE) this.free--
    this.#state[block] = HERE
    this.#blocks[block] = bytes
    this.#holders[block] = undefined
    if (this.#spares !== undefined) this.#spares[block] = undefined
    this.senders[block] = sender
    this.missing--
    this.heldBytes += bytes.length
    return true
  }

  /** Blocks `[start, end)` of a new piece are on disk; nobody sent them. */
  restoreWritten(start: number, end: number): void {
    for (let block = start; block < min(end, this.blockCount); block++) {
      if (this.#state[block] === WRITTEN) continue
      // Padding is here.
      if (this.#state[block] === FREE) {
        this.free--
        this.missing--
      }
      this.#state[block] = WRITTEN
      this.#blocks[block] = undefined
      // Known to be of nobody: a piece that fails is not the work of those alone who sent the rest.
      this.senders[block] = undefined
      this.#unwritten--
    }
  }

  /**
   * Blocks of a whole piece turned out to be wrong: they have to be asked for again, the others stay. Returns the bytes that
   * left the memory.
   */
  reopen(wrong: readonly number[]): number {
    let bytes = 0
    for (const block of wrong) {
      if (this.#state[block] === WRITTEN) this.#unwritten++
      else bytes += this.#heldOf(block)
      this.#state[block] = FREE
      this.#blocks[block] = undefined
      this.senders[block] = undefined
      this.#cursor = min(this.#cursor, block)
      this.#front = min(this.#front, block)
    }
    this.free += wrong.length
    this.missing += wrong.length
    this.heldBytes -= bytes
    return bytes
  }

  /** Blocks in memory that are not being written, with their numbers. */
  *held(): Generator<readonly [block: number, bytes: Uint8Array]> {
    for (let block = 0; block < this.blockCount; block++) {
      const bytes = this.#state[block] === HERE ? this.#blocks[block] : undefined
      if (bytes !== undefined) yield [block, bytes]
    }
  }

  /** The digest of every block in memory, in its place. */
  digestHeld(digestOf: (block: Uint8Array) => Uint8Array): (Uint8Array | undefined)[] {
    return Array.from({ length: this.blockCount }, (_, block) => {
      const bytes = this.#blocks[block]
      return bytes && digestOf(bytes)
    })
  }

  /** All blocks in order; none in the place of those that are missing or on disk. */
  blocks(): readonly Uint8Array[] {
    return this.#blocks as Uint8Array[]
  }

  /**
   * The run of unwritten blocks around `block`, when it is `least` bytes long (`leastAhead` behind a gap) or cannot grow; its blocks
   * count as being written from now on.
   */
  takeRun(block: number, least: number, leastAhead: number): BlockRun | undefined {
    if (this.#state[block] !== HERE) return undefined
    let start = block
    let end = block + 1
    while (start > 0 && this.#state[start - 1] === HERE) start--
    while (end < this.blockCount && this.#state[end] === HERE) end++
    while (this.#front < start && this.#isShut(this.#front)) this.#front++
    const enough = this.#front === start ? least : leastAhead
    const isShut = this.#isShut(start - 1) && this.#isShut(end)
    if ((end - start) * BLOCK_LENGTH < enough && !isShut) return undefined
    const blocks: Uint8Array[] = []
    for (let at = start; at < end; at++) {
      blocks.push(this.#blocks[at] as Uint8Array)
      this.#state[at] = WRITING
    }
    this.runsInFlight++
    return { offset: start * BLOCK_LENGTH, blocks }
  }

  /** A run is on disk: its blocks leave the memory. Returns their bytes. */
  settleRun(offset: number, length: number): number {
    let bytes = 0
    this.runsInFlight = max(0, this.runsInFlight - 1)
    for (let block = offset / BLOCK_LENGTH; block * BLOCK_LENGTH < offset + length; block++) {
      if (this.#state[block] !== WRITING) continue
      this.#state[block] = WRITTEN
      this.#blocks[block] = undefined
      this.#unwritten--
      bytes += this.#heldOf(block)
    }
    this.heldBytes -= bytes
    return bytes
  }

  /** Bytes that a block takes in memory. */
  #heldOf(block: number): number {
    return block < this.#needed ? this.lengthOf(block) : 0
  }

  #isShut(block: number): boolean {
    return block < 0 || block >= this.blockCount || (this.#state[block] as number) >= WRITING
  }
}
