// Many small files in one trip: handing a call to the thread pool and back costs ten times as much as the call itself, so whoever has
// dozens of them for files of a few kilobytes asks for all at once. A file system may lack this, or give up in the middle:
// what a batch has not done is done one call at a time by whoever asked, who then meets the error, if there is one, in its usual
// place. So a batch never rejects and has no errors of its own.

import { StorageError } from '@torrential/primitives'
import { dirname, relative, sep } from 'node:path'
import type { FileStat, FileSystem, OpenFile } from './file-system.ts'
import { openRequested } from './pooled-handle.ts'
import { lengthOf, writeFully } from './pooled-io.ts'
import { RootDirectory } from './root-directory.ts'
import { systemCode } from './storage-failure.ts'

/** Bytes for files that nobody has open; the lists are of one length. */
export interface SmallWrites {
  /** Absolute: what all files lie below. */
  readonly root: string
  /** Absolute. */
  readonly paths: readonly string[]
  /** What is written: as with `OpenFile.write`, but all of it. */
  readonly contents: readonly (readonly Uint8Array[])[]
  /** Where in the file. */
  readonly positions: Float64Array
  /** Bytes that the file may have at most. */
  readonly limits: Float64Array
  /** 1: the file must be there, and is not made anew when it is not. */
  readonly known: Uint8Array
}

export interface FileBatches extends AsyncDisposable {
  /** It pays for torrents of so many files or more: the first batch may have to start something. */
  readonly worthFrom: number
  /** Threads that run for it at this moment. */
  readonly threads: number
  /**
   * Opens each file, writes to it and closes it; makes it, and directories below the root, where they are missing. 1 for each file that
   * has its bytes. Goes on behind a file that is left alone, because it is longer than it may be or no file, and ends at any other
   * failure. As one by one, no link is followed in a file's place, nothing is made or written where a link leads out of the root, and a
   * file that has content is written to only when its directory is still inside after it was opened.
   */
  write(files: SmallWrites): Promise<Uint8Array>
  /**
   * Opens each file with `write`, syncs and closes it. What `look` tells for each whose content survives a power cut, and whose
   * directory is inside the root; NaN for the others.
   */
  sync(root: string, paths: readonly string[]): Promise<Float64Array>
  /**
   * Two numbers for each name: bytes, and milliseconds since 1970 of the last change. Bytes are -1 where there is no file (or
   * something else), NaN where nobody has looked.
   */
  look(paths: readonly string[]): Promise<Float64Array>
  /** The whole of each file; undefined where it was not read, which says nothing of the file, and where it is longer than `most` bytes. */
  read(paths: readonly string[], most: number): Promise<readonly (Uint8Array | undefined)[]>
}

/** What is wrong with this file and no other: a link, a directory or something longer is in its place. */
const IN_THE_WAY: ReadonlySet<string> = new Set(['FILE_TOO_LONG', 'EISDIR', 'ELOOP'])
const NOBODY = {}

/** The batches of a file system, made of its own calls, one after the other: for doubles, whose every call is to be met. */
export function batchesOver(fileSystem: FileSystem): FileBatches {
  const write = async (ground: RootDirectory, files: SmallWrites, index: number): Promise<void> => {
    const path = files.paths[index] as string
    const directory = below(ground, path)
    const isKnown = files.known[index] === 1
    await (isKnown ? ground.require(directory) : ground.create(directory))
    const request = {
      owner: NOBODY,
      file: index,
      path,
      access: isKnown ? 'write' : 'create',
      approve: () => ground.confirm(directory),
      admit: async (_file: OpenFile, { size }: { readonly size: number }) => {
        if (size > (files.limits[index] as number)) throw new StorageError('FILE_TOO_LONG', 'it is too long', { path })
      },
    } as const
    const file = await openRequested(request, (each, access) => fileSystem.open(each, access))
    try {
      await writeFully(file, files.contents[index] as readonly Uint8Array[], files.positions[index] as number, path)
    } finally {
      await file.close()
    }
  }
  const sync = async (ground: RootDirectory, path: string): Promise<FileStat> => {
    await ground.require(below(ground, path))
    const file = await fileSystem.open(path, 'write')
    try {
      await file.datasync()
      return await file.stat()
    } finally {
      await file.close()
    }
  }
  return {
    worthFrom: 1,
    threads: 0,
    async write(files) {
      const done = new Uint8Array(files.paths.length)
      const ground = new RootDirectory(fileSystem, files.root)
      for (let index = 0; index < done.length; index++) {
        try {
          await write(ground, files, index)
          done[index] = 1
        } catch (error) {
          if (!IN_THE_WAY.has(systemCode(error) ?? '')) break
        }
      }
      return done
    },
    async sync(root, paths) {
      const found = nobodyLooked(paths)
      const ground = new RootDirectory(fileSystem, root)
      for (const [index, path] of paths.entries()) {
        await sync(ground, path).then(
          ({ size, modified }) => found.set([size, modified], 2 * index),
          () => {},
        )
      }
      return found
    },
    async look(paths) {
      const found = nobodyLooked(paths)
      for (const [index, path] of paths.entries()) {
        try {
          const { kind, size, modified } = await fileSystem.stat(path)
          found.set([kind === 'file' ? size : -1, modified], 2 * index)
        } catch (error) {
          const { code } = error as NodeJS.ErrnoException
          if (code !== 'ENOENT' && code !== 'ENOTDIR') break
          found.set([-1, 0], 2 * index)
        }
      }
      return found
    },
    async read(paths, most) {
      const contents: (Uint8Array | undefined)[] = []
      for (const path of paths) contents.push(await readWhole(fileSystem, path, most).catch(() => undefined))
      return contents
    },
    async [Symbol.asyncDispose]() {},
  }
}

/** Of a look at files that did not take place. */
export function nobodyLooked(paths: readonly string[]): Float64Array {
  return new Float64Array(2 * paths.length).fill(Number.NaN)
}

/** The directory of a file, as `RootDirectory` has it. */
function below({ path: root }: RootDirectory, path: string): string {
  return relative(root, dirname(path)).split(sep).join('/')
}

async function readWhole(fileSystem: FileSystem, path: string, most: number): Promise<Uint8Array | undefined> {
  const file = await fileSystem.open(path, 'read')
  try {
    const { size } = await file.stat()
    if (size > most) return undefined
    const bytes = new Uint8Array(size)
    const read = size === 0 ? 0 : await file.read(bytes, 0, size, 0)
    return read === size ? bytes : undefined
  } finally {
    await file.close()
  }
}

/** Bytes of memory that is asked for at least: one of this size serves every batch of small files that comes later. */
const LEAST_MEMORY = 1_048_576

/**
 * The contents of files one behind the other, in memory of its own that a thread can be given: `into` where that is long enough, and
 * otherwise new memory, not cleared, of a MiB at least.
 */
export function gathered(
  contents: SmallWrites['contents'],
  into?: ArrayBuffer,
): { bytes: Uint8Array<ArrayBuffer>; lengths: Uint32Array } {
  const lengths = Uint32Array.from(contents, lengthOf)
  let total = 0
  for (const length of lengths) total += length
  const isEnough = into !== undefined && into.byteLength >= total
  const bytes = new Uint8Array(isEnough ? into : Buffer.allocUnsafeSlow(Math.max(total, LEAST_MEMORY)).buffer)
  let at = 0
  for (const blocks of contents) {
    for (const block of blocks) {
      bytes.set(block, at)
      at += block.length
    }
  }
  return { bytes, lengths }
}
