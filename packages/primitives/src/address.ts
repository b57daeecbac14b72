// Peer addresses: `host` is always a canonical IP literal (never a name), so that two spellings of one address are equal.
// An IPv4 address mapped into IPv6 (::ffff:1.2.3.4) is the IPv4 address: otherwise one peer would look like two.

import ipaddr from 'ipaddr.js'
import { compareBytes } from './bytes.ts'
import { InputError } from './errors.ts'

/** IPv4 or IPv6. */
export type AddressFamily = 4 | 6

/** Where a peer listens. Plain data; make them with `peerAddress`, `parseAddress` or `decodeCompact`. */
export interface PeerAddress {
  /** Canonical: dotted decimal, or compressed lower-case IPv6 without brackets. */
  readonly host: string
  /** 1 … 65535; 0 only for addresses to listen on. */
  readonly port: number
  readonly family: AddressFamily
}

/**
 * The canonical address. A zone (`fe80::1%eth0`) stays, because a link-local peer cannot be reached without it.
 * @throws InputError `ADDRESS_HOST` when `host` is not an IP literal, `ADDRESS_PORT` when `port` is not in 0 … 65535
 */
export function peerAddress(host: string, port: number): PeerAddress {
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new InputError('ADDRESS_PORT', `no such port: ${port}`)
  if (typeof host !== 'string' || host.length > 100) {
    throw new InputError('ADDRESS_HOST', `not an IP address: a ${typeof host}`)
  }
  if (!ipaddr.IPv4.isValidFourPartDecimal(host) && !ipaddr.IPv6.isValid(host)) {
    throw new InputError('ADDRESS_HOST', `not an IP address: ${JSON.stringify(host.slice(0, 80))}`)
  }
  const parsed = ipaddr.process(host)
  return { host: parsed.toString(), port, family: parsed.kind() === 'ipv4' ? 4 : 6 }
}

/**
 * Reads `1.2.3.4:6881` or `[2001:db8::1]:6881`.
 * @throws InputError `ADDRESS_FORMAT`, `ADDRESS_HOST` or `ADDRESS_PORT`
 */
export function parseAddress(text: string): PeerAddress {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):(\d{1,5})$/.exec(text)
  if (match === null) throw new InputError('ADDRESS_FORMAT', `not HOST:PORT: ${JSON.stringify(text.slice(0, 80))}`)
  return peerAddress((match[1] ?? match[2]) as string, Number(match[3]))
}

/** `1.2.3.4:6881` or `[2001:db8::1]:6881`: also the key under which an address is known. */
export function formatAddress(address: PeerAddress): string {
  return address.family === 4 ? `${address.host}:${address.port}` : `[${address.host}]:${address.port}`
}

/**
 * Order by family, bytes of the host, port: negative, 0 or positive.
 * @throws InputError `ADDRESS_HOST` for a host that is not an IP literal
 */
export function compareAddresses(a: PeerAddress, b: PeerAddress): number {
  if (a.family !== b.family) return a.family - b.family
  if (a.host === b.host) return a.port - b.port
  const bytes = compareBytes(hostToBytes(a.host), hostToBytes(b.host))
  // The same bytes in two zones are two hosts.
  if (bytes === 0) return a.host < b.host ? -1 : 1
  return bytes
}

/**
 * Compact peers: 6 bytes each for IPv4 (BEP 23), 18 for IPv6 (BEP 7). Entries with port 0 are left out.
 * @throws InputError `COMPACT_LENGTH` when the length is no multiple of the entry's
 */
export function decodeCompact(bytes: Uint8Array, family: AddressFamily): PeerAddress[] {
  const size = family === 4 ? 6 : 18
  if (bytes.length % size !== 0) throw new InputError('COMPACT_LENGTH', `${bytes.length} is no multiple of ${size}`)
  const addresses: PeerAddress[] = []
  for (let at = 0; at < bytes.length; at += size) {
    const port = ((bytes[at + size - 2] as number) << 8) | (bytes[at + size - 1] as number)
    if (port === 0) continue
    addresses.push(peerAddress(hostFromBytes(bytes.subarray(at, at + size - 2)), port))
  }
  return addresses
}

/**
 * The addresses one behind the other in compact form: 6 bytes for each IPv4, 18 for each IPv6. Do not mix families.
 * @throws InputError `ADDRESS_HOST` for a host that is not an IP literal
 */
export function encodeCompact(addresses: readonly PeerAddress[]): Uint8Array {
  const bytes: number[] = []
  for (const { host, port } of addresses) bytes.push(...hostToBytes(host), port >>> 8, port & 255)
  return Uint8Array.from(bytes)
}

/** 4 or 16 bytes. Addresses are plain data, so one that did not come out of the gates above is possible. */
function hostToBytes(host: string): Uint8Array {
  if (!ipaddr.isValid(host)) throw new InputError('ADDRESS_HOST', `not an IP address: ${JSON.stringify(host)}`)
  return Uint8Array.from(ipaddr.parse(host).toByteArray())
}

function hostFromBytes(bytes: Uint8Array): string {
  if (bytes.length === 4) return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`
  return ipaddr.fromByteArray([...bytes]).toString()
}
