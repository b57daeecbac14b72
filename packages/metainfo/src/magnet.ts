// What a magnet link says. It names a torrent by its infohash and may say where to begin looking; everything but the infohash
// is a hint.

import type { InfoHash, InfoHashV2, PeerAddress } from '@torrential/primitives'

/** Files number `start` up to, not including, `end`. */
export interface FileRange {
  readonly start: number
  readonly end: number
}

/** A host to connect to that has a name instead of an address. */
export interface NamedPeer {
  readonly host: string
  readonly port: number
}

/** A magnet link (BEP 9, 52, 53). At least one of the two infohashes is there. */
export interface Magnet {
  /** 20 bytes that name the swarm: the v1 infohash when there is one, else the v2 infohash cut short (BEP 52). */
  readonly infoHash: InfoHash
  readonly infoHashV1?: InfoHash
  readonly infoHashV2?: InfoHashV2
  /** Safe file name, to show until the real one is known. */
  readonly name?: string
  /** Each URL once; all of one tier. */
  readonly trackers: readonly string[]
  readonly webSeeds: readonly string[]
  /** From `x.pe`, those that are IP addresses. */
  readonly peers: readonly PeerAddress[]
  /** From `x.pe`, those that are host names. */
  readonly namedPeers: readonly NamedPeer[]
  /** BEP 53: the files to download, ascending and apart; empty means all. */
  readonly select: readonly FileRange[]
  /** Bytes in all, as the link claims. */
  readonly length?: number
}

/** What a link is made of: a `Magnet`, or parts of one. One infohash at least. */
export type MagnetParts = Partial<Omit<Magnet, 'infoHash'>>

/** Caps on a link. */
export interface MagnetLimits {
  /** Characters. @default 65,536 */
  readonly maxLength?: number
  /** Trackers, and as many web seeds, peers and file ranges each. @default 1,000 */
  readonly maxEntries?: number
}

export const MAGNET_LIMITS: Required<MagnetLimits> = { maxLength: 65_536, maxEntries: 1000 }

/** File numbers in a link are below this: more files than a .torrent of 10 MB can list. */
export const MAX_FILE_INDEX = 10_000_000
