// What is done with many small files of a torrent at a time: writing to those of a piece, and making all durable. Each group of files
// is one trip to wherever the file system's batches run, the look at their directories included. What a batch does not do is left to the
// caller, one file at a time.

import type { FileSlice } from '@torrential/primitives'
import type { FileBatches } from './file-batches.ts'
import type { HandlePool } from './handle-pool.ts'
import { extentOf } from './piece-extent.ts'
import type { RootDirectory } from './root-directory.ts'
import { sideBySide } from './side-by-side.ts'
import type { StoredFileStatus, TorrentFilesParts } from './torrent-files.ts'

/** Bytes of a slice. A larger one costs more than the calls around it, and is written without a copy. */
const SMALL = 65_536
/** Files of a batch that are too few to send it. */
const LEAST = 4
/** Bounds of a batch of writes: bytes, which are copied, and files. */
const MOST_BYTES = 1_048_576
const MOST_FILES = 256
/** Files of a batch of syncs, and batches of a flush: one that runs, and the next. */
const MOST_SYNCED = 512
const SYNCS_AT_ONCE = 2

/** What is to be written to a file: `blocks`, `length` bytes in all, from byte `offset` on. */
export interface FileWrite extends FileSlice {
  readonly blocks: readonly Uint8Array[]
}

/**
 * Writes to files that nobody has open, and makes those that are not `isKnown` where they are missing. Returns the writes that are done.
 * Never rejects.
 */
export async function writeTogether(
  parts: TorrentFilesParts,
  writes: readonly FileWrite[],
  isKnown: (file: number) => boolean,
): Promise<ReadonlySet<FileWrite>> {
  const written = new Set<FileWrite>()
  const small = writes.filter(({ length }) => length <= SMALL)
  const batches = batchesFor(parts, small.length)
  if (batches === undefined) return written
  for (const group of groupsOf(parts, small)) {
    const done = await writeGroup(parts, batches, group, isKnown)
    for (const [index, write] of group.entries()) if (done?.[index] === 1) written.add(write)
    // Whatever is wrong, the next group would meet it as well.
    if (done?.at(-1) !== 1) break
  }
  return written
}

function writeGroup(
  { places, handles, geometry }: TorrentFilesParts,
  batches: FileBatches,
  group: readonly FileWrite[],
  isKnown: (file: number) => boolean,
): Promise<Uint8Array | undefined> {
  const root = places.rootOf((group[0] as FileWrite).file).path
  const paths = group.map(({ file }) => places.pathOf(file))
  const contents = group.map(({ blocks }) => blocks)
  const positions = Float64Array.from(group, ({ offset }) => offset)
  const limits = Float64Array.from(group, ({ file }) => extentOf(geometry, file).length)
  const known = Uint8Array.from(group, ({ file }) => Number(isKnown(file)))
  return unlessFailed(() => handles.place(() => batches.write({ root, paths, contents, positions, limits, known })))
}

/**
 * Makes files durable that nobody has open, and takes them out of `dirty`; those that are not durable stay. Returns how those that are
 * look. Never rejects.
 */
export async function syncTogether(
  parts: TorrentFilesParts,
  files: readonly number[],
  dirty: Set<number>,
): Promise<ReadonlyMap<number, StoredFileStatus>> {
  const looks = new Map<number, StoredFileStatus>()
  const { places, handles } = parts
  const batches = batchesFor(parts, files.length)
  if (batches === undefined) return looks
  let isSlow = false
  await sideBySide(syncsOf(parts, files), SYNCS_AT_ONCE, async (group) => {
    if (isSlow) return
    // A write meanwhile makes a file dirty again.
    for (const file of group) dirty.delete(file)
    const root = places.rootOf(group[0] as number).path
    const paths = group.map((file) => places.pathOf(file))
    const found = await unlessFailed(() => handles.place(() => batches.sync(root, paths)))
    for (const [index, file] of group.entries()) {
      const size = found?.[2 * index] ?? Number.NaN
      if (Number.isNaN(size)) dirty.add(file)
      else looks.set(file, { size, modified: found?.[2 * index + 1] as number })
    }
    if (Number.isNaN(found?.at(-2) ?? Number.NaN)) isSlow = true
  })
  return looks
}

function batchesFor({ handles, geometry }: BatchUser, files: number): FileBatches | undefined {
  return files < LEAST ? undefined : handles.batches(geometry.files.length)
}

interface BatchUser {
  readonly handles: HandlePool
  readonly geometry: TorrentFilesParts['geometry']
}

/** Groups are within their bounds, and each is below one root. */
function* groupsOf({ places }: TorrentFilesParts, writes: readonly FileWrite[]): Generator<readonly FileWrite[]> {
  let group: FileWrite[] = []
  let bytes = 0
  let root: RootDirectory | undefined
  for (const write of writes) {
    const own = places.rootOf(write.file)
    if (group.length >= MOST_FILES || bytes + write.length > MOST_BYTES || own !== root) {
      if (group.length > 0) yield group
      group = []
      bytes = 0
    }
    root = own
    group.push(write)
    bytes += write.length
  }
  if (group.length > 0) yield group
}

function* syncsOf({ places }: TorrentFilesParts, files: readonly number[]): Generator<readonly number[]> {
  let group: number[] = []
  for (const file of files) {
    const first = group[0]
    if (first !== undefined && (group.length >= MOST_SYNCED || places.rootOf(file) !== places.rootOf(first))) {
      yield group
      group = []
    }
    group.push(file)
  }
  if (group.length > 0) yield group
}

async function unlessFailed<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work()
  } catch {
    return undefined
  }
}
