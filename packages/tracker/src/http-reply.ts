// Bencoded replies of HTTP trackers. Trackers in the wild leave keys unsorted and add line ends, so reading is lenient in form;
// values are not trusted: every field is taken only when it has the right type and range.

import {
  type BencodeDict,
  bytesAt,
  decodeDict,
  dictAt,
  integerAt,
  isBytes,
  isDict,
  isList,
  textAt,
} from '@torrential/bencode'
import type { PeerCandidate } from '@torrential/contracts'
import { type InfoHash, peerAddress, toLatin1 } from '@torrential/primitives'
import { printableText } from './printable-text.ts'
import { compactPeers, listedPeers } from './reply-peers.ts'
import type { AnnounceReply, ScrapeResult } from './tracker-client.ts'
import { trackerError, type Traffic } from './tracker-error.ts'

/** Milliseconds when a tracker names no interval. */
export const DEFAULT_INTERVAL = 1_800_000

/** A scrape of 74 torrents is six containers deep at most; a peer list four. */
const limits = { mode: 'lenient', maxDepth: 16, maxTokens: 100_000, allowTrailing: true } as const

/** @throws SourceError `TRACKER_REPLY`, `TRACKER_FAILURE` */
export function parseAnnounceReply(url: URL, body: Uint8Array, traffic: Traffic): AnnounceReply {
  const dict = parseDict(url, body, traffic)
  throwFailure(url, dict, traffic)
  if (!dict.has('interval') && !dict.has('peers') && !dict.has('peers6')) {
    throw trackerError('TRACKER_REPLY', url, 'the reply has neither an interval nor peers', { ...traffic })
  }
  const reply: { -readonly [Field in keyof AnnounceReply]: AnnounceReply[Field] } = {
    interval: secondsAt(dict, 'interval') ?? DEFAULT_INTERVAL,
    peers: peersOf(url, dict, traffic),
    ...traffic,
  }
  const minInterval = secondsAt(dict, 'min interval')
  if (minInterval !== undefined) reply.minInterval = minInterval
  const seeders = integerAt(dict, 'complete', { min: 0 })
  if (seeders !== undefined) reply.seeders = seeders
  const leechers = integerAt(dict, 'incomplete', { min: 0 })
  if (leechers !== undefined) reply.leechers = leechers
  const downloaded = integerAt(dict, 'downloaded', { min: 0 })
  if (downloaded !== undefined) reply.downloaded = downloaded
  const externalIp = addressAt(dict, 'external ip')
  if (externalIp !== undefined) reply.externalIp = externalIp
  const trackerId = bytesAt(dict, 'tracker id', { max: 512 })
  if (trackerId !== undefined) reply.trackerId = trackerId.slice()
  const warning = textAt(dict, 'warning message')
  if (warning !== undefined) reply.warning = printableText(warning)
  return reply
}

/**
 * BEP 48: one entry for each infohash, in order.
 * @throws SourceError `TRACKER_REPLY`, `TRACKER_FAILURE`
 */
export function parseScrapeReply(
  url: URL,
  body: Uint8Array,
  infoHashes: readonly InfoHash[],
  traffic: Traffic,
): (ScrapeResult | undefined)[] {
  const dict = parseDict(url, body, traffic)
  throwFailure(url, dict, traffic)
  const files = dictAt(dict, 'files')
  if (files === undefined) throw trackerError('TRACKER_REPLY', url, 'the scrape has no files', { ...traffic })
  return infoHashes.map((infoHash) => {
    const entry = files.get(toLatin1(infoHash))
    if (!isDict(entry)) return undefined
    return {
      seeders: integerAt(entry, 'complete', { min: 0 }) ?? 0,
      leechers: integerAt(entry, 'incomplete', { min: 0 }) ?? 0,
      downloaded: integerAt(entry, 'downloaded', { min: 0 }) ?? 0,
    }
  })
}

/** The failure that a reply with an error status may still explain; nothing when the body is something else. */
export function throwExplainedFailure(url: URL, body: Uint8Array, traffic: Traffic & { status: number }): void {
  let dict: BencodeDict
  try {
    dict = decodeDict(body, limits)
  } catch {
    return
  }
  throwFailure(url, dict, traffic)
}

function parseDict(url: URL, body: Uint8Array, traffic: Traffic): BencodeDict {
  try {
    return decodeDict(body, limits)
  } catch (error) {
    const what = body.length === 0 ? 'empty' : body[0] === 0x3c ? 'a web page' : 'not a bencoded dictionary'
    throw trackerError('TRACKER_REPLY', url, `the reply is ${what}`, { ...traffic, cause: error })
  }
}

function throwFailure(url: URL, dict: BencodeDict, traffic: Traffic): void {
  if (!dict.has('failure reason')) return
  const reason = printableText(textAt(dict, 'failure reason') ?? '') || 'no reason given'
  const retryIn = retryOf(dict)
  throw trackerError('TRACKER_FAILURE', url, reason, { ...traffic, reason, ...(retryIn !== undefined && { retryIn }) })
}

/** BEP 31: minutes, as an integer or as text, or `never`. In milliseconds; Infinity for never. */
function retryOf(dict: BencodeDict): number | undefined {
  const minutes = integerAt(dict, 'retry in', { min: 0 })
  if (minutes !== undefined) return minutes * 60_000
  const text = textAt(dict, 'retry in', { max: 20 })
  if (text === 'never') return Number.POSITIVE_INFINITY
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) * 60_000 : undefined
}

function secondsAt(dict: BencodeDict, key: string): number | undefined {
  const seconds = integerAt(dict, key, { min: 0, max: 0xffffffff })
  return seconds === undefined ? undefined : seconds * 1000
}

function peersOf(url: URL, dict: BencodeDict, traffic: Traffic): PeerCandidate[] {
  const peers: PeerCandidate[] = []
  for (const [key, family] of [
    ['peers', 4],
    ['peers6', 6],
  ] as const) {
    const value = dict.get(key)
    try {
      if (isBytes(value)) peers.push(...compactPeers(value, family))
      else if (isList(value)) peers.push(...listedPeers(value))
    } catch (error) {
      throw trackerError('TRACKER_REPLY', url, `${key} are cut off`, { ...traffic, cause: error })
    }
  }
  return peers
}

/** BEP 24: 4 or 16 bytes. */
function addressAt(dict: BencodeDict, key: string): string | undefined {
  const bytes = bytesAt(dict, key)
  if (bytes?.length === 4) return bytes.join('.')
  if (bytes?.length !== 16) return undefined
  const groups = Array.from({ length: 8 }, (_, i) =>
    ((bytes[2 * i] as number) * 256 + (bytes[2 * i + 1] as number)).toString(16),
  )
  return peerAddress(groups.join(':'), 0).host
}
