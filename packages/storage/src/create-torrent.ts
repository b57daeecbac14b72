// Makes the .torrent – v1, v2 or hybrid – of a file or a directory. Pieces are hashed by threads that read the files themselves,
// once, also where a hybrid needs two hashes; progress is an async iterable, the bytes of the .torrent a promise. The same files
// and options give the same bytes: no date and no name of a program is put in unless asked for.
//
// A file that changes while it is hashed would give a torrent that nobody can complete: every file's size, time of change
// and identity are compared before and after.

import {
  buildTorrent,
  choosePieceLength,
  HASH_LENGTH,
  merkleLeafCounts,
  type MetainfoVersion,
  type TorrentFields,
  type TorrentInput,
} from '@torrential/metainfo'
import { InputError, throwIfAborted } from '@torrential/primitives'
import { FilePieceHasher } from './file-piece-hasher.ts'
import type { HashPool } from './hash-pool.ts'
import { allPieces } from './piece-extent.ts'
import type { SourceTree } from './source-tree.ts'
import { findChanged, readSourceTree } from './source-tree.ts'
import { draftTorrent, layoutOf, type TorrentDraft } from './torrent-draft.ts'

export interface CreateOptions extends TorrentFields {
  /** @default 'hybrid'; 'v1' for programs that cannot read hybrids: aria2 up to 1.36, transmission 3 */
  readonly version?: MetainfoVersion
  /** False leaves out which files are executable (BEP 47), so that the torrent does not depend on it. @default true */
  readonly attributes?: boolean
  /** bytes @default chosen by the size of the data, see `choosePieceLength` */
  readonly pieceLength?: number
  /** @default the last element of the path */
  readonly name?: string
  /** Shared hashing threads. @default threads of its own */
  readonly pool?: HashPool
  /** Ends the work; `result` and the iteration reject with its reason. */
  readonly signal?: AbortSignal
}

export interface CreationProgress {
  readonly piecesDone: number
  readonly pieces: number
  readonly bytesDone: number
  readonly bytes: number
}

/**
 * A torrent in the making; it has started. Iterate for progress: a slow consumer gets the latest state, not every one, and
 * the iteration ends with the work or throws what ended it. Leaving the loop does not stop it; the signal and disposing do.
 */
export interface TorrentCreation extends AsyncIterable<CreationProgress>, AsyncDisposable {
  /** The bytes of the .torrent. */
  readonly result: Promise<Uint8Array>
}

/**
 * @throws (through `result`) InputError `CREATE_MISSING`, `CREATE_KIND`, `CREATE_NAME`, `CREATE_DEPTH`, `CREATE_UNREADABLE`,
 * `CREATE_EMPTY` (not one byte), `CREATE_CHANGED` (while it was hashed), `PIECE_LENGTH`, `PIECE_COUNT` and those of
 * `buildTorrent`; StorageError when reading fails; the signal's reason
 */
export function createTorrent(path: string, options: CreateOptions = {}): TorrentCreation {
  return new Creation(path, options)
}

class Creation implements TorrentCreation {
  readonly result: Promise<Uint8Array>
  readonly #stop = new AbortController()
  readonly #waiting: (() => void)[] = []
  #progress: CreationProgress | undefined
  #ended = false

  constructor(path: string, options: CreateOptions) {
    const { signal } = options
    const onAbort = () => this.#stop.abort(signal?.reason)
    if (signal?.aborted === true) onAbort()
    else signal?.addEventListener('abort', onAbort, { once: true })
    this.result = this.#create(path, options).finally(() => {
      signal?.removeEventListener('abort', onAbort)
      this.#ended = true
      this.#wake()
    })
    // Whoever only iterates gets the error there.
    this.result.catch(() => {})
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<CreationProgress, void, undefined> {
    let seen: CreationProgress | undefined
    for (;;) {
      if (this.#progress !== seen) {
        seen = this.#progress
        if (seen !== undefined) yield seen
      } else if (this.#ended) {
        await this.result
        return
      } else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  /** Stops the work, if it is not done: `result` rejects with `CREATE_STOPPED`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new InputError('CREATE_STOPPED', 'the creation was stopped'))
    await this.result.catch(() => {})
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }

  async #create(path: string, options: CreateOptions): Promise<Uint8Array> {
    const stop = { signal: this.#stop.signal }
    throwIfAborted(stop)
    const tree = await readSourceTree(path, stop)
    const bytes = tree.files.reduce((sum, file) => sum + file.length, 0)
    if (bytes === 0) throw new InputError('CREATE_EMPTY', `there is not one byte in ${tree.path}`, { path: tree.path })
    const draft = draftTorrent(tree, options, options.pieceLength ?? choosePieceLength(bytes))
    const hashes = await this.#hash(tree, draft, options.pool)
    const changedPath = await findChanged(tree, stop)
    if (changedPath !== undefined) throw changed(changedPath)
    const { version, pieceLength, name, files } = draft
    return buildTorrent({
      ...described(options),
      ...hashes,
      version,
      name,
      files,
      multiFile: tree.isDirectory,
      pieceLength,
    })
  }

  async #hash(tree: SourceTree, draft: TorrentDraft, pool: HashPool | undefined): Promise<PieceDigests> {
    const { version, geometry } = draft
    const leafCounts = version === 'v1' ? new Uint32Array() : merkleLeafCounts(geometry)
    const plan = { kind: KINDS[version], leafCounts }
    const hasher = new FilePieceHasher({ layout: layoutOf(draft), plan, ...(pool && { pool }) })
    const pieceHashes = new Uint8Array(version === 'v2' ? 0 : geometry.pieceCount * SHA1_LENGTH)
    const pieceRoots = new Uint8Array(version === 'v1' ? 0 : geometry.pieceCount * HASH_LENGTH)
    let bytesDone = 0
    let piecesDone = 0
    this.#report({ piecesDone, pieces: geometry.pieceCount, bytesDone, bytes: geometry.length })
    for await (const { piece, digest } of hasher.hash(allPieces(geometry), { signal: this.#stop.signal })) {
      if (digest === undefined) throw changed(tree.path)
      if (version !== 'v2') pieceHashes.set(digest.subarray(0, SHA1_LENGTH), piece * SHA1_LENGTH)
      if (version !== 'v1') pieceRoots.set(digest.subarray(-HASH_LENGTH), piece * HASH_LENGTH)
      bytesDone += geometry.dataLengthOf(piece)
      piecesDone++
      this.#report({ piecesDone, pieces: geometry.pieceCount, bytesDone, bytes: geometry.length })
    }
    return { ...(version !== 'v2' && { pieceHashes }), ...(version !== 'v1' && { pieceRoots }) }
  }

  #report(progress: CreationProgress): void {
    this.#progress = progress
    this.#wake()
  }
}

const SHA1_LENGTH = 20
const KINDS = { v1: 'sha1', v2: 'merkle-sha256', hybrid: 'both' } as const

interface PieceDigests {
  readonly pieceHashes?: Uint8Array
  readonly pieceRoots?: Uint8Array
}

/** The options that go into the .torrent as they are. */
function described(options: CreateOptions): Pick<TorrentInput, (typeof DESCRIPTIONS)[number]> {
  return Object.fromEntries(DESCRIPTIONS.flatMap((key) => (options[key] === undefined ? [] : [[key, options[key]]])))
}

const DESCRIPTIONS = [
  'trackers',
  'webSeeds',
  'private',
  'comment',
  'createdBy',
  'creationDate',
  'source',
  'similar',
  'collections',
] as const

function changed(path: string): InputError {
  return new InputError('CREATE_CHANGED', `changed while it was hashed: ${path}`, { path })
}
