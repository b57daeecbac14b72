// From the system's spelling of an address to its 4 or 16 bytes, once for every request: dotted decimal is read by hand, the
// rest by the careful parser. An IPv4 address mapped into IPv6 is the IPv4 address.

import { encodeCompact, type PeerAddress, peerAddress } from '@torrential/primitives'

const dot = 0x2e
const zero = 0x30

/** 4 or 16 bytes; undefined when `host` is not an IP literal. A zone (`%eth0`) is dropped. */
export function addressBytes(host: string): Uint8Array | undefined {
  return ipv4Bytes(host) ?? (host.startsWith('::ffff:') ? ipv4Bytes(host.slice(7)) : undefined) ?? parsed(host)
}

function ipv4Bytes(host: string): Uint8Array | undefined {
  const bytes = new Uint8Array(4)
  let octet = -1
  let index = 0
  for (let i = 0; i < host.length; i++) {
    const code = host.charCodeAt(i)
    if (code === dot) {
      if (octet === -1 || index === 3) return undefined
      bytes[index++] = octet
      octet = -1
    } else {
      const digit = code - zero
      // A leading zero means octal to some readers: not for this one.
      if (digit < 0 || digit > 9 || octet === 0) return undefined
      octet = (octet === -1 ? 0 : octet * 10) + digit
      if (octet > 255) return undefined
    }
  }
  if (index !== 3 || octet === -1) return undefined
  bytes[3] = octet
  return bytes
}

function parsed(host: string): Uint8Array | undefined {
  const zone = host.indexOf('%')
  let address: PeerAddress
  try {
    address = peerAddress(zone === -1 ? host : host.slice(0, zone), 0)
  } catch {
    return undefined
  }
  return encodeCompact([address]).slice(0, -2)
}
