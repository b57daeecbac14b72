// The info dictionary: which version it is, its files, its pieces, and whether all of that fits together.

import { type BencodeDict, bytesAt, integerAt, textAt } from '@torrential/bencode'
import { fromLatin1, Geometry, InputError, toHex } from '@torrential/primitives'
import { mergeHybrid } from './hybrid.ts'
import type { ListedFile } from './listed-file.ts'
import type { MetainfoFile, MetainfoLimits, MetainfoVersion, PathRules } from './metainfo.ts'
import { safeName } from './safe-name.ts'
import { safeElements, SafePaths, type SafePathOptions } from './safe-path.ts'
import { type FileList, readV1Files } from './v1-files.ts'
import { readFileTree } from './v2-file-tree.ts'

/** What an info dictionary says. */
export interface Info {
  readonly version: MetainfoVersion
  readonly name: string
  readonly geometry: Geometry
  readonly files: readonly MetainfoFile[]
  /** Same order as `files`, with raw paths. */
  readonly listed: readonly ListedFile[]
  readonly isMultiFile: boolean
  readonly pieceHashes?: Uint8Array
  readonly private: boolean
  readonly source?: string
}

/** What reading needs to know beside the dictionary. */
export interface InfoOptions {
  readonly limits: Required<MetainfoLimits>
  readonly paths: PathRules
  /** The encoded value of `files` (v1), which is kept apart from the dictionary. */
  readonly fileList: Uint8Array | undefined
  /** Names the torrent when nothing of its own name can be kept. */
  readonly fallbackName: string
}

/** @throws InputError with a `TORRENT_` code, see `parseTorrent` */
export function readInfo(info: BencodeDict, options: InfoOptions): Info {
  const { limits } = options
  const version = readVersion(info)
  const rawName = bytesAt(info, 'name.utf-8') ?? bytesAt(info, 'name')
  if (rawName === undefined) throw new InputError('TORRENT_NAME', 'the torrent has no name')
  const pieceLength = integerAt(info, 'piece length', { min: 1, max: limits.maxPieceLength })
  if (pieceLength === undefined) {
    throw new InputError('TORRENT_PIECE_LENGTH', `the piece length is not in 1 … ${limits.maxPieceLength}`)
  }
  const { files: listed, isMultiFile } = readFiles(info, version, rawName, pieceLength, options)
  const geometry = makeGeometry(version, pieceLength, listed, limits)
  if (geometry.length === 0) throw new InputError('TORRENT_EMPTY', 'the torrent has no data')
  const pieceHashes = version === 'v2' ? undefined : readPieceHashes(info, geometry)
  const name = safeName(rawName, options.paths) ?? options.fallbackName
  const source = textAt(info, 'source', { max: 65_536 })
  return {
    version,
    name,
    geometry,
    files: makeFiles(listed, name, isMultiFile, options),
    listed,
    isMultiFile,
    ...(pieceHashes && { pieceHashes }),
    private: (integerAt(info, 'private') ?? 0) !== 0,
    ...(source !== undefined && { source }),
  }
}

function readVersion(info: BencodeDict): MetainfoVersion {
  const version = info.get('meta version') ?? 1
  if (version === 2) return info.has('pieces') ? 'hybrid' : 'v2'
  if (version === 1) return 'v1'
  throw new InputError('TORRENT_VERSION', 'a meta version other than 1 and 2')
}

function readFiles(
  info: BencodeDict,
  version: MetainfoVersion,
  name: Uint8Array,
  pieceLength: number,
  { limits, fileList }: InfoOptions,
): FileList {
  if (version === 'v1') return readV1Files(info, fileList, name, limits.maxFiles)
  // The tree is in UTF-8 and knows no `name.utf-8`.
  const treeName = bytesAt(info, 'name') ?? name
  const tree = readFileTree(info, treeName, limits)
  if (version === 'v2') return tree
  return mergeHybrid(readV1Files(info, fileList, treeName, limits.maxFiles), tree, pieceLength)
}

