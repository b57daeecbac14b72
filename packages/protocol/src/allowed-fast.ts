// The allowed-fast set (BEP 6): pieces that a choked peer may still request, derived from its address so that reconnecting
// gives no new ones.

import { createHash } from 'node:crypto'
import { concatBytes, type InfoHash, InputError, type PieceIndex, readUint32 } from '@torrential/primitives'
import { encodeHost } from './compact-host.ts'

/** More is never useful, and the search for the last pieces of a small torrent would take long. */
const MOST = 100

/**
 * `size` different piece numbers (all pieces when there are fewer) in the order of the specification's algorithm. Empty for
 * IPv6, which BEP 6 does not define it for.
 *
 * @param host the peer's IP address
 * @param size how many, 0 … 100
 * @throws InputError `ADDRESS_HOST` when `host` is no IP address, `OPTION_RANGE` for a wrong `pieceCount` or `size`
 */
export function allowedFastSet(host: string, infoHash: InfoHash, pieceCount: number, size: number): PieceIndex[] {
  if (!Number.isInteger(size) || size < 0 || size > MOST) throw new InputError('OPTION_RANGE', `size is ${size}`)
  if (!Number.isInteger(pieceCount) || pieceCount < 1 || pieceCount > 2 ** 32) {
    throw new InputError('OPTION_RANGE', `pieceCount is ${pieceCount}`)
  }
  const address = encodeHost(host)
  if (address.length !== 4) return []
  // Peers of one /24 share a set: whoever has a network full of addresses gains nothing.
  let hash: Uint8Array = concatBytes([address.subarray(0, 3), new Uint8Array(1), infoHash])
  const pieces = new Set<number>()
  const wanted = Math.min(size, pieceCount)
  while (pieces.size < wanted) {
    hash = createHash('sha1').update(hash).digest()
    for (let at = 0; at < 20 && pieces.size < wanted; at += 4) pieces.add(readUint32(hash, at) % pieceCount)
  }
  return [...pieces] as PieceIndex[]
}
