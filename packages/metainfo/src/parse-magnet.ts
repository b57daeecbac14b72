// Reading magnet links. The infohash must be right, and so must a selection of files, because ignoring it would download what
// nobody asked for; every other parameter that makes no sense is left out, and unknown ones are ignored.

import {
  formatAddress,
  fromHex,
  type InfoHash,
  type InfoHashV2,
  infoHashFrom,
  infoHashV2From,
  InputError,
  parseAddress,
  type PeerAddress,
  truncateInfoHash,
} from '@torrential/primitives'
import { fromBase32 } from './base32.ts'
import {
  type FileRange,
  type Magnet,
  MAGNET_LIMITS,
  type MagnetLimits,
  MAX_FILE_INDEX,
  type NamedPeer,
} from './magnet.ts'
import { safeName } from './safe-name.ts'
import { TRACKER_SCHEMES, usableUrl, WEB_SCHEMES } from './urls.ts'

/**
 * Reads `magnet:?xt=urn:btih:…` (hexadecimal or base32) and `urn:btmh:1220…`, with `dn tr ws x.pe so xl`.
 *
 * @throws InputError `MAGNET_URI` (no magnet link), `MAGNET_SIZE` (too long), `MAGNET_INFOHASH` (malformed),
 * `MAGNET_INFOHASH_MISSING`, `MAGNET_INFOHASH_CONFLICT` (two of one kind), `MAGNET_SELECT` (malformed `so`),
 * `MAGNET_ENTRIES` (too many file ranges)
 */
export function parseMagnet(uri: string, options: { readonly limits?: MagnetLimits } = {}): Magnet {
  const limits = { ...MAGNET_LIMITS, ...options.limits }
  if (typeof uri !== 'string' || !/^magnet:\?/i.test(uri)) throw new InputError('MAGNET_URI', 'not a magnet link')
  if (uri.length > limits.maxLength) {
    throw new InputError('MAGNET_SIZE', `${uri.length} characters, more than ${limits.maxLength}`)
  }
  const parameters = readParameters(uri.slice('magnet:?'.length))
  const hashes = readInfoHashes(parameters.get('xt') ?? [])
  const { peers, namedPeers } = readPeers(parameters.get('x.pe') ?? [], limits.maxEntries)
  const name = readName(parameters.get('dn')?.[0])
  const length = readLength(parameters.get('xl')?.[0])
  return {
    ...hashes,
    ...(name !== undefined && { name }),
    trackers: readUrls(parameters.get('tr') ?? [], TRACKER_SCHEMES, limits.maxEntries),
    webSeeds: readUrls(parameters.get('ws') ?? [], WEB_SCHEMES, limits.maxEntries),
    peers,
    namedPeers,
    select: readSelect(parameters.get('so') ?? [], limits.maxEntries),
    ...(length !== undefined && { length }),
  }
}

/** Values, still escaped, by name. `tr.1`, `xt.2` and the like count as `tr` and `xt`. */
function readParameters(query: string): ReadonlyMap<string, readonly string[]> {
  const parameters = new Map<string, string[]>()
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=')
    if (equals < 0) continue
    const name = pair
      .slice(0, equals)
      .toLowerCase()
      .replace(/\.\d+$/, '')
    const values = parameters.get(name)
    if (values === undefined) parameters.set(name, [pair.slice(equals + 1)])
    else values.push(pair.slice(equals + 1))
  }
  return parameters
}

function unescape(value: string): string | undefined {
  try {
    return decodeURIComponent(value)
  } catch {
    return undefined
  }
}

type InfoHashes = Pick<Magnet, 'infoHash' | 'infoHashV1' | 'infoHashV2'>

function readInfoHashes(topics: readonly string[]): InfoHashes {
  let v1: InfoHash | undefined
  let v2: InfoHashV2 | undefined
  for (const topic of topics) {
    const [, kind, text] = /^urn:(btih|btmh):(.*)$/is.exec(unescape(topic) ?? '') ?? []
    if (kind === undefined || text === undefined) continue
    if (kind.toLowerCase() === 'btih') v1 = sameOrFirst(v1, readBtih(text))
    else v2 = sameOrFirst(v2, readBtmh(text))
  }
  const infoHash = v1 ?? (v2 && truncateInfoHash(v2))
  if (infoHash === undefined) throw new InputError('MAGNET_INFOHASH_MISSING', 'the link has no infohash')
  return { infoHash, ...(v1 && { infoHashV1: v1 }), ...(v2 && { infoHashV2: v2 }) }
}

