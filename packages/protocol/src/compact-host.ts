// IP addresses without a port, 4 or 16 bytes, as the extension handshake and holepunch messages have them.

import { decodeCompact, encodeCompact, InputError, peerAddress } from '@torrential/primitives'

/** Canonical host of 4 or 16 bytes; undefined for any other length. */
export function decodeHost(bytes: Uint8Array): string | undefined {
  if (bytes.length !== 4 && bytes.length !== 16) return undefined
  const entry = new Uint8Array(bytes.length + 2)
  entry.set(bytes)
  // Addresses come with ports; entries with port 0 would be left out.
  entry[bytes.length] = 1
  return decodeCompact(entry, bytes.length === 4 ? 4 : 6)[0]?.host
}

/**
 * 4 or 16 bytes.
 * @throws InputError `ADDRESS_HOST` when it is no IP address, or not of the `family` asked for
 */
export function encodeHost(host: string, family?: 4 | 6): Uint8Array {
  const address = peerAddress(host, 1)
  if (family !== undefined && address.family !== family) {
    throw new InputError('ADDRESS_HOST', `${host} is not an IPv${family} address`)
  }
  return encodeCompact([address]).subarray(0, -2)
}
