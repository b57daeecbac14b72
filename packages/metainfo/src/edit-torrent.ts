// Changes of a .torrent outside of its info dictionary. That dictionary and the piece layers are carried over byte for byte, so
// the infohashes stay; every other key that is not changed keeps its value, also if this library does not know it.

import { decodeWithSpans, type Encodable, encode, isDict, raw } from '@torrential/bencode'
import { InputError } from '@torrential/primitives'
import { METAINFO_LIMITS, type MetainfoLimits } from './metainfo.ts'
import { checkDate, seedEntries, trackerEntries } from './outer-entries.ts'

/** What becomes of a .torrent. What is absent stays; `null` and an empty list remove. */
export interface TorrentChanges {
  /** Tiers (BEP 12). */
  readonly trackers?: readonly (readonly string[])[]
  /** BEP 19 */
  readonly webSeeds?: readonly string[]
  /** BEP 17 */
  readonly httpSeeds?: readonly string[]
  readonly comment?: string | null
  readonly createdBy?: string | null
  /** Unix seconds. */
  readonly creationDate?: number | null
}

/** Caps on the .torrent that is read. */
export interface EditOptions {
  readonly limits?: MetainfoLimits
}

/**
 * `bytes` with `changes`. The infohashes stay. The .torrent is not checked any further than its syntax: `parseTorrent` does that.
 *
 * @throws InputError `TORRENT_SIZE`, `TORRENT_INFO`, `TORRENT_TRACKER`, `TORRENT_WEB_SEED`, `TORRENT_DATE`; the `BENCODE_` codes
 */
export function editTorrent(bytes: Uint8Array, changes: TorrentChanges, options: EditOptions = {}): Uint8Array {
  const limits = { ...METAINFO_LIMITS, ...options.limits }
  if (bytes.length > limits.maxLength) {
    throw new InputError('TORRENT_SIZE', `${bytes.length} bytes, more than ${limits.maxLength}`)
  }
  const decoded = decodeWithSpans(bytes, { ...limits, mode: 'lenient', apart: ['info', 'files'] })
  const dict = decoded.value
  if (!isDict(dict) || !isDict(dict.get('info'))) throw new InputError('TORRENT_INFO', 'there is no info dictionary')
  const entries = new Map<string, Encodable>(dict)
  // Only these two: each look-up walks the whole file, and a stranger's file may have a million keys.
  for (const key of ['info', 'piece layers']) {
    const kept = decoded.slice(key)
    if (kept !== undefined) entries.set(key, raw(kept))
  }
  for (const [key, value] of Object.entries(changedEntries(changes))) {
    if (value === undefined) entries.delete(key)
    else entries.set(key, value)
  }
  return encode(entries)
}

/** The keys that change; `undefined` removes. */
function changedEntries(changes: TorrentChanges): { readonly [key: string]: Encodable | undefined } {
  const { trackers, webSeeds, httpSeeds, comment, createdBy, creationDate } = changes
  return {
    ...(trackers && trackerEntries(trackers)),
    ...(webSeeds && seedEntries('url-list', webSeeds)),
    ...(httpSeeds && seedEntries('httpseeds', httpSeeds)),
    // An old writer's second spelling would win over the new comment.
    ...(comment !== undefined && { comment: comment ?? undefined, 'comment.utf-8': undefined }),
    ...(createdBy !== undefined && { 'created by': createdBy ?? undefined }),
    ...(creationDate !== undefined && { 'creation date': checkDate(creationDate ?? undefined) }),
  }
}
