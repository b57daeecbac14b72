// The info dictionary of a new torrent. Which keys there are, and how attributes are spelled, is as libtorrent writes it, so
// that the same files give the same infohash: `attr` is left out when it would be empty, a link has a length in the v1 list
// but none in the v2 tree, and an empty file has no root.

import type { Encodable } from '@torrential/bencode'
import { BLOCK_LENGTH, fromUtf8, type Geometry, toLatin1 } from '@torrential/primitives'
import type { ArrangedFile } from './arrange-files.ts'
import { HASH_LENGTH, merkleRoot } from './merkle.ts'
import type { TorrentInput, TorrentInputFile } from './torrent-input.ts'

type Fields = { readonly [key: string]: Encodable | undefined }
type Tree = Map<string, Encodable>

/** The two parts of a .torrent that hold hashes. */
export interface BuiltInfo {
  readonly info: Fields
  /** v2 and hybrid: by pieces root in latin1, for each file longer than a piece. */
  readonly pieceLayers: ReadonlyMap<string, Uint8Array>
}

/** `arranged` are the files of a checked `input` in order, with padding; `geometry` is theirs. */
export function buildInfo(
  input: TorrentInput,
  arranged: readonly ArrangedFile<TorrentInputFile>[],
  geometry: Geometry,
): BuiltInfo {
  const pieceLayers = new Map<string, Uint8Array>()
  const { version = 'v1', similar = [], collections = [] } = input
  const common: Fields = {
    name: input.name,
    'piece length': input.pieceLength,
    private: input.private === true ? 1 : undefined,
    source: input.source,
    similar: similar.length > 0 ? similar : undefined,
    collections: collections.length > 0 ? collections : undefined,
  }
  const v1: Fields = version === 'v2' ? {} : { ...listFiles(input, arranged), pieces: input.pieceHashes }
  if (version === 'v1') return { info: { ...common, ...v1 }, pieceLayers }
  const tree = buildTree(input, arranged, geometry, pieceLayers)
  return { info: { ...common, ...v1, 'file tree': tree, 'meta version': 2 }, pieceLayers }
}

function listFiles(input: TorrentInput, arranged: readonly ArrangedFile<TorrentInputFile>[]): Fields {
  const [only] = input.files
  if (!input.multiFile) return { attr: only && attributes(only), length: only?.length }
  const files = arranged.map(({ file, path, length }): Fields => {
    if (file === undefined) return { attr: 'p', length, path }
    return { attr: attributes(file), length, path, 'symlink path': file.symlink }
  })
  return { files }
}

function buildTree(
  input: TorrentInput,
  arranged: readonly ArrangedFile<TorrentInputFile>[],
  geometry: Geometry,
  pieceLayers: Map<string, Uint8Array>,
): Tree {
  const root: Tree = new Map()
  for (const [index, { file }] of arranged.entries()) {
    if (file === undefined) continue
    const path = input.multiFile ? file.path : [input.name]
    let node = root
    for (const element of path) node = enter(node, toLatin1(fromUtf8(element)))
    node.set('', buildLeaf(file, rootsOf(input, geometry, index), geometry.pieceLength, pieceLayers))
  }
  return root
}

function enter(node: Tree, key: string): Tree {
  const known = node.get(key)
  if (known instanceof Map) return known
  const inner: Tree = new Map()
  node.set(key, inner)
  return inner
}

/** Merkle roots of the pieces of a file. */
function rootsOf({ pieceRoots = new Uint8Array() }: TorrentInput, geometry: Geometry, index: number): Uint8Array {
  const { start, end } = geometry.piecesOf(index)
  return pieceRoots.subarray(start * HASH_LENGTH, end * HASH_LENGTH)
}

function buildLeaf(
  file: TorrentInputFile,
  roots: Uint8Array,
  pieceLength: number,
  pieceLayers: Map<string, Uint8Array>,
): Fields {
  const attr = attributes(file)
  if (file.symlink !== undefined) return { attr, 'symlink path': file.symlink }
  if (file.length === 0) return { attr, length: 0 }
  // The tree of a file that fits into one piece is only as wide as the file needs, and so is the digest of its piece.
  const piecesRoot = file.length <= pieceLength ? roots : merkleRoot(roots, Math.log2(pieceLength / BLOCK_LENGTH))
  if (file.length > pieceLength) pieceLayers.set(toLatin1(piecesRoot), roots)
  return { attr, length: file.length, 'pieces root': piecesRoot }
}

function attributes({ hidden, executable, symlink }: TorrentInputFile): string | undefined {
  const letters = `${hidden === true ? 'h' : ''}${executable === true ? 'x' : ''}${symlink === undefined ? '' : 'l'}`
  return letters === '' ? undefined : letters
}
