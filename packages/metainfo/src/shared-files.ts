// Which files of one torrent are also in another (BEP 38): what a client that has the other need not download again.
//
// Of v2 and hybrid torrents the pieces root says so for certain. Otherwise the hashes of the pieces that lie wholly inside both
// files do, where both torrents cut them alike, and at last the name; all of those are guesses, which a check has to confirm.

import { equalBytes } from '@torrential/primitives'
import type { Metainfo, MetainfoFile } from './metainfo.ts'

/** A file that two torrents have in common. */
export interface SharedFile {
  /** Index in the files of the first torrent. */
  readonly file: number
  /** Index in the files of the second torrent. */
  readonly other: number
  /** `root`: the same content for certain. `pieces`, `name`: probably. */
  readonly by: 'root' | 'pieces' | 'name'
}

/** Bytes of an infohash as peers and trackers see it. */
const SHORT = 20

/** Whether one of two torrents says that they have files in common: it names the other, or both name one collection (BEP 38). */
export function areRelated(a: Metainfo, b: Metainfo): boolean {
  if (names(a, b) || names(b, a)) return true
  return a.collections.some((name) => b.collections.includes(name))
}

/** Files with bytes that `mine` and `theirs` have in common, each of `mine` once at most, in its order; links and padding are left out. */
export function sharedFiles(mine: Metainfo, theirs: Metainfo): SharedFile[] {
  const byLength = new Map<number, MetainfoFile[]>()
  for (const file of theirs.files) {
    if (!hasBytes(file)) continue
    const alike = byLength.get(file.length)
    if (alike === undefined) byLength.set(file.length, [file])
    else alike.push(file)
  }
  const shared: SharedFile[] = []
  for (const file of mine.files) {
    const match = hasBytes(file) && bestOf(mine, file, theirs, byLength.get(file.length) ?? [])
    if (match) shared.push(match)
  }
  return shared
}

function names(a: Metainfo, b: Metainfo): boolean {
  return a.similar.some((hash) => {
    const known = hash.length === SHORT ? [b.infoHashV1, b.infoHashV2?.subarray(0, SHORT)] : [b.infoHashV2]
    return known.some((each) => each !== undefined && equalBytes(hash, each))
  })
}

function hasBytes(file: MetainfoFile): boolean {
  return file.length > 0 && !file.pad && file.symlink === undefined
}

const ranks = ['root', 'pieces', 'name'] as const

function bestOf(
  mine: Metainfo,
  file: MetainfoFile,
  theirs: Metainfo,
  candidates: readonly MetainfoFile[],
): SharedFile | undefined {
  const found = candidates.map((other) => ({
    file: file.index,
    other: other.index,
    by: likeness(mine, file, theirs, other),
  }))
  const best = ranks.map((rank) => found.find(({ by }) => by === rank)).find((match) => match !== undefined)
  return best as SharedFile | undefined
}

function likeness(
  mine: Metainfo,
  file: MetainfoFile,
  theirs: Metainfo,
  other: MetainfoFile,
): SharedFile['by'] | undefined {
  if (file.piecesRoot !== undefined && other.piecesRoot !== undefined) {
    return equalBytes(file.piecesRoot, other.piecesRoot) ? 'root' : undefined
  }
  const a = innerHashes(mine, file.index)
  const b = innerHashes(theirs, other.index)
  if (a !== undefined && b !== undefined && a.cut === b.cut)
    return equalBytes(a.hashes, b.hashes) ? 'pieces' : undefined
  return nameOf(file) === nameOf(other) ? 'name' : undefined
}

/** Hashes of the pieces that have bytes of this file only, and how the file is cut into pieces. */
function innerHashes(
  metainfo: Metainfo,
  file: number,
): { readonly cut: string; readonly hashes: Uint8Array } | undefined {
  const { geometry, pieceHashes } = metainfo
  const extent = geometry.files[file]
  if (pieceHashes === undefined || extent === undefined) return undefined
  const { pieceLength } = geometry
  const first = Math.ceil(extent.start / pieceLength)
  const end = Math.floor((extent.start + extent.length) / pieceLength)
  if (end <= first) return undefined
  const cut = `${pieceLength} ${extent.start % pieceLength}`
  return { cut, hashes: pieceHashes.subarray(first * SHORT, end * SHORT) }
}

function nameOf(file: MetainfoFile): string {
  return file.path.slice(file.path.lastIndexOf('/') + 1)
}
