// The bencoded part that BEP 9, 10 and 11 have in common: one small dictionary, read leniently (clients exist that do not sort
// their keys) and under tight caps, since a payload may be up to 1 MiB of hostile bytes.

import { type BencodeDict, decodeWithSpans, isDict } from '@torrential/bencode'
import { InputError, PeerError } from '@torrential/primitives'

/** Far above what a real payload has. */
const LIMITS = { mode: 'lenient', maxDepth: 10, maxTokens: 10_000, allowTrailing: true } as const

/**
 * The dictionary at the start of a payload and where it ends.
 * @throws PeerError `EXTENSION_PAYLOAD` when there is none
 */
export function decodePayload(payload: Uint8Array, extension: string): { dict: BencodeDict; end: number } {
  try {
    const { value, end } = decodeWithSpans(payload, LIMITS)
    if (isDict(value)) return { dict: value, end }
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    throw payloadError(extension, error.message, error)
  }
  throw payloadError(extension, 'not a dictionary')
}

/** What a payload that cannot be read ends the connection with: `data.extension` names it. */
export function payloadError(extension: string, reason: string, cause?: unknown): PeerError {
  return new PeerError('EXTENSION_PAYLOAD', `${extension}: ${reason}`, { extension, cause })
}
