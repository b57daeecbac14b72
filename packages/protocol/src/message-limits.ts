// How long a message may claim to be, by its id. Checked as soon as the id is known (the fifth byte), before anything of the
// body is kept: a length that no honest peer sends ends the connection while it has cost five bytes.
//
// Lengths here are those of the wire's length prefix: they count the id byte and what follows it.

import { MESSAGE_IDS } from './message-id.ts'

/** Caps on what the other side may send. Each is an option; absent means the default. */
export interface MessageLimits {
  /** Longest block of a `piece`, bytes, 1 … 131,072. More than 16 KiB only makes sense when it was asked for. @default 16,384 */
  readonly blockLength?: number
  /** Longest `extended` message, bytes. @default 1,048,576 */
  readonly extendedLength?: number
  /** Longest message with an id that is not known, bytes. @default 1,048,576 */
  readonly unknownLength?: number
  /** Most hashes in one `hashes` message, a power of two. @default 8,192 */
  readonly hashCount?: number
}

export const MESSAGE_LIMITS = {
  /** What everybody asks for (BEP 3 as practised). */
  blockLength: 16_384,
  /** A PEX or metadata message is 17 KiB at most; 1 MiB leaves room for extensions to come. */
  extendedLength: 1_048_576,
  unknownLength: 1_048_576,
  /** BEP 52 advises 512; some clients ask for a whole layer of a large file. */
  hashCount: 8192,
  /** Before the metadata is known: the bitfield of the most pieces that a torrent may have. */
  pieceCount: 2_097_152,
  /** Layers of a merkle tree over 2^53 bytes of 16 KiB blocks, rounded up. */
  proofLayers: 64,
} as const

/** Bytes of the fixed part of the messages of BEP 52, id included. */
export const HASH_HEADER_LENGTH = 49

const exact: (number | undefined)[] = Array.from({ length: 256 }, () => undefined)
for (const id of [
  MESSAGE_IDS.choke,
  MESSAGE_IDS.unchoke,
  MESSAGE_IDS.interested,
  MESSAGE_IDS['not-interested'],
  MESSAGE_IDS['have-all'],
  MESSAGE_IDS['have-none'],
])
  exact[id] = 1
for (const id of [MESSAGE_IDS.have, MESSAGE_IDS.suggest, MESSAGE_IDS['allowed-fast']]) exact[id] = 5
for (const id of [MESSAGE_IDS.request, MESSAGE_IDS.cancel, MESSAGE_IDS.reject]) exact[id] = 13
for (const id of [MESSAGE_IDS['hash-request'], MESSAGE_IDS['hash-reject']]) exact[id] = HASH_HEADER_LENGTH
exact[MESSAGE_IDS.port] = 3

/** True when a message with this id may have this length prefix. `pieceCount` makes the bitfield's length exact. */
export function isAllowedLength(
  id: number,
  length: number,
  limits: Required<MessageLimits>,
  pieceCount: number | undefined,
): boolean {
  const only = exact[id]
  if (only !== undefined) return length === only
  switch (id) {
    case MESSAGE_IDS.piece:
      return length >= 9 && length <= 9 + limits.blockLength
    case MESSAGE_IDS.bitfield:
      return pieceCount === undefined
        ? length >= 1 && length <= 1 + Math.ceil(MESSAGE_LIMITS.pieceCount / 8)
        : length === 1 + Math.ceil(pieceCount / 8)
    case MESSAGE_IDS.extended:
      return length >= 2 && length <= limits.extendedLength
    case MESSAGE_IDS.hashes:
      return (
        (length - HASH_HEADER_LENGTH) % 32 === 0 &&
        length >= HASH_HEADER_LENGTH &&
        length <= HASH_HEADER_LENGTH + 32 * (limits.hashCount + MESSAGE_LIMITS.proofLayers)
      )
    default:
      return length <= limits.unknownLength
  }
}

/**
 * How many hashes a `hashes` message carries (BEP 52): the `length` asked for, and one uncle for each proof layer that cannot
 * be computed from them. Undefined when no honest message has such fields.
 */
export function hashesCount(length: number, proofLayers: number, hashCount: number): number | undefined {
  const isPowerOfTwo = length >= 2 && length <= 2 ** 31 && (length & (length - 1)) === 0
  if (!isPowerOfTwo || length > hashCount || proofLayers > MESSAGE_LIMITS.proofLayers) return undefined
  const computable = 30 - Math.clz32(length)
  return length + Math.max(0, proofLayers - computable)
}
