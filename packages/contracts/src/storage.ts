import type { AbortOptions, PieceIndex } from '@torrential/primitives'

/**
 * Where the bytes of one torrent live. Ranges have come through `Geometry`, so they are valid. Padding (BEP 47) reads as
 * zeros and is never stored. Calls may overlap; writes to overlapping ranges are the caller's to order.
 * Every failure is a StorageError: `ENOSPC`, `EACCES`, … (the system's code), `SHORT_READ` when the file is shorter than the
 * range, `FILE_MISSING`, `FILE_KIND` (a directory or a link in a file's place), `FILE_TOO_LONG` (an existing file is longer than
 * the torrent has it), `PATH_OUTSIDE` (a link leads out of the torrent's directory), `STORAGE_CLOSED`; `data.path` names the file,
 * `data.piece` the piece.
 */
export interface Storage extends AsyncDisposable {
  /** Exactly `length` bytes, never short. The caller owns the result. */
  read(piece: PieceIndex, offset: number, length: number, options?: ReadOptions): Promise<Uint8Array>
  /**
   * One gapless run that starts at `offset`, vectored: `blocks` are not copied and must not change until it resolves. It may go on in the
   * pieces behind this one, as long as those before its last are of the full length. When it fails, any part of it may be written.
   */
  write(piece: PieceIndex, offset: number, blocks: readonly Uint8Array[], options?: AbortOptions): Promise<void>
  /** Everything written so far survives a power cut once this resolves. */
  flush(options?: AbortOptions): Promise<void>
}

export interface ReadOptions extends AbortOptions {
  /** Memory that the storage may read into; what it returns is what counts. Not to be touched until it resolves. */
  readonly into?: ReadTarget
}

/** Memory of a caller that is to be read into. */
export interface ReadTarget {
  /** What the storage returns when it has filled all parts. */
  readonly bytes: Uint8Array
  /** Where the bytes go, in order; as long together as what is read. They need not lie in `bytes`. */
  readonly parts: readonly Uint8Array[]
}
