// The query of an HTTP announce or scrape. Binary values are percent-encoded byte by byte; what the announce URL already
// carries (a passkey, mostly) stays in front, untouched.

import type { InfoHash } from '@torrential/primitives'
import type { AnnounceRequest } from './tracker-client.ts'

/** Every byte's spelling: unreserved characters (RFC 3986) as themselves, the rest as %XX. */
const spelling = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte)
  return /[A-Za-z0-9\-._~]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
})

/** The bytes as URL text. */
export function percentEncode(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += spelling[byte] as string
  return text
}

/** Path and query of an announce (BEP 3, 7, 23). */
export function announcePath(url: URL, request: AnnounceRequest): string {
  const fields = [
    `info_hash=${percentEncode(request.infoHash)}`,
    `peer_id=${percentEncode(request.peerId)}`,
    `port=${request.port}`,
    `uploaded=${request.uploaded}`,
    `downloaded=${request.downloaded}`,
    `left=${request.left}`,
    'compact=1',
    'no_peer_id=1',
    `numwant=${request.numWant ?? 200}`,
  ]
  if (request.event !== undefined) fields.push(`event=${request.event}`)
  if (request.key !== undefined) fields.push(`key=${request.key.toString(16).toUpperCase().padStart(8, '0')}`)
  if (request.ip !== undefined) fields.push(`ip=${encodeURIComponent(request.ip)}`)
  if (request.trackerId !== undefined) fields.push(`trackerid=${percentEncode(request.trackerId)}`)
  return withQuery(url, fields)
}

/** Path and query of a scrape (BEP 48); `url` is the scrape URL already. */
export function scrapePath(url: URL, infoHashes: readonly InfoHash[]): string {
  return withQuery(
    url,
    infoHashes.map((infoHash) => `info_hash=${percentEncode(infoHash)}`),
  )
}

/** Path and query of a URL that is followed as it is. */
export function plainPath(url: URL): string {
  return url.pathname + url.search
}

function withQuery(url: URL, fields: readonly string[]): string {
  // `search` is empty for a lone `?` as well.
  const before = url.search === '' ? '?' : `${url.search}&`
  return `${url.pathname}${before}${fields.join('&')}`
}
