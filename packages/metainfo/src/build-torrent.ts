// The bytes of a new .torrent. The same input always gives the same bytes: no clock and no name of this library slips in.
// Names are taken as they are, since they are the user's own; only what no reader could accept is refused.

import { encode, raw } from '@torrential/bencode'
import { Geometry, InputError, type SourceFile } from '@torrential/primitives'
import { arrangeFiles } from './arrange-files.ts'
import { buildInfo } from './build-info.ts'
import { HASH_LENGTH } from './merkle.ts'
import { checkDate, seedEntries, trackerEntries } from './outer-entries.ts'
import type { TorrentInput, TorrentInputFile } from './torrent-input.ts'

/**
 * The .torrent of `input`: v1, v2 or hybrid (BEP 3, 12, 19, 27, 38, 47, 52).
 *
 * @throws InputError `TORRENT_NAME`, `TORRENT_PATH`, `TORRENT_FILES`, `TORRENT_SYMLINK`, `TORRENT_PIECE_LENGTH`,
 * `TORRENT_FILE_LENGTH`, `TORRENT_TOTAL_LENGTH`, `TORRENT_PIECE_COUNT`, `TORRENT_EMPTY`, `TORRENT_TRACKER`,
 * `TORRENT_WEB_SEED`, `TORRENT_DATE`, `TORRENT_SIMILAR`
 */
export function buildTorrent(input: TorrentInput): Uint8Array {
  checkNames(input)
  for (const file of input.files) checkLink(file, input.multiFile)
  const arranged = arrangeFiles(input.files, { version: input.version ?? 'v1', pieceLength: input.pieceLength })
  const geometry = makeGeometry(input, arranged)
  checkPieces(input, geometry)
  for (const { length } of input.similar ?? []) {
    if (length !== 20 && length !== 32) throw new InputError('TORRENT_SIMILAR', `an infohash of ${length} bytes`)
  }
  const { info, pieceLayers } = buildInfo(input, arranged, geometry)
  return encode({
    ...trackerEntries(input.trackers ?? []),
    ...seedEntries('url-list', input.webSeeds ?? []),
    comment: input.comment,
    'created by': input.createdBy,
    'creation date': checkDate(input.creationDate),
    info: raw(encode(info)),
    // v2 readers expect the key even when there is nothing in it.
    'piece layers': input.version === undefined || input.version === 'v1' ? undefined : pieceLayers,
  })
}

function checkNames({ version, name, files, multiFile }: TorrentInput): void {
  if (!isName(name)) throw new InputError('TORRENT_NAME', `no name for a torrent: ${JSON.stringify(name)}`)
  if (files.length === 0 || (!multiFile && files.length > 1)) {
    throw new InputError('TORRENT_FILES', `${files.length} files`)
  }
  if (!multiFile) return
  checkPaths(files)
  if (version === 'v2' && files.length === 1 && files[0]?.path.length === 1 && files[0].path[0] === name) {
    const shown = JSON.stringify(name)
    throw new InputError('TORRENT_NAME', `v2 cannot tell a folder ${shown} with one file ${shown} from that file alone`)
  }
}

/** Paths that no system could write, or not beside one another. */
function checkPaths(files: readonly TorrentInputFile[]): void {
  const seen = new Set<string>()
  const directories = new Set<string>()
  for (const { path } of files) {
    const joined = path.join('/')
    if (path.length === 0 || path.length > 100 || !path.every(isName)) {
      throw new InputError('TORRENT_PATH', `no path below a torrent's root: ${JSON.stringify(joined.slice(0, 200))}`)
    }
    if (seen.has(joined)) throw new InputError('TORRENT_PATH', `${JSON.stringify(joined)} comes twice`)
    seen.add(joined)
    for (let end = joined.lastIndexOf('/'); end > 0; end = joined.lastIndexOf('/', end - 1)) {
      const directory = joined.slice(0, end)
      if (directories.has(directory)) break
      directories.add(directory)
    }
  }
  for (const directory of directories) {
    if (!seen.has(directory)) continue
    throw new InputError('TORRENT_PATH', `${JSON.stringify(directory)} is a file and a directory`)
  }
}

function isName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name)
}

function checkLink({ symlink, length, path }: TorrentInputFile, multiFile: boolean): void {
  if (symlink === undefined) return
  const isPath = symlink.length > 0 && symlink.length <= 100 && symlink.every(isName)
  if (multiFile && isPath && length === 0) return
  throw new InputError('TORRENT_SYMLINK', `no symbolic link below a torrent's root: ${JSON.stringify(path.join('/'))}`)
}

function checkPieces(input: TorrentInput, { pieceCount, length }: Geometry): void {
  if (length === 0) throw new InputError('TORRENT_EMPTY', 'a torrent of no data')
  const { version = 'v1', pieceHashes, pieceRoots } = input
  if (version !== 'v2') checkHashes('SHA-1 hashes', pieceHashes, pieceCount * 20)
  if (version !== 'v1') checkHashes('merkle roots', pieceRoots, pieceCount * HASH_LENGTH)
}

function checkHashes(what: string, hashes: Uint8Array | undefined, wanted: number): void {
  const found = hashes?.length ?? 0
  if (found !== wanted) throw new InputError('TORRENT_PIECE_COUNT', `${found} bytes of ${what} instead of ${wanted}`)
}

function makeGeometry({ version = 'v1', pieceLength }: TorrentInput, files: readonly SourceFile[]): Geometry {
  try {
    return new Geometry(version, pieceLength, files)
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    throw new InputError(`TORRENT_${error.code}`, error.message, { cause: error })
  }
}
