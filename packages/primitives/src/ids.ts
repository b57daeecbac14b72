// Identifiers as branded values, so that a piece index from the wire or a hash of the wrong length cannot be passed on by
// accident. The brands exist at compile time only; at run time these are plain numbers and Uint8Arrays.

import { InputError } from './errors.ts'
import type { Random } from './random.ts'

declare const brand: unique symbol
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name }

/** 20 bytes: SHA-1 of the info dictionary (BEP 3), or the first 20 bytes of a v2 infohash where the protocol truncates (BEP 52). */
export type InfoHash = Branded<Uint8Array, 'InfoHash'>
/** 32 bytes: SHA-256 of the info dictionary (BEP 52). */
export type InfoHashV2 = Branded<Uint8Array, 'InfoHashV2'>
/** 20 bytes that name a client instance (BEP 20). */
export type PeerId = Branded<Uint8Array, 'PeerId'>
/** A piece that exists in one torrent: only `Geometry` makes these. */
export type PieceIndex = Branded<number, 'PieceIndex'>
/** Names one connection within one torrent. Never reused while the torrent lives. */
export type PeerKey = Branded<number, 'PeerKey'>

/** `bytes` itself, not a copy. @throws InputError `INFOHASH_LENGTH` unless it has 20 bytes */
export function infoHashFrom(bytes: Uint8Array): InfoHash {
  return exactly(bytes, 20, 'INFOHASH_LENGTH', 'infohash') as InfoHash
}

/** `bytes` itself, not a copy. @throws InputError `INFOHASH_LENGTH` unless it has 32 bytes */
export function infoHashV2From(bytes: Uint8Array): InfoHashV2 {
  return exactly(bytes, 32, 'INFOHASH_LENGTH', 'v2 infohash') as InfoHashV2
}

/** The 20 bytes that stand for a v2 torrent in handshakes, trackers and the DHT (BEP 52). */
export function truncateInfoHash(hash: InfoHashV2): InfoHash {
  return hash.subarray(0, 20) as InfoHash
}

/** `bytes` itself, not a copy. @throws InputError `PEER_ID_LENGTH` unless it has 20 bytes */
export function peerIdFrom(bytes: Uint8Array): PeerId {
  return exactly(bytes, 20, 'PEER_ID_LENGTH', 'peer id') as PeerId
}

/**
 * A new peer id: `prefix` (Azureus style, BEP 20) and random letters and digits.
 * @throws InputError `PEER_ID_PREFIX` unless the prefix is at most 20 printable ASCII characters
 */
export function createPeerId(random: Random, prefix = '-TO0010-'): PeerId {
  const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
  if (!/^[ -~]{0,20}$/.test(prefix)) {
    throw new InputError('PEER_ID_PREFIX', `not a peer id prefix: ${JSON.stringify(prefix.slice(0, 80))}`)
  }
  const id = new Uint8Array(20)
  for (let i = 0; i < 20; i++) {
    id[i] = i < prefix.length ? prefix.charCodeAt(i) : alphabet.charCodeAt(Math.floor(random.next() * alphabet.length))
  }
  return id as PeerId
}

function exactly(bytes: Uint8Array, length: number, code: string, what: string): Uint8Array {
  if (bytes.length !== length) throw new InputError(code, `a ${what} has ${length} bytes, not ${bytes.length}`)
  return bytes
}
