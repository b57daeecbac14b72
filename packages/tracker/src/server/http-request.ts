// What an HTTP client asks of the tracker, out of the request line. Values are binary: they are decoded byte by byte to latin1
// text (one character per byte), never as UTF-8. A `+` is a plus sign here, as every tracker reads it, not a space.

import { fromLatin1 } from '@torrential/primitives'
import type { SwarmEvent } from './swarm-store.ts'

/** Fields of a query that are looked at; more is junk. */
const maxFields = 200

export interface HttpAnnounce {
  readonly infoHash: Uint8Array
  readonly peerId: Uint8Array
  readonly port: number
  readonly seed: boolean
  readonly event: SwarmEvent
  /** Undefined when the client leaves it to us. */
  readonly numWant: number | undefined
  readonly compact: boolean
  readonly noPeerId: boolean
  /** As sent, unchecked. */
  readonly ip: string | undefined
}

/** One target with its decoded query. Repeated fields keep all values. */
export interface HttpTarget {
  readonly path: string
  readonly fields: ReadonlyMap<string, readonly string[]>
}

/** Undefined when an escape is malformed. */
export function parseTarget(target: string): HttpTarget | undefined {
  const mark = target.indexOf('?')
  const fields = new Map<string, string[]>()
  if (mark === -1) return { path: target, fields }
  let left = maxFields
  for (const pair of target.slice(mark + 1).split('&', maxFields)) {
    if (pair === '' || left-- === 0) continue
    const equals = pair.indexOf('=')
    const name = decodeEscapes(equals === -1 ? pair : pair.slice(0, equals))
    const value = decodeEscapes(equals === -1 ? '' : pair.slice(equals + 1))
    if (name === undefined || value === undefined) return undefined
    const values = fields.get(name)
    if (values === undefined) fields.set(name, [value])
    else values.push(value)
  }
  return { path: target.slice(0, mark), fields }
}

/** The announce, or what is wrong with it in words for the client. */
export function parseAnnounce({ fields }: HttpTarget): HttpAnnounce | string {
  const infoHash = fields.get('info_hash')?.[0]
  if (infoHash?.length !== 20) return 'info_hash must have 20 bytes'
  const peerId = fields.get('peer_id')?.[0]
  if (peerId?.length !== 20) return 'peer_id must have 20 bytes'
  const port = numberOf(fields.get('port')?.[0])
  if (port === undefined || port > 65_535) return 'port must be 0 to 65535'
  const left = fields.get('left')?.[0]
  if (left !== undefined && !/^-?\d{1,20}$/.test(left)) return 'left must be a number'
  const event = eventOf(fields.get('event')?.[0])
  if (event === undefined) return 'unknown event'
  return {
    infoHash: fromLatin1(infoHash),
    peerId: fromLatin1(peerId),
    port,
    seed: left !== undefined && /^0+$/.test(left),
    event,
    numWant: numberOf(fields.get('numwant')?.[0]),
    // BEP 23: without a word about it the long form would be meant, but every client since reads the compact one.
    compact: fields.get('compact')?.[0] !== '0',
    noPeerId: fields.get('no_peer_id')?.[0] === '1',
    ip: fields.get('ip')?.[0],
  }
}

/** Infohashes to scrape, or what is wrong. */
export function parseScrape({ fields }: HttpTarget, limit: number): Uint8Array[] | string {
  const values = fields.get('info_hash') ?? []
  if (values.length === 0) return 'a scrape needs at least one info_hash'
  if (values.some((value) => value.length !== 20)) return 'info_hash must have 20 bytes'
  return values.slice(0, limit).map(fromLatin1)
}

/** Latin1 text of a percent-encoded value. */
function decodeEscapes(text: string): string | undefined {
  if (!text.includes('%')) return text
  let decoded = ''
  for (let i = 0; i < text.length; i++) {
    const character = text[i] as string
    if (character !== '%') {
      decoded += character
      continue
    }
    const digits = text.slice(i + 1, i + 3)
    if (!/^[0-9a-fA-F]{2}$/.test(digits)) return undefined
    decoded += String.fromCharCode(Number.parseInt(digits, 16))
    i += 2
  }
  return decoded
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

function eventOf(text: string | undefined): SwarmEvent | undefined {
  switch (text) {
    case undefined:
    case '':
    case 'none':
    // BEP 21: a partial seed says that it has stopped wanting, not that it has gone.
    case 'paused':
      return 'none'
    case 'started':
    case 'completed':
    case 'stopped':
      return text
    default:
      return undefined
  }
}
