// BEP 15 requests as the server reads them, straight out of the packet, and the options of BEP 41. Readers give `undefined` for
// what is too short or malformed; nothing is copied.

import { readUint32, toLatin1 } from '@torrential/primitives'
import type { SwarmEvent } from './swarm-store.ts'

export const CONNECT_LENGTH = 16
export const ANNOUNCE_LENGTH = 98
export const SCRAPE_LENGTH = 36

const events: readonly SwarmEvent[] = ['none', 'completed', 'started', 'stopped']
const optionEnd = 0
const optionNothing = 1
const optionUrlData = 2

export interface UdpAnnounce {
  readonly infoHash: Uint8Array
  readonly peerId: Uint8Array
  readonly seed: boolean
  readonly event: SwarmEvent
  /** 4 bytes, or undefined when the client claims none. */
  readonly claimedIp: Uint8Array | undefined
  /** Undefined when the client leaves it to us. */
  readonly numWant: number | undefined
  readonly port: number
  /** Path and query (BEP 41); '' when there are none. */
  readonly urlData: string
}

/** True when the first 8 bytes are the protocol's magic number. */
export function isConnect(packet: Uint8Array): boolean {
  return packet.length >= CONNECT_LENGTH && readUint32(packet, 0) === 0x417 && readUint32(packet, 4) === 0x27101980
}

export function readAnnounce(packet: Uint8Array): UdpAnnounce | undefined {
  if (packet.length < ANNOUNCE_LENGTH) return undefined
  const event = events[readUint32(packet, 80)]
  const urlData = packet.length === ANNOUNCE_LENGTH ? '' : readUrlData(packet)
  if (event === undefined || urlData === undefined) return undefined
  const numWant = readUint32(packet, 92)
  return {
    infoHash: packet.subarray(16, 36),
    peerId: packet.subarray(36, 56),
    seed: readUint32(packet, 64) === 0 && readUint32(packet, 68) === 0,
    event,
    claimedIp: readUint32(packet, 84) === 0 ? undefined : packet.subarray(84, 88),
    // Negative numbers mean `default`: -1 by the book.
    numWant: numWant > 0x7fffffff ? undefined : numWant,
    port: ((packet[96] as number) << 8) | (packet[97] as number),
    urlData,
  }
}

/** Infohashes of a scrape, at most `limit`. */
export function readScrape(packet: Uint8Array, limit: number): Uint8Array[] | undefined {
  if (packet.length < SCRAPE_LENGTH) return undefined
  const hashes: Uint8Array[] = []
  for (let at = 16; at + 20 <= packet.length && hashes.length < limit; at += 20) {
    hashes.push(packet.subarray(at, at + 20))
  }
  return hashes
}

/** BEP 41: undefined when an option runs over the end of the packet. Options of unknown types are stepped over. */
function readUrlData(packet: Uint8Array): string | undefined {
  let text = ''
  let at = ANNOUNCE_LENGTH
  while (at < packet.length) {
    const type = packet[at++]
    if (type === optionEnd) break
    if (type === optionNothing) continue
    const length = packet[at++]
    if (length === undefined || at + length > packet.length) return undefined
    if (type === optionUrlData) text += toLatin1(packet.subarray(at, at + length))
    at += length
  }
  return text
}
