// A copy of a file under a name of its own, made while the original may be used: first everything, then, where somebody writes
// to it, again what was written meanwhile, and only the last bit while nobody may use the file. Holes stay holes. A copy that
// is not kept leaves nothing.

import { type AbortOptions, throwIfAborted } from '@torrential/primitives'
import type { FileSystem, OpenFile } from './file-system.ts'
import { readFully, writeFully } from './pooled-io.ts'
import { storageFailure } from './storage-failure.ts'

/** Bytes of one step. */
const RUN = 1_048_576
const zeros = Buffer.alloc(RUN)

interface Range {
  readonly start: number
  readonly end: number
}

export class FileCopy {
  readonly #fileSystem: FileSystem
  readonly #from: string
  /** Absolute path of the copy. */
  readonly path: string
  readonly #source: OpenFile
  readonly #target: OpenFile
  readonly #run = Buffer.allocUnsafeSlow(RUN)

  private constructor(
    fileSystem: FileSystem,
    paths: { readonly from: string; readonly to: string },
    source: OpenFile,
    target: OpenFile,
  ) {
    this.#fileSystem = fileSystem
    this.#from = paths.from
    this.path = paths.to
    this.#source = source
    this.#target = target
  }

  /**
   * Makes an empty file at `to`; what an earlier try may have left there is in the way unless `replacing`, which removes it.
   * @throws StorageError `EEXIST` …
   */
  static async begin(
    fileSystem: FileSystem,
    paths: { readonly from: string; readonly to: string },
    options: { readonly replacing: boolean },
  ): Promise<FileCopy> {
    let source: OpenFile | undefined
    let path = paths.from
    try {
      source = await fileSystem.open(path, 'read')
      path = paths.to
      if (options.replacing) await fileSystem.removeFile(path).catch(() => {})
      return new FileCopy(fileSystem, paths, source, await fileSystem.open(path, 'make'))
    } catch (error) {
      await source?.close().catch(() => {})
      throw storageFailure(error, { path })
    }
  }

  /** The steps of copying the whole file as it is now; each is to be run, in order. */
  async *whole(): AsyncGenerator<Range> {
    const { size } = await this.#source.stat()
    for (let start = 0; start < size; start += RUN) yield { start, end: Math.min(size, start + RUN) }
  }

  /** Copies a range, as far as the file has it. @throws StorageError; the signal's reason */
  async copy({ start, end }: Range, options?: AbortOptions): Promise<void> {
    const { size } = await this.#source.stat()
    for (let at = start; at < Math.min(end, size); at += RUN) {
      throwIfAborted(options)
      const bytes = this.#run.subarray(0, Math.min(RUN, end - at, size - at))
      try {
        await readFully(this.#source, bytes, at, this.#from)
      } catch (error) {
        throw storageFailure(error, { path: this.#from })
      }
      // A new file is full of holes, but what was written meanwhile may be zeros as well.
      const isHole = bytes.equals(zeros.subarray(0, bytes.length)) && at >= (await this.#target.stat()).size
      if (!isHole) await this.#onTarget(() => writeFully(this.#target, [bytes], at, this.path))
    }
  }

  /** Makes the copy durable, with the size and time of the original. @throws StorageError */
  async seal(): Promise<void> {
    const { size, modified } = await this.#source.stat()
    await this.#onTarget(async () => {
      await this.#target.truncate(size)
      await this.#target.datasync()
      await this.#target.setModified(modified)
    })
  }

  /** Closes the files; unless `keep`, removes the copy. Never rejects. */
  async end(keep: boolean): Promise<void> {
    await this.#source.close().catch(() => {})
    await this.#target.close().catch(() => {})
    if (!keep) await this.#fileSystem.removeFile(this.path).catch(() => {})
  }

  async #onTarget(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      throw storageFailure(error, { path: this.path })
    }
  }
}

/** Both files have the same bytes. @throws StorageError */
export async function haveSameBytes(
  fileSystem: FileSystem,
  one: string,
  other: string,
  options?: AbortOptions,
): Promise<boolean> {
  const files: OpenFile[] = []
  try {
    for (const path of [one, other]) files.push(await fileSystem.open(path, 'read'))
    const [a, b] = files as [OpenFile, OpenFile]
    const { size } = await a.stat()
    if ((await b.stat()).size !== size) return false
    const [left, right] = [Buffer.allocUnsafe(RUN), Buffer.allocUnsafe(RUN)]
    for (let at = 0; at < size; at += RUN) {
      throwIfAborted(options)
      const length = Math.min(RUN, size - at)
      await readFully(a, left.subarray(0, length), at, one)
      await readFully(b, right.subarray(0, length), at, other)
      if (!left.subarray(0, length).equals(right.subarray(0, length))) return false
    }
    return true
  } catch (error) {
    throwIfAborted(options)
    throw storageFailure(error, { path: other })
  } finally {
    for (const file of files) await file.close().catch(() => {})
  }
}
