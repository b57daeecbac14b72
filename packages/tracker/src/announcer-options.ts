// What an announcer is made of, and what may be chosen about it.

import { type Clock, InputError, type InfoHash, peerAddress, type PeerId, type Random } from '@torrential/primitives'
import type { TrackerClients } from './tracker-clients.ts'

/** Bytes, as told to trackers. */
export interface AnnounceProgress {
  readonly uploaded: number
  readonly downloaded: number
  /** 0 for a seed; a positive guess (not 0) while the metadata is unknown. */
  readonly left: number
}

export interface AnnouncerParts {
  /** BEP 12: tiers of URLs. Malformed ones and unknown schemes are kept as `disabled`; at most 500 in all. */
  readonly tiers: readonly (readonly string[])[]
  readonly infoHash: InfoHash
  readonly peerId: PeerId
  /** Asked at every announce. */
  readonly progress: () => AnnounceProgress
  readonly clock: Clock
  readonly random: Random
  /** Shared by the torrents of a session; the announcer does not close it. */
  readonly clients: TrackerClients
}

export interface AnnouncerOptions {
  /** Our listening port, 0 … 65535; 0 when we do not listen. @default 0 */
  readonly port?: number | (() => number)
  /** Peers wanted from each announce, 0 … 1,000. @default 200 */
  readonly numWant?: number | (() => number)
  /** Unsigned 32 bits. @default random */
  readonly key?: number
  /** An address to tell to trackers (BEP 7). @default not sent */
  readonly ip?: string
  /** One tracker of every tier instead of the first tier that works. @default false */
  readonly announceToAllTiers?: boolean
  /** Every tracker. @default false */
  readonly announceToAllTrackers?: boolean
  /** Candidates that wait for a reader; the oldest go. @default 3,000 */
  readonly buffer?: number
}

/** Candidates kept for a reader: as many as a torrent keeps peers in mind. */
export const CANDIDATE_BUFFER = 3_000
/** What most trackers give at most. */
export const NUM_WANT = 200
/** Milliseconds for all `stopped` announces together: nobody wants to wait for a goodbye. */
export const STOP_TIMEOUT = 5_000

/** @throws InputError `TRACKER_OPTION`, `ADDRESS_HOST` */
export function checkAnnouncerOptions(options: AnnouncerOptions): void {
  const { port, numWant, key, ip, buffer } = options
  if (typeof port === 'number') inRange('port', port, 0, 65_535)
  if (typeof numWant === 'number') inRange('numWant', numWant, 0, 1_000)
  if (key !== undefined) inRange('key', key, 0, 0xffffffff)
  if (buffer !== undefined) inRange('buffer', buffer, 1, 1_000_000)
  if (ip !== undefined) peerAddress(ip, 0)
}

function inRange(name: string, value: number, low: number, high: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return
  throw new InputError('TRACKER_OPTION', `${name} must be a whole number from ${low} to ${high}, not ${value}`)
}
