// Which piece a peer is asked for next. In this order:
//   1. what a reader waits for, in the reader's order; while it starves, nothing else from peers that could help it;
//   2. the rest of the piece the peer was asked for last;
//   3. while we have fewer than four pieces, or more pieces are open than 1.5 × peers, or the credit is half used up: any
//      open piece, the fullest first;
//   4. a new piece: suggested, by chance (the first four), in order (sequential), or the rarest; the most common for a
//      snubbed peer, which would hold up a rare one;
//   5. open pieces, those that another peer has to itself last.
//
// Fast peers (while credit is plenty) and pieces that failed before have an owner: one peer alone is asked, so that a bad piece has one
// culprit. The answer is an open piece with free blocks; the caller takes as many as it has room for, so a pick is paid once per piece.

import { LazyMap } from '@torrential/primitives'
import type { Bitfield, Geometry, PieceIndex } from '@torrential/primitives'
import type { Availability } from './availability.ts'
import type { PartialPiece } from './partial-piece.ts'
import type { Peer } from './peer.ts'
import type { PieceStore } from './piece-store.ts'
import type { ProvenPeers } from './proven-peers.ts'
import type { ReadWindows } from './read-windows.ts'
import type { Selection } from './selection.ts'

/** As long as we have fewer pieces there is nothing to trade, and any piece will do. */
const RANDOM_FIRST = 4
const OPEN_PER_PEER = 1.5
/** A piece that a peer delivers within this many seconds is asked of it alone … */
const WHOLE_PIECE_SECONDS = 20
/** … unless it is longer than this many bytes. */
const WHOLE_PIECE_MOST = 8 * 1024 * 1024
/** A suspect piece changes hands this often before its verdict. */
const MOST_RESERVED = 2
/** Peers with fewer pieces are looked through piece by piece instead of walking everything that is rarer. */
const FEW_PIECES = 32

export interface PickerParts {
  readonly geometry: Geometry
  readonly have: Bitfield
  readonly availability: Availability
  readonly store: PieceStore<Peer>
  readonly selection: Selection
  readonly windows: ReadWindows
  readonly proven: ProvenPeers
  /** True for pieces that are not to be held in memory as a whole. */
  readonly writesInRuns: (length: number) => boolean
  /** True when memory is better spent on finishing what is open. */
  readonly isCreditShort: () => boolean
}

export class PiecePicker {
  isSequential = false
  /** Connected peers: sets how many pieces may be open. */
  peerCount = 0
  readonly #parts: PickerParts
  /** Pieces that failed before: opened for one peer alone. And how often one was taken from its owner since. */
  readonly #suspects = new LazyMap<number, number>()
  /** Pieces that are to be opened by one peer and no other. */
  readonly #reserved = new LazyMap<number, Peer>()
  /** Grows whenever a piece is listed again: what a peer could not find before it may find now. */
  #version = 0
  #peer: Peer | undefined
  #now = 0

  constructor(parts: PickerParts) {
    this.#parts = parts
  }

  /** Lists a piece to be opened, or takes it off the list, as the selection and its state say. */
  refile(piece: number): void {
    const { availability, store, selection } = this.#parts
    const level = selection.needs(piece) && store.get(piece) === undefined ? selection.levelOf(piece) : 0
    if (level > availability.levelOf(piece)) this.#version++
    availability.list(piece, level)
  }

  suspect(piece: number): void {
    this.#suspects.set(piece, 0)
  }

  acquit(piece: number): void {
    this.#suspects.delete(piece)
  }

  /**
   * Keeps a suspect piece that is about to be started over for `peer`, for as long as it can deliver it. False when that
   * happened often enough: where a disk or the credit makes everybody slow, no peer would ever be let finish.
   */
  reserve(piece: number, peer: Peer): boolean {
    const before = this.#suspects.get(piece) ?? MOST_RESERVED
    if (before >= MOST_RESERVED) return false
    this.#suspects.set(piece, before + 1)
    this.#reserved.set(piece, peer)
    return true
  }

