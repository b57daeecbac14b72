// What a .torrent says, checked. Everything here has been through the parser's caps: lengths fit, the pieces match the
// lengths exactly, and every path is relative, portable and inside the torrent's own root. Raw names are not kept.

import type { BencodeLimits } from '@torrential/bencode'
import type { Geometry, GeometryKind, InfoHash, InfoHashV2 } from '@torrential/primitives'

/** `hybrid` is v1 and v2 in one info dictionary (BEP 52). */
export type MetainfoVersion = GeometryKind

/** One file, padding included: the same index as in `geometry.files`. */
export interface MetainfoFile {
  readonly index: number
  /** Safe relative path with `/` and the torrent's name as first element (single-file torrents: the name). Unique. */
  readonly path: string
  /** bytes */
  readonly length: number
  /** Zeros that only align the next file (BEP 47): never stored, never shown. */
  readonly pad: boolean
  readonly executable: boolean
  readonly hidden: boolean
  /** A symbolic link (BEP 47) to this path, which is written like `path` and stays inside the torrent. */
  readonly symlink?: string
  /** v2 and hybrid: merkle root of the file, 32 bytes; absent for empty files (BEP 52). */
  readonly piecesRoot?: Uint8Array
  /** Unix seconds of the last change, where the torrent says so. */
  readonly mtime?: number
}

/** A DHT node to start from (BEP 5). The host is an IP literal or a name, as it came. */
export interface DhtNode {
  readonly host: string
  readonly port: number
}

/** A torrent. Byte arrays are views of the input: do not change them. */
export interface Metainfo {
  readonly version: MetainfoVersion
  /** Safe file name: of the one file, or of the directory that holds all of them. */
  readonly name: string
  /** 20 bytes that name the swarm: the v1 infohash, or the v2 infohash cut short (BEP 52). */
  readonly infoHash: InfoHash
  /** v1 and hybrid. */
  readonly infoHashV1?: InfoHash
  /** v2 and hybrid. */
  readonly infoHashV2?: InfoHashV2
  readonly geometry: Geometry
  readonly files: readonly MetainfoFile[]
  /** False when `files` is one file that lies beside, not inside, a directory of the torrent's name. */
  readonly isMultiFile: boolean
  /** Bytes of all files, padding not counted. */
  readonly length: number
  /** v1 and hybrid: 20 bytes of SHA-1 for each piece. */
  readonly pieceHashes?: Uint8Array
  /**
   * v2 and hybrid: hashes of the pieces of each file longer than a piece, 32 bytes each, by pieces root in latin1. They have
   * been checked against the root. Empty for v1.
   */
  readonly pieceLayers: ReadonlyMap<string, Uint8Array>
  /** BEP 27 */
  readonly private: boolean
  /** Tiers (BEP 12) of http, https, udp, ws and wss URLs; what is no such URL has been left out. */
  readonly trackers: readonly (readonly string[])[]
  /** BEP 19 */
  readonly webSeeds: readonly string[]
  /** BEP 17 */
  readonly httpSeeds: readonly string[]
  /** BEP 5 */
  readonly nodes: readonly DhtNode[]
  /**
   * BEP 38: infohashes of torrents that have files in common with this one, 20 (v1) or 32 bytes (v2). A hint: files of them that
   * are there already need not be downloaded again.
   */
  readonly similar: readonly Uint8Array[]
  /** BEP 38: names of collections; torrents that name the same one have files in common. */
  readonly collections: readonly string[]
  readonly comment?: string
  readonly createdBy?: string
  /** Unix seconds. */
  readonly creationDate?: number
  /** The `source` tag of the info dictionary. */
  readonly source?: string
  /** The info dictionary, byte for byte: what the infohashes are over. */
  readonly infoBytes: Uint8Array
  /** The whole .torrent. */
  readonly bytes: Uint8Array
  /** By which rules `files` got their paths. */
  readonly pathRules: PathRules
}

/** Caps on a .torrent. */
export interface MetainfoLimits extends BencodeLimits {
  /** Bytes of the whole file. @default 10,000,000 */
  readonly maxLength?: number
  /** Padding included. @default 250,000: each file costs about a kilobyte of memory in all, whatever its size is */
  readonly maxFiles?: number
  /** @default 2,097,152 */
  readonly maxPieces?: number
  /** bytes @default 512 MiB */
  readonly maxPieceLength?: number
  /** Elements in a path. @default 100 */
  readonly maxPathDepth?: number
  /** New names tried for paths that collide. @default 500 */
  readonly maxRenames?: number
  /** Trackers, and as many web seeds, HTTP seeds, nodes, similar torrents and collections each; the rest is left out. @default 1,000 */
  readonly maxUrls?: number
}

/** Defaults of `MetainfoLimits`: the figures that libtorrent uses, where it has one. */
export const METAINFO_LIMITS: Required<MetainfoLimits> = {
  maxLength: 10_000_000,
  maxDepth: 100,
  maxTokens: 3_000_000,
  maxFiles: 250_000,
  maxPieces: 2_097_152,
  maxPieceLength: 512 * 1024 * 1024,
  maxPathDepth: 100,
  maxRenames: 500,
  maxUrls: 1000,
}

/** `portable`: valid on every system. `posix`: only what is unsafe anywhere is changed. */
export type PathRules = 'portable' | 'posix'

/** How a .torrent is read. */
export interface ParseOptions {
  readonly limits?: MetainfoLimits
  /**
   * `portable` makes names that Windows and macOS can hold too: no `: ? * < > | "`, no reserved names, no trailing dots or
   * spaces, nothing that differs by case only. `posix` keeps those, for systems where files with such names exist.
   * @default 'portable'
   */
  readonly paths?: PathRules
  /** Accept v2 files longer than a piece without their piece layer. @default false */
  readonly allowMissingPieceLayers?: boolean
}
