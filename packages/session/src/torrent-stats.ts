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
