// Requests on their way: fills pipelines from the picker and from endgame, and takes requests back. Every request that counts
// has its bytes from the credit and its block claimed in its piece; whatever ends it, both are given back here.

import { BLOCK_LENGTH } from '@torrential/primitives'
import type { HaveNews } from './have-news.ts'
import type { PartialPiece } from './partial-piece.ts'
import type { Peer } from './peer.ts'
import type { Outstanding } from './request-pipeline.ts'
import type { Swarm } from './swarm.ts'

/** Duplicates asked for at a time: more come with the next answer. */
const DUPLICATES = 8

const BY_STANDING = [0, 1, 2] as const
const ANY_STANDING = [undefined] as const

export class Requester {
  readonly #swarm: Swarm
  /** Whose turn it is when the credit does not suffice for everybody. */
  #turn = 0

  readonly #news: HaveNews

  constructor(swarm: Swarm, news: HaveNews) {
    this.#swarm = swarm
    this.#news = news
  }

  /** Sends as many requests as the peer's pipeline and the credit have room for. */
  fill(peer: Peer, now: number): void {
    const { picker, shares, ledger, windows } = this.#swarm
    if (this.#swarm.isPaused || !peer.amInterested || (peer.peerChoking && peer.allowedFast.size === 0)) return
    if (windows.isStarving && windows.urgent((piece) => peer.canServe(piece)) !== -1) {
      peer.pipeline.hurry(this.#swarm.peers.size, shares)
    }
    let room = peer.pipeline.room(shares)
    if (room === 0 || ledger.isFull) return
    const before = room
    while (room > 0) {
      const partial = picker.pick(peer, now)
      if (partial === undefined) break
      const asked = this.#ask(peer, partial, room, now)
      if (asked === 0) break
      peer.current = partial
      room -= asked
    }
    if (room < before) this.#news.tell(peer)
    if (room > 0 && !ledger.isStarved) this.#duplicate(peer, Math.min(room, DUPLICATES), now)
  }

  /** Lets every peer with an empty place in its pipeline look for work. */
  fillAll(now: number): void {
    this.#swarm.hasNewWork = false
    this.#swarm.ledger.isStarved = false
    // What a snubbed peer held up is given to one that has shown that it sends, then to one that may, and to a snubbed one last.
    for (const standing of this.#standings()) if (this.#fillThose(standing, now)) return
  }

  /** Of which standing there are peers; `undefined` stands for all of them. */
  #standings(): readonly (number | undefined)[] {
    for (const { isSnubbed } of this.#swarm.peers.values()) if (isSnubbed) return BY_STANDING
    return ANY_STANDING
  }

  /** True when the credit did not suffice. */
  #fillThose(standing: number | undefined, now: number): boolean {
    const { peers, ledger } = this.#swarm
    // Not always the same peer first: when the credit is short, that one would get all of it.
    const first = this.#turn % (peers.size || 1)
    for (const isWrapped of [false, true]) {
      let place = -1
      for (const peer of peers.values()) {
        place++
        if (place < first !== isWrapped || (standing !== undefined && standingOf(peer) !== standing)) continue
        this.fill(peer, now)
        if (!ledger.isStarved) continue
        this.#turn = place
        return true
      }
    }
    return false
  }

  /** Endgame begins when nothing is left to be asked for the first time, and ends when something is again. */
  updateEndgame(): void {
    const { availability, store, endgame, outbox } = this.#swarm
    const isActive = availability.listed === 0 && store.incomplete > 0 && store.withFree.every(isTaken)
    if (isActive === endgame.isActive) return
    endgame.isActive = isActive
    outbox.event({ type: 'endgame', active: isActive })
  }

  /** The request will not be answered, or its answer does not count: gives back its bytes and its block. */
  release(peer: Peer, request: Outstanding<Peer>): void {
    if (!request.isLive) return
    const { partial, block } = request
    this.#swarm.ledger.unask(partial.lengthOf(block))
    peer.pipeline.retire(request)
    if (partial.release(block, peer)) this.#freed(partial)
  }

  /** The answer to a request, which the pipeline and the ledger have dropped, was wrong: the block is free again. */
  unclaim(peer: Peer, partial: PartialPiece<Peer>, block: number): void {
    if (partial.release(block, peer)) this.#freed(partial)
  }

  /** As `release`, for a request that the pipeline and the ledger have dropped already. */
  reclaim(peer: Peer, request: Outstanding<Peer>): void {
    const { partial, block } = request
    if (partial.release(block, peer)) this.#freed(partial)
    // It will not give the rest either, and must not keep others from it.
    if (partial.owner === peer) this.#disownPiece(partial)
  }

  /** No request at the peer counts any more, except for the pieces in `but`: it choked us, or is gone. */
  releaseAll(peer: Peer, but?: ReadonlySet<number>): void {
    for (const request of peer.pipeline.requests) {
      if (but?.has(request.partial.piece) === true) continue
      request.isOwed ||= request.isLive
      this.release(peer, request)
    }
    this.disown(peer)
  }

  /** The peer has no piece to itself any more. */
  disown(peer: Peer): void {
    peer.current = undefined
    for (const partial of Array.from(this.#swarm.store.withFree)) if (partial.owner === peer) this.#disownPiece(partial)
  }

  #disownPiece(partial: PartialPiece<Peer>): void {
    partial.owner = undefined
    // Two senders in a suspect piece would hide the culprit, so the next one starts from nothing.
    if (partial.isSuspect && !partial.isCommitting) this.discard(partial)
  }

  /** Takes one request back with a `cancel`. */
  cancel(peer: Peer, request: Outstanding<Peer>): void {
    const { partial, block } = request
    const length = partial.lengthOf(block)
    this.release(peer, request)
    this.#swarm.outbox.send(peer.key, {
      type: 'cancel',
      piece: partial.piece,
      offset: block * BLOCK_LENGTH,
      length,
    })
    // With the fast extension a cancelled request is answered all the same; without it, perhaps.
    if (peer.info.capabilities.fast) return
    peer.pipeline.drop(request)
    peer.pipeline.expectedLate++
  }

  /**
   * A reader stands on a missing piece: what was asked for outside of all windows would come first, so it is taken back from peers
   * that have what the reader waits for. What is here of those pieces stays.
   */
  clearTheWay(): void {
    const { windows, peers } = this.#swarm
    if (!windows.isStarving) return
    for (const peer of peers.values()) {
      if (windows.urgent((piece) => peer.canServe(piece)) === -1) continue
      for (const request of Array.from(peer.pipeline.requests)) {
        if (request.isLive && !windows.covers(request.partial.piece)) this.cancel(peer, request)
      }
      // What it was in the middle of is not gone on with first.
      if (peer.current !== undefined && !windows.covers(peer.current.piece)) peer.current = undefined
    }
  }

  cancelAll(peer: Peer): void {
    for (const request of Array.from(peer.pipeline.requests)) if (request.isLive) this.cancel(peer, request)
  }

  /**
   * Throws away what is here of a piece and takes back its requests; it is picked again if it is wanted, but not before the
   * runs that are being written are on disk: a stale run must never overwrite a fresh one.
   */
  discard(partial: PartialPiece<Peer>): void {
    const { store, ledger, picker } = this.#swarm
    for (let block = 0; block < partial.blockCount; block++) {
      this.cancelBlock(partial, block, partial.spareOf(block))
      this.cancelBlock(partial, block, partial.holderOf(block))
    }
    if (partial.runsInFlight > 0) {
      partial.isDoomed = true
      if (!partial.isCommitting) store.startCommit(partial)
      return
    }
    ledger.settle(partial.heldBytes)
    partial.heldBytes = 0
    store.close(partial)
    picker.refile(partial.piece)
    this.#swarm.hasNewWork = true
  }

  cancelBlock(partial: PartialPiece<Peer>, block: number, peer: Peer | undefined): void {
    const request = peer?.pipeline.find(partial.piece, block)
    if (peer !== undefined && request !== undefined) this.cancel(peer, request)
  }

  #ask(peer: Peer, partial: PartialPiece<Peer>, room: number, now: number): number {
    const { ledger, store, picker } = this.#swarm
    let asked = 0
    for (let block = partial.nextFree(); block !== -1 && asked < room; block = partial.nextFree()) {
      if (!ledger.ask(partial.lengthOf(block))) break
      partial.claim(block, peer)
      this.#send(peer, partial, block, now)
      asked++
    }
    partial.activeAt = now
    store.refile(partial)
    if (partial.isUntouched) {
      store.close(partial)
      picker.refile(partial.piece)
    }
    return asked
  }

