// Files of the state folder that grow. A journal gets a line for every few pieces, thousands of them in a fast download, so it stays open
// from one to the next: in the session's pool, where it gives way when others need its handle.

import type { HandlePool, HandleRequest } from '@torrential/storage'
import { writeWhole } from './whole-file.ts'

interface Appended {
  readonly request: HandleRequest
  /** Bytes; it is looked at whenever the file is opened. */
  size: number
}

export class AppendedFiles {
  readonly #handles: HandlePool
  /** By path. */
  readonly #files = new Map<string, Appended>()

  constructor(handles: HandlePool) {
    this.#handles = handles
  }

  /**
   * At the end of the file, which is made when it is missing; one call for a path at a time. `durable` also waits for the disk.
   * @throws StorageError `FILE_MISSING` when there is no folder, `FILE_KIND`, `STORAGE_CLOSED`, or the system's code
   */
  async append(path: string, bytes: Uint8Array, durable: boolean): Promise<void> {
    let appended = this.#files.get(path)
    if (appended === undefined) {
      appended = this.#begin(path)
      this.#files.set(path, appended)
    }
    try {
      await this.#write(appended, bytes, durable)
    } catch (error) {
      // How much of it was written nobody knows: the next look at the file tells.
      await this.leave(path)
      throw error
    }
  }

  /** Resolves when it is closed: it is about to be removed or replaced. */
  async leave(path: string): Promise<void> {
    const appended = this.#files.get(path)
    if (appended === undefined) return
    this.#files.delete(path)
    await this.#handles.evict(appended.request.owner)
  }

  #begin(path: string): Appended {
    const appended: Appended = {
      request: {
        owner: {},
        file: 0,
        path,
        access: 'create',
        admit: async (_file, { size }) => void (appended.size = size),
      },
      size: 0,
    }
    return appended
  }

  async #write(appended: Appended, bytes: Uint8Array, durable: boolean): Promise<void> {
    const handle = await this.#handles.acquire(appended.request)
    try {
      await writeWhole(handle.file, [bytes], appended.size)
      appended.size += bytes.length
      if (durable) await handle.file.datasync()
    } finally {
      this.#handles.release(handle)
    }
  }
}
