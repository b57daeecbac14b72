import type { AbortOptions, PieceIndex } from '@torrential/primitives'

/** A piece's hash that is fed as its bytes arrive, in order from offset 0. */
export interface RunningHash {
  update(bytes: Uint8Array): void
  /** True when what was fed is the piece. Call once. */
  matches(): boolean
}

/** Knows what each piece must hash to (v1: SHA-1 of the piece; v2: the piece's merkle root). */
export interface PieceVerifier {
  /** `blocks` are the whole piece, in order. */
  verify(piece: PieceIndex, blocks: readonly Uint8Array[]): boolean
  begin(piece: PieceIndex): RunningHash
}

/** The digest of a piece as it is on disk; `digest` is undefined when its bytes are not all there. */
export interface PieceHash {
  readonly piece: PieceIndex
  readonly digest: Uint8Array | undefined
}

/** Hashes pieces where they lie. Results come in any order. Leaving the loop stops the work. */
export interface PieceHasher {
  hash(pieces: Iterable<PieceIndex>, options?: AbortOptions): AsyncIterable<PieceHash>
}
