import type { AbortOptions, PieceIndex } from '@torrential/primitives'

/** A piece's hash that is fed as its bytes arrive, in order from offset 0. */
export interface RunningHash {
  update(bytes: Uint8Array): void
  /** True when what was fed is the piece. Call once. */
  matches(): boolean
}

/** How a piece is hashed, as plain data. */
export interface HashMethod {
  /** SHA-1 of the piece (v1), or the merkle root over the SHA-256 of its blocks of 16 KiB (v2, BEP 52). */
  readonly kind: 'sha1' | 'merkle-sha256'
  /** Of the piece's padded tree, a power of two; without meaning for `sha1`. */
  readonly leaves: number
}

/** Knows what each piece must hash to (v1: SHA-1 of the piece; v2: the piece's merkle root). */
export interface PieceVerifier {
  /** `blocks` are the whole piece, in order. */
  verify(piece: PieceIndex, blocks: readonly Uint8Array[]): boolean
  begin(piece: PieceIndex): RunningHash
  /** For whoever hashes the piece elsewhere and asks `isDigest` then. */
  methodOf(piece: PieceIndex): HashMethod
  /** Whether this is the digest that the piece must have: 20 or 32 bytes. */
  isDigest(piece: PieceIndex, digest: Uint8Array): boolean
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