  #duplicate(peer: Peer, most: number, now: number): void {
    const { endgame, windows, store, ledger, peers, shares } = this.#swarm
    this.updateEndgame()
    for (let asked = 0; asked < most; asked++) {
      let found = endgame.isActive ? endgame.find(peer, peers.values(), shares.rest, now) : undefined
      if (found === undefined && !windows.isEmpty) {
        const urgent = windows.urgent((piece) => peer.canServe(piece) && store.get(piece)?.isCommitting === false)
        const partial = store.get(urgent)
        if (partial !== undefined) found = endgame.findLate(peer, partial, now)
      }
      if (found === undefined || !ledger.ask(found.partial.lengthOf(found.block))) return
      found.partial.duplicate(found.block, peer)
      this.#send(peer, found.partial, found.block, now)
    }
  }

  #send(peer: Peer, partial: PartialPiece<Peer>, block: number, now: number): void {
    if (peer.pipeline.live === 0) peer.waitingSince = now
    if (!peer.pipeline.push(partial, block, now)) return
    this.#swarm.outbox.send(peer.key, {
      type: 'request',
      piece: partial.piece,
      offset: block * BLOCK_LENGTH,
      length: partial.lengthOf(block),
    })
  }

  #freed(partial: PartialPiece<Peer>): void {
    const { store, picker } = this.#swarm
    this.#swarm.hasNewWork = true
    if (partial.isUntouched) {
      store.close(partial)
      picker.refile(partial.piece)
    } else {
      store.refile(partial)
    }
  }
}

/** Its free blocks are for one peer alone. */
function isTaken({ isSuspect, owner }: PartialPiece<Peer>): boolean {
  return isSuspect && owner !== undefined
}

function standingOf({ isSnubbed, bestRate }: Peer): number {
  if (isSnubbed) return 2
  return bestRate > 0 ? 0 : 1
}
