// A disk whose power can be cut: what was written and not synced is gone then, as if it had never been written. Names are on the
// disk at once, which is the worse case: a record may be there under its name, and empty.

import { readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { batchesOver, type FileSystem, nodeFileSystem, type OpenFile } from '@torrential/storage'

export class PowerCut {
  /** What each file that was written to is like on the disk. */
  readonly #synced = new Map<string, Uint8Array>()
  readonly fileSystem: FileSystem
  calls = 0
  /** From this call on nothing reaches the disk any more. */
  at = Number.POSITIVE_INFINITY

  constructor() {
    const inner = nodeFileSystem
    const { call } = this
    this.fileSystem = {
      open: (path, access) => call(async () => this.#follow(path, await inner.open(path, access))),
      stat: (path) => call(() => inner.stat(path)),
      makeDirectory: (path, options) => call(() => inner.makeDirectory(path, options)),
      readDirectory: (path) => call(() => inner.readDirectory(path)),
      realPath: (path) => call(() => inner.realPath(path)),
      removeFile: (path) => call(() => inner.removeFile(path)),
      rename: (from, to) => call(() => this.#rename(from, to)),
      syncDirectory: (path) => call(() => inner.syncDirectory(path)).catch(() => {}),
      link: (from, to) => call(() => inner.link(from, to)),
      clone: (from, to) => call(() => inner.clone(from, to)),
      removeDirectory: (path) => call(() => inner.removeDirectory(path)),
      startBatches: () => batchesOver(this.fileSystem),
    }
  }

  /** Takes everything away that had not reached the disk. The session must be closed. */
  async cut(): Promise<void> {
    for (const [path, bytes] of this.#synced) {
      const found = await stat(path).catch(() => undefined)
      if (found === undefined) continue
      await writeFile(path, bytes)
      await utimes(path, found.atime, found.mtime)
    }
  }

  readonly call = <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (++this.calls < this.at) return work()
    return Promise.reject(Object.assign(new Error('the power is cut'), { code: 'EIO' }))
  }

  async #rename(from: string, to: string): Promise<void> {
    await nodeFileSystem.rename(from, to)
    const synced = this.#synced.get(from)
    this.#synced.delete(from)
    if (synced === undefined) this.#synced.delete(to)
    else this.#synced.set(to, synced)
  }

  #follow(path: string, file: OpenFile): OpenFile {
    const { call } = this
    /** Before the first change: what is there is what the disk has. */
    const keep = async (): Promise<void> => {
      if (!this.#synced.has(path)) this.#synced.set(path, await readFile(path))
    }
    return {
      read: (into, at, length, position) => call(() => file.read(into, at, length, position)),
      write: (blocks, position) => call(() => keep().then(() => file.write(blocks, position))),
      truncate: (length) => call(() => keep().then(() => file.truncate(length))),
      datasync: () => call(async () => void this.#synced.set(path, await readFile(path))),
      setModified: (time) => call(() => file.setModified(time)),
      stat: () => call(() => file.stat()),
      close: () => file.close(),
    }
  }
}
