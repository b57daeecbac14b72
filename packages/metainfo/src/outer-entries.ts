// What a new or edited .torrent says outside of its info dictionary, checked: the counterpart of `outer-fields.ts`. Here the
// values are the user's own, so what makes no sense is an error and not left out.

import type { Encodable } from '@torrential/bencode'
import { InputError } from '@torrential/primitives'
import { dedupeTiers, usableUrl, WEB_SCHEMES } from './urls.ts'

type Fields = { readonly [key: string]: Encodable | undefined }

/**
 * `announce` and `announce-list` (BEP 12); the list only when there is more than one tracker.
 * @throws InputError `TORRENT_TRACKER`
 */
export function trackerEntries(tiers: readonly (readonly string[])[]): Fields {
  for (const url of tiers.flat()) {
    if (dedupeTiers([[url]]).length === 0) throw new InputError('TORRENT_TRACKER', `no tracker: ${JSON.stringify(url)}`)
  }
  const trackers = dedupeTiers(tiers)
  return { announce: trackers[0]?.[0], 'announce-list': trackers.flat().length > 1 ? trackers : undefined }
}

/**
 * `url-list` (BEP 19) or `httpseeds` (BEP 17).
 * @throws InputError `TORRENT_WEB_SEED`
 */
export function seedEntries(key: 'url-list' | 'httpseeds', urls: readonly string[]): Fields {
  const checked = urls.map((text) => {
    const url = usableUrl(text, WEB_SCHEMES)
    if (url === undefined) throw new InputError('TORRENT_WEB_SEED', `no web seed: ${JSON.stringify(text)}`)
    return url
  })
  return { [key]: checked.length > 0 ? checked : undefined }
}

/** @throws InputError `TORRENT_DATE` */
export function checkDate(date: number | undefined): number | undefined {
  if (date !== undefined && (!Number.isSafeInteger(date) || date < 0)) {
    throw new InputError('TORRENT_DATE', `a creation date of ${date} is not possible`)
  }
  return date
}
