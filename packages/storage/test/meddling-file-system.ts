// The real file system with a hand in it: fails chosen calls with a system code, cuts writes short, counts what is open.

import type { FileAccess, FileSystem, OpenFile } from '@torrential/storage'
import { nodeFileSystem } from '@torrential/storage'

export type MeddledCall =
  | 'open'
  | 'read'
  | 'write'
  | 'datasync'
  | 'makeDirectory'
  | 'removeFile'
  | 'link'
  | 'clone'
  | 'rename'

export class MeddlingFileSystem implements FileSystem {
  /** Returns a system code to fail the call with. */
  fail: (call: MeddledCall, path: string, access?: FileAccess) => string | undefined = () => undefined
  /** Most bytes that one write takes. */
  mostWritten = Number.POSITIVE_INFINITY
  /** Runs before a file is really opened. */
  beforeOpen: (path: string) => Promise<void> = async () => {}
  openNow = 0
  mostOpen = 0
  opens = 0

  async open(path: string, access: FileAccess): Promise<OpenFile> {
    this.check('open', path, access)
    await this.beforeOpen(path)
    const file = await nodeFileSystem.open(path, access)
    this.opens++
    this.openNow++
    this.mostOpen = Math.max(this.mostOpen, this.openNow)
    return this.#wrap(path, file)
  }

  stat = (path: string) => nodeFileSystem.stat(path)
  readDirectory = (path: string) => nodeFileSystem.readDirectory(path)
  realPath = (path: string) => nodeFileSystem.realPath(path)
  syncDirectory = (path: string) => nodeFileSystem.syncDirectory(path)
  removeDirectory = (path: string) => nodeFileSystem.removeDirectory(path)

  async makeDirectory(path: string, options?: { readonly recursive?: boolean }): Promise<void> {
    this.check('makeDirectory', path)
    await nodeFileSystem.makeDirectory(path, options)
  }

  async removeFile(path: string): Promise<void> {
    this.check('removeFile', path)
    await nodeFileSystem.removeFile(path)
  }

  async rename(from: string, to: string): Promise<void> {
    this.check('rename', to)
    await nodeFileSystem.rename(from, to)
  }

  async link(from: string, to: string): Promise<void> {
    this.check('link', to)
    await nodeFileSystem.link(from, to)
  }

  async clone(from: string, to: string): Promise<void> {
    this.check('clone', to)
    await nodeFileSystem.clone(from, to)
  }

  check(call: MeddledCall, path: string, access?: FileAccess): void {
    const code = this.fail(call, path, access)
    if (code !== undefined) throw Object.assign(new Error(`${code}: planned`), { code })
  }

  #wrap(path: string, file: OpenFile): OpenFile {
    return {
      read: async (into, at, length, position) => {
        this.check('read', path)
        return file.read(into, at, length, position)
      },
      write: async (blocks, position) => {
        this.check('write', path)
        let room = this.mostWritten
        const taken: Uint8Array[] = []
        for (const block of blocks) {
          if (room <= 0) break
          taken.push(block.subarray(0, Math.min(block.length, room)))
          room -= block.length
        }
        return file.write(taken, position)
      },
      datasync: async () => {
        this.check('datasync', path)
        await file.datasync()
      },
      setModified: (time) => file.setModified(time),
      truncate: (length) => file.truncate(length),
      stat: () => file.stat(),
      close: async () => {
        await file.close()
        this.openNow--
      },
    }
  }
}
