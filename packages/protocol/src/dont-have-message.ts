// lt_donthave (BEP 54): the opposite of `have`, four bytes.

import { InputError, readUint32, writeUint32 } from '@torrential/primitives'
import { payloadError } from './extension-payload.ts'

/**
 * The payload of an `extended` message: a piece that was announced is not there any more.
 * @throws InputError `MESSAGE_FIELD` when `piece` is no unsigned 32-bit integer
 */
export function encodeDontHave(piece: number): Uint8Array {
  if (piece >>> 0 !== piece) throw new InputError('MESSAGE_FIELD', `piece cannot be ${piece}`, { field: 'piece' })
  const payload = new Uint8Array(4)
  writeUint32(payload, 0, piece)
  return payload
}

/**
 * The piece, any unsigned 32-bit integer.
 * @throws PeerError `EXTENSION_PAYLOAD` unless there are exactly 4 bytes
 */
export function decodeDontHave(payload: Uint8Array): number {
  if (payload.length !== 4) throw payloadError('lt_donthave', `${payload.length} bytes`)
  return readUint32(payload, 0)
}
