// Data that another torrent of the session has already (BEP 38): before the files of a new torrent are hashed for the first time, those
// that are not on disk are linked or copied from torrents that are related to it and have them complete. What the hash check then
// finds good counts, nothing else.
//
// A link is made only where the pieces root says that the content is the same (BEP 52), so whatever either torrent may write
// later is right for both. Without a root the likeness is a guess, and a guess gets a copy of its own.

import { areRelated, type Metainfo, type SharedFile, sharedFiles } from '@torrential/metainfo'
import { StorageError } from '@torrential/primitives'
import type { AdoptMethod, FileStorage } from '@torrential/storage'
import type { Torrent } from './torrent.ts'
import type { FileList } from './file-list.ts'

/** What a torrent of the session has, for others. */
export interface DataSource {
  readonly metainfo: Metainfo
  /** Absolute path of a file that is complete and on disk; undefined otherwise. `file` is the index in `metainfo.files`. */
  complete(file: number): Promise<string | undefined>
}

/** The data of one torrent of the session. */
export class TorrentData implements DataSource {
  readonly torrent: Torrent
  readonly metainfo: Metainfo
  readonly #files: FileList
  readonly #storage: () => FileStorage

  /** `storage` is asked only of a torrent that turned out to have the file. */
  constructor(torrent: Torrent, metainfo: Metainfo, files: FileList, storage: () => FileStorage) {
    this.torrent = torrent
    this.metainfo = metainfo
    this.#files = files
    this.#storage = storage
  }

  /** @throws StorageError */
  async complete(file: number): Promise<string | undefined> {
    if (this.#files.missingPieces(file) > 0) return undefined
    const storage = this.#storage()
    const status = await storage.status(file)
    return status?.size === this.metainfo.files[file]?.length ? storage.pathOf(file) : undefined
  }
}

export interface DataReuseParts<Source extends DataSource> {
  readonly metainfo: Metainfo
  readonly storage: FileStorage
  /** The other torrents, in the order of preference. */
  readonly sources: Iterable<Source>
  /** How files that are the same for certain are taken; others are copied. */
  readonly method: AdoptMethod
  readonly reused: (file: number, source: Source, method: AdoptMethod) => void
  /** A file could not be taken; it is downloaded like any other. */
  readonly failed: (error: StorageError) => void
}

/** @throws the signal's reason */
export async function reuseData<Source extends DataSource>(
  parts: DataReuseParts<Source>,
  signal: AbortSignal,
): Promise<void> {
  const { metainfo } = parts
  const settled = new Set<number>()
  for (const source of parts.sources) {
    if (!areRelated(metainfo, source.metainfo)) continue
    for (const shared of sharedFiles(metainfo, source.metainfo)) {
      signal.throwIfAborted()
      if (!settled.has(shared.file) && (await take(parts, source, shared, signal))) settled.add(shared.file)
    }
  }
}

/** True when the file is on disk now. */
async function take<Source extends DataSource>(
  parts: DataReuseParts<Source>,
  source: Source,
  { file, other, by }: SharedFile,
  signal: AbortSignal,
): Promise<boolean> {
  const { storage, reused, failed } = parts
  try {
    if (!storage.isWanted(file)) return false
    if ((await storage.status(file)) !== undefined) return true
    const from = await source.complete(other)
    if (from === undefined) return false
    const method = await storage.adopt(file, from, by === 'root' ? parts.method : 'copy', { signal })
    if (method !== undefined) reused(file, source, method)
    return true
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof StorageError)) throw error
    failed(error)
    return false
  }
}
