// Adds the torrents of a state folder again, each as it was. One that cannot be used is a warning, and the others go on.

import { type Magnet, type Metainfo, parseMagnet, parseTorrent } from '@torrential/metainfo'
import { isTorrentialError, StorageError, toHex } from '@torrential/primitives'
import type { AddOptions, RestoreOptions } from '../options.ts'
import type { Torrent } from '../torrent.ts'
import type { TorrentEntries } from './torrent-entries.ts'
import type { TorrentEntry } from './torrent-entry.ts'
import type { RestoredEntry } from './torrent-memory.ts'

export interface RestoreParts {
  readonly entries: TorrentEntries
  /** @throws InputError */
  readonly add: (origin: Metainfo | Magnet, options: AddOptions, restored: RestoredEntry) => Torrent
  readonly warn: (error: StorageError) => void
}

/** In the order in which they were added first; those that are here already are left as they are. */
export async function restoreTorrents(parts: RestoreParts, options: RestoreOptions): Promise<Torrent[]> {
  const { stopped = true, signal } = options
  const { entries, warn } = parts
  const torrents: Torrent[] = []
  for await (const found of entries.load(({ isStarted }) => stopped || isStarted)) {
    signal?.throwIfAborted()
    if ('damaged' in found) {
      warn(found.damaged)
      continue
    }
    try {
      torrents.push(restoreOne(parts, found))
    } catch (error) {
      entries.leave(found.entry)
      if (!isTorrentialError(error) || error.code === 'SESSION_CLOSED') throw error
      const { entry } = found
      if (error.code !== 'TORRENT_DUPLICATE') warn(unusable(entry, error))
      // Left behind in a crash between two names of one torrent: that of its magnet link and that of its metadata.
      else if (torrents.includes(error.data.torrent as Torrent)) await entries.remove(entry)
    }
  }
  return torrents
}

function restoreOne({ add }: RestoreParts, restored: RestoredEntry): Torrent {
  const { entry } = restored
  const origin = originOf(restored)
  if (toHex(origin.infoHash) !== entry.infoHash) throw unusable(entry, undefined)
  const torrent = add(origin, optionsOf(entry), restored)
  for (const [url, tier] of entry.addedTrackers) torrent.addTracker(url, tier)
  if (entry.priorities === '') return torrent
  for (const file of torrent.files) {
    const priority = entry.priorities[file.index]
    if (priority !== undefined && Number(priority) !== file.priority) file.priority = Number(priority)
  }
  return torrent
}

function originOf({ entry, torrentFile }: RestoredEntry): Metainfo | Magnet {
  if (torrentFile === undefined) return parseMagnet(entry.magnet ?? '')
  // The layers of a hybrid torrent that came from a magnet link may still be on their way.
  return parseTorrent(torrentFile, { paths: entry.paths, allowMissingPieceLayers: true })
}

function optionsOf(entry: TorrentEntry): AddOptions {
  const { paths, path, isStarted, isSequential, priorities, trackers, peers } = entry
  const { maxDown, maxUp, maxConnections } = entry
  return {
    paths,
    path,
    peers,
    trackers,
    start: isStarted,
    sequential: isSequential,
    ...(priorities !== '' && { select: ({ index }) => priorities[index] !== '0' }),
    ...(maxDown !== undefined && { maxDown }),
    ...(maxUp !== undefined && { maxUp }),
    ...(maxConnections !== undefined && { maxConnections }),
  }
}

function unusable({ infoHash }: TorrentEntry, cause: unknown): StorageError {
  return new StorageError('STATE_DAMAGED', `what is remembered of ${infoHash} cannot be used: it is not added`, {
    cause,
  })
}
