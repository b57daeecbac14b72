// Relations to other torrents (BEP 38): infohashes of similar ones, and names of collections. They may be in the info dictionary
// and outside of it. Hints only, so what makes no sense is left out.

import { type BencodeDict, isBytes, listAt } from '@torrential/bencode'
import { toLatin1, toUtf8 } from '@torrential/primitives'
import type { Metainfo } from './metainfo.ts'

/** The part of `Metainfo` that is read here. */
export type Relations = Pick<Metainfo, 'similar' | 'collections'>

/** Bytes of a collection's name at most. */
const MAX_NAME = 4096

/** At most `max` of each. */
export function readRelations(dict: BencodeDict, max: number): Relations {
  const similar: Uint8Array[] = []
  for (const hash of listAt(dict, 'similar') ?? []) {
    if (similar.length < max && isBytes(hash) && (hash.length === 20 || hash.length === 32)) similar.push(hash)
  }
  const collections: string[] = []
  for (const name of listAt(dict, 'collections') ?? []) {
    if (collections.length < max && isBytes(name) && name.length > 0 && name.length <= MAX_NAME) {
      collections.push(toUtf8(name))
    }
  }
  return { similar, collections }
}

/** Both, each entry once, at most `max` of each. */
export function joinRelations(a: Relations, b: Relations, max: number): Relations {
  const similar = new Map([...a.similar, ...b.similar].map((hash) => [toLatin1(hash), hash]))
  const collections = new Set([...a.collections, ...b.collections])
  return { similar: [...similar.values()].slice(0, max), collections: [...collections].slice(0, max) }
}
