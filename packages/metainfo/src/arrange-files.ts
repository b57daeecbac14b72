// The order of a new torrent's files and the padding between them.
//
//   v1      as given, no padding;
//   v2      the order of the file tree: raw bytes of one element after the other. This is not the order of the joined paths:
//           `a/x` comes before `a.b` here, although `/` comes after `.`;
//   hybrid  the same order, and behind each file that does not end on a piece padding to the end of the piece, behind the last
//           file too (BEP 52; libtorrent since 2.0.8). A torrent of one file in all has none.
//
// Padding is called `.pad/<length>` as everywhere; several of the same length share a name, which readers know (BEP 47).

import { compareBytes, fromUtf8 } from '@torrential/primitives'
import type { MetainfoVersion } from './metainfo.ts'

/** A file at its place, or padding. */
export interface ArrangedFile<File> {
  /** `undefined` for padding. */
  readonly file: File | undefined
  readonly path: readonly string[]
  /** bytes */
  readonly length: number
  readonly pad: boolean
}

/** What `arrangeFiles` needs to know of a file. */
export interface ArrangeableFile {
  readonly path: readonly string[]
  /** bytes */
  readonly length: number
}

/** The files of a new torrent as it lists them; hashing goes by this. */
export function arrangeFiles<File extends ArrangeableFile>(
  files: readonly File[],
  { version, pieceLength }: { readonly version: MetainfoVersion; readonly pieceLength: number },
): readonly ArrangedFile<File>[] {
  const arranged: ArrangedFile<File>[] = []
  for (const file of version === 'v1' ? files : inTreeOrder(files)) {
    arranged.push({ file, path: file.path, length: file.length, pad: false })
    const surplus = file.length % pieceLength
    if (version !== 'hybrid' || surplus === 0 || files.length === 1) continue
    const length = pieceLength - surplus
    arranged.push({ file: undefined, path: ['.pad', String(length)], length, pad: true })
  }
  return arranged
}

function inTreeOrder<File extends ArrangeableFile>(files: readonly File[]): readonly File[] {
  const keyed = files.map((file) => ({ file, elements: file.path.map((element) => fromUtf8(element)) }))
  return keyed.sort((a, b) => compareElements(a.elements, b.elements)).map(({ file }) => file)
}

function compareElements(a: readonly Uint8Array[], b: readonly Uint8Array[]): number {
  for (const [i, element] of a.entries()) {
    const other = b[i]
    if (other === undefined) return 1
    const order = compareBytes(element, other)
    if (order !== 0) return order
  }
  return a.length - b.length
}
