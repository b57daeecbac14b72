// BEP 15 packets as a client writes and reads them, and the URL data options of BEP 41. Every reader checks the length first and
// gives `undefined` for a packet that is not what was asked for; nothing here throws.

import { type AddressFamily, peerAddress, readUint32, toUtf8, writeUint32 } from '@torrential/primitives'
import type { AnnounceEventName, AnnounceRequest, ScrapeResult } from './tracker-client.ts'

/** What a packet does; a reply repeats the action of its request, or says `error`. */
export const UDP_ACTION = { connect: 0, announce: 1, scrape: 2, error: 3 } as const

/** Infohashes in one scrape: as many as fit into a packet that no link splits. */
export const UDP_SCRAPE_BATCH = 74

const eventNumbers: Readonly<Record<AnnounceEventName, number>> = { completed: 1, started: 2, stopped: 3 }
const announceLength = 98
const optionUrlData = 2
const longestOption = 255
const twoTo32 = 4_294_967_296

/** 16 bytes. */
export function connectPacket(transactionId: number): Uint8Array {
  const packet = new Uint8Array(16)
  // The protocol's magic number, 0x41727101980.
  writeUint32(packet, 0, 0x417)
  writeUint32(packet, 4, 0x27101980)
  writeUint32(packet, 12, transactionId)
  return packet
}

/** 98 bytes and the options. `urlData` is the announce URL's path and query, ASCII; '' sends no options. */
export function announcePacket(
  connectionId: Uint8Array,
  transactionId: number,
  request: AnnounceRequest,
  urlData: string,
): Uint8Array {
  const options = urlDataOptions(urlData)
  const packet = new Uint8Array(announceLength + options.length)
  packet.set(connectionId)
  writeUint32(packet, 8, UDP_ACTION.announce)
  writeUint32(packet, 12, transactionId)
  packet.set(request.infoHash, 16)
  packet.set(request.peerId, 36)
  writeUint64(packet, 56, request.downloaded)
  writeUint64(packet, 64, request.left)
  writeUint64(packet, 72, request.uploaded)
  writeUint32(packet, 80, request.event === undefined ? 0 : eventNumbers[request.event])
  writeUint32(packet, 84, ipNumber(request.ip))
  writeUint32(packet, 88, request.key ?? 0)
  writeUint32(packet, 92, request.numWant ?? 200)
  packet[96] = request.port >>> 8
  packet[97] = request.port
  packet.set(options, announceLength)
  return packet
}

/** 16 bytes and 20 for each infohash, at most 74 of them. */
export function scrapePacket(
  connectionId: Uint8Array,
  transactionId: number,
  infoHashes: readonly Uint8Array[],
): Uint8Array {
  const packet = new Uint8Array(16 + 20 * infoHashes.length)
  packet.set(connectionId)
  writeUint32(packet, 8, UDP_ACTION.scrape)
  writeUint32(packet, 12, transactionId)
  for (const [index, infoHash] of infoHashes.entries()) packet.set(infoHash, 16 + 20 * index)
  return packet
}

/** Action and transaction id; undefined below 8 bytes. */
export function readHead(packet: Uint8Array): { action: number; transactionId: number } | undefined {
  if (packet.length < 8) return undefined
  return { action: readUint32(packet, 0), transactionId: readUint32(packet, 4) }
}

/** The 8 bytes of a connection id, copied. */
export function readConnectionId(packet: Uint8Array): Uint8Array | undefined {
  return packet.length < 16 ? undefined : packet.slice(8, 16)
}

export interface UdpAnnounceFigures {
  /** Seconds. */
  readonly interval: number
  readonly leechers: number
  readonly seeders: number
  /** Compact peers of the socket's family; a cut-off last one is left out. */
  readonly peers: Uint8Array
}

export function readAnnounceReply(packet: Uint8Array, family: AddressFamily): UdpAnnounceFigures | undefined {
  if (packet.length < 20) return undefined
  const size = family === 4 ? 6 : 18
  return {
    interval: readUint32(packet, 8),
    leechers: readUint32(packet, 12),
    seeders: readUint32(packet, 16),
    peers: packet.subarray(20, packet.length - ((packet.length - 20) % size)),
  }
}

/** One entry for each of `count` infohashes. */
export function readScrapeReply(packet: Uint8Array, count: number): ScrapeResult[] | undefined {
  if (packet.length < 8 + 12 * count) return undefined
  return Array.from({ length: count }, (_, index) => ({
    seeders: readUint32(packet, 8 + 12 * index),
    downloaded: readUint32(packet, 12 + 12 * index),
    leechers: readUint32(packet, 16 + 12 * index),
  }))
}

/** The text of an error packet. */
export function readErrorMessage(packet: Uint8Array): string {
  return toUtf8(packet.subarray(8))
}

/** BEP 41: option 2, a length byte and up to 255 bytes, as often as needed. */
function urlDataOptions(urlData: string): Uint8Array {
  const count = Math.ceil(urlData.length / longestOption)
  const bytes = new Uint8Array(urlData.length + 2 * count)
  let at = 0
  for (let index = 0; index < count; index++) {
    const text = urlData.slice(index * longestOption, (index + 1) * longestOption)
    bytes[at++] = optionUrlData
    bytes[at++] = text.length
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i)
  }
  return bytes
}

function writeUint64(packet: Uint8Array, offset: number, value: number): void {
  writeUint32(packet, offset, Math.floor(value / twoTo32))
  writeUint32(packet, offset + 4, value % twoTo32)
}

/** The field has room for IPv4 only; 0 lets the tracker use the address that it sees. */
function ipNumber(ip: string | undefined): number {
  if (ip === undefined) return 0
  const { host, family } = peerAddress(ip, 0)
  return family === 6 ? 0 : host.split('.').reduce((number, octet) => number * 256 + Number(octet), 0)
}
