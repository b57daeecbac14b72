// Peers out of a reply, in both forms, without those that nobody could dial. A bad entry of the long form is left out; a
// compact string of a wrong length is a broken reply, because every entry after the fault would be somebody else's address.

import { type BencodeValue, bytesAt, integerAt, isDict, textAt } from '@torrential/bencode'
import type { PeerCandidate } from '@torrential/contracts'
import { type AddressFamily, decodeCompact, type PeerAddress, peerAddress, peerIdFrom } from '@torrential/primitives'

/** Peers taken from one reply: five times what we ask for. */
export const MAX_REPLY_PEERS = 1_000

/**
 * Compact peers (BEP 7, 23), the first 1,000.
 * @throws InputError `COMPACT_LENGTH`
 */
export function compactPeers(bytes: Uint8Array, family: AddressFamily): PeerCandidate[] {
  const size = family === 4 ? 6 : 18
  const capped = bytes.length % size === 0 ? bytes.subarray(0, MAX_REPLY_PEERS * size) : bytes
  const peers: PeerCandidate[] = []
  for (const address of decodeCompact(capped, family)) {
    if (isDialable(address)) peers.push({ address, origin: 'tracker' })
  }
  return peers
}

/** The list of dictionaries of BEP 3, the first 1,000. Host names are not looked up: they are left out. */
export function listedPeers(list: readonly BencodeValue[]): PeerCandidate[] {
  const peers: PeerCandidate[] = []
  for (const entry of list.slice(0, MAX_REPLY_PEERS)) {
    if (!isDict(entry)) continue
    const host = textAt(entry, 'ip', { max: 64 })
    const port = integerAt(entry, 'port', { min: 1, max: 65_535 })
    const address = host === undefined || port === undefined ? undefined : tryAddress(host, port)
    if (address === undefined || !isDialable(address)) continue
    const peerId = bytesAt(entry, 'peer id', { length: 20 })
    // Copied: a view would keep the whole reply alive for as long as the peer is known.
    peers.push({ address, origin: 'tracker', ...(peerId && { peerId: peerIdFrom(peerId.slice()) }) })
  }
  return peers
}

function tryAddress(host: string, port: number): PeerAddress | undefined {
  try {
    return peerAddress(host, port)
  } catch {
    return undefined
  }
}

/** Not `this host`, multicast, reserved or broadcast. Private and loopback addresses are fine: local trackers give them. */
function isDialable({ host, port, family }: PeerAddress): boolean {
  if (port === 0) return false
  if (family === 6) return host !== '::' && !host.startsWith('ff')
  const first = Number.parseInt(host, 10)
  return first !== 0 && first < 224
}
