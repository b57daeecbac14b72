import type { Metainfo } from '@torrential/metainfo'
import type { TorrentWorks } from './torrent-works.ts'

/** A torrent at one moment. Rates are bytes per second over the last seconds; bytes are payload unless named otherwise. */
export interface TorrentStats {
  /** Since the torrent was first added, as far as the resume record knows. */
  readonly downloaded: number
  readonly uploaded: number
  /** Bytes thrown away: duplicates, blocks nobody asked for, pieces that failed. */
  readonly wasted: number
  readonly downRate: number
  readonly upRate: number
  /** Pieces here. */
  readonly have: number
  /** Pieces of the torrent. */
  readonly of: number
  /** Pieces of which a wanted file has bytes. */
  readonly wanted: number
  /** Bytes of the wanted files. */
  readonly bytesWanted: number
  /** Bytes of wanted pieces that are not here yet. */
  readonly bytesLeft: number
  /** Connected. */
  readonly peers: number
  /** Connected peers that have everything. */
  readonly seeds: number
  /** Milliseconds until everything wanted is here at the present rate; undefined when nothing comes. */
  readonly eta: number | undefined
}

/** Of a torrent without metadata. */
export const UNKNOWN_STATS: TorrentStats = {
  downloaded: 0,
  uploaded: 0,
  wasted: 0,
  downRate: 0,
  upRate: 0,
  have: 0,
  of: 0,
  wanted: 0,
  bytesWanted: 0,
  bytesLeft: 0,
  peers: 0,
  seeds: 0,
  eta: undefined,
}

interface Moved {
  readonly uploaded: number
  readonly downloaded: number
  readonly wasted: number
}

export function worksStats({ contents, engine }: TorrentWorks, moved: Moved): TorrentStats {
  const { piecesHave, piecesWanted, downRate, upRate, peers, seeds } = engine.stats
  const { bytesLeft, bytesWanted } = contents
  return {
    ...moved,
    downRate,
    upRate,
    have: piecesHave,
    of: engine.have.length,
    wanted: piecesWanted,
    bytesWanted,
    bytesLeft,
    peers,
    seeds,
    eta: bytesLeft > 0 && downRate > 0 ? (bytesLeft / downRate) * 1_000 : undefined,
  }
}

/** Of a torrent without works: everything is wanted, and here or, before the first check, not known to be. */
export function restingStats({ geometry, length }: Metainfo, isComplete: boolean, moved: Moved): TorrentStats {
  return {
    ...moved,
    downRate: 0,
    upRate: 0,
    have: isComplete ? geometry.pieceCount : 0,
    of: geometry.pieceCount,
    wanted: geometry.pieceCount,
    bytesWanted: length,
    bytesLeft: isComplete ? 0 : length,
    peers: 0,
    seeds: 0,
    eta: undefined,
  }
}
