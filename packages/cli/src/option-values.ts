// Texts from the command line into values. Every parser names the option in its error, and accepts exactly what it documents:
// `Number()` alone would take '', '0x10' and '1e9' as port numbers.

import { fromHex, InputError, parseUrl, peerAddress } from '@torrential/primitives'

const units: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 }

/** Where a peer is said to be: an address or a name that is still to be resolved. */
export interface PeerTarget {
  /** An IP literal without brackets, or a DNS name. */
  readonly host: string
  /** 1 … 65535 */
  readonly port: number
}

/**
 * `1048576`, `512K`, `1.5M`, `2G` (1K = 1,024 bytes; lower case and a trailing `B` or `iB` are fine), above 0.
 * @throws InputError `OPTION_VALUE`
 */
export function byteCount(option: string): (text: string) => number {
  return (text) => {
    const match = /^(\d{1,15}(?:\.\d{1,6})?)([KMG]?)(?:I?B)?$/.exec(text.toUpperCase())
    const bytes = match === null ? 0 : Math.floor(Number(match[1]) * (units[match[2] as string] as number))
    if (!Number.isSafeInteger(bytes) || bytes < 1) {
      throw wrong(option, text, 'a number of bytes above 0, such as 65536, 512K or 1.5M')
    }
    return bytes
  }
}

/** 0 … 65535; 0 lets the system choose. @throws InputError `OPTION_VALUE` */
export function port(option: string): (text: string) => number {
  return (text) => {
    const value = /^\d{1,5}$/.test(text) ? Number(text) : -1
    if (value < 0 || value > 65_535) throw wrong(option, text, 'a port, 0 … 65535')
    return value
  }
}

/** An IP address of this machine in canonical form; `localhost` is 127.0.0.1. @throws InputError `OPTION_VALUE` */
export function localHost(option: string): (text: string) => string {
  return (text) => {
    try {
      return peerAddress(text === 'localhost' ? '127.0.0.1' : text, 0).host
    } catch {
      throw wrong(option, text, 'an IP address, such as 127.0.0.1 or ::')
    }
  }
}

/** `1.2.3.4:6881`, `[2001:db8::1]:6881` or `name.example:6881`, added to those before. @throws InputError `OPTION_VALUE` */
export function peerTargets(option: string): (text: string, before: readonly PeerTarget[]) => readonly PeerTarget[] {
  return (text, before) => {
    const match = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})?)):(\d{1,5})$/.exec(text)
    const number = Number(match?.[3] ?? 0)
    if (match === null || number < 1 || number > 65_535 || !isHost(match[1], match[2])) {
      throw wrong(option, text, 'HOST:PORT, such as 192.0.2.1:6881, [2001:db8::1]:6881 or seed.example:6881')
    }
    return [...before, { host: (match[1] ?? match[2]) as string, port: number }]
  }
}

/** A URL of one of the protocols (with the colon), added to those before. @throws InputError `OPTION_VALUE` */
export function urls(
  option: string,
  protocols: readonly string[],
): (text: string, before: readonly string[]) => readonly string[] {
  return (text, before) => {
    const url = parseUrl(text)
    if (url === undefined || !protocols.includes(url.protocol) || url.hostname === '') {
      throw wrong(option, text, `a URL that starts with ${protocols.map((name) => `${name}//`).join(', ')}`)
    }
    return [...before, text]
  }
}

/** An infohash in hexadecimal, 40 (v1) or 64 digits (v2), added to those before. @throws InputError `OPTION_VALUE` */
export function infoHashes(option: string): (text: string, before: readonly Uint8Array[]) => readonly Uint8Array[] {
  return (text, before) => {
    if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(text))
      throw wrong(option, text, 'an infohash of 40 or 64 hexadecimal digits')
    return [...before, fromHex(text)]
  }
}

/** Any text that is not empty, added to those before. @throws InputError `OPTION_VALUE` */
export function texts(option: string): (text: string, before: readonly string[]) => readonly string[] {
  return (text, before) => [...before, someText(option)(text)]
}

/** Any text that is not empty. @throws InputError `OPTION_VALUE` */
export function someText(option: string): (text: string) => string {
  return (text) => {
    if (text === '' || text.includes('\0')) throw wrong(option, text, 'a text that is not empty')
    return text
  }
}

function isHost(literal: string | undefined, name: string | undefined): boolean {
  // Digits and dots only can never be a DNS name, so 1.2.3 or 999.0.0.1 is a mistake rather than something to look up.
  const address = literal ?? (/^[0-9.]+$/.test(name as string) ? name : undefined)
  if (address === undefined) return true
  try {
    peerAddress(address, 1)
    return true
  } catch {
    return false
  }
}

function wrong(option: string, text: string, expected: string): InputError {
  return new InputError('OPTION_VALUE', `${option} takes ${expected}, not ${JSON.stringify(text.slice(0, 80))}`, {
    option,
  })
}
