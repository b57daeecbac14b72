// What is done with many small files of a torrent at a time: making those of a piece, and making all durable. Each group of files
// is one trip to wherever the file system's batches run, after the look at their directories that every file gets. What a
// batch does not do is left to the caller, one file at a time.

import type { FileSlice } from '@torrential/primitives'
import type { FileBatches } from './file-batches.ts'
import type { HandlePool } from './handle-pool.ts'
import type { TorrentFilesParts } from './torrent-files.ts'
import { sideBySide } from './side-by-side.ts'

/** Bytes of a slice. A larger one costs more than the calls around it, and is written without a copy. */
const SMALL = 65_536
/** Files of a batch that are too few to send it. */
const LEAST = 4
/** Bounds of a batch: bytes, which are copied, and files, whose directory was looked at just before. */
const MOST_BYTES = 524_288
const MOST_FILES = 128
/** Batches of a flush: one that runs, and the next. */
const SYNCS_AT_ONCE = 2

/** What is to be written to a file: `blocks`, `length` bytes in all, from byte `offset` on. */
export interface FileWrite extends FileSlice {
  readonly blocks: readonly Uint8Array[]
}

/** Makes files that nobody has made yet. Returns the writes that are done. Never rejects. */
export async function makeTogether(
  parts: TorrentFilesParts,
  writes: readonly FileWrite[],
): Promise<ReadonlySet<FileWrite>> {
  const made = new Set<FileWrite>()
  const small = writes.filter(({ length }) => length <= SMALL)
  const batches = batchesFor(parts, small.length)
  if (batches === undefined) return made
  for (const group of groupsOf(small)) {
    const done = await makeGroup(parts, batches, group)
    for (const [index, write] of group.entries()) if (done?.[index] === 1) made.add(write)
    // Whatever is wrong, the next group would meet it as well.
    if (done?.at(-1) !== 1) break
  }
  return made
}

async function makeGroup(
  { places, handles }: TorrentFilesParts,
  batches: FileBatches,
  group: readonly FileWrite[],
): Promise<Uint8Array | undefined> {
  const looks = new Map<string, Promise<void>>()
  for (const { file } of group) {
    const directory = places.directoryOf(file)
    const root = places.rootOf(file)
    const path = root.resolve(directory)
    if (!looks.has(path))
      looks.set(
        path,
        root.create(directory).then(() => root.confirm(directory)),
      )
  }
  const paths = group.map(({ file }) => places.pathOf(file))
  const contents = group.map(({ blocks }) => blocks)
  const positions = group.map(({ offset }) => offset)
  return unlessFailed(async () => {
    await settled(looks.values())
    return handles.place(() => batches.make({ paths, contents, positions }))
  })
}

/** How a flush goes on: `confirmed` looks at a file's directory, `dirty` are the files that are not durable yet. */
export interface FlushProgress {
  readonly confirmed: (file: number) => Promise<void>
  readonly dirty: Set<number>
}

/** Makes files durable that nobody has open. Those that stay dirty are left. Never rejects. */
export async function syncTogether(
  parts: TorrentFilesParts,
  files: readonly number[],
  { confirmed, dirty }: FlushProgress,
): Promise<void> {
  const { places, handles } = parts
  const batches = batchesFor(parts, files.length)
  if (batches === undefined) return
  const groups: number[][] = []
  for (let at = 0; at < files.length; at += MOST_FILES) groups.push(files.slice(at, at + MOST_FILES))
  let isSlow = false
  await sideBySide(groups, SYNCS_AT_ONCE, async (group) => {
    if (isSlow) return
    // A write meanwhile makes a file dirty again.
    for (const file of group) dirty.delete(file)
    const done = await unlessFailed(async () => {
      await settled(group.map(confirmed))
      return handles.place(() => batches.sync(group.map((file) => places.pathOf(file))))
    })
    for (const [index, file] of group.entries()) if (done?.[index] !== 1) dirty.add(file)
    if (done?.at(-1) !== 1) isSlow = true
  })
}

function batchesFor({ handles, geometry }: BatchUser, files: number): FileBatches | undefined {
  return files < LEAST ? undefined : handles.batches(geometry.files.length)
}

interface BatchUser {
  readonly handles: HandlePool
  readonly geometry: TorrentFilesParts['geometry']
}

function* groupsOf(writes: readonly FileWrite[]): Generator<readonly FileWrite[]> {
  let group: FileWrite[] = []
  let bytes = 0
  for (const write of writes) {
    if (group.length >= MOST_FILES || bytes + write.length > MOST_BYTES) {
      yield group
      group = []
      bytes = 0
    }
    group.push(write)
    bytes += write.length
  }
  if (group.length > 0) yield group
}

/** All have ended, so that none of them rejects unheard. @throws the first failure */
async function settled(promises: Iterable<Promise<void>>): Promise<void> {
  for (const result of await Promise.allSettled(promises)) if (result.status === 'rejected') throw result.reason
}

async function unlessFailed<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work()
  } catch {
    return undefined
  }
}
