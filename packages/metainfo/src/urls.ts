// URLs from strangers: kept as they were written when they are absolute, of an allowed scheme and free of characters that
// would end up in a request line. `new URL` alone would silently drop line breaks, hence the test before it.

import { parseUrl } from '@torrential/primitives'

/** Schemes of trackers. */
export const TRACKER_SCHEMES: readonly string[] = ['http:', 'https:', 'udp:', 'ws:', 'wss:']

/** Schemes of web seeds. */
export const WEB_SCHEMES: readonly string[] = ['http:', 'https:']

/** Characters in a URL at most. */
const MAX_URL = 4096

/** `text` without white space around it, or `undefined` when it is no URL of one of `schemes`. */
export function usableUrl(text: string, schemes: readonly string[]): string | undefined {
  const url = text.trim()
  // oxlint-disable-next-line no-control-regex
  if (url.length > MAX_URL || /[\s\u0000-\u001f\u007f\ufffd]|\p{Cs}/u.test(url)) return undefined
  const parsed = parseUrl(url)
  return parsed !== undefined && schemes.includes(parsed.protocol) && parsed.hostname !== '' ? url : undefined
}

/** Tiers of usable tracker URLs: each URL once, at its first place, and no empty tier. */
export function dedupeTiers(tiers: readonly (readonly string[])[]): string[][] {
  const seen = new Set<string>()
  const usable: string[][] = []
  for (const tier of tiers) {
    const urls: string[] = []
    for (const text of tier) {
      const url = usableUrl(text, TRACKER_SCHEMES)
      if (url === undefined || seen.has(url)) continue
      seen.add(url)
      urls.push(url)
    }
    if (urls.length > 0) usable.push(urls)
  }
  return usable
}
