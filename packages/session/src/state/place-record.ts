// Where the files of a torrent are when they are not where the .torrent and whoever adds it say: moved to another folder, renamed,
// or on the way. A file of its own beside the resume record, written before the first file moves and after the last one did, so
// that a start finds every file and finishes what a crash cut short. Only torrents that were moved or renamed have one.
// Sealed as the resume record is; what is damaged is no record.

import { isAbsolute } from 'node:path'
import { isCount } from './resume-record.ts'
import { sealJson, unsealJson } from './sealed-json.ts'

/** Absolute folder, and the files (by index in the metainfo) that have another path below it. */
export interface Places {
  readonly path: string
  readonly renamed: ReadonlyMap<number, string>
}

export interface PlaceRecord extends Places {
  /** Folders that the torrent was moved away from, oldest first: who adds it there again means it. */
  readonly left: readonly string[]
  /** Where the files are going; some may be there. */
  readonly next?: Places
}

/** Bytes. */
export const LARGEST_PLACES = 64 * 1024 * 1024
const MOST_LEFT = 16
const KIND = 'places 1'

export function encodePlaces({ path, renamed, left, next }: PlaceRecord, infoHash: string): string {
  const places = { path, renamed: [...renamed], left: left.slice(-MOST_LEFT) }
  const going = next && { next: { path: next.path, renamed: [...next.renamed] } }
  return sealJson(KIND, { infoHash, ...places, ...going })
}

/** Undefined unless `bytes` are a record of that torrent, which has `files` files. */
export function decodePlaces(
  bytes: Uint8Array,
  expected: { readonly infoHash: string; readonly files: number },
): PlaceRecord | undefined {
  const fields = unsealJson(KIND, bytes)
  if (fields === undefined) return undefined
  try {
    const { infoHash, left, next } = fields
    const places = placesOf(fields, expected.files)
    if (infoHash !== expected.infoHash || places === undefined) return undefined
    if (!Array.isArray(left) || !left.every((path) => typeof path === 'string' && isAbsolute(path))) return undefined
    if (next === undefined) return { ...places, left }
    const going = placesOf(next as Record<string, unknown>, expected.files)
    return going && { ...places, left, next: going }
  } catch {
    return undefined
  }
}

function placesOf({ path, renamed }: Readonly<Record<string, unknown>>, files: number): Places | undefined {
  if (typeof path !== 'string' || !isAbsolute(path) || !Array.isArray(renamed)) return undefined
  const names = new Map<number, string>()
  for (const [file, name] of renamed as unknown[][]) {
    if (!isCount(file) || file >= files || typeof name !== 'string') return undefined
    names.set(file, name)
  }
  return { path, renamed: names }
}
