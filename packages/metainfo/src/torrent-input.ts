// What a new torrent is made of.

import type { MetainfoVersion } from './metainfo.ts'

/** A file of a new torrent; padding is not among them. */
export interface TorrentInputFile {
  /** Path below the torrent's root, in elements. Ignored for a single file, whose name is the torrent's. */
  readonly path: readonly string[]
  /** bytes; 0 for a symbolic link */
  readonly length: number
  /** BEP 47 @default false */
  readonly executable?: boolean
  /** BEP 47 @default false */
  readonly hidden?: boolean
  /** BEP 47: a symbolic link to this path, which is below the torrent's root as `path` is. */
  readonly symlink?: readonly string[]
}

/** What the maker of a torrent may put into it beside the data. */
export interface TorrentFields {
  /** Tiers of URLs (BEP 12). @default none */
  readonly trackers?: readonly (readonly string[])[]
  /** BEP 19 */
  readonly webSeeds?: readonly string[]
  /** BEP 27 @default false */
  readonly private?: boolean
  readonly comment?: string
  readonly createdBy?: string
  /** Unix seconds. @default none */
  readonly creationDate?: number
  /** Goes into the info dictionary: the same data with another `source` is another torrent. */
  readonly source?: string
  /** BEP 38: infohashes of torrents that have files in common with this one, 20 (v1) or 32 bytes (v2) each. In the info dictionary. */
  readonly similar?: readonly Uint8Array[]
  /** BEP 38: names of collections; torrents of one collection have files in common. In the info dictionary. */
  readonly collections?: readonly string[]
}

/** Everything that a new torrent is made of. */
export interface TorrentInput extends TorrentFields {
  /** @default 'v1' */
  readonly version?: MetainfoVersion
  readonly name: string
  /** Exactly one unless `multiFile`. v1 keeps their order; v2 and hybrid have the order of `arrangeFiles`. */
  readonly files: readonly TorrentInputFile[]
  /** True when `files` lie in a directory called `name`. */
  readonly multiFile: boolean
  /** bytes; for v2 and hybrid a power of two from 16 KiB */
  readonly pieceLength: number
  /** v1 and hybrid: SHA-1 of each piece, 20 bytes each, padding of `arrangeFiles` included. */
  readonly pieceHashes?: Uint8Array
  /** v2 and hybrid: merkle root of each piece, 32 bytes each: the `merkle-sha256` digests of `DigestPlan`. */
  readonly pieceRoots?: Uint8Array
}
