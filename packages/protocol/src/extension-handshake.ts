// The extension handshake (BEP 10), message 0 of the extension protocol: who we are, what we speak and under which ids. Every
// field is optional and comes from a stranger: one that is out of range is treated as absent, never as an error, because a
// client that writes a strange port still has pieces to give. Only what is no dictionary at all ends the connection.

import { bytesAt, dictAt, encode, integerAt } from '@torrential/bencode'
import { toUtf8 } from '@torrential/primitives'
import { decodeHost, encodeHost } from './compact-host.ts'
import { decodePayload } from './extension-payload.ts'

/** Names in `m` of the extensions whose payloads this package knows. */
export const EXTENSION_NAMES = {
  /** BEP 9 */
  metadata: 'ut_metadata',
  /** BEP 11 */
  pex: 'ut_pex',
  /** BEP 54 */
  dontHave: 'lt_donthave',
  /** BEP 55 */
  holepunch: 'ut_holepunch',
} as const

export const EXTENSION_LIMITS = {
  /** Entries of `m` that are read; real clients have about ten. */
  extensions: 50,
  /** Bytes of an extension's name. */
  nameLength: 64,
  /** Characters of the client's name. */
  clientLength: 64,
  /** Largest info dictionary that is asked for, bytes. */
  metadataLength: 16_777_216,
} as const

export interface ExtensionHandshake {
  /** `m`: name to the id, 1 … 255, under which its sender wants to receive it; 0 switches it off again. */
  readonly extensions: ReadonlyMap<string, number>
  /** `v`: name and version of the client. Decoded: at most 64 characters, none of them a control or formatting character. */
  readonly client?: string
  /** `p`: the port it listens on, 1 … 65,535. */
  readonly listenPort?: number
  /** `reqq`: requests that it queues without dropping any. */
  readonly requestQueue?: number
  /** `yourip`: what the receiver's address looks like from there, an IP literal. */
  readonly yourHost?: string
  readonly ipv4?: string
  readonly ipv6?: string
  /** `metadata_size` (BEP 9): bytes of the info dictionary, 1 … 16 MiB. */
  readonly metadataLength?: number
  /** `upload_only` (BEP 21): it wants no pieces. */
  readonly uploadOnly?: boolean
}

/**
 * The payload of an `extended` message with id 0.
 * @throws InputError `ADDRESS_HOST` when one of the hosts is no IP address of its family
 */
export function encodeExtensionHandshake(handshake: ExtensionHandshake): Uint8Array {
  const { ipv4, ipv6, yourHost } = handshake
  return encode({
    m: handshake.extensions,
    v: handshake.client,
    p: handshake.listenPort,
    reqq: handshake.requestQueue,
    yourip: yourHost === undefined ? undefined : encodeHost(yourHost),
    ipv4: ipv4 === undefined ? undefined : encodeHost(ipv4, 4),
    ipv6: ipv6 === undefined ? undefined : encodeHost(ipv6, 6),
    metadata_size: handshake.metadataLength,
    upload_only: handshake.uploadOnly === undefined ? undefined : Number(handshake.uploadOnly),
  })
}

/** @throws PeerError `EXTENSION_PAYLOAD` when the payload does not start with a dictionary */
export function decodeExtensionHandshake(payload: Uint8Array): ExtensionHandshake {
  const { dict } = decodePayload(payload, 'extension handshake')
  const extensions = new Map<string, number>()
  const names = dictAt(dict, 'm') ?? new Map()
  for (const name of names.keys()) {
    if (extensions.size === EXTENSION_LIMITS.extensions) break
    const id = integerAt(names, name, { min: 0, max: 255 })
    if (id !== undefined && name.length <= EXTENSION_LIMITS.nameLength) extensions.set(name, id)
  }
  const uploadOnly = integerAt(dict, 'upload_only')
  return {
    extensions,
    ...present('client', sanitise(bytesAt(dict, 'v'))),
    ...present('listenPort', integerAt(dict, 'p', { min: 1, max: 65_535 })),
    ...present('requestQueue', integerAt(dict, 'reqq', { min: 1 })),
    ...present('yourHost', hostOf(bytesAt(dict, 'yourip'))),
    ...present('ipv4', hostOf(bytesAt(dict, 'ipv4', { length: 4 }))),
    ...present('ipv6', hostOf(bytesAt(dict, 'ipv6', { length: 16 }))),
    ...present('metadataLength', integerAt(dict, 'metadata_size', { min: 1, max: EXTENSION_LIMITS.metadataLength })),
    ...present('uploadOnly', uploadOnly === undefined ? undefined : uploadOnly !== 0),
  }
}

function present<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { [K in Key]?: Value })
}

function hostOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && decodeHost(bytes)
}

/** Client names end up in logs, terminals and web pages: control, formatting and surrogate characters go, and the rest is cut. */
function sanitise(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined) return undefined
  // Four bytes a character at most, and some to lose.
  const text = toUtf8(bytes.subarray(0, 8 * EXTENSION_LIMITS.clientLength)).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '')
  const cut = Array.from(text).slice(0, EXTENSION_LIMITS.clientLength).join('').trim()
  return cut === '' ? undefined : cut
}
