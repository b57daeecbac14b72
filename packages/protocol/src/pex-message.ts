// ut_pex (BEP 11): peers that the sender has connected to or lost since its last message. Entries are hearsay: at most 50 of
// each kind are read (the rest is dropped, some clients send more the first time), and flags are hints.

import { type BencodeDict, bytesAt, encode } from '@torrential/bencode'
import { decodeCompact, encodeCompact, type AddressFamily, type PeerAddress } from '@torrential/primitives'
import { decodePayload, payloadError } from './extension-payload.ts'

/** Entries that are read, and that may be sent, of `added` and of `dropped`; both families together. */
export const PEX_LIMIT = 50

export interface PexPeer {
  readonly address: PeerAddress
  /** It prefers encrypted connections. */
  readonly prefersEncryption: boolean
  /** It is a seed or uploads only. */
  readonly uploadOnly: boolean
  readonly utp: boolean
  /** It knows ut_holepunch (BEP 55). */
  readonly holepunch: boolean
  /** The sender could connect to it. */
  readonly reachable: boolean
}

export interface PexMessage {
  readonly added: readonly PexPeer[]
  readonly dropped: readonly PeerAddress[]
}

const FLAGS = { prefersEncryption: 0x01, uploadOnly: 0x02, utp: 0x04, holepunch: 0x08, reachable: 0x10 } as const

/** The payload of an `extended` message. Entries beyond `PEX_LIMIT` are left out. */
export function encodePexMessage(message: PexMessage): Uint8Array {
  const added = message.added.slice(0, PEX_LIMIT)
  const dropped = message.dropped.slice(0, PEX_LIMIT)
  const v4 = added.filter(({ address }) => address.family === 4)
  const v6 = added.filter(({ address }) => address.family === 6)
  return encode({
    added: encodeCompact(v4.map(({ address }) => address)),
    'added.f': Uint8Array.from(v4, flagsOf),
    added6: encodeCompact(v6.map(({ address }) => address)),
    'added6.f': Uint8Array.from(v6, flagsOf),
    dropped: encodeCompact(dropped.filter(({ family }) => family === 4)),
    dropped6: encodeCompact(dropped.filter(({ family }) => family === 6)),
  })
}

/**
 * Entries with port 0 are left out.
 * @throws PeerError `EXTENSION_PAYLOAD` when it is no dictionary or a list of addresses has no whole number of entries
 */
export function decodePexMessage(payload: Uint8Array): PexMessage {
  const { dict } = decodePayload(payload, 'ut_pex')
  const added: PexPeer[] = []
  const dropped: PeerAddress[] = []
  for (const [suffix, family] of [
    ['', 4],
    ['6', 6],
  ] as const) {
    const flags = bytesAt(dict, `added${suffix}.f`)
    eachAddress(dict, `added${suffix}`, family, PEX_LIMIT - added.length, (address, at) => {
      added.push({ address, ...readFlags(flags?.[at] ?? 0) })
    })
    eachAddress(dict, `dropped${suffix}`, family, PEX_LIMIT - dropped.length, (address) => dropped.push(address))
  }
  return { added, dropped }
}

/** Entry by entry, since flags go by position and an entry with port 0 must not shift them. */
function eachAddress(
  dict: BencodeDict,
  key: string,
  family: AddressFamily,
  most: number,
  take: (address: PeerAddress, at: number) => void,
): void {
  const bytes = bytesAt(dict, key) ?? new Uint8Array(0)
  const size = family === 4 ? 6 : 18
  if (bytes.length % size !== 0) throw payloadError('ut_pex', `${key} has ${bytes.length} bytes`)
  for (let at = 0; at < Math.min(bytes.length / size, most); at++) {
    for (const address of decodeCompact(bytes.subarray(at * size, (at + 1) * size), family)) take(address, at)
  }
}

function readFlags(flags: number): Omit<PexPeer, 'address'> {
  return {
    prefersEncryption: (flags & FLAGS.prefersEncryption) !== 0,
    uploadOnly: (flags & FLAGS.uploadOnly) !== 0,
    utp: (flags & FLAGS.utp) !== 0,
    holepunch: (flags & FLAGS.holepunch) !== 0,
    reachable: (flags & FLAGS.reachable) !== 0,
  }
}

function flagsOf(peer: PexPeer): number {
  let flags = 0
  for (const name of ['prefersEncryption', 'uploadOnly', 'utp', 'holepunch', 'reachable'] as const) {
    if (peer[name]) flags |= FLAGS[name]
  }
  return flags
}
