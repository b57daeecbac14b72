// The bytes of a new .torrent. The same input always gives the same bytes: no clock and no name of this library slips in.
// Names are taken as they are, since they are the user's own; only what no reader could accept is refused.

import { type Encodable, encode, raw } from '@torrential/bencode'
import { Geometry, InputError } from '@torrential/primitives'
import { dedupeTiers, usableUrl, WEB_SCHEMES } from './urls.ts'

/** A file of a new torrent. */
export interface TorrentInputFile {
  /** Path below the torrent's root, in elements. Ignored for a single file, whose name is the torrent's. */
  readonly path: readonly string[]
  /** bytes */
  readonly length: number
}

/** Everything that a new v1 torrent is made of. */
export interface TorrentInput {
  readonly name: string
  /** In order; exactly one unless `multiFile`. */
  readonly files: readonly TorrentInputFile[]
  /** True when `files` lie in a directory called `name`. */
  readonly multiFile: boolean
  /** bytes */
  readonly pieceLength: number
  /** SHA-1 of each piece, 20 bytes each. */
  readonly pieceHashes: Uint8Array
  /** Tiers (BEP 12). */
  readonly trackers?: readonly (readonly string[])[]
  /** BEP 19 */
  readonly webSeeds?: readonly string[]
  /** BEP 27 @default false */
  readonly private?: boolean
  readonly comment?: string
  readonly createdBy?: string
  /** Unix seconds. */
  readonly creationDate?: number
  /** Goes into the info dictionary: the same data with another `source` is another torrent. */
  readonly source?: string
}

/**
 * The .torrent (BEP 3, 12, 19, 27) of `input`.
 *
 * @throws InputError `TORRENT_NAME`, `TORRENT_PATH`, `TORRENT_FILES`, `TORRENT_PIECE_LENGTH`, `TORRENT_FILE_LENGTH`,
 * `TORRENT_TOTAL_LENGTH`, `TORRENT_PIECE_COUNT`, `TORRENT_EMPTY`, `TORRENT_TRACKER`, `TORRENT_WEB_SEED`, `TORRENT_DATE`
 */
export function buildTorrent(input: TorrentInput): Uint8Array {
  checkNames(input)
  checkPieces(input)
  const trackers = checkTrackers(input.trackers ?? [])
  const webSeeds = checkWebSeeds(input.webSeeds ?? [])
  const { creationDate } = input
  if (creationDate !== undefined && (!Number.isSafeInteger(creationDate) || creationDate < 0)) {
    throw new InputError('TORRENT_DATE', `a creation date of ${creationDate} is not possible`)
  }
  return encode({
    announce: trackers[0]?.[0],
    'announce-list': trackers.flat().length > 1 ? trackers : undefined,
    comment: input.comment,
    'created by': input.createdBy,
    'creation date': creationDate,
    info: raw(encode(buildInfo(input))),
    'url-list': webSeeds.length > 0 ? webSeeds : undefined,
  })
}

function buildInfo(input: TorrentInput): { readonly [key: string]: Encodable | undefined } {
  return {
    files: input.multiFile ? input.files.map(({ path, length }) => ({ length, path })) : undefined,
    length: input.multiFile ? undefined : input.files[0]?.length,
    name: input.name,
    'piece length': input.pieceLength,
    pieces: input.pieceHashes,
    private: input.private === true ? 1 : undefined,
    source: input.source,
  }
}

function checkNames(input: TorrentInput): void {
  if (!isName(input.name)) throw new InputError('TORRENT_NAME', `no name for a torrent: ${JSON.stringify(input.name)}`)
  if (input.files.length === 0 || (!input.multiFile && input.files.length > 1)) {
    throw new InputError('TORRENT_FILES', `${input.files.length} files`)
  }
  if (!input.multiFile) return
  const seen = new Set<string>()
  for (const { path } of input.files) {
    const joined = path.join('/')
    if (path.length === 0 || path.length > 100 || !path.every(isName)) {
      throw new InputError('TORRENT_PATH', `no path below a torrent's root: ${JSON.stringify(joined.slice(0, 200))}`)
    }
    if (seen.has(joined)) throw new InputError('TORRENT_PATH', `${JSON.stringify(joined)} comes twice`)
    seen.add(joined)
  }
}

function isName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name)
}

function checkPieces({ files, pieceLength, pieceHashes }: TorrentInput): void {
  const { pieceCount, length } = makeGeometry(pieceLength, files)
  if (length === 0) throw new InputError('TORRENT_EMPTY', 'a torrent of no data')
  if (pieceHashes.length !== pieceCount * 20) {
    throw new InputError('TORRENT_PIECE_COUNT', `${pieceHashes.length} bytes of hashes for ${pieceCount} pieces`)
  }
}

function makeGeometry(pieceLength: number, files: readonly TorrentInputFile[]): Geometry {
  try {
    return new Geometry('v1', pieceLength, files)
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    throw new InputError(`TORRENT_${error.code}`, error.message, { cause: error })
  }
}

function checkTrackers(tiers: readonly (readonly string[])[]): readonly (readonly string[])[] {
  for (const url of tiers.flat()) {
    if (dedupeTiers([[url]]).length === 0) throw new InputError('TORRENT_TRACKER', `no tracker: ${JSON.stringify(url)}`)
  }
  return dedupeTiers(tiers)
}

function checkWebSeeds(urls: readonly string[]): readonly string[] {
  return urls.map((text) => {
    const url = usableUrl(text, WEB_SCHEMES)
    if (url === undefined) throw new InputError('TORRENT_WEB_SEED', `no web seed: ${JSON.stringify(text)}`)
    return url
  })
}