/** Errors of the geometry are errors of the torrent here: `PIECE_COUNT` becomes `TORRENT_PIECE_COUNT`, and so on. */
function makeGeometry(
  version: MetainfoVersion,
  pieceLength: number,
  files: readonly ListedFile[],
  limits: Required<MetainfoLimits>,
): Geometry {
  const caps = { pieces: limits.maxPieces, pieceLength: limits.maxPieceLength, blockLength: 128 * 1024 }
  try {
    return new Geometry(version, pieceLength, files, caps)
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    throw new InputError(`TORRENT_${error.code}`, error.message, { cause: error })
  }
}

function readPieceHashes(info: BencodeDict, geometry: Geometry): Uint8Array {
  const hashes = bytesAt(info, 'pieces')
  if (hashes === undefined || hashes.length % 20 !== 0) {
    throw new InputError('TORRENT_PIECES', 'pieces is no row of hashes of 20 bytes')
  }
  if (hashes.length / 20 !== geometry.pieceCount) {
    const found = hashes.length / 20
    throw new InputError('TORRENT_PIECE_COUNT', `${found} hashes for ${geometry.pieceCount} pieces`)
  }
  return hashes
}

function makeFiles(
  listed: readonly ListedFile[],
  name: string,
  isMultiFile: boolean,
  options: InfoOptions,
): readonly MetainfoFile[] {
  const { maxPathDepth: maxDepth, maxRenames } = options.limits
  const rules: SafePathOptions = { rules: options.paths, maxDepth, maxRenames }
  const paths = new SafePaths(isMultiFile ? name : undefined, rules)
  const pathOf = (file: ListedFile) => (isMultiFile ? paths.add(namesOf(file.elements)) : name)
  const made = listed.map((file) => (file.pad ? '' : pathOf(file)))
  const root = isMultiFile ? name : undefined
  return listed.map((file, index) => {
    // Padding is named here and last, so that it never takes a name from a file: many torrents use one name for all of it.
    const path = file.pad ? paths.add(['.pad', String(index)]) : (made[index] as string)
    return makeFile(file, index, path, root, rules)
  })
}

function makeFile(
  file: ListedFile,
  index: number,
  path: string,
  root: string | undefined,
  rules: SafePathOptions,
): MetainfoFile {
  const { length, pad, executable, hidden, piecesRoot, mtime } = file
  const made = { index, path, length, pad, executable, hidden }
  if (file.symlink === undefined && piecesRoot === undefined && mtime === undefined) return made
  return {
    ...made,
    ...(file.symlink && { symlink: safeTarget(file.symlink, root, rules) }),
    ...(piecesRoot && { piecesRoot }),
    ...(mtime !== undefined && { mtime }),
  }
}

/** Names as `SafePaths` takes them: text where latin1 and UTF-8 are the same, bytes where they may not be. */
function namesOf(elements: readonly string[]): readonly (Uint8Array | string)[] {
  return elements.every(isAscii) ? elements : elements.map((name) => (isAscii(name) ? name : fromLatin1(name)))
}

function isAscii(name: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return /^[\u0000-\u007f]*$/.test(name)
}

/** The target of a link (BEP 47: relative to the torrent's root). What would leave the root is refused, not bent. */
function safeTarget(target: readonly string[], root: string | undefined, rules: SafePathOptions): string {
  const leaves = target.some(
    (name) => name === '' || name === '.' || name === '..' || /[/\\\0]/.test(name) || /^[a-z]:$/i.test(name),
  )
  if (leaves || root === undefined) {
    const shown = target
      .map((name) => toHex(fromLatin1(name)))
      .join('/')
      .slice(0, 200)
    throw new InputError('TORRENT_SYMLINK', `a symbolic link leaves the torrent (hex ${shown})`)
  }
  return [root, ...safeElements(namesOf(target), rules)].join('/')
}
