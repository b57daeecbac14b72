// ut_holepunch (BEP 55): asks a peer that both sides know to tell two unreachable peers about each other.

import { type PeerAddress, peerAddress, readUint32, writeUint32 } from '@torrential/primitives'
import { decodeHost, encodeHost } from './compact-host.ts'
import { payloadError } from './extension-payload.ts'

/** Why a rendezvous cannot be; the position is the code on the wire. */
const ERRORS = ['none', 'no-such-peer', 'not-connected', 'no-support', 'no-self'] as const

export type HolepunchError = Exclude<(typeof ERRORS)[number], 'none'> | 'unknown'

export type HolepunchMessage =
  /** Tell this peer about me and me about it. */
  | { readonly type: 'rendezvous'; readonly address: PeerAddress }
  /** Connect to this peer now, by µTP. */
  | { readonly type: 'connect'; readonly address: PeerAddress }
  | { readonly type: 'error'; readonly address: PeerAddress; readonly error: HolepunchError }

const TYPES = ['rendezvous', 'connect', 'error'] as const

/** The payload of an `extended` message: 12 bytes for IPv4, 24 for IPv6. */
export function encodeHolepunch(message: HolepunchMessage): Uint8Array {
  const { address } = message
  const host = encodeHost(address.host)
  const payload = new Uint8Array(2 + host.length + 2 + 4)
  payload[0] = TYPES.indexOf(message.type)
  payload[1] = host.length === 4 ? 0 : 1
  payload.set(host, 2)
  payload[2 + host.length] = address.port >>> 8
  payload[3 + host.length] = address.port
  // 'unknown' has no number: 0 would deny that there is an error, so one that nobody uses stands for it.
  const code = message.type !== 'error' ? 0 : message.error === 'unknown' ? 0xffff_ffff : ERRORS.indexOf(message.error)
  writeUint32(payload, 4 + host.length, code)
  return payload
}

/**
 * The error code, which BEP 55 has in every message, may be absent where there is no error: some clients leave it out.
 * @throws PeerError `EXTENSION_PAYLOAD` for another length, an unknown type or family, or port 0
 */
export function decodeHolepunch(payload: Uint8Array): HolepunchMessage {
  const type = TYPES[payload[0] ?? TYPES.length]
  const family = payload[1]
  if (type === undefined || (family !== 0 && family !== 1)) throw payloadError('ut_holepunch', 'unknown type or family')
  const hostEnd = family === 0 ? 6 : 18
  const host = decodeHost(payload.subarray(2, hostEnd))
  const isWhole = payload.length === hostEnd + 6 || (payload.length === hostEnd + 2 && type !== 'error')
  if (host === undefined || !isWhole) throw payloadError('ut_holepunch', `${payload.length} bytes`)
  const port = ((payload[hostEnd] as number) << 8) | (payload[hostEnd + 1] as number)
  if (port === 0) throw payloadError('ut_holepunch', 'port 0')
  const address = peerAddress(host, port)
  if (type !== 'error') return { type, address }
  const error = ERRORS[readUint32(payload, hostEnd + 2)]
  return { type, address, error: error === undefined || error === 'none' ? 'unknown' : error }
}
