// Why a peer's connection is ended by us. Each code stands for one broken rule; `data` holds the numbers that broke it.

import { PeerError } from '@torrential/primitives'

/** Codes of the `PeerError` in a `close` action, and what they mean. */
const MEANINGS = {
  BITFIELD_LENGTH: 'sent a bitfield of the wrong length',
  BITFIELD_SPARE_BITS: 'set bits past the last piece in its bitfield',
  BITFIELD_OUT_OF_PLACE: 'said that it has all or none after it had shown its pieces',
  PIECE_OUT_OF_RANGE: 'named a piece that the torrent does not have',
  BLOCK_OUT_OF_RANGE: 'sent a block that is none of the torrent',
  BLOCK_UNREQUESTED: 'keeps sending blocks that nobody asked for',
  BLOCKS_WITHHELD: 'unchoked us and sent no block for too long',
  MESSAGE_FLOOD: 'says too much that is of no use to anybody',
  REQUEST_OUT_OF_RANGE: 'asked for a block that does not exist or is too long',
  REQUEST_FLOOD: 'keeps asking for what it cannot get',
  REJECT_OUT_OF_RANGE: 'rejected a block that does not exist',
  REJECT_FLOOD: 'keeps rejecting what nobody asked for',
  FAST_NOT_NEGOTIATED: 'used the fast extension without having offered it',
  EXTENSIONS_NOT_NEGOTIATED: 'used the extension protocol without having offered it',
  PEER_BANNED: 'sent wrong data',
  METADATA_FLOOD: 'keeps sending metadata messages that make no sense',
  METADATA_SIZE: 'is wrong about the size of the metadata',
  METADATA_WRONG: 'sent wrong metadata',
  METADATA_TIMEOUT: 'does not answer requests for metadata',
  METADATA_IDLE: 'has no metadata to give',
  HASHES_FLOOD: 'keeps sending hash messages that make no sense',
  HASHES_WRONG: 'sent hashes that are none of the torrent',
  HASHES_IDLE: 'has no hashes to give',
  SEED_TO_SEED: 'needs nothing of us, and we need nothing of it',
  IDLE_TIMEOUT: 'sent nothing for too long',
  NO_INTEREST: 'and we were not interested in each other for too long',
} as const

export type ViolationCode = keyof typeof MEANINGS

export function violation(code: ViolationCode, data: Readonly<Record<string, unknown>> = {}): PeerError {
  return new PeerError(code, `the peer ${MEANINGS[code]}`, data)
}
