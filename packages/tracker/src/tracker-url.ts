// Announce URLs come from torrents and magnets, so they are hostile too. `new URL` silently drops line ends and tabs inside;
// here they make the URL invalid, so that what is shown, stored and asked is one and the same text.

import { domainToASCII } from 'node:url'
import { parseUrl } from '@torrential/primitives'

const longest = 4096

export type TrackerScheme = 'http' | 'https' | 'udp' | 'ws' | 'wss'

const schemes: ReadonlySet<string> = new Set<TrackerScheme>(['http', 'https', 'udp', 'ws', 'wss'])

/** The URL when it could name a tracker: a known scheme, a host, for UDP a port. At most 4,096 characters. */
export function parseTrackerUrl(text: string): URL | undefined {
  const trimmed = text.trim()
  // eslint-disable-next-line no-control-regex
  if (trimmed.length > longest || /[\u0000-\u0020\u007f]/.test(trimmed)) return undefined
  const url = parseUrl(trimmed)
  if (url === undefined || !schemes.has(schemeOf(url)) || url.hostname === '') return undefined
  return schemeOf(url) === 'udp' ? checkUdp(url) : url
}

/** `http` of `http://…`. */
export function schemeOf(url: URL): TrackerScheme {
  return url.protocol.slice(0, -1) as TrackerScheme
}

/** Name or IP literal without brackets, ready for a resolver. */
export function hostOf(url: URL): string {
  const { hostname } = url
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
}

/** Where to scrape (BEP 48): `announce` at the start of the last path segment becomes `scrape`; undefined when it is not there. */
export function scrapeUrlOf(url: URL): URL | undefined {
  const at = url.pathname.lastIndexOf('/') + 1
  if (!url.pathname.startsWith('announce', at)) return undefined
  const scrape = new URL(url)
  scrape.pathname = `${url.pathname.slice(0, at)}scrape${url.pathname.slice(at + 'announce'.length)}`
  return scrape
}

/** Hosts of schemes that browsers do not know are left as they are by the URL parser: international names need their ASCII form. */
function checkUdp(url: URL): URL | undefined {
  if (url.port === '' || url.port === '0') return undefined
  if (url.hostname.startsWith('[')) return url
  let name: string
  try {
    name = domainToASCII(decodeURIComponent(url.hostname))
  } catch {
    return undefined
  }
  if (name === '') return undefined
  url.hostname = name
  return url
}