  isSuspect(piece: number): boolean {
    return this.#suspects.has(piece)
  }

  /** An open piece with free blocks that `peer` shall be asked for, or undefined. */
  pick(peer: Peer, now: number): PartialPiece<Peer> | undefined {
    this.#peer = peer
    this.#now = now
    const { windows } = this.#parts
    if (!windows.isEmpty) {
      const piece = windows.first(this.#canHelp)
      if (piece !== -1) return this.#openToRead(piece, peer, now)
      // What the reader waits for is asked for already, and this peer may be needed for a second try.
      if (windows.isStarving && windows.urgent(this.#isAskedOfOthers) !== -1) return undefined
    }
    const { current } = peer
    if (current !== undefined && this.#suits(current, false)) return current
    const partialFirst = this.#prefersPartials()
    return (
      (partialFirst ? this.#partial(false) : undefined) ??
      this.#fresh(peer, now) ??
      (partialFirst ? undefined : this.#partial(false)) ??
      this.#partial(true)
    )
  }

  #prefersPartials(): boolean {
    const { have, store, availability, isCreditShort } = this.#parts
    if (store.withFree.length === 0) return false
    if (have.count < RANDOM_FIRST || isCreditShort()) return true
    return store.incomplete > this.peerCount * OPEN_PER_PEER && availability.listed > 0
  }

  /** A new piece. */
  #fresh(peer: Peer, now: number): PartialPiece<Peer> | undefined {
    if (peer.emptyAt === this.#version) return undefined
    const piece = this.#choose(peer, now)
    if (piece !== -1) return this.#openFor(piece, peer, now)
    // A reservation ends without notice, and a proven peer may go: nothing is concluded from what they hide.
    const hidesNothing = this.#reserved.size === 0 && (peer.isProven || this.#suspects.size === 0)
    if (hidesNothing) peer.emptyAt = this.#version
    return undefined
  }

  #choose(peer: Peer, now: number): number {
    const { availability, have } = this.#parts
    if (availability.listed === 0) return -1
    if (peer.peerChoking) return this.#bestOf(peer.allowedFast, 1)
    const suggested = this.#bestOf(peer.suggested, availability.topLevel)
    if (suggested !== -1) return suggested
    if (this.isSequential) return availability.lowest(this.#canServe)
    if (peer.isSnubbed) return availability.commonest(this.#canServe)
    if (have.count < RANDOM_FIRST) return availability.random(this.#canServe)
    const isPoor = peer.pieces.count < FEW_PIECES && availability.listed > FEW_PIECES * 8
    const rarest = isPoor ? availability.rarestOf(peer.pieces, this.#canServe) : availability.rarest(this.#canServe)
    return this.#neighbourOf(peer, rarest, now)
  }

  /** For a fast peer the piece behind its last one, when that is as rare as the rarest: disks and hashers like it in order. */
  #neighbourOf(peer: Peer, rarest: number, now: number): number {
    const { availability, geometry } = this.#parts
    if (rarest === -1 || peer.current === undefined) return rarest
    const next = peer.current.piece + 1
    if (next >= geometry.pieceCount || availability.levelOf(next) !== availability.levelOf(rarest)) return rarest
    if (availability.copiesOf(next) > availability.copiesOf(rarest) || !peer.canServe(next)) return rarest
    return this.#isFast(peer, geometry.pieceLength, now) ? next : rarest
  }

  #bestOf(pieces: Iterable<number>, level: number): number {
    const { availability } = this.#parts
    for (const piece of pieces) if (availability.levelOf(piece) >= level && this.#canServe(piece)) return piece
    return -1
  }

  /** The fullest open piece of the highest level that suits the asking peer. */
  #partial(ofOthers: boolean): PartialPiece<Peer> | undefined {
    const { selection, store, availability } = this.#parts
    let best: PartialPiece<Peer> | undefined
    for (const partial of store.withFree) {
      availability.looked++
      if (!this.#suits(partial, ofOthers)) continue
      if (best === undefined) {
        best = partial
        continue
      }
      const levels = selection.levelOf(partial.piece) - selection.levelOf(best.piece)
      if (levels > 0 || (levels === 0 && partial.missing < best.missing)) best = partial
    }
    return best
  }

  #suits(partial: PartialPiece<Peer>, ofOthers: boolean): boolean {
    const peer = this.#peer as Peer
    if (partial.free === 0 || partial.isCommitting || !peer.canServe(partial.piece)) return false
    if (this.#parts.selection.levelOf(partial.piece) === 0) return false
    if (partial.owner === peer) return true
    // Alone means alone: a suspect piece is never shared, and a peer on parole shares none.
    if (partial.isSuspect || peer.isOnParole) {
      return partial.owner === undefined && partial.isUntouched && this.#isTrustedWith(partial.piece)
    }
    return partial.owner === undefined || ofOthers
  }

  #openToRead(piece: number, peer: Peer, now: number): PartialPiece<Peer> {
    const partial = this.#openFor(piece, peer, now)
    const block = this.#parts.windows.blockIn(piece)
    if (block > 0) partial.readFrom(block)
    return partial
  }

  #openFor(piece: number, peer: Peer, now: number): PartialPiece<Peer> {
    const { store, availability, geometry, writesInRuns } = this.#parts
    const open = store.get(piece)
    if (open !== undefined) return open
    const length = geometry.lengthOf(piece as PieceIndex)
    const partial = store.open(piece as PieceIndex, writesInRuns(length), now)
    availability.list(piece, 0)
    this.#reserved.delete(piece)
    partial.isSuspect = this.#suspects.has(piece)
    if (partial.isSuspect && partial.inRuns) partial.digests = []
    // Many pieces that wait for one peer each are what the credit is short of: then those that are open are filled by all.
    const isOwned = !this.#parts.isCreditShort() && this.#isFast(peer, length, now)
    if (partial.isSuspect || peer.isOnParole || isOwned) partial.owner = peer
    return partial
  }

  #isFast(peer: Peer, length: number, now: number): boolean {
    if (length > WHOLE_PIECE_MOST || this.#parts.have.count < RANDOM_FIRST) return false
    return peer.down.rate(now) * WHOLE_PIECE_SECONDS >= length
  }

  readonly #canServe = (piece: number): boolean => {
    if (!(this.#peer as Peer).canServe(piece) || !this.#isTrustedWith(piece)) return false
    return this.#reserved.size === 0 || this.#mayOpen(piece)
  }

  /** What failed is not left to somebody who never sent a right piece while there is another. */
  #isTrustedWith(piece: number): boolean {
    if (this.#suspects.size === 0 || (this.#peer as Peer).isProven || !this.#suspects.has(piece)) return true
    const length = this.#parts.geometry.lengthOf(piece as PieceIndex)
    return !this.#parts.proven.canServe(piece, length, this.#now)
  }

  #mayOpen(piece: number): boolean {
    const heir = this.#reserved.get(piece)
    if (heir === undefined || heir === this.#peer) return true
    if (!heir.isClosed && !heir.isSnubbed && heir.canServe(piece)) return false
    this.#reserved.delete(piece)
    return true
  }

  /** For a reader's piece: open it, or join in, whoever else is asked. */
  readonly #canHelp = (piece: number): boolean => {
    if (!this.#canServe(piece)) return false
    const partial = this.#parts.store.get(piece)
    return partial === undefined || this.#suits(partial, true)
  }

  readonly #isAskedOfOthers = (piece: number): boolean => {
    const partial = this.#parts.store.get(piece)
    return partial !== undefined && !partial.isCommitting && (this.#peer as Peer).pieces.has(piece)
  }
}
