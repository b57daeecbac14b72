// What all torrents of a session amount to at one moment.

import type { DownloadCredit } from '@torrential/engine'
import type { Torrent } from './torrent.ts'

/** All torrents of a session at one moment. Bytes and bytes per second of payload. */
export interface SessionStats {
  readonly torrents: number
  readonly peers: number
  readonly downloaded: number
  readonly uploaded: number
  readonly downRate: number
  readonly upRate: number
  /** Bytes requested or received and not written yet. */
  readonly unwrittenBytes: number
}

export function sessionStats(torrents: readonly Torrent[], credit: DownloadCredit): SessionStats {
  let [peers, downloaded, uploaded, downRate, upRate] = [0, 0, 0, 0, 0]
  for (const { stats } of torrents) {
    peers += stats.peers
    downloaded += stats.downloaded
    uploaded += stats.uploaded
    downRate += stats.downRate
    upRate += stats.upRate
  }
  return { torrents: torrents.length, peers, downloaded, uploaded, downRate, upRate, unwrittenBytes: credit.used }
}
