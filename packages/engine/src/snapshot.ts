// What an engine shows of itself: plain values, made when asked for, never events.

import type { Capabilities } from '@torrential/protocol'
import type { PeerAddress, PeerId, PeerKey } from '@torrential/primitives'
import type { Peer } from './peer.ts'
import type { Swarm } from './swarm.ts'

/** The swarm at one moment. Rates are bytes per second over the last seconds. */
export interface EngineStats {
  /** Payload bytes of blocks that were needed when they came. */
  readonly downloaded: number
  /** Payload bytes reported by `uploaded`. */
  readonly uploaded: number
  /** Payload bytes thrown away: duplicates, blocks nobody asked for, pieces that failed. */
  readonly wasted: number
  readonly downRate: number
  readonly upRate: number
  readonly piecesHave: number
  /** Pieces that are selected (priority above 0), had or not. */
  readonly piecesWanted: number
  /** Every selected piece is here. */
  readonly isFinished: boolean
  /** Every piece is here. */
  readonly isComplete: boolean
  readonly isPaused: boolean
  readonly isEndgame: boolean
  /** Bytes that have arrived and are not on disk yet. */
  readonly unwrittenBytes: number
  /** Bytes asked for and not answered yet. */
  readonly requestedBytes: number
  /** Pieces of which some blocks are requested or here. */
  readonly openPieces: number
  readonly peers: number
  /** Connected peers that have every piece. */
  readonly seeds: number
  /** Peers that we have unchoked. */
  readonly unchokedPeers: number
  /** Copies of the rarest piece among connected peers. */
  readonly leastAvailable: number
}

/** Bytes of payload, as in the statistics. */
export type EngineTotals = Pick<EngineStats, 'uploaded' | 'downloaded' | 'wasted'>

/** One connection at one moment. */
export interface PeerSnapshot {
  readonly key: PeerKey
  readonly peerId: PeerId
  readonly address: PeerAddress
  readonly incoming: boolean
  readonly capabilities: Capabilities
  readonly amChoking: boolean
  readonly amInterested: boolean
  readonly peerChoking: boolean
  readonly peerInterested: boolean
  readonly snubbed: boolean
  readonly optimistic: boolean
  /** BEP 21: the peer says that it downloads nothing. */
  readonly uploadOnly: boolean
  readonly isSeed: boolean
  readonly piecesCount: number
  /** Payload bytes per second. */
  readonly downRate: number
  readonly upRate: number
  /** Payload bytes. */
  readonly downloaded: number
  readonly uploaded: number
  /** Requests that may be outstanding, and that are. */
  readonly pipelineDepth: number
  readonly outstanding: number
  readonly queuedUploads: number
  /** From the extension handshake (BEP 10). */
  readonly client: string | undefined
  readonly listenPort: number | undefined
}

export function statsOf(swarm: Swarm): EngineStats {
  const { have, selection, ledger, store, peers, now } = swarm
  let seeds = 0
  let unchokedPeers = 0
  for (const peer of peers.values()) {
    if (peer.isSeed) seeds++
    if (!peer.amChoking) unchokedPeers++
  }
  return {
    downloaded: swarm.down.total,
    uploaded: swarm.up.total,
    wasted: swarm.wasted,
    downRate: swarm.down.rate(now),
    upRate: swarm.up.rate(now),
    piecesHave: have.count,
    piecesWanted: selection.selected,
    isFinished: selection.isFinished,
    isComplete: have.isComplete,
    isPaused: swarm.isPaused,
    isEndgame: swarm.endgame.isActive,
    unwrittenBytes: ledger.unwritten,
    requestedBytes: ledger.requested,
    openPieces: store.count,
    peers: peers.size,
    seeds,
    unchokedPeers,
    leastAvailable: swarm.availability.least,
  }
}

export function totalsOf({ up, down, wasted }: Swarm): EngineTotals {
  return { uploaded: up.total, downloaded: down.total, wasted }
}

export function peerOf({ now, shares }: Swarm, peer: Peer): PeerSnapshot {
  return peer.snapshot(now, peer.pipeline.depth(shares))
}
