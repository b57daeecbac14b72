// The last blocks. When every wanted block has been asked for, idle peers are asked for blocks that wait at slower ones: one
// duplicate per block, cancelled as soon as either answers.
//
// The block to duplicate comes from the end of the longest wait: the peer that would need the most time for what it was
// asked is relieved of what it would send last. Between equals this evens out the queues and wastes almost nothing, and a
// peer that has stopped sending (its rate falls to zero) loses all of its blocks to the others.

import { BLOCK_LENGTH } from '@torrential/primitives'
import { ASKED, type PartialPiece } from './partial-piece.ts'
import type { Peer } from './peer.ts'
import type { Outstanding } from './request-pipeline.ts'

/** A peer that answers must be this much faster before it is bothered with another one's block. */
const WORTH_IT = 2
/** What comes within so many milliseconds is not asked for twice: the duplicate would mostly come, too. */
const SOON = 250
/** Nor is what does not come much later than it would if the rest were spread evenly, unless that is long. */
const UNEVEN = 1.5
/** A rate below this many bytes per second counts as this. */
const SLOWEST = 256
/** What takes longer than this many milliseconds is late, if an idle peer has it: a starving reader's block, or the last ones. */
const LATE_MS = 1_000
/** Late blocks that one idle peer is asked for before it has shown how fast it is. */
const RESCUES = 4

const { max, min } = Math

/** A block to ask a second peer for. */
export interface Duplicate {
  readonly partial: PartialPiece<Peer>
  readonly block: number
}

export class Endgame {
  isActive = false

  /** The block of another peer that `me` shall be asked for as well; `rest` ms is how long everything takes that is asked for. */
  find(me: Peer, peers: Iterable<Peer>, rest: number, now: number): Duplicate | undefined {
    const mine = millisecondsFor(me, me.pipeline.live + 1, now)
    let slowest: Peer | undefined
    let found: Outstanding<Peer> | undefined
    let longest = max(SOON, min(rest * UNEVEN, LATE_MS), me.pipeline.live === 0 ? 0 : mine * WORTH_IT)
    for (const peer of peers) {
      if (peer === me || peer.pipeline.live === 0) continue
      // One that has stopped is slower than its rate, which is that of the last seconds.
      const silence = now - max(peer.lastBlockAt, peer.waitingSince)
      const wait = max(silence, millisecondsFor(peer, peer.pipeline.live, now))
      if (wait <= longest) continue
      const request = lastFor(me, peer)
      if (request === undefined) continue
      slowest = peer
      found = request
      longest = wait
    }
    return slowest === undefined ? undefined : found
  }

  /** The first block of `partial` that is late at another peer. */
  findLate(me: Peer, partial: PartialPiece<Peer>, now: number): Duplicate | undefined {
    const mine = millisecondsFor(me, me.pipeline.live + 1, now)
    for (let block = 0; block < partial.blockCount; block++) {
      if (!isOpenTo(me, partial, block)) continue
      const holder = partial.holderOf(block) as Peer
      const request = holder.pipeline.find(partial.piece, block)
      if (request === undefined) continue
      const isLate = now - request.at >= LATE_MS && me.pipeline.live < RESCUES
      const wait = millisecondsFor(holder, holder.pipeline.requests.indexOf(request) + 1, now)
      if (isLate || (me.down.rate(now) > 0 && wait > mine * WORTH_IT && now - request.at > mine))
        return { partial, block }
    }
    return undefined
  }
}

function millisecondsFor(peer: Peer, blocks: number, now: number): number {
  const rate = peer.down.rate(now)
  return (blocks * BLOCK_LENGTH * 1_000) / (rate > SLOWEST ? rate : SLOWEST)
}

/** The newest request at `peer` that `me` may take over. */
function lastFor(me: Peer, peer: Peer): Outstanding<Peer> | undefined {
  const { requests } = peer.pipeline
  for (let at = requests.length - 1; at >= 0; at--) {
    const request = requests[at] as Outstanding<Peer>
    if (request.isLive && isOpenTo(me, request.partial, request.block)) return request
  }
  return undefined
}

function isOpenTo(me: Peer, partial: PartialPiece<Peer>, block: number): boolean {
  if (partial.stateOf(block) !== ASKED || partial.spareOf(block) !== undefined) return false
  // Suspect pieces and peers on parole are never mixed: the culprit would get away.
  if (partial.isSuspect || me.isOnParole) return false
  return partial.holderOf(block) !== me && me.canServe(partial.piece)
}
