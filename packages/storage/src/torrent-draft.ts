// A torrent that is about to be hashed: its files in their order, with padding, and where on disk their bytes are.

import { arrangeFiles, type ArrangedFile, type MetainfoVersion } from '@torrential/metainfo'
import { Geometry, type PieceIndex } from '@torrential/primitives'
import type { PieceExtent, PieceLayout } from './piece-extent.ts'
import type { SourceTree, SourceTreeFile } from './source-tree.ts'

/** What of the options decides about the layout; see `CreateOptions`. */
export interface DraftOptions {
  readonly version?: MetainfoVersion
  readonly name?: string
  readonly attributes?: boolean
}

/** The torrent without its hashes. */
export interface TorrentDraft {
  readonly version: MetainfoVersion
  readonly pieceLength: number
  readonly name: string
  readonly files: readonly DraftFile[]
  /** The files in the torrent's order, with padding. */
  readonly arranged: readonly ArrangedFile<DraftFile>[]
  /** Of `arranged`. */
  readonly geometry: Geometry
}

/** A file of the torrent: a `TorrentInputFile` that knows where it is. */
export interface DraftFile {
  readonly source: SourceTreeFile
  readonly path: readonly string[]
  readonly length: number
  readonly executable: boolean
  readonly symlink?: readonly string[]
}

/** @throws InputError `PIECE_LENGTH`, `PIECE_COUNT`, `TOTAL_LENGTH` */
export function draftTorrent(tree: SourceTree, options: DraftOptions, pieceLength: number): TorrentDraft {
  const { version = 'hybrid', name = tree.name, attributes = true } = options
  const files = tree.files.map((source): DraftFile => {
    const { elements, length, executable, symlink } = source
    const path = tree.isDirectory ? elements : [name]
    return { source, path, length, executable: executable && attributes, ...(symlink && { symlink }) }
  })
  const arranged = arrangeFiles(files, { version, pieceLength })
  return { version, pieceLength, name, files, arranged, geometry: new Geometry(version, pieceLength, arranged) }
}

/** Where the pieces lie: each file is taken to be as long as it was when it was found. */
export function layoutOf({ arranged, geometry }: TorrentDraft): PieceLayout {
  const locate = (piece: PieceIndex): readonly PieceExtent[] =>
    Array.from(geometry.slices(piece, 0, geometry.lengthOf(piece)), ({ file, offset, length }) => ({
      path: arranged[file]?.file?.source.path,
      position: offset,
      length,
    }))
  return { geometry, survey: () => ({ locate }) }
}
