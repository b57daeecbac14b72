// How a file looked: size and time of its last change. Whether what a record says of a file can still be believed is decided
// here, from nothing else, so that no start has to read terabytes.
//
// After a clean end the file must look exactly as written down. After a crash it may have been written to since: its size may
// only be what the pieces need or more, and its time must lie between the record's and a minute after the last sign of life in
// the journal. (A minute before the record is allowed too: a power cut can take back a change of time that was not on the
// disk yet, while the bytes themselves were.) A file that somebody changed within that minute after a crash goes unnoticed;
// everything later is seen.

import { dirname } from 'node:path'
import type { Metainfo } from '@torrential/metainfo'
import { type FileBatches, type FileSystem, MissingDirectories, type StoredFileStatus } from '@torrential/storage'

export interface FileStamp {
  /** bytes */
  readonly size: number
  /** Milliseconds since 1970, whole. */
  readonly mtime: number
}

/** The time in which the files were written to by us. */
export interface ActiveTime {
  readonly start: number
  readonly end: number
}

const SLACK = 60_000
/** Files looked at side by side: hides the latency of a disk without filling the process's few I/O threads. */
const AT_ONCE = 4

/** Files of one batch: so few that a slow disk is noticed soon. */
const BATCH = 1_024

/** How some files looked, by their index in the metainfo. */
export type FileLooks = ReadonlyMap<number, StoredFileStatus>

/** What files are looked at with. */
export interface FileLook {
  readonly fileSystem: FileSystem
  /** Many at a time, as far as there are any. */
  readonly batches?: FileBatches | undefined
  /** Of a moment ago: these files are not looked at. */
  readonly looks?: FileLooks | undefined
}

/**
 * Of each file, null where there is none, something that is no file, or what cannot be looked at: a record that says so claims too
 * little, and its pieces are hashed. `locate` gives the absolute path of each.
 */
export async function stampFiles(
  metainfo: Metainfo,
  locate: (file: number) => string,
  { fileSystem, batches, looks }: FileLook,
): Promise<(FileStamp | null)[]> {
  const all = metainfo.files.flatMap(({ pad }, file) => (pad || looks?.has(file) === true ? [] : [file]))
  const stamps = Array.from({ length: metainfo.files.length }, (_, file) => stampFrom(looks?.get(file)))
  const missing = new MissingDirectories((directory) => isGone(directory, fileSystem))
  // Of a new torrent nothing is there, which one file tells of all; a few are asked for as soon as that one.
  const first = all.length > AT_ONCE ? all[0] : undefined
  const isNew = first !== undefined && (await missing.look(dirname(locate(first))))
  const files = isNew ? all.filter((file) => !missing.has(dirname(locate(file)))) : all
  let next = batches === undefined ? 0 : await stampTogether(files, { locate, batches, stamps })
  const work = async (): Promise<void> => {
    for (let file = files[next++]; file !== undefined; file = files[next++]) {
      stamps[file] = await stampOf(locate(file), fileSystem, missing)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return stamps
}

function stampFrom(look: StoredFileStatus | undefined): FileStamp | null {
  return look === undefined ? null : { size: look.size, mtime: Math.floor(look.modified) }
}

interface BatchLook {
  readonly locate: (file: number) => string
  readonly batches: FileBatches
  readonly stamps: (FileStamp | null)[]
}

/** Returns how many of the files, from the first one on, have been looked at. */
async function stampTogether(files: readonly number[], { locate, batches, stamps }: BatchLook): Promise<number> {
  for (let at = 0; at < files.length; at += BATCH) {
    const group = files.slice(at, at + BATCH)
    const found = await batches.look(group.map(locate))
    for (const [index, file] of group.entries()) {
      const size = found[2 * index] as number
      if (Number.isNaN(size)) return at + index
      if (size >= 0) stamps[file] = stampFrom({ size, modified: found[2 * index + 1] as number })
    }
  }
  return files.length
}

async function stampOf(path: string, fileSystem: FileSystem, missing: MissingDirectories): Promise<FileStamp | null> {
  if (missing.has(dirname(path))) return null
  try {
    const { kind, size, modified } = await fileSystem.stat(path)
    return kind === 'file' ? stampFrom({ size, modified }) : null
  } catch (error) {
    if (isAbsent(error)) await missing.look(dirname(path))
    return null
  }
}

function isGone(directory: string, fileSystem: FileSystem): Promise<boolean> {
  return fileSystem.stat(directory).then(() => false, isAbsent)
}

/** Nothing is there, as against nobody can tell. */
function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/** The file is untouched since the record. */
export function isSame(recorded: FileStamp | null, now: FileStamp | null): boolean {
  if (recorded === null || now === null) return recorded === now
  return recorded.size === now.size && recorded.mtime === now.mtime
}

/** What became of the file since the record can be our own doing. */
export function isExplained(recorded: FileStamp | null, now: FileStamp | null, active: ActiveTime): boolean {
  if (now === null) return recorded === null
  if (recorded !== null) {
    if (now.size < recorded.size) return false
    if (now.mtime <= recorded.mtime && now.mtime >= recorded.mtime - SLACK) return true
  }
  return now.mtime >= active.start - SLACK && now.mtime <= active.end + SLACK
}

export function isFileStamp(value: unknown): value is FileStamp {
  const { size, mtime } = (value ?? {}) as Record<string, unknown>
  return Number.isSafeInteger(size) && (size as number) >= 0 && Number.isSafeInteger(mtime)
}
