// What a .torrent says outside of its info dictionary. None of it is covered by the infohash and none of it is needed, so a
// field that makes no sense is left out and never an error.

import {
  type BencodeDict,
  type BencodeValue,
  bytesAt,
  integerAt,
  isBytes,
  isList,
  listAt,
  textAt,
} from '@torrential/bencode'
import { toUtf8 } from '@torrential/primitives'
import type { DhtNode, Metainfo } from './metainfo.ts'
import { readRelations } from './relations.ts'
import { dedupeTiers, usableUrl, WEB_SCHEMES } from './urls.ts'

/** The part of `Metainfo` that is read here. */
export type OuterFields = Pick<
  Metainfo,
  'trackers' | 'webSeeds' | 'httpSeeds' | 'nodes' | 'comment' | 'createdBy' | 'creationDate' | 'similar' | 'collections'
>

/** Bytes of a comment or of a creator's name that are read at most; longer ones are left out. */
const MAX_TEXT = 65_536

export function readOuterFields(dict: BencodeDict, maxUrls: number): OuterFields {
  const comment = textAt(dict, 'comment.utf-8', { max: MAX_TEXT }) ?? textAt(dict, 'comment', { max: MAX_TEXT })
  const createdBy = textAt(dict, 'created by', { max: MAX_TEXT })
  const creationDate = integerAt(dict, 'creation date', { min: 0 })
  return {
    trackers: readTrackers(dict, maxUrls),
    webSeeds: readSeeds(dict.get('url-list'), maxUrls),
    httpSeeds: readSeeds(dict.get('httpseeds'), maxUrls),
    nodes: readNodes(dict, maxUrls),
    ...readRelations(dict, maxUrls),
    ...(comment !== undefined && { comment }),
    ...(createdBy !== undefined && { createdBy }),
    ...(creationDate !== undefined && { creationDate }),
  }
}

/** BEP 12: `announce` counts only when `announce-list` gives nothing. */
function readTrackers(dict: BencodeDict, max: number): readonly (readonly string[])[] {
  const tiers: string[][] = []
  let left = max
  for (const tier of listAt(dict, 'announce-list') ?? []) {
    // Some writers leave out the inner list.
    const urls = textsOf(isList(tier) ? tier : [tier]).slice(0, left)
    left -= urls.length
    tiers.push(urls)
  }
  const usable = dedupeTiers(tiers)
  if (usable.length > 0) return usable
  const announce = bytesAt(dict, 'announce')
  return announce === undefined ? [] : dedupeTiers([[toUtf8(announce)]])
}

/** One URL or a list of them (BEP 19 allows both). */
function readSeeds(value: BencodeValue | undefined, max: number): readonly string[] {
  const urls = new Set<string>()
  for (const text of textsOf(isList(value) ? value : isBytes(value) ? [value] : [])) {
    const url = usableUrl(text, WEB_SCHEMES)
    if (url !== undefined && urls.size < max) urls.add(url)
  }
  return [...urls]
}

function textsOf(values: readonly BencodeValue[]): string[] {
  return values.filter(isBytes).map((bytes) => toUtf8(bytes))
}

function readNodes(dict: BencodeDict, max: number): readonly DhtNode[] {
  const nodes: DhtNode[] = []
  for (const entry of listAt(dict, 'nodes') ?? []) {
    if (nodes.length >= max) break
    if (!isList(entry)) continue
    const [host, port] = entry
    if (!isBytes(host) || typeof port !== 'number' || port < 1 || port > 65_535) continue
    const text = toUtf8(host)
    if (/^[\w.:[\]-]{1,253}$/.test(text)) nodes.push({ host: text, port })
  }
  return nodes
}
