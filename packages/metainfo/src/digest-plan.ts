// What each piece must hash to, and how, as plain data: it survives a message to a worker, and a worker needs nothing else to
// hash pieces. Two kinds:
//   sha1           one SHA-1 over the piece's bytes, padding included (v1);
//   merkle-sha256  SHA-256 of each 16 KiB block of the piece, the last one as short as it is; then 32 zero bytes for each
//                  block that is missing up to `leafCounts[piece]`; then pairs are hashed until one hash is left (BEP 52).
// A hybrid torrent is checked by its SHA-1 hashes: they are always there (piece layers may not be), they cover exactly the
// bytes that storage sees, and a v1 peer of the same swarm checks the same.

import { BLOCK_LENGTH, type Geometry, InputError, type PieceIndex, toLatin1 } from '@torrential/primitives'
import { HASH_LENGTH, powerOfTwoFrom } from './merkle.ts'
import type { Metainfo } from './metainfo.ts'

/** Structured-cloneable. */
export interface DigestPlan {
  readonly kind: 'sha1' | 'merkle-sha256'
  /** 20 or 32 bytes. */
  readonly digestLength: number
  /** `digestLength` bytes for each piece, one behind the other. */
  readonly digests: Uint8Array
  /** `merkle-sha256` only: leaves of each piece's padded tree, powers of two; otherwise empty. */
  readonly leafCounts: Uint32Array
}

/**
 * @param kind `sha1` is for v1 and hybrid, `merkle-sha256` for v2 and hybrid @default `sha1` where there is one
 * @throws InputError `TORRENT_PIECE_LAYER_MISSING` when a piece layer is missing (only with `allowMissingPieceLayers`),
 * `TORRENT_VERSION` when the torrent has no digests of that kind
 */
export function digestPlan(metainfo: Metainfo, kind?: DigestPlan['kind']): DigestPlan {
  const { pieceHashes, version } = metainfo
  if ((kind === 'sha1' && version === 'v2') || (kind === 'merkle-sha256' && version === 'v1')) {
    throw new InputError('TORRENT_VERSION', `a ${version} torrent has no ${kind} digests`)
  }
  if (pieceHashes !== undefined && kind !== 'merkle-sha256') {
    return { kind: 'sha1', digestLength: 20, digests: pieceHashes, leafCounts: new Uint32Array() }
  }
  const { geometry, files, pieceLayers } = metainfo
  const digests = new Uint8Array(geometry.pieceCount * HASH_LENGTH)
  for (const { index, length, piecesRoot } of files) {
    if (piecesRoot === undefined) continue
    const layer = length <= geometry.pieceLength ? piecesRoot : pieceLayers.get(toLatin1(piecesRoot))
    if (layer === undefined) {
      throw new InputError('TORRENT_PIECE_LAYER_MISSING', `the piece layer of file ${index} is missing`)
    }
    digests.set(layer, geometry.piecesOf(index).start * HASH_LENGTH)
  }
  return { kind: 'merkle-sha256', digestLength: HASH_LENGTH, digests, leafCounts: merkleLeafCounts(geometry) }
}

/** Leaves of the padded tree of each piece of a v2 or hybrid torrent: powers of two. */
export function merkleLeafCounts(geometry: Geometry): Uint32Array {
  const leafCounts = new Uint32Array(geometry.pieceCount)
  for (const [index, { length, pad }] of geometry.files.entries()) {
    if (pad) continue
    const { start, end } = geometry.piecesOf(index)
    // The tree of a file that fits into one piece is only as wide as the file needs: its root is the piece's digest.
    const blocks = Math.ceil(Math.min(length, geometry.pieceLength) / BLOCK_LENGTH)
    leafCounts.fill(powerOfTwoFrom(blocks), start, end)
  }
  return leafCounts
}

/** The digest that `piece` must have: a view into the plan. */
export function expectedDigest(plan: DigestPlan, piece: PieceIndex): Uint8Array {
  return plan.digests.subarray(piece * plan.digestLength, (piece + 1) * plan.digestLength)
}
