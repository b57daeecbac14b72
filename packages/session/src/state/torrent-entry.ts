// What is remembered of a torrent besides its data: all that it takes to add it again as it was. The .torrent lies in a file
// beside it, named by its own SHA-256, so that an entry is small and a .torrent is written once. Fields that this version does
// not know are ignored.

import { isAbsolute } from 'node:path'
import { peerAddress, type PeerAddress } from '@torrential/primitives'
import { isCount } from './resume-record.ts'
import { sealJson, unsealJson } from './sealed-json.ts'

export interface TorrentEntry {
  /** 40 hexadecimal digits. */
  readonly infoHash: string
  /** Milliseconds since 1970, larger than that of the torrent added before: the order in which they come back. */
  readonly added: number
  /** Absolute folder that holds the files. */
  readonly path: string
  /** How names of the .torrent become names on disk. */
  readonly paths: 'portable' | 'posix'
  /** SHA-256 of the .torrent, 64 hexadecimal digits; absent while only a magnet link is known. */
  readonly torrent?: string
  /** The link, while only that is known. */
  readonly magnet?: string
  readonly isStarted: boolean
  readonly isPaused: boolean
  readonly isSequential: boolean
  /** A digit for each file of `torrent.files`; empty when all are normal. */
  readonly priorities: string
  /** As `AddOptions`: false announces to none, tiers are besides the torrent's own. */
  readonly trackers: false | readonly (readonly string[])[]
  /** What `addTracker` was called with. */
  readonly addedTrackers: readonly (readonly [url: string, tier?: number])[]
  /** Those that the user named. */
  readonly peers: readonly PeerAddress[]
  /** Bytes per second; absent means no limit. */
  readonly maxDown?: number
  readonly maxUp?: number
  readonly maxConnections?: number
}

const KIND = 'torrent 1'

export function encodeEntry(entry: TorrentEntry): string {
  return sealJson(KIND, entry)
}

/** Undefined unless `bytes` are the entry of that torrent. */
export function decodeEntry(bytes: Uint8Array, expected: string): TorrentEntry | undefined {
  const fields = unsealJson(KIND, bytes)
  if (fields === undefined) return undefined
  const { infoHash, added, path, paths, torrent, magnet, trackers, addedTrackers, peers, priorities } = fields
  const { isStarted, isPaused, isSequential, maxDown, maxUp, maxConnections } = fields
  if (infoHash !== expected || !isCount(added) || !isText(path) || !isAbsolute(path)) return undefined
  if (paths !== 'portable' && paths !== 'posix') return undefined
  // One of the two, and a digest that is one: it becomes the name of a file.
  const source =
    typeof torrent === 'string' ? /^[0-9a-f]{64}$/.test(torrent) && { torrent } : isText(magnet) && { magnet }
  if (source === false || typeof priorities !== 'string' || !/^[0-7]*$/.test(priorities)) return undefined
  if (typeof isStarted !== 'boolean' || typeof isPaused !== 'boolean' || typeof isSequential !== 'boolean')
    return undefined
  if (trackers !== false && !isListOf(trackers, (tier) => isListOf(tier, isText))) return undefined
  if (!isListOf(addedTrackers, isAddedTracker) || !isListOf(peers, isAddress)) return undefined
  if (![maxDown, maxUp, maxConnections].every(isLimit)) return undefined
  return {
    infoHash: expected,
    added,
    path,
    paths,
    ...source,
    isStarted,
    isPaused,
    isSequential,
    priorities,
    trackers,
    addedTrackers,
    peers: peers.map(({ host, port }) => peerAddress(host, port)),
    ...(maxDown !== undefined && { maxDown: maxDown as number }),
    ...(maxUp !== undefined && { maxUp: maxUp as number }),
    ...(maxConnections !== undefined && { maxConnections: maxConnections as number }),
  }
}

function isListOf<Item>(value: unknown, isItem: (item: unknown) => item is Item): value is Item[] {
  return Array.isArray(value) && value.every(isItem)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isAddedTracker(value: unknown): value is readonly [url: string, tier?: number] {
  return Array.isArray(value) && isText(value[0]) && (value[1] === undefined || isCount(value[1]))
}

function isAddress(value: unknown): value is PeerAddress {
  const { host, port } = (value ?? {}) as Record<string, unknown>
  if (!isText(host) || !isCount(port)) return false
  try {
    peerAddress(host, port)
    return true
  } catch {
    return false
  }
}

function isLimit(value: unknown): boolean {
  return value === undefined || (typeof value === 'number' && Number.isFinite(value) && value > 0)
}