function sameOrFirst<Hash extends Uint8Array>(known: Hash | undefined, found: Hash): Hash {
  if (known !== undefined && Buffer.compare(known, found) !== 0) {
    throw new InputError('MAGNET_INFOHASH_CONFLICT', 'the link has two infohashes of one kind')
  }
  return found
}

function readBtih(text: string): InfoHash {
  const bytes = /^[0-9a-f]{40}$/i.test(text) ? fromHex(text) : text.length === 32 ? fromBase32(text) : undefined
  return infoHashFrom(bytes ?? malformed(text))
}

/** A multihash: 0x12 says SHA-256, 0x20 says 32 bytes. */
function readBtmh(text: string): InfoHashV2 {
  return infoHashV2From(/^1220[0-9a-f]{64}$/i.test(text) ? fromHex(text.slice(4)) : malformed(text))
}

function malformed(text: string): never {
  throw new InputError('MAGNET_INFOHASH', `not an infohash: ${JSON.stringify(text.slice(0, 80))}`)
}

function readName(value: string | undefined): string | undefined {
  const text = value === undefined ? undefined : unescape(value.replaceAll('+', ' '))
  return text === undefined ? undefined : safeName(text, 'portable')
}

function readLength(value: string | undefined): number | undefined {
  if (value === undefined || !/^\d{1,16}$/.test(value)) return undefined
  return Number.isSafeInteger(Number(value)) ? Number(value) : undefined
}

function readUrls(values: readonly string[], schemes: readonly string[], max: number): readonly string[] {
  const urls = new Set<string>()
  for (const value of values) {
    const url = usableUrl(unescape(value) ?? '', schemes)
    if (url !== undefined && urls.size < max) urls.add(url)
  }
  return [...urls]
}

interface Peers {
  readonly peers: readonly PeerAddress[]
  readonly namedPeers: readonly NamedPeer[]
}

function readPeers(values: readonly string[], max: number): Peers {
  const peers = new Map<string, PeerAddress>()
  const namedPeers = new Map<string, NamedPeer>()
  for (const value of values) {
    if (peers.size + namedPeers.size >= max) break
    const text = unescape(value) ?? ''
    const address = readAddress(text)
    if (address !== undefined) peers.set(formatAddress(address), address)
    else readNamedPeer(text, namedPeers)
  }
  return { peers: [...peers.values()], namedPeers: [...namedPeers.values()] }
}

function readAddress(text: string): PeerAddress | undefined {
  try {
    const address = parseAddress(text)
    return address.port === 0 ? undefined : address
  } catch {
    return undefined
  }
}

/** A host name has a letter somewhere in its last label, so that no misspelt address is taken for one. */
function readNamedPeer(text: string, found: Map<string, NamedPeer>): void {
  const match = /^((?:[a-z0-9_-]{1,63}\.)*[a-z0-9-]*[a-z][a-z0-9-]*\.?):(\d{1,5})$/i.exec(text.slice(0, 260))
  if (match === null) return
  const host = (match[1] as string).toLowerCase()
  const port = Number(match[2])
  if (port > 0 && port <= 65_535 && host.length <= 253) found.set(`${host}:${port}`, { host, port })
}

/** `0,2,4-6`, both ends included there, as half-open ranges: sorted, those that touch joined. */
function readSelect(values: readonly string[], max: number): readonly FileRange[] {
  const ranges: FileRange[] = []
  for (const value of values) {
    for (const item of (unescape(value) ?? '-').split(',')) {
      if (ranges.length >= max) throw new InputError('MAGNET_ENTRIES', `more than ${max} file ranges`)
      ranges.push(readRange(item))
    }
  }
  ranges.sort((a, b) => a.start - b.start)
  const joined: FileRange[] = []
  for (const range of ranges) {
    const last = joined.at(-1)
    if (last === undefined || range.start > last.end) joined.push(range)
    else joined[joined.length - 1] = { start: last.start, end: Math.max(last.end, range.end) }
  }
  return joined
}

function readRange(item: string): FileRange {
  const match = /^(\d{1,8})(?:-(\d{1,8}))?$/.exec(item)
  const start = Number(match?.[1])
  const last = Number(match?.[2] ?? match?.[1])
  if (match === null || last < start || last >= MAX_FILE_INDEX) {
    throw new InputError('MAGNET_SELECT', `not a range of files: ${JSON.stringify(item.slice(0, 80))}`)
  }
  return { start, end: last + 1 }
}
