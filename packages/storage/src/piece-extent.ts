import type { FileExtent, Geometry, PieceIndex } from '@torrential/primitives'

/** A run of bytes of a piece, where it lies. */
export interface PieceExtent {
  /** Absolute; `undefined` for padding, which is zeros. */
  readonly path: string | undefined
  /** Where the run starts in that file. */
  readonly position: number
  /** bytes */
  readonly length: number
}

type PieceExtents = readonly PieceExtent[] | undefined

/** A look at what is on disk, good for one recheck: each file is examined once. */
export interface PieceSurvey {
  /**
   * The runs of a piece, in order, gapless; `undefined` when some of its bytes cannot be there. A promise only where the disk has to
   * be asked, once for each file: a torrent of a million missing pieces takes no time.
   */
  locate(piece: PieceIndex): PieceExtents | Promise<PieceExtents>
}

/** Something that can say where the bytes of its pieces lie, so that they can be hashed without passing through it. */
export interface PieceLayout {
  readonly geometry: Geometry
  survey(): PieceSurvey
}

/** The file that a byte of the piece space lies in, by its index in `Geometry.files`. */
export function extentOf(geometry: Geometry, file: number): FileExtent {
  return geometry.files[file] as FileExtent
}

/** Every piece of a torrent, ascending. */
export function* allPieces(geometry: Geometry): Generator<PieceIndex, void, undefined> {
  for (let index = 0; index < geometry.pieceCount; index++) yield geometry.piece(index) as PieceIndex
}
