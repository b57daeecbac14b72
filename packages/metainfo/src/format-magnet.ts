// Writing magnet links: always the same text for the same parts, so that links can be compared.

import { formatAddress, fromUtf8, InputError, toHex, toUtf8 } from '@torrential/primitives'
import type { FileRange, MagnetParts } from './magnet.ts'

/**
 * The link for `parts`, e.g. for a torrent: `formatMagnet({ ...metainfo, trackers: metainfo.trackers.flat() })`.
 * @throws InputError `MAGNET_INFOHASH_MISSING` when there is neither infohash, `MAGNET_SELECT` for an impossible file range
 */
export function formatMagnet(parts: MagnetParts): string {
  const { infoHashV1, infoHashV2, name, length, trackers, webSeeds, peers, namedPeers, select } = parts
  if (infoHashV1 === undefined && infoHashV2 === undefined) {
    throw new InputError('MAGNET_INFOHASH_MISSING', 'a link needs an infohash')
  }
  const query: string[] = []
  if (infoHashV1 !== undefined) query.push(`xt=urn:btih:${toHex(infoHashV1)}`)
  if (infoHashV2 !== undefined) query.push(`xt=urn:btmh:1220${toHex(infoHashV2)}`)
  if (name !== undefined) query.push(`dn=${escape(name)}`)
  if (length !== undefined) query.push(`xl=${length}`)
  for (const url of trackers ?? []) query.push(`tr=${escape(url)}`)
  for (const url of webSeeds ?? []) query.push(`ws=${escape(url)}`)
  for (const address of peers ?? []) query.push(`x.pe=${escapeHost(formatAddress(address))}`)
  for (const { host, port } of namedPeers ?? []) query.push(`x.pe=${escapeHost(`${host}:${port}`)}`)
  if (select !== undefined && select.length > 0) query.push(`so=${select.map(formatRange).join(',')}`)
  return `magnet:?${query.join('&')}`
}

function formatRange({ start, end }: FileRange): string {
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end <= start) {
    throw new InputError('MAGNET_SELECT', `not a range of files: ${start} … ${end}`)
  }
  return end - start === 1 ? String(start) : `${start}-${end - 1}`
}

/** Through UTF-8 first: a lone surrogate would make `encodeURIComponent` throw. */
function escape(text: string): string {
  return encodeURIComponent(toUtf8(fromUtf8(text)))
}

/** Colons and brackets of an address are left readable. */
function escapeHost(text: string): string {
  return escape(text).replaceAll('%3A', ':').replaceAll('%5B', '[').replaceAll('%5D', ']')
}
