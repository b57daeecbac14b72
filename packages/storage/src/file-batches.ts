// Many small files in one trip: handing a call to the thread pool and back costs ten times as much as the call itself, so whoever has
// dozens of them for files of a few kilobytes asks for all at once. A file system may lack this, or give up in the middle:
// what a batch has not done is done one call at a time by whoever asked, who then meets the error, if there is one, in its usual
// place. So a batch never rejects and has no errors of its own.

import type { FileSystem, OpenFile } from './file-system.ts'
import { lengthOf, writeFully } from './pooled-io.ts'

/** Files that nobody has made yet, and bytes of each; the three lists are of one length. */
export interface NewFiles {
  /** Absolute. */
  readonly paths: readonly string[]
  /** What is written: as with `OpenFile.write`, but all of it. */
  readonly contents: readonly (readonly Uint8Array[])[]
  /** Where in the file. */
  readonly positions: readonly number[]
}

export interface FileBatches extends AsyncDisposable {
  /** It pays for torrents of so many files or more: the first batch may have to start something. */
  readonly worthFrom: number
  /**
   * Opens each file with `make`, writes to it and closes it. 1 for each file that has its bytes. Goes on behind a name that is taken,
   * and ends at any other failure.
   */
  make(files: NewFiles): Promise<Uint8Array>
  /** Opens each file with `write`, syncs and closes it. 1 for each whose content survives a power cut. */
  sync(paths: readonly string[]): Promise<Uint8Array>
  /**
   * Two numbers for each name: bytes, and milliseconds since 1970 of the last change. Bytes are -1 where there is no file (or
   * something else), NaN where nobody has looked.
   */
  look(paths: readonly string[]): Promise<Float64Array>
  /** The whole of each file; undefined where it was not read, which says nothing of the file, and where it is longer than `most` bytes. */
  read(paths: readonly string[], most: number): Promise<readonly (Uint8Array | undefined)[]>
}

/** The batches of a file system, made of its own calls, one after the other: for doubles, whose every call is to be met. */
export function batchesOver(fileSystem: FileSystem): FileBatches {
  const withFile = async (path: string, access: 'make' | 'write', work: (file: OpenFile) => Promise<void>) => {
    const file = await fileSystem.open(path, access)
    try {
      await work(file)
    } finally {
      await file.close()
    }
  }
  return {
    worthFrom: 1,
    async make({ paths, contents, positions }) {
      const done = new Uint8Array(paths.length)
      for (const [index, path] of paths.entries()) {
        const blocks = contents[index] as readonly Uint8Array[]
        try {
          await withFile(path, 'make', (file) => writeFully(file, blocks, positions[index] as number, path))
          done[index] = 1
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'EEXIST') break
        }
      }
      return done
    },
    async sync(paths) {
      const done = new Uint8Array(paths.length)
      for (const [index, path] of paths.entries()) {
        await withFile(path, 'write', (file) => file.datasync()).then(
          () => (done[index] = 1),
          () => {},
        )
      }
      return done
    },
    async look(paths) {
      const found = new Float64Array(2 * paths.length).fill(Number.NaN)
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

/** The contents of new files one behind the other, in memory of its own that a thread can be given. */
export function gathered(
  contents: NewFiles['contents'],
  into?: ArrayBuffer,
): { bytes: Uint8Array; lengths: Uint32Array } {
  const lengths = Uint32Array.from(contents, lengthOf)
  let total = 0
  for (const length of lengths) total += length
  const bytes = into !== undefined && into.byteLength >= total ? new Uint8Array(into) : new Uint8Array(total)
  let at = 0
  for (const blocks of contents) {
    for (const block of blocks) {
      bytes.set(block, at)
      at += block.length
    }
  }
  return { bytes, lengths }
}
